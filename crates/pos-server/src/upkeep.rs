//! Letting go of what nobody needs any more: old deletions, and decided conflicts in the lists of registers.
//!
//! A deletion stays in the feed until it is 90 days old and every live register has read it. A register that comes back
//! later than that cannot learn of it from the feed, and reads everything anew; what it sends is taken all the same. A
//! conflict that was decided a month ago leaves the feed as a deletion does, so that no register lists it any more. Of
//! both, the business itself forgets nothing: rows, conflicts and their story stay where they are, and so do operations
//! with their verdicts and the lives of registers, for ever.
//!
//! Works in steps of a few milliseconds, each a transaction like a push: whoever sells goes in between. Time is the
//! server's clock, by what was noted of the feed once a day; no row carries a time.

use pos_domain::DeviceId;
use pos_domain::body::EntityKind;

use crate::batch::{Batch, Failing, Origin};
use crate::remembered::Remembered;
use crate::storage::upkeep::{
    self, Reading, find_last_note, find_place, find_slowest, forget_deletions, list_decided, note_place,
};
use crate::storage::{Sql, Tx, awaited, business};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// How long a deletion stays in the feed at least.
const KEEP_DELETIONS_MS: i64 = 90 * DAY_MS;
/// How long a decided conflict stays in the lists of registers.
const KEEP_DECIDED_MS: i64 = 30 * DAY_MS;
/// A register that was not heard of for so long is not waited for: it reads everything anew when it comes back.
const LIVE_MS: i64 = 180 * DAY_MS;
/// How often the feed's place is noted.
const NOTE_EVERY_MS: u64 = 24 * 60 * 60 * 1_000;
/// Rows of one step: a few milliseconds of the writer.
const STEP_ROWS: usize = 200;

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Step {
    /// Deletions that are not kept any more.
    pub(crate) deletions: usize,
    /// Conflicts that left the lists.
    pub(crate) conflicts: usize,
}

impl Step {
    /// Another step would find more to do.
    pub(crate) fn is_full(self) -> bool {
        self.deletions >= STEP_ROWS || self.conflicts >= STEP_ROWS
    }
}

/// Notes where the feed stands when a day has passed, and how far registers have read.
pub(crate) fn note(tx: Tx<'_>, readings: &[(DeviceId, Reading)], now_ms: i64) -> Sql<()> {
    for (device_id, reading) in readings {
        upkeep::note_reading(tx, *device_id, *reading)?;
    }
    awaited::forget_answered(tx)?;
    // Also when the clock went back: the distance counts.
    if find_last_note(tx)?.is_none_or(|noted| now_ms.abs_diff(noted) >= NOTE_EVERY_MS) {
        let seq = business::get(tx)?.feed_seq;
        note_place(tx, now_ms, seq, now_ms.saturating_sub(KEEP_DELETIONS_MS))?;
    }
    Ok(())
}

/// One step.
pub(crate) fn step(tx: Tx<'_>, now_ms: i64) -> Sql<Step> {
    let mut step = Step::default();
    let old = find_place(tx, now_ms.saturating_sub(KEEP_DELETIONS_MS))?;
    let read_by_all = find_slowest(tx, now_ms.saturating_sub(LIVE_MS))?.unwrap_or(old);
    let until = old.min(read_by_all);
    if until > 0 {
        step.deletions = forget_deletions(tx, until, STEP_ROWS)?;
    }
    let decided = find_place(tx, now_ms.saturating_sub(KEEP_DECIDED_MS))?;
    let leaving = if decided > 0 { list_decided(tx, decided, STEP_ROWS)? } else { Vec::new() };
    if leaving.is_empty() {
        return Ok(step);
    }
    step.conflicts = leaving.len();
    let mut batch = Batch::begin(tx, Failing::Alone, now_ms, Remembered::default())?;
    for (conflict_id, rev) in leaving {
        let rev = rev + 1;
        upkeep::set_conflict_rev(tx, conflict_id, rev)?;
        let nobody = Origin { device_id: None, op_id: None };
        batch.touch(EntityKind::Conflict, conflict_id.0, rev, true, nobody);
        batch.add_total(EntityKind::Conflict, -1);
    }
    batch.finish()?;
    Ok(step)
}
