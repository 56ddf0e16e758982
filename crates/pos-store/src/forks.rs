//! What this register does once it learns that its file went on in two places.
//!
//! The server keeps aside what the other copy contradicts, and a conflict tells so. The numbers of this life may stand on
//! papers of both copies, so nothing more is numbered in it: a new life begins, once. What is kept aside waits here as
//! well, as refused operations, until a person has decided: recorded, they are sent again, and the server knows them;
//! left out, they are over and their goods are back. Everything is read from the tables, so a crash in between costs
//! nothing.

use pos_domain::{Conflict, ConflictChoice, OpId};
use rusqlite::named_params;
use serde_json::json;

use crate::audit::AuditEntry;
use crate::queue::{self, Decision};
use crate::sql::{Conn, Tx, all};
use crate::{StoreError, audit, chain, device, life};

/// Code of an operation whose place is taken by another copy's; its parameter `epoch` names the life.
pub const TAKEN: &str = "alarm.body_mismatch";

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// The life that was begun.
    pub begun: Option<u32>,
    /// Operations that are sent again.
    pub sent_again: usize,
    /// Operations that a person left out.
    pub left_out: usize,
}

impl Followed {
    /// There was nothing to do.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Follows what is known and decided about forks of this register.
///
/// # Errors
/// Those of writing.
pub fn follow(tx: &Tx<'_>, now_ms: i64) -> Result<Followed, StoreError> {
    let mut done = Followed::default();
    for conflict in list(tx)? {
        let Some(epoch) = conflict.fork.as_ref().map(|fork| fork.epoch) else { continue };
        let waiting = list_taken(tx, epoch)?;
        if waiting.is_empty() {
            continue;
        }
        if device::get(tx)?.epoch == epoch {
            done.begun = Some(leave_life(tx, epoch, now_ms)?);
        }
        match conflict.resolution() {
            Some(ConflictChoice::RecordBranch) => {
                for op_id in waiting {
                    done.sent_again = done.sent_again.saturating_add(queue::retry(tx, op_id, now_ms)?);
                }
            }
            Some(ConflictChoice::LeaveBranch) => {
                let reason = reason_of(&conflict);
                for op_id in waiting {
                    queue::leave_out(tx, op_id, Decision { reason: &reason, at_ms: now_ms })?;
                    done.left_out = done.left_out.saturating_add(1);
                }
            }
            Some(_) | None => {}
        }
    }
    Ok(done)
}

/// The lives of this register in which another copy worked, too.
///
/// # Errors
/// Those of reading.
pub fn list_lives(conn: &Conn) -> Result<Vec<u32>, StoreError> {
    Ok(list(conn)?.into_iter().filter_map(|conflict| Some(conflict.fork?.epoch)).collect())
}

/// Nothing more is numbered in a life that another copy uses, too. Its links that the server does not hold never follow
/// those that it holds: they are not owed.
fn leave_life(tx: &Tx<'_>, epoch: u32, now_ms: i64) -> Result<u32, StoreError> {
    let last = device::get(tx)?.head.number;
    let begun = life::begin_forked(tx, now_ms)?;
    chain::settle_owed(tx, epoch, last)?;
    audit::record(
        tx,
        &AuditEntry {
            at_ms: now_ms,
            actor: "Comptoir".to_owned(),
            action: "life.begun".to_owned(),
            subject: None,
            detail: json!({ "cause": "forked", "from_epoch": epoch, "epoch": begun }),
        },
    )?;
    Ok(begun)
}

/// The conflicts about this register's file, the oldest life first.
fn list(conn: &Conn) -> Result<Vec<Conflict>, StoreError> {
    let Some(device) = device::find(conn)? else { return Ok(Vec::new()) };
    let mut statement =
        conn.prepare_cached("SELECT data FROM conflict WHERE kind = 'fork' AND entity_id = :device")?;
    let rows = statement.query(named_params! { ":device": device.device_id.as_bytes() })?;
    let mut conflicts: Vec<Conflict> = all(rows, "conflict", |c| c.json("data"))?;
    conflicts.sort_by_key(|conflict| conflict.fork.as_ref().map(|fork| fork.epoch));
    Ok(conflicts)
}

/// Refused operations of a life whose places another copy's operations had taken, in their order.
fn list_taken(conn: &Conn, epoch: u32) -> Result<Vec<OpId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT op_id FROM sync_queue WHERE state = 'dead' AND error_code = :code
             AND json_extract(error_params, '$.epoch') = :epoch ORDER BY epoch, seq",
    )?;
    let rows = statement.query(named_params! { ":code": TAKEN, ":epoch": epoch })?;
    all(rows, "sync_queue", |c| c.id("op_id"))
}

/// What the person said, which the server does not do without.
fn reason_of(conflict: &Conflict) -> String {
    conflict.events.iter().rev().find_map(|event| event.note.clone()).unwrap_or_default()
}
