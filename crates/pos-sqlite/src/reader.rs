//! Threads that read, each with its own read-only connection.
//!
//! A read job sees one snapshot of the file from its first statement to its last and never waits for the writer.
//! Reports stand in their own lane, and at least one thread never takes them, so that a lookup at the counter
//! always finds a free reader. Connections are opened at the first job: a command that only writes pays nothing.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::connection;
use crate::open::OpenError;
use crate::queue::{Refusal, Urgency};

/// How long a read may take, which decides the threads that accept it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLane {
    /// A person waits: scans, lists, one receipt. Milliseconds.
    Quick,
    /// Reports, exports, checks: may take seconds and never occupies the reserved reader.
    Report,
}

impl ReadLane {
    pub(crate) fn urgency(self) -> Urgency {
        match self {
            Self::Quick => Urgency::Urgent,
            Self::Report => Urgency::Patient,
        }
    }
}

/// Why a read gave no value.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: Error + 'static> {
    /// The job itself failed.
    #[error("the read job failed")]
    Job(#[source] E),
    /// The reader's connection could not be opened. The next job tries again.
    #[error("the reader could not open the file")]
    Open(#[source] OpenError),
    /// The read transaction could not begin.
    #[error("the read transaction could not begin")]
    Sqlite(#[source] rusqlite::Error),
    /// The job panicked; the reader lives on.
    #[error("the read job panicked")]
    Panicked,
    /// Too many jobs wait already. Try again later.
    #[error("the readers have too many jobs waiting")]
    Overloaded,
    /// The database was closed.
    #[error("the database is closed")]
    Closed,
}

impl<E: Error + 'static> ReadError<E> {
    pub(crate) fn refused(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::Overloaded,
            Refusal::Closed => Self::Closed,
        }
    }
}

/// One reader's connection; lives on its thread only.
pub(crate) struct Reader {
    path: PathBuf,
    connection: Option<Connection>,
}

impl Reader {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, connection: None }
    }

    /// Runs one job inside a read transaction.
    pub(crate) fn run<T, E, F>(&mut self, job: F) -> Result<T, ReadError<E>>
    where
        E: Error + 'static,
        F: FnOnce(&Connection) -> Result<T, E>,
    {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                self.connection.insert(connection::open_for_reading(&self.path).map_err(ReadError::Open)?)
            }
        };
        let transaction =
            Transaction::new(connection, TransactionBehavior::Deferred).map_err(ReadError::Sqlite)?;
        // Unwind safe: the job cannot write, and the transaction ends when it is dropped.
        match catch_unwind(AssertUnwindSafe(|| job(&transaction))) {
            Ok(result) => result.map_err(ReadError::Job),
            Err(_panic) => Err(ReadError::Panicked),
        }
    }
}
