//! The one thread that writes, and what each kind of failed write means.
//!
//! A job is a closure over an open `BEGIN IMMEDIATE` transaction. It runs to its end on this thread whatever
//! happens to the caller. The distinction that matters here is between a write that certainly did not happen and
//! one nobody can know about: after an I/O error from COMMIT the commit frame may or may not be on the disk, so
//! the connection is given up and nothing is written until [`crate::Database::reopen_writer`] has settled it.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use crate::carrier::{self, Turns};
use crate::connection;
use crate::open::{OpenError, OpenOptions};
use crate::queue::{Refusal, Urgency};
use crate::verify::{self, VerifyDepth};

/// Longest that a sync job should hold the writer: a scan that waits behind it stays below what a person notices.
/// Longer ones are done all the same, and logged.
const SYNC_JOB_BUDGET: Duration = Duration::from_millis(20);

/// What the WAL grows by until it is tried again to begin it anew: this part of what it should hold.
const PATIENCE_PARTS: u32 = 16;

/// Whose work goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A cashier waits for it. Always before sync work.
    Till,
    /// Background work: pulled pages, queue upkeep, imports. Keep each job below 20 ms.
    Sync,
    /// The first load of a till at which nothing can be sold yet. As patient as sync work, and a job may take long.
    Loading,
}

impl Priority {
    pub(crate) fn urgency(self) -> Urgency {
        match self {
            Self::Till => Urgency::Urgent,
            Self::Sync | Self::Loading => Urgency::Patient,
        }
    }
}

/// Why a write was not acknowledged. Every variant but [`WriteError::CommitUnknown`] means: nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E: Error + 'static> {
    /// The job itself refused or failed; its transaction was rolled back.
    #[error("the write was rolled back because its job failed")]
    Job(#[source] E),
    /// The disk (or the file's page limit) is full; the transaction was rolled back.
    #[error("the write was rolled back because the disk is full")]
    DiskFull(#[source] Box<dyn Error + Send + Sync>),
    /// SQLite refused BEGIN, or refused COMMIT for a reason that proves the rollback, such as a deferred
    /// foreign key.
    #[error("the write was rolled back by SQLite")]
    Sqlite(#[source] rusqlite::Error),
    /// COMMIT failed half way: the write may or may not be on the disk. The writer is poisoned. Reopen it, look
    /// the operation up, then answer.
    #[error("COMMIT failed, the outcome is unknown until the file was reopened")]
    CommitUnknown(#[source] rusqlite::Error),
    /// An earlier COMMIT had an unknown outcome and the writer has not been reopened since.
    #[error("the writer stopped after an unknown outcome and was not reopened yet")]
    Poisoned,
    /// The job answered Ok although its transaction was already over: it swallowed an error on which SQLite
    /// rolls back by itself, or ran COMMIT or ROLLBACK.
    #[error("the job went on after its transaction had ended")]
    TransactionEnded,
    /// The job panicked; its transaction was rolled back and the writer lives on.
    #[error("the write was rolled back because its job panicked")]
    Panicked,
    /// Too many jobs wait already. Try again later.
    #[error("the writer has too many jobs waiting")]
    Overloaded,
    /// A write was asked for from inside a write job; waiting for it would never end.
    #[error("a write job asked for another write instead of using its own transaction")]
    Nested,
    /// The database was opened read-only.
    #[error("the database is open for reading only")]
    ReadOnly,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
}

impl<E: Error + 'static> WriteError<E> {
    pub(crate) fn refused(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::Overloaded,
            Refusal::Closed => Self::Closed,
        }
    }
}

/// The writing connection; lives on the writer thread only.
pub(crate) struct Writer {
    path: PathBuf,
    wal_pages: u32,
    /// `None` while poisoned.
    connection: Option<Connection>,
    /// Whether it is poisoned, for whoever asks from another thread.
    stopped: Arc<AtomicBool>,
    /// Pages in the WAL after the last commit; 0 once they were looked at.
    wal: Arc<AtomicU32>,
    turns: Arc<Turns>,
    /// Pages in the WAL at which carrying them over is due: more than usual while a reader holds it back.
    due_at: u32,
}

/// What the transaction left behind, decided before the connection is touched again.
enum Ending<T, E: Error + 'static> {
    Certain(Result<T, WriteError<E>>),
    Unknown(rusqlite::Error),
}

impl Writer {
    pub(crate) fn new(
        options: &OpenOptions,
        mut connection: Connection,
        turns: Arc<Turns>,
    ) -> Result<Self, rusqlite::Error> {
        let (path, wal_pages, wal) = (options.path.clone(), options.wal_pages, Arc::default());
        count_pages(&mut connection, &wal)?;
        let (connection, stopped) = (Some(connection), Arc::default());
        Ok(Self { path, wal_pages, connection, stopped, wal, turns, due_at: wal_pages })
    }

    /// Tells at any time whether writing has stopped.
    pub(crate) fn stopped(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopped)
    }

    fn stop(&mut self) {
        self.connection = None;
        self.stopped.store(true, Ordering::Release);
    }

    /// Runs one job in its own transaction and says exactly how it ended.
    pub(crate) fn run<T, E, F>(&mut self, priority: Priority, job: F) -> Result<T, WriteError<E>>
    where
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E>,
    {
        let connection = self.connection.as_mut().ok_or(WriteError::Poisoned)?;
        let began = Instant::now();
        let ending = transact(connection, job);
        let held = began.elapsed();
        if priority == Priority::Sync && held > SYNC_JOB_BUDGET {
            tracing::warn!(held_ms = held.as_millis(), "a sync job held the writer for too long");
        }
        if !connection.is_autocommit() {
            tracing::error!("ROLLBACK failed, the writing connection is given up");
            self.stop();
        }
        match ending {
            Ending::Certain(result) => result,
            Ending::Unknown(source) => {
                tracing::error!(error = %source, "COMMIT failed, the writer stops until it is reopened");
                self.stop();
                Err(WriteError::CommitUnknown(source))
            }
        }
    }

    /// Sees to it that the WAL is carried over before it is too long. Between jobs, after the last one was answered.
    pub(crate) fn tend_wal(&mut self) {
        let pages = self.wal.swap(0, Ordering::Relaxed);
        let Some(connection) = self.connection.as_ref().filter(|_| pages > 0) else { return };
        if pages < self.wal_pages {
            self.due_at = self.wal_pages;
        }
        if self.turns.is_writers(pages, self.due_at) {
            if let Err(error) = carrier::carry(connection) {
                // Every commit stands in the WAL, and it is tried again.
                tracing::warn!(%error, "the WAL could not be carried over");
            }
            // The next commit begins the WAL anew. Unless a reader looks at it: not every commit then tries in vain.
            self.due_at = pages.saturating_add(self.wal_pages / PATIENCE_PARTS);
        }
    }

    /// Closes the connection, opens a new one, checks the file and settles an unknown outcome for good.
    pub(crate) fn reopen(&mut self) -> Result<(), OpenError> {
        self.stop();
        let mut connection = connection::open_for_writing(&self.path)?;
        connection::make_durable(&connection, self.wal_pages)?;
        let findings = verify::check_connection(&connection, VerifyDepth::Quick);
        if !findings.is_empty() {
            return Err(OpenError::Corrupt { path: self.path.clone(), findings });
        }
        settle(&connection)?;
        count_pages(&mut connection, &self.wal)?;
        self.connection = Some(connection);
        self.stopped.store(false, Ordering::Release);
        Ok(())
    }

    /// Orderly end: all of the WAL goes into the file and an empty WAL says so at the next start.
    pub(crate) fn shut_down(self) -> Result<(), rusqlite::Error> {
        let Some(connection) = self.connection else { return Ok(()) };
        // A reader of another process may hold the WAL; it then stays, and the next start checks the file.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        connection.close().map_err(|(_, error)| error)
    }
}

/// Notes after each commit how many pages stand in the WAL.
fn count_pages(connection: &mut Connection, wal: &Arc<AtomicU32>) -> Result<(), rusqlite::Error> {
    let wal = Arc::clone(wal);
    connection.wal_hook(Some(move |_: &mut Wal, pages| {
        wal.store(u32::try_from(pages).unwrap_or(u32::MAX), Ordering::Relaxed);
        Ok(())
    }))
}

fn transact<T, E, F>(connection: &mut Connection, job: F) -> Ending<T, E>
where
    E: Error + Send + Sync + 'static,
    F: FnOnce(&Transaction<'_>) -> Result<T, E>,
{
    let transaction = match Transaction::new(connection, TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return Ending::Certain(Err(rolled_back(error))),
    };
    // Unwind safe: what the job could leave half done is the transaction, which is rolled back when dropped.
    let value = match catch_unwind(AssertUnwindSafe(|| job(&transaction))) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => return Ending::Certain(Err(job_failed(error))),
        Err(_panic) => return Ending::Certain(Err(WriteError::Panicked)),
    };
    if transaction.is_autocommit() {
        return Ending::Certain(Err(WriteError::TransactionEnded));
    }
    // Not `Transaction::commit`: it would roll back before the state that a failed COMMIT left can be seen.
    match transaction.execute_batch("COMMIT") {
        Ok(()) => Ending::Certain(Ok(value)),
        // Refused before it wrote (a deferred foreign key, a busy lock), COMMIT leaves its transaction open.
        // Everything else failed while pages were written or synchronised, and is over.
        Err(error) if !transaction.is_autocommit() => Ending::Certain(Err(rolled_back(error))),
        Err(error) => Ending::Unknown(error),
    }
}

fn rolled_back<E: Error + 'static>(error: rusqlite::Error) -> WriteError<E> {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
        return WriteError::DiskFull(Box::new(error));
    }
    WriteError::Sqlite(error)
}

fn job_failed<E: Error + Send + Sync + 'static>(error: E) -> WriteError<E> {
    if has_disk_full(&error) { WriteError::DiskFull(Box::new(error)) } else { WriteError::Job(error) }
}

/// Looks for SQLITE_FULL along the sources. A transparent wrapper hides `rusqlite::Error` itself and shows only
/// the code below it, so both are looked for.
fn has_disk_full(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let code = error
            .downcast_ref::<rusqlite::Error>()
            .and_then(rusqlite::Error::sqlite_error_code)
            .or_else(|| error.downcast_ref::<rusqlite::ffi::Error>().map(|failure| failure.code));
        if code == Some(ErrorCode::DiskFull) {
            return true;
        }
        next = error.source();
    }
    false
}

/// Commits a write that changes nothing.
///
/// Frames of the failed COMMIT may still stand in the WAL behind the last known one: invisible now, but replayed
/// by the recovery after a crash. The next commit overwrites them. Made here, before anybody looks the operation
/// up, so that an answer given after reopening can never change. It also proves that the disk takes writes again.
fn settle(connection: &Connection) -> Result<(), rusqlite::Error> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection.execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {version}; COMMIT;"))
}

/// The transaction around a savepoint is gone or unusable; carries what broke it.
#[derive(Debug, thiserror::Error)]
#[error("the transaction around the savepoint is lost")]
pub struct TransactionLost(#[source] Box<dyn Error + Send + Sync>);

/// Runs `work` so that it is undone alone when it fails, while the transaction around it stands. Nests.
///
/// The inner result is the work's own verdict. The outer error means that the whole transaction is lost (SQLite
/// rolls back everything on a full disk or an I/O error) and must be returned from the job with `?`: going on
/// would write without a transaction.
pub fn savepoint<T, E, F>(transaction: &Transaction<'_>, work: F) -> Result<Result<T, E>, TransactionLost>
where
    E: Error + Send + Sync + 'static,
    F: FnOnce(&Transaction<'_>) -> Result<T, E>,
{
    run_cached(transaction, "SAVEPOINT work").map_err(|error| TransactionLost(error.into()))?;
    match work(transaction) {
        Ok(value) => match run_cached(transaction, "RELEASE work") {
            Ok(()) => Ok(Ok(value)),
            Err(error) => Err(TransactionLost(error.into())),
        },
        // When the savepoint is gone with its transaction, what the work met is the cause worth telling.
        Err(refusal) => match run_cached(transaction, "ROLLBACK TO work")
            .and_then(|()| run_cached(transaction, "RELEASE work"))
        {
            Ok(()) => Ok(Err(refusal)),
            Err(_) => Err(TransactionLost(refusal.into())),
        },
    }
}

/// A backlog opens and closes a savepoint for each of its operations: parsed once, not each time.
fn run_cached(connection: &Connection, sql: &str) -> Result<(), rusqlite::Error> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
