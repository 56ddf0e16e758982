//! The server's tables: every SQL statement stands here, one module per aggregate, written once for both databases.
//!
//! Functions take an open transaction ([`Tx`]) and never begin or end one, so that one push commits its verdicts and
//! effects together. Nothing here decides anything: rules live in [`crate::apply`] and [`crate::push`]. Who opens
//! databases and runs transactions is [`Store`], over [`sqlite`] (one file, one business) and [`postgres`] (several
//! servers, several businesses).

pub(crate) mod account;
pub(crate) mod approval;
pub(crate) mod aside;
pub(crate) mod attachment;
pub(crate) mod audit;
pub(crate) mod awaited;
pub(crate) mod backup;
pub(crate) mod beside;
pub(crate) mod business;
pub(crate) mod chain;
pub(crate) mod conflict;
pub(crate) mod copy;
pub(crate) mod device;
pub(crate) mod entity;
pub(crate) mod feed;
pub(crate) mod identity;
pub(crate) mod incarnation;
pub(crate) mod life;
pub(crate) mod operation;
pub(crate) mod pairing;
pub(crate) mod postgres;
pub(crate) mod report;
pub(crate) mod sale;
pub(crate) mod seal;
pub(crate) mod serial;
pub(crate) mod sqlite;
pub(crate) mod stamps;
pub(crate) mod stock;
mod store;
pub(crate) mod till;
mod tx;
pub(crate) mod upkeep;
mod value;

use std::error::Error;

use pos_domain::Hash32;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(crate) use store::{Founding, ReadFault, Store, WriteFault};
pub(crate) use tx::{Row, TransactionLost, Tx};
pub(crate) use value::Params;

/// Why a statement gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// SQLite refused it.
    #[error("SQLite answered with an error")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused it, or is away.
    #[error("PostgreSQL answered with an error")]
    Postgres(#[from] tokio_postgres::Error),
    /// An earlier statement of the transaction failed: nothing of it will stand.
    #[error("the transaction had failed before")]
    Failed,
    /// A value that this program cannot write or read.
    #[error("a stored value cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// A row that must be there is not.
    #[error("a row is missing")]
    NoRow,
}

/// What a statement gives.
pub(crate) type Sql<T> = Result<T, StorageError>;

/// A UUID column.
pub(crate) fn id(row: Row<'_>, column: &str) -> Sql<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

/// A UUID column that may be NULL.
pub(crate) fn optional_id(row: Row<'_>, column: &str) -> Sql<Option<Uuid>> {
    Ok(row.get::<Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
}

/// A digest column.
pub(crate) fn hash(row: Row<'_>, column: &str) -> Sql<Hash32> {
    row.get(column).map(Hash32)
}

/// A column that is never negative.
pub(crate) fn natural(row: Row<'_>, column: &str) -> Sql<u64> {
    row.get(column)
}

/// A column of JSON text.
pub(crate) fn json<T: DeserializeOwned>(row: Row<'_>, column: &str) -> Sql<T> {
    serde_json::from_str(row.get(column)?).map_err(unreadable)
}

/// A value as it is written into a column of JSON text.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Sql<String> {
    serde_json::to_string(value).map_err(unreadable)
}

/// A number as the databases hold it. Sequence numbers and counts never come near 2^63.
pub(crate) fn integer(value: u64) -> Sql<i64> {
    i64::try_from(value).map_err(unreadable)
}

/// A value that this program cannot write or read.
pub(crate) fn unreadable(fault: impl Error + Send + Sync + 'static) -> StorageError {
    StorageError::Unreadable(Box::new(fault))
}

/// A stored JSON value as a type of ours.
pub(crate) fn json_value<T: DeserializeOwned>(value: serde_json::Value) -> Sql<T> {
    serde_json::from_value(value).map_err(unreadable)
}
