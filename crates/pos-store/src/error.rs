//! What can go wrong between a use case and the register's file.
//!
//! The variants keep apart what a person must be told differently: nothing was written, nobody knows whether it was
//! written, the disk is full, the file is newer, damaged or held by another program.

use std::error::Error;

use pos_domain::body::BodyFault;
use pos_domain::chain::ChainFault;
use pos_sqlite::rusqlite::ErrorCode;
use pos_sqlite::{Finding, LockError, OpenError, ReadError, SnapshotError, TransactionLost, WriteError};
use thiserror::Error;
use uuid::Uuid;

/// Why the store did not do what it was asked. Unless a variant says otherwise, nothing was written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite refused a statement; inside a write its transaction is rolled back.
    #[error("a statement failed")]
    Sql(#[from] rusqlite::Error),
    /// A stored value does not have the shape that this program writes.
    #[error("{what} in the file is not readable")]
    Unreadable {
        /// Table and column.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A value that this program must write does not fit.
    #[error("{what} cannot be written")]
    Unwritable {
        /// Table and column.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file holds no register yet.
    #[error("this file is no register yet")]
    NoDevice,
    /// A row that must be there is not.
    #[error("{what} {id} does not exist")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// Which.
        id: Uuid,
    },
    /// The thing has moved on: a sale that is final already, an operation that is acknowledged.
    #[error("{what} {id} is {state} already")]
    WrongState {
        /// Kind of thing.
        what: &'static str,
        /// Which.
        id: Uuid,
        /// As found.
        state: &'static str,
    },
    /// A link does not continue the chain of this file.
    #[error("the new number does not continue the chain")]
    Chain(#[from] ChainFault),
    /// An operation's body cannot be read or written.
    #[error(transparent)]
    Body(#[from] BodyFault),
    /// The whole transaction is lost.
    #[error(transparent)]
    TransactionLost(#[from] TransactionLost),
    /// COMMIT failed half way: nobody knows whether it was written. Call [`crate::Store::reopen_writer`], look the
    /// thing up, then answer.
    #[error("the outcome of the last write is unknown")]
    CommitUnknown(#[source] rusqlite::Error),
    /// The writer stopped after an unknown outcome; call [`crate::Store::reopen_writer`].
    #[error("writing has stopped until the file is reopened")]
    Poisoned,
    /// The disk is full; the write was rolled back.
    #[error("the disk is full")]
    DiskFull(#[source] Box<dyn Error + Send + Sync>),
    /// A newer program has written this file.
    #[error("the file was written by a newer version ({found}, this one knows {known})")]
    NewerFile {
        /// Schema version of the file.
        found: u32,
        /// Newest schema version of this program.
        known: u32,
    },
    /// The file is damaged. Nothing was changed.
    #[error("the file is damaged")]
    Corrupt {
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// Another program has the data folder open for writing.
    #[error("the data folder is in use by another program")]
    Held(#[source] LockError),
    /// The data folder or file cannot be opened for another reason.
    #[error("the data folder cannot be opened")]
    Open(#[source] Box<dyn Error + Send + Sync>),
    /// Too much waits already; try again later.
    #[error("too much waits already")]
    Overloaded,
    /// A program fault: a job panicked, asked for another write, or ended its own transaction.
    #[error("a job of the program went wrong")]
    JobFault(#[source] Box<dyn Error + Send + Sync>),
    /// The store was opened for reading only.
    #[error("the file is open for reading only")]
    ReadOnly,
    /// The store was closed.
    #[error("the file is closed")]
    Closed,
}

impl StoreError {
    /// For a stored value of another shape.
    pub(crate) fn unreadable(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unreadable { what, source: source.into() }
    }

    /// For a file beside the database.
    pub fn file(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Self::DiskFull(Box::new(error));
        }
        Self::Open(Box::new(error))
    }

    /// For a value that does not fit.
    pub(crate) fn unwritable(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unwritable { what, source: source.into() }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NewerFile { found, known } => Self::NewerFile { found, known },
            OpenError::Corrupt { findings, .. } => Self::Corrupt { findings },
            OpenError::Sqlite(source) => Self::Sql(source),
            OpenError::SqliteTooOld { .. }
            | OpenError::Missing(_)
            | OpenError::Foreign { .. }
            | OpenError::OlderFile { .. }
            | OpenError::SettingRefused { .. }
            | OpenError::Migration(_)
            | OpenError::Snapshot(_)
            | OpenError::Io(_) => Self::Open(Box::new(error)),
        }
    }
}

impl From<SnapshotError> for StoreError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Damaged(findings) => Self::Corrupt { findings },
            SnapshotError::Copy(source) if source.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                Self::DiskFull(Box::new(source))
            }
            SnapshotError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                Self::DiskFull(Box::new(source))
            }
            SnapshotError::Source(_)
            | SnapshotError::Copy(_)
            | SnapshotError::Unsound(_)
            | SnapshotError::Io { .. } => Self::Open(Box::new(error)),
        }
    }
}

impl From<LockError> for StoreError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::HeldByOther(_) => Self::Held(error),
            LockError::Io { .. } => Self::Open(Box::new(error)),
        }
    }
}

/// What the writer says, in the words of a caller whose jobs fail with `E`.
pub(crate) fn from_write<E>(error: WriteError<E>) -> E
where
    E: Error + From<StoreError> + Send + Sync + 'static,
{
    plain_write(error).unwrap_or_else(E::from)
}

/// What the writer says after it was asked to reopen the file.
pub(crate) fn from_reopen(error: WriteError<OpenError>) -> StoreError {
    plain_write(error).map_or_else(|error| error, StoreError::from)
}

/// The job's own error, or else what the store has to say.
fn plain_write<E: Error + Send + Sync + 'static>(error: WriteError<E>) -> Result<E, StoreError> {
    Err(match error {
        WriteError::Job(error) => return Ok(error),
        WriteError::DiskFull(source) => StoreError::DiskFull(source),
        WriteError::Sqlite(source) => StoreError::Sql(source),
        WriteError::CommitUnknown(source) => StoreError::CommitUnknown(source),
        WriteError::Poisoned => StoreError::Poisoned,
        WriteError::Overloaded => StoreError::Overloaded,
        WriteError::ReadOnly => StoreError::ReadOnly,
        WriteError::Closed => StoreError::Closed,
        fault @ (WriteError::TransactionEnded | WriteError::Panicked | WriteError::Nested) => {
            StoreError::JobFault(Box::new(fault))
        }
    })
}

/// What a reader says, in the words of a caller whose jobs fail with `E`.
pub(crate) fn from_read<E>(error: ReadError<E>) -> E
where
    E: Error + From<StoreError> + Send + Sync + 'static,
{
    let error = match error {
        ReadError::Job(error) => return error,
        ReadError::Open(source) => source.into(),
        ReadError::Sqlite(source) => StoreError::Sql(source),
        ReadError::Overloaded => StoreError::Overloaded,
        ReadError::Closed => StoreError::Closed,
        fault @ ReadError::Panicked => StoreError::JobFault(Box::new(fault)),
    };
    E::from(error)
}
