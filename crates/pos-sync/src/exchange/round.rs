//! One full round, in order: greet, send everything, read everything. For the shell, and for a person who presses
//! "sync now".

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use pos_protocol::SyncApi;

use super::apply::Tally;
use super::stop::SinceThen;
use super::{Background, Comparing, Exchange, Pushed, SyncError};
use crate::batch::BatchSize;
use crate::engine::{Course, MAX_PUSHES, Trouble};

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundReport {
    /// Operations that the server has taken.
    pub pushed: u32,
    /// Rows that were written.
    pub pulled: u32,
    /// Operations that were refused for good.
    pub refused: u32,
    /// Conflicts that were opened.
    pub conflicts: u32,
    /// Pictures that were sent or fetched, by a program without a background; else they follow by themselves.
    pub pictures: u32,
}

impl<A: SyncApi> Exchange<A> {
    /// Runs a round, beside the background if there is one: claims and the reader's lock keep them apart.
    ///
    /// # Errors
    /// What ended the round early; what was done before stays done.
    pub(crate) async fn round(&self) -> Result<RoundReport, SyncError> {
        if self.is_paused() {
            return Err(SyncError::Paused);
        }
        let result = self.round_once().await;
        match &result {
            Ok(_) => self.save_reach(true),
            Err(error) => {
                if matches!(self.note(error), Trouble::Outage(_)) {
                    self.save_reach(false);
                }
            }
        }
        self.publish().await;
        result
    }

    async fn round_once(&self) -> Result<RoundReport, SyncError> {
        let mut report = RoundReport::default();
        match self.go_round(&mut report).await {
            // The server has just found that it was put back, or that this register was away for too long: its greeting
            // now says what is to be done.
            Err(error) if error.trouble() == Trouble::ResnapshotRequired => {
                self.go_round(&mut report).await?
            }
            other => other?,
        }
        Ok(report)
    }

    async fn go_round(&self, report: &mut RoundReport) -> Result<(), SyncError> {
        let first_syncs = self.first_syncs();
        let stops = self.stops_from_now();
        let greeting = self.greet().await?;
        let mut batch = BatchSize::default();
        batch.limit_to(&greeting.limits);
        let sent = self.send_everything(batch, &stops).await?;
        report.sent(&sent);
        stops.check()?;
        // Whoever waits for a first sync wants to sell: what came is compared with the next reading of the feed.
        let comparing = match greeting.course {
            Course::Follow => Comparing::IfDue,
            Course::FirstSync | Course::Republish => {
                report.read(&self.first_sync_since(first_syncs).await?);
                Comparing::Later
            }
        };
        report.read(&self.pull_to_end(comparing).await?);
        if self.background == Background::Off {
            report.pictures = report.pictures.saturating_add(self.carry_everything(&stops).await?);
        }
        Ok(())
    }

    /// Sends with as many pushes under way as the background has: one is claimed or written down here while the server
    /// works on the other. After a failure none begins, but those under way are answered for first: a push that is
    /// dropped would keep its claims until their lease ends. The same when a person stops the round.
    async fn send_everything(&self, mut batch: BatchSize, stops: &SinceThen) -> Result<Tally, SyncError> {
        let mut all = Tally::default();
        let mut failed = None;
        let mut more = true;
        let mut under_way = FuturesUnordered::new();
        loop {
            let goes_on = failed.is_none() && stops.check().is_ok();
            while more && goes_on && under_way.len() < usize::from(MAX_PUSHES) {
                under_way.push(self.push(batch.ops(), batch.bytes()));
            }
            let Some(pushed) = under_way.next().await else {
                return failed.map_or(Ok(all), Err);
            };
            match pushed {
                Pushed::Nothing { kept_back, .. } => more = kept_back,
                Pushed::Answered { sent, took, queue, tally } => {
                    batch.answered(sent, took);
                    all.join(tally);
                    more = queue.ready > 0 || queue.links > 0;
                }
                Pushed::Failed { sent, error, .. } => match error.trouble() {
                    Trouble::Indigestible => {
                        batch.refused(sent);
                        more = true;
                    }
                    Trouble::Outage(_)
                    | Trouble::Busy { .. }
                    | Trouble::Disk
                    | Trouble::ResnapshotRequired
                    | Trouble::Denied => failed = failed.or(Some(error)),
                },
            }
        }
    }
}

impl RoundReport {
    fn sent(&mut self, sent: &Tally) {
        self.pushed = self.pushed.saturating_add(sent.applied);
        self.refused = self.refused.saturating_add(sent.refused);
        self.conflicts = self.conflicts.saturating_add(sent.conflicts);
    }

    fn read(&mut self, changed: &pos_store::Changed) {
        self.pulled = self.pulled.saturating_add(changed.rows);
        self.conflicts = self.conflicts.saturating_add(changed.conflicts_opened);
    }
}
