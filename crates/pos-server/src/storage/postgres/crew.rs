//! Threads that each own one connection and take jobs from one queue, and how often a job is tried.

use std::error::Error;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::address::Address;
use super::fault::{PostgresError, wants_another_try};
use super::session::{Session, Stop};
use crate::error::ServerError;
use crate::storage::{ReadFault, Tx, WriteFault};

/// Most jobs that may wait for a crew; the rest is told to come back.
const MAX_WAITING: usize = 1_024;
/// How often a job runs whose failure says nothing about it. With the pauses between them this spans a restart of
/// PostgreSQL, about three seconds; a register's own patience begins behind it.
const MAX_TRIES: u32 = 6;
/// The first pause before another try; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

type Job = Box<dyn FnOnce(&mut Seat) + Send>;

/// The threads of one kind of job. Dropping it finishes what waits and ends them.
pub(super) struct Crew {
    queue: Option<SyncSender<Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Why a job was not even begun.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unheard {
    /// Too many wait already.
    #[error("too many jobs wait for PostgreSQL")]
    Overloaded,
    /// The threads have ended.
    #[error("the database is closed")]
    Closed,
}

impl Crew {
    /// Starts threads, which connect at their first job.
    pub(super) fn start(
        name: &str,
        address: &Address,
        tenant_key: i64,
        connections: usize,
    ) -> Result<Self, ServerError> {
        let (queue, jobs) = sync_channel(MAX_WAITING);
        let jobs = Arc::new(Mutex::new(jobs));
        let crew = Self { queue: Some(queue), threads: Mutex::default() };
        for _ in 0..connections {
            let jobs = Arc::clone(&jobs);
            let address = address.clone();
            let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
                let mut seat =
                    Seat { address, tenant_key, session: None, is_announced: false, was_away: false };
                while let Some(job) = next(&jobs) {
                    job(&mut seat);
                }
            });
            let thread = thread.map_err(ServerError::Thread)?;
            crew.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(crew)
    }

    /// Runs a job on one of the threads and waits for it.
    pub(super) fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Seat) -> T + Send + 'static,
    ) -> Result<T, Unheard> {
        let (reply, answer) = sync_channel(1);
        self.enqueue(Box::new(move |seat| drop(reply.send(work(seat)))))?;
        answer.recv().map_err(|_| Unheard::Closed)
    }

    /// The same for async callers; the job runs to its end even when the future is dropped.
    pub(super) async fn call_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Seat) -> T + Send + 'static,
    ) -> Result<T, Unheard> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(move |seat| drop(reply.send(work(seat)))))?;
        answer.await.map_err(|_| Unheard::Closed)
    }

    fn enqueue(&self, job: Job) -> Result<(), Unheard> {
        let queue = self.queue.as_ref().ok_or(Unheard::Closed)?;
        queue.try_send(job).map_err(|refusal| match refusal {
            TrySendError::Full(_) => Unheard::Overloaded,
            TrySendError::Disconnected(_) => Unheard::Closed,
        })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // The last handle may be dropped by a job of the thread itself; it then ends without being waited for.
            if thread.thread().id() != thread::current().id() {
                drop(thread.join());
            }
        }
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// A thread's place at the database.
pub(super) struct Seat {
    address: Address,
    tenant_key: i64,
    session: Option<Session>,
    /// The session has written before. A new one may meet a database that was put back while the old one was gone, so
    /// what it writes is another incarnation.
    is_announced: bool,
    /// The last job found nobody: the next one asks once, so that a queue of jobs is not kept waiting one by one.
    was_away: bool,
}

/// A transaction that did not happen.
enum Missed<E: Error + 'static> {
    Away(PostgresError),
    Stopped(Stop<E>),
}

impl Seat {
    /// Runs a job in a transaction that holds its business's lock from before its first statement.
    pub(super) fn write<T, E: Error + Send + Sync + 'static>(
        &mut self,
        job: impl Fn(Tx<'_>) -> Result<T, E>,
    ) -> Result<T, WriteFault<E>> {
        self.run(begin_writing, job).map_err(|missed| match missed {
            Missed::Stopped(Stop::Job(refusal)) => WriteFault::Job(refusal),
            Missed::Stopped(Stop::Unknown(error)) => WriteFault::Unknown(Box::new(error)),
            Missed::Stopped(stop @ (Stop::RolledBack(_) | Stop::Panicked)) => {
                WriteFault::NotWritten(Box::new(stop))
            }
            Missed::Away(error) => WriteFault::NotWritten(Box::new(error)),
        })
    }

    /// Runs a job over one snapshot.
    pub(super) fn read<T, E: Error + Send + Sync + 'static>(
        &mut self,
        job: impl Fn(Tx<'_>) -> Result<T, E>,
    ) -> Result<T, ReadFault<E>> {
        self.run(begin_reading, job).map_err(|missed| match missed {
            Missed::Stopped(Stop::Job(refusal)) => ReadFault::Job(refusal),
            Missed::Stopped(stop) => ReadFault::NotRead(Box::new(stop)),
            Missed::Away(error) => ReadFault::NotRead(Box::new(error)),
        })
    }

    fn run<T, E: Error + Send + Sync + 'static>(
        &mut self,
        begin: fn(&Self) -> String,
        job: impl Fn(Tx<'_>) -> Result<T, E>,
    ) -> Result<T, Missed<E>> {
        let tries = if self.was_away { 1 } else { MAX_TRIES };
        let mut pause = FIRST_PAUSE;
        for _ in 1..tries {
            match self.run_once(begin, &job) {
                Err(missed) if missed.wants_another_try() => {
                    tracing::warn!("a transaction on PostgreSQL is run again: {}", missed.in_words());
                    thread::sleep(pause);
                    pause *= 2;
                }
                ended => return ended,
            }
        }
        self.run_once(begin, &job)
    }

    fn run_once<T, E: Error + Send + Sync + 'static>(
        &mut self,
        begin: fn(&Self) -> String,
        job: &impl Fn(Tx<'_>) -> Result<T, E>,
    ) -> Result<T, Missed<E>> {
        let session = match self.session.take().filter(|session| !session.is_closed()) {
            Some(session) => session,
            None => {
                self.is_announced = false;
                Session::connect(&self.address).map_err(|error| {
                    self.was_away = true;
                    Missed::Away(error)
                })?
            }
        };
        self.was_away = false;
        let ended = session.transact(&begin(self), job).map_err(Missed::Stopped);
        self.is_announced |= ended.is_ok();
        self.session = Some(session).filter(|session| !session.is_closed());
        ended
    }
}

fn begin_writing(seat: &Seat) -> String {
    let key = seat.tenant_key;
    let mut begin = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL comptoir.tenant = '{key}';
         SELECT FROM tenant WHERE tenant_key = {key} FOR NO KEY UPDATE"
    );
    if !seat.is_announced {
        begin.push_str("; UPDATE business SET incarnation = gen_random_uuid()");
    }
    begin
}

fn begin_reading(seat: &Seat) -> String {
    let key = seat.tenant_key;
    format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL comptoir.tenant = '{key}'")
}

impl<E: Error + Send + Sync + 'static> Missed<E> {
    /// An unknown outcome is for the caller to look into.
    fn wants_another_try(&self) -> bool {
        match self {
            Self::Away(error) => {
                matches!(error, PostgresError::Unreachable { .. }) || wants_another_try(error)
            }
            Self::Stopped(Stop::Job(error)) => wants_another_try(error),
            Self::Stopped(Stop::RolledBack(error)) => wants_another_try(error),
            Self::Stopped(Stop::Panicked | Stop::Unknown(_)) => false,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Away(error) => crate::error::in_words(error),
            Self::Stopped(stop) => crate::error::in_words(stop),
        }
    }
}
