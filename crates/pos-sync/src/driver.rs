//! The task that feeds the engine and performs what it asks for.
//!
//! It never awaits a request itself: each runs as a task of its own and comes back as an event, so neither a slow
//! server nor a slow disk keeps the engine from hearing that a cashier has sold something. Dropping the driver
//! aborts what is under way; the queue then holds claimed operations, which the next start puts back.
//!
//! The engine's clock is monotonic time since the start; wall-clock time only stands on the disk.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pos_protocol::SyncApi;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::backoff::{Jitter, clock_millis};
use crate::engine::{Effect, Engine, Event, LastSeen};
use crate::exchange::Exchange;
use crate::perform;
use crate::wall::WallWatch;

/// Pause between two publications of the status, 200 ms: a status counts the queue, which takes milliseconds when a
/// hundred thousand operations wait, and nobody reads faster.
const PUBLISH_PAUSE: Duration = Duration::from_millis(200);

/// See the module.
pub(crate) struct Driver<A> {
    exchange: Arc<Exchange<A>>,
    engine: Engine,
    events: Option<mpsc::Receiver<Event>>,
    tasks: JoinSet<Done>,
    /// What to tell the engine should a task die instead of answering.
    if_it_dies: HashMap<Id, Done>,
    started: Instant,
    wall: WallWatch,
    timer: Instant,
    publishing: Publishing,
    publish_not_before: Instant,
}

/// What a task came back with.
#[derive(Debug, Clone, Copy)]
enum Done {
    Event(Event),
    Published,
}

/// Only one publication runs at a time, so that an older status never overwrites a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Publishing {
    Idle,
    Running,
    RunningAndStale,
}

impl<A: SyncApi + 'static> Driver<A> {
    pub(crate) fn new(
        exchange: Arc<Exchange<A>>,
        last_seen: LastSeen,
        seed: u64,
        events: mpsc::Receiver<Event>,
    ) -> Self {
        let started = Instant::now();
        Self {
            wall: WallWatch::new(exchange.now_ms(), 0),
            exchange,
            engine: Engine::new(last_seen, Jitter::from_seed(seed), 0),
            events: Some(events),
            tasks: JoinSet::new(),
            if_it_dies: HashMap::new(),
            started,
            timer: started,
            publishing: Publishing::Idle,
            publish_not_before: started,
        }
    }

    /// Runs until the engine has finished: after a shutdown, or when nobody holds a handle any more.
    pub(crate) async fn run(mut self) {
        let paused = self.exchange.is_paused();
        if paused {
            self.tell(Event::Paused);
        }
        let mut next = Event::TimerFired;
        loop {
            if self.clock_jumped() {
                self.tell(Event::ClockJumped);
                self.tell(Event::LinkRegained);
            }
            if self.tell(next) == Flow::Finished {
                return self.wind_up().await;
            }
            next = self.next_event().await;
        }
    }

    async fn next_event(&mut self) -> Event {
        loop {
            let events = &mut self.events;
            let told = async {
                match events {
                    Some(receiver) => receiver.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(done) = self.tasks.join_next_with_id() => {
                    if let Some(event) = self.finished(done) {
                        return event;
                    }
                }
                told = told => match told {
                    Some(event) => return event,
                    None => {
                        self.events = None;
                        return Event::Shutdown;
                    }
                },
                () = sleep_until(self.timer) => return Event::TimerFired,
            }
        }
    }

    fn finished(&mut self, done: Result<(Id, Done), JoinError>) -> Option<Event> {
        let done = match done {
            Ok((id, done)) => {
                self.if_it_dies.remove(&id);
                done
            }
            Err(error) => {
                tracing::error!(%error, "a task of the exchange died");
                self.if_it_dies.remove(&error.id())?
            }
        };
        match done {
            Done::Event(event) => Some(event),
            Done::Published => {
                let stale = self.publishing == Publishing::RunningAndStale;
                self.publishing = Publishing::Idle;
                let now = Instant::now();
                self.publish_not_before = now.checked_add(PUBLISH_PAUSE).unwrap_or(now);
                if stale {
                    self.publish();
                }
                None
            }
        }
    }

    fn tell(&mut self, event: Event) -> Flow {
        let mut flow = Flow::GoesOn;
        let now_ms = self.now_ms();
        for effect in perform::tell(&mut self.engine, &self.exchange, event, now_ms) {
            match effect {
                Effect::ArmTimer { at_ms } => {
                    let after = Duration::from_millis(u64::try_from(at_ms).unwrap_or(0));
                    self.timer = self.started.checked_add(after).unwrap_or(self.started);
                }
                Effect::PublishStatus => self.publish(),
                Effect::Finish => flow = Flow::Finished,
                Effect::Greet
                | Effect::LookAtQueue
                | Effect::ClaimAndPush { .. }
                | Effect::Pull
                | Effect::FirstSync
                | Effect::Carry => self.begin(effect),
            }
        }
        flow
    }

    /// Starts a task for an effect that takes time.
    fn begin(&mut self, effect: Effect) {
        let Some(if_it_dies) = perform::if_it_dies(effect) else { return };
        let exchange = Arc::clone(&self.exchange);
        self.spawn(
            if_it_dies,
            async move { perform::perform(&exchange, effect).await.unwrap_or(if_it_dies) },
        );
    }

    fn spawn(&mut self, if_it_dies: Event, task: impl Future<Output = Event> + Send + 'static) {
        let id = self.tasks.spawn(async move { Done::Event(task.await) }).id();
        self.if_it_dies.insert(id, Done::Event(if_it_dies));
    }

    fn publish(&mut self) {
        if self.publishing != Publishing::Idle {
            self.publishing = Publishing::RunningAndStale;
            return;
        }
        self.publishing = Publishing::Running;
        let exchange = Arc::clone(&self.exchange);
        let not_before = self.publish_not_before;
        let id = self
            .tasks
            .spawn(async move {
                sleep_until(not_before).await;
                exchange.publish().await;
                Done::Published
            })
            .id();
        self.if_it_dies.insert(id, Done::Published);
    }

    /// Ends reading and greeting, which may break off anywhere, and leaves the last status behind.
    async fn wind_up(mut self) {
        self.tasks.shutdown().await;
        self.exchange.publish().await;
    }

    fn now_ms(&self) -> i64 {
        clock_millis(self.started.elapsed())
    }

    fn clock_jumped(&mut self) -> bool {
        let now_ms = self.now_ms();
        self.wall.jumped(self.exchange.now_ms(), now_ms)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    GoesOn,
    Finished,
}
