//! The engine: decides what a register does next about its server. It has no I/O, clock or randomness of its own, so
//! years of shop life can be simulated in minutes.
//!
//! Events go in, effects come out; the driver performs the effects and reports back with further events. Every call
//! ends by arming the timer, so the engine never depends on an event that may not come.
//!
//! What must never be:
//! - a moment without an armed timer, or one armed for more than [`ROUND_EVERY`] ahead;
//! - more than [`MAX_PUSHES`] pushes, one greeting, one pull or one first sync under way;
//! - a request other than the one probe while the breaker is not closed;
//! - a pull that waits for the queue to be empty;
//! - an outage that counts against an operation;
//! - an attachment that is carried while a record waits, or whose failure anything else hears of.

mod decide;
mod event;
mod heard;

use std::time::Duration;

pub use event::{Course, Effect, Event, LastSeen, QueueView, Trouble};

use crate::backoff::{Jitter, clock_millis};
use crate::batch::BatchSize;
use crate::breaker::{Breaker, BreakerState, Outage};
use crate::bucket::Bucket;
use crate::schedule::{ROUND_EVERY, Schedule, Turn};

/// Most pushes under way: one is answered while the next is read and sent.
pub const MAX_PUSHES: u8 = 2;
/// Most pushes under way while customers come: the other half of the machine is theirs.
const PUSHES_BESIDE_CUSTOMERS: u8 = 1;
/// Most operations of a push while customers come: to read, check and pack a full one keeps a processor busy for as long
/// as a whole sale takes at rest.
const OPS_BESIDE_CUSTOMERS: u32 = 256;
/// How long after a checkout the next customer is expected, 2 s.
const NEXT_CUSTOMER: Duration = Duration::from_secs(2);
/// Pause before the queue is looked at again after nothing of it could be claimed although something was ready, 1 s:
/// what is ready waits for operations that are under way, or another process drains.
const NOTHING_CLAIMED_PAUSE: Duration = Duration::from_secs(1);
/// Shortest pause between two looks at the queue because of due times, 50 ms: due times of one batch lie close
/// together and are met by one look.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// Pause between a hint of the server and the pull, 200 ms: changes come in bursts, one pull reads them all.
const HINT_PAUSE: Duration = Duration::from_millis(200);

/// The engine of one register. Times are on the driver's monotonic clock, in milliseconds.
#[derive(Debug)]
pub struct Engine {
    breaker: Breaker,
    batch: BatchSize,
    bucket: Bucket,
    schedule: Schedule,
    jitter: Jitter,
    under_way: UnderWay,
    course: Option<Course>,
    conduct: Conduct,
    denied: bool,
    queue: QueueView,
    failures: u32,
    push_not_before_ms: i64,
    read_not_before_ms: i64,
    /// Until then the next customer may come any moment.
    customers_until_ms: i64,
    /// Nothing new is begun before, because a person stopped what was under way.
    rests_until_ms: i64,
}

#[derive(Debug, Default)]
struct UnderWay {
    pushes: u8,
    greeting: bool,
    looking: bool,
    reading: bool,
    carrying: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Working,
    Paused,
    /// Ends as soon as nothing more can be sent.
    Leaving,
    Finished,
}

impl Engine {
    /// An engine at its start; the first [`Event::TimerFired`] sets it going.
    pub fn new(last_seen: LastSeen, jitter: Jitter, now_ms: i64) -> Self {
        let breaker = match last_seen {
            LastSeen::InReach => Breaker::closed(),
            LastSeen::OutOfReach => Breaker::open(now_ms),
        };
        Self {
            breaker,
            batch: BatchSize::default(),
            bucket: Bucket::new(now_ms),
            schedule: Schedule::new(now_ms),
            jitter,
            under_way: UnderWay::default(),
            course: None,
            conduct: Conduct::Working,
            denied: false,
            queue: QueueView::default(),
            failures: 0,
            push_not_before_ms: now_ms,
            read_not_before_ms: now_ms,
            customers_until_ms: now_ms,
            rests_until_ms: now_ms,
        }
    }

    /// Whether a checkout may ask the server now. If not, the cashier waits for nothing.
    pub fn lets_checkout_through(&self) -> bool {
        self.breaker.is_closed() && !self.denied && self.conduct == Conduct::Working
    }

    /// Where the breaker stands.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// The server turned this register away.
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// Takes what happened and says what is to be done; the last effect always arms the timer.
    pub fn handle(&mut self, event: Event, now_ms: i64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.take_in(event, now_ms, &mut effects);
        self.decide(now_ms, &mut effects);
        effects.push(Effect::ArmTimer { at_ms: self.next_ms(now_ms) });
        effects
    }

    fn take_in(&mut self, event: Event, now_ms: i64, effects: &mut Vec<Effect>) {
        match event {
            Event::TimerFired => {}
            Event::Wrote => {
                self.schedule.wrote(now_ms);
                effects.push(Effect::PublishStatus);
            }
            Event::SaleFinalised => {
                self.schedule.bring_forward(Turn::Queue, now_ms);
                effects.push(Effect::PublishStatus);
            }
            Event::LinkRegained => self.hasten(now_ms),
            Event::SyncNow => {
                self.rests_until_ms = now_ms;
                self.hasten(now_ms);
            }
            Event::Cancelled => {
                self.rests_until_ms = now_ms.saturating_add(clock_millis(ROUND_EVERY));
                effects.push(Effect::PublishStatus);
            }
            Event::CarryNow => self.schedule.bring_forward(Turn::Attachments, now_ms),
            Event::StreamHint => {
                self.schedule.bring_forward(Turn::Feed, now_ms.saturating_add(clock_millis(HINT_PAUSE)));
            }
            Event::Paused => self.conduct_becomes(Conduct::Paused, effects),
            #[cfg(feature = "planted")]
            Event::Resumed if pos_planted::is(pos_planted::Bug::PauseLastsForEver) => {}
            Event::Resumed => {
                self.rests_until_ms = now_ms;
                self.conduct_becomes(Conduct::Working, effects);
                self.round_now(now_ms);
            }
            #[cfg(feature = "planted")] // Incident 21.
            Event::Shutdown if pos_planted::is(pos_planted::Bug::EndsWithoutSending) => {
                self.conduct = Conduct::Finished;
                effects.push(Effect::Finish);
            }
            Event::Shutdown => {
                self.conduct_becomes(Conduct::Leaving, effects);
                self.schedule.bring_forward(Turn::Queue, now_ms);
            }
            Event::ClockJumped => self.schedule.bring_forward(Turn::Queue, now_ms),
            Event::QueueSeen(queue) => {
                self.under_way.looking = false;
                self.see_queue(queue, now_ms);
            }
            Event::Greeted { limits, course } => self.greeted(limits, course, now_ms, effects),
            Event::GreetingFailed(trouble) => self.greeting_failed(trouble, now_ms, effects),
            Event::Pushed { sent, took, queue } => self.pushed(sent, took, queue, now_ms, effects),
            Event::NothingClaimed { ready } => self.nothing_claimed(ready, now_ms),
            Event::PushFailed { sent, trouble, queue } => {
                self.push_failed(sent, trouble, queue, now_ms, effects);
            }
            Event::Pulled => self.pulled(now_ms, effects),
            Event::FirstSyncDone => self.first_sync_done(now_ms, effects),
            Event::PullFailed(trouble) | Event::FirstSyncFailed(trouble) => {
                self.reading_failed(trouble, now_ms, effects);
            }
            Event::Carried { again_in } => self.carried(again_in, now_ms, effects),
            Event::CheckoutAnswered => {
                self.customers_until_ms = now_ms.saturating_add(clock_millis(NEXT_CUSTOMER));
                self.answered(now_ms, effects);
                // The sale's chain link is written after the answer and travels by itself.
                self.schedule.wrote(now_ms);
            }
            Event::CheckoutFailed(trouble) => {
                // A customer has waited in vain; the next one must not.
                let outage = matches!(trouble, Trouble::Outage(_));
                let trouble = if outage { Trouble::Outage(Outage::Certain) } else { trouble };
                self.failed(trouble, now_ms, effects);
            }
        }
    }

    /// A round at once, also when the server is thought to be away.
    fn hasten(&mut self, now_ms: i64) {
        self.breaker.hasten(now_ms);
        self.round_now(now_ms);
    }

    fn round_now(&mut self, now_ms: i64) {
        for turn in [Turn::Greeting, Turn::Queue, Turn::Feed, Turn::Attachments] {
            self.schedule.bring_forward(turn, now_ms);
        }
    }

    fn conduct_becomes(&mut self, conduct: Conduct, effects: &mut Vec<Effect>) {
        if self.conduct != Conduct::Finished && self.conduct != Conduct::Leaving {
            self.conduct = conduct;
        }
        effects.push(Effect::PublishStatus);
    }
}

#[cfg(test)]
mod tests;
