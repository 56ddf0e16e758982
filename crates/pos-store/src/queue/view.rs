//! The queue as people see it: counts, ages, reasons.

use pos_domain::OpId;
use rusqlite::named_params;
use uuid::Uuid;

use super::claim::mode;
use super::{BODY, ErrorClass, ErrorParams, OpHead, OpMode, OpState};
use crate::StoreError;
use crate::sql::{Columns, Conn, all, first};

/// An operation in the queue, without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueRow {
    /// What never changes.
    pub head: OpHead,
    /// What is asked.
    pub mode: OpMode,
    /// Where it is.
    pub state: OpState,
    /// Dependencies that the server does not have yet.
    pub waits_for: u32,
    /// How often it was pushed.
    pub attempts: u32,
    /// Names its last claim.
    pub generation: u64,
    /// Not before, in milliseconds since 1970 UTC.
    pub next_due_at_ms: i64,
    /// The last trouble, if there was any.
    pub fault: Option<(ErrorClass, String, ErrorParams)>,
    /// Place of its effects in the server's feed, once known.
    pub feed_seq: Option<u64>,
    /// The row that it edits: kind and id.
    pub entity: Option<(String, Uuid)>,
}

/// How many operations are where. Acknowledged ones are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// Wait for their turn.
    pub pending: u64,
    /// On their way.
    pub in_flight: u64,
    /// Wait for another's failure or an update.
    pub parked: u64,
    /// Wait for a person.
    pub dead: u64,
    /// When the oldest that is not dead was made, in milliseconds since 1970 UTC.
    pub oldest_made_at_ms: Option<i64>,
}

impl QueueCounts {
    /// Everything that the server does not have.
    pub fn unsynced(&self) -> u64 {
        self.pending.saturating_add(self.in_flight).saturating_add(self.parked).saturating_add(self.dead)
    }
}

/// Operations of one kind that a sync would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindCount {
    /// The kind.
    pub kind: String,
    /// How many.
    pub operations: u64,
    /// Size of their bodies.
    pub bytes: u64,
}

/// How many operations are where.
///
/// # Errors
/// Those of reading.
pub fn counts(conn: &Conn) -> Result<QueueCounts, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT state, count(*) AS n, min(made_at_ms) AS oldest FROM sync_queue
         WHERE state <> 'acknowledged' GROUP BY state",
    )?;
    let groups = all(statement.query([])?, "sync_queue", |c| {
        Ok((
            OpState::parse(&c.get::<String>("state")?)?,
            c.count::<u64>("n")?,
            c.get::<Option<i64>>("oldest")?,
        ))
    })?;
    let mut counts = QueueCounts::default();
    for (state, n, oldest) in groups {
        match state {
            OpState::Pending => counts.pending = n,
            OpState::InFlight => counts.in_flight = n,
            OpState::Parked => counts.parked = n,
            OpState::Dead => counts.dead = n,
            OpState::Acknowledged | OpState::Rejected => {}
        }
        if matches!(state, OpState::Pending | OpState::InFlight | OpState::Parked) {
            counts.oldest_made_at_ms = [counts.oldest_made_at_ms, oldest].into_iter().flatten().min();
        }
    }
    Ok(counts)
}

/// How many operations are pending, counted up to `at_most`: a backlog of a hundred thousand is not walked to learn that
/// there is more than the next pushes take.
///
/// # Errors
/// Those of reading.
pub fn count_pending(conn: &Conn, at_most: u32) -> Result<u32, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) AS n FROM (SELECT 1 FROM sync_queue
             WHERE state = 'pending' AND state <> 'acknowledged' LIMIT :at_most)",
    )?;
    let rows = statement.query(named_params! { ":at_most": at_most })?;
    Ok(first(rows, "sync_queue", |c| c.count("n"))?.unwrap_or(0))
}

/// What a sync would send, by kind: pending operations, also those in back-off.
///
/// # Errors
/// Those of reading.
pub fn count_by_kind(conn: &Conn) -> Result<Vec<KindCount>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT kind, count(*) AS n, sum(body_bytes) AS bytes FROM sync_queue
         WHERE state <> 'acknowledged' AND state IN ('pending', 'in_flight') GROUP BY kind ORDER BY kind",
    )?;
    all(statement.query([])?, "sync_queue", |c| {
        Ok(KindCount { kind: c.get("kind")?, operations: c.count("n")?, bytes: c.count("bytes")? })
    })
}

pub(super) const COLUMNS: &str =
    "op_id, epoch, seq, kind, kind_version, mode, made_at_ms, body_hash, body_bytes, entity, entity_id,
    waits_for, state, generation, attempts, next_due_at_ms, error_class, error_code, error_params, feed_seq";

/// One operation.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, op_id: OpId) -> Result<Option<QueueRow>, StoreError> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM sync_queue WHERE op_id = :op_id"))?;
    first(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_queue", read)
}

/// A page of the operations in one state, oldest first, after the given one. Acknowledged ones, which are all that this
/// register ever sent, come in its own order instead.
///
/// # Errors
/// Those of reading.
pub fn list(
    conn: &Conn,
    state: OpState,
    after: Option<OpId>,
    limit: u32,
) -> Result<Vec<QueueRow>, StoreError> {
    let (epoch, made_at, seq) = match after {
        None => (0, i64::MIN, 0),
        Some(op_id) => {
            let row = find(conn, op_id)?.ok_or(StoreError::Missing { what: "operation", id: op_id.0 })?;
            (row.head.epoch, row.head.made_at_ms, crate::sql::int("sync_queue.seq", row.head.seq)?)
        }
    };
    if state == OpState::Acknowledged {
        let mut statement = conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sync_queue WHERE state = 'acknowledged' AND (epoch, seq) > (:epoch, :seq)
             ORDER BY epoch, seq LIMIT :limit"
        ))?;
        let rows = statement.query(named_params! { ":epoch": epoch, ":seq": seq, ":limit": limit })?;
        return all(rows, "sync_queue", read);
    }
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sync_queue
         WHERE state <> 'acknowledged' AND state = :state AND (made_at_ms, seq) > (:made_at, :seq)
         ORDER BY made_at_ms, seq LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! {
        ":state": state.as_str(), ":made_at": made_at, ":seq": seq, ":limit": limit,
    })?;
    all(rows, "sync_queue", read)
}

pub(super) fn read(c: &Columns<'_, '_>) -> Result<QueueRow, StoreError> {
    let class: Option<String> = c.get("error_class")?;
    let fault = match class {
        None => None,
        Some(class) => Some((
            ErrorClass::parse(&class)?,
            c.get::<Option<String>>("error_code")?.unwrap_or_default(),
            c.opt_json("error_params")?.unwrap_or_default(),
        )),
    };
    let entity: Option<String> = c.get("entity")?;
    Ok(QueueRow {
        head: OpHead {
            op_id: c.id("op_id")?,
            epoch: c.count("epoch")?,
            seq: c.count("seq")?,
            kind: c.get("kind")?,
            kind_version: c.count("kind_version")?,
            made_at_ms: c.get("made_at_ms")?,
            body_hash: c.hash("body_hash")?,
            body_bytes: c.count("body_bytes")?,
        },
        mode: mode(c)?,
        state: OpState::parse(&c.get::<String>("state")?)?,
        waits_for: c.count("waits_for")?,
        attempts: c.count("attempts")?,
        generation: c.count("generation")?,
        next_due_at_ms: c.get("next_due_at_ms")?,
        fault,
        feed_seq: c.opt_count("feed_seq")?,
        entity: entity.map(|kind| c.id("entity_id").map(|id| (kind, id))).transpose()?,
    })
}

/// How many operations met trouble that passes and wait for their next attempt.
///
/// # Errors
/// Those of reading.
pub fn count_failed(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) AS n FROM sync_queue
         WHERE state <> 'acknowledged' AND state = 'pending' AND error_class = 'transient'",
    )?;
    Ok(first(statement.query([])?, "sync_queue", |c| c.count("n"))?.unwrap_or(0))
}

/// The body of an operation, byte for byte; `None` when there is no such operation or its body was trimmed.
///
/// # Errors
/// Those of reading.
pub fn find_body(conn: &Conn, op_id: OpId) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        BODY!(),
        " AS body FROM sync_queue AS q WHERE q.op_id = :op_id"
    ))?;
    let rows = statement.query(named_params! { ":op_id": op_id.as_bytes() })?;
    Ok(first(rows, "sync_queue", |c| c.get("body"))?.flatten())
}
