//! Reports and checks over whole tables, read row by row so that memory stays flat.

use pos_domain::body::EntityKind;
use pos_domain::stock::StockLevel;
use pos_domain::{ChainRecord, Currency, DocumentKind, Gtin, Money, ProductId, Quantity, SaleId};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};

use super::identity::{self, IdentityKey};
use super::stock::find_level;
use super::{Sql, hash, id, natural, unreadable};
use crate::records::DocumentTotal;

/// The balance of a product by code or barcode.
pub(crate) fn stock(connection: &Connection, code: &str) -> Sql<Option<StockLevel>> {
    let barcode = Gtin::parse(code).map_or_else(|_| code.to_owned(), |gtin| gtin.canonical());
    let keys = [
        IdentityKey { kind: "code", value: code.to_owned() },
        IdentityKey { kind: "barcode", value: barcode },
    ];
    for key in keys {
        let Some(owner) = identity::owner(connection, EntityKind::Product, &key)? else { continue };
        let product_id = ProductId(owner);
        let level = find_level(connection, product_id)?.unwrap_or_default();
        let quantity = |milli| Quantity::from_milli(milli).map_err(|fault| unreadable(Type::Integer, fault));
        return Ok(Some(StockLevel {
            product_id,
            on_hand: quantity(level.on_hand)?,
            oversold: quantity(level.oversold)?,
        }));
    }
    Ok(None)
}

/// Sums of the documents that count.
pub(crate) fn totals(connection: &Connection) -> Sql<Vec<DocumentTotal>> {
    let money = |row: &Row<'_>, column: &str| {
        Money::from_minor(row.get(column)?).map_err(|fault| unreadable(Type::Integer, fault))
    };
    connection
        .prepare(
            "SELECT kind, currency, currency_digits, count(*) AS documents, sum(net_minor) AS net,
                sum(tax_minor) AS tax, sum(total_minor) AS total
             FROM sale WHERE state = 'applied'
             GROUP BY kind, currency, currency_digits ORDER BY kind DESC, currency",
        )?
        .query_map([], |row| {
            let code: String = row.get("currency")?;
            Ok(DocumentTotal {
                kind: row.get("kind")?,
                currency: Currency::new(&code, row.get("currency_digits")?)
                    .map_err(|fault| unreadable(Type::Text, fault))?,
                count: natural(row, "documents")?,
                net: money(row, "net")?,
                tax: money(row, "tax")?,
                total: money(row, "total")?,
            })
        })?
        .collect()
}

/// Runs `check` over each row of a statement that finds faults; each row gives its words.
pub(crate) fn each_fault(
    connection: &Connection,
    sql: &str,
    mut check: impl FnMut(&Row<'_>) -> Sql<()>,
) -> Sql<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        check(row)?;
    }
    Ok(())
}

/// A stored link.
pub(crate) fn read_link(row: &Row<'_>) -> Sql<ChainRecord> {
    let kind: String = row.get("kind")?;
    let kind = if kind == "refund" { DocumentKind::Refund } else { DocumentKind::Sale };
    Ok(ChainRecord {
        device_id: pos_domain::DeviceId(id(row, "device_id")?),
        epoch: row.get("epoch")?,
        series: row.get("series")?,
        number: natural(row, "number")?,
        kind,
        document_id: SaleId(id(row, "document_id")?),
        issued_at_ms: row.get("issued_at_ms")?,
        document_hash: hash(row, "document_hash")?,
        previous_hash: hash(row, "previous_hash")?,
        hash: hash(row, "hash")?,
        signature: pos_domain::chain::Signature64(row.get("signature")?),
    })
}
