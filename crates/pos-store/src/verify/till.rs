//! Documents of the drawer and of accounts, and what Z reports say of the documents that they cover.

use pos_domain::shift::PerpetualTotals;
use pos_domain::{DocumentId, OpId, ShiftReport, TillDocument};
use rusqlite::named_params;
use rusqlite::types::Value as Cell;
use serde_json::json;

use super::rows::{
    Cells, Link, Wanted, blob, cells, compare, find_link, read_document, read_rows, size, text,
};
use super::{Findings, accounts};
use crate::StoreError;
use crate::queue::OpMode;
use crate::sql::{Columns, Conn, all};
use crate::till::{self, Period, Place};

/// The operation that tells of a document.
const TILL_KIND: &str = "till.record";
/// The version of its body that this program writes.
const TILL_VERSION: i64 = 1;
/// Documents whose ids are held in memory at once.
const PAGE_DOCUMENTS: u32 = 500;

pub(super) fn check_all(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    let mut after = [0_u8; 16];
    let mut statement = conn.prepare_cached(
        "SELECT document_id FROM till_document WHERE document_id > :after ORDER BY document_id LIMIT :limit",
    )?;
    loop {
        let rows = statement.query(named_params! { ":after": after, ":limit": PAGE_DOCUMENTS })?;
        let page = all(rows, "till_document", |c| c.id::<DocumentId>("document_id"))?;
        let Some(last) = page.last() else { break };
        after = *last.as_bytes();
        for document_id in page {
            findings.attempt(Some(document_id.0), |findings| check_one(conn, document_id, findings))?;
            findings.look_at(None);
        }
    }
    findings.attempt(None, |findings| check_closings(conn, findings))
}

/// The text against its hash, its own arithmetic, its row, its link, its operation and its account entry.
pub(super) fn check_one(
    conn: &Conn,
    document_id: DocumentId,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let subject = Some(document_id.0);
    let rows = read_rows(conn, "SELECT * FROM till_document WHERE document_id = :id", document_id)?;
    let Some((row, document)) = read_document::<TillDocument>(rows.first(), document_id.0, findings) else {
        return Ok(());
    };
    if let Err(fault) = document.check() {
        findings.add("document.arithmetic", subject, json!({ "detail": fault.to_string() }));
    }
    let Some(link) = find_link(conn, document_id)? else {
        // Every till document is final when it is written.
        findings.add("chain.missing", subject, json!({ "table": "chain_record" }));
        return Ok(());
    };
    compare("till_document", document_id.0, 0, &row_of(&document, &link)?, row, findings);
    check_operation(conn, &document, row, findings)?;
    accounts::check(conn, document_id, document.account_entry(link.number_in_words()), findings)
}

fn row_of(document: &TillDocument, link: &Link) -> Result<Wanted, StoreError> {
    let head = &document.head;
    Ok(vec![
        ("document_id", blob(head.document_id.as_bytes())),
        ("kind", text(document.kind().as_str())),
        ("kind", text(&link.kind)),
        ("document_hash", Cell::Blob(link.document_hash.clone())),
        ("shift_id", head.shift_id.map_or(Cell::Null, |id| blob(id.as_bytes()))),
        ("cashier_id", blob(head.cashier_id.as_bytes())),
        (
            "customer_id",
            document
                .account_effect()
                .map_or(Cell::Null, |(customer, _)| blob(customer.customer_id.as_bytes())),
        ),
        ("made_at_ms", Cell::Integer(head.made_at_ms)),
        ("cash_minor", Cell::Integer(till::cash_of(document)?.minor())),
        ("series", text(&link.series)),
        ("number", Cell::Integer(link.number)),
        ("printed_number", link.printed_number()),
    ])
}

fn check_operation(
    conn: &Conn,
    document: &TillDocument,
    row: &Cells,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some(Cell::Text(encoded)) = row.get("document") else { return Ok(()) };
    let document_id = document.head.document_id;
    let mut statement = conn.prepare_cached(
        "SELECT q.op_id, q.kind, q.kind_version, q.mode, q.made_at_ms, q.body_hash, q.body_bytes
         FROM till_document AS t JOIN sync_queue AS q ON q.op_id = t.op_id WHERE t.document_id = :id",
    )?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(named_params! { ":id": document_id.as_bytes() })?;
    let Some(found) = rows.next()? else {
        findings.add("operation.missing", Some(document_id.0), json!({}));
        return Ok(());
    };
    let op_id: OpId = Columns::of("sync_queue", found).id("op_id")?;
    let found = cells(found, &names)?;
    for (column, value) in [
        ("kind", text(TILL_KIND)),
        ("kind_version", Cell::Integer(TILL_VERSION)),
        ("mode", text(OpMode::Fact.as_str())),
        ("made_at_ms", Cell::Integer(document.head.made_at_ms)),
        ("body_hash", row.get("document_hash").cloned().unwrap_or(Cell::Null)),
        ("body_bytes", size(encoded.len())),
    ] {
        if found.get(column) != Some(&value) {
            let params = json!({ "table": "sync_queue", "column": column, "op_id": op_id });
            findings.add("operation.differs", Some(document_id.0), params);
        }
    }
    Ok(())
}

/// Each final document stands in exactly one Z, whose totals are those of its documents, and all Zs add up.
fn check_closings(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    if till::place_of_last_closing(conn)? == Place::default() {
        return Ok(());
    }
    let mut period = Period::default();
    let (mut z_number, mut before) = (0_u64, PerpetualTotals::default());
    till::covered_after(conn, Place::default(), |series, number, document| {
        let Some(report) = document.closing() else { return period.add(series, number, &document) };
        z_number = z_number.saturating_add(1);
        let covered = std::mem::take(&mut period);
        for field in fields_that_differ(report, &covered, z_number, before) {
            let number = pos_domain::chain::printed_number(series, number);
            let params = json!({ "table": "till_document", "number": number, "z": z_number, "field": field });
            findings.add("closing.differs", None, params);
        }
        before = report.perpetual;
        Ok(())
    })
}

/// What a Z states otherwise than its documents and the Z before give. That its perpetual totals are those before with
/// its own, and its difference what was counted less what was expected, the document's own arithmetic says.
fn fields_that_differ(
    report: &ShiftReport,
    covered: &Period,
    z_number: u64,
    before: PerpetualTotals,
) -> impl Iterator<Item = &'static str> {
    [
        ("z_number", report.z_number != z_number),
        ("opened_at_ms", report.opened_at_ms != covered.opened_at_ms),
        ("ranges", report.ranges != covered.ranges),
        ("totals", report.totals != covered.totals),
        ("perpetual_before", report.perpetual_before != before),
    ]
    .into_iter()
    .filter_map(|(field, differs)| differs.then_some(field))
}
