//! What a verdict means for the register's file.
//!
//! One verdict is written in one transaction: the operation's new state, the rows that came with it and the ids that
//! the server uses instead. The same for the background and for a checkout, which adds the final document.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use pos_protocol::{FeedRow, MappedId, OpVerdict, Verdict};
use pos_store::feed::IncomingRow;
use pos_store::mappings::Mapped;
use pos_store::queue::{self, Claimed, ErrorClass, Fenced, OpMode};
use pos_store::{Changed, StoreError, Topic, Tx, device, feed, forks, held_carts, mappings};

use super::push::fault;
use crate::status::Alarm;

/// Pause before an operation is sent again that the server could not place yet, in milliseconds: what it waits for
/// is under way.
const ORDER_AGAIN_MS: i64 = 1_000;

/// The claim that a verdict answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The operation.
    pub op_id: OpId,
    /// Names the claim; a verdict on an older one changes nothing.
    pub generation: u64,
    /// What was asked.
    pub mode: OpMode,
}

impl From<&Claimed> for Answered {
    fn from(claimed: &Claimed) -> Self {
        Self { op_id: claimed.op_id, generation: claimed.generation, mode: claimed.mode }
    }
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In one word.
    pub end: End,
    /// The claim was an older one; nothing was written.
    pub stale: bool,
    /// The server had seen the operation before.
    pub duplicate: bool,
    /// What screens must read again.
    pub changed: Changed,
    /// What stops a lane.
    pub alarm: Option<Alarm>,
}

/// Where an operation ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The server has it.
    Applied,
    /// Refused for good, and a person must look.
    Dead,
    /// Refused for good, as the register wanted or already dealt with.
    Settled,
    /// It is tried again by itself.
    Waits,
}

impl Outcome {
    pub(super) fn waits(fenced: Fenced) -> Self {
        Self::new(End::Waits, fenced)
    }

    fn new(end: End, fenced: Fenced) -> Self {
        let mut changed = Changed::default();
        changed.topics.insert(Topic::Sync);
        Self { end, stale: fenced == Fenced::Stale, duplicate: false, changed, alarm: None }
    }
}

/// Writes down a verdict: acknowledgement, rows and mappings, or the reason why not. Call it in a transaction; an
/// admitted sale's final document belongs into the same one.
///
/// # Errors
/// Those of writing.
pub fn apply_verdict(
    tx: &Tx<'_>,
    answered: &Answered,
    verdict: &OpVerdict,
    now_ms: i64,
) -> Result<Outcome, StoreError> {
    let mut outcome = match &verdict.verdict {
        Verdict::Applied { feed_seq, mapped_ids, rows, conflict_id: _, already_gone }
            if answered.mode != OpMode::Withdraw =>
        {
            let mut outcome = acknowledge(tx, answered, *feed_seq, now_ms)?;
            if *already_gone && !outcome.stale {
                outcome.changed.topics.extend(note_taken(tx, answered.op_id, now_ms)?);
            }
            outcome.changed.join(take_mappings(tx, mapped_ids, now_ms)?);
            outcome.changed.join(take_rows(tx, rows)?);
            outcome
        }
        Verdict::Conflict { feed_seq, rows, conflict_id: _, fields: _ } => {
            let mut outcome = acknowledge(tx, answered, *feed_seq, now_ms)?;
            outcome.changed.join(take_rows(tx, rows)?);
            outcome
        }
        // Whatever the reason: the server has nothing of what was to be taken back.
        Verdict::Rejected { reason, .. } if answered.mode == OpMode::Withdraw => {
            let code = format!("rejected.{}", reason.as_str());
            let fault = fault(ErrorClass::Permanent, &code, serde_json::json!({}));
            let fenced = queue::reject(tx, answered.op_id, answered.generation, &fault, now_ms)?;
            Outcome::new(End::Settled, fenced)
        }
        Verdict::Rejected { reason, field, detail } => {
            let params = serde_json::json!({ "field": field, "detail": detail });
            dead(tx, answered, &format!("rejected.{}", reason.as_str()), params, now_ms)?
        }
        Verdict::BlockedBy { op_id } => {
            let params = serde_json::json!({ "op_id": op_id });
            wait(tx, answered, "sync.blocked_by", params, ORDER_AGAIN_MS, now_ms)?
        }
        Verdict::Gap { expected } => {
            let params = serde_json::json!({ "expected": expected });
            wait(tx, answered, "sync.gap", params, ORDER_AGAIN_MS, now_ms)?
        }
        Verdict::Retry { after_ms } => {
            let params = serde_json::json!({});
            wait(tx, answered, "sync.retry", params, i64::from(*after_ms), now_ms)?
        }
        Verdict::UnknownKind => {
            let fault = fault(ErrorClass::Upgrade, "upgrade.server", serde_json::json!({}));
            Outcome::new(End::Waits, queue::park(tx, answered.op_id, answered.generation, &fault)?)
        }
        Verdict::StaleEpoch { current } => {
            let params = serde_json::json!({ "current": current });
            let outcome = wait(tx, answered, Alarm::StaleEpoch.as_str(), params, 0, now_ms)?;
            Outcome { alarm: Some(Alarm::StaleEpoch), ..outcome }
        }
        Verdict::BodyMismatch => alarm(tx, answered, forks::TAKEN, now_ms)?,
        // A server that refuses a fact for lack of stock, or applies what was withdrawn, breaks the protocol.
        Verdict::InsufficientStock { .. } | Verdict::Applied { .. } => {
            alarm(tx, answered, "alarm.unexpected_verdict", now_ms)?
        }
    };
    outcome.duplicate = verdict.duplicate;
    Ok(outcome)
}

fn acknowledge(tx: &Tx<'_>, answered: &Answered, feed_seq: u64, now_ms: i64) -> Result<Outcome, StoreError> {
    let fenced = queue::acknowledge(tx, answered.op_id, answered.generation, feed_seq, now_ms)?;
    let mut outcome = Outcome::new(End::Applied, fenced);
    outcome.changed.topics.insert(Topic::Stock);
    Ok(outcome)
}

/// What this register took away was gone. Of a held cart people must hear: somebody else has it on their counter.
fn note_taken(tx: &Tx<'_>, op_id: OpId, now_ms: i64) -> Result<Option<Topic>, StoreError> {
    let held = queue::find(tx, op_id)?.and_then(|row| row.entity);
    let held = held.filter(|(entity, _)| entity == EntityKind::HeldCart.as_str());
    let Some((_, id)) = held else { return Ok(None) };
    held_carts::record_taken_elsewhere(tx, id.into(), now_ms)?;
    Ok(Some(Topic::Carts))
}

fn dead(
    tx: &Tx<'_>,
    answered: &Answered,
    code: &str,
    params: serde_json::Value,
    now_ms: i64,
) -> Result<Outcome, StoreError> {
    let fault = fault(ErrorClass::Permanent, code, params);
    Ok(Outcome::new(End::Dead, queue::dead_letter(tx, answered.op_id, answered.generation, &fault, now_ms)?))
}

fn alarm(tx: &Tx<'_>, answered: &Answered, code: &str, now_ms: i64) -> Result<Outcome, StoreError> {
    tracing::error!(op_id = %answered.op_id, code, "the server contradicts this register");
    // In which life: that is what a fork, if it is one, is about.
    let params = serde_json::json!({ "epoch": device::get(tx)?.epoch });
    let fault = fault(ErrorClass::Alarm, code, params);
    let fenced = queue::dead_letter(tx, answered.op_id, answered.generation, &fault, now_ms)?;
    Ok(Outcome { alarm: Some(Alarm::BodyMismatch), ..Outcome::new(End::Dead, fenced) })
}

fn wait(
    tx: &Tx<'_>,
    answered: &Answered,
    code: &str,
    params: serde_json::Value,
    pause_ms: i64,
    now_ms: i64,
) -> Result<Outcome, StoreError> {
    let fault = fault(ErrorClass::Transient, code, params);
    let due_ms = now_ms.saturating_add(pause_ms);
    Ok(Outcome::waits(queue::release(tx, answered.op_id, answered.generation, &fault, due_ms, now_ms)?))
}

fn take_rows(tx: &Tx<'_>, rows: &[FeedRow]) -> Result<Changed, StoreError> {
    let rows: Vec<IncomingRow> = rows.iter().cloned().map(incoming).collect();
    feed::apply_rows(tx, &rows)
}

fn take_mappings(tx: &Tx<'_>, mapped: &[MappedId], now_ms: i64) -> Result<Changed, StoreError> {
    let mut changed = Changed::default();
    #[cfg(feature = "planted")] // Incident 24.
    let mapped = if pos_planted::is(pos_planted::Bug::MappingIsNotWritten) { &[] } else { mapped };
    for mapping in mapped {
        let Some(entity) = EntityKind::parse(&mapping.entity) else {
            tracing::warn!(entity = mapping.entity, "an id of an unknown kind was mapped by the server");
            continue;
        };
        match mappings::apply(tx, entity, mapping.local_id, mapping.server_id, now_ms)? {
            Mapped::Applied => {
                changed.topics.extend([Topic::Products, Topic::Customers, Topic::Stock, Topic::Carts])
            }
            Mapped::Known | Mapped::Orphaned => {}
        }
    }
    Ok(changed)
}

/// A row as the store takes it.
pub(super) fn incoming(row: FeedRow) -> IncomingRow {
    let FeedRow { seq, entity, id, rev, deleted, origin_device: _, origin_op: _, data } = row;
    IncomingRow { seq, entity, id, rev, deleted, data }
}

/// What became of the operations of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// The server has them.
    pub(crate) applied: u32,
    /// Refused for good.
    pub(crate) refused: u32,
    /// The server had seen them before.
    pub(crate) duplicates: u32,
    /// Conflicts that were opened.
    pub(crate) conflicts: u32,
    /// The chain is countersigned further than before.
    pub(crate) links_taken: bool,
    /// What screens must read again.
    pub(crate) changed: Changed,
    /// What stops a lane.
    pub(crate) alarm: Option<Alarm>,
}

impl Tally {
    pub(super) fn add(&mut self, outcome: Outcome) {
        let counted = u32::from(!outcome.stale);
        match outcome.end {
            End::Applied => self.applied = self.applied.saturating_add(counted),
            End::Dead => self.refused = self.refused.saturating_add(counted),
            End::Settled | End::Waits => {}
        }
        self.duplicates = self.duplicates.saturating_add(u32::from(outcome.duplicate));
        self.conflicts = self.conflicts.saturating_add(outcome.changed.conflicts_opened);
        self.changed.join(outcome.changed);
        self.alarm = self.alarm.max(outcome.alarm);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.applied = self.applied.saturating_add(other.applied);
        self.refused = self.refused.saturating_add(other.refused);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        self.conflicts = self.conflicts.saturating_add(other.conflicts);
        self.links_taken |= other.links_taken;
        self.changed.join(other.changed);
        self.alarm = self.alarm.max(other.alarm);
    }
}
