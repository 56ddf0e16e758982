//! Sales as they are looked up, listed and summed.

use pos_domain::{CustomerId, Hash32, Money, OpId, RequestId, SaleDocument, SaleId, SaleKind};
use rusqlite::named_params;
use serde_json::Value;

use super::{COMMAND, SaleState};
use crate::queue::OpState;
use crate::sql::{Columns, Conn, all, first, from_json};
use crate::{StoreError, local};

/// A sale as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleSummary {
    /// The sale.
    pub sale_id: SaleId,
    /// Its operation.
    pub op_id: OpId,
    /// Sale or refund.
    pub kind: SaleKind,
    /// Where it is.
    pub state: SaleState,
    /// Printed number, once final.
    pub number: Option<String>,
    /// Its number in the system it came from.
    pub external_number: Option<String>,
    /// Its own date, when it was entered later.
    pub document_date: Option<String>,
    /// Time of entry, in milliseconds since 1970 UTC.
    pub sold_at_ms: i64,
    /// Name of the cashier, as printed.
    pub cashier: String,
    /// Name of the customer, as printed.
    pub customer: Option<String>,
    /// Number of lines.
    pub lines: u32,
    /// With tax, before cash rounding.
    pub total: Money,
    /// Where its operation is.
    pub sync: OpState,
}

/// A sale with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSale {
    /// The line of a list.
    pub summary: SaleSummary,
    /// What was sold.
    pub document: SaleDocument,
    /// The document byte for byte.
    pub text: String,
    /// BLAKE3 of the text.
    pub document_hash: Hash32,
}

/// A sale that was confirmed and neither finished nor rolled back: after a crash, or while the server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnfinishedSale {
    /// The sale.
    pub sale_id: SaleId,
    /// Its operation.
    pub op_id: OpId,
    /// Sale or refund.
    pub kind: SaleKind,
    /// BLAKE3 of its document.
    pub document_hash: Hash32,
    /// When it was confirmed, in milliseconds since 1970 UTC.
    pub sold_at_ms: i64,
}

/// Why a sale was rolled back.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollback {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Stable code, such as `insufficient_stock`.
    pub code: String,
    /// Facts, such as the lines that lacked stock.
    pub params: Value,
}

/// Sums over final documents of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindTotals {
    /// Sale or refund.
    pub kind: SaleKind,
    /// How many.
    pub documents: u64,
    /// Sum of lines.
    pub lines: u64,
    /// Sum of net amounts.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
    /// Sum of totals.
    pub total: Money,
    /// Sum of cash rounding.
    pub rounding: Money,
}

macro_rules! summary {
    ($rest:literal) => {
        concat!(
            "SELECT s.sale_id, s.op_id, s.kind, s.state, s.printed_number, s.external_number, s.document_date,
                 s.sold_at_ms, s.document ->> '$.head.cashier' AS cashier, s.document ->> '$.customer.name' AS customer,
                 s.lines, s.total_minor, s.document, s.document_hash, q.state AS sync
             FROM sale AS s JOIN sync_queue AS q ON q.op_id = s.op_id ",
            $rest
        )
    };
}

/// One sale.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, sale_id: SaleId) -> Result<Option<StoredSale>, StoreError> {
    let mut statement = conn.prepare_cached(summary!("WHERE s.sale_id = :id"))?;
    first(statement.query(named_params! { ":id": sale_id.as_bytes() })?, "sale", stored)
}

/// The sale with that printed number.
///
/// # Errors
/// Those of reading.
pub fn find_by_number(conn: &Conn, number: &str) -> Result<Option<StoredSale>, StoreError> {
    let mut statement =
        conn.prepare_cached(summary!("WHERE s.printed_number = :number AND s.printed_number IS NOT NULL"))?;
    first(statement.query(named_params! { ":number": number.trim() })?, "sale", stored)
}

/// The newest sale that came with that number from another system.
///
/// # Errors
/// Those of reading.
pub fn find_by_external_number(conn: &Conn, number: &str) -> Result<Option<StoredSale>, StoreError> {
    let mut statement = conn.prepare_cached(summary!(
        "WHERE s.external_number = :number AND s.external_number IS NOT NULL AND s.state <> 'rolled_back'
         ORDER BY s.sold_at_ms DESC, s.sale_id DESC LIMIT 1"
    ))?;
    first(statement.query(named_params! { ":number": number })?, "sale", stored)
}

/// The sale that a press of the button made, if it made one.
///
/// # Errors
/// Those of reading.
pub fn find_by_request(conn: &Conn, request_id: RequestId) -> Result<Option<StoredSale>, StoreError> {
    match local::find_request(conn, request_id)? {
        Some(done) if done.command == COMMAND => find(conn, done.subject_id.into()),
        Some(_) | None => Ok(None),
    }
}

/// A page of sales, newest first, older than the given one.
///
/// # Errors
/// [`StoreError::Missing`] when `older_than` does not exist.
pub fn list(conn: &Conn, older_than: Option<SaleId>, limit: u32) -> Result<Vec<SaleSummary>, StoreError> {
    let (sold_at, id) = match older_than {
        None => (i64::MAX, [u8::MAX; 16]),
        Some(id) => {
            let mut statement = conn.prepare_cached("SELECT sold_at_ms FROM sale WHERE sale_id = :id")?;
            let sold_at = first(statement.query(named_params! { ":id": id.as_bytes() })?, "sale", |c| {
                c.get("sold_at_ms")
            })?
            .ok_or(StoreError::Missing { what: "sale", id: id.0 })?;
            (sold_at, *id.as_bytes())
        }
    };
    let mut statement = conn.prepare_cached(summary!(
        "WHERE (s.sold_at_ms, s.sale_id) < (:sold_at, :id)
         ORDER BY s.sold_at_ms DESC, s.sale_id DESC LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! { ":sold_at": sold_at, ":id": id, ":limit": limit })?;
    all(rows, "sale", read_summary)
}

/// The newest final sales to a customer, on this register.
///
/// # Errors
/// Those of reading.
pub fn list_of_customer(
    conn: &Conn,
    customer_id: CustomerId,
    limit: u32,
) -> Result<Vec<SaleSummary>, StoreError> {
    let mut statement = conn.prepare_cached(summary!(
        "WHERE s.customer_id = :customer AND s.customer_id IS NOT NULL AND s.state = 'final'
         ORDER BY s.sold_at_ms DESC LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! { ":customer": customer_id.as_bytes(), ":limit": limit })?;
    all(rows, "sale", read_summary)
}

/// Sales that a crash or a running checkout has left open, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_unfinished(conn: &Conn) -> Result<Vec<UnfinishedSale>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT sale_id, op_id, kind, document_hash, sold_at_ms FROM sale WHERE state = 'pending' ORDER BY sold_at_ms",
    )?;
    all(statement.query([])?, "sale", unfinished)
}

/// Why a sale was rolled back, if it was.
///
/// # Errors
/// Those of reading.
pub fn find_rollback(conn: &Conn, sale_id: SaleId) -> Result<Option<Rollback>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT at_ms, code, params FROM sale_rollback WHERE sale_id = :id")?;
    first(statement.query(named_params! { ":id": sale_id.as_bytes() })?, "sale_rollback", |c| {
        Ok(Rollback { at_ms: c.get("at_ms")?, code: c.get("code")?, params: c.json("params")? })
    })
}

/// How many papers or files were made of a receipt.
///
/// # Errors
/// Those of reading.
pub fn print_count(conn: &Conn, sale_id: SaleId) -> Result<u32, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM receipt_print WHERE sale_id = :id")?;
    Ok(first(statement.query(named_params! { ":id": sale_id.as_bytes() })?, "receipt_print", |c| {
        c.count("n")
    })?
    .unwrap_or(0))
}

/// The refunds, exchanges and voids of a sale that are known here, final and pending ones alike, the earliest first.
///
/// # Errors
/// Those of reading.
pub fn list_refunds(conn: &Conn, sale_id: SaleId) -> Result<Vec<StoredSale>, StoreError> {
    let mut statement = conn.prepare_cached(summary!(
        "WHERE s.original_sale_id = :id AND s.original_sale_id IS NOT NULL AND s.state <> 'rolled_back'
         ORDER BY s.sold_at_ms, s.sale_id"
    ))?;
    all(statement.query(named_params! { ":id": sale_id.as_bytes() })?, "sale", stored)
}

/// Sums over final documents entered in `from_ms..until_ms`, by kind. For the report lane.
///
/// # Errors
/// Those of reading.
pub fn totals(conn: &Conn, from_ms: i64, until_ms: i64) -> Result<Vec<KindTotals>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT kind, count(*) AS documents, sum(lines) AS lines, sum(net_minor) AS net, sum(tax_minor) AS tax,
             sum(total_minor) AS total, sum(rounding_minor) AS rounding
         FROM sale WHERE state = 'final' AND sold_at_ms >= :from AND sold_at_ms < :until GROUP BY kind ORDER BY kind",
    )?;
    all(statement.query(named_params! { ":from": from_ms, ":until": until_ms })?, "sale", |c| {
        Ok(KindTotals {
            kind: c.word("kind")?,
            documents: c.count("documents")?,
            lines: c.count("lines")?,
            net: c.money("net")?,
            tax: c.money("tax")?,
            total: c.money("total")?,
            rounding: c.money("rounding")?,
        })
    })
}

fn read_summary(c: &Columns<'_, '_>) -> Result<SaleSummary, StoreError> {
    Ok(SaleSummary {
        sale_id: c.id("sale_id")?,
        op_id: c.id("op_id")?,
        kind: c.word("kind")?,
        state: SaleState::parse(&c.get::<String>("state")?)?,
        number: c.get("printed_number")?,
        external_number: c.get("external_number")?,
        document_date: c.get("document_date")?,
        sold_at_ms: c.get("sold_at_ms")?,
        cashier: c.get("cashier")?,
        customer: c.get("customer")?,
        lines: c.count("lines")?,
        total: c.money("total_minor")?,
        sync: OpState::parse(&c.get::<String>("sync")?)?,
    })
}

fn stored(c: &Columns<'_, '_>) -> Result<StoredSale, StoreError> {
    let text: String = c.get("document")?;
    Ok(StoredSale {
        summary: read_summary(c)?,
        document: from_json("sale.document", &text)?,
        text,
        document_hash: c.hash("document_hash")?,
    })
}

pub(super) fn unfinished(c: &Columns<'_, '_>) -> Result<UnfinishedSale, StoreError> {
    Ok(UnfinishedSale {
        sale_id: c.id("sale_id")?,
        op_id: c.id("op_id")?,
        kind: c.word("kind")?,
        document_hash: c.hash("document_hash")?,
        sold_at_ms: c.get("sold_at_ms")?,
    })
}

/// Whether anything was ever sold here.
///
/// # Errors
/// Those of reading.
pub fn any(conn: &Conn) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT 1 FROM sale LIMIT 1")?.exists([])?)
}

/// Sales that [`search`] looks through besides the exact numbers: a few weeks of a busy shop, a few milliseconds.
const SEARCHED_SALES: u32 = 5_000;

/// The sale with exactly that printed or external number, then the newest sales whose numbers or customer contain the
/// text. Looks through the newest 5,000.
///
/// # Errors
/// Those of reading.
pub fn search(conn: &Conn, text: &str, limit: u32) -> Result<Vec<SaleSummary>, StoreError> {
    let mut found: Vec<SaleSummary> = [find_by_number(conn, text)?, find_by_external_number(conn, text)?]
        .into_iter()
        .flatten()
        .map(|s| s.summary)
        .collect();
    let mut statement = conn.prepare_cached(summary!(
        "WHERE s.sale_id IN (SELECT sale_id FROM sale ORDER BY sold_at_ms DESC, sale_id DESC LIMIT :searched)
           AND instr(lower(concat_ws(' ', s.printed_number, s.external_number, s.document ->> '$.customer.name')),
                     lower(:text)) > 0
         ORDER BY s.sold_at_ms DESC, s.sale_id DESC LIMIT :limit"
    ))?;
    let rows =
        statement.query(named_params! { ":text": text, ":searched": SEARCHED_SALES, ":limit": limit })?;
    for summary in all(rows, "sale", read_summary)? {
        if !found.iter().any(|known| known.sale_id == summary.sale_id) {
            found.push(summary);
        }
    }
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// The last number of the swaps whose printed numbers begin with `prefix`; `None` before the first. What was rolled back
/// bore none.
///
/// # Errors
/// Those of reading.
pub fn find_last_swap(conn: &Conn, prefix: &str) -> Result<Option<u64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT CAST(substr(json_extract(document, '$.head.swap_number'), length(:prefix) + 1) AS INTEGER) AS last
         FROM sale
         WHERE instr(document, '\"swap_number\":') > 0 AND state <> 'rolled_back'
             AND json_extract(document, '$.head.swap_number') >= :prefix
             AND json_extract(document, '$.head.swap_number') < :prefix || ':'
         ORDER BY json_extract(document, '$.head.swap_number') DESC LIMIT 1",
    )?;
    first(statement.query(named_params! { ":prefix": prefix })?, "sale", |c| c.count("last"))
}
