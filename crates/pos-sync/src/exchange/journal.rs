//! The history of runs: one line per push, pull or first sync that did something or failed.

use pos_protocol::{FeedRow, SyncApi};
use pos_store::exchange::{self, Run, RunOutcome};
use pos_store::{Changed, StoreError, Tx, health};

use super::apply::Tally;
use super::{Exchange, SyncError};

/// A run that is under way.
#[derive(Debug)]
pub(crate) struct Journal(Run);

impl Journal {
    /// A request was answered with rows.
    pub(super) fn called(&mut self, rows: &[FeedRow]) {
        self.0.calls = self.0.calls.saturating_add(1);
        self.0.bytes_down = self.0.bytes_down.saturating_add(super::data_bytes(rows));
    }

    /// Rows were written.
    pub(super) fn pulled(&mut self, changed: &Changed) {
        self.0.pulled = self.0.pulled.saturating_add(changed.rows);
        self.0.conflicts = self.0.conflicts.saturating_add(changed.conflicts_opened);
    }

    /// A push was answered.
    pub(super) fn pushed(mut self, tally: &Tally, bytes_up: u64) -> Self {
        self.0.calls = 1;
        self.0.pushed = tally.applied;
        self.0.refused = tally.refused;
        self.0.duplicates = tally.duplicates;
        self.0.conflicts = tally.conflicts;
        self.0.bytes_up = bytes_up;
        self
    }

    /// It ended early.
    pub(super) fn failed(mut self, error: &SyncError) -> Self {
        self.0.outcome = match error {
            SyncError::Cancelled => RunOutcome::Cancelled,
            SyncError::Api(_) | SyncError::Store(_) | SyncError::Alarm(_) | SyncError::Paused => {
                RunOutcome::Failed
            }
        };
        self.0.error_code = Some(error.code().to_owned());
        self
    }

    /// Appends it to the history.
    pub(super) fn write(self, tx: &Tx<'_>, ended_at_ms: i64) -> Result<(), StoreError> {
        let run = Run { ended_at_ms, ..self.0 };
        if let Some(code) = run.error_code.as_ref().filter(|_| run.outcome == RunOutcome::Failed) {
            exchange::record_error(tx, code, ended_at_ms)?;
        }
        exchange::record_run(tx, &run)
    }

    /// Nothing was found to do.
    pub(super) fn is_idle(&self) -> bool {
        self.0.pulled == 0
    }
}

impl<A: SyncApi> Exchange<A> {
    pub(super) fn journal(&self, cause: &str) -> Journal {
        let now_ms = self.now_ms();
        Journal(Run {
            cause: cause.to_owned(),
            began_at_ms: now_ms,
            ended_at_ms: now_ms,
            outcome: RunOutcome::Done,
            error_code: None,
            pushed: 0,
            pulled: 0,
            refused: 0,
            conflicts: 0,
            duplicates: 0,
            calls: 0,
            retries: 0,
            bytes_up: 0,
            bytes_down: 0,
        })
    }

    /// Keeps a sample of the health once a minute. One that cannot be kept is no reason to stop.
    pub(super) async fn sample_health(&self) {
        let (now_ms, online) = (self.now_ms(), self.is_gate_open());
        let kept = match self.read(move |conn| health::measure(conn, online, now_ms)).await {
            Ok(Some(sample)) => self.write(move |tx| health::keep(tx, &sample)).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the health was not sampled");
        }
    }

    /// Appends a run to the history. A history that cannot be written is no reason to stop.
    pub(super) async fn record(&self, journal: Journal) {
        let ended_at_ms = self.now_ms();
        if let Err(error) = self.write(move |tx| journal.write(tx, ended_at_ms)).await {
            tracing::warn!(%error, "a run was not recorded");
        }
    }
}
