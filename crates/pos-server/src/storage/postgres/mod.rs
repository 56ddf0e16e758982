//! PostgreSQL: one database for several businesses and several servers.
//!
//! Every row carries its business (`tenant_key`), and row-level security, forced also for the owner of the tables,
//! shows each transaction its own business and nothing else: statements need not name it, and cannot forget it.
//!
//! A writing transaction first locks its business's row in `tenant` and keeps it until it ends. So writers of one
//! business follow each other, on however many servers they run, whoever sees seq n of the feed sees everything below
//! n, and no two of our transactions can wait for each other in a circle. Readers see one snapshot and wait for nobody.
//!
//! Threads own their connections, as with SQLite: jobs are plain code, and the number of threads is the number of
//! connections.

mod address;
mod connect;
mod crew;
mod dialect;
mod fault;
mod follow;
mod migrate;
mod session;
mod shape;
mod tenant;

pub(crate) use address::Address;
pub use fault::PostgresError;
pub(crate) use fault::wants_another_try;
pub(crate) use follow::Follower;
pub(crate) use session::Session;
pub(crate) use shape::cell;

use std::error::Error;
use std::sync::Arc;

use pos_sqlite::ReadLane;
use tokio::sync::watch;

use self::crew::Crew;
use super::{Founding, ReadFault, Tx, WriteFault};
use crate::error::ServerError;

/// Connections for short reads: as many pages and greetings at once.
const QUICK_READERS: usize = 2;
/// Connections for long reads, so that they never stand before the short ones.
const REPORT_READERS: usize = 1;

/// What opening does about the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Applies what is missing.
    BringUpToDate,
    /// Refuses any other than this program's: somebody else looks after it.
    MustFit,
}

/// The database of a business on PostgreSQL. Clones share its connections: one for writing, [`QUICK_READERS`] and
/// [`REPORT_READERS`] for reading, and one that listens while a server runs.
#[derive(Clone)]
pub(crate) struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    tenant_key: i64,
    writer: Crew,
    quick: Crew,
    reports: Crew,
}

impl Postgres {
    /// Connects, sees to the schema, and finds the business.
    pub(crate) fn open(
        address: &Address,
        schema: Schema,
        founding: Founding<'_>,
    ) -> Result<Self, ServerError> {
        let tenant_key = on_a_thread(|| {
            let session = Session::connect(address)?;
            match schema {
                Schema::BringUpToDate => migrate::bring_up_to_date(&session)?,
                Schema::MustFit => migrate::check(&session)?,
            }
            tenant::choose(&session, address.business(), founding)
        })?;
        let crew = |name, connections| Crew::start(name, address, tenant_key, connections);
        let writer = crew("postgres-writer", 1)?;
        let quick = crew("postgres-reader", QUICK_READERS)?;
        let reports = crew("postgres-report", REPORT_READERS)?;
        let address = address.clone();
        Ok(Self { shared: Arc::new(Shared { address, tenant_key, writer, quick, reports }) })
    }

    /// Tells of feeds that other servers moved.
    pub(crate) fn follow(&self, feed: watch::Sender<u64>) -> Result<Follower, ServerError> {
        Follower::start(&self.shared.address, self.shared.tenant_key, feed)
    }

    /// See [`super::Store::write`].
    pub(crate) fn write<T, E>(
        &self,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let answer = self.shared.writer.call(move |seat| seat.write(job));
        answer.unwrap_or_else(|unheard| Err(WriteFault::NotWritten(Box::new(unheard))))
    }

    /// See [`super::Store::write_async`].
    pub(crate) async fn write_async<T, E>(
        &self,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, WriteFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let answer = self.shared.writer.call_async(move |seat| seat.write(job)).await;
        answer.unwrap_or_else(|unheard| Err(WriteFault::NotWritten(Box::new(unheard))))
    }

    /// See [`super::Store::read`].
    pub(crate) fn read<T, E>(
        &self,
        lane: ReadLane,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let answer = self.readers(lane).call(move |seat| seat.read(job));
        answer.unwrap_or_else(|unheard| Err(ReadFault::NotRead(Box::new(unheard))))
    }

    /// See [`super::Store::read_async`].
    pub(crate) async fn read_async<T, E>(
        &self,
        lane: ReadLane,
        job: impl Fn(Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ReadFault<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
    {
        let answer = self.readers(lane).call_async(move |seat| seat.read(job)).await;
        answer.unwrap_or_else(|unheard| Err(ReadFault::NotRead(Box::new(unheard))))
    }

    fn readers(&self, lane: ReadLane) -> &Crew {
        match lane {
            ReadLane::Quick => &self.shared.quick,
            ReadLane::Report => &self.shared.reports,
        }
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("tenant_key", &self.shared.tenant_key).finish_non_exhaustive()
    }
}

/// Sessions wait in place, which no thread of an async runtime may do.
fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, PostgresError> + Send) -> Result<T, ServerError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("postgres-opening".to_owned())
            .spawn_scoped(scope, work)
            .map_err(ServerError::Thread)?;
        thread.join().unwrap_or(Err(PostgresError::Panicked)).map_err(ServerError::Postgres)
    })
}
