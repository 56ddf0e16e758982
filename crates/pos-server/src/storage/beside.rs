//! One short write into the database of a server that may be running.
//!
//! `pair` and `devices revoke` work beside `serve`. They open a connection of their own for one transaction. On SQLite
//! that is not [`pos_sqlite::Database`], whose opening is an owner's: it checks the file after an unclean end, migrates,
//! and carries the WAL over when it closes. A schema that this program does not know exactly is left alone.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::postgres::{Postgres, Schema};
use super::sqlite::{self, APPLICATION_ID, schema_version};
use super::{Founding, Sql, Tx};
use crate::error::ServerError;
use crate::location::{Location, Place};

/// Longest wait for the running server's writer; its transactions take milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs one transaction, durable when this returns.
pub(crate) fn write<T: Send + 'static>(
    location: &Location,
    job: impl Fn(Tx<'_>) -> Sql<T> + Send + 'static,
) -> Result<T, ServerError> {
    match &location.place {
        Place::Embedded => write_into_file(&sqlite::database_path(&location.folder), job),
        Place::Postgres(address) => {
            let database = Postgres::open(address, Schema::MustFit, Founding::Never)?;
            Ok(database.write(job)?)
        }
    }
}

fn write_into_file<T>(path: &Path, job: impl Fn(Tx<'_>) -> Sql<T>) -> Result<T, ServerError> {
    if !path.exists() {
        return Err(ServerError::NoBusiness);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Carrying the WAL over stays the server's business.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if application != APPLICATION_ID || version != schema_version() {
        return Err(ServerError::OtherSchema { found: version, known: schema_version() });
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = job(Tx::Sqlite(&transaction))?;
    transaction.commit()?;
    Ok(value)
}
