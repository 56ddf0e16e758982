//! Values on their way into statements and out of rows: the same few shapes for both databases.
//!
//! What a column really is (a BLOB or a `uuid`, an INTEGER or a `boolean`) stays with the adapters: they turn it into
//! a [`Cell`], and [`Column`] turns that into a type of ours, once.

use std::borrow::Cow;

use super::{Sql, StorageError};

/// A parameter of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Value<'v> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Cow<'v, str>),
    /// Ids, hashes, keys.
    Bytes(Cow<'v, [u8]>),
}

impl Value<'_> {
    /// The same, without a borrow.
    pub(crate) fn to_owned(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Integer(value) => Value::Integer(*value),
            Self::Text(text) => Value::Text(Cow::Owned(text.as_ref().to_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.as_ref().to_owned())),
        }
    }
}

/// The parameters of a statement by their names, colon included as in the statement.
pub(crate) type Params<'p> = &'p [(&'p str, Value<'p>)];

/// What stands in a column of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cell<'c> {
    Null,
    /// Also a boolean: 0 or 1.
    Integer(i64),
    Text(&'c str),
    /// Also a native UUID: its 16 bytes.
    Bytes(&'c [u8]),
}

/// The column holds another shape than the one that was asked for.
#[derive(Debug, thiserror::Error)]
#[error("a column holds {found}, and {wanted} was expected")]
struct OtherShape {
    wanted: &'static str,
    found: &'static str,
}

impl Cell<'_> {
    fn other_than(self, wanted: &'static str) -> StorageError {
        let found = match self {
            Self::Null => "NULL",
            Self::Integer(_) => "an integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        };
        StorageError::Unreadable(Box::new(OtherShape { wanted, found }))
    }
}

/// A type that a column can be read as.
pub(crate) trait Column<'c>: Sized {
    /// Reads it.
    fn read(cell: Cell<'c>) -> Sql<Self>;
}

impl<'c> Column<'c> for Cell<'c> {
    fn read(cell: Cell<'c>) -> Sql<Self> {
        Ok(cell)
    }
}

impl Column<'_> for i64 {
    fn read(cell: Cell<'_>) -> Sql<Self> {
        if let Cell::Integer(value) = cell { Ok(value) } else { Err(cell.other_than("an integer")) }
    }
}

/// Integers of a narrower range.
macro_rules! narrow {
    ($($type:ty),*) => {$(
        impl Column<'_> for $type {
            fn read(cell: Cell<'_>) -> Sql<Self> {
                i64::read(cell)?.try_into().map_err(super::unreadable)
            }
        }
    )*};
}
narrow!(u8, u16, u32, u64);

impl Column<'_> for bool {
    fn read(cell: Cell<'_>) -> Sql<Self> {
        Ok(i64::read(cell)? != 0)
    }
}

impl<'c> Column<'c> for &'c str {
    fn read(cell: Cell<'c>) -> Sql<Self> {
        if let Cell::Text(value) = cell { Ok(value) } else { Err(cell.other_than("text")) }
    }
}

impl Column<'_> for String {
    fn read(cell: Cell<'_>) -> Sql<Self> {
        <&str>::read(cell).map(str::to_owned)
    }
}

impl<const N: usize> Column<'_> for [u8; N] {
    fn read(cell: Cell<'_>) -> Sql<Self> {
        let Cell::Bytes(bytes) = cell else { return Err(cell.other_than("bytes")) };
        bytes.try_into().map_err(super::unreadable)
    }
}

impl<'c, T: Column<'c>> Column<'c> for Option<T> {
    fn read(cell: Cell<'c>) -> Sql<Self> {
        if matches!(cell, Cell::Null) { Ok(None) } else { T::read(cell).map(Some) }
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<u32> for Value<'_> {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u16> for Value<'_> {
    fn from(value: u16) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u8> for Value<'_> {
    fn from(value: u8) -> Self {
        Self::Integer(value.into())
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(value: &'v str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'v, const N: usize> From<&'v [u8; N]> for Value<'v> {
    fn from(value: &'v [u8; N]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(value: &'v [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'v, T: Into<Value<'v>>> From<Option<T>> for Value<'v> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
