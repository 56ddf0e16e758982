//! What becomes of a claimed operation, and the one change of mind that an operation may have.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use rusqlite::named_params;
use uuid::Uuid;

use super::{ErrorClass, ErrorParams, MAX_WAIT_MS, OpMode};
use crate::sql::{Columns, Conn, Tx, first, int, to_json};
use crate::{StoreError, feed, stock};

/// Code of an operation that waits for one that failed.
pub(super) const DEPENDENCY_FAILED: &str = "dependency_failed";

/// Whether an answer was still wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an answer to an older claim changes nothing"]
pub enum Fenced {
    /// Done.
    Done,
    /// The answer belongs to an older claim, or the operation has moved on. Nothing was changed.
    Stale,
}

/// Why an operation was not acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct OpFault {
    /// What kind of trouble.
    pub class: ErrorClass,
    /// Stable code, such as `rejected.validation`.
    pub code: String,
    /// Facts, such as record and field.
    pub params: ErrorParams,
}

/// The server has the operation, with its effects at `feed_seq` of its feed. Those who waited for it wait no longer,
/// and its movements leave the pending stock as soon as the balance here contains them.
///
/// # Errors
/// Those of writing.
pub fn acknowledge(
    tx: &Tx<'_>,
    op_id: OpId,
    generation: u64,
    feed_seq: u64,
    now_ms: i64,
) -> Result<Fenced, StoreError> {
    #[cfg(feature = "planted")]
    let generation = newest_claim(tx, op_id, generation)?;
    let changed = tx
        .prepare_cached(
            "UPDATE sync_queue SET state = 'acknowledged', feed_seq = :feed_seq, finished_at_ms = :now,
                 lease_until_ms = NULL, error_class = NULL, error_code = NULL, error_params = NULL
             WHERE op_id = :op_id AND state = 'in_flight' AND generation = :generation",
        )?
        .execute(named_params! {
            ":feed_seq": int("sync_queue.feed_seq", feed_seq)?,
            ":now": now_ms,
            ":op_id": op_id.as_bytes(),
            ":generation": int("sync_queue.generation", generation)?,
        })?;
    if changed == 0 {
        return Ok(Fenced::Stale);
    }
    stock::contain(tx, op_id, feed_seq)?;
    let after = aftermath_of(tx, op_id)?;
    if after.awaited {
        tx.prepare_cached(
            "UPDATE sync_queue SET waits_for = waits_for - 1
             WHERE op_id IN (SELECT op_id FROM sync_dependency WHERE depends_on = :op_id)",
        )?
        .execute(named_params! { ":op_id": op_id.as_bytes() })?;
    }
    if let Some((kind, id)) = after.row {
        feed::refresh(tx, kind, id)?;
    }
    #[cfg(feature = "planted")] // Incident 22.
    if pos_planted::is(pos_planted::Bug::LaterEditMarkedAsSent) {
        tx.execute(
            "UPDATE sync_queue SET state = 'acknowledged', feed_seq = :feed_seq, finished_at_ms = :now
             WHERE state = 'pending' AND entity_id = (SELECT entity_id FROM sync_queue WHERE op_id = :op_id)",
            named_params! {
                ":feed_seq": int("sync_queue.feed_seq", feed_seq)?, ":now": now_ms, ":op_id": op_id.as_bytes(),
            },
        )?;
    }
    Ok(Fenced::Done)
}

/// What an acknowledgement brings about beside itself. Asked first, and at once: most operations have none of it, and
/// the empty set of an UPDATE costs as much as the rest of an acknowledgement.
struct Aftermath {
    /// Others wait for it.
    awaited: bool,
    /// The shared row that it edits.
    row: Option<(EntityKind, Uuid)>,
}

fn aftermath_of(conn: &Conn, op_id: OpId) -> Result<Aftermath, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT q.entity, q.entity_id, EXISTS (SELECT 1 FROM sync_dependency AS d WHERE d.depends_on = q.op_id) AS awaited
         FROM sync_queue AS q WHERE q.op_id = :op_id",
    )?;
    first(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_queue", |c| {
        Ok(Aftermath { awaited: c.get("awaited")?, row: row_of(c)? })
    })?
    .ok_or(StoreError::Missing { what: "operation", id: op_id.0 })
}

/// The shared row that the columns `entity` and `entity_id` name.
fn row_of(c: &Columns<'_, '_>) -> Result<Option<(EntityKind, Uuid)>, StoreError> {
    let entity: Option<String> = c.get("entity")?;
    entity.as_deref().and_then(EntityKind::parse).map(|kind| Ok((kind, c.id("entity_id")?))).transpose()
}

/// The server lists the operation among those whose effects lie below a cursor, as when the answer to its push was
/// lost. Only the place of its effects is learnt; the verdict still comes with the next push.
///
/// # Errors
/// Those of writing.
pub fn mark_own(tx: &Tx<'_>, op_id: OpId, feed_seq: u64) -> Result<(), StoreError> {
    let changed = tx
        .prepare_cached(
            "UPDATE sync_queue SET feed_seq = :feed_seq WHERE op_id = :op_id AND feed_seq IS NULL",
        )?
        .execute(named_params! {
            ":feed_seq": int("sync_queue.feed_seq", feed_seq)?, ":op_id": op_id.as_bytes(),
        })?;
    if changed == 1 {
        stock::contain(tx, op_id, feed_seq)?;
    }
    Ok(())
}

/// It could not be tried, or nobody knows: it waits until `next_due_at_ms`, at most [`MAX_WAIT_MS`] from now, and is
/// tried again, however often.
///
/// # Errors
/// Those of writing.
pub fn release(
    tx: &Tx<'_>,
    op_id: OpId,
    generation: u64,
    fault: &OpFault,
    next_due_at_ms: i64,
    now_ms: i64,
) -> Result<Fenced, StoreError> {
    #[cfg(feature = "planted")] // Incident 6.
    if pos_planted::is(pos_planted::Bug::TransientFailuresCount) {
        let attempts = "SELECT attempts FROM sync_queue WHERE op_id = :op_id";
        let attempts: i64 =
            tx.query_row(attempts, named_params! { ":op_id": op_id.as_bytes() }, |row| row.get(0))?;
        if attempts >= 5 {
            return leave_flight(tx, op_id, generation, "dead", fault, None, Some(now_ms));
        }
    }
    let due = next_due_at_ms.clamp(now_ms, now_ms.saturating_add(MAX_WAIT_MS));
    leave_flight(tx, op_id, generation, "pending", fault, Some(due), None)
}

/// The server refused it and the register has taken it back: a rolled-back or withdrawn sale. Final.
///
/// # Errors
/// Those of writing.
pub fn reject(
    tx: &Tx<'_>,
    op_id: OpId,
    generation: u64,
    fault: &OpFault,
    now_ms: i64,
) -> Result<Fenced, StoreError> {
    let fenced = leave_flight(tx, op_id, generation, "rejected", fault, None, Some(now_ms))?;
    if fenced == Fenced::Done {
        park_dependants(tx, op_id)?;
        refresh_row(tx, op_id)?;
    }
    Ok(fenced)
}

/// Refused for good: it waits for a person, and those that depend on it wait with it, saying so. The others go on.
///
/// # Errors
/// Those of writing.
pub fn dead_letter(
    tx: &Tx<'_>,
    op_id: OpId,
    generation: u64,
    fault: &OpFault,
    now_ms: i64,
) -> Result<Fenced, StoreError> {
    let fenced = leave_flight(tx, op_id, generation, "dead", fault, None, Some(now_ms))?;
    if fenced == Fenced::Done {
        park_dependants(tx, op_id)?;
        refresh_row(tx, op_id)?;
    }
    Ok(fenced)
}

/// Register or server must be updated first; see [`super::retry_parked`].
///
/// # Errors
/// Those of writing.
pub fn park(tx: &Tx<'_>, op_id: OpId, generation: u64, fault: &OpFault) -> Result<Fenced, StoreError> {
    leave_flight(tx, op_id, generation, "parked", fault, None, None)
}

/// The sale is a fact from now on, whatever the server says: it goes to the background at once, and answers to
/// earlier claims are stale.
///
/// # Errors
/// [`StoreError::WrongState`] when the operation does not ask for admission any more.
pub fn latch_to_fact(tx: &Tx<'_>, op_id: OpId, now_ms: i64) -> Result<(), StoreError> {
    latch(tx, op_id, OpMode::Fact, now_ms)
}

/// The cart was given back without an answer: the server must undo the sale if it has it, and never take it.
///
/// # Errors
/// [`StoreError::WrongState`] when the operation does not ask for admission any more.
pub fn latch_to_withdraw(tx: &Tx<'_>, op_id: OpId, now_ms: i64) -> Result<(), StoreError> {
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::WithdrawalIsNotSent) {
        tx.execute(
            "UPDATE sync_queue SET state = 'rejected', lease_until_ms = NULL, finished_at_ms = :now,
                 error_class = 'permanent', error_code = 'given_back', error_params = '{}'
             WHERE op_id = :op_id",
            named_params! { ":now": now_ms, ":op_id": op_id.as_bytes() },
        )?;
        return Ok(());
    }
    latch(tx, op_id, OpMode::Withdraw, now_ms)
}

fn latch(tx: &Tx<'_>, op_id: OpId, mode: OpMode, now_ms: i64) -> Result<(), StoreError> {
    #[cfg(feature = "planted")] // Incident 4.
    if pos_planted::is(pos_planted::Bug::LatchDoesNotFence) {
        tx.execute(
            "UPDATE sync_queue SET mode = :mode WHERE op_id = :op_id AND mode = 'admit'",
            named_params! { ":mode": mode.as_str(), ":op_id": op_id.as_bytes() },
        )?;
        return Ok(());
    }
    let changed = tx
        .prepare_cached(
            "UPDATE sync_queue SET mode = :mode, state = 'pending', generation = generation + 1,
                 lease_until_ms = NULL, next_due_at_ms = :now
             WHERE op_id = :op_id AND mode = 'admit' AND state IN ('pending', 'in_flight')",
        )?
        .execute(named_params! { ":mode": mode.as_str(), ":now": now_ms, ":op_id": op_id.as_bytes() })?;
    if changed == 1 {
        return Ok(());
    }
    // A sale whose dependency failed meanwhile is a fact all the same; it goes on waiting with it.
    let parked = tx
        .prepare_cached(
            "UPDATE sync_queue SET mode = :mode WHERE op_id = :op_id AND mode = 'admit' AND state = 'parked'",
        )?
        .execute(named_params! { ":mode": mode.as_str(), ":op_id": op_id.as_bytes() })?;
    if parked == 1 {
        return Ok(());
    }
    Err(StoreError::WrongState { what: "operation", id: op_id.0, state: "answered" })
}

/// The one way out of `in_flight` that is not an acknowledgement.
fn leave_flight(
    tx: &Tx<'_>,
    op_id: OpId,
    generation: u64,
    state: &'static str,
    fault: &OpFault,
    next_due_at_ms: Option<i64>,
    finished_at_ms: Option<i64>,
) -> Result<Fenced, StoreError> {
    #[cfg(feature = "planted")]
    let generation = newest_claim(tx, op_id, generation)?;
    let changed = tx
        .prepare_cached(
            "UPDATE sync_queue SET state = :state, lease_until_ms = NULL, error_class = :class, error_code = :code,
                 error_params = :params, next_due_at_ms = coalesce(:due, next_due_at_ms), finished_at_ms = :finished
             WHERE op_id = :op_id AND state = 'in_flight' AND generation = :generation",
        )?
        .execute(named_params! {
            ":state": state,
            ":class": fault.class.as_str(),
            ":code": fault.code,
            ":params": to_json("sync_queue.error_params", &fault.params)?,
            ":due": next_due_at_ms,
            ":finished": finished_at_ms,
            ":op_id": op_id.as_bytes(),
            ":generation": int("sync_queue.generation", generation)?,
        })?;
    Ok(if changed == 1 { Fenced::Done } else { Fenced::Stale })
}

/// The claim that an answer is taken for, whichever it belongs to.
#[cfg(feature = "planted")]
fn newest_claim(tx: &Tx<'_>, op_id: OpId, generation: u64) -> Result<u64, StoreError> {
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::AnswersAreNotFenced) {
        let sql = "SELECT generation FROM sync_queue WHERE op_id = :op_id";
        let mut statement = tx.prepare_cached(sql)?;
        let rows = statement.query(named_params! { ":op_id": op_id.as_bytes() })?;
        return Ok(first(rows, "sync_queue", |c| c.count("generation"))?.unwrap_or(generation));
    }
    Ok(generation)
}

/// Everything that waits for `op_id`, near or far, says so.
fn park_dependants(tx: &Tx<'_>, op_id: OpId) -> Result<(), StoreError> {
    tx.prepare_cached(
        "WITH RECURSIVE dependant (op_id) AS (
             SELECT op_id FROM sync_dependency WHERE depends_on = :op_id
             UNION
             SELECT d.op_id FROM sync_dependency AS d JOIN dependant ON d.depends_on = dependant.op_id
         )
         UPDATE sync_queue SET state = 'parked', error_class = 'dependency', error_code = :code,
             error_params = :params, lease_until_ms = NULL
         WHERE op_id IN (SELECT op_id FROM dependant) AND state IN ('pending', 'in_flight')",
    )?
    .execute(named_params! {
        ":op_id": op_id.as_bytes(),
        ":code": DEPENDENCY_FAILED,
        ":params": to_json("sync_queue.error_params", &serde_json::json!({ "op_id": op_id }))?,
    })?;
    Ok(())
}

/// The shared row that an operation edits, when it edits one.
pub(super) fn entity_of(conn: &Conn, op_id: OpId) -> Result<Option<(EntityKind, Uuid)>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT entity, entity_id FROM sync_queue WHERE op_id = :op_id")?;
    Ok(first(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_queue", row_of)?.flatten())
}

/// Computes the row that an operation edits anew.
pub(super) fn refresh_row(tx: &Tx<'_>, op_id: OpId) -> Result<(), StoreError> {
    match entity_of(tx, op_id)? {
        Some((kind, id)) => feed::refresh(tx, kind, id),
        None => Ok(()),
    }
}
