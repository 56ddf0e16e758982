//! The register's file in its data folder: opened, read, written, closed.
//!
//! Only one program writes in a data folder at a time; the folder's lock is held as long as the store is open for
//! writing. Jobs are plain closures over [`Tx`] or [`Conn`]; their error type is the caller's own.

use std::error::Error;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use pos_sqlite::{
    Beside, Database, FolderLock, Migration, OpenMode, OpenOptions, Opened, Priority, ReadLane,
};

use crate::error::{from_read, from_reopen, from_write};
use crate::sql::{Conn, Tx};
use crate::{StoreError, backups, stock};

/// Name of the register's file in its data folder.
pub const FILE_NAME: &str = "register.db";

/// `application_id` of a register's file: "CMPR".
const APPLICATION_ID: i32 = 0x434d_5052;

/// Reader threads: one for what a person waits for, one more for lists while the other is busy, one for reports.
const READERS: usize = 3;
/// Pages that gather in the WAL, 16 MB: some hundred sales, and no more room than a disk has when new carts are refused.
const WAL_PAGES: u32 = 4_000;

macro_rules! migration {
    ($version:literal, $number:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../migrations/register/", $number, "_", $name, ".sql")),
        }
    };
}

/// The whole history of the register's schema.
pub static MIGRATIONS: &[Migration] = &[
    migration!(1, "0001", "create_device"),
    migration!(2, "0002", "create_catalogue"),
    migration!(3, "0003", "create_sync"),
    migration!(4, "0004", "create_sales"),
    migration!(5, "0005", "create_health"),
    migration!(6, "0006", "seal_balances"),
    migration!(7, "0007", "drop_stage"),
    migration!(8, "0008", "share_bodies"),
    migration!(9, "0009", "create_attachment"),
    migration!(10, "0010", "widen_conflicts"),
    migration!(11, "0011", "load_catalogues"),
    migration!(12, "0012", "index_requests"),
    migration!(13, "0013", "record_till"),
    migration!(14, "0014", "create_print_job"),
    migration!(15, "0015", "keep_pins"),
    migration!(16, "0016", "index_shifts"),
    migration!(17, "0017", "widen_conflicts"),
    migration!(18, "0018", "share_held_carts"),
    migration!(19, "0019", "index_swaps"),
    migration!(20, "0020", "find_parts_of_words"),
];

/// The open file of a register. Clones share it; the last one dropped closes it.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    path: PathBuf,
    /// Exchanged when a backup is put in the place of the file.
    database: RwLock<Database>,
    beside: Beside,
    in_step: AtomicBool,
    /// `None` when opened read-only, or closed.
    lock: Mutex<Option<FolderLock>>,
}

impl Store {
    /// Opens the register's file in `folder`, making folder and file when they are missing and the mode is
    /// [`OpenMode::ReadWrite`].
    ///
    /// # Errors
    /// [`StoreError::Held`], [`StoreError::NewerFile`], [`StoreError::Corrupt`], [`StoreError::DiskFull`] or
    /// [`StoreError::Open`]; the file is then as it was.
    pub fn open(folder: &Path, mode: OpenMode) -> Result<Self, StoreError> {
        let lock = match mode {
            OpenMode::ReadWrite => Some(FolderLock::acquire(folder)?),
            OpenMode::ReadOnly => None,
        };
        let database = open_database(folder, mode)?;
        let shared = Shared {
            folder: folder.to_owned(),
            path: database.path().to_owned(),
            database: RwLock::new(database),
            beside: Beside::default(),
            in_step: AtomicBool::new(false),
            lock: Mutex::new(lock),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// What was found and done at opening.
    pub fn opened(&self) -> Opened {
        self.database().opened().clone()
    }

    /// The file as it is open now.
    pub(crate) fn database(&self) -> Database {
        self.shared.database.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on with another file, opened under the same name.
    pub(crate) fn take(&self, database: Database) {
        if self.shared.in_step.load(Ordering::SeqCst) {
            database.work_in_step();
        }
        *self.shared.database.write().unwrap_or_else(PoisonError::into_inner) = database;
    }

    /// Reads while a person waits: milliseconds. Blocks the calling thread.
    ///
    /// # Errors
    /// Those of the job, and those of the store as `E`.
    pub fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Conn) -> Result<T, E> + Send + 'static,
    {
        self.database().read(ReadLane::Quick, job).map_err(from_read)
    }

    /// Like [`Store::read`] for async callers.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_async<T, E, F>(&self, job: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Conn) -> Result<T, E> + Send + 'static,
    {
        let answer = self.database().read_async(ReadLane::Quick, job);
        async move { answer.await.map_err(from_read) }
    }

    /// Reports, exports and checks, which may take seconds and never delay a lookup at the counter. Blocks the
    /// calling thread.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn report<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Conn) -> Result<T, E> + Send + 'static,
    {
        self.database().read(ReadLane::Report, job).map_err(from_read)
    }

    /// Like [`Store::report`] for async callers.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn report_async<T, E, F>(&self, job: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Conn) -> Result<T, E> + Send + 'static,
    {
        let answer = self.database().read_async(ReadLane::Report, job);
        async move { answer.await.map_err(from_read) }
    }

    /// Runs `job` in one transaction and returns when it is durable. Blocks the calling thread.
    ///
    /// # Errors
    /// Those of the job, after which nothing is written, and those of the store as `E`. After
    /// [`StoreError::CommitUnknown`] nobody knows yet: see [`Store::reopen_writer`].
    pub fn write<T, E, F>(&self, priority: Priority, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.database().write(priority, job).map_err(from_write)
    }

    /// Like [`Store::write`] for async callers; queued at once, done even when the future is dropped.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_async<T, E, F>(
        &self,
        priority: Priority,
        job: F,
    ) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Error + From<StoreError> + Send + Sync + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let answer = self.database().write_async(priority, job);
        async move { answer.await.map_err(from_write) }
    }

    /// Whether writing has stopped after an unknown outcome. Reopen before the next write, so that it is tried.
    pub fn is_stopped(&self) -> bool {
        self.database().is_stopped()
    }

    /// Settles an unknown outcome: afterwards a lookup tells for good whether the last write happened.
    ///
    /// # Errors
    /// As [`Store::open`]; call again later.
    pub fn reopen_writer(&self) -> Result<(), StoreError> {
        self.database().reopen_writer().map_err(from_reopen)
    }

    /// Writes a verified copy of the file to `to`, while tills and readers go on. Blocks the calling thread.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Corrupt`], or [`StoreError::Open`] with the cause; no file of that name was
    /// changed then.
    pub fn snapshot(&self, to: &Path) -> Result<PathBuf, StoreError> {
        pos_sqlite::snapshot(&self.database(), to)?;
        Ok(to.to_owned())
    }

    /// Runs work that may block and is no job of the file's own threads: a backup, a note beside the file.
    ///
    /// # Errors
    /// Those of the job, and [`StoreError::JobFault`] as `E` when it panicked.
    pub fn beside<T, E, F>(&self, job: F) -> impl Future<Output = Result<T, E>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
    {
        let store = self.clone();
        let answer = self.shared.beside.run(move || job(&store));
        async move { answer.await.unwrap_or_else(|died| Err(StoreError::JobFault(Box::new(died)).into())) }
    }

    /// From now on each job ends before the call that queues it returns, on the file's threads and beside them: for
    /// whoever simulates time. See [`pos_sqlite::Database::work_in_step`].
    pub fn work_in_step(&self) {
        self.shared.in_step.store(true, Ordering::SeqCst);
        self.shared.beside.work_in_step();
        self.database().work_in_step();
    }

    /// Whether no job waits and none runs, on the file's threads or beside them: every answer has been given. See
    /// [`pos_sqlite::Database::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.shared.beside.is_idle() && self.database().is_idle()
    }

    /// Finishes what is queued, closes the file in order and lets go of the data folder. Closing twice is harmless.
    ///
    /// # Errors
    /// [`StoreError::Open`] with the cause; every acknowledged write is safe all the same.
    pub fn close(&self) -> Result<(), StoreError> {
        let closed = self.database().close().map_err(|e| StoreError::Open(Box::new(e)));
        drop(self.shared.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        closed
    }
}

/// Opens the file of a data folder that is locked, or only read.
pub(crate) fn open_database(folder: &Path, mode: OpenMode) -> Result<Database, StoreError> {
    let database = Database::open(OpenOptions {
        path: folder.join(FILE_NAME),
        application_id: APPLICATION_ID,
        migrations: MIGRATIONS,
        snapshot_dir: Some(folder.join(backups::FOLDER)),
        readers: READERS,
        wal_pages: WAL_PAGES,
        mode,
    })?;
    if mode == OpenMode::ReadWrite
        && database.read(ReadLane::Quick, stock::has_unsealed).map_err(from_read)?
    {
        database.write(Priority::Till, stock::seal_all).map_err(from_write)?;
    }
    Ok(database)
}
