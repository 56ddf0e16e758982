//! Embedded SQLite: the database of one business in one file, and how statements run on a connection of it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pos_sqlite::{Database, Migration, MigrationListError, OpenMode, OpenOptions, migrations_from};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

use super::tx::Row;
use super::value::{Cell, Params, Value};
use super::{Sql, unreadable};
use crate::error::ServerError;

/// `application_id` of the server's file: "CMPS".
pub(crate) const APPLICATION_ID: i32 = 0x434d_5053;
/// Readers: one kept for greetings and short pages, two that also take reports.
const READERS: usize = 3;
/// Pages that gather in the WAL, 48 MB: a sale changes some balances anywhere in the file, and thousands of them the same
/// pages again and again.
const WAL_PAGES: u32 = 12_000;
/// Name of the database in the data folder.
const DATABASE_FILE: &str = "server.db";
/// Its name once its business was moved elsewhere. It is kept for people; no program goes on from it.
const MOVED_FILE: &str = "server.moved.db";

static MIGRATIONS: LazyLock<Result<Vec<Migration>, MigrationListError>> = LazyLock::new(|| {
    migrations_from(&[
        (
            "0001_create_server.sql",
            include_str!("../../../../migrations/server-sqlite/0001_create_server.sql"),
        ),
        ("0002_seal_rows.sql", include_str!("../../../../migrations/server-sqlite/0002_seal_rows.sql")),
        (
            "0003_recover_server.sql",
            include_str!("../../../../migrations/server-sqlite/0003_recover_server.sql"),
        ),
        (
            "0004_create_attachment.sql",
            include_str!("../../../../migrations/server-sqlite/0004_create_attachment.sql"),
        ),
        (
            "0005_widen_conflicts.sql",
            include_str!("../../../../migrations/server-sqlite/0005_widen_conflicts.sql"),
        ),
        (
            "0006_place_balances.sql",
            include_str!("../../../../migrations/server-sqlite/0006_place_balances.sql"),
        ),
        (
            "0007_await_forgotten.sql",
            include_str!("../../../../migrations/server-sqlite/0007_await_forgotten.sql"),
        ),
        ("0008_record_till.sql", include_str!("../../../../migrations/server-sqlite/0008_record_till.sql")),
    ])
});

/// The database of a data folder.
pub(crate) fn database_path(folder: &Path) -> PathBuf {
    folder.join(DATABASE_FILE)
}

/// Where the database stands after its business was moved elsewhere.
pub(crate) fn moved_path(folder: &Path) -> PathBuf {
    folder.join(MOVED_FILE)
}

/// The newest schema version that this program knows.
pub(crate) fn schema_version() -> u32 {
    MIGRATIONS.as_ref().ok().and_then(|list| list.last()).map_or(0, |migration| migration.version)
}

/// Opens the database of a data folder.
pub(crate) fn open(folder: &Path, mode: OpenMode) -> Result<Database, ServerError> {
    if moved_path(folder).exists() {
        return Err(ServerError::Moved);
    }
    if mode == OpenMode::ReadWrite {
        crate::restore::finish(folder)?;
    }
    open_file(&database_path(folder), mode)
}

/// Opens a database wherever it lies.
pub(crate) fn open_file(path: &Path, mode: OpenMode) -> Result<Database, ServerError> {
    let migrations = MIGRATIONS.as_deref().map_err(|fault| ServerError::Migrations(fault.clone()))?;
    let options = OpenOptions {
        path: path.to_owned(),
        application_id: APPLICATION_ID,
        migrations,
        snapshot_dir: None,
        readers: READERS,
        wal_pages: WAL_PAGES,
        mode,
    };
    Ok(Database::open(options)?)
}

/// Runs a statement and gives the number of rows that it changed.
pub(crate) fn execute(connection: &Connection, sql: &str, params: Params<'_>) -> Sql<u64> {
    let mut statement = prepare(connection, sql, params)?;
    u64::try_from(statement.raw_execute()?).map_err(unreadable)
}

/// Shows one row after the other, until told to stop.
pub(crate) fn each(
    connection: &Connection,
    sql: &str,
    params: Params<'_>,
    mut visit: impl FnMut(Row<'_>) -> Sql<ControlFlow<()>>,
) -> Sql<()> {
    let mut statement = prepare(connection, sql, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if visit(Row::Sqlite(row))?.is_break() {
            break;
        }
    }
    Ok(())
}

/// What stands in a column.
pub(crate) fn cell<'r>(row: &'r rusqlite::Row<'r>, column: &str) -> Sql<Cell<'r>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).map_err(unreadable)?),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        // No column of a STRICT schema without REAL holds one.
        ValueRef::Real(_) => return Err(unreadable(rusqlite::types::FromSqlError::InvalidType)),
    })
}

fn prepare<'c>(connection: &'c Connection, sql: &str, params: Params<'_>) -> Sql<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(sql)?;
    for (at, (name, value)) in params.iter().enumerate() {
        // Given in the order of the statement, as nearly always, a name is compared once and not searched for.
        let index = if statement.parameter_name(at + 1) == Some(*name) {
            at + 1
        } else {
            let found = statement.parameter_index(name)?;
            found.ok_or_else(|| rusqlite::Error::InvalidParameterName((*name).to_owned()))?
        };
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(statement)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Integer((*value).into()),
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
