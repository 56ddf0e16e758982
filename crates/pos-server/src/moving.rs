//! Moves a business from the embedded database of a folder into PostgreSQL.
//!
//! One transaction copies every row and reads all of them back before it commits, so the business is there whole or
//! not at all. It stays the same business: same identity, tokens, cursors and chains; its registers notice nothing. The
//! file is then put aside under another name, because two servers that go on from one file would each sell the last
//! unit.

use std::fs;
use std::path::Path;

use pos_sqlite::{FolderLock, OpenMode, ReadLane};
use rusqlite::{Connection, OpenFlags};

use crate::batch::load_settings;
use crate::error::ServerError;
use crate::location::{Location, Place};
use crate::storage::postgres::{Postgres, Schema};
use crate::storage::{Founding, Store, Tx, WriteFault, business, copy, sqlite};

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Name of the business in its new database.
    pub business: String,
    /// Rows, over all tables.
    pub rows: u64,
}

/// Moves the business of a folder into a PostgreSQL database, under the name of the shop or another one. Its server
/// must not be running.
///
/// # Errors
/// [`ServerError::NoBusiness`] for a folder without one, [`ServerError::AlreadyInitialised`] when the database has one
/// of this name; others as the databases say. After each of them the business is where it was.
pub fn move_to_postgres(to: &Location, name: Option<&str>) -> Result<Moved, ServerError> {
    let Place::Postgres(address) = &to.place else { return Err(ServerError::NoTarget) };
    let folder = to.folder();
    let _lock = FolderLock::acquire(folder)?;
    let source = Store::open(&Location::embedded(folder), OpenMode::ReadWrite, Founding::Never)?;
    let settings = source.read(ReadLane::Quick, load_settings)?;
    let business = name.map_or(settings.business_name, str::to_owned);
    let target = Postgres::open(address, Schema::BringUpToDate, Founding::Named(&business))?;
    let file = sqlite::database_path(folder);
    let from = file.clone();
    let rows = target.write(move |tx| copy_all(&from, tx)).map_err(|fault| match fault {
        WriteFault::Job(CopyFault::Taken) => ServerError::AlreadyInitialised,
        fault @ (WriteFault::Job(_) | WriteFault::Unknown(_) | WriteFault::NotWritten(_)) => fault.into(),
    })?;
    // Whole before it is put aside: closing carries over what the file's journal still holds.
    source.close()?;
    drop(source);
    let aside = sqlite::moved_path(folder);
    fs::rename(&file, &aside).map_err(|source| ServerError::Io {
        what: "putting the moved file aside",
        path: aside,
        source,
    })?;
    Ok(Moved { business, rows })
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
enum CopyFault {
    #[error("the database has a business of this name")]
    Taken,
    #[error(transparent)]
    Sql(#[from] crate::storage::StorageError),
}

fn copy_all(file: &Path, to: Tx<'_>) -> Result<u64, CopyFault> {
    if business::find(to)?.is_some() {
        return Err(CopyFault::Taken);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(file, flags).map_err(crate::storage::StorageError::from)?;
    let snapshot = connection.transaction().map_err(crate::storage::StorageError::from)?;
    Ok(copy::copy_all(Tx::Sqlite(&snapshot), to)?)
}
