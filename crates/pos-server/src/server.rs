//! The server as a library: opens a database, knows its registers, and hands out sessions.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pos_domain::settings::ShopSettings;
use pos_domain::{DeviceId, Hash32};
use pos_protocol::{ApiError, Cursor, PairRequest, PairResponse, ProblemCode};
use pos_sqlite::{FolderLock, OpenMode, ReadLane};
use tokio::sync::watch;

use crate::actor::Actor;
use crate::backup::{self, Backup};
use crate::business::found_in;
use crate::clock::Clock;
use crate::error::{ServerError, refused, unavailable};
use crate::location::Location;
use crate::metrics::{Gauges, Metrics, add};
use crate::pairing::{self, Joining, PairFault};
use crate::put_back;
use crate::secret::{new_id, token_hash};
use crate::session::DeviceSession;
use crate::storage::device::Device;
use crate::storage::postgres::Follower;
use crate::storage::upkeep::Reading;
use crate::storage::{self, Founding, Sql, Store, Tx, audit, business, conflict, device};
use crate::upkeep;

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// One business's server. Clones share it; the last one dropped closes the file.
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    // In the order in which they end: the writer first, then the database, then the right to the folder.
    pub(crate) actor: Actor,
    _follower: Option<Follower>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    feed: watch::Sender<u64>,
    pub(crate) metrics: Arc<Metrics>,
    /// Registers by the hash of their token, while no other server can change them. Only tokens that were found, so it
    /// is no larger than the business.
    devices: RwLock<HashMap<Hash32, Arc<Device>>>,
    /// Where the business is kept.
    location: Location,
    /// How far registers have read since that was last noted: as many as there are registers.
    readings: Mutex<HashMap<DeviceId, Reading>>,
    _lock: FolderLock,
}

impl Server {
    /// Opens the server of a business. With `founding`, an empty place becomes a business with those settings.
    ///
    /// # Errors
    /// [`ServerError::NoBusiness`] for an empty place without `founding`; [`ServerError::Lock`] while another server
    /// works with the folder; others as the database says.
    pub fn open(
        location: impl Into<Location>,
        founding: Option<&ShopSettings>,
        clock: Clock,
    ) -> Result<Self, ServerError> {
        let location = location.into();
        let lock = FolderLock::acquire(location.folder())?;
        let place = founding.map_or(Founding::Never, |new| Founding::WhereNoneIs(&new.business_name));
        let store = Store::open(&location, OpenMode::ReadWrite, place)?;
        if let Some(settings) = founding {
            found_in(&store, settings, &clock)?;
        }
        let row = store.read(ReadLane::Quick, business::find)?.ok_or(ServerError::NoBusiness)?;
        if !store.is_shared() {
            // On a shared database each connection that writes sees to it by itself.
            let incarnation = new_id(clock.now_ms())?;
            store.write(move |tx| business::set_incarnation(tx, incarnation))?;
        }
        let feed = watch::Sender::new(row.feed_seq);
        let follower = store.follow(&feed)?;
        let metrics = Arc::new(Metrics::default());
        let actor = Actor::start(store.clone(), clock.clone(), feed.clone(), Arc::clone(&metrics))?;
        let devices = RwLock::new(HashMap::new());
        let readings = Mutex::default();
        let inner = Inner {
            actor,
            _follower: follower,
            store,
            clock,
            feed,
            metrics,
            devices,
            location,
            readings,
            _lock: lock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The session of the register that holds a token.
    ///
    /// # Errors
    /// `unauthorised` for a token that this server did not give. A revoked register gets a session, and hears of it
    /// with each answer; what it pushes is kept aside.
    pub async fn authenticate(&self, token: &str) -> Result<DeviceSession, ApiError> {
        let hash = token_hash(token);
        let known = self.inner.devices.read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        if let Some(device) = known {
            return Ok(DeviceSession::new(self.clone(), device));
        }
        let found = self
            .inner
            .store
            .read_async(ReadLane::Quick, move |tx| device::find_by_token(tx, hash))
            .await
            .map_err(|error| unavailable(&error.into()))?;
        let Some(device) = found.map(Arc::new) else {
            return Err(refused(ProblemCode::Unauthorised, "this token is not known here"));
        };
        // Where another server may give a register another token, none is remembered.
        if !self.inner.store.is_shared() {
            let mut devices = self.inner.devices.write().unwrap_or_else(PoisonError::into_inner);
            devices.insert(hash, Arc::clone(&device));
        }
        Ok(DeviceSession::new(self.clone(), device))
    }

    /// The session of a register that is already known to be who it says: for tests and simulations in one process.
    ///
    /// # Errors
    /// `unauthorised` for a register that never joined.
    pub async fn session(&self, device_id: DeviceId) -> Result<DeviceSession, ApiError> {
        let found = self
            .inner
            .store
            .read_async(ReadLane::Quick, move |tx| device::find(tx, device_id))
            .await
            .map_err(|error| unavailable(&error.into()))?;
        match found {
            Some(device) => Ok(DeviceSession::new(self.clone(), Arc::new(device))),
            None => Err(refused(ProblemCode::Unauthorised, "this register never joined")),
        }
    }

    /// Joins a register by a pairing code.
    ///
    /// # Errors
    /// `pairing_refused`, `business_not_empty`, `bad_request`, `unavailable`.
    pub async fn pair(&self, request: PairRequest) -> Result<PairResponse, ApiError> {
        let joining = Joining::new(request, self.inner.clock.now_ms())?;
        let answer = self
            .inner
            .store
            .write_async(move |tx| -> Result<_, PairFault> { joining.run(tx) })
            .await
            .map_err(pairing::answer)?;
        if answer.is_ok() {
            // A register that joined again has another token; its old one must not live on here.
            self.inner.devices.write().unwrap_or_else(PoisonError::into_inner).clear();
            add(&self.inner.metrics.pairings, 1);
            // Taking over a business moves the feed.
            self.publish_feed().await;
        }
        answer
    }

    /// The feed's last seq, as it moves. A hint only: pull tells what changed.
    pub fn watch_feed(&self) -> watch::Receiver<u64> {
        self.inner.feed.subscribe()
    }

    /// From now on each job of an embedded database ends before whoever queued it goes on, and nothing is done beside its
    /// writer: for whoever simulates time. See [`pos_sqlite::Database::work_in_step`].
    pub fn work_in_step(&self) {
        self.inner.store.work_in_step();
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// What it says instead.
    pub async fn check_ready(&self) -> Result<(), ServerError> {
        self.inner.store.read_async(ReadLane::Quick, business::get).await?;
        Ok(())
    }

    /// The page of counters that Prometheus reads.
    ///
    /// # Errors
    /// [`ServerError::Read`] when the database does not answer.
    pub async fn metrics(&self) -> Result<String, ServerError> {
        let since_ms = self.inner.clock.now_ms().saturating_sub(DAY_MS);
        let gauges = self
            .inner
            .store
            .read_async(ReadLane::Quick, move |tx| -> Sql<Gauges> {
                let devices = device::list(tx)?;
                let business = business::get(tx)?;
                let active = devices.iter().filter(|device| device.revoked_at_ms.is_none()).count();
                Ok(Gauges {
                    tenant_id: business.tenant_id,
                    server_epoch: business.server_epoch,
                    feed_seq: business.feed_seq,
                    devices: u64::try_from(active).unwrap_or(u64::MAX),
                    conflicts_open: conflict::count_open(tx)?,
                    conflicts_resolved_24h: conflict::count_resolved_since(tx, since_ms)?,
                    quarantined: audit::count_quarantined(tx)?,
                    last_backup_s: newest_backup(tx)?,
                })
            })
            .await?;
        Ok(self.inner.metrics.to_text(gauges))
    }

    /// Lets go of deletions and decided conflicts that have stood long enough, in steps of a few milliseconds behind
    /// whoever pushes. Call it now and then: time is the server's clock, and nothing happens before it is due.
    ///
    /// # Errors
    /// [`ServerError::Write`]; what went before is gone.
    pub async fn upkeep(&self) -> Result<(), ServerError> {
        let now_ms = self.inner.clock.now_ms();
        let readings: Vec<_> = {
            let mut readings = self.inner.readings.lock().unwrap_or_else(PoisonError::into_inner);
            readings.drain().collect()
        };
        self.inner.store.write_behind_async(move |tx| upkeep::note(tx, &readings, now_ms)).await?;
        loop {
            let step = self.inner.store.write_behind_async(move |tx| upkeep::step(tx, now_ms)).await?;
            if step.conflicts > 0 {
                self.publish_feed().await;
            }
            if !step.is_full() {
                return Ok(());
            }
        }
    }

    /// Makes a backup when an hour has passed since the last one and something has changed; whether it did. Blocks the
    /// calling thread for as long as the business is large; registers go on meanwhile.
    ///
    /// # Errors
    /// As [`crate::back_up`].
    pub fn back_up_when_due(&self) -> Result<Option<Backup>, ServerError> {
        let Inner { store, location, clock, .. } = &*self.inner;
        backup::back_up_when_due(store, location, clock)
    }

    /// Notes how far a register has read.
    pub(crate) fn note_reading(&self, device_id: DeviceId, reading: Reading) {
        self.inner.readings.lock().unwrap_or_else(PoisonError::into_inner).insert(device_id, reading);
    }

    /// A register has read this life of the database.
    pub(crate) async fn note_met(&self, device_id: DeviceId, server_epoch: u32) -> Result<(), ApiError> {
        let noted =
            self.inner.store.write_async(move |tx| device::set_met(tx, device_id, server_epoch)).await;
        noted.map_err(|fault| unavailable(&fault.into()))
    }

    /// Notes that a request was refused.
    pub(crate) fn count_refusal(&self) {
        self.inner.metrics.refused_requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A register's cursor shows that the database was put back from an older copy: another life of it begins, and
    /// every register that listens is told to look.
    pub(crate) async fn was_put_back(&self, cursor: Cursor, shown_by: DeviceId) -> Result<(), ApiError> {
        let now_ms = self.inner.clock.now_ms();
        let asked = cursor.clone();
        let begun = self
            .inner
            .store
            .write_async(move |tx| put_back::begin_life(tx, &asked, shown_by, now_ms))
            .await
            .map_err(|fault| unavailable(&fault.into()))?;
        if let Some(epoch) = begun {
            tracing::error!(%cursor, device = %shown_by, epoch, "this database was put back from an older copy");
            self.inner.feed.send_modify(|_| ());
        }
        Ok(())
    }

    async fn publish_feed(&self) {
        if let Ok(row) = self.inner.store.read_async(ReadLane::Quick, business::get).await {
            self.inner.feed.send_if_modified(|seq| {
                let moved = row.feed_seq > *seq;
                *seq = row.feed_seq.max(*seq);
                moved
            });
        }
    }
}

/// When the last backup was made, in seconds since 1970 UTC; 0 without one.
fn newest_backup(tx: Tx<'_>) -> Sql<u64> {
    let made_at_ms = storage::backup::find_newest(tx)?.map_or(0, |backup| backup.made_at_ms);
    Ok(u64::try_from(made_at_ms.div_euclid(1_000)).unwrap_or(0))
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
