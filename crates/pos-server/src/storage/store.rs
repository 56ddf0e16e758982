//! The handle that the server holds: runs jobs in transactions on the database of its business, whichever it is.

use std::error::Error;
use std::fs;
use std::path::Path;

use pos_sqlite::{Database, OpenMode, Priority, ReadLane, VerifyDepth, WriteError, verify_file};
use tokio::sync::watch;

use super::postgres::{Follower, Postgres, Schema};
use super::{Sql, Tx, copy, sqlite};
use crate::error::ServerError;
use crate::location::{Location, Place};

/// The database of a business. Clones share it; the last one dropped closes it.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    Sqlite(Database),
    Postgres(Postgres),
}

/// Whether opening may make a place for a business that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Founding<'f> {
    /// The business must be there.
    Never,
    /// In a place that holds none, one of this name.
    WhereNoneIs(&'f str),
    /// One of this name, beside others.
    Named(&'f str),
}

/// Why a write was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteFault<E: Error + 'static> {
    /// The job itself refused or failed; nothing was written.
    #[error("the write was rolled back because its job failed")]
    Job(#[source] E),
    /// COMMIT was not answered: the write may stand or not. Whoever runs the same job again will see.
    #[error("the outcome of COMMIT is unknown")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// The database is away, full or broken; nothing was written.
    #[error("the database did not take the write")]
    NotWritten(#[source] Box<dyn Error + Send + Sync>),
}

/// Why a read gave no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadFault<E: Error + 'static> {
    /// The job itself failed.
    #[error("the read job failed")]
    Job(#[source] E),
    /// The database is away or broken.
    #[error("the database did not answer")]
    NotRead(#[source] Box<dyn Error + Send + Sync>),
}

impl Store {
    /// Opens the database of a business.
    pub(crate) fn open(
        location: &Location,
        mode: OpenMode,
        founding: Founding<'_>,
    ) -> Result<Self, ServerError> {
        match &location.place {
            Place::Embedded => {
                let moved = sqlite::moved_path(&location.folder).exists();
                let founded = moved
                    || sqlite::database_path(&location.folder).exists()
                    || crate::restore::is_decided(&location.folder);
                if !founded && founding == Founding::Never {
                    return Err(ServerError::NoBusiness);
                }
                Ok(Self::Sqlite(sqlite::open(&location.folder, mode)?))
            }
            Place::Postgres(address) => {
                let schema = match mode {
                    OpenMode::ReadWrite => Schema::BringUpToDate,
                    OpenMode::ReadOnly => Schema::MustFit,
                };
                Ok(Self::Postgres(Postgres::open(address, schema, founding)?))
            }
        }
    }

    /// Whether other servers may write to the same business at the same time: then nothing of it can be remembered
    /// from one transaction to the next.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(_) => true,
        }
    }

    /// See [`crate::Server::work_in_step`].
    pub(crate) fn work_in_step(&self) {
        match self {
            Self::Sqlite(database) => database.work_in_step(),
            // It is a program of its own, in step with nobody.
            Self::Postgres(_) => {}
        }
    }

    /// Tells of changes that other servers make, for as long as the follower lives.
    pub(crate) fn follow(&self, feed: &watch::Sender<u64>) -> Result<Option<Follower>, ServerError> {
        match self {
            // Nobody else writes into the file's feed.
            Self::Sqlite(_) => Ok(None),
            Self::Postgres(postgres) => postgres.follow(feed.clone()).map(Some),
        }
    }

    /// Runs `job` in a writing transaction and waits until it is durable. Blocks the calling thread. The job may run
    /// several times; only the last run stands.
    pub(crate) fn write<T, E>(
        &self,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(database) => {
                let written = database.write(Priority::Till, move |transaction| job(Tx::Sqlite(transaction)));
                written.map_err(|error| settle(database, error))
            }
            Self::Postgres(postgres) => postgres.write(job),
        }
    }

    /// Like [`Store::write`] for async callers; runs to its end even when the future is dropped.
    pub(crate) async fn write_async<T, E>(
        &self,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(database) => {
                let written =
                    database.write_async(Priority::Till, move |transaction| job(Tx::Sqlite(transaction)));
                written.await.map_err(WriteFault::from)
            }
            Self::Postgres(postgres) => postgres.write_async(job).await,
        }
    }

    /// Like [`Store::write_async`] for what nobody waits for: behind the pushes that wait.
    pub(crate) async fn write_behind_async<T, E>(
        &self,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(database) => {
                let written =
                    database.write_async(Priority::Sync, move |transaction| job(Tx::Sqlite(transaction)));
                written.await.map_err(WriteFault::from)
            }
            Self::Postgres(postgres) => postgres.write_async(job).await,
        }
    }

    /// Runs `job` in a reading transaction, one snapshot from its first statement to its last. Blocks the calling
    /// thread. The job may run several times.
    pub(crate) fn read<T, E>(
        &self,
        lane: ReadLane,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(database) => Ok(database.read(lane, move |connection| job(Tx::Sqlite(connection)))?),
            Self::Postgres(postgres) => postgres.read(lane, job),
        }
    }

    /// Like [`Store::read`] for async callers.
    pub(crate) async fn read_async<T, E>(
        &self,
        lane: ReadLane,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        match self {
            Self::Sqlite(database) => {
                Ok(database.read_async(lane, move |connection| job(Tx::Sqlite(connection))).await?)
            }
            Self::Postgres(postgres) => postgres.read_async(lane, job).await,
        }
    }

    /// Size of the embedded file. What a copy of another database needs is not known before.
    pub(crate) fn file_bytes(&self) -> u64 {
        match self {
            Self::Sqlite(database) => fs::metadata(database.path()).map_or(0, |metadata| metadata.len()),
            Self::Postgres(_) => 0,
        }
    }

    /// Copies the business as it stands into one SQLite file, which gets its name when it is whole and sound. Blocks the
    /// calling thread.
    pub(crate) fn copy_into(&self, path: &Path) -> Result<(), ServerError> {
        match self {
            Self::Sqlite(database) => Ok(pos_sqlite::snapshot(database, path)?),
            Self::Postgres(postgres) => copy_out(postgres, path),
        }
    }

    /// Damage of the file itself, in words. PostgreSQL looks after its own files.
    pub(crate) fn damage(&self) -> Vec<String> {
        match self {
            Self::Sqlite(database) => {
                let findings = verify_file(database.path(), VerifyDepth::Full);
                findings.into_iter().map(|finding| finding.detail).collect()
            }
            Self::Postgres(_) => Vec::new(),
        }
    }

    /// Closes in order.
    pub(crate) fn close(&self) -> Result<(), ServerError> {
        match self {
            Self::Sqlite(database) => database.close().map_err(|error| ServerError::Write(Box::new(error))),
            Self::Postgres(_) => Ok(()),
        }
    }
}

/// Every row of one snapshot, read back and compared, by way of a folder that is gone afterwards.
fn copy_out(postgres: &Postgres, path: &Path) -> Result<(), ServerError> {
    let folder = path.with_extension("copying");
    let failed = |source| ServerError::Io { what: "copying the business", path: folder.clone(), source };
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    sqlite::open(&folder, OpenMode::ReadWrite)?.close().map_err(|e| ServerError::Write(Box::new(e)))?;
    let file = sqlite::database_path(&folder);
    let copied = postgres
        .read(ReadLane::Report, move |from| -> Sql<()> {
            let mut connection = rusqlite::Connection::open(&file)?;
            let transaction = connection.transaction()?;
            copy::copy_all(from, Tx::Sqlite(&transaction))?;
            Ok(transaction.commit()?)
        })
        .map_err(ServerError::from)
        .and_then(|()| {
            let copy = sqlite::open(&folder, OpenMode::ReadOnly)?;
            Ok(pos_sqlite::snapshot(&copy, path)?)
        });
    fs::remove_dir_all(&folder).map_err(failed)?;
    copied
}

/// After an unknown outcome the file is reopened before anybody asks again: the same job then finds what stands.
fn settle<E: Error + Send + Sync + 'static>(database: &Database, error: WriteError<E>) -> WriteFault<E> {
    if matches!(error, WriteError::CommitUnknown(_) | WriteError::Poisoned)
        && let Err(error) = database.reopen_writer()
    {
        return WriteFault::Unknown(Box::new(error));
    }
    error.into()
}

impl<E: Error + Send + Sync + 'static> From<WriteError<E>> for WriteFault<E> {
    fn from(error: WriteError<E>) -> Self {
        match error {
            WriteError::Job(refusal) => Self::Job(refusal),
            WriteError::CommitUnknown(_) => Self::Unknown(Box::new(error)),
            WriteError::DiskFull(_)
            | WriteError::Sqlite(_)
            | WriteError::Poisoned
            | WriteError::TransactionEnded
            | WriteError::Panicked
            | WriteError::Overloaded
            | WriteError::Nested
            | WriteError::ReadOnly
            | WriteError::Closed => Self::NotWritten(Box::new(error)),
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<pos_sqlite::ReadError<E>> for ReadFault<E> {
    fn from(error: pos_sqlite::ReadError<E>) -> Self {
        use pos_sqlite::ReadError;
        match error {
            ReadError::Job(refusal) => Self::Job(refusal),
            ReadError::Open(_)
            | ReadError::Sqlite(_)
            | ReadError::Panicked
            | ReadError::Overloaded
            | ReadError::Closed => Self::NotRead(Box::new(error)),
        }
    }
}
