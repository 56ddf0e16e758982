//! Whether everything that the database states is what its parts give.

mod accounts;
mod closings;
mod documents;
mod seals;
mod serials;

use std::collections::HashMap;

use pos_domain::chain::ChainHead;
use pos_domain::{ChainRecord, Conflict, DeviceId};

use crate::chain;
use crate::records::Fault;
use crate::storage::report::{self, read_link};
use crate::storage::{Row, Sql, StorageError, Tx, device, hash, id, json, optional_id};

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

const LINKS: &str =
    "SELECT chain_record.device_id, chain_record.epoch, series, number, chain_record.kind, chain_record.document_id,
        issued_at_ms, document_hash, previous_hash, hash, signature, operation.body_hash
    FROM chain_record
    LEFT JOIN sale ON sale.sale_id = chain_record.document_id
    LEFT JOIN till_document ON till_document.document_id = chain_record.document_id
    LEFT JOIN operation ON operation.op_id = coalesce(sale.op_id, till_document.op_id)
    ORDER BY chain_record.device_id, chain_record.epoch, number";

const HEADS: &str = "SELECT device_id, epoch, chain_number, chain_hash FROM device_life";

/// The faults so far.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, check: &'static str, detail: String) {
        if self.0.iter().filter(|fault| fault.check == check).count() < MAX_FAULTS {
            self.0.push(Fault { check, detail });
        }
    }
}

/// Runs every check.
pub(crate) fn run(tx: Tx<'_>) -> Sql<Vec<Fault>> {
    let mut faults = Faults::default();
    for (check, sql) in STATEMENTS {
        each_row(tx, sql, &mut faults, check, |row, faults| {
            faults.add(check, told(row)?);
            Ok(())
        })?;
    }
    check_stories(tx, &mut faults)?;
    check_shortages(tx, &mut faults)?;
    documents::check(tx, &mut faults)?;
    accounts::check(tx, &mut faults)?;
    serials::check(tx, &mut faults)?;
    closings::check(tx, &mut faults)?;
    seals::check(tx, &mut faults)?;
    check_chains(tx, &mut faults)?;
    Ok(faults.0)
}

/// Looks at each row. A value of a shape that this program never writes is a fault, not the end of the check.
fn each_row(
    tx: Tx<'_>,
    sql: &str,
    faults: &mut Faults,
    what: &'static str,
    mut check: impl FnMut(Row<'_>, &mut Faults) -> Sql<()>,
) -> Sql<()> {
    report::each_row(tx, sql, |row| match check(row, faults) {
        Err(StorageError::Unreadable(fault)) => {
            faults.add("unreadable", format!("{what}: {fault}"));
            Ok(())
        }
        other => other,
    })
}

fn told(row: Row<'_>) -> Sql<String> {
    let (what, detail): (&str, &str) = (row.get("what")?, row.get("detail")?);
    Ok(match optional_id(row, "id")? {
        Some(id) => format!("{what} {id}: {detail}"),
        None => format!("{what}: {detail}"),
    })
}

/// A conflict's document tells the story that nobody can change.
fn check_stories(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    each_row(tx, include_str!("storage/verify_conflict.sql"), faults, "conflict", |row, faults| {
        let told: Conflict = json(row, "document")?;
        if row.get::<u64>("events")? != u64::try_from(told.events.len()).unwrap_or(u64::MAX) {
            let detail = format!("conflict {}: its document tells another story", id(row, "conflict_id")?);
            faults.add("conflict", detail);
        }
        if row.get::<u64>("shortages")? != u64::try_from(told.shortages.len()).unwrap_or(u64::MAX) {
            let detail =
                format!("conflict {}: a shortage is missing, or one too many", id(row, "conflict_id")?);
            faults.add("oversold", detail);
        }
        Ok(())
    })
}

/// A link, so that people find it on paper and in the file.
fn name_of(link: &ChainRecord) -> String {
    format!("chain_record {} of device {}", link.printed_number(), link.device_id)
}

/// Each shortage is one that its conflict tells of.
fn check_shortages(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    let sql = "SELECT shortage.conflict_id, line_id, product_id, sale_id, missing_milli, document
        FROM shortage JOIN conflict ON conflict.conflict_id = shortage.conflict_id";
    each_row(tx, sql, faults, "shortage", |row, faults| {
        let told: Conflict = json(row, "document")?;
        let (line_id, product_id) = (id(row, "line_id")?, id(row, "product_id")?);
        let missing = row.get::<i64>("missing_milli")?;
        let is_told = told.sale_id.map(|sale_id| sale_id.0) == optional_id(row, "sale_id")?
            && told.shortages.iter().any(|shortage| {
                (shortage.line_id.0, shortage.product_id.0, shortage.missing.milli())
                    == (line_id, product_id, missing)
            });
        if !is_told {
            let detail =
                format!("shortage of line {line_id}: conflict {} tells another", id(row, "conflict_id")?);
            faults.add("oversold", detail);
        }
        Ok(())
    })
}

/// Each chain is unbroken, signed, over unchanged documents, and ends where its life says.
fn check_chains(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    let devices = match device::list(tx) {
        Err(StorageError::Unreadable(fault)) => {
            faults.add("unreadable", format!("device: {fault}"));
            return Ok(());
        }
        other => other?,
    };
    let devices: HashMap<DeviceId, _> =
        devices.into_iter().map(|device| (device.device_id, device)).collect();
    let mut heads: HashMap<(DeviceId, u32), ChainHead> = HashMap::new();
    each_row(tx, LINKS, faults, "chain_record", |row, faults| {
        let record = read_link(row)?;
        let head = heads.entry((record.device_id, record.epoch)).or_insert(ChainHead::START);
        let accepted = match devices.get(&record.device_id) {
            Some(device) if record.series != chain::series(&device.series, record.epoch) => {
                Err(format!("number {} is not in the series of device {}", record.number, device.device_id))
            }
            Some(device) => head.accept(&record, &device.public_key).map_err(|fault| fault.to_string()),
            None => Err(format!("number {} is of no known register", record.number)),
        };
        let unchanged = row.get::<Option<[u8; 32]>>("body_hash")? == Some(record.document_hash.0);
        match accepted {
            Ok(next) if unchanged => *head = next,
            Ok(_) => {
                faults.add("chain", format!("{}: its document was changed", name_of(&record)));
            }
            Err(detail) => faults.add("chain", format!("{}: {detail}", name_of(&record))),
        }
        // One broken link makes all behind it look broken: go on from what is written.
        *head = ChainHead { number: record.number, hash: record.hash };
        Ok(())
    })?;
    each_row(tx, HEADS, faults, "device_life", |row, faults| {
        let life = (DeviceId(id(row, "device_id")?), row.get("epoch")?);
        let number: u64 = crate::storage::natural(row, "chain_number")?;
        let written = ChainHead { number, hash: hash(row, "chain_hash")? };
        if heads.get(&life).copied().unwrap_or(ChainHead::START) != written {
            let detail = format!("{} epoch {}: the head is not the last link", life.0, life.1);
            faults.add("chain", detail);
        }
        Ok(())
    })
}
