//! What the use cases hold of the exchange.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pos_domain::OpId;
use pos_protocol::{SaleAnswer, SyncApi};
use pos_store::queue::{self, Claimed};
use pos_store::{Changed, Priority, StoreError};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle};

use crate::backoff::{self, Jitter};
use crate::driver::Driver;
use crate::engine::{Event, LastSeen};
use crate::exchange::{
    Background, CheckoutAnswer, Comparison, DryRun, Exchange, Parts, RoundReport, SyncError,
};
use crate::status::SyncStatus;
use crate::stepper::Stepper;
use crate::transport::{HttpApi, Way};

/// Events that may wait for the driver. It takes them in at once; what does not fit is found at the next look.
const EVENTS_WAITING: usize = 256;

/// The exchange of one register with its server. Clones share it; when the last one is dropped, it ends.
pub struct SyncHandle<A> {
    exchange: Arc<Exchange<A>>,
    events: mpsc::Sender<Event>,
    tasks: Arc<Tasks>,
}

/// What runs beside the use cases.
#[derive(Debug, Default)]
struct Tasks {
    driver: Mutex<Option<JoinHandle<()>>>,
    listener: Mutex<Option<AbortHandle>>,
}

impl Tasks {
    fn stop_listening(&self) {
        if let Some(listener) = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take() {
            listener.abort();
        }
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop_listening();
    }
}

impl<A> Clone for SyncHandle<A> {
    fn clone(&self) -> Self {
        Self {
            exchange: Arc::clone(&self.exchange),
            events: self.events.clone(),
            tasks: Arc::clone(&self.tasks),
        }
    }
}

impl<A> std::fmt::Debug for SyncHandle<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncHandle").finish_non_exhaustive()
    }
}

impl<A: SyncApi + 'static> SyncHandle<A> {
    /// Starts the exchange as it stood when the register last ran. Call it within a tokio runtime, after claims were
    /// put back by [`queue::recover_at_start`].
    ///
    /// # Errors
    /// Those of reading the file.
    pub async fn start(parts: Parts<A>, background: Background) -> Result<Self, StoreError> {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        let seed = parts.seed;
        let exchange = Arc::new(Exchange::resume(parts, background, events.downgrade()).await?);
        let driver = match background {
            Background::On => {
                let last_seen =
                    if exchange.was_in_reach() { LastSeen::InReach } else { LastSeen::OutOfReach };
                let driver = Driver::new(Arc::clone(&exchange), last_seen, seed, receiver);
                Some(tokio::spawn(driver.run()))
            }
            Background::Off => None,
        };
        exchange.publish().await;
        let tasks = Tasks { driver: Mutex::new(driver), listener: Mutex::default() };
        Ok(Self { exchange, events, tasks: Arc::new(tasks) })
    }

    /// Like [`SyncHandle::start`] with a background that somebody else moves: see [`Stepper`]. `now_ms` is his
    /// monotonic time.
    ///
    /// # Errors
    /// Those of reading the file.
    pub async fn start_stepped(parts: Parts<A>, now_ms: i64) -> Result<(Self, Stepper<A>), StoreError> {
        let (events, receiver) = mpsc::channel(EVENTS_WAITING);
        let seed = parts.seed;
        let exchange = Arc::new(Exchange::resume(parts, Background::On, events.downgrade()).await?);
        let stepper = Stepper::new(Arc::clone(&exchange), seed, receiver, now_ms);
        exchange.publish().await;
        Ok((Self { exchange, events, tasks: Arc::default() }, stepper))
    }

    /// Something that can wait a little was queued: an edit, an import.
    pub fn wrote(&self) {
        self.exchange.tell(Event::Wrote);
    }

    /// A final sale stands in the queue.
    pub fn sale_finalised(&self) {
        self.exchange.tell(Event::SaleFinalised);
    }

    /// A shift is closed: what waits should leave now.
    pub fn shift_closed(&self) {
        self.exchange.tell(Event::SyncNow);
    }

    /// The system says that there may be a way to the server again.
    pub fn link_regained(&self) {
        self.exchange.tell(Event::LinkRegained);
    }

    /// A person asks for pictures to be tried at once.
    pub fn carry(&self) {
        self.exchange.tell(Event::CarryNow);
    }

    /// The server says that the feed has grown.
    pub fn stream_hint(&self) {
        self.exchange.tell(Event::StreamHint);
    }

    /// Asks the server for a sale while the customer waits, at most until `deadline` and not at all when the server is
    /// known to be out of reach. `claimed` is what [`queue::claim_one`] gave in the sale's own transaction: the sale
    /// last, what it depends on before it. Whatever the answer, the caller decides in one transaction what becomes of
    /// the sale; its claim stays until then.
    pub async fn checkout_push(&self, claimed: Vec<Claimed>, deadline: Duration) -> CheckoutAnswer {
        self.exchange.checkout(claimed, deadline).await
    }

    /// Whether a checkout would ask the server.
    pub fn is_in_reach(&self) -> bool {
        self.exchange.is_gate_open()
    }

    /// Runs one full round and says what it did.
    ///
    /// # Errors
    /// What ended the round early.
    pub async fn sync_now(&self) -> Result<RoundReport, SyncError> {
        let report = self.exchange.round().await;
        // The background follows up on what the round found out.
        self.exchange.tell(Event::SyncNow);
        report
    }

    /// Compares the rows here with the server's now and puts right what differs; none when it could not be finished.
    ///
    /// # Errors
    /// Those of reading the feed, and [`SyncError::Paused`].
    pub async fn compare_now(&self) -> Result<Option<Comparison>, SyncError> {
        if self.exchange.is_paused() {
            return Err(SyncError::Paused);
        }
        self.exchange.compare_now().await
    }

    /// What the last comparison with the server found; none before the first.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn last_comparison(&self) -> Result<Option<Comparison>, StoreError> {
        self.exchange.last_comparison().await
    }

    /// Says what a round would do, and changes nothing anywhere.
    ///
    /// # Errors
    /// Those of reading the file. A server that does not answer is no error.
    pub async fn dry_run(&self) -> Result<DryRun, StoreError> {
        self.exchange.dry_run().await
    }

    /// Stops the exchange until it is resumed, also over restarts. What is under way ends.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn pause(&self) -> Result<(), StoreError> {
        self.exchange.set_paused(true).await?;
        self.exchange.stop();
        self.exchange.tell(Event::Paused);
        self.exchange.publish().await;
        Ok(())
    }

    /// Stops what is under way at its last checkpoint. It goes on at the next turn, in a minute, or when a person asks
    /// for a round. Checkouts are not touched.
    pub fn cancel(&self) {
        self.exchange.stop();
        self.exchange.tell(Event::Cancelled);
    }

    /// Lets the exchange go on.
    ///
    /// # Errors
    /// Those of writing.
    pub async fn resume(&self) -> Result<(), StoreError> {
        self.exchange.set_paused(false).await?;
        self.exchange.tell(Event::Resumed);
        self.exchange.publish().await;
        Ok(())
    }

    /// Tries a dead or parked operation again, and with it those that wait for it. How many go on.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] when it has not failed.
    pub async fn retry(&self, op_id: OpId) -> Result<usize, StoreError> {
        let now_ms = self.exchange.now_ms();
        let revived =
            self.exchange.write_as(Priority::Till, move |tx| queue::retry(tx, op_id, now_ms)).await?;
        self.exchange.tell(Event::SaleFinalised);
        self.exchange.publish().await;
        Ok(revived)
    }

    /// How the exchange stands, read now.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn status(&self) -> Result<SyncStatus, StoreError> {
        self.exchange.read_status().await
    }

    /// Asks the server for the newest life of this register's file that it knows; 0 when it has seen none.
    ///
    /// # Errors
    /// [`SyncError::Api`] when it does not answer.
    pub async fn newest_life(&self) -> Result<u32, SyncError> {
        Ok(self.exchange.api.hello().await?.watermark.epoch)
    }

    /// Asks the server for a sale of any register by its printed number.
    ///
    /// # Errors
    /// [`SyncError::Api`] when it does not answer.
    pub async fn find_sale(&self, number: String) -> Result<SaleAnswer, SyncError> {
        Ok(self.exchange.api.find_sale(number).await?)
    }

    /// How the exchange stands, as it changes.
    pub fn watch(&self) -> watch::Receiver<SyncStatus> {
        self.exchange.watch()
    }

    /// What changes by itself, such as rows after a pull.
    pub fn subscribe(&self) -> broadcast::Receiver<Changed> {
        self.exchange.subscribe()
    }

    /// Sends what can be sent within `patience` and ends the background. Later calls on any clone still work, without
    /// a background.
    pub async fn shut_down(&self, patience: Duration) {
        self.tasks.stop_listening();
        let driver = self.tasks.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut driver) = driver else { return };
        self.exchange.tell(Event::Shutdown);
        if tokio::time::timeout(patience, &mut driver).await.is_err() {
            driver.abort();
            // Wait for the abort: nothing of this exchange may run when its file is closed.
            drop(driver.await);
        }
    }
}

impl SyncHandle<HttpApi> {
    /// Listens to the server's hints while it is in reach, so that what others change is seen within a moment instead
    /// of a minute. Ends with the last handle.
    pub fn follow_hints(&self, jitter: Jitter) {
        self.follow_hints_of(self.exchange.api.clone(), jitter);
    }
}

impl SyncHandle<Way> {
    /// As for a server over HTTP; a server in this process needs no stream to be heard.
    pub fn follow_hints(&self, jitter: Jitter) {
        match &self.exchange.api {
            Way::Http(api) => self.follow_hints_of(api.clone(), jitter),
            Way::InProcess(_) => {}
        }
    }
}

impl<A: SyncApi + 'static> SyncHandle<A> {
    fn follow_hints_of(&self, api: HttpApi, mut jitter: Jitter) {
        let exchange = Arc::downgrade(&self.exchange);
        let mut status = self.exchange.watch();
        let listening = tokio::spawn(async move {
            let mut failures = 0;
            // The status has a sender as long as the exchange lives.
            while status.wait_for(|status| status.online && !status.paused).await.is_ok() {
                let mut hints = 0_u32;
                let ended = api
                    .listen(|| {
                        hints = hints.saturating_add(1);
                        if let Some(exchange) = exchange.upgrade() {
                            exchange.tell(Event::StreamHint);
                        }
                    })
                    .await;
                tracing::debug!(?ended, hints, "the stream of hints ended");
                // Its end is a hint too: the server may be gone, and reading the feed finds out.
                if let Some(exchange) = exchange.upgrade() {
                    exchange.tell(Event::StreamHint);
                }
                // A stream that only opens, and breaks at once, is no success.
                failures = if hints > 1 { 1_u32 } else { failures.saturating_add(1) };
                tokio::time::sleep(backoff::wait(failures, None, &mut jitter)).await;
            }
        });
        let listener = listening.abort_handle();
        let before = self.tasks.listener.lock().unwrap_or_else(PoisonError::into_inner).replace(listener);
        if let Some(before) = before {
            before.abort();
        }
    }
}
