//! The handle that the rest of the house holds: hands jobs to the writer and reader threads and waits for them.
//!
//! Jobs are closures that run to their end on the thread that owns the connection. Dropping an async answer drops
//! only the answer: a queued or half-run write is never torn.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction};
use tokio::sync::oneshot;

use crate::carrier::Carrier;
use crate::connection;
use crate::migration;
use crate::open::{self, OpenError, OpenMode, OpenOptions, Opened};
use crate::queue::{JobQueue, Takes};
use crate::reader::{ReadError, ReadLane, Reader};
use crate::writer::{Priority, WriteError, Writer};

/// Fewest reader threads: one kept for quick reads, one that also takes reports.
const MIN_READERS: usize = 2;

type WriteJob = Box<dyn FnOnce(&mut Writer) + Send>;
type ReadJob = Box<dyn FnOnce(&mut Reader) + Send>;
type Ended = Result<(), rusqlite::Error>;

/// Why the file was not closed in order. Every acknowledged write is safe; the next start checks the file.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The WAL could not be carried over into the file.
    #[error("the last checkpoint failed")]
    Checkpoint(#[source] rusqlite::Error),
    /// A thread of the database ended in a panic.
    #[error("a database thread had died")]
    ThreadDied,
}

/// An open database. Clones share it; the last one dropped closes it.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    options: OpenOptions,
    opened: Opened,
    /// Set while the writer is poisoned.
    stopped: Arc<AtomicBool>,
    /// `None` when opened read-only.
    writer: Option<Crew<WriteJob>>,
    /// `None` when opened read-only.
    carrier: Option<Carrier>,
    readers: Crew<ReadJob>,
}

/// Threads that empty one queue.
struct Crew<J> {
    queue: Arc<JobQueue<J>>,
    threads: Mutex<Vec<JoinHandle<Ended>>>,
}

impl Database {
    /// Opens a file: refuses a foreign, newer or damaged one, applies pending migrations after a verified
    /// snapshot, and starts the threads.
    ///
    /// # Errors
    /// See [`OpenError`]; after each of them the file is as it was.
    pub fn open(mut options: OpenOptions) -> Result<Self, OpenError> {
        // Readers open the file later, from wherever the process stands then.
        options.path = std::path::absolute(&options.path)?;
        connection::assert_sqlite_version()?;
        migration::check_list(options.migrations).map_err(migration::MigrationError::from)?;
        Self::open_checked(&options).map_err(|error| error.judged(&options.path))
    }

    fn open_checked(options: &OpenOptions) -> Result<Self, OpenError> {
        let (writer, carrier, stopped, opened) = match options.mode {
            OpenMode::ReadWrite => {
                let (connection, opened) = open::open_writer(options)?;
                let carrier = Carrier::start(options)?;
                let writer = Writer::new(options, connection, carrier.turns())?;
                let stopped = writer.stopped();
                (Some(start_writer(writer)?), Some(carrier), stopped, opened)
            }
            OpenMode::ReadOnly => (None, None, Arc::default(), open::check_readable(options)?),
        };
        let readers = start_readers(options)?;
        let options = options.clone();
        Ok(Self { shared: Arc::new(Shared { options, opened, stopped, writer, carrier, readers }) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.shared.options.path
    }

    /// What was found and done at opening.
    pub fn opened(&self) -> &Opened {
        &self.shared.opened
    }

    /// Runs `job` in a `BEGIN IMMEDIATE` transaction on the writer thread and waits until it is durable. Blocks
    /// the calling thread; in async code use [`Database::write_async`].
    ///
    /// # Errors
    /// See [`WriteError`]. An `Err` of the job rolls everything back.
    pub fn write<T, E, F>(&self, priority: Priority, job: F) -> Result<T, WriteError<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queue_write(priority, job, move |result| drop(reply.send(result)))?;
        answer.recv().unwrap_or(Err(WriteError::Closed))
    }

    /// Like [`Database::write`] for async callers. The job is queued at once, not at the first poll, and runs to
    /// its end even when the future is dropped.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub fn write_async<T, E, F>(
        &self,
        priority: Priority,
        job: F,
    ) -> impl Future<Output = Result<T, WriteError<E>>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue_write(priority, job, move |result| drop(reply.send(result)));
        async move {
            queued?;
            answer.await.unwrap_or(Err(WriteError::Closed))
        }
    }

    /// Runs `job` in a read transaction, one snapshot from its first statement to its last, on a reader thread.
    /// Blocks the calling thread; in async code use [`Database::read_async`].
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read<T, E, F>(&self, lane: ReadLane, job: F) -> Result<T, ReadError<E>>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = mpsc::sync_channel(1);
        self.queue_read(lane, job, move |result| drop(reply.send(result)))?;
        answer.recv().unwrap_or(Err(ReadError::Closed))
    }

    /// Like [`Database::read`] for async callers; queued at once.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn read_async<T, E, F>(
        &self,
        lane: ReadLane,
        job: F,
    ) -> impl Future<Output = Result<T, ReadError<E>>> + Send + use<T, E, F>
    where
        T: Send + 'static,
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let queued = self.queue_read(lane, job, move |result| drop(reply.send(result)));
        async move {
            queued?;
            answer.await.unwrap_or(Err(ReadError::Closed))
        }
    }

    /// After [`WriteError::CommitUnknown`]: closes the writing connection, opens another, checks the file and
    /// settles the outcome, so that what a lookup finds from now on stays true. Writes that wait meanwhile are
    /// answered [`WriteError::Poisoned`]. Harmless when nothing was wrong.
    ///
    /// # Errors
    /// [`WriteError::Job`] with the [`OpenError`] while the file cannot be opened; call again later.
    pub fn reopen_writer(&self) -> Result<(), WriteError<OpenError>> {
        let crew = self.writer()?;
        let path = self.shared.options.path.clone();
        let (reply, answer) = mpsc::sync_channel(1);
        let job: WriteJob = Box::new(move |writer| {
            let reopened = writer.reopen().map_err(|error| WriteError::Job(error.judged(&path)));
            drop(reply.send(reopened));
        });
        crew.queue.push(Priority::Till.urgency(), job).map_err(WriteError::refused)?;
        answer.recv().unwrap_or(Err(WriteError::Closed))
    }

    /// From now on each job ends before the call that queues it returns, so that nothing depends on how quick a thread is:
    /// for whoever simulates time. Not to be called from within a job.
    pub fn work_in_step(&self) {
        self.shared.carrier.iter().for_each(Carrier::leave_all_to_the_writer);
        self.shared.readers.queue.work_in_step();
        if let Some(crew) = &self.shared.writer {
            crew.queue.work_in_step();
        }
    }

    /// Whether no job waits and none runs: every answer has been given. Who simulates time uses it to let none pass
    /// while a thread works.
    pub fn is_idle(&self) -> bool {
        self.shared.readers.queue.is_idle()
            && self.shared.writer.as_ref().is_none_or(|crew| crew.queue.is_idle())
    }

    /// Whether writing has stopped after an unknown outcome. Whoever is about to write then reopens first, so that his
    /// own write is tried and not answered [`WriteError::Poisoned`].
    pub fn is_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Acquire)
    }

    /// Finishes what is queued, carries the WAL over into the file and closes it, which marks a clean end. Later
    /// calls on any clone are answered `Closed`. Blocks; closing twice is harmless.
    ///
    /// # Errors
    /// See [`CloseError`].
    pub fn close(&self) -> Result<(), CloseError> {
        self.shared.close()
    }

    fn queue_write<T, E, F>(
        &self,
        priority: Priority,
        job: F,
        reply: impl FnOnce(Result<T, WriteError<E>>) + Send + 'static,
    ) -> Result<(), WriteError<E>>
    where
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let crew = self.writer()?;
        let job: WriteJob = Box::new(move |writer| reply(writer.run(priority, job)));
        crew.queue.push(priority.urgency(), job).map_err(WriteError::refused)
    }

    fn queue_read<T, E, F>(
        &self,
        lane: ReadLane,
        job: F,
        reply: impl FnOnce(Result<T, ReadError<E>>) + Send + 'static,
    ) -> Result<(), ReadError<E>>
    where
        E: Error + Send + Sync + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let job: ReadJob = Box::new(move |reader| reply(reader.run(job)));
        self.shared.readers.queue.push(lane.urgency(), job).map_err(ReadError::refused)
    }

    fn writer<E: Error + 'static>(&self) -> Result<&Crew<WriteJob>, WriteError<E>> {
        let crew = self.shared.writer.as_ref().ok_or(WriteError::ReadOnly)?;
        if crew.is_current_thread() {
            return Err(WriteError::Nested);
        }
        Ok(crew)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl Shared {
    /// Readers first: a reader that still looks at the WAL would keep it from being emptied. Then whoever carries it over,
    /// so that the writer does the last of it alone.
    fn close(&self) -> Result<(), CloseError> {
        let readers = self.readers.dismiss();
        let carrier = self.carrier.as_ref().map_or(Ok(()), Carrier::dismiss);
        let writer = self.writer.as_ref().map_or(Ok(()), Crew::dismiss);
        readers.and(carrier.map_err(|_panic| CloseError::ThreadDied)).and(writer)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = %open::in_words(&error), "the database was not closed in order");
        }
    }
}

impl<J> Crew<J> {
    /// Lets the threads finish what is queued and waits for them. A thread cannot wait for itself: should one of
    /// them hold the last handle, it ends by itself after this.
    fn dismiss(&self) -> Result<(), CloseError> {
        self.queue.close();
        // Taken out of the lock first: a job that is still running may ask which thread it is on.
        let threads = mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let mut result = Ok(());
        for handle in threads {
            if handle.thread().id() == thread::current().id() {
                continue;
            }
            match handle.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => result = Err(CloseError::Checkpoint(error)),
                Err(_panic) => result = Err(CloseError::ThreadDied),
            }
        }
        result
    }

    fn is_current_thread(&self) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().any(|handle| handle.thread().id() == thread::current().id())
    }
}

impl<J> Drop for Crew<J> {
    /// Reached with threads still running only when opening failed half way: they must not wait for ever.
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn start_writer(mut writer: Writer) -> Result<Crew<WriteJob>, OpenError> {
    let queue: Arc<JobQueue<WriteJob>> = Arc::new(JobQueue::new());
    let jobs = Arc::clone(&queue);
    let handle = thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || {
        while let Some(job) = jobs.pop(Takes::Everything) {
            job(&mut writer);
            writer.tend_wal();
            jobs.ended();
        }
        writer.shut_down()
    })?;
    Ok(Crew { queue, threads: Mutex::new(vec![handle]) })
}

fn start_readers(options: &OpenOptions) -> Result<Crew<ReadJob>, OpenError> {
    let crew = Crew { queue: Arc::new(JobQueue::<ReadJob>::new()), threads: Mutex::new(Vec::new()) };
    for number in 0..options.readers.max(MIN_READERS) {
        let takes = if number == 0 { Takes::UrgentOnly } else { Takes::Everything };
        let jobs = Arc::clone(&crew.queue);
        let mut reader = Reader::new(options.path.clone());
        let handle = thread::Builder::new().name(format!("sqlite-reader-{number}")).spawn(move || {
            while let Some(job) = jobs.pop(takes) {
                job(&mut reader);
                jobs.ended();
            }
            Ok(())
        })?;
        crew.threads.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }
    Ok(crew)
}
