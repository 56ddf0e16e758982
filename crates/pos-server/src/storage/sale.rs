//! Sale documents by id. Their text is the body of their operation.

use pos_domain::{DeviceId, Hash32, OpId, SaleDocument, SaleId};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Sql, hash, id, json};

/// What became of a document on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaleState {
    /// Counts.
    Applied,
    /// Refused for good; kept as evidence for the register's chain.
    Rejected,
    /// Taken back by the register before it was final.
    Withdrawn,
}

impl SaleState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Where a document came from, for the chain.
#[derive(Debug)]
pub(crate) struct SaleOrigin {
    pub(crate) device_id: DeviceId,
    pub(crate) kind: String,
    pub(crate) document_hash: Hash32,
}

/// Keeps a document; `false` when its id is already taken, for ids of sales are unique for ever.
pub(crate) fn insert(
    connection: &Connection,
    op_id: OpId,
    document: &SaleDocument,
    state: SaleState,
) -> Sql<bool> {
    let head = &document.head;
    let original = head.original.as_ref().and_then(|original| original.sale_id);
    let inserted = connection.prepare_cached(include_str!("sale_insert.sql"))?.execute(named_params! {
        ":sale_id": head.sale_id.as_bytes(),
        ":op_id": op_id.as_bytes(),
        ":device_id": head.device_id.as_bytes(),
        ":state": state.as_str(),
        ":kind": head.kind.as_str(),
        ":currency": head.currency.code(),
        ":currency_digits": head.currency.exponent(),
        ":net": document.net.minor(),
        ":tax": document.tax.minor(),
        ":total": document.total.minor(),
        ":sold_at_ms": head.sold_at_ms,
        ":original_sale_id": original.as_ref().map(SaleId::as_bytes),
    })?;
    Ok(inserted == 1)
}

/// Says what became of a document.
pub(crate) fn set_state(connection: &Connection, op_id: OpId, sale_id: SaleId, state: SaleState) -> Sql<()> {
    connection
        .prepare_cached("UPDATE sale SET state = :state WHERE sale_id = :sale_id AND op_id = :op_id")?
        .execute(named_params! {
            ":state": state.as_str(), ":sale_id": sale_id.as_bytes(), ":op_id": op_id.as_bytes(),
        })?;
    Ok(())
}

/// Where a document came from.
pub(crate) fn find_origin(connection: &Connection, sale_id: SaleId) -> Sql<Option<SaleOrigin>> {
    connection
        .prepare_cached(
            "SELECT sale.device_id, sale.kind, operation.body_hash
             FROM sale JOIN operation ON operation.op_id = sale.op_id WHERE sale.sale_id = :sale_id",
        )?
        .query_row(named_params! { ":sale_id": sale_id.as_bytes() }, |row| {
            Ok(SaleOrigin {
                device_id: DeviceId(id(row, "device_id")?),
                kind: row.get("kind")?,
                document_hash: hash(row, "body_hash")?,
            })
        })
        .optional()
}

/// A document that counts.
pub(crate) fn find_applied(connection: &Connection, sale_id: SaleId) -> Sql<Option<SaleDocument>> {
    connection
        .prepare_cached(
            "SELECT operation.body FROM sale JOIN operation ON operation.op_id = sale.op_id
             WHERE sale.sale_id = :sale_id AND sale.state = 'applied'",
        )?
        .query_row(named_params! { ":sale_id": sale_id.as_bytes() }, |row| json(row, "body"))
        .optional()
}

/// The refunds of a sale that count.
pub(crate) fn list_refunds(connection: &Connection, original: SaleId) -> Sql<Vec<SaleDocument>> {
    connection
        .prepare_cached(
            "SELECT operation.body FROM sale JOIN operation ON operation.op_id = sale.op_id
             WHERE sale.original_sale_id = :original AND sale.state = 'applied'",
        )?
        .query_map(named_params! { ":original": original.as_bytes() }, |row| json(row, "body"))?
        .collect()
}

/// Whether any document was ever taken: then the currency is fixed.
pub(crate) fn any(connection: &Connection) -> Sql<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM sale) AS found")?
        .query_row([], |row| row.get("found"))
}
