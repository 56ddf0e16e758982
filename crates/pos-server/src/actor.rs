//! The tenant's one writer: commits pushes in natural batches.
//!
//! Whatever arrived while the last commit ran goes into the next transaction, up to a bound, without any waiting
//! window: alone a push pays one commit, and under load thirty pushes share one. Replies go out only after the commit.
//! A long push is worked off in pieces, each in a transaction of its own, so that a checkout never waits for a backlog.
//! A thread of its own and plain channels, so that the server works under any async runtime and in simulations.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
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
/// The same while nobody comes, a whole push or two: pages that many sales change are then written once.
const QUIET_PIECE: usize = MAX_BATCH;
/// Operations of a piece that are done whoever comes, some 2 ms of work. Behind them a piece ends where a customer finds
/// it, so that the backlog moves on under any number of customers, and each of them waits for little more than a commit.
const SHORTEST_PIECE: usize = 16;
/// Chain links that take as long as one sale.
const LINKS_AS_ONE_SALE: usize = 4;
/// Pieces that are short after a short push, some 300 ms of work: the next customer is likely. Counted, not timed, so
/// that the same requests give the same transactions.
const SHORT_PIECES: u32 = 32;

type Answer = Result<PushResponse, ApiError>;

struct Request {
    push: Arc<PreparedPush>,
    reply: oneshot::Sender<Answer>,
    /// When somebody may be waiting at a counter for it.
    _customer: Option<Customer>,
}

/// A short push that is not answered yet, among the others of its kind.
struct Customer(Arc<AtomicUsize>);

impl Customer {
    fn comes(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(waiting))
    }
}

impl Drop for Customer {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The handle to the writer thread. Dropping it finishes what waits and ends the thread.
pub(crate) struct Actor {
    queue: Option<SyncSender<Request>>,
    customers: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer thread works with.
struct Writer {
    store: Store,
    /// What the last batch left for the next; nothing while one runs, and after one that was not committed.
    remembered: Arc<Mutex<Remembered>>,
    /// Short pushes that are not answered. While a long one is worked on these are all in the queue.
    customers: Arc<AtomicUsize>,
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
        let customers = Arc::default();
        let writer = Writer {
            store,
            remembered: Arc::default(),
            customers: Arc::clone(&customers),
            clock,
            feed,
            metrics,
        };
        let thread = thread::Builder::new()
            .name("tenant-writer".to_owned())
            .spawn(move || writer.run(&requests))
            .map_err(ServerError::Thread)?;
        Ok(Self { queue: Some(queue), customers, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a push at once; the answer comes after its commit. Dropping the answer does not stop the push.
    pub(crate) fn push(&self, push: PreparedPush) -> impl Future<Output = Answer> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let customer = (length(&push, 0, 0) <= PIECE).then(|| Customer::comes(&self.customers));
        let request = Request { push: Arc::new(push), reply, _customer: customer };
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
        length(&self.request.push, self.done, self.linked)
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
                let done = piece.operations.start.saturating_add(response.verdicts.len());
                // A piece that was ended early has come to none of its links.
                let linked = if done == piece.operations.end { piece.links.end } else { piece.links.start };
                self.linked = if links_ended { piece.push.chain.len() } else { linked };
                self.verdicts.append(&mut response.verdicts);
                self.done = done;
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

/// How much of a push is left behind so many operations and links, in operations.
fn length(push: &PreparedPush, done: usize, linked: usize) -> usize {
    let links = push.chain.len().saturating_sub(linked).div_ceil(LINKS_AS_ONE_SALE);
    push.operations.len().saturating_sub(done).saturating_add(links)
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
            let (remembered, customers) = (Arc::clone(&self.remembered), Arc::clone(&self.customers));
            self.store.write(move |tx| -> Result<_, PushFault> {
                let remembered = std::mem::take(&mut *lock(&remembered));
                let mut batch = Batch::begin(tx, failing, now_ms, remembered)?;
                // A short push is never ended: it is what a customer waits for.
                let ends = |piece: &Piece, done| {
                    done >= SHORTEST_PIECE
                        && length(&piece.push, 0, 0) > PIECE
                        && customers.load(Ordering::Relaxed) > 0
                };
                let answers = pieces
                    .iter()
                    .map(|piece| push::run(&mut batch, piece, |done| ends(piece, done)))
                    .collect::<Result<Vec<_>, _>>()?;
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

#[cfg(test)]
mod tests {
    use pos_domain::{DeviceId, DeviceKey, Hash32, OpId};
    use pos_protocol::{Mode, Operation, Verdict};
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::prepare::{Content, PreparedOperation};
    use crate::storage::device::Device;

    const OPERATIONS: usize = 100;

    fn operation(place: usize) -> PreparedOperation {
        let place = u64::try_from(place).unwrap();
        let body = RawValue::from_string("{}".to_owned()).unwrap();
        let operation = Operation {
            op_id: OpId(Uuid::from_u128(place.into())),
            seq: place + 1,
            kind: "later".to_owned(),
            kind_version: 1,
            depends_on: Vec::new(),
            mode: Mode::Fact,
            made_at_ms: 0,
            body_hash: Hash32::of(body.get().as_bytes()),
            body,
        };
        PreparedOperation { operation, content: Content::Unknown }
    }

    fn answer(piece: &Piece, done: usize) -> Result<PieceAnswer, Problem> {
        let operations = piece.push.operations.get(piece.operations.clone()).unwrap();
        let verdict = |prepared: &PreparedOperation| OpVerdict {
            op_id: prepared.operation.op_id,
            duplicate: false,
            verdict: Verdict::UnknownKind,
        };
        let response = PushResponse {
            verdicts: operations.iter().take(done).map(verdict).collect(),
            chain_head: None,
            chain_fault: None,
            server_epoch: 1,
            server_time_ms: 0,
        };
        Ok(PieceAnswer { response, links_ended: false })
    }

    #[test]
    fn a_piece_that_a_customer_ended_goes_on_where_it_ended_and_nothing_is_answered_twice() {
        let device = Arc::new(Device {
            device_id: DeviceId(Uuid::from_u128(1)),
            name: "till".to_owned(),
            public_key: DeviceKey::from_seed(&[7; 32]).public(),
            series: "R1".to_owned(),
            joined_at_ms: 0,
            revoked_at_ms: None,
        });
        let operations = (0..OPERATIONS).map(operation).collect();
        let push = PreparedPush { device, epoch: 1, operations, chain: Vec::new(), heard: None };
        let (reply, mut whole) = oneshot::channel();
        let request = Request { push: Arc::new(push), reply, _customer: None };
        let waiting = Waiting::new(request);
        let first = waiting.next_piece(PIECE);
        assert_eq!(first.operations, 0..PIECE);
        let waiting = waiting.answered(&first, answer(&first, SHORTEST_PIECE)).unwrap();
        assert_eq!(waiting.rest(), OPERATIONS - SHORTEST_PIECE, "the rest of the piece was not done");
        let second = waiting.next_piece(QUIET_PIECE);
        assert_eq!(second.operations, SHORTEST_PIECE..OPERATIONS);
        let done = second.operations.len();
        assert!(waiting.answered(&second, answer(&second, done)).is_none(), "nothing is left");
        let verdicts = whole.try_recv().unwrap().unwrap().verdicts;
        let places: Vec<u128> = verdicts.iter().map(|verdict| verdict.op_id.0.as_u128()).collect();
        assert_eq!(places, Vec::from_iter(0..100), "one verdict for each, in their order");
    }
}
