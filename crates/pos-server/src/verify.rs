//! Whether everything that the database states is what its parts give.

use std::collections::HashMap;

use pos_domain::chain::ChainHead;
use pos_domain::{Conflict, DeviceId, Hash32, OperationBody};

use crate::records::Fault;
use crate::storage::report::{each_row, read_link};
use crate::storage::{Row, Sql, Tx, device, hash, id, json, optional_id};

/// Faults told one by one of one check; a broken table would fill the memory otherwise.
const MAX_FAULTS: usize = 100;

/// Statements that give one row for each fault: what is wrong (`detail`) with which thing (`what`, `id`).
const STATEMENTS: [(&str, &str); 6] = [
    ("stock", include_str!("storage/verify_stock.sql")),
    ("oversold", include_str!("storage/verify_oversold.sql")),
    ("watermark", include_str!("storage/verify_watermark.sql")),
    ("feed", include_str!("storage/verify_feed.sql")),
    ("counts", include_str!("storage/verify_counts.sql")),
    ("identity", include_str!("storage/verify_identity.sql")),
];

const DOCUMENTS: &str =
    "SELECT operation.op_id, operation.kind, kind_version, body, body_hash, net_minor, tax_minor, total_minor
    FROM operation LEFT JOIN sale ON sale.op_id = operation.op_id ORDER BY op_no";

const LINKS: &str =
    "SELECT chain_record.device_id, chain_record.epoch, series, number, chain_record.kind, document_id,
        issued_at_ms, document_hash, previous_hash, hash, signature, operation.body_hash
    FROM chain_record JOIN sale ON sale.sale_id = chain_record.document_id JOIN operation ON operation.op_id = sale.op_id
    ORDER BY chain_record.device_id, chain_record.epoch, number";

const HEADS: &str = "SELECT device_id, epoch, chain_number, chain_hash FROM device_life";

/// Runs every check.
pub(crate) fn run(tx: Tx<'_>) -> Sql<Vec<Fault>> {
    let mut faults = Vec::new();
    for (check, sql) in STATEMENTS {
        let mut found = 0;
        each_row(tx, sql, |row| {
            found += 1;
            if found <= MAX_FAULTS {
                faults.push(Fault { check, detail: told(row)? });
            }
            Ok(())
        })?;
    }
    check_stories(tx, &mut faults)?;
    check_documents(tx, &mut faults)?;
    check_chains(tx, &mut faults)?;
    Ok(faults)
}

fn told(row: Row<'_>) -> Sql<String> {
    let (what, detail): (&str, &str) = (row.get("what")?, row.get("detail")?);
    Ok(match optional_id(row, "id")? {
        Some(id) => format!("{what} {id}: {detail}"),
        None => format!("{what}: {detail}"),
    })
}

/// A conflict's document tells the story that nobody can change.
fn check_stories(tx: Tx<'_>, faults: &mut Vec<Fault>) -> Sql<()> {
    each_row(tx, include_str!("storage/verify_conflict.sql"), |row| {
        let told: Conflict = json(row, "document")?;
        if row.get::<u64>("events")? != u64::try_from(told.events.len()).unwrap_or(u64::MAX) {
            let detail = format!("conflict {}: its document tells another story", id(row, "conflict_id")?);
            faults.push(Fault { check: "conflict", detail });
        }
        Ok(())
    })
}

/// Each body gives its hash, and each document adds up and is summed as it says.
fn check_documents(tx: Tx<'_>, faults: &mut Vec<Fault>) -> Sql<()> {
    each_row(tx, DOCUMENTS, |row| {
        let body = row.get::<&str>("body")?;
        let op_id = id(row, "op_id")?;
        let mut fault = |detail: String| {
            if faults.len() < MAX_FAULTS {
                faults.push(Fault { check: "document", detail: format!("operation {op_id}: {detail}") });
            }
        };
        if Hash32::of(body.as_bytes()) != hash(row, "body_hash")? {
            fault("its body was changed".to_owned());
            return Ok(());
        }
        let Some(total) = row.get::<Option<i64>>("total_minor")? else { return Ok(()) };
        let kind: String = row.get("kind")?;
        match OperationBody::decode(&kind, row.get("kind_version")?, body) {
            Ok(OperationBody::SaleComplete(document)) => {
                let stated = (row.get("net_minor")?, row.get("tax_minor")?, total);
                if stated != (document.net.minor(), document.tax.minor(), document.total.minor()) {
                    fault("it is summed with other amounts than it states".to_owned());
                }
            }
            Ok(_) | Err(_) => fault("it is filed as a sale and is none".to_owned()),
        }
        Ok(())
    })
}

/// Each chain is unbroken, signed, over unchanged documents, and ends where its life says.
fn check_chains(tx: Tx<'_>, faults: &mut Vec<Fault>) -> Sql<()> {
    let keys: HashMap<DeviceId, _> =
        device::list(tx)?.into_iter().map(|device| (device.device_id, device.public_key)).collect();
    let mut heads: HashMap<(DeviceId, u32), ChainHead> = HashMap::new();
    each_row(tx, LINKS, |row| {
        let record = read_link(row)?;
        let head = heads.entry((record.device_id, record.epoch)).or_insert(ChainHead::START);
        let accepted = match keys.get(&record.device_id) {
            Some(key) => head.accept(&record, key).map_err(|fault| fault.to_string()),
            None => Err(format!("number {} is of no known register", record.number)),
        };
        let unchanged = hash(row, "body_hash")? == record.document_hash;
        match accepted {
            Ok(next) if unchanged => *head = next,
            Ok(_) => {
                let detail = format!("{}: its document was changed", record.printed_number());
                faults.push(Fault { check: "chain", detail });
            }
            Err(detail) => {
                faults.push(Fault { check: "chain", detail: format!("{}: {detail}", record.series) })
            }
        }
        // One broken link makes all behind it look broken: go on from what is written.
        *head = ChainHead { number: record.number, hash: record.hash };
        Ok(())
    })?;
    each_row(tx, HEADS, |row| {
        let life = (DeviceId(id(row, "device_id")?), row.get("epoch")?);
        let number: u64 = crate::storage::natural(row, "chain_number")?;
        let written = ChainHead { number, hash: hash(row, "chain_hash")? };
        if heads.get(&life).copied().unwrap_or(ChainHead::START) != written {
            let detail = format!("{} epoch {}: the head is not the last link", life.0, life.1);
            faults.push(Fault { check: "chain", detail });
        }
        Ok(())
    })
}
