//! The server's tables on embedded SQLite: every SQL statement stands here, one module per aggregate.
//!
//! Functions take an open connection or transaction and never begin or end one, so that one push commits its
//! verdicts and effects together. Nothing here decides anything: rules live in [`crate::apply`] and
//! [`crate::push`]. A second store (PostgreSQL) will stand beside this module, not inside it.

pub(crate) mod audit;
pub(crate) mod beside;
pub(crate) mod business;
pub(crate) mod chain;
pub(crate) mod conflict;
pub(crate) mod device;
pub(crate) mod entity;
pub(crate) mod feed;
pub(crate) mod identity;
pub(crate) mod life;
pub(crate) mod operation;
pub(crate) mod pairing;
pub(crate) mod report;
pub(crate) mod sale;
pub(crate) mod stock;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pos_domain::Hash32;
use pos_sqlite::{Database, Migration, MigrationListError, OpenMode, OpenOptions, migrations_from};
use rusqlite::Row;
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::ServerError;

/// `application_id` of the server's file: "CMPS".
pub(crate) const APPLICATION_ID: i32 = 0x434d_5053;
/// Readers: one kept for greetings and short pages, two that also take reports.
const READERS: usize = 3;
/// Name of the database in the data folder.
const DATABASE_FILE: &str = "server.db";

/// What a statement gives.
pub(crate) type Sql<T> = Result<T, rusqlite::Error>;

static MIGRATIONS: LazyLock<Result<Vec<Migration>, MigrationListError>> = LazyLock::new(|| {
    migrations_from(&[(
        "0001_create_server.sql",
        include_str!("../../../../migrations/server-sqlite/0001_create_server.sql"),
    )])
});

/// The database of a data folder.
pub(crate) fn database_path(folder: &Path) -> PathBuf {
    folder.join(DATABASE_FILE)
}

/// The newest schema version that this program knows.
pub(crate) fn schema_version() -> u32 {
    MIGRATIONS.as_ref().ok().and_then(|list| list.last()).map_or(0, |migration| migration.version)
}

/// Opens the database of a data folder.
pub(crate) fn open(folder: &Path, mode: OpenMode) -> Result<Database, ServerError> {
    let migrations = MIGRATIONS.as_deref().map_err(|fault| ServerError::Migrations(fault.clone()))?;
    let options = OpenOptions {
        path: database_path(folder),
        application_id: APPLICATION_ID,
        migrations,
        snapshot_dir: None,
        readers: READERS,
        mode,
    };
    Ok(Database::open(options)?)
}

/// A UUID column.
pub(crate) fn id(row: &Row<'_>, column: &str) -> Sql<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

/// A UUID column that may be NULL.
pub(crate) fn optional_id(row: &Row<'_>, column: &str) -> Sql<Option<Uuid>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

/// A digest column.
pub(crate) fn hash(row: &Row<'_>, column: &str) -> Sql<Hash32> {
    row.get::<_, [u8; 32]>(column).map(Hash32)
}

/// A column that is never negative.
pub(crate) fn natural(row: &Row<'_>, column: &str) -> Sql<u64> {
    row.get::<_, i64>(column)?.try_into().map_err(|fault| unreadable(Type::Integer, fault))
}

/// A column of JSON text.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Sql<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|fault| unreadable(Type::Text, fault))
}

/// A value as it is written into a column of JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Sql<String> {
    serde_json::to_string(value).map_err(|fault| rusqlite::Error::ToSqlConversionFailure(Box::new(fault)))
}

/// A number as SQLite holds it. Sequence numbers and counts never come near 2^63.
pub(crate) fn integer(value: u64) -> Sql<i64> {
    i64::try_from(value).map_err(|fault| rusqlite::Error::ToSqlConversionFailure(Box::new(fault)))
}

/// A stored value that this program cannot read.
pub(crate) fn unreadable(
    column: Type,
    fault: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, column, Box::new(fault))
}

/// A stored JSON value as a type of ours.
pub(crate) fn json_value<T: DeserializeOwned>(value: serde_json::Value) -> Sql<T> {
    serde_json::from_value(value).map_err(|fault| unreadable(Type::Text, fault))
}
