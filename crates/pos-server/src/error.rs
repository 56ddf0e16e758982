//! What can go wrong on the server, and how a register hears of it.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use pos_protocol::{ApiError, Problem, ProblemCode};
use pos_sqlite::{LockError, MigrationListError, OpenError, SnapshotError};

use crate::storage::postgres::PostgresError;
use crate::storage::{ReadFault, StorageError, WriteFault};

/// How long a register should wait when the server itself is in trouble, in milliseconds.
const TROUBLE_PAUSE_MS: u64 = 1_000;

/// Why the server could not do something. Registers never see these; they get a [`Problem`].
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The program's own list of migrations makes no sense.
    #[error("the server's migrations are not in order")]
    Migrations(#[source] MigrationListError),
    /// The database could not be opened.
    #[error("the database could not be opened")]
    Open(#[from] OpenError),
    /// Another server works in this folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The PostgreSQL database cannot be used.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// The folder holds no business yet.
    #[error("this folder holds no business yet; run `init` or `serve` first")]
    NoBusiness,
    /// `init` in a folder that has a business.
    #[error("there is already such a business here")]
    AlreadyInitialised,
    /// The business of the folder is on PostgreSQL now.
    #[error("the business of this folder was moved to PostgreSQL; name its database with --database-url")]
    Moved,
    /// `move` without a database to move to.
    #[error("say where to: --database-url postgres://user:password@host/database")]
    NoTarget,
    /// A backup would have to be written over a file that is there.
    #[error("{} is there already", .0.display())]
    BackupExists(PathBuf),
    /// The database became another one while it was copied.
    #[error("the business was restored while its backup was made; make another one")]
    BackupOfAnother,
    /// The disk has too little room for a backup.
    #[error("a backup needs {needed} bytes, and {free} are free")]
    NoRoom {
        /// Bytes that are free.
        free: u64,
        /// Bytes that it needs, with what it leaves to others.
        needed: u64,
    },
    /// A backup that is damaged.
    #[error("{} is not sound: {detail}", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// The first thing that was found.
        detail: String,
    },
    /// A backup could not be written.
    #[error("the backup could not be made")]
    Copy(#[from] SnapshotError),
    /// The file belongs to another version of this program.
    #[error("the file has schema version {found}, this program works with {known}")]
    OtherSchema {
        /// The file's version.
        found: u32,
        /// The version this program knows.
        known: u32,
    },
    /// A statement failed.
    #[error("the database answered with an error")]
    Statement(#[from] StorageError),
    /// A write was not acknowledged.
    #[error("the database did not take the write")]
    Write(#[source] Box<dyn Error + Send + Sync>),
    /// A read gave nothing.
    #[error("the database did not answer")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    /// A file or a socket.
    #[error("{what} failed: {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or address.
        path: PathBuf,
        /// What the system answered.
        #[source]
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Randomness(getrandom::Error),
    /// The server's certificate could not be made or read.
    #[error("the server's certificate cannot be used")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// A thread could not be started.
    #[error("the system refused a thread")]
    Thread(#[source] io::Error),
}

impl<E: Error + Send + Sync + 'static> From<WriteFault<E>> for ServerError {
    fn from(error: WriteFault<E>) -> Self {
        Self::Write(Box::new(error))
    }
}

impl<E: Error + Send + Sync + 'static> From<ReadFault<E>> for ServerError {
    fn from(error: ReadFault<E>) -> Self {
        Self::Read(Box::new(error))
    }
}

impl From<rusqlite::Error> for ServerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(error.into())
    }
}

/// A refusal of a whole request.
pub(crate) fn refused(code: ProblemCode, detail: &str) -> ApiError {
    ApiError::Refused { problem: Problem { code, detail: detail.to_owned(), retry_after_ms: None } }
}

/// "Not now": the register asks again later. The cause goes to the log, not over the wire.
pub(crate) fn unavailable(cause: &ServerError) -> ApiError {
    tracing::error!(error = %in_words(cause), "a request could not be answered");
    not_now("the server cannot answer now")
}

/// "Not now", for a reason that is no fault.
pub(crate) fn not_now(detail: &str) -> ApiError {
    ApiError::Refused {
        problem: Problem {
            code: ProblemCode::Unavailable,
            detail: detail.to_owned(),
            retry_after_ms: Some(TROUBLE_PAUSE_MS),
        },
    }
}

/// An error with its sources on one line.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        words.push_str(": ");
        words.push_str(&source.to_string());
        next = source.source();
    }
    words
}
