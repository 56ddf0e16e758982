//! Countersigning the registers' chains of final documents.
//!
//! A link is taken when it follows the head, is unchanged and signed (checked in [`crate::prepare`]), and its document
//! is one that this register sent. A link whose document has not arrived is left without fault: the head stays before
//! it, and the register sends it again.

use pos_domain::chain::ChainHead;
use pos_domain::{ChainFault, ChainRecord};

use crate::apply;
use crate::batch::{Batch, Origin};
use crate::prepare::{PreparedLink, PreparedPush};
use crate::storage::audit::{self, Alarm, Quarantined};
use crate::storage::{Sql, chain, sale};

/// What became of one link.
enum LinkOutcome {
    Taken(ChainHead),
    KnownAlready,
    /// Its document has not arrived.
    Waits,
    Faulty(String),
}

/// What became of the links of a push, or of a piece of one.
#[derive(Debug, Default)]
pub(crate) struct LinksAnswer {
    /// How far the chain of the push's life is held now; none when no link was looked at.
    pub(crate) head: Option<ChainHead>,
    /// The first fault, in words.
    pub(crate) fault: Option<String>,
    /// A link was not taken, so none behind it is looked at.
    pub(crate) ended: bool,
}

/// Takes links of a push in their order, until one cannot be taken.
pub(crate) fn run(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    links: &[PreparedLink],
    newest_epoch: u32,
) -> Sql<LinksAnswer> {
    let mut answer = LinksAnswer::default();
    if links.is_empty() || push.epoch < newest_epoch {
        return Ok(answer);
    }
    for link in links {
        match take(batch, push, link)? {
            LinkOutcome::Taken(head) => {
                batch.life(push.device.device_id, link.record.epoch)?.row.chain = head;
            }
            LinkOutcome::KnownAlready => {}
            LinkOutcome::Waits => answer.ended = true,
            LinkOutcome::Faulty(words) => {
                keep_aside(batch, push, &link.record, &words)?;
                answer.fault = Some(words);
                answer.ended = true;
            }
        }
        if answer.ended {
            break;
        }
    }
    answer.head = Some(batch.life(push.device.device_id, push.epoch)?.row.chain);
    Ok(answer)
}

fn take(batch: &mut Batch<'_>, push: &PreparedPush, link: &PreparedLink) -> Sql<LinkOutcome> {
    let record = &link.record;
    let device = &push.device;
    if record.device_id != device.device_id || record.epoch > push.epoch || record.epoch == 0 {
        return Ok(LinkOutcome::Faulty(format!("number {} belongs to another register", record.number)));
    }
    if record.series != series(&device.series, record.epoch) {
        return Ok(LinkOutcome::Faulty(format!(
            "number {} stands in series {}, not in {}",
            record.number,
            record.series,
            series(&device.series, record.epoch)
        )));
    }
    if let Err(fault) = link.evidence {
        return Ok(LinkOutcome::Faulty(fault.to_string()));
    }
    let head = batch.life(device.device_id, record.epoch)?.row.chain;
    if record.number <= head.number {
        let known = chain::find_hash(batch.tx, device.device_id, record.epoch, record.number)?;
        return Ok(if known == Some(record.hash) {
            LinkOutcome::KnownAlready
        } else {
            LinkOutcome::Faulty(format!("number {} was countersigned with another document", record.number))
        });
    }
    let Some(origin) = sale::find_origin(batch.tx, record.document_id)? else {
        return Ok(LinkOutcome::Waits);
    };
    if origin.device_id != device.device_id || origin.kind != record.kind.as_str() {
        return Ok(LinkOutcome::Faulty(format!(
            "number {} names another register's document",
            record.number
        )));
    }
    if origin.document_hash != record.document_hash {
        return Ok(LinkOutcome::Faulty(ChainFault::DocumentChanged { number: record.number }.to_string()));
    }
    if head.number + 1 != record.number {
        let fault = ChainFault::Gap { expected: head.number + 1, found: record.number };
        return Ok(LinkOutcome::Faulty(fault.to_string()));
    }
    if record.previous_hash != head.hash {
        return Ok(LinkOutcome::Faulty(ChainFault::Unbound { number: record.number }.to_string()));
    }
    chain::append(batch.tx, record)?;
    if origin.numbered_rows > 0 {
        let shown_as = Origin { device_id: Some(device.device_id), op_id: None };
        apply::tell_number(batch, shown_as, record.document_id, &record.printed_number())?;
    }
    Ok(LinkOutcome::Taken(ChainHead { number: record.number, hash: record.hash }))
}

/// The series of a life: `R1`, then `R1.2`, `R1.3`.
pub(crate) fn series(base: &str, epoch: u32) -> String {
    if epoch <= 1 { base.to_owned() } else { format!("{base}.{epoch}") }
}

fn keep_aside(batch: &Batch<'_>, push: &PreparedPush, record: &ChainRecord, words: &str) -> Sql<()> {
    tracing::warn!(device = %push.device.device_id, number = record.number, fault = words, "a chain link does not fit");
    let kept = Quarantined {
        alarm: Alarm::ChainFault,
        device_id: push.device.device_id,
        epoch: record.epoch,
        seq: record.number,
        subject: record.document_id.0,
        content: &crate::storage::to_json(record)?,
        sent: None,
        at_ms: batch.now_ms,
    };
    audit::quarantine(batch.tx, &kept)
}
