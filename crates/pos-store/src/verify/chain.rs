//! The chain: numbers without gaps, each link bound, unchanged and signed, each with its final document.

use pos_domain::chain::{ChainFault, ChainHead};
use pos_domain::{ChainRecord, DocumentKind};
use serde_json::json;

use super::{Depth, Findings, documents, till};
use crate::device::{Device, DeviceEpoch};
use crate::sql::Conn;
use crate::{StoreError, chain, device};

/// Links that are checked at each start.
const QUICK_LINKS: u64 = 1_000;

/// Links that are held in memory at once.
const PAGE_LINKS: u32 = 500;

pub(super) fn check(
    conn: &Conn,
    device: &Device,
    depth: Depth,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for epoch in device::list_epochs(conn)? {
        let current = epoch.epoch == device.epoch;
        let start = match depth {
            Depth::Full => ChainHead::START,
            Depth::Quick if current => start_before(conn, device)?,
            Depth::Quick => continue,
        };
        let head = walk(conn, device, &epoch, start, depth, findings)?;
        if current && head != device.head {
            findings.add(
                "chain.truncated",
                Some(device.device_id.0),
                json!({ "series": epoch.series, "found": head.number, "expected": device.head.number }),
            );
        }
        if current {
            check_countersigned(conn, device, findings)?;
        }
        if current && device.countersigned.number > head.number {
            findings.add(
                "chain.countersigned_ahead",
                Some(device.device_id.0),
                json!({ "series": epoch.series, "found": device.countersigned.number }),
            );
        }
    }
    Ok(())
}

/// What the server countersigned is a link that stands here.
fn check_countersigned(conn: &Conn, device: &Device, findings: &mut Findings) -> Result<(), StoreError> {
    let ChainHead { number, hash } = device.countersigned;
    let standing = match number.checked_sub(1) {
        None => Some(ChainHead::START.hash),
        Some(before) => chain::list_after(conn, device.epoch, before, 1)?.first().map(|link| link.hash),
    };
    if standing != Some(hash) {
        findings.add(
            "chain.countersigned_differs",
            Some(device.device_id.0),
            json!({ "table": "device", "number": number }),
        );
    }
    Ok(())
}

/// The link before the first one that a quick check looks at.
fn start_before(conn: &Conn, device: &Device) -> Result<ChainHead, StoreError> {
    let number = device.head.number.saturating_sub(QUICK_LINKS);
    if number == 0 {
        return Ok(ChainHead::START);
    }
    let link = chain::list_after(conn, device.epoch, number.saturating_sub(1), 1)?;
    Ok(link.first().map_or(ChainHead::START, |record| ChainHead { number: record.number, hash: record.hash }))
}

fn walk(
    conn: &Conn,
    device: &Device,
    epoch: &DeviceEpoch,
    start: ChainHead,
    depth: Depth,
    findings: &mut Findings,
) -> Result<ChainHead, StoreError> {
    let mut head = start;
    loop {
        let page = chain::list_after(conn, epoch.epoch, head.number, PAGE_LINKS)?;
        if page.is_empty() {
            return Ok(head);
        }
        for record in page {
            if let Err(fault) = head.accept(&record, &epoch.public_key) {
                report(&record, fault, findings);
            }
            if record.series != epoch.series || record.device_id != device.device_id {
                findings.add(
                    "chain.changed",
                    Some(record.document_id.0),
                    json!({ "table": "chain_record", "number": record.printed_number(), "device_id": device.device_id, "series_of": format!("device_epoch {}", epoch.epoch) }),
                );
            }
            // A full check reads all documents anyway.
            if depth == Depth::Quick {
                match record.kind {
                    DocumentKind::Sale | DocumentKind::Refund | DocumentKind::Void => {
                        documents::check_one(conn, record.document_id.into(), findings)?;
                    }
                    DocumentKind::ShiftOpening
                    | DocumentKind::CashMovement
                    | DocumentKind::AccountPayment
                    | DocumentKind::ShiftClosing => till::check_one(conn, record.document_id, findings)?,
                }
                findings.look_at(None);
            }
            head = ChainHead { number: record.number, hash: record.hash };
        }
    }
}

fn report(record: &ChainRecord, fault: ChainFault, findings: &mut Findings) {
    let code = match fault {
        ChainFault::Gap { .. } => "chain.gap",
        ChainFault::Unbound { .. } => "chain.unbound",
        ChainFault::Changed { .. } => "chain.changed",
        ChainFault::BadSignature { .. } | ChainFault::BadKey => "chain.bad_signature",
        ChainFault::DocumentChanged { .. } => "chain.document_changed",
    };
    findings.add(
        code,
        Some(record.document_id.0),
        json!({
            "table": "chain_record",
            "number": record.printed_number(),
            "signed_with": format!("device_epoch {}", record.epoch),
        }),
    );
}
