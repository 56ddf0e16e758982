//! Opens one connection the way every connection of this house is opened.
//!
//! Each setting that durability rests on is read back: SQLite ignores a pragma it cannot honour, silently, and a
//! register that believes in `synchronous=FULL` while it runs without loses acknowledged sales in a power cut.
//! ANALYZE and `PRAGMA optimize` are never run: plans are fixed by the schema and tested with EXPLAIN.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, ToSql};

use crate::open::OpenError;

/// Oldest SQLite that may touch our files, as `major * 1_000_000 + minor * 1_000 + patch`: 3.51.3. Earlier ones
/// can corrupt a WAL file when two connections checkpoint and write at once.
pub(crate) const OLDEST_SQLITE: i32 = 3_051_003;

/// How long a connection waits for a lock held by another one, in ms. Long enough for the checkpoint of another
/// process, short enough for a person to be told what is wrong.
const BUSY_TIMEOUT: Duration = Duration::from_millis(5_000);

/// Bytes of a page: the default of SQLite, which no file of ours changes.
const PAGE_BYTES: i64 = 4_096;

/// How many times as many pages as it should hold the WAL holds until they are carried over beside a busy writer.
const USUAL_MARKS: i64 = 2;

/// Most page cache of the writer in KiB (a negative `cache_size` counts KiB): the tables and indexes of a
/// 100,000-product catalogue that a backlog of sales touches at random fit. With an eighth of it, half of the
/// server's time in a drain went into reading pages again. It is taken page by page, so a small shop's file never
/// takes more than its own size, and an old till with 2 GB of memory does not notice the rest.
const WRITER_CACHE_KIB: i64 = 64 * 1024;

/// Page cache of each reader in KiB. Readers are several, and the operating system caches the file as well.
const READER_CACHE_KIB: i64 = 4 * 1024;

/// Prepared statements kept per connection. Above the number of different statements that a store runs, so that
/// a scan never parses SQL twice.
const STATEMENT_CACHE_STATEMENTS: usize = 256;

/// `PRAGMA synchronous` answers a number; 2 is FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// Refuses to run on a SQLite that can damage the file.
pub(crate) fn assert_sqlite_version() -> Result<(), OpenError> {
    let found = rusqlite::version_number();
    if found < OLDEST_SQLITE {
        return Err(OpenError::SqliteTooOld { found: rusqlite::version() });
    }
    Ok(())
}

/// Opens for writing without changing the file yet: its header can be judged before anything is touched. Never makes
/// a file: one that vanished under a running till must not come back empty.
pub(crate) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    harden(&connection, WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// Makes an opened connection durable: WAL and full synchronisation, each answer verified. No commit carries the WAL over:
/// see [`crate::carrier`]. The WAL file is kept as long as it usually grows until that is done: a commit that makes a file
/// longer costs the file system a journal entry of its own. A bulk import may grow it to hundreds of megabytes; a small
/// shop's disk gets them back.
pub(crate) fn make_durable(connection: &Connection, wal_pages: u32) -> Result<(), OpenError> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    expect("journal_mode", "wal", mode)?;
    set(connection, "synchronous", "FULL", SYNCHRONOUS_FULL)?;
    set(connection, "fullfsync", true, 1_i64)?;
    set(connection, "checkpoint_fullfsync", true, 1_i64)?;
    let bytes = i64::from(wal_pages).saturating_mul(USUAL_MARKS).saturating_mul(PAGE_BYTES);
    let limit: i64 =
        connection.pragma_update_and_check(None, "journal_size_limit", bytes, |row| row.get(0))?;
    expect("journal_size_limit", bytes, limit)?;
    let gathered: i64 =
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get(0))?;
    expect("wal_autocheckpoint", 0, gathered)?;
    set(connection, "recursive_triggers", true, 1_i64)?;
    #[cfg(feature = "planted")] // Incident 2.
    if pos_planted::is(pos_planted::Bug::CommitWithoutSync) {
        connection.pragma_update(None, "synchronous", "NORMAL")?;
    }
    enforce_foreign_keys(connection, true)
}

/// Switches foreign keys; only outside a transaction does SQLite obey, hence the check.
pub(crate) fn enforce_foreign_keys(connection: &Connection, enforced: bool) -> Result<(), OpenError> {
    set(connection, "foreign_keys", enforced, i64::from(enforced))
}

/// Opens an existing file that this connection can never change.
pub(crate) fn open_for_reading(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    harden(&connection, READER_CACHE_KIB)?;
    Ok(connection)
}

/// What holds for writers and readers alike: a hostile or damaged file must not run code or crash the process.
fn harden(connection: &Connection, cache_kib: i64) -> Result<(), OpenError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_STATEMENTS);
    switch(connection, DbConfig::SQLITE_DBCONFIG_DEFENSIVE, "defensive", true)?;
    switch(connection, DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, "trusted_schema", false)?;
    switch(connection, DbConfig::SQLITE_DBCONFIG_DQS_DML, "dqs_dml", false)?;
    switch(connection, DbConfig::SQLITE_DBCONFIG_DQS_DDL, "dqs_ddl", false)?;
    // Plans depend on the schema alone, never on the values of one call: otherwise SQLite plans a statement anew at
    // each call whose value a partial index might care about.
    switch(connection, DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, "query planner stability", true)?;
    set(connection, "cell_size_check", true, 1_i64)?;
    set(connection, "cache_size", -cache_kib, -cache_kib)?;
    // 2 is MEMORY: sorts of customer data never reach a temporary file.
    set(connection, "temp_store", "MEMORY", 2_i64)?;
    // A torn mapped page is a signal that kills the process; a read error is an error.
    let mapped: i64 = connection.pragma_update_and_check(None, "mmap_size", 0, |row| row.get(0))?;
    expect("mmap_size", 0, mapped)
}

fn switch(
    connection: &Connection,
    config: DbConfig,
    name: &'static str,
    wanted: bool,
) -> Result<(), OpenError> {
    let answer = connection.set_db_config(config, wanted)?;
    expect(name, wanted, answer)
}

fn set<T>(connection: &Connection, name: &'static str, value: impl ToSql, wanted: T) -> Result<(), OpenError>
where
    T: FromSql + PartialEq + std::fmt::Display,
{
    connection.pragma_update(None, name, value)?;
    let answer: T = connection.pragma_query_value(None, name, |row| row.get(0))?;
    expect(name, wanted, answer)
}

fn expect<W, G>(pragma: &'static str, wanted: W, got: G) -> Result<(), OpenError>
where
    W: std::fmt::Display + PartialEq<G>,
    G: std::fmt::Display,
{
    if wanted == got {
        return Ok(());
    }
    Err(OpenError::SettingRefused { setting: pragma, wanted: wanted.to_string(), got: got.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_cannot_hold_a_wal_is_refused() {
        // Memory stands for it: SQLite answers with another journal mode instead of an error.
        let connection = Connection::open_in_memory().unwrap();
        let result = make_durable(&connection, 1_000);
        assert!(
            matches!(result, Err(OpenError::SettingRefused { setting: "journal_mode", .. })),
            "the answer is read, not assumed: {result:?}"
        );
    }
}
