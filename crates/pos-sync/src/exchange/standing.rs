//! How the exchange stands: what only the running program knows, and the status that people see.

use pos_protocol::{AttachmentLimits, SyncApi};
use pos_store::exchange::{self, Breaker, ExchangeState};
use pos_store::forks::Followed;
use pos_store::queue::{self, QueueCounts};
use pos_store::{Conn, StoreError, attachments, conflicts};
use tokio::sync::watch;

use super::attachments::PieceSize;
use super::{Background, Exchange, MOST_PAGE_ROWS, SyncError};
use crate::breaker::BreakerState;
use crate::engine::{Event, Trouble};
use crate::status::{Alarm, Progress, SyncStatus, state_of};

/// What is known only while the program runs. Times are wall-clock, in milliseconds since 1970 UTC.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    /// Whether a checkout may ask the server.
    pub(super) gate: bool,
    breaker: BreakerState,
    /// As it stands on the disk.
    saved_in_reach: bool,
    pub(super) paused: bool,
    pub(super) alarm: Option<Alarm>,
    last_error: Option<&'static str>,
    next_attempt_ms: Option<i64>,
    pub(super) progress: Option<Progress>,
    /// When a customer was last served, in milliseconds since 1970 UTC; 0 before the first.
    pub(super) served_at_ms: i64,
    /// A first sync runs on a till that never sold anything.
    pub(super) nothing_to_sell: bool,
    /// How many times everything was read since the program began.
    pub(super) first_syncs: u32,
    /// Set when a push was refused as unreadable while it carried links: the next one goes without.
    pub(super) hold_links: bool,
    /// The server did not accept a link of the chain, once.
    pub(super) chain_doubted: bool,
    /// A push with links is under way: another one at the same time would carry the same.
    pub(super) links_under_way: bool,
    pub(super) page_rows: u32,
    /// What the server keeps of attachments; none before the first greeting, and by a server older than they are.
    pub(super) attachments: Option<AttachmentLimits>,
    /// How many bytes of an attachment travel at once.
    pub(super) piece: PieceSize,
    /// Life of the server's database; 0 before the first greeting.
    pub(super) server_epoch: u32,
    /// The server has greeted back since the program began.
    pub(super) greeted: bool,
}

/// What a status counts in the tables.
#[derive(Debug, Default)]
pub(super) struct Counted {
    queue: QueueCounts,
    conflicts_open: u64,
    attachments: attachments::Counts,
    state: Option<ExchangeState>,
}

impl Live {
    /// As the register last stood.
    pub(super) fn resume(conn: &Conn) -> Result<Self, StoreError> {
        let state = exchange::get(conn)?;
        let in_reach = state.breaker == Breaker::Closed;
        let breaker = if in_reach { BreakerState::Closed } else { BreakerState::Open { probe_at_ms: 0 } };
        Ok(Self {
            gate: in_reach && !state.paused,
            breaker,
            saved_in_reach: in_reach,
            paused: state.paused,
            alarm: None,
            last_error: None,
            next_attempt_ms: None,
            progress: None,
            served_at_ms: 0,
            nothing_to_sell: false,
            first_syncs: 0,
            hold_links: false,
            chain_doubted: false,
            links_under_way: false,
            page_rows: MOST_PAGE_ROWS,
            attachments: None,
            piece: PieceSize::default(),
            server_epoch: 0,
            greeted: false,
        })
    }

    pub(super) fn is_in_reach(&self) -> bool {
        self.breaker == BreakerState::Closed
    }

    pub(super) fn status(&self, counted: &Counted) -> SyncStatus {
        let Counted { queue, conflicts_open, attachments, state } = counted;
        let online = self.is_in_reach();
        let needs_a_person = queue.dead > 0 || *conflicts_open > 0 || self.alarm.is_some();
        let waits = queue.unsynced() > 0;
        let saved = |pick: fn(&ExchangeState) -> Option<i64>| state.as_ref().and_then(pick);
        SyncStatus {
            state: state_of(needs_a_person, online, waits),
            online,
            breaker: self.breaker,
            paused: self.paused,
            pending: queue.pending.saturating_add(queue.in_flight),
            in_flight: queue.in_flight,
            parked: queue.parked,
            dead: queue.dead,
            oldest_pending_ms: queue.oldest_made_at_ms,
            conflicts_open: *conflicts_open,
            attachments: *attachments,
            last_success_ms: saved(|s| s.last_push_ok_ms).max(saved(|s| s.last_pull_ok_ms)),
            next_attempt_ms: self.next_attempt_ms,
            last_error: self.last_error.map(str::to_owned),
            clock_offset_ms: saved(|s| s.clock_offset_ms),
            alarm: self.alarm,
            progress: self.progress.clone(),
        }
    }
}

impl<A: SyncApi> Exchange<A> {
    pub(crate) fn is_paused(&self) -> bool {
        self.live().paused
    }

    /// Whether the server was in reach when this register last ran.
    pub(crate) fn was_in_reach(&self) -> bool {
        self.live().is_in_reach()
    }

    /// Notes why a step failed, and says what the engine should make of it.
    pub(crate) fn note(&self, error: &SyncError) -> Trouble {
        tracing::info!(code = error.code(), %error, "a step of the exchange failed");
        let trouble = error.trouble();
        let mut live = self.live();
        if !matches!(error, SyncError::Cancelled) {
            live.last_error = Some(error.code());
        }
        match (error, trouble) {
            (SyncError::Alarm(alarm), _) => live.alarm = Some(*alarm),
            (SyncError::Api(_), Trouble::Denied) => live.alarm = Some(Alarm::Denied),
            (SyncError::Api(_) | SyncError::Store(_) | SyncError::Paused | SyncError::Cancelled, _) => {}
        }
        trouble
    }

    /// The server has answered well.
    pub(super) fn note_success(&self) {
        self.live().last_error = None;
    }

    /// What was done about copies of this register that work in the same life. The conflict says all that an alarm would,
    /// and what is sent again must not wait.
    pub(super) fn note_forks(&self, followed: Followed) {
        if followed.is_nothing() {
            return;
        }
        tracing::error!(?followed, "this register's file went on in two places");
        {
            let mut live = self.live();
            if matches!(live.alarm, Some(Alarm::BodyMismatch | Alarm::ChainFault)) {
                live.alarm = None;
            }
        }
        self.tell(Event::SyncNow);
    }

    /// What the engine thinks after an event.
    pub(crate) fn follow_engine(&self, gate: bool, breaker: BreakerState, next_attempt_in_ms: i64) {
        let at_ms = self.now_ms().saturating_add(next_attempt_in_ms);
        let mut live = self.live();
        live.gate = gate;
        live.breaker = breaker;
        live.next_attempt_ms = Some(at_ms);
    }

    /// Whoever waits to know whether the server is in reach, knows now.
    pub(crate) fn first_probe_is_done(&self) {
        self.first_probe.send_if_modified(|done| !std::mem::replace(done, true));
    }

    /// Waits until this program knows whether the server is in reach; without a background it finds out itself.
    pub(super) async fn first_probe(&self) {
        match self.background {
            Background::On => {
                let mut done = self.first_probe.subscribe();
                // The sender lives as long as this exchange.
                drop(done.wait_for(|done| *done).await);
            }
            Background::Off if *self.first_probe.borrow() => {}
            Background::Off => {
                if let Err(error) = self.greet().await {
                    self.note(&error);
                } else {
                    self.save_reach(true);
                }
                self.first_probe_is_done();
            }
        }
    }

    /// Remembers on the disk whether the server is in reach, so that the next program does not let a customer wait to
    /// find it out. Not awaited: it is a hint, and a cashier may be waiting.
    pub(crate) fn save_reach(&self, in_reach: bool) {
        let changed = {
            let mut live = self.live();
            if self.background == Background::Off {
                live.gate = in_reach && !live.paused && live.alarm.is_none();
                live.breaker =
                    if in_reach { BreakerState::Closed } else { BreakerState::Open { probe_at_ms: 0 } };
            }
            std::mem::replace(&mut live.saved_in_reach, in_reach) != in_reach
        };
        if changed {
            let until_ms = self.now_ms();
            let breaker = if in_reach { Breaker::Closed } else { Breaker::Open { until_ms } };
            // Queued at once and done even though nobody waits for it.
            drop(self.write_unawaited(move |tx| exchange::set_breaker(tx, breaker)));
        }
    }

    /// Pauses or resumes, also for the next program.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) async fn set_paused(&self, paused: bool) -> Result<(), StoreError> {
        self.write(move |tx| exchange::set_paused(tx, paused)).await?;
        let mut live = self.live();
        live.paused = paused;
        live.gate = !paused && live.is_in_reach();
        Ok(())
    }

    pub(crate) fn watch(&self) -> watch::Receiver<SyncStatus> {
        self.status.subscribe()
    }

    /// Reads the tables and tells those who watch.
    pub(crate) async fn publish(&self) {
        self.save_reach(self.was_in_reach());
        match self.read_status().await {
            Ok(status) => {
                self.status.send_if_modified(|told| {
                    let changed = *told != status;
                    *told = status;
                    changed
                });
            }
            Err(error) => tracing::warn!(%error, "the status could not be read"),
        }
    }

    /// How the exchange stands, read now.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) async fn read_status(&self) -> Result<SyncStatus, StoreError> {
        let counted = self
            .read(|conn| {
                Ok(Counted {
                    queue: queue::counts(conn)?,
                    conflicts_open: conflicts::count_open(conn)?,
                    attachments: attachments::counts(conn)?,
                    state: Some(exchange::get(conn)?),
                })
            })
            .await?;
        Ok(self.live().status(&counted))
    }

    /// Tells the progress of a first sync without reading the tables.
    pub(super) fn publish_live(&self) {
        let progress = self.live().progress.clone();
        self.status.send_modify(|status| status.progress = progress);
    }
}
