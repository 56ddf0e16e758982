//! Reports and checks over whole tables, read row by row so that memory stays flat.

use std::ops::ControlFlow;

use pos_domain::body::EntityKind;
use pos_domain::stock::StockLevel;
use pos_domain::{ChainRecord, Currency, DocumentId, Gtin, Money, ProductId, Quantity};

use super::identity::{self, IdentityKey};
use super::stock::find_level;
use super::{Row, Sql, Tx, hash, id, natural, unreadable};
use crate::records::DocumentTotal;

/// The balance of a product by code or barcode.
pub(crate) fn stock(tx: Tx<'_>, code: &str) -> Sql<Option<StockLevel>> {
    let barcode = Gtin::parse(code).map_or_else(|_| code.to_owned(), |gtin| gtin.canonical());
    let keys = [
        IdentityKey { kind: "code", value: code.to_owned() },
        IdentityKey { kind: "barcode", value: barcode },
    ];
    for key in keys {
        let Some(owner) = identity::owner(tx, EntityKind::Product, &key)? else { continue };
        let product_id = ProductId(owner);
        let level = find_level(tx, product_id)?.unwrap_or_default();
        let quantity = |milli| Quantity::from_milli(milli).map_err(unreadable);
        return Ok(Some(StockLevel {
            product_id,
            on_hand: quantity(level.on_hand)?,
            oversold: quantity(level.oversold)?,
        }));
    }
    Ok(None)
}

/// Sums of the documents that count.
pub(crate) fn totals(tx: Tx<'_>) -> Sql<Vec<DocumentTotal>> {
    let money = |row: Row<'_>, column: &str| Money::from_minor(row.get(column)?).map_err(unreadable);
    tx.list(
        "SELECT kind, currency, currency_digits, count(*) AS documents,
            CAST(sum(net_minor) AS BIGINT) AS net, CAST(sum(tax_minor) AS BIGINT) AS tax,
            CAST(sum(total_minor) AS BIGINT) AS total
         FROM sale WHERE state = 'applied'
         GROUP BY kind, currency, currency_digits ORDER BY kind DESC, currency",
        &[],
        |row| {
            let code: String = row.get("currency")?;
            Ok(DocumentTotal {
                kind: row.get("kind")?,
                currency: Currency::new(&code, row.get("currency_digits")?).map_err(unreadable)?,
                count: natural(row, "documents")?,
                net: money(row, "net")?,
                tax: money(row, "tax")?,
                total: money(row, "total")?,
            })
        },
    )
}

/// Runs `check` over each row of a statement without parameters.
pub(crate) fn each_row(tx: Tx<'_>, sql: &str, mut check: impl FnMut(Row<'_>) -> Sql<()>) -> Sql<()> {
    tx.each(sql, &[], |row| check(row).map(ControlFlow::Continue))
}

/// A stored link.
pub(crate) fn read_link(row: Row<'_>) -> Sql<ChainRecord> {
    Ok(ChainRecord {
        device_id: pos_domain::DeviceId(id(row, "device_id")?),
        epoch: row.get("epoch")?,
        series: row.get("series")?,
        number: natural(row, "number")?,
        kind: super::json_value(row.get::<String>("kind")?.into())?,
        document_id: DocumentId(id(row, "document_id")?),
        issued_at_ms: row.get("issued_at_ms")?,
        document_hash: hash(row, "document_hash")?,
        previous_hash: hash(row, "previous_hash")?,
        hash: hash(row, "hash")?,
        signature: pos_domain::chain::Signature64(row.get("signature")?),
    })
}
