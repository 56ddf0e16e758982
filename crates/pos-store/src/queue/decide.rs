//! What a person decides about an operation that was refused for good: give it up, or send a corrected one instead.
//!
//! Nothing is erased: the old operation stays with its body and the reason, what it did here is taken back, and those
//! that waited for it go on. A sale is a final document and can be neither given up nor corrected; what the server
//! may have taken after all stays for the owner to look at.

use pos_domain::OpId;
use rusqlite::named_params;
use serde_json::json;

use super::outcome::{entity_of, refresh_row};
use super::upkeep::go_on;
use super::{NewOperation, OpState, QueueRow, enqueue, find};
use crate::sql::{Conn, Tx, all, first, int, to_json};
use crate::{StoreError, feed, stock};

/// Code of an operation that a person gave up.
pub const DISCARDED: &str = "discarded";
/// Code of an operation that a person replaced by a corrected one.
pub const REPLACED: &str = "replaced";

/// Code of an operation that a person left out: another copy of this register had taken its place.
pub const LEFT_OUT: &str = "left_out";

/// Why an operation can be neither given up nor replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It was not refused for good.
    NotDead,
    /// A final document: goods or money changed hands.
    Document,
    /// The server contradicted itself or this register; it may hold the operation.
    Alarm,
    /// A document waits for the row that it makes and could never reach the server without it. It can be replaced.
    Awaited,
}

impl Hold {
    /// The hold's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotDead => "not_dead",
            Self::Document => "document",
            Self::Alarm => "alarm",
            Self::Awaited => "awaited",
        }
    }
}

/// A person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Why, in the person's words.
    pub reason: &'a str,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// Why an operation cannot be given up; `None` when it can.
///
/// # Errors
/// Those of reading.
pub fn find_hold(conn: &Conn, row: &QueueRow) -> Result<Option<Hold>, StoreError> {
    if let Some(hold) = hold_of(row) {
        return Ok(Some(hold));
    }
    let makes_a_row = row.head.kind == "entity.create";
    Ok((makes_a_row && is_awaited_by_a_document(conn, row.head.op_id)?).then_some(Hold::Awaited))
}

/// Why an operation cannot be replaced by a corrected one; `None` when it can. Only what makes or changes a row can:
/// the kind is for the caller to look at, who makes the new one.
pub fn hold_of(row: &QueueRow) -> Option<Hold> {
    let alarm = matches!(row.fault, Some((super::ErrorClass::Alarm, _, _)));
    match row.state {
        OpState::Dead if matches!(row.head.kind.as_str(), "sale.complete" | "till.record") => {
            Some(Hold::Document)
        }
        OpState::Dead if alarm => Some(Hold::Alarm),
        OpState::Dead => None,
        OpState::Pending
        | OpState::InFlight
        | OpState::Acknowledged
        | OpState::Rejected
        | OpState::Parked => Some(Hold::NotDead),
    }
}

/// Gives an operation up: what it did here is taken back, and those that waited for it go on without it. How many
/// that is. A row that it made, and that the server does not have, is taken away.
///
/// # Errors
/// [`StoreError::Missing`], or [`StoreError::WrongState`] with the name of the [`Hold`].
pub fn discard(tx: &Tx<'_>, op_id: OpId, decision: Decision<'_>) -> Result<usize, StoreError> {
    let row = get(tx, op_id)?;
    refuse_held(op_id, find_hold(tx, &row)?)?;
    end(tx, &row, DISCARDED, decision)
}

/// Ends an operation that was refused for good; how many go on without it.
fn end(tx: &Tx<'_>, row: &QueueRow, code: &str, decision: Decision<'_>) -> Result<usize, StoreError> {
    let op_id = row.head.op_id;
    take_back(tx, row, code, json!({}), decision)?;
    let waiting = list_waiting(tx, op_id)?;
    let id = op_id.as_bytes();
    tx.prepare_cached(
        "UPDATE sync_queue SET waits_for = waits_for - 1
         WHERE op_id IN (SELECT op_id FROM sync_dependency WHERE depends_on = :op_id)",
    )?
    .execute(named_params! { ":op_id": id })?;
    tx.prepare_cached("DELETE FROM sync_dependency WHERE depends_on = :op_id")?
        .execute(named_params! { ":op_id": id })?;
    let freed = go_on(tx, waiting, decision.at_ms)?;
    refresh_row(tx, op_id)?;
    if row.head.kind == "entity.create"
        && let Some((kind, id)) = entity_of(tx, op_id)?
    {
        feed::take_away(tx, kind, id)?;
    }
    Ok(freed.len())
}

/// A person left out what another copy of this register contradicts: what it did here is taken back, and it is over.
/// Unlike [`discard`] this ends a sale as well: the decision was made about both copies, with both in sight, and its
/// document stays.
///
/// # Errors
/// [`StoreError::Missing`], or [`StoreError::WrongState`] when it was not refused as an alarm.
pub fn leave_out(tx: &Tx<'_>, op_id: OpId, decision: Decision<'_>) -> Result<(), StoreError> {
    let row = get(tx, op_id)?;
    match hold_of(&row) {
        Some(Hold::Document | Hold::Alarm) => {}
        held @ (None | Some(Hold::NotDead | Hold::Awaited)) => {
            let state = held.map_or("refused", Hold::as_str);
            return Err(StoreError::WrongState { what: "operation", id: op_id.0, state });
        }
    }
    end(tx, &row, LEFT_OUT, decision).map(drop)
}

/// Queues a corrected operation in the place of a refused one: those that waited for the old one wait for the new
/// one. `successor.depends_on` is ignored; the new one depends on what the old one depended on. How many wait.
///
/// # Errors
/// [`StoreError::Missing`], [`StoreError::WrongState`] with the name of the [`Hold`], or those of queueing.
pub fn replace(
    tx: &Tx<'_>,
    op_id: OpId,
    successor: &NewOperation<'_>,
    decision: Decision<'_>,
) -> Result<usize, StoreError> {
    let row = get(tx, op_id)?;
    refuse_held(op_id, hold_of(&row))?;
    take_back(tx, &row, REPLACED, json!({ "successor": successor.op_id }), decision)?;
    let depends_on = list_dependencies(tx, op_id)?;
    enqueue(tx, &NewOperation { depends_on: &depends_on, ..successor.clone() })?;
    let waiting = list_waiting(tx, op_id)?;
    tx.prepare_cached("UPDATE sync_dependency SET depends_on = :new WHERE depends_on = :old")?
        .execute(named_params! { ":new": successor.op_id.as_bytes(), ":old": op_id.as_bytes() })?;
    let freed = go_on(tx, waiting, decision.at_ms)?;
    refresh_row(tx, op_id)?;
    Ok(freed.len())
}

/// Operations that wait for this one, near and far, and that the server does not have: how many.
///
/// # Errors
/// Those of reading.
pub fn count_waiting_for(conn: &Conn, op_id: OpId) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE dependant (op_id) AS (
             SELECT op_id FROM sync_dependency WHERE depends_on = :op_id
             UNION
             SELECT d.op_id FROM sync_dependency AS d JOIN dependant ON d.depends_on = dependant.op_id
         )
         SELECT count(*) AS n FROM dependant JOIN sync_queue AS q ON q.op_id = dependant.op_id
         WHERE q.state NOT IN ('acknowledged', 'rejected')",
    )?;
    let rows = statement.query(named_params! { ":op_id": op_id.as_bytes() })?;
    Ok(first(rows, "sync_queue", |c| c.count("n"))?.unwrap_or(0))
}

/// What an operation depends on, in no order.
///
/// # Errors
/// Those of reading.
pub fn list_dependencies(conn: &Conn, op_id: OpId) -> Result<Vec<OpId>, StoreError> {
    let mut statement = conn
        .prepare_cached("SELECT depends_on FROM sync_dependency WHERE op_id = :op_id ORDER BY depends_on")?;
    all(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_dependency", |c| {
        c.id("depends_on")
    })
}

/// Operations that wait for this one directly.
pub(super) fn list_waiting(conn: &Conn, op_id: OpId) -> Result<Vec<OpId>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT op_id FROM sync_dependency WHERE depends_on = :op_id ORDER BY op_id")?;
    all(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_dependency", |c| c.id("op_id"))
}

fn get(conn: &Conn, op_id: OpId) -> Result<QueueRow, StoreError> {
    find(conn, op_id)?.ok_or(StoreError::Missing { what: "operation", id: op_id.0 })
}

fn refuse_held(op_id: OpId, hold: Option<Hold>) -> Result<(), StoreError> {
    match hold {
        None => Ok(()),
        Some(hold) => Err(StoreError::WrongState { what: "operation", id: op_id.0, state: hold.as_str() }),
    }
}

fn is_awaited_by_a_document(conn: &Conn, op_id: OpId) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH RECURSIVE dependant (op_id) AS (
             SELECT op_id FROM sync_dependency WHERE depends_on = :op_id
             UNION
             SELECT d.op_id FROM sync_dependency AS d JOIN dependant ON d.depends_on = dependant.op_id
         )
         SELECT 1 FROM dependant JOIN sync_queue AS q ON q.op_id = dependant.op_id
         WHERE q.kind IN ('sale.complete', 'till.record') AND q.state NOT IN ('acknowledged', 'rejected') LIMIT 1",
    )?;
    Ok(statement.exists(named_params! { ":op_id": op_id.as_bytes() })?)
}

/// The operation is over, with the reason beside what the server had said, and its movements are undone.
fn take_back(
    tx: &Tx<'_>,
    row: &QueueRow,
    code: &str,
    extra: serde_json::Value,
    decision: Decision<'_>,
) -> Result<(), StoreError> {
    let was = row.fault.as_ref().map(|(_, code, params)| json!({ "code": code, "params": params }));
    let mut params = json!({ "reason": decision.reason, "was": was });
    if let (Some(all), Some(extra)) = (params.as_object_mut(), extra.as_object()) {
        all.extend(extra.clone());
    }
    tx.prepare_cached(
        "UPDATE sync_queue SET state = 'rejected', error_class = 'permanent', error_code = :code,
             error_params = :params, finished_at_ms = :now
         WHERE op_id = :op_id AND state = 'dead' AND generation = :generation",
    )?
    .execute(named_params! {
        ":code": code,
        ":params": to_json("sync_queue.error_params", &params)?,
        ":now": decision.at_ms,
        ":op_id": row.head.op_id.as_bytes(),
        ":generation": int("sync_queue.generation", row.generation)?,
    })?;
    stock::reverse(tx, row.head.op_id, decision.at_ms)
}
