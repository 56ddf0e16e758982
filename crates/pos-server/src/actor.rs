//! The tenant's one writer: commits pushes in natural batches.
//!
//! Whatever arrived while the last commit ran goes into the next transaction, up to a bound, without any waiting
//! window: alone a push pays one commit, and under load thirty pushes share one. Replies go out only after the commit.
//! A thread of its own and plain channels, so that the server works under any async runtime and in simulations.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use pos_protocol::{ApiError, MAX_BATCH_OPS, Problem, PushResponse};
use tokio::sync::{oneshot, watch};

use crate::batch::Batch;
use crate::clock::Clock;
use crate::error::{ServerError, in_words, not_now, unavailable};
use crate::metrics::Metrics;
use crate::prepare::PreparedPush;
use crate::push::{self, PushFault};
use crate::storage::{Store, WriteFault};

/// Most pushes that may wait. At a few milliseconds a commit this is already seconds of backlog; the rest is told to
/// come back.
const MAX_WAITING: usize = 1_024;
/// Operations after which a batch is closed: one full push. A larger batch would make everyone wait for the slowest.
const MAX_BATCH: usize = MAX_BATCH_OPS;

type Answer = Result<PushResponse, ApiError>;

struct Request {
    push: Arc<PreparedPush>,
    reply: oneshot::Sender<Answer>,
}

/// The handle to the writer thread. Dropping it finishes what waits and ends the thread.
pub(crate) struct Actor {
    queue: Option<SyncSender<Request>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer thread works with.
struct Writer {
    store: Store,
    clock: Clock,
    feed: watch::Sender<u64>,
    metrics: Arc<Metrics>,
}

impl Actor {
    /// Starts the thread.
    pub(crate) fn start(
        store: Store,
        clock: Clock,
        feed: watch::Sender<u64>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ServerError> {
        let (queue, requests) = sync_channel(MAX_WAITING);
        let writer = Writer { store, clock, feed, metrics };
        let thread = thread::Builder::new()
            .name("tenant-writer".to_owned())
            .spawn(move || writer.run(&requests))
            .map_err(ServerError::Thread)?;
        Ok(Self { queue: Some(queue), thread: Mutex::new(Some(thread)) })
    }

    /// Queues a push at once; the answer comes after its commit. Dropping the answer does not stop the push.
    pub(crate) fn push(&self, push: PreparedPush) -> impl Future<Output = Answer> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let request = Request { push: Arc::new(push), reply };
        let queued = match &self.queue {
            Some(queue) => queue.try_send(request).map_err(|refusal| match refusal {
                TrySendError::Full(_) => not_now("too many pushes are waiting"),
                TrySendError::Disconnected(_) => not_now("the server is shutting down"),
            }),
            None => Err(not_now("the server is shutting down")),
        };
        async move {
            queued?;
            answer.await.unwrap_or_else(|_| Err(not_now("the server is shutting down")))
        }
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.queue = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may be dropped by a job of the thread itself; it then ends without being waited for.
        if let Some(handle) = thread.filter(|handle| handle.thread().id() != thread::current().id()) {
            drop(handle.join());
        }
    }
}

impl Writer {
    fn run(&self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut operations = first.push.operations.len();
            let mut batch = vec![first];
            while operations < MAX_BATCH
                && let Ok(next) = requests.try_recv()
            {
                operations += next.push.operations.len();
                batch.push(next);
            }
            self.serve(batch);
        }
    }

    /// Commits a batch and answers it. When the transaction fails as a whole, each push is tried alone once: one that
    /// cannot be written must not take the others with it.
    fn serve(&self, batch: Vec<Request>) {
        let pushes: Vec<Arc<PreparedPush>> = batch.iter().map(|request| Arc::clone(&request.push)).collect();
        match self.commit(pushes) {
            Ok(answers) => {
                for (request, answer) in batch.into_iter().zip(answers) {
                    drop(request.reply.send(answer.map_err(|problem| ApiError::Refused { problem })));
                }
            }
            Err(fault) if batch.len() > 1 => {
                tracing::warn!(error = %in_words(&fault), pushes = batch.len(), "a batch is taken apart");
                for request in batch {
                    self.serve(vec![request]);
                }
            }
            Err(fault) => {
                let answer = unavailable(&fault);
                for request in batch {
                    drop(request.reply.send(Err(answer.clone())));
                }
            }
        }
    }

    fn commit(
        &self,
        pushes: Vec<Arc<PreparedPush>>,
    ) -> Result<Vec<Result<PushResponse, Problem>>, ServerError> {
        let run = || {
            let (now_ms, pushes) = (self.clock.now_ms(), pushes.clone());
            self.store.write(move |tx| -> Result<_, PushFault> {
                let mut batch = Batch::begin(tx, now_ms)?;
                let answers =
                    pushes.iter().map(|push| push::run(&mut batch, push)).collect::<Result<Vec<_>, _>>()?;
                let (rows, seq) = batch.finish()?;
                let answers: Vec<_> =
                    answers.into_iter().map(|answer| answer.map(|open| open.close(&rows))).collect();
                Ok((answers, seq))
            })
        };
        let written = match run() {
            // The same batch again looks its operations up: those that stand answer with their verdicts, and the
            // others are applied now. Either way the answer is one that will never change.
            Err(WriteFault::Unknown(error)) => {
                tracing::warn!(error = %in_words(error.as_ref()), "COMMIT was not answered; the batch is looked up");
                run()
            }
            known => known,
        };
        let (answers, seq) = written?;
        self.metrics.record_batch(&answers);
        self.feed.send_if_modified(|last| {
            let moved = seq > *last;
            *last = seq.max(*last);
            moved
        });
        Ok(answers)
    }
}
