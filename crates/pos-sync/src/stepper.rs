//! The driver under somebody else's clock: the door for a simulation.
//!
//! It holds the same engine over the same exchange and performs the same effects as [`crate::driver`], but begins
//! nothing by itself: whoever holds it says what time it is, runs the steps in an order of his own, one at a time or
//! many between each other, and tells what came of them. So a run can be repeated exactly.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use pos_protocol::SyncApi;
use tokio::sync::mpsc;

use crate::backoff::Jitter;
use crate::engine::{Effect, Engine, Event, LastSeen};
use crate::exchange::Exchange;
use crate::perform;
use crate::wall::WallWatch;

/// Work that an event brought about; it ends with what the engine must hear of it. Dropping it is what a killed
/// program does to it.
pub type Step = Pin<Box<dyn Future<Output = Option<Event>> + Send>>;

/// See the module.
pub struct Stepper<A> {
    exchange: Arc<Exchange<A>>,
    engine: Engine,
    events: mpsc::Receiver<Event>,
    timer_ms: i64,
    wall: WallWatch,
}

impl<A: SyncApi + 'static> Stepper<A> {
    pub(crate) fn new(
        exchange: Arc<Exchange<A>>,
        seed: u64,
        events: mpsc::Receiver<Event>,
        now_ms: i64,
    ) -> Self {
        let last_seen = if exchange.was_in_reach() { LastSeen::InReach } else { LastSeen::OutOfReach };
        Self {
            wall: WallWatch::new(exchange.now_ms(), now_ms),
            exchange,
            engine: Engine::new(last_seen, Jitter::from_seed(seed), now_ms),
            events,
            timer_ms: now_ms,
        }
    }

    /// Sets the engine going, as at the start of a program.
    pub fn begin(&mut self, now_ms: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.exchange.is_paused() {
            steps.extend(self.tell(Event::Paused, now_ms));
        }
        steps.extend(self.tell(Event::TimerFired, now_ms));
        steps
    }

    /// What the use cases told since.
    pub fn hear(&mut self) -> Option<Event> {
        self.events.try_recv().ok()
    }

    /// Tells the engine what happened; what it wants done now. `now_ms` is monotonic.
    pub fn tell(&mut self, event: Event, now_ms: i64) -> Vec<Step> {
        let mut effects = Vec::new();
        if self.wall.jumped(self.exchange.now_ms(), now_ms) {
            for event in [Event::ClockJumped, Event::LinkRegained] {
                effects.extend(perform::tell(&mut self.engine, &self.exchange, event, now_ms));
            }
        }
        effects.extend(perform::tell(&mut self.engine, &self.exchange, event, now_ms));
        let mut steps = Vec::new();
        for effect in effects {
            match effect {
                Effect::ArmTimer { at_ms } => self.timer_ms = at_ms,
                Effect::Finish => {}
                Effect::Greet
                | Effect::LookAtQueue
                | Effect::ClaimAndPush { .. }
                | Effect::Pull
                | Effect::FirstSync
                | Effect::Carry
                | Effect::PublishStatus => {
                    let exchange = Arc::clone(&self.exchange);
                    let step: Step = Box::pin(async move { perform::perform(&exchange, effect).await });
                    steps.push(step);
                }
            }
        }
        steps
    }

    /// When [`Event::TimerFired`] is to be told.
    pub fn timer_ms(&self) -> i64 {
        self.timer_ms
    }
}

impl<A> std::fmt::Debug for Stepper<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stepper").field("engine", &self.engine).finish_non_exhaustive()
    }
}
