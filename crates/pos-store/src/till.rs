//! Documents of the drawer and of customers' accounts: openings, cash in and out, payments, closings.
//!
//! Each is final when it is written: its row, its operation, its place in the chain and its entry in a customer's account
//! come in one transaction, so that none can be forgotten. Which shift is open, and which documents the next Z covers,
//! follow from the order of the chain alone; no clock is asked.

mod period;

use pos_domain::account::AccountEntry;
use pos_domain::body::{EncodedBody, EntityKind};
use pos_domain::{
    ChainFault, ChainRecord, DocumentId, DocumentKind, Money, OpId, OperationBody, RequestId, ShiftId,
    ShiftTotals, TillContent, TillDocument,
};
use rusqlite::named_params;

pub use period::{Covered, Period, Place, covered_after, period_after, place_of_last_closing};

use crate::queue::{Lane, NewOperation, OpMode, OpState};
use crate::sql::{Columns, Conn, Tx, all, first, from_json, int};
use crate::{StoreError, accounts, chain, local, mappings, queue};

/// Kind of the operation of every till document; also its name in the table of requests.
const COMMAND: &str = "till.record";

macro_rules! stored {
    ($from:literal, $rest:literal) => {
        concat!(
            "SELECT t.document, t.op_id, t.printed_number, q.state AS sync FROM ",
            $from,
            " JOIN sync_queue AS q ON q.op_id = t.op_id ",
            $rest
        )
    };
}

/// A document to be written.
#[derive(Debug)]
pub struct NewTillDocument<'a> {
    /// The command with its document.
    pub body: &'a OperationBody,
    /// The same command as written; its text and hash are stored, queued and chained.
    pub encoded: &'a EncodedBody,
    /// Made by the caller; for ever.
    pub op_id: OpId,
    /// The person's press of the button, when there was one.
    pub request_id: Option<RequestId>,
    /// Operations that the server must have before, such as the creation of a customer.
    pub depends_on: &'a [OpId],
    /// Its number and evidence, sealed on [`chain::head`] in the same transaction.
    pub link: &'a ChainRecord,
}

/// A document as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTillDocument {
    /// Its operation.
    pub op_id: OpId,
    /// Printed number.
    pub number: String,
    /// Where its operation is.
    pub sync: OpState,
    /// What it says.
    pub document: TillDocument,
    /// The document byte for byte.
    pub text: String,
}

/// Writes a document: operation, place in the chain, row, entry in the customer's account.
///
/// # Errors
/// [`StoreError::Unwritable`] when the body is no till document; [`StoreError::Chain`] when the link does not follow the
/// head or does not belong to this document; [`StoreError::WrongState`] when a shift is opened while one is open, or
/// another one is closed; [`StoreError::Sql`] when the document or the request is known.
pub fn insert(tx: &Tx<'_>, new: &NewTillDocument<'_>) -> Result<(), StoreError> {
    let OperationBody::TillRecord(document) = new.body else {
        return Err(StoreError::unwritable("till_document.document", "the operation is no till document"));
    };
    let (head, link) = (&document.head, new.link);
    if link.document_id != head.document_id
        || link.document_hash != new.encoded.hash
        || link.kind != document.kind()
    {
        return Err(StoreError::Chain(ChainFault::DocumentChanged { number: link.number }));
    }
    check_order(tx, document)?;
    let operation = NewOperation {
        op_id: new.op_id,
        body: new.body,
        mode: OpMode::Fact,
        lane: Lane::Checkout,
        depends_on: new.depends_on,
        made_at_ms: head.made_at_ms,
    };
    queue::insert_operation(tx, &operation, new.encoded)?;
    chain::append(tx, link)?;
    insert_row(tx, document, new)?;
    if let Some(entry) = account_entry(tx, document, &link.printed_number())? {
        accounts::put(tx, &entry)?;
    }
    if let Some(request_id) = new.request_id {
        local::record_request(tx, request_id, COMMAND, head.document_id.0, head.made_at_ms)?;
    }
    Ok(())
}

/// One shift at a time: what is open must be closed before the next is opened.
fn check_order(conn: &Conn, document: &TillDocument) -> Result<(), StoreError> {
    let Some(open) = find_open_id(conn)? else { return Ok(()) };
    let out_of_order = match &document.content {
        TillContent::ShiftOpening(_) => true,
        TillContent::ShiftClosing(_) => document.head.shift_id != Some(open),
        TillContent::CashMovement(_) | TillContent::AccountPayment(_) => false,
    };
    if out_of_order {
        return Err(StoreError::WrongState { what: "shift", id: open.0, state: "open" });
    }
    Ok(())
}

fn insert_row(tx: &Tx<'_>, document: &TillDocument, new: &NewTillDocument<'_>) -> Result<(), StoreError> {
    let (head, link) = (&document.head, new.link);
    tx.prepare_cached(
        "INSERT INTO till_document (document_id, kind, op_id, document, document_hash, shift_id, cashier_id, customer_id,
             made_at_ms, cash_minor, series, number, printed_number)
         VALUES (:id, :kind, :op_id, :document, :hash, :shift, :cashier, :customer, :made_at, :cash, :series, :number,
             :printed)",
    )?
    .execute(named_params! {
        ":id": head.document_id.as_bytes(),
        ":kind": document.kind().as_str(),
        ":op_id": new.op_id.as_bytes(),
        ":document": new.encoded.text,
        ":hash": new.encoded.hash.0,
        ":shift": head.shift_id.map(|id| *id.as_bytes()),
        ":cashier": head.cashier_id.as_bytes(),
        ":customer": document.account_effect().map(|(customer, _)| *customer.customer_id.as_bytes()),
        ":made_at": head.made_at_ms,
        ":cash": cash_of(document)?.minor(),
        ":series": link.series,
        ":number": int("till_document.number", link.number)?,
        ":printed": link.printed_number(),
    })?;
    Ok(())
}

/// What a document adds to the drawer; negative when cash left it.
///
/// # Errors
/// [`StoreError::Unwritable`] when it leaves the range of money.
pub fn cash_of(document: &TillDocument) -> Result<Money, StoreError> {
    let mut totals = ShiftTotals::default();
    let added = totals.add(document).and_then(|()| totals.cash.expected());
    added.map_err(|e| StoreError::unwritable("till_document.cash_minor", e))
}

/// The entry that a document makes in a customer's account, under the id that the customer has now.
fn account_entry(
    conn: &Conn,
    document: &TillDocument,
    printed_number: &str,
) -> Result<Option<AccountEntry>, StoreError> {
    let Some(mut entry) = document.account_entry(Some(printed_number.to_owned())) else { return Ok(None) };
    entry.customer_id = mappings::resolve(conn, EntityKind::Customer, entry.customer_id.0)?.into();
    Ok(Some(entry))
}

/// The shift that is open, if one is.
///
/// # Errors
/// Those of reading.
pub fn find_open_id(conn: &Conn) -> Result<Option<ShiftId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT c.kind, t.shift_id FROM chain_record AS c JOIN till_document AS t ON t.document_id = c.document_id
         WHERE c.kind IN ('shift_opening', 'shift_closing') ORDER BY c.epoch DESC, c.number DESC LIMIT 1",
    )?;
    let last = first(statement.query([])?, "till_document", |c| {
        Ok((c.word::<DocumentKind>("kind")?, c.opt_id::<ShiftId>("shift_id")?))
    })?;
    Ok(last.and_then(|(kind, shift)| shift.filter(|_| kind == DocumentKind::ShiftOpening)))
}

/// The opening of the shift that is open, if one is.
///
/// # Errors
/// Those of reading.
pub fn find_open(conn: &Conn) -> Result<Option<StoredTillDocument>, StoreError> {
    let Some(shift_id) = find_open_id(conn)? else { return Ok(None) };
    let mut statement = conn.prepare_cached(stored!(
        "till_document AS t",
        "WHERE t.shift_id = :shift AND t.kind = 'shift_opening'
             AND t.kind IN ('shift_opening', 'shift_closing')"
    ))?;
    first(statement.query(named_params! { ":shift": shift_id.as_bytes() })?, "till_document", read)
}

/// One document.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, document_id: DocumentId) -> Result<Option<StoredTillDocument>, StoreError> {
    let mut statement = conn.prepare_cached(stored!("till_document AS t", "WHERE t.document_id = :id"))?;
    first(statement.query(named_params! { ":id": document_id.as_bytes() })?, "till_document", read)
}

/// The document that a press of the button made, if it made one.
///
/// # Errors
/// Those of reading.
pub fn find_by_request(conn: &Conn, request_id: RequestId) -> Result<Option<StoredTillDocument>, StoreError> {
    match local::find_request(conn, request_id)? {
        Some(done) if done.command == COMMAND => find(conn, done.subject_id.into()),
        Some(_) | None => Ok(None),
    }
}

/// A page of documents, newest first, older than the given one.
///
/// # Errors
/// [`StoreError::Missing`] when `older_than` does not exist.
pub fn list(
    conn: &Conn,
    older_than: Option<DocumentId>,
    limit: u32,
) -> Result<Vec<StoredTillDocument>, StoreError> {
    let (made_at, id) = match older_than {
        None => (i64::MAX, [u8::MAX; 16]),
        Some(id) => {
            let found = find(conn, id)?.ok_or(StoreError::Missing { what: "till document", id: id.0 })?;
            (found.document.head.made_at_ms, *id.as_bytes())
        }
    };
    let mut statement = conn.prepare_cached(stored!(
        "till_document AS t",
        "WHERE (t.made_at_ms, t.document_id) < (:made_at, :id)
         ORDER BY t.made_at_ms DESC, t.document_id DESC LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! { ":made_at": made_at, ":id": id, ":limit": limit })?;
    all(rows, "till_document", read)
}

/// Documents since the last Z, newest first.
///
/// # Errors
/// Those of reading.
pub fn list_since_last_closing(conn: &Conn, limit: u32) -> Result<Vec<StoredTillDocument>, StoreError> {
    let after = place_of_last_closing(conn)?;
    let mut statement = conn.prepare_cached(stored!(
        "chain_record AS c JOIN till_document AS t ON t.document_id = c.document_id",
        "WHERE (c.epoch, c.number) > (:epoch, :number) AND c.kind NOT IN ('sale', 'refund', 'void')
         ORDER BY c.epoch DESC, c.number DESC LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! {
        ":epoch": after.epoch, ":number": int("chain_record.number", after.number)?, ":limit": limit,
    })?;
    all(rows, "till_document", read)
}

/// Z reports, newest first, without the first `skip` of them.
///
/// # Errors
/// Those of reading.
pub fn list_closings(conn: &Conn, skip: u32, limit: u32) -> Result<Vec<StoredTillDocument>, StoreError> {
    let mut statement = conn.prepare_cached(stored!(
        "chain_record AS c JOIN till_document AS t ON t.document_id = c.document_id",
        "WHERE c.kind IN ('shift_opening', 'shift_closing') AND c.kind = 'shift_closing'
         ORDER BY c.epoch DESC, c.number DESC LIMIT :limit OFFSET :skip"
    ))?;
    let rows = statement.query(named_params! { ":limit": limit, ":skip": skip })?;
    all(rows, "till_document", read)
}

/// The Z report with that place among the register's, from 1.
///
/// # Errors
/// Those of reading.
pub fn find_closing(conn: &Conn, z_number: u64) -> Result<Option<StoredTillDocument>, StoreError> {
    let mut statement = conn.prepare_cached(stored!(
        "chain_record AS c JOIN till_document AS t ON t.document_id = c.document_id",
        "WHERE c.kind IN ('shift_opening', 'shift_closing') AND c.kind = 'shift_closing'
             AND t.document ->> '$.content.z_number' = :z
         ORDER BY c.epoch DESC, c.number DESC LIMIT 1"
    ))?;
    let rows = statement.query(named_params! { ":z": int("till_document.z_number", z_number)? })?;
    first(rows, "till_document", read)
}

fn read(c: &Columns<'_, '_>) -> Result<StoredTillDocument, StoreError> {
    let text: String = c.get("document")?;
    Ok(StoredTillDocument {
        op_id: c.id("op_id")?,
        number: c.get("printed_number")?,
        sync: OpState::parse(&c.get::<String>("sync")?)?,
        document: from_json("till_document.document", &text)?,
        text,
    })
}
