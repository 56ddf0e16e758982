//! Sales and refunds: pending when the cashier has confirmed, then final or rolled back, and never anything else
//! again.
//!
//! The document's text is kept byte for byte; lines, tenders and taxes stand once more as rows for reports, and
//! `verify` compares the two. Writing a sale writes its stock movements and its operation with it, in one go, so
//! that none can be forgotten.

mod table;
mod view;

use pos_domain::body::EncodedBody;
use pos_domain::stock::MovementReason;
use pos_domain::{ChainRecord, OpId, OperationBody, RequestId, SaleDocument, SaleId, SaleKind};
use rusqlite::named_params;
use serde_json::Value;

pub(crate) use table::rename_customer;
pub(crate) use table::rename_product;
pub use view::{
    KindTotals, Rollback, SaleSummary, StoredSale, UnfinishedSale, any, find, find_by_external_number,
    find_by_number, find_by_request, find_last_swap, find_rollback, list, list_of_customer, list_refunds,
    list_unfinished, print_count, search, totals,
};

use crate::queue::{Lane, NewOperation, OpMode};
use crate::sql::{Conn, Tx, first, to_json};
use crate::stock::{Movement, movement_id_of_line};
use crate::{StoreError, accounts, chain, local, queue, serials, stock};

/// Name of the command in the table of requests.
const COMMAND: &str = "sale.complete";

/// Where a sale is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleState {
    /// Confirmed by the cashier, not answered yet.
    Pending,
    /// Has a number and a receipt.
    Final,
    /// Refused; the cart was given back.
    RolledBack,
}

impl SaleState {
    /// The state's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Final => "final",
            Self::RolledBack => "rolled_back",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, StoreError> {
        [Self::Pending, Self::Final, Self::RolledBack]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| StoreError::unreadable("sale.state", format!("{name:?} is no state")))
    }
}

/// A sale that the cashier has confirmed.
#[derive(Debug)]
pub struct NewSale<'a> {
    /// The command with its document.
    pub body: &'a OperationBody,
    /// The same command as written; its text and hash are stored, queued and chained.
    pub encoded: &'a EncodedBody,
    /// Made by the caller; for ever.
    pub op_id: OpId,
    /// The cashier's press of the button, when there was one.
    pub request_id: Option<RequestId>,
    /// [`OpMode::Admit`] while the server may be asked, [`OpMode::Fact`] when it is known to be away.
    pub mode: OpMode,
    /// [`Lane::Checkout`], or [`Lane::Bulk`] for a replay.
    pub lane: Lane,
    /// Operations that the server must have before, such as the creation of a product.
    pub depends_on: &'a [OpId],
}

/// Writes a sale in state pending: document, lines, tenders, taxes, provisional stock movements, operation. Its seq
/// in the queue.
///
/// # Errors
/// [`StoreError::Unwritable`] when the body is no sale; [`StoreError::Sql`] when the sale or the request is known.
pub fn insert_pending(tx: &Tx<'_>, sale: &NewSale<'_>) -> Result<u64, StoreError> {
    let OperationBody::SaleComplete(document) = sale.body else {
        return Err(StoreError::unwritable("sale.document", "the operation is no sale"));
    };
    let at_ms = document.head.sold_at_ms;
    let operation = NewOperation {
        op_id: sale.op_id,
        body: sale.body,
        mode: sale.mode,
        lane: sale.lane,
        depends_on: sale.depends_on,
        made_at_ms: at_ms,
    };
    let seq = queue::insert_operation(tx, &operation, sale.encoded)?;
    table::insert(tx, document, sale.encoded, sale.op_id)?;
    for movement in movements_of(document, sale.op_id) {
        stock::record_movement(tx, &movement)?;
    }
    if let Some(request_id) = sale.request_id {
        local::record_request(tx, request_id, COMMAND, document.head.sale_id.0, at_ms)?;
    }
    Ok(seq)
}

/// The movements that a document causes, with the ids they have in the ledger.
pub(crate) fn movements_of(document: &SaleDocument, op_id: OpId) -> impl Iterator<Item = Movement> + '_ {
    let reason = match document.head.kind {
        SaleKind::Sale => MovementReason::Sale,
        SaleKind::Refund | SaleKind::Void => MovementReason::Refund,
    };
    document.stock_effects().map(move |effect| Movement {
        movement_id: movement_id_of_line(effect.line_id),
        product_id: effect.product_id,
        delta: effect.delta,
        reason,
        op_id,
        line: Some((document.head.sale_id, effect.line_id)),
        at_ms: document.head.sold_at_ms,
    })
}

/// Makes a pending sale final: its number, its link in the chain, its entry in the customer's account. The caller seals
/// the record on [`chain::head`] in the same transaction.
///
/// # Errors
/// [`StoreError::WrongState`] when it is not pending, [`StoreError::Chain`] when the record does not follow the head
/// or does not belong to this document.
pub fn finalise(tx: &Tx<'_>, sale_id: SaleId, record: &ChainRecord) -> Result<(), StoreError> {
    let sale = pending(tx, sale_id)?;
    if record.document_id != sale_id.into()
        || record.document_hash != sale.document_hash
        || record.kind != sale.kind.into()
    {
        let number = record.number;
        return Err(StoreError::Chain(pos_domain::ChainFault::DocumentChanged { number }));
    }
    chain::append(tx, record)?;
    tx.prepare_cached(
        "UPDATE sale SET state = 'final', series = :series, number = :number, printed_number = :printed
         WHERE sale_id = :id",
    )?
    .execute(named_params! {
        ":series": record.series,
        ":number": crate::sql::int("sale.number", record.number)?,
        ":printed": record.printed_number(),
        ":id": sale_id.as_bytes(),
    })?;
    serials::record_of_sale(tx, sale_id, record)?;
    accounts::record_of_sale(tx, sale_id, record)
}

/// Takes a pending sale back: its movements are reversed, no number is used. `code` says why, `params` with what,
/// such as the lines that lacked stock.
///
/// # Errors
/// [`StoreError::WrongState`] when it is not pending.
pub fn roll_back(
    tx: &Tx<'_>,
    sale_id: SaleId,
    code: &str,
    params: &Value,
    at_ms: i64,
) -> Result<(), StoreError> {
    let sale = pending(tx, sale_id)?;
    tx.prepare_cached("UPDATE sale SET state = 'rolled_back' WHERE sale_id = :id")?
        .execute(named_params! { ":id": sale_id.as_bytes() })?;
    tx.prepare_cached(
        "INSERT INTO sale_rollback (sale_id, at_ms, code, params) VALUES (:id, :at, :code, :params)",
    )?
    .execute(named_params! {
        ":id": sale_id.as_bytes(),
        ":at": at_ms,
        ":code": code,
        ":params": to_json("sale_rollback.params", params)?,
    })?;
    stock::reverse(tx, sale.op_id, at_ms)
}

/// Notes that a receipt was printed or written; how many there are now. All but the first are duplicates.
///
/// # Errors
/// Those of writing.
pub fn record_print(tx: &Tx<'_>, sale_id: SaleId, target: &str, at_ms: i64) -> Result<u32, StoreError> {
    tx.prepare_cached("INSERT INTO receipt_print (sale_id, at_ms, target) VALUES (:id, :at, :target)")?
        .execute(named_params! { ":id": sale_id.as_bytes(), ":at": at_ms, ":target": target })?;
    print_count(tx, sale_id)
}

fn pending(conn: &Conn, sale_id: SaleId) -> Result<UnfinishedSale, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT sale_id, op_id, kind, state, document_hash, sold_at_ms FROM sale WHERE sale_id = :id",
    )?;
    let rows = statement.query(named_params! { ":id": sale_id.as_bytes() })?;
    let (state, sale) =
        first(rows, "sale", |c| Ok((SaleState::parse(&c.get::<String>("state")?)?, view::unfinished(c)?)))?
            .ok_or(StoreError::Missing { what: "sale", id: sale_id.0 })?;
    match state {
        SaleState::Pending => Ok(sale),
        SaleState::Final | SaleState::RolledBack => {
            Err(StoreError::WrongState { what: "sale", id: sale_id.0, state: state.as_str() })
        }
    }
}
