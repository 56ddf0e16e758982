//! How the exchange stands, for people: computed from the queue and the engine, never from hope.

use std::collections::BTreeMap;
use std::time::Duration;

use pos_domain::body::EntityKind;

use crate::breaker::BreakerState;

/// The state in one word, on every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncState {
    /// Everything is on the server.
    Synced,
    /// Something waits and is on its way.
    Pending,
    /// The server cannot be reached.
    Offline,
    /// A person must look.
    Attention,
}

/// A fault that stops a lane until a person has looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The server holds another body under one of our operation ids.
    BodyMismatch,
    /// The server knows a newer life of this register's file: this one was restored or cloned.
    StaleEpoch,
    /// A link of the receipts chain does not fit what the server holds.
    ChainFault,
    /// Another server answers under the address that was joined.
    OtherServer,
    /// The server does not let this register in any more.
    Denied,
}

impl Alarm {
    /// The alarm's stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BodyMismatch => pos_store::forks::TAKEN,
            Self::StaleEpoch => "alarm.stale_epoch",
            Self::ChainFault => "alarm.chain_fault",
            Self::OtherServer => "alarm.other_server",
            Self::Denied => "alarm.denied",
        }
    }
}

/// How far a first sync has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Kind of rows that is being read.
    pub entity: EntityKind,
    /// Rows read, of all kinds, those of earlier runs included.
    pub rows: u64,
    /// Rows read since the program began.
    pub rows_in_this_run: u64,
    /// Bytes of row data read since the program began.
    pub bytes: u64,
    /// Rows per second since the program began.
    pub rows_per_second: u64,
    /// Settings, products, stock and people are there: selling can begin.
    pub can_sell: bool,
    totals: BTreeMap<EntityKind, u64>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            entity: EntityKind::Setting,
            rows: 0,
            rows_in_this_run: 0,
            bytes: 0,
            rows_per_second: 0,
            can_sell: false,
            totals: BTreeMap::new(),
        }
    }

    /// Rows in all, of the kinds that the server has counted so far.
    pub fn total(&self) -> u64 {
        self.totals.values().fold(0_u64, |sum, rows| sum.saturating_add(*rows)).max(self.rows)
    }

    /// Time left at the rate so far, once there is one.
    pub fn remaining(&self) -> Option<Duration> {
        self.total().saturating_sub(self.rows).checked_div(self.rows_per_second).map(Duration::from_secs)
    }

    pub(crate) fn expect(&mut self, kind: EntityKind, rows: u64) {
        self.totals.insert(kind, rows);
    }

    pub(crate) fn measure(&mut self, elapsed: Duration) {
        let elapsed_ms = crate::backoff::millis(elapsed).max(1);
        self.rows_per_second = self.rows_in_this_run.saturating_mul(1_000) / elapsed_ms;
    }
}

/// How the exchange stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncStatus {
    /// In one word.
    pub state: SyncState,
    /// The server answers.
    pub online: bool,
    /// Where the breaker stands.
    pub breaker: BreakerState,
    /// A person paused the exchange.
    pub paused: bool,
    /// Operations without a verdict, those in flight included.
    pub pending: u64,
    /// Operations in flight.
    pub in_flight: u64,
    /// Operations that are put aside: they wait for one that failed, or for an update of a program.
    pub parked: u64,
    /// Operations that were refused for good.
    pub dead: u64,
    /// When the oldest operation that waits was made, in milliseconds since 1970 UTC.
    pub oldest_pending_ms: Option<i64>,
    /// Conflicts that wait for a person.
    pub conflicts_open: u64,
    /// Pictures that are not where they belong yet.
    pub attachments: pos_store::attachments::Counts,
    /// When the server last answered a push or a pull, in milliseconds since 1970 UTC.
    pub last_success_ms: Option<i64>,
    /// When something is tried next, in milliseconds since 1970 UTC.
    pub next_attempt_ms: Option<i64>,
    /// Why the last request failed, as a stable code; none after a success.
    pub last_error: Option<String>,
    /// Server clock minus ours, in milliseconds, once the server has answered.
    pub clock_offset_ms: Option<i64>,
    /// What stops a lane.
    pub alarm: Option<Alarm>,
    /// The first sync, while it runs.
    pub progress: Option<Progress>,
}

/// The word for a state: what a person must see goes before what passes by itself.
pub fn state_of(needs_a_person: bool, online: bool, waits: bool) -> SyncState {
    match (needs_a_person, online, waits) {
        (true, _, _) => SyncState::Attention,
        (false, false, _) => SyncState::Offline,
        (false, true, true) => SyncState::Pending,
        (false, true, false) => SyncState::Synced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_person_hides_behind_nothing() {
        assert_eq!(state_of(true, false, true), SyncState::Attention);
        assert_eq!(state_of(false, false, true), SyncState::Offline);
        assert_eq!(state_of(false, true, true), SyncState::Pending);
        assert_eq!(state_of(false, true, false), SyncState::Synced);
    }
}
