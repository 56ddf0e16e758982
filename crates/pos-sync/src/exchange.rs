//! What a register and its server say to each other, step by step: greet, push, pull, first sync.
//!
//! Each step reads and writes the queue and the shared rows through `pos_store`, in jobs short enough for the till,
//! and talks through a [`SyncApi`]. When a step is taken is not decided here: the engine does that in the window, and
//! a round does it once, in order, for the shell. No step holds a transaction while it waits for the network.

mod apply;
mod attachments;
mod checkout;
mod compare;
mod customers;
mod dry_run;
mod first_sync;
mod greet;
mod journal;
mod load;
mod pull;
mod push;
mod round;
mod standing;
mod stop;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pos_protocol::{ApiError, FeedRow, SyncApi};
use pos_store::{Changed, Conn, Priority, Store, StoreError, Tx, device};
use thiserror::Error;
use tokio::sync::{broadcast, mpsc, watch};

use crate::chunk::{Chunks, Counter, Work};
use crate::engine::{Event, Trouble};
use crate::status::{Alarm, SyncStatus};
use crate::trouble;
use customers::Customers;

pub use apply::{Answered, End, Outcome, apply_verdict};
pub use checkout::{CheckoutAnswer, SaleVerdict, Silence};
pub use compare::{Comparison, Difference, DifferenceKind, Outcome as ComparisonOutcome};
pub use dry_run::{DryRun, InvalidOperation};
pub use round::RoundReport;

pub(crate) use compare::Comparing;
pub(crate) use journal::Journal;
pub(crate) use push::Pushed;
pub(crate) use standing::Live;

/// Tells the wall-clock time in milliseconds since 1970 UTC.
pub type ClockFn = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Tells how long it has been running; only differences mean something, and nobody sets it.
pub type Stopwatch = Arc<dyn Fn() -> Duration + Send + Sync>;

/// Changes that a slow listener may fall behind before it is told to read everything again.
const CHANGES_BACKLOG: usize = 256;
/// How long after a checkout the next customer is expected, in milliseconds.
const COUNTER_OPEN_MS: u64 = 2_000;
/// Most rows of a page, before and whatever a server announces.
const MOST_PAGE_ROWS: u32 = 5_000;

/// Why a step was not completed. What was done before stays done.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The server did not answer, or said no.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The register's own file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that only a person can put right.
    #[error("{}", .0.as_str())]
    Alarm(Alarm),
    /// A person paused the exchange.
    #[error("the exchange is paused")]
    Paused,
    /// A person stopped what was under way.
    #[error("what was under way was stopped")]
    Cancelled,
}

impl SyncError {
    /// The stable code, such as `sync.unreachable` or `alarm.stale_epoch`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Api(error) => trouble::code(error),
            Self::Store(_) => "storage.failed",
            Self::Alarm(alarm) => alarm.as_str(),
            Self::Paused => "sync.paused",
            Self::Cancelled => "sync.cancelled",
        }
    }

    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Api(error) => trouble::trouble(error),
            Self::Store(_) => Trouble::Disk,
            Self::Alarm(_) | Self::Paused => Trouble::Denied,
            Self::Cancelled => Trouble::Busy { retry_after: None },
        }
    }
}

/// What an exchange is made of.
pub struct Parts<A> {
    /// The register's file.
    pub store: Store,
    /// The server.
    pub api: A,
    /// Tells the time.
    pub clock: ClockFn,
    /// Measures write jobs, so that the next ones are as long as a cashier can wait.
    pub stopwatch: Stopwatch,
    /// Seed of the waits' jitter; two registers must have different ones.
    pub seed: u64,
}

/// Whether something in the program talks to the server by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// A task that drains the queue and follows the feed, as in the window.
    On,
    /// Nothing: only checkouts and explicit rounds talk to the server, as in the shell.
    Off,
}

/// What every step shares.
pub(crate) struct Exchange<A> {
    pub(crate) store: Store,
    pub(crate) api: A,
    clock: ClockFn,
    stopwatch: Stopwatch,
    /// Names the drainer in the queue's lease. Only one program holds the data folder's lock, so it is the register
    /// itself: a killed program must not keep the next one from draining.
    holder: String,
    background: Background,
    live: Mutex<Live>,
    /// One reader of feed or snapshot at a time, so that a round of the shell and the background never interleave.
    reading: tokio::sync::Mutex<()>,
    stops: stop::Stops,
    chunks: Mutex<Chunks>,
    first_probe: watch::Sender<bool>,
    customers: Customers,
    status: watch::Sender<SyncStatus>,
    changes: broadcast::Sender<Changed>,
    /// Weak, so that the background ends with the last handle.
    events: mpsc::WeakSender<Event>,
}

impl<A: SyncApi> Exchange<A> {
    /// An exchange as it stood when the register last ran.
    ///
    /// # Errors
    /// Those of reading.
    pub(crate) async fn resume(
        parts: Parts<A>,
        background: Background,
        events: mpsc::WeakSender<Event>,
    ) -> Result<Self, StoreError> {
        let Parts { store, api, clock, stopwatch, seed: _ } = parts;
        let (live, device) =
            store.read_async(|conn| Ok::<_, StoreError>((Live::resume(conn)?, device::get(conn)?))).await?;
        let status = live.status(&standing::Counted::default());
        Ok(Self {
            store,
            api,
            clock,
            stopwatch,
            holder: device.device_id.to_string(),
            background,
            // Nobody needs to wait for a probe when the server was in reach.
            first_probe: watch::Sender::new(live.is_in_reach()),
            customers: Customers::default(),
            live: Mutex::new(live),
            reading: tokio::sync::Mutex::new(()),
            stops: stop::Stops::default(),
            chunks: Mutex::default(),
            status: watch::Sender::new(status),
            changes: broadcast::Sender::new(CHANGES_BACKLOG),
            events,
        })
    }

    pub(crate) fn is_gate_open(&self) -> bool {
        self.live().gate
    }

    /// Wall-clock time in milliseconds since 1970 UTC.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }

    /// Tells the engine, when there is one. A lost event costs at most the time to the next round.
    pub(crate) fn tell(&self, event: Event) {
        let told = self.events.upgrade().map(|events| events.try_send(event));
        if !matches!(told, Some(Ok(()))) {
            tracing::trace!(?event, "nobody listens");
        }
    }

    /// Tells the screens.
    fn announce(&self, changed: Changed) {
        if !changed.topics.is_empty() {
            // Nobody listening is no fault: the shell does not.
            drop(self.changes.send(changed));
        }
    }

    async fn read<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Conn) -> Result<T, StoreError> + Send + 'static,
    {
        self.store.read_async(job).await
    }

    /// One write job of the exchange. The till's jobs go first.
    async fn write<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.write_as(Priority::Sync, job).await
    }

    pub(crate) async fn write_as<T, F>(&self, priority: Priority, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        if self.store.is_stopped() {
            // While the file stays shut this write is refused, not unknown: nothing of it was tried.
            self.store.beside(Store::reopen_writer).await?;
        }
        let result = self.store.write_async(priority, job).await;
        if let Err(StoreError::CommitUnknown(_) | StoreError::Poisoned) = &result {
            // Every step may be repeated, so the outcome need not be known; but writing must go on.
            let reopened: Result<(), StoreError> = self.store.beside(Store::reopen_writer).await;
            if let Err(error) = reopened {
                tracing::error!(%error, "the file could not be reopened after an unknown outcome");
            }
        }
        result
    }

    /// A small write that nobody waits for: queued at once, done all the same.
    fn write_unawaited<F>(&self, job: F) -> impl Future<Output = Result<(), StoreError>> + Send + use<A, F>
    where
        F: FnOnce(&Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        self.store.write_async(Priority::Sync, job)
    }

    /// Works through `items` in write jobs that each hold the writer for a few milliseconds. `job` gets some items
    /// from the front and must treat each of them on its own.
    async fn write_in_chunks<I, T, F>(
        &self,
        work: Work,
        mut items: Vec<I>,
        job: F,
    ) -> Result<Vec<T>, StoreError>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(&Tx<'_>, Vec<I>) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let mut results = Vec::new();
        while !items.is_empty() {
            self.customers.give_way().await;
            let rows = self.chunk_rows(work).min(items.len());
            let rest = items.split_off(rows);
            let chunk = std::mem::replace(&mut items, rest);
            let job = job.clone();
            let (result, took) = self.write(self.timed(move |tx| job(tx, chunk))).await?;
            self.chunk_took(work, rows, took);
            results.push(result);
        }
        Ok(results)
    }

    /// A write job with how long it took inside its transaction.
    fn timed<T>(
        &self,
        job: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl FnOnce(&Tx<'_>) -> Result<(T, Duration), StoreError> + Send + 'static {
        let stopwatch = Arc::clone(&self.stopwatch);
        move |tx| {
            let began = stopwatch();
            let result = job(tx)?;
            Ok((result, stopwatch().saturating_sub(began)))
        }
    }

    fn chunk_rows(&self, work: Work) -> usize {
        let served_ms_ago = self.now_ms().abs_diff(self.live().served_at_ms);
        let counter = if served_ms_ago < COUNTER_OPEN_MS { Counter::Open } else { Counter::Quiet };
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner).of(work).rows(counter)
    }

    fn chunk_took(&self, work: Work, rows: usize, took: Duration) {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner).of(work).took(rows, took);
    }
}

/// Bytes of row data, as they stand in the rows.
fn data_bytes(rows: &[FeedRow]) -> u64 {
    let bytes: usize = rows.iter().filter_map(|row| row.data.as_ref()).map(|data| data.get().len()).sum();
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
