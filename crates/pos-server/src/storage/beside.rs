//! One short write into the file of a server that may be running.
//!
//! `pair` and `devices revoke` work beside `serve`. They open a connection of their own for one transaction instead of
//! [`pos_sqlite::Database`], whose opening is an owner's: it checks the file after an unclean end, migrates, and
//! carries the WAL over when it closes. A file whose schema this program does not know exactly is left alone.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{APPLICATION_ID, Sql, database_path, schema_version};
use crate::error::ServerError;

/// Longest wait for the running server's writer; its transactions take milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs one transaction, durable when this returns.
pub(crate) fn write<T>(
    folder: &Path,
    job: impl FnOnce(&Transaction<'_>) -> Sql<T>,
) -> Result<T, ServerError> {
    let path = database_path(folder);
    if !path.exists() {
        return Err(ServerError::NoBusiness);
    }
    let mut connection = Connection::open_with_flags(
        &path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
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
    let value = job(&transaction)?;
    transaction.commit()?;
    Ok(value)
}
