//! The register of one data folder: its file, clock, ids, keys and sync, and the way in for every use case.

mod file;
mod seat;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use pos_domain::DeviceKey;
use pos_store::jobs::{self, JobKind};
use pos_store::queue::Lane;
use pos_store::restore::{self, Intent};
use pos_store::verify::Depth;
use pos_store::{OpenMode, Store, device};
use pos_sync::Stepper;
use pos_sync::transport::Way;
use tokio::sync::{broadcast, watch};

use crate::clock::Clock;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::ids::IdSource;
use crate::keeper::Keeper;
use crate::keys::Keys;
use crate::link::Link;
use crate::outcome::Topic;
use crate::pin::Waits;
use crate::printer::Printers;
use crate::room::Room;
use crate::session::Session;
use crate::usecase::{Stamp, open_file};
use crate::view::{BackupWarning, BackupWarningCode, Progress};
use crate::world::World;

pub(crate) use seat::{Counter, device_settings};

/// Changes that a slow listener may fall behind before it is told to fetch everything again.
const TOPIC_BACKLOG: usize = 256;

/// How a data folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenAccess {
    /// For looking only: works beside another program that has the folder open.
    Read,
    /// For working: refuses a folder that another program has open.
    Write,
}

/// How to open a register.
#[derive(Debug, Clone)]
pub struct AppOptions {
    /// The data folder; made when it is missing and `access` is [`OpenAccess::Write`].
    pub dir: PathBuf,
    /// Look or work.
    pub access: OpenAccess,
    /// Sync by itself in the background, as the window does. Without it, only checkouts and explicit commands talk
    /// to the server.
    pub background_sync: bool,
    /// The clock.
    pub clock: Clock,
}

/// A register. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

/// A hold of a register that does not keep it open.
pub(crate) struct WeakApp(Weak<Inner>);

impl WeakApp {
    pub(crate) fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(|inner| App { inner })
    }
}

pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    access: OpenAccess,
    pub(crate) world: World,
    /// What moves the sync on in a world in process, until somebody takes it.
    pub(crate) stepper: Mutex<Option<Stepper<Way>>>,
    keys: Mutex<Option<Keys>>,
    link: RwLock<Option<Link>>,
    background_sync: bool,
    topics: broadcast::Sender<Vec<Topic>>,
    progress: watch::Sender<Option<Progress>>,
    pub(crate) keeper: Keeper,
    pub(crate) printers: Printers,
    pub(crate) room: Room,
    warnings: Mutex<BTreeMap<BackupWarningCode, BackupWarning>>,
    closed: AtomicBool,
    pub(crate) session: Mutex<Session>,
    /// One try of a PIN at a time.
    pub(crate) waits: tokio::sync::Mutex<Waits>,
    /// One checkout at a time: a second press of the button waits for the first and then finds its result.
    pub(crate) checkout: tokio::sync::Mutex<()>,
}

impl App {
    /// Opens a data folder, finishes what a crash left unfinished, and starts the background sync when asked to.
    pub async fn open(options: AppOptions) -> Result<Self, AppError> {
        Self::open_in(options, World::real()).await
    }

    /// Like [`App::open`], in a world of the caller's. In one that is not real he calls [`App::recover`] next, because
    /// it may ask the server, and the server is in his hands.
    pub async fn open_in(options: AppOptions, world: World) -> Result<Self, AppError> {
        let AppOptions { dir, access, background_sync, clock } = options;
        if access == OpenAccess::Read && restore::find_intent(&dir)?.is_some() {
            Self::finish_before_looking(&dir, &clock).await?;
        }
        if access == OpenAccess::Read && !dir.join(pos_store::FILE_NAME).exists() {
            return Err(AppError::new(ErrorCode::NotSetUp));
        }
        let (store, restored) = match access {
            OpenAccess::Read => (Store::open(&dir, OpenMode::ReadOnly)?, None),
            OpenAccess::Write => {
                std::fs::create_dir_all(&dir).map_err(|e| AppError::file(&dir, e))?;
                open_file(&dir)?
            }
        };
        if access == OpenAccess::Read
            && !store.read(|conn| jobs::list_unfinished(conn, JobKind::Products))?.is_empty()
        {
            Self::finish_before_looking(&dir, &clock).await?;
        }
        if !world.is_real() {
            // A write that nobody waits for must come where it was asked for, however busy the machine is.
            store.work_in_step();
        }
        let (topics, _) = broadcast::channel(TOPIC_BACKLOG);
        let app = Self {
            inner: Arc::new(Inner {
                ids: IdSource::by_chance(clock.clone(), world.chance),
                access,
                world,
                stepper: Mutex::new(None),
                keys: Mutex::new(None),
                link: RwLock::new(None),
                checkout: tokio::sync::Mutex::new(()),
                dir,
                store,
                clock,
                background_sync,
                topics,
                progress: watch::Sender::new(None),
                keeper: Keeper::default(),
                printers: Printers::default(),
                room: Room::default(),
                warnings: Mutex::default(),
                closed: AtomicBool::new(false),
                session: Mutex::default(),
                waits: tokio::sync::Mutex::default(),
            }),
        };
        if access == OpenAccess::Write {
            app.begin_work(restored).await?;
        }
        Ok(app)
    }

    /// Judges the file, finishes what a crash left unfinished, and keeps up with what is written from now on.
    async fn begin_work(&self, restored: Option<Intent>) -> Result<(), AppError> {
        self.settle_life(restored).await?;
        self.begin_session().await?;
        self.inner.room.keep_reserve(self.dir());
        self.resume_work().await?;
        if self.inner.world.is_real() {
            self.keep_on();
            self.inner.keeper.notice();
            self.print_on();
        }
        if self.inner.background_sync {
            self.check_in_the_background();
        }
        Ok(())
    }

    /// Connects to the server, and goes on with what was stopped.
    pub(crate) async fn resume_work(&self) -> Result<(), AppError> {
        if self.inner.store.read(device::find)?.is_some() {
            self.start_link().await?;
            if self.inner.world.is_real() {
                self.recover().await?;
            }
        }
        Ok(())
    }

    /// Finishes what a crash left unfinished: imports, and sales that nobody answered.
    pub async fn recover(&self) -> Result<(), AppError> {
        self.finish_imports().await?;
        self.recover_checkouts().await
    }

    /// The quick check of each start, and the first round of upkeep, beside the people who wait for a window.
    fn check_in_the_background(&self) {
        let app = self.downgrade();
        tokio::spawn(async move {
            let Some(app) = app.upgrade() else { return };
            if let Err(error) = app.check_file(Depth::Quick).await {
                tracing::warn!(code = error.code.as_str(), "the check of the start was not finished");
            }
            app.upkeep().await;
        });
    }

    /// An import or a restore that a kill stopped is finished before anybody looks, unless its program still runs.
    async fn finish_before_looking(dir: &Path, clock: &Clock) -> Result<(), AppError> {
        let (dir, clock) = (dir.to_owned(), clock.clone());
        let writing = AppOptions { dir, access: OpenAccess::Write, background_sync: false, clock };
        match Box::pin(Self::open(writing)).await {
            Ok(app) => app.close().await,
            Err(e) if e.code == ErrorCode::DataInUse => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Ends the sync cleanly and closes the file.
    pub async fn close(self) -> Result<(), AppError> {
        self.stop_link().await;
        if !self.is_closed() && self.may_write() && self.inner.world.is_real() {
            self.print_the_rest().await;
        }
        if !self.is_closed() && self.inner.access == OpenAccess::Write {
            // What is not kept now is kept at the next start.
            drop(self.keep().await);
        }
        self.inner.closed.store(true, Ordering::SeqCst);
        self.inner.keeper.notice();
        self.asked_for_paper();
        Ok(self.inner.store.close()?)
    }

    /// Whether this program may change the file; another one may be at work on one that is only read.
    pub(crate) fn may_write(&self) -> bool {
        self.inner.access == OpenAccess::Write
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::SeqCst)
    }

    /// Ends the connection to the server, in order.
    pub(crate) async fn stop_link(&self) {
        let link = self.inner.link.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(link) = link {
            link.shut_down().await;
        }
    }

    /// What a person should know of backups.
    pub(crate) fn lock_warnings(&self) -> MutexGuard<'_, BTreeMap<BackupWarningCode, BackupWarning>> {
        self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What moves the sync of a register on that was opened in a world in process, once for each connection to a
    /// server.
    pub fn take_stepper(&self) -> Option<Stepper<Way>> {
        self.inner.stepper.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the register's file rests: nothing waits for it or runs on it.
    pub fn is_at_rest(&self) -> bool {
        self.inner.store.is_idle()
    }

    /// Tells of things that change by themselves, such as after a pull.
    pub fn subscribe(&self) -> broadcast::Receiver<Vec<Topic>> {
        self.inner.topics.subscribe()
    }

    /// A new id, such as for a trace or a request.
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        self.inner.ids.next()
    }

    pub(crate) fn announce(&self, topics: &[Topic]) {
        // Nobody listening is no fault: the shell does not.
        let _ = self.inner.topics.send(topics.to_vec());
    }

    /// Tells how far a long task is; `None` when it has ended.
    pub(crate) fn tell_progress(&self, progress: Option<Progress>) {
        self.inner.progress.send_replace(progress);
    }

    /// How far the long task of the moment is.
    pub fn progress(&self) -> watch::Receiver<Option<Progress>> {
        self.inner.progress.subscribe()
    }

    /// What a recorded change of now carries.
    pub(crate) fn stamp(&self, lane: Lane) -> Stamp {
        Stamp { now_ms: self.now_ms(), lane, ids: self.inner.ids.clone() }
    }

    /// The server would be asked now.
    pub(crate) fn is_online(&self) -> bool {
        self.link().is_some_and(|l| l.is_online())
    }

    /// Something that can wait a little was queued.
    pub(crate) fn wrote(&self) {
        if let Some(link) = self.link() {
            link.wrote();
        }
    }

    /// A sale was queued.
    pub(crate) fn sold(&self) {
        if let Some(link) = self.link() {
            link.sold();
        }
    }

    /// A hold that does not keep the register open.
    pub(crate) fn downgrade(&self) -> WeakApp {
        WeakApp(Arc::downgrade(&self.inner))
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The connection to the server, when the shop has one and this program may write.
    pub(crate) fn link(&self) -> Option<Link> {
        self.inner.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection to the server for whoever needs it. One that was stopped for a change of the file which then failed
    /// is started again, but not over a file that waits for its restore to be finished.
    pub(crate) async fn joined_link(&self) -> Result<Link, AppError> {
        if self.link().is_none() && self.may_write() && restore::find_intent(self.dir())?.is_none() {
            self.resume_link().await?;
        }
        self.link().ok_or_else(|| AppError::new(ErrorCode::SyncNotJoined))
    }

    async fn resume_link(&self) -> Result<(), AppError> {
        if self.inner.store.read(device::find)?.is_some() { self.start_link().await } else { Ok(()) }
    }

    /// (Re)starts the connection to the server after opening, joining or connecting.
    pub(crate) async fn start_link(&self) -> Result<(), AppError> {
        let device = self.inner.store.read(device::get)?;
        let token = self.keys()?.as_ref().and_then(|k| k.server_token().cloned());
        let (Some(server), Some(token)) = (device.server, token) else { return Ok(()) };
        let link = Link::start(self, &server, &token, self.inner.background_sync).await?;
        let old = self.inner.link.write().unwrap_or_else(PoisonError::into_inner).replace(link);
        if let Some(old) = old {
            old.shut_down().await;
        }
        Ok(())
    }

    /// The keys of this folder; made at the first use.
    pub(crate) fn keys(&self) -> Result<MutexGuard<'_, Option<Keys>>, AppError> {
        let mut keys = self.inner.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.is_none() {
            *keys = Some(Keys::open(&self.inner.dir, self.inner.world.chance)?);
        }
        Ok(keys)
    }

    /// The key that signs final documents.
    pub(crate) fn signing_key(&self) -> Result<DeviceKey, AppError> {
        self.keys()?.as_ref().ok_or_else(|| AppError::new(ErrorCode::NotSetUp))?.signing()
    }
}
