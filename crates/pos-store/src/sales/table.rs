//! How a document is written to its tables.

use pos_domain::body::EncodedBody;
use pos_domain::{OpId, SaleDocument, SaleId, SaleLine};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Tx, int};

pub(super) fn insert(
    tx: &Tx<'_>,
    document: &SaleDocument,
    encoded: &EncodedBody,
    op_id: OpId,
) -> Result<(), StoreError> {
    let head = &document.head;
    tx.prepare_cached(
        "INSERT INTO sale (sale_id, kind, state, op_id, document, document_hash, cashier_id, customer_id,
             original_sale_id, sold_at_ms, document_date, external_number, currency, lines, discount_minor, net_minor,
             tax_minor, total_minor, rounding_minor, payable_minor, tendered_minor, change_minor)
         VALUES (:sale_id, :kind, 'pending', :op_id, :document, :hash, :cashier, :customer, :original, :sold_at,
             :document_date, :external_number, :currency, :lines, :discount, :net, :tax, :total, :rounding, :payable,
             :tendered, :change)",
    )?
    .execute(named_params! {
        ":sale_id": head.sale_id.as_bytes(),
        ":kind": head.kind.as_str(),
        ":op_id": op_id.as_bytes(),
        ":document": encoded.text,
        ":hash": encoded.hash.0,
        ":cashier": head.cashier_id.as_bytes(),
        ":customer": document.customer.as_ref().map(|c| *c.customer_id.as_bytes()),
        ":original": head.original.as_ref().and_then(|o| o.sale_id).map(|id| *id.as_bytes()),
        ":sold_at": head.sold_at_ms,
        ":document_date": head.document_date,
        ":external_number": head.external_number,
        ":currency": head.currency.code(),
        ":lines": int("sale.lines", document.lines.len())?,
        ":discount": document.discount_total.minor(),
        ":net": document.net.minor(),
        ":tax": document.tax.minor(),
        ":total": document.total.minor(),
        ":rounding": document.settlement.rounding.minor(),
        ":payable": document.settlement.payable.minor(),
        ":tendered": document.settlement.tendered.minor(),
        ":change": document.settlement.change.minor(),
    })?;
    for (position, line) in document.lines.iter().enumerate() {
        insert_line(tx, head.sale_id, position, line)?;
    }
    insert_tenders(tx, document)?;
    insert_taxes(tx, document)
}

fn insert_line(tx: &Tx<'_>, sale_id: SaleId, position: usize, line: &SaleLine) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO sale_line (sale_id, position, line_id, product_id, code, name, unit, qty_milli, unit_price_minor,
             catalogue_price_minor, tax_rate_ppm, track_stock, list_minor, line_discount_minor, cart_discount_minor,
             net_minor, tax_minor, gross_minor)
         VALUES (:sale_id, :position, :line_id, :product_id, :code, :name, :unit, :qty, :unit_price, :catalogue_price,
             :tax_rate, :track_stock, :list, :line_discount, :cart_discount, :net, :tax, :gross)",
    )?
    .execute(named_params! {
        ":sale_id": sale_id.as_bytes(),
        ":position": int("sale_line.position", position)?,
        ":line_id": line.item.line_id.as_bytes(),
        ":product_id": line.item.product_id.as_bytes(),
        ":code": line.item.code,
        ":name": line.item.name,
        ":unit": line.item.unit,
        ":qty": line.item.qty.milli(),
        ":unit_price": line.item.unit_price.minor(),
        ":catalogue_price": line.item.catalogue_price.minor(),
        ":tax_rate": line.item.tax_rate.ppm(),
        ":track_stock": line.item.track_stock,
        ":list": line.amounts.list_amount.minor(),
        ":line_discount": line.amounts.line_discount.minor(),
        ":cart_discount": line.amounts.cart_discount.minor(),
        ":net": line.amounts.net.minor(),
        ":tax": line.amounts.tax.minor(),
        ":gross": line.amounts.gross.minor(),
    })?;
    Ok(())
}

fn insert_tenders(tx: &Tx<'_>, document: &SaleDocument) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO sale_tender (sale_id, position, kind, amount_minor, reference)
         VALUES (:sale_id, :position, :kind, :amount, :reference)",
    )?;
    for (position, tender) in document.tenders.iter().enumerate() {
        statement.execute(named_params! {
            ":sale_id": document.head.sale_id.as_bytes(),
            ":position": int("sale_tender.position", position)?,
            ":kind": tender.kind.as_str(),
            ":amount": tender.amount.minor(),
            ":reference": tender.reference,
        })?;
    }
    Ok(())
}

fn insert_taxes(tx: &Tx<'_>, document: &SaleDocument) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO sale_tax (sale_id, rate_ppm, net_minor, tax_minor, gross_minor)
         VALUES (:sale_id, :rate, :net, :tax, :gross)",
    )?;
    for total in &document.taxes {
        statement.execute(named_params! {
            ":sale_id": document.head.sale_id.as_bytes(),
            ":rate": total.rate.ppm(),
            ":net": total.net.minor(),
            ":tax": total.tax.minor(),
            ":gross": total.gross.minor(),
        })?;
    }
    Ok(())
}

/// Points the lines of a product at the id that the server uses. The document's text keeps the id as printed.
pub(crate) fn rename_product(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sale_line SET product_id = :to WHERE product_id = :from")?
        .execute(named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() })?;
    Ok(())
}

/// Points the sales of a customer at the id that the server uses.
pub(crate) fn rename_customer(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE sale SET customer_id = :to WHERE customer_id = :from AND customer_id IS NOT NULL",
    )?
    .execute(named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() })?;
    Ok(())
}
