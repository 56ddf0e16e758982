//! The tenant's one writer: commits pushes in natural batches.
//!
//! Whatever arrived while the last commit ran goes into the next transaction, up to a bound, without any waiting
//! window: alone a push pays one commit, and under load thirty pushes share one. Replies go out only after the commit.
//! A long push is worked off in pieces, each in a transaction of its own, so that a checkout never waits for a backlog.
//! A thread of its own and plain channels, so that the server works under any async runtime and in simulations.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use pos_domain::chain::ChainHead;
use pos_protocol::{ApiError, MAX_BATCH_OPS, OpVerdict, Problem, PushResponse};
use tokio::sync::{oneshot, watch};

use crate::batch::{Batch, Failing};
use crate::clock::Clock;
use crate::error::{ServerError, in_words, not_now, unavailable};
use crate::metrics::Metrics;
use crate::prepare::PreparedPush;
use crate::push::{self, Piece, PieceAnswer, PushFault};
use crate::remembered::Remembered;
use crate::storage::{Store, WriteFault};

/// Most pushes that may wait. At a few milliseconds a commit this is already seconds of backlog; the rest is told to
/// come back.
const MAX_WAITING: usize = 1_024;
/// Operations after which a batch is closed: one full push. A larger batch would make everyone wait for the slowest.
const MAX_BATCH: usize = MAX_BATCH_OPS;
/// Most operations of one push in one transaction while customers come, some 10 ms of work. A longer push is worked off
/// in pieces, and who came meanwhile goes between them.
const PIECE: usize = 64;
/// The same while nobody comes, a whole push or two: pages that many sales change are then written once. The first
/// customer waits for one.
const QUIET_PIECE: usize = MAX_BATCH;
/// Chain links that take as long as one sale.
const LINKS_AS_ONE_SALE: usize = 4;
/// Pieces that are short after a short push, some 300 ms of work: the next customer is likely. Counted, not timed, so
/// that the same requests give the same transactions.
const SHORT_PIECES: u32 = 32;

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
    /// What the last batch left for the next; nothing while one runs, and after one that was not committed.
    remembered: Arc<Mutex<Remembered>>,
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
        let writer = Writer { store, remembered: Arc::default(), clock, feed, metrics };
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

/// A push that waits, and how far it has come.
struct Waiting {
    request: Request,
    /// Operations whose verdicts are committed.
    done: usize,
    /// Their verdicts.
    verdicts: Vec<OpVerdict>,
    /// Chain links that were looked at, or will not be.
    linked: usize,
    /// How far the chain is held, once a link was looked at.
    chain_head: Option<ChainHead>,
}

impl Waiting {
    fn new(request: Request) -> Self {
        Self { request, done: 0, verdicts: Vec::new(), linked: 0, chain_head: None }
    }

    /// How much is left of it, in operations.
    fn rest(&self) -> usize {
        let push = &self.request.push;
        let links = push.chain.len().saturating_sub(self.linked).div_ceil(LINKS_AS_ONE_SALE);
        push.operations.len().saturating_sub(self.done).saturating_add(links)
    }

    /// What of it goes into the next transaction.
    fn next_piece(&self, most: usize) -> Piece {
        let push = Arc::clone(&self.request.push);
        let end = self.done.saturating_add(most).min(push.operations.len());
        let room = if end == push.operations.len() { most.saturating_sub(end - self.done) } else { 0 };
        let links = room.saturating_mul(LINKS_AS_ONE_SALE).saturating_add(self.linked).min(push.chain.len());
        Piece { operations: self.done..end, links: self.linked..links, push }
    }

    /// Takes the answer to `piece`; gives itself back when more of it is to be done.
    fn answered(mut self, piece: &Piece, answer: Result<PieceAnswer, Problem>) -> Option<Self> {
        let whole = match answer {
            Ok(PieceAnswer { mut response, links_ended }) => {
                self.verdicts.append(&mut response.verdicts);
                self.done = piece.operations.end;
                self.linked = if links_ended { piece.push.chain.len() } else { piece.links.end };
                self.chain_head = response.chain_head.or(self.chain_head);
                if self.rest() > 0 {
                    return Some(self);
                }
                Ok(PushResponse { verdicts: self.verdicts, chain_head: self.chain_head, ..response })
            }
            Err(problem) => Err(ApiError::Refused { problem }),
        };
        drop(self.request.reply.send(whole));
        None
    }
}

fn lock(remembered: &Mutex<Remembered>) -> MutexGuard<'_, Remembered> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the first of the long pushes, and those behind it that go into the same transaction whole.
fn take_together(long: &mut VecDeque<Waiting>, most: usize) -> Vec<Waiting> {
    let mut room = most;
    let mut taken = Vec::new();
    while let Some(next) = long.pop_front_if(|next| taken.is_empty() || next.rest() <= room) {
        room = room.saturating_sub(next.rest());
        taken.push(next);
    }
    taken
}

impl Writer {
    fn run(&self, requests: &Receiver<Request>) {
        let mut long = VecDeque::new();
        let mut short_pieces = 0_u32;
        loop {
            let mut batch = Vec::new();
            let mut next = if long.is_empty() { requests.recv().ok() } else { requests.try_recv().ok() };
            if next.is_none() && long.is_empty() {
                return;
            }
            let mut operations = 0;
            while let Some(request) = next {
                let waiting = Waiting::new(request);
                if waiting.rest() > PIECE {
                    long.push_back(waiting);
                } else {
                    operations += waiting.rest();
                    batch.push(waiting);
                }
                let room = operations < MAX_BATCH && long.len() < MAX_WAITING;
                next = if room { requests.try_recv().ok() } else { None };
            }
            short_pieces = if batch.is_empty() { short_pieces.saturating_sub(1) } else { SHORT_PIECES };
            self.serve(batch, PIECE);
            // Whoever came meanwhile goes before the rest of them: a customer does not wait for a backlog.
            let most = if short_pieces > 0 { PIECE } else { QUIET_PIECE };
            let rest = self.serve(take_together(&mut long, most), most);
            rest.into_iter().rev().for_each(|rest| long.push_front(rest));
        }
    }

    /// Commits the next piece of each, of `most` operations, and answers those that are done; gives the others back. When
    /// the transaction fails as a whole, each push is tried alone once: one that cannot be written must not take the
    /// others with it.
    fn serve(&self, batch: Vec<Waiting>, most: usize) -> Vec<Waiting> {
        if batch.is_empty() {
            return batch;
        }
        let pieces: Vec<Piece> = batch.iter().map(|waiting| waiting.next_piece(most)).collect();
        match self.commit(&pieces) {
            Ok(answers) => {
                let each = batch.into_iter().zip(&pieces).zip(answers);
                each.filter_map(|((waiting, piece), answer)| waiting.answered(piece, answer)).collect()
            }
            Err(fault) if batch.len() > 1 => {
                tracing::warn!(error = %in_words(&fault), pushes = batch.len(), "a batch is taken apart");
                batch.into_iter().flat_map(|waiting| self.serve(vec![waiting], most)).collect()
            }
            Err(fault) => {
                // What of it was committed before stands, and answers the next try.
                let answer = unavailable(&fault);
                for waiting in batch {
                    drop(waiting.request.reply.send(Err(answer.clone())));
                }
                Vec::new()
            }
        }
    }

    fn commit(&self, pieces: &[Piece]) -> Result<Vec<Result<PieceAnswer, Problem>>, ServerError> {
        let run = |failing| {
            let (now_ms, pieces) = (self.clock.now_ms(), pieces.to_vec());
            let remembered = Arc::clone(&self.remembered);
            self.store.write(move |tx| -> Result<_, PushFault> {
                let remembered = std::mem::take(&mut *lock(&remembered));
                let mut batch = Batch::begin(tx, failing, now_ms, remembered)?;
                let answers =
                    pieces.iter().map(|piece| push::run(&mut batch, piece)).collect::<Result<Vec<_>, _>>()?;
                let (rows, seq, remembered) = batch.finish()?;
                let answers: Vec<_> =
                    answers.into_iter().map(|answer| answer.map(|open| open.close(&rows))).collect();
                Ok((answers, seq, remembered))
            })
        };
        let attempt = |failing| match run(failing) {
            // The same batch again looks its operations up: those that stand answer with their verdicts, and the
            // others are applied now. Either way the answer is one that will never change.
            Err(WriteFault::Unknown(error)) => {
                tracing::warn!(error = %in_words(error.as_ref()), "COMMIT was not answered; the batch is looked up");
                run(failing)
            }
            known => known,
        };
        let written = match attempt(Failing::Together) {
            // What failed shall fail alone.
            Err(WriteFault::Job(_) | WriteFault::NotWritten(_)) => attempt(Failing::Alone),
            known => known,
        };
        let (answers, seq, remembered) = written?;
        *lock(&self.remembered) = remembered;
        self.metrics.record_batch(&answers);
        self.feed.send_if_modified(|last| {
            let moved = seq > *last;
            *last = seq.max(*last);
            moved
        });
        Ok(answers)
    }
}
