//! Documents: the text against its hash, its own arithmetic, its rows, its link, its operation and its movements.

use pos_domain::body::EntityKind;
use pos_domain::{OpId, SaleDocument, SaleId, SaleLine};
use rusqlite::named_params;
use rusqlite::types::Value as Cell;
use serde_json::json;

use super::rows::{
    Cells, Link, Wanted, blob, cells, compare, find_link, opt_text, read_document, read_rows, size, text,
};
use super::stock::compare_movements;
use super::{Findings, accounts, serials};
use crate::sales::{self, SaleState, movements_of};
use crate::sql::{Columns, Conn, all};
use crate::{StoreError, mappings, stock};

/// The operation that tells of a document.
const SALE_KIND: &str = "sale.complete";
/// The version of its body that this program writes.
const SALE_VERSION: i64 = 1;
/// Sales whose ids are held in memory at once.
const PAGE_SALES: u32 = 500;

pub(super) fn check_all(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    let mut after = [0_u8; 16];
    let mut statement =
        conn.prepare_cached("SELECT sale_id FROM sale WHERE sale_id > :after ORDER BY sale_id LIMIT :limit")?;
    loop {
        let rows = statement.query(named_params! { ":after": after, ":limit": PAGE_SALES })?;
        let page = all(rows, "sale", |c| c.id::<SaleId>("sale_id"))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last.as_bytes();
        for sale_id in page {
            findings.attempt(Some(sale_id.0), |findings| check_one(conn, sale_id, findings))?;
            findings.look_at(None);
        }
    }
}

pub(super) fn check_one(conn: &Conn, sale_id: SaleId, findings: &mut Findings) -> Result<(), StoreError> {
    let subject = Some(sale_id.0);
    let cells = read_rows(conn, "SELECT * FROM sale WHERE sale_id = :id", sale_id.into())?;
    let Some((sale, document)) = read_document::<SaleDocument>(cells.first(), sale_id.0, findings) else {
        return Ok(());
    };
    if let Err(fault) = document.check() {
        findings.add("document.arithmetic", subject, json!({ "detail": fault.to_string() }));
    }
    let link = find_link(conn, sale_id.into())?;
    let wanted = sale_row(conn, &document, link.as_ref(), sale)?;
    compare("sale", sale_id.0, 0, &wanted, sale, findings);
    check_rows(conn, &document, sale_id, findings)?;
    if let Some(link) = &link {
        check_ledgers(conn, &document, link, findings)?;
    }
    check_operation_and_movements(conn, &document, sale_id, sale, link.is_some(), findings)
}

/// What the sale put on the customer's account, and what it told of numbers. What overflows does not add up, and is told
/// as that.
fn check_ledgers(
    conn: &Conn,
    document: &SaleDocument,
    link: &Link,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let (document_id, number) = (document.head.sale_id.into(), link.number_in_words());
    serials::check(conn, document_id, document.serial_events(number.as_deref()), findings)?;
    let Ok(entry) = document.account_entry(number) else { return Ok(()) };
    accounts::check(conn, document_id, entry, findings)
}

fn sale_row(
    conn: &Conn,
    document: &SaleDocument,
    link: Option<&Link>,
    found: &Cells,
) -> Result<Wanted, StoreError> {
    let head = &document.head;
    let customer = match &document.customer {
        None => Cell::Null,
        Some(c) => blob(mappings::resolve(conn, EntityKind::Customer, c.customer_id.0)?.as_bytes()),
    };
    let original = head.original.as_ref().and_then(|o| o.sale_id);
    let state = match (link, found.get("state")) {
        (Some(_), _) => text(SaleState::Final.as_str()),
        (None, Some(Cell::Text(state))) if state == SaleState::RolledBack.as_str() => text(state),
        (None, _) => text(SaleState::Pending.as_str()),
    };
    let settlement = &document.settlement;
    Ok(vec![
        ("sale_id", blob(head.sale_id.as_bytes())),
        ("kind", text(head.kind.as_str())),
        ("kind", link.map_or_else(|| text(head.kind.as_str()), |l| text(&l.kind))),
        ("state", state),
        (
            "document_hash",
            link.map_or_else(
                || found.get("document_hash").cloned().unwrap_or(Cell::Null),
                |l| Cell::Blob(l.document_hash.clone()),
            ),
        ),
        ("cashier_id", blob(head.cashier_id.as_bytes())),
        ("customer_id", customer),
        ("original_sale_id", original.map_or(Cell::Null, |id| blob(id.as_bytes()))),
        ("sold_at_ms", Cell::Integer(head.sold_at_ms)),
        ("document_date", opt_text(head.document_date.as_deref())),
        ("external_number", opt_text(head.external_number.as_deref())),
        ("currency", text(head.currency.code())),
        ("lines", size(document.lines.len())),
        ("discount_minor", Cell::Integer(document.discount_total.minor())),
        ("net_minor", Cell::Integer(document.net.minor())),
        ("tax_minor", Cell::Integer(document.tax.minor())),
        ("total_minor", Cell::Integer(document.total.minor())),
        ("rounding_minor", Cell::Integer(settlement.rounding.minor())),
        ("payable_minor", Cell::Integer(settlement.payable.minor())),
        ("tendered_minor", Cell::Integer(settlement.tendered.minor())),
        ("change_minor", Cell::Integer(settlement.change.minor())),
        ("series", link.map_or(Cell::Null, |l| text(&l.series))),
        ("number", link.map_or(Cell::Null, |l| Cell::Integer(l.number))),
        ("printed_number", link.map_or(Cell::Null, Link::printed_number)),
    ])
}

fn line_row(conn: &Conn, position: usize, line: &SaleLine) -> Result<Wanted, StoreError> {
    let product = mappings::resolve(conn, EntityKind::Product, line.item.product_id.0)?;
    Ok(vec![
        ("position", size(position)),
        ("line_id", blob(line.item.line_id.as_bytes())),
        ("product_id", blob(product.as_bytes())),
        ("code", text(&line.item.code)),
        ("name", text(&line.item.name)),
        ("unit", text(&line.item.unit)),
        ("qty_milli", Cell::Integer(line.item.qty.milli())),
        ("unit_price_minor", Cell::Integer(line.item.unit_price.minor())),
        ("catalogue_price_minor", Cell::Integer(line.item.catalogue_price.minor())),
        ("tax_rate_ppm", Cell::Integer(line.item.tax_rate.ppm())),
        ("track_stock", Cell::Integer(i64::from(line.item.track_stock))),
        ("list_minor", Cell::Integer(line.amounts.list_amount.minor())),
        ("line_discount_minor", Cell::Integer(line.amounts.line_discount.minor())),
        ("cart_discount_minor", Cell::Integer(line.amounts.cart_discount.minor())),
        ("net_minor", Cell::Integer(line.amounts.net.minor())),
        ("tax_minor", Cell::Integer(line.amounts.tax.minor())),
        ("gross_minor", Cell::Integer(line.amounts.gross.minor())),
    ])
}

/// Lines, tenders and taxes.
fn check_rows(
    conn: &Conn,
    document: &SaleDocument,
    sale_id: SaleId,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let lines: Vec<Wanted> = document
        .lines
        .iter()
        .enumerate()
        .map(|(position, line)| line_row(conn, position, line))
        .collect::<Result<_, _>>()?;
    let tenders = document.tenders.iter().enumerate().map(|(position, tender)| {
        vec![
            ("position", size(position)),
            ("kind", text(tender.kind.as_str())),
            ("amount_minor", Cell::Integer(tender.amount.minor())),
            ("reference", opt_text(tender.reference.as_deref())),
        ]
    });
    let taxes = document.taxes.iter().map(|total| {
        vec![
            ("rate_ppm", Cell::Integer(total.rate.ppm())),
            ("net_minor", Cell::Integer(total.net.minor())),
            ("tax_minor", Cell::Integer(total.tax.minor())),
            ("gross_minor", Cell::Integer(total.gross.minor())),
        ]
    });
    for (table, sql, wanted) in [
        ("sale_line", "SELECT * FROM sale_line WHERE sale_id = :id ORDER BY position", lines),
        ("sale_tender", "SELECT * FROM sale_tender WHERE sale_id = :id ORDER BY position", tenders.collect()),
        ("sale_tax", "SELECT * FROM sale_tax WHERE sale_id = :id ORDER BY rate_ppm", taxes.collect()),
    ] {
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::TendersAreNotVerified) && table == "sale_tender" {
            continue;
        }
        let found = read_rows(conn, sql, sale_id.into())?;
        if found.len() != wanted.len() {
            findings.add(
                "document.rows",
                Some(sale_id.0),
                json!({ "table": table, "found": found.len(), "expected": wanted.len() }),
            );
        }
        for (position, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
            compare(table, sale_id.0, position, wanted, found, findings);
        }
    }
    Ok(())
}

fn check_operation_and_movements(
    conn: &Conn,
    document: &SaleDocument,
    sale_id: SaleId,
    sale: &Cells,
    is_final: bool,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT q.op_id, q.kind, q.kind_version, q.made_at_ms, q.body_hash, q.body_bytes,
             q.mode = 'fact' OR q.state IN ('acknowledged', 'rejected') AS told,
             CASE WHEN q.state = 'rejected' AND q.error_code = 'left_out' THEN q.finished_at_ms END AS left_out_at_ms
         FROM sale AS s JOIN sync_queue AS q ON q.op_id = s.op_id WHERE s.sale_id = :id",
    )?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(named_params! { ":id": sale_id.as_bytes() })?;
    let Some(row) = rows.next()? else {
        findings.add("operation.missing", Some(sale_id.0), json!({}));
        return Ok(());
    };
    let op_id: OpId = Columns::of("sync_queue", row).id("op_id")?;
    // A person left it out of the books, together with its goods; the document stays.
    let left_out_at_ms: Option<i64> = Columns::of("sync_queue", row).get("left_out_at_ms")?;
    let found = cells(row, &names)?;
    let Some(Cell::Text(encoded)) = sale.get("document") else { return Ok(()) };
    let mut wanted = vec![
        ("kind", text(SALE_KIND)),
        ("kind_version", Cell::Integer(SALE_VERSION)),
        ("made_at_ms", Cell::Integer(document.head.sold_at_ms)),
        ("body_hash", sale.get("document_hash").cloned().unwrap_or(Cell::Null)),
        ("body_bytes", size(encoded.len())),
    ];
    if is_final {
        // A question that nobody asks any more would keep a sold document from the server for ever.
        wanted.push(("told", Cell::Integer(1)));
    }
    for (column, value) in wanted {
        if found.get(column) != Some(&value) {
            let column = if column == "told" { "mode" } else { column };
            findings.add(
                "operation.differs",
                Some(sale_id.0),
                json!({ "table": "sync_queue", "column": column, "op_id": op_id }),
            );
        }
    }
    let rollback = sales::find_rollback(conn, sale_id)?;
    let rolled_back = sale.get("state") == Some(&text(SaleState::RolledBack.as_str()));
    if rolled_back != rollback.is_some() || (rolled_back && is_final) {
        findings.add("sale.state", Some(sale_id.0), json!({}));
    }
    let mut wanted: Vec<_> = movements_of(document, op_id).collect();
    for movement in &mut wanted {
        movement.product_id = mappings::resolve(conn, EntityKind::Product, movement.product_id.0)?.into();
    }
    if let Some(undone_at_ms) = rollback.map(|rollback| rollback.at_ms).or(left_out_at_ms) {
        let reversals: Vec<_> = wanted.iter().map(|m| stock::reversal_of(m, undone_at_ms)).collect();
        wanted.extend(reversals);
    }
    compare_movements(sale_id.0, wanted, stock::list_of(conn, op_id)?, findings);
    Ok(())
}
