//! Small bridges between columns and the types of the trade.

use std::cell::Cell;
use std::error::Error;

use pos_domain::{Hash32, Money, Quantity, Rate};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, Statement, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::StoreError;

/// A write transaction: everything done through one commits or vanishes together.
pub type Tx<'a> = Transaction<'a>;
/// A read snapshot, or a transaction that is only read from: `&Tx` is accepted where `&Conn` is asked.
pub type Conn = Connection;

/// Reads columns by name and turns them into types of the trade.
///
/// A row is read in the order of its SELECT almost everywhere, so each name is first looked for behind the last one: to
/// search all names for each column took a tenth of the time of reading many rows.
pub(crate) struct Columns<'r, 's> {
    table: &'static str,
    row: &'r Row<'s>,
    next: Cell<usize>,
}

impl<'r, 's> Columns<'r, 's> {
    pub(crate) fn of(table: &'static str, row: &'r Row<'s>) -> Self {
        Self { table, row, next: Cell::new(0) }
    }

    pub(crate) fn get<T: FromSql>(&self, column: &str) -> Result<T, StoreError> {
        let statement: &Statement<'_> = self.row.as_ref();
        let next = self.next.get();
        let at = match statement.column_name(next) {
            Ok(name) if name == column => next,
            Ok(_) | Err(_) => statement.column_index(column)?,
        };
        self.next.set(at.saturating_add(1));
        Ok(self.row.get(at)?)
    }

    pub(crate) fn id<T: From<Uuid>>(&self, column: &str) -> Result<T, StoreError> {
        Ok(Uuid::from_bytes(self.get(column)?).into())
    }

    pub(crate) fn opt_id<T: From<Uuid>>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let bytes: Option<[u8; 16]> = self.get(column)?;
        Ok(bytes.map(|b| Uuid::from_bytes(b).into()))
    }

    pub(crate) fn hash(&self, column: &str) -> Result<Hash32, StoreError> {
        Ok(Hash32(self.get(column)?))
    }

    pub(crate) fn money(&self, column: &str) -> Result<Money, StoreError> {
        Money::from_minor(self.get(column)?).map_err(|e| self.unreadable(e))
    }

    pub(crate) fn opt_money(&self, column: &str) -> Result<Option<Money>, StoreError> {
        let minor: Option<i64> = self.get(column)?;
        minor.map(Money::from_minor).transpose().map_err(|e| self.unreadable(e))
    }

    pub(crate) fn qty(&self, column: &str) -> Result<Quantity, StoreError> {
        Quantity::from_milli(self.get(column)?).map_err(|e| self.unreadable(e))
    }

    pub(crate) fn rate(&self, column: &str) -> Result<Rate, StoreError> {
        Rate::from_ppm(self.get(column)?).map_err(|e| self.unreadable(e))
    }

    /// A count or place, never negative.
    pub(crate) fn count<T: TryFrom<i64>>(&self, column: &str) -> Result<T, StoreError>
    where
        T::Error: Error + Send + Sync + 'static,
    {
        let value: i64 = self.get(column)?;
        T::try_from(value).map_err(|e| self.unreadable(e))
    }

    pub(crate) fn opt_count<T: TryFrom<i64>>(&self, column: &str) -> Result<Option<T>, StoreError>
    where
        T::Error: Error + Send + Sync + 'static,
    {
        let value: Option<i64> = self.get(column)?;
        value.map(T::try_from).transpose().map_err(|e| self.unreadable(e))
    }

    /// A JSON text.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        from_json(self.table, &text)
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|t| from_json(self.table, &t)).transpose()
    }

    /// A word of a closed list.
    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        word(self.table, &text)
    }

    fn unreadable(&self, source: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        StoreError::unreadable(self.table, source)
    }
}

/// The value of a snake_case word, such as `"sale"`.
pub(crate) fn word<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as WordError, StrDeserializer};
    let deserializer: StrDeserializer<'_, WordError> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|e| StoreError::unreadable(what, e))
}

pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::unreadable(what, e))
}

pub(crate) fn to_json<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::unwritable(what, e))
}

/// A count as SQLite keeps it.
pub(crate) fn int<T>(what: &'static str, value: T) -> Result<i64, StoreError>
where
    i64: TryFrom<T>,
    <i64 as TryFrom<T>>::Error: Error + Send + Sync + 'static,
{
    i64::try_from(value).map_err(|e| StoreError::unwritable(what, e))
}

/// All rows of a query.
pub(crate) fn all<T>(
    mut rows: rusqlite::Rows<'_>,
    table: &'static str,
    read: impl Fn(&Columns<'_, '_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(&Columns::of(table, row))?);
    }
    Ok(found)
}

/// The first row of a query.
pub(crate) fn first<T>(
    mut rows: rusqlite::Rows<'_>,
    table: &'static str,
    read: impl Fn(&Columns<'_, '_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    rows.next()?.map(|row| read(&Columns::of(table, row))).transpose()
}
