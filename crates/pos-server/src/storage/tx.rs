//! A transaction on either database, as the statements of this folder see it.
//!
//! Statements are written once, in the SQL that both databases understand: named parameters, `ON CONFLICT`,
//! `RETURNING`, truth as `deleted` and `NOT deleted`. Whatever differs is the adapters' own affair ([`super::sqlite`],
//! [`super::postgres`]). A closed choice of two instead of a trait: a call costs a branch, and nothing else can appear.

use std::error::Error;
use std::ops::ControlFlow;

use super::postgres::{self, Session};
use super::sqlite;
use super::value::{Cell, Column, Params};
use super::{Sql, StorageError, seal};

/// An open transaction. Whoever holds it neither begins nor ends it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tx<'t> {
    Sqlite(&'t rusqlite::Connection),
    Postgres(&'t Session),
}

/// A row while it is read.
#[derive(Clone, Copy)]
pub(crate) enum Row<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl<'t> Tx<'t> {
    /// Runs a statement whose effect is certain. On PostgreSQL nobody waits for its answer: a failure shows at the next
    /// statement that is waited for, at the latest at the end of the savepoint around it.
    pub(crate) fn write(self, sql: &str, params: Params<'_>) -> Sql<()> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, params).map(drop),
            Self::Postgres(session) => session.write(sql, params),
        }
    }

    /// Writes a row under the seal of its `columns`, which it gives to the statement as `:seal`.
    pub(crate) fn write_sealed(self, sql: &str, columns: &[&str], params: Params<'_>) -> Sql<()> {
        let seal = seal::of(columns, params);
        let mut sealed = params.to_vec();
        sealed.push((":seal", (&seal).into()));
        self.write(sql, &sealed)
    }

    /// Runs a statement and gives the number of rows that it changed.
    pub(crate) fn execute(self, sql: &str, params: Params<'_>) -> Sql<u64> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Self::Postgres(session) => session.execute(sql, params),
        }
    }

    /// The first row, if there is one.
    pub(crate) fn find<T>(
        self,
        sql: &str,
        params: Params<'_>,
        read: impl FnOnce(Row<'_>) -> Sql<T>,
    ) -> Sql<Option<T>> {
        let (mut read, mut found) = (Some(read), None);
        self.each(sql, params, |row| {
            found = read.take().map(|read| read(row)).transpose()?;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The first row; none is an error.
    pub(crate) fn get<T>(
        self,
        sql: &str,
        params: Params<'_>,
        read: impl FnOnce(Row<'_>) -> Sql<T>,
    ) -> Sql<T> {
        self.find(sql, params, read)?.ok_or(StorageError::NoRow)
    }

    /// Every row. Only for statements whose rows are few.
    pub(crate) fn list<T>(
        self,
        sql: &str,
        params: Params<'_>,
        mut read: impl FnMut(Row<'_>) -> Sql<T>,
    ) -> Sql<Vec<T>> {
        let mut rows = Vec::new();
        self.each(sql, params, |row| {
            rows.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// Shows one row after the other, until told to stop, so that memory stays flat. Nobody may run a statement of this
    /// transaction meanwhile: on PostgreSQL its answer would stand behind the rows that are still to come.
    pub(crate) fn each(
        self,
        sql: &str,
        params: Params<'_>,
        visit: impl FnMut(Row<'_>) -> Sql<ControlFlow<()>>,
    ) -> Sql<()> {
        match self {
            Self::Sqlite(connection) => sqlite::each(connection, sql, params, visit),
            Self::Postgres(session) => session.each(sql, params, visit),
        }
    }

    /// Rises with everything that is written. Only a difference says something: none, and nothing was.
    pub(crate) fn writes(self) -> u64 {
        match self {
            Self::Sqlite(connection) => connection.total_changes(),
            Self::Postgres(session) => session.writes(),
        }
    }

    /// Runs `work` so that it is undone alone when it fails, while the transaction around it stands. Nests.
    ///
    /// The inner result is the work's own. The outer error means that the whole transaction is lost, or that PostgreSQL
    /// wants it to be run again: it must be returned from the job.
    pub(crate) fn savepoint<T, E: Error + From<StorageError> + Send + Sync + 'static>(
        self,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<Result<T, E>, TransactionLost> {
        self.begin_savepoint().map_err(TransactionLost::because)?;
        // A statement that nobody waited for may fail as late as here: it is still the work's own failure.
        let refusal = match work().and_then(|value| Ok(self.release_savepoint().map(|()| value)?)) {
            Ok(value) => return Ok(Ok(value)),
            Err(refusal) => refusal,
        };
        // When the savepoint is gone with its transaction, what the work met is the cause worth telling.
        if postgres::wants_another_try(&refusal) || self.undo_savepoint().is_err() {
            return Err(TransactionLost::because(refusal));
        }
        Ok(Err(refusal))
    }

    fn begin_savepoint(self) -> Sql<()> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, "SAVEPOINT work", &[]).map(drop),
            Self::Postgres(session) => session.begin_savepoint(),
        }
    }

    fn release_savepoint(self) -> Sql<()> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, "RELEASE work", &[]).map(drop),
            Self::Postgres(session) => session.release_savepoint(),
        }
    }

    fn undo_savepoint(self) -> Sql<()> {
        match self {
            Self::Sqlite(connection) => {
                sqlite::execute(connection, "ROLLBACK TO work", &[])?;
                sqlite::execute(connection, "RELEASE work", &[]).map(drop)
            }
            Self::Postgres(session) => session.undo_savepoint(),
        }
    }
}

/// The transaction around a savepoint is gone, unusable, or has to be run again; carries the cause.
#[derive(Debug, thiserror::Error)]
#[error("the transaction around the savepoint is lost")]
pub(crate) struct TransactionLost(#[source] Box<dyn Error + Send + Sync>);

impl TransactionLost {
    fn because(cause: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}

impl<'r> Row<'r> {
    /// A column by its name.
    pub(crate) fn get<T: Column<'r>>(self, column: &str) -> Sql<T> {
        T::read(self.cell(column)?)
    }

    fn cell(self, column: &str) -> Sql<Cell<'r>> {
        match self {
            Self::Sqlite(row) => sqlite::cell(row, column),
            Self::Postgres(row) => postgres::cell(row, column),
        }
    }
}
