//! Values as PostgreSQL writes them on the wire: native `uuid`, `boolean`, `bigint`, `text` and `bytea`.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use crate::storage::value::{Cell, Value};
use crate::storage::{Sql, unreadable};

type Written = Result<IsNull, Box<dyn Error + Sync + Send>>;

/// A value of one shape for a column of another: a fault of a statement, found by the tests that run it.
#[derive(Debug, thiserror::Error)]
#[error("{value} does not go into a column of type {column}")]
struct Mismatch {
    value: String,
    column: String,
}

impl ToSql for Value<'_> {
    fn to_sql(&self, column: &Type, out: &mut BytesMut) -> Written {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(value) if *column == Type::BOOL => value.to_sql(column, out),
            Self::Integer(value) if *column == Type::INT8 => value.to_sql(column, out),
            Self::Text(text) if *column == Type::TEXT => text.to_sql(column, out),
            Self::Bytes(bytes) if *column == Type::BYTEA || (*column == Type::UUID && bytes.len() == 16) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            Self::Bool(_) | Self::Integer(_) | Self::Text(_) | Self::Bytes(_) => {
                // Only the shape: a value may be a person's.
                let value = match self {
                    Self::Null => "NULL",
                    Self::Bool(_) => "a truth",
                    Self::Integer(_) => "an integer",
                    Self::Text(_) => "text",
                    Self::Bytes(_) => "bytes",
                };
                Err(Box::new(Mismatch { value: value.to_owned(), column: column.to_string() }))
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

impl<'c> FromSql<'c> for Cell<'c> {
    fn from_sql(column: &Type, raw: &'c [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *column {
            Type::BOOL => Self::Integer(bool::from_sql(column, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(column, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(column, raw)?.into()),
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(<&str>::from_sql(column, raw)?),
            // A UUID is its 16 bytes on the wire as well.
            _ => Self::Bytes(raw),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(column: &Type) -> bool {
        [Type::BOOL, Type::INT8, Type::INT4, Type::TEXT, Type::VARCHAR, Type::NAME, Type::UUID, Type::BYTEA]
            .contains(column)
    }
}

/// What stands in a column.
pub(crate) fn cell<'r>(row: &'r tokio_postgres::Row, column: &str) -> Sql<Cell<'r>> {
    row.try_get(column).map_err(unreadable)
}
