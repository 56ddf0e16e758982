//! Claiming operations for a push: dependencies first, then lane, then age.

use std::collections::HashSet;

use pos_domain::{Hash32, OpId};
use rusqlite::named_params;

use super::decide::list_dependencies;
use super::{BODY, MAX_WAIT_MS, OpMode};
use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first, int};

/// Most dependencies of one operation that are brought along by [`claim_one`], with theirs.
const MAX_CLOSURE: usize = 2_000;

/// How much one push takes, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimLimits {
    /// Most operations.
    pub ops: u32,
    /// Most bytes; the first operation is taken whatever its size.
    pub bytes: u64,
    /// Bytes that each operation takes beside its body.
    pub envelope_bytes: u64,
    /// Milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// Until when the claim holds unless it is answered, in milliseconds since 1970 UTC.
    pub lease_until_ms: i64,
}

/// An operation on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Identity.
    pub op_id: OpId,
    /// Life of the file in which it was numbered.
    pub epoch: u32,
    /// Place in this register's order.
    pub seq: u64,
    /// Kind of command.
    pub kind: String,
    /// Version of the kind.
    pub kind_version: u16,
    /// What is asked.
    pub mode: OpMode,
    /// Operations that the server must have before.
    pub depends_on: Vec<OpId>,
    /// When it was made, in milliseconds since 1970 UTC.
    pub made_at_ms: i64,
    /// The body, byte for byte.
    pub body: String,
    /// BLAKE3 of the body.
    pub body_hash: Hash32,
    /// Names this claim; every answer must give it.
    pub generation: u64,
}

/// Claims the next operations for a background push, in the order in which they must be tried. Those whose
/// dependencies are all acknowledged go first; then those whose open dependencies are in the same claim.
///
/// # Errors
/// Those of writing.
pub fn claim_batch(tx: &Tx<'_>, limits: ClaimLimits) -> Result<Vec<Claimed>, StoreError> {
    let mut room = Room { ops: limits.ops, bytes: limits.bytes, envelope_bytes: limits.envelope_bytes };
    let mut chosen = choose_ready(tx, limits, &mut room)?;
    let mut taken: HashSet<OpId> = chosen.iter().copied().collect();
    let mut at = 0;
    while room.ops > 0 {
        let Some(cause) = chosen.get(at).copied() else { break };
        at += 1;
        for (op_id, bytes) in freed_by(tx, cause, limits.now_ms)? {
            if taken.contains(&op_id) || !open_dependencies(tx, op_id)?.iter().all(|d| taken.contains(d)) {
                continue;
            }
            if !room.take(bytes, false) {
                continue;
            }
            taken.insert(op_id);
            chosen.push(op_id);
        }
    }
    chosen.into_iter().map(|op_id| claim(tx, op_id, limits.lease_until_ms)).collect()
}

/// Claims one operation for the checkout's own lane, together with the pending operations it depends on, which stand
/// before it. Empty when it is not pending, or when it waits for one that failed.
///
/// # Errors
/// [`StoreError::Missing`] when there is no such operation.
pub fn claim_one(tx: &Tx<'_>, op_id: OpId, lease_until_ms: i64) -> Result<Vec<Claimed>, StoreError> {
    if state_of(tx, op_id)? != "pending" {
        return Ok(Vec::new());
    }
    // Depth first, each operation after those it depends on.
    let mut order = Vec::new();
    let mut seen = HashSet::from([op_id]);
    let mut path = vec![(op_id, false)];
    while let Some((next, expanded)) = path.pop() {
        if expanded {
            order.push(next);
            continue;
        }
        path.push((next, true));
        for dependency in open_dependencies(tx, next)? {
            match state_of(tx, dependency)?.as_str() {
                "pending" if seen.insert(dependency) => path.push((dependency, false)),
                // On its way already, or in this closure.
                "pending" | "in_flight" => {}
                _ => return Ok(Vec::new()),
            }
        }
        if seen.len() > MAX_CLOSURE {
            return Ok(Vec::new());
        }
    }
    order.into_iter().map(|op_id| claim(tx, op_id, lease_until_ms)).collect()
}

/// When the next operation is due: `now_ms` when one is already, `None` when none waits for time alone. Sales that
/// ask for admission are the checkout's business and do not count.
///
/// # Errors
/// Those of reading.
pub fn next_due(conn: &Conn, now_ms: i64) -> Result<Option<i64>, StoreError> {
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::FarDueTimesAreBelieved) {
        let due = "SELECT min(next_due_at_ms) FROM sync_queue
            WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit'";
        let due: Option<i64> = conn.query_row(due, [], |row| row.get(0))?;
        return Ok(due.map(|due| due.max(now_ms)));
    }
    let mut due = conn.prepare_cached(
        "SELECT 1 FROM sync_queue WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit'
           AND (next_due_at_ms <= :now OR next_due_at_ms > :now + :wrong) LIMIT 1",
    )?;
    if due.exists(named_params! { ":now": now_ms, ":wrong": MAX_WAIT_MS })? {
        return Ok(Some(now_ms));
    }
    let mut later = conn.prepare_cached(
        "SELECT min(next_due_at_ms) AS due FROM sync_queue
         WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit'",
    )?;
    Ok(first(later.query([])?, "sync_queue", |c| c.get("due"))?.flatten())
}

/// What is left of a push's limits.
struct Room {
    ops: u32,
    bytes: u64,
    envelope_bytes: u64,
}

impl Room {
    fn take(&mut self, body_bytes: u64, whatever_its_size: bool) -> bool {
        let bytes = body_bytes.saturating_add(self.envelope_bytes);
        if self.ops == 0 || (bytes > self.bytes && !whatever_its_size) {
            return false;
        }
        self.ops -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        true
    }
}

fn choose_ready(tx: &Tx<'_>, limits: ClaimLimits, room: &mut Room) -> Result<Vec<OpId>, StoreError> {
    #[cfg(feature = "planted")] // Incident 5.
    if pos_planted::is(pos_planted::Bug::DeadOperationBlocksTheQueue) && super::count_failed(tx)? > 0 {
        return Ok(Vec::new());
    }
    let mut statement = tx.prepare_cached(
        "SELECT op_id, body_bytes FROM sync_queue
         WHERE state = 'pending' AND waits_for = 0 AND mode <> 'admit'
           AND (next_due_at_ms <= :now OR next_due_at_ms > :now + :wrong)
         ORDER BY priority, epoch, seq LIMIT :ops",
    )?;
    let mut rows = statement.query(named_params! {
        ":now": limits.now_ms, ":wrong": MAX_WAIT_MS, ":ops": limits.ops,
    })?;
    let mut chosen = Vec::new();
    while let Some(row) = rows.next()? {
        let c = Columns::of("sync_queue", row);
        if !room.take(c.count("body_bytes")?, chosen.is_empty()) {
            break;
        }
        chosen.push(c.id("op_id")?);
    }
    Ok(chosen)
}

/// Pending operations that wait for `cause` and are due, with their sizes, oldest first.
fn freed_by(tx: &Tx<'_>, cause: OpId, now_ms: i64) -> Result<Vec<(OpId, u64)>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT q.op_id, q.body_bytes FROM sync_dependency AS d JOIN sync_queue AS q ON q.op_id = d.op_id
         WHERE d.depends_on = :cause AND q.state = 'pending' AND q.mode <> 'admit'
           AND (q.next_due_at_ms <= :now OR q.next_due_at_ms > :now + :wrong)
         ORDER BY q.priority, q.epoch, q.seq",
    )?;
    let rows = statement.query(named_params! {
        ":cause": cause.as_bytes(), ":now": now_ms, ":wrong": MAX_WAIT_MS,
    })?;
    all(rows, "sync_queue", |c| Ok((c.id("op_id")?, c.count("body_bytes")?)))
}

fn open_dependencies(conn: &Conn, op_id: OpId) -> Result<Vec<OpId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT d.depends_on FROM sync_dependency AS d JOIN sync_queue AS q ON q.op_id = d.depends_on
         WHERE d.op_id = :op_id AND q.state <> 'acknowledged' ORDER BY q.epoch DESC, q.seq DESC",
    )?;
    all(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_dependency", |c| {
        c.id("depends_on")
    })
}

fn state_of(conn: &Conn, op_id: OpId) -> Result<String, StoreError> {
    let mut statement = conn.prepare_cached("SELECT state FROM sync_queue WHERE op_id = :op_id")?;
    first(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_queue", |c| c.get("state"))?
        .ok_or(StoreError::Missing { what: "operation", id: op_id.0 })
}

fn claim(tx: &Tx<'_>, op_id: OpId, lease_until_ms: i64) -> Result<Claimed, StoreError> {
    let mut statement = tx.prepare_cached(concat!(
        "SELECT q.epoch, q.seq, q.kind, q.kind_version, q.mode, q.made_at_ms, q.body_hash, q.generation, q.state, ",
        BODY!(),
        " AS body, EXISTS (SELECT 1 FROM sync_dependency AS d WHERE d.op_id = q.op_id) AS depends
         FROM sync_queue AS q WHERE q.op_id = :op_id"
    ))?;
    let found = first(statement.query(named_params! { ":op_id": op_id.as_bytes() })?, "sync_queue", |c| {
        if c.get::<String>("state")? != "pending" {
            return Err(StoreError::WrongState { what: "operation", id: op_id.0, state: "claimed" });
        }
        let claimed = Claimed {
            op_id,
            epoch: c.count("epoch")?,
            seq: c.count("seq")?,
            kind: c.get("kind")?,
            kind_version: c.count("kind_version")?,
            mode: mode(c)?,
            depends_on: Vec::new(),
            made_at_ms: c.get("made_at_ms")?,
            // A lost document gives no body, and no body gives no hash: the last look before it leaves finds that.
            body: c.get::<Option<String>>("body")?.unwrap_or_default(),
            body_hash: c.hash("body_hash")?,
            generation: c.count::<u64>("generation")?.saturating_add(1),
        };
        Ok((claimed, c.get::<bool>("depends")?))
    })?;
    let (mut claimed, depends) = found.ok_or(StoreError::Missing { what: "operation", id: op_id.0 })?;
    if depends {
        claimed.depends_on = list_dependencies(tx, op_id)?;
    }
    tx.prepare_cached(
        "UPDATE sync_queue SET state = 'in_flight', generation = :generation, attempts = attempts + 1,
             lease_until_ms = :lease
         WHERE op_id = :op_id",
    )?
    .execute(named_params! {
        ":generation": int("sync_queue.generation", claimed.generation)?,
        ":lease": lease_until_ms,
        ":op_id": op_id.as_bytes(),
    })?;
    Ok(claimed)
}

/// The mode column.
pub(super) fn mode(c: &Columns<'_, '_>) -> Result<OpMode, StoreError> {
    let name: String = c.get("mode")?;
    [OpMode::Admit, OpMode::Fact, OpMode::Withdraw]
        .into_iter()
        .find(|mode| mode.as_str() == name)
        .ok_or_else(|| StoreError::unreadable("sync_queue.mode", format!("{name:?} is no mode")))
}
