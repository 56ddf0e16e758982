//! One connection and the transaction on it, for plain code on the thread that owns it.
//!
//! The connection's bytes move only while this thread waits for an answer, on a small runtime of its own: no other
//! thread has to be woken for a statement. A statement whose answer nobody needs ([`Session::write`]) is only queued.
//! It leaves together with the next one that is waited for, and so a sale costs a few round trips instead of one for
//! each of its rows. PostgreSQL answers in order, so a failure shows there at the latest, and `failed` sees to it that
//! nothing is committed over one.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::TryStreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Statement};

use super::address::Address;
use super::connect::dial;
use super::dialect::{Numbered, number};
use super::fault::{PostgresError, is_gone};
use crate::storage::value::{Params, Value};
use crate::storage::{Row, Sql, StorageError, Tx};

type Answer<T> = Result<T, tokio_postgres::Error>;
type Unanswered = Pin<Box<dyn Future<Output = Answer<()>>>>;

/// One connection. Lives and dies on its thread.
pub(crate) struct Session {
    // Before the runtime, which moves what it still has to say.
    client: Rc<Client>,
    /// Requests that were queued and not waited for, oldest first.
    unanswered: RefCell<Vec<Unanswered>>,
    /// A statement of the running transaction failed and was not undone.
    failed: Cell<bool>,
    /// Statements that may have changed something.
    writes: Cell<u64>,
    statements: RefCell<HashMap<String, Rc<Prepared>>>,
    runtime: Runtime,
}

struct Prepared {
    statement: Statement,
    names: Vec<String>,
}

/// Why a transaction was not committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop<E: Error + 'static> {
    /// The job said no; rolled back.
    #[error(transparent)]
    Job(E),
    /// Rolled back.
    #[error(transparent)]
    RolledBack(StorageError),
    /// The job panicked; rolled back.
    #[error("the job panicked")]
    Panicked,
    /// The line broke between COMMIT and its answer.
    #[error("COMMIT was not answered")]
    Unknown(#[source] StorageError),
}

impl Session {
    /// Connects.
    pub(super) fn connect(address: &Address) -> Result<Self, PostgresError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(PostgresError::System)?;
        let client = Rc::new(runtime.block_on(dial(address, None))?);
        Ok(Self {
            client,
            unanswered: RefCell::default(),
            failed: Cell::new(false),
            writes: Cell::new(0),
            statements: RefCell::default(),
            runtime,
        })
    }

    /// Whether the line is broken: then another session is needed.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a job in a transaction that `begin` opens.
    pub(super) fn transact<T, E: Error + 'static>(
        &self,
        begin: &str,
        job: impl FnOnce(Tx<'_>) -> Result<T, E>,
    ) -> Result<T, Stop<E>> {
        self.failed.set(false);
        self.queue_text(begin).map_err(Stop::RolledBack)?;
        // Unwind safe: what the job could leave half done is the transaction, which is rolled back.
        let value = match catch_unwind(AssertUnwindSafe(|| job(Tx::Postgres(self)))) {
            Ok(Ok(value)) => value,
            Ok(Err(refusal)) => {
                self.roll_back();
                return Err(Stop::Job(refusal));
            }
            Err(_panic) => {
                self.roll_back();
                return Err(Stop::Panicked);
            }
        };
        // COMMIT of a failed transaction rolls back and reports success.
        if self.failed.get() {
            self.roll_back();
            return Err(Stop::RolledBack(StorageError::Failed));
        }
        match self.wait(self.client.batch_execute("COMMIT")) {
            Ok(()) => Ok(value),
            Err(StorageError::Postgres(error)) if is_gone(&error) => {
                Err(Stop::Unknown(StorageError::Postgres(error)))
            }
            Err(error) => Err(Stop::RolledBack(error)),
        }
    }

    /// Runs statements without parameters.
    pub(super) fn run_text(&self, sql: &str) -> Sql<()> {
        self.wait(self.client.batch_execute(sql))
    }

    /// See [`Tx::writes`].
    pub(crate) fn writes(&self) -> u64 {
        self.writes.get()
    }

    /// See [`Tx::write`].
    pub(crate) fn write(&self, sql: &str, params: Params<'_>) -> Sql<()> {
        self.writes.set(self.writes.get().wrapping_add(1));
        let prepared = self.prepared(sql)?;
        let values: Vec<Value<'static>> = prepared.bind(params)?.map(Value::to_owned).collect();
        let client = Rc::clone(&self.client);
        self.queue(async move { client.execute_raw(&prepared.statement, values).await.map(drop) })
    }

    /// See [`Tx::execute`].
    pub(crate) fn execute(&self, sql: &str, params: Params<'_>) -> Sql<u64> {
        self.writes.set(self.writes.get().wrapping_add(1));
        let prepared = self.prepared(sql)?;
        let values = prepared.bind(params)?;
        self.wait(self.client.execute_raw(&prepared.statement, values))
    }

    /// See [`Tx::each`].
    pub(crate) fn each(
        &self,
        sql: &str,
        params: Params<'_>,
        mut visit: impl FnMut(Row<'_>) -> Sql<ControlFlow<()>>,
    ) -> Sql<()> {
        let prepared = self.prepared(sql)?;
        let values = prepared.bind(params)?;
        let mut rows = pin!(self.wait(self.client.query_raw(&prepared.statement, values))?);
        loop {
            let next = self.runtime.block_on(rows.try_next());
            let Some(row) = self.noted(next)? else { return Ok(()) };
            if visit(Row::Postgres(&row))?.is_break() {
                return Ok(());
            }
        }
    }

    /// Begins what [`Session::undo_savepoint`] takes back.
    pub(crate) fn begin_savepoint(&self) -> Sql<()> {
        self.queue_text("SAVEPOINT work")
    }

    /// Lets stand what was done since the savepoint, once all of it is known to have worked.
    pub(crate) fn release_savepoint(&self) -> Sql<()> {
        if self.failed.get() {
            return Err(StorageError::Failed);
        }
        self.wait(self.client.batch_execute("RELEASE SAVEPOINT work"))
    }

    /// Takes back what was done since the savepoint, failures included.
    pub(crate) fn undo_savepoint(&self) -> Sql<()> {
        self.take_back("ROLLBACK TO SAVEPOINT work; RELEASE SAVEPOINT work")
    }

    fn roll_back(&self) {
        if let Err(error) = self.take_back("ROLLBACK") {
            // The line is broken, and PostgreSQL rolls back by itself.
            tracing::warn!(error = %crate::error::in_words(&error), "a rollback was not answered");
        }
    }

    fn take_back(&self, sql: &str) -> Sql<()> {
        // Whatever went wrong before is taken back with the rest.
        let (_, answer) =
            self.runtime.block_on(in_order(self.unanswered.take(), self.client.batch_execute(sql)));
        answer?;
        self.failed.set(false);
        Ok(())
    }

    fn prepared(&self, sql: &str) -> Sql<Rc<Prepared>> {
        if let Some(known) = self.statements.borrow().get(sql) {
            return Ok(Rc::clone(known));
        }
        let Numbered { text, names } = number(sql);
        let statement = self.wait(self.client.prepare(&text))?;
        let prepared = Rc::new(Prepared { statement, names });
        self.statements.borrow_mut().insert(sql.to_owned(), Rc::clone(&prepared));
        Ok(prepared)
    }

    fn queue_text(&self, sql: &str) -> Sql<()> {
        let (client, sql) = (Rc::clone(&self.client), sql.to_owned());
        self.queue(async move { client.batch_execute(&sql).await })
    }

    /// Puts a request behind those before it. Its first poll does that; the rest waits for [`Session::wait`].
    fn queue(&self, request: impl Future<Output = Answer<()>> + 'static) -> Sql<()> {
        let mut request: Unanswered = Box::pin(request);
        match request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => self.noted(answer),
            Poll::Pending => {
                self.unanswered.borrow_mut().push(request);
                Ok(())
            }
        }
    }

    /// Waits for an answer and for all those before it; the first failure is the cause of those behind it.
    fn wait<T>(&self, answer: impl Future<Output = Answer<T>>) -> Sql<T> {
        let (failure, answer) = self.runtime.block_on(in_order(self.unanswered.take(), answer));
        self.noted(failure.map_or(answer, Err))
    }

    fn noted<T>(&self, answer: Answer<T>) -> Sql<T> {
        answer.map_err(|error| {
            self.failed.set(true);
            StorageError::Postgres(error)
        })
    }
}

/// Sends a request behind those that wait for their answers, then takes all answers in the order in which they come.
/// Whoever took the last one first would wait for ever: the line is read no further than somebody takes what it brings.
async fn in_order<T>(
    unanswered: Vec<Unanswered>,
    request: impl Future<Output = Answer<T>>,
) -> (Option<tokio_postgres::Error>, Answer<T>) {
    let mut request = pin!(request);
    let sent = poll_fn(|context| Poll::Ready(request.as_mut().poll(context))).await;
    let mut failure = None;
    for earlier in unanswered {
        if let Err(error) = earlier.await {
            failure.get_or_insert(error);
        }
    }
    let answer = match sent {
        Poll::Ready(answer) => answer,
        Poll::Pending => request.await,
    };
    (failure, answer)
}

impl Prepared {
    /// The values in the order of the statement's numbers.
    fn bind<'p, 'v>(
        &'p self,
        params: Params<'v>,
    ) -> Sql<impl ExactSizeIterator<Item = &'v Value<'v>> + use<'p, 'v>> {
        let find = |name: &String| params.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let values: Option<Vec<_>> = self.names.iter().map(find).collect();
        Ok(values.ok_or_else(|| crate::storage::unreadable(Unbound))?.into_iter())
    }
}

/// A statement names a parameter that it was not given.
#[derive(Debug, thiserror::Error)]
#[error("a parameter of a statement has no value")]
struct Unbound;

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("failed", &self.failed).finish_non_exhaustive()
    }
}
