//! The queue of business commands that wait for the server, written in the transaction of the change they describe.
//!
//! States: `pending -> in_flight(lease, generation) -> acknowledged | rejected | parked | dead`. Every step out of
//! `in_flight` names the generation of its claim, so that a late answer to an older claim changes nothing. Nothing
//! is lost by a crash: an expired or orphaned claim goes back to `pending`, which is safe because the server knows
//! each operation by its id.
//!
//! What must never be: a deleted operation, a changed one that may have left, a seq given twice or left out, an
//! operation sent before those it depends on, one that waits for another's failure without saying so.

/// The body of an operation, from `sync_queue AS q`: a sale's is its document, which is not kept twice; a
/// till document's is dropped when the server has had it for a while, and then read from the document.
macro_rules! body {
    () => {
        "coalesce(q.body, (SELECT s.document FROM sale AS s WHERE s.op_id = q.op_id),
             (SELECT t.document FROM till_document AS t WHERE t.op_id = q.op_id))"
    };
}
use body as BODY;

mod claim;
mod cycle;
mod decide;
mod enqueue;
mod outcome;
mod pages;
mod peek;
mod upkeep;
mod view;

use pos_domain::{Hash32, OpId};
use serde_json::Value;

pub use claim::{ClaimLimits, Claimed, claim_batch, claim_one, next_due};
pub use cycle::{Circle, find_circles, open_circles};
pub use decide::{
    DISCARDED, Decision, Hold, LEFT_OUT, REPLACED, count_waiting_for, discard, find_hold, hold_of, leave_out,
    list_dependencies, replace,
};
pub(crate) use enqueue::insert as insert_operation;
pub use enqueue::{NewOperation, coalesce, edits_on_top, enqueue, list_unacknowledged_of};
pub use outcome::{
    Fenced, OpFault, acknowledge, dead_letter, latch_to_fact, latch_to_withdraw, mark_own, park, reject,
    release,
};
pub use pages::{WholeOperation, list_whole};
pub use peek::{WaitingBody, peek};
pub(crate) use upkeep::move_to_epoch;
pub use upkeep::{
    SeenLife, expire_leases, forget_places, is_earlier_forgotten, is_forgotten, newest_acknowledged,
    recover_at_start, requeue_above, requeue_earlier, retry, retry_parked, tell_moved_again, trim,
};
pub use view::{
    KindCount, QueueCounts, QueueRow, count_by_kind, count_failed, count_pending, counts, find, find_body,
    list,
};

/// What the register asks the server for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpMode {
    /// May this be done? Only a checkout asks, while the customer waits; never sent in the background.
    Admit,
    /// This was done.
    Fact,
    /// Undo this if it was applied, and never apply it later.
    Withdraw,
}

impl OpMode {
    /// The mode's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admit => "admit",
            Self::Fact => "fact",
            Self::Withdraw => "withdraw",
        }
    }
}

/// How urgent an operation is. Within a lane, older goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// A sale: stock and money elsewhere depend on it.
    Checkout,
    /// An edit by a person.
    Edit,
    /// Imports and replays.
    Bulk,
}

impl Lane {
    pub(crate) const fn priority(self) -> u8 {
        match self {
            Self::Checkout => 0,
            Self::Edit => 1,
            Self::Bulk => 2,
        }
    }
}

/// Where an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpState {
    /// Waits for its turn, its due time or its dependencies.
    Pending,
    /// Claimed by a push.
    InFlight,
    /// The server has it.
    Acknowledged,
    /// The server refused it and the register has taken it back: a rolled-back or withdrawn sale.
    Rejected,
    /// Waits for a dependency that failed, or for an update of a program.
    Parked,
    /// Refused for good; a person must look.
    Dead,
}

impl OpState {
    /// The state's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Acknowledged => "acknowledged",
            Self::Rejected => "rejected",
            Self::Parked => "parked",
            Self::Dead => "dead",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, crate::StoreError> {
        [Self::Pending, Self::InFlight, Self::Acknowledged, Self::Rejected, Self::Parked, Self::Dead]
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| crate::StoreError::unreadable("sync_queue.state", format!("{name:?} is no state")))
    }
}

/// What kind of trouble an operation met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Passes by itself; never counts towards a limit.
    Transient,
    /// Will not pass by itself.
    Permanent,
    /// An operation that it depends on failed.
    Dependency,
    /// Register or server must be updated first.
    Upgrade,
    /// Should never happen; the owner must know.
    Alarm,
}

impl ErrorClass {
    /// The class's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Dependency => "dependency",
            Self::Upgrade => "upgrade",
            Self::Alarm => "alarm",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, crate::StoreError> {
        [Self::Transient, Self::Permanent, Self::Dependency, Self::Upgrade, Self::Alarm]
            .into_iter()
            .find(|class| class.as_str() == name)
            .ok_or_else(|| {
                crate::StoreError::unreadable("sync_queue.error_class", format!("{name:?} is no class"))
            })
    }
}

/// Longest time an operation is put off, in milliseconds. A due time or a lease further away than this comes from a
/// clock that was wrong and counts as passed.
pub const MAX_WAIT_MS: i64 = 15 * 60 * 1_000;

/// The fields of an operation that never change.
#[derive(Debug, Clone, PartialEq)]
pub struct OpHead {
    /// Identity and idempotency key.
    pub op_id: OpId,
    /// Life of the file in which it was numbered.
    pub epoch: u32,
    /// Place in this register's own order, dense per epoch.
    pub seq: u64,
    /// Kind of command.
    pub kind: String,
    /// Version of the kind.
    pub kind_version: u16,
    /// When it was made, in milliseconds since 1970 UTC.
    pub made_at_ms: i64,
    /// BLAKE3 of the body.
    pub body_hash: Hash32,
    /// Size of the body in bytes.
    pub body_bytes: u64,
}

/// Parameters of an error as a JSON object.
pub type ErrorParams = serde_json::Map<String, Value>;
