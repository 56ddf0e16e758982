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

mod event;

use std::time::Duration;

use pos_protocol::Limits;

pub use event::{Course, Effect, Event, LastSeen, QueueView, Trouble};

use crate::backoff::{self, Jitter, clock_millis};
use crate::batch::BatchSize;
use crate::breaker::{Breaker, BreakerState, Outage};
use crate::bucket::{Bucket, RefillAt};
use crate::schedule::{ROUND_EVERY, Schedule, Turn};

/// Most pushes under way: one is answered while the next is read and sent.
pub const MAX_PUSHES: u8 = 2;
/// Most pushes under way while customers come: the other half of the machine is theirs.
const PUSHES_BESIDE_CUSTOMERS: u8 = 1;
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

    /// Emits whatever may start now.
    fn decide(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        match self.conduct {
            Conduct::Paused | Conduct::Finished => return,
            Conduct::Working | Conduct::Leaving => {}
        }
        if !self.breaker.is_closed() {
            self.probe(now_ms, effects);
            return self.leave_if_idle(effects);
        }
        self.greet_in_turn(now_ms, effects);
        if !self.under_way.looking && self.schedule.take(Turn::Queue, now_ms) {
            self.under_way.looking = true;
            effects.push(Effect::LookAtQueue);
        }
        if self.course.is_some() && !self.denied {
            self.push(now_ms, effects);
            self.read(now_ms, effects);
            self.carry(now_ms, effects);
        }
        self.leave_if_idle(effects);
    }

    fn probe(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        // A greeting may still be on its way from before the breaker opened: then it is the probe.
        if !self.under_way.greeting && self.conduct == Conduct::Working && self.breaker.take_probe(now_ms) {
            self.under_way.greeting = true;
            effects.push(Effect::Greet);
        }
    }

    fn greet_in_turn(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        // A program that ends as soon as it has begun still has to meet the server before it can send anything.
        let may = self.conduct == Conduct::Working || self.course.is_none();
        let wanted = !self.under_way.greeting && self.schedule.due_ms(Turn::Greeting) <= now_ms;
        if wanted && may && self.permit(Turn::Greeting, now_ms) {
            self.schedule.postpone(Turn::Greeting, now_ms);
            self.under_way.greeting = true;
            effects.push(Effect::Greet);
        }
    }

    fn push(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let most = if now_ms < self.customers_until_ms { PUSHES_BESIDE_CUSTOMERS } else { MAX_PUSHES };
        while self.under_way.pushes < most && (self.queue.ready > 0 || self.queue.links > 0) {
            let not_before_ms = self.push_not_before_ms.max(self.rests_until_ms);
            if now_ms < not_before_ms {
                return self.schedule.bring_forward(Turn::Queue, not_before_ms);
            }
            if !self.permit(Turn::Queue, now_ms) {
                return;
            }
            self.under_way.pushes = self.under_way.pushes.saturating_add(1);
            let max_ops = self.batch.ops();
            effects.push(Effect::ClaimAndPush { max_ops, max_bytes: self.batch.bytes() });
            self.queue.ready = self.queue.ready.saturating_sub(max_ops);
            // One push carries the links; what does not fit goes with the next.
            self.queue.links = 0;
        }
    }

    fn read(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        let queue_is_sent = self.queue.ready == 0 && self.under_way.pushes == 0 && !self.under_way.looking;
        if self.course == Some(Course::Republish) && queue_is_sent {
            self.course = Some(Course::FirstSync);
        }
        if self.under_way.reading || self.conduct != Conduct::Working {
            return;
        }
        let effect = match self.course {
            None | Some(Course::Republish) => return,
            Some(Course::FirstSync) => Effect::FirstSync,
            Some(Course::Follow) if self.schedule.due_ms(Turn::Feed) <= now_ms => Effect::Pull,
            Some(Course::Follow) => return,
        };
        let not_before_ms = self.read_not_before_ms.max(self.rests_until_ms);
        if now_ms < not_before_ms {
            return self.schedule.put(Turn::Feed, not_before_ms);
        }
        if self.permit(Turn::Feed, now_ms) {
            self.schedule.postpone(Turn::Feed, now_ms);
            self.under_way.reading = true;
            effects.push(effect);
        }
    }

    /// Carries a piece of an attachment when there is nothing else to do.
    fn carry(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        if !self.may_carry() || self.schedule.due_ms(Turn::Attachments) > now_ms {
            return;
        }
        if now_ms < self.rests_until_ms {
            return self.schedule.put(Turn::Attachments, self.rests_until_ms);
        }
        if self.permit(Turn::Attachments, now_ms) {
            self.schedule.postpone(Turn::Attachments, now_ms);
            self.under_way.carrying = true;
            effects.push(Effect::Carry);
        }
    }

    /// No record waits or is under way, and no attachment.
    fn may_carry(&self) -> bool {
        let UnderWay { pushes, greeting: _, looking, reading, carrying } = self.under_way;
        let records = pushes > 0 || looking || reading || self.queue.ready > 0 || self.queue.links > 0;
        self.conduct == Conduct::Working
            && self.course == Some(Course::Follow)
            && !records
            && !carrying
            && !self.denied
    }

    fn leave_if_idle(&mut self, effects: &mut Vec<Effect>) {
        let meets = self.under_way.greeting && self.course.is_none() && self.breaker.is_closed();
        let idle = self.under_way.pushes == 0 && !self.under_way.looking && !meets;
        if self.conduct == Conduct::Leaving && idle {
            self.conduct = Conduct::Finished;
            effects.push(Effect::Finish);
        }
    }

    /// Takes a permit of the bucket, or comes back to this turn when there is one.
    fn permit(&mut self, turn: Turn, now_ms: i64) -> bool {
        match self.bucket.take(now_ms) {
            Ok(()) => true,
            Err(RefillAt(at_ms)) => {
                self.schedule.put(turn, at_ms);
                false
            }
        }
    }

    fn see_queue(&mut self, queue: QueueView, now_ms: i64) {
        self.queue = queue;
        #[cfg(feature = "planted")] // Incident 7.
        if pos_planted::is(pos_planted::Bug::RetryNeedsAWrite) {
            return;
        }
        if let Some(pause) = queue.next_due_in {
            let pause = clock_millis(pause.max(LOOK_PAUSE));
            self.schedule.bring_forward(Turn::Queue, now_ms.saturating_add(pause));
        }
    }

    fn greeted(&mut self, limits: Limits, course: Course, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.greeting = false;
        self.denied = false;
        self.batch.limit_to(&limits);
        self.bucket.limit_to(limits.requests_per_second);
        self.answered(now_ms, effects);
        if self.course.is_none() || course != Course::Follow {
            self.course = Some(course);
            self.schedule.bring_forward(Turn::Queue, now_ms);
            self.schedule.bring_forward(Turn::Feed, now_ms);
        }
    }

    fn greeting_failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.greeting = false;
        if matches!(trouble, Trouble::Outage(_) | Trouble::Disk) && !self.breaker.is_closed() {
            self.breaker.probe_failed(now_ms, &mut self.jitter);
            return effects.push(Effect::PublishStatus);
        }
        let wait = self.failed(trouble, now_ms, effects);
        self.schedule.bring_forward(Turn::Greeting, now_ms.saturating_add(clock_millis(wait)));
    }

    fn pushed(
        &mut self,
        sent: u32,
        took: Duration,
        queue: QueueView,
        now_ms: i64,
        effects: &mut Vec<Effect>,
    ) {
        self.under_way.pushes = self.under_way.pushes.saturating_sub(1);
        self.batch.answered(sent, took);
        self.answered(now_ms, effects);
        self.see_queue(queue, now_ms);
        // A row that was taken may name a picture.
        self.schedule.bring_forward(Turn::Attachments, now_ms);
    }

    fn nothing_claimed(&mut self, ready: bool, now_ms: i64) {
        self.under_way.pushes = self.under_way.pushes.saturating_sub(1);
        self.queue = QueueView::default();
        if ready {
            let later = now_ms.saturating_add(clock_millis(NOTHING_CLAIMED_PAUSE));
            self.schedule.bring_forward(Turn::Queue, later);
        }
    }

    fn push_failed(
        &mut self,
        sent: u32,
        trouble: Trouble,
        queue: QueueView,
        now_ms: i64,
        effects: &mut Vec<Effect>,
    ) {
        self.under_way.pushes = self.under_way.pushes.saturating_sub(1);
        match trouble {
            Trouble::Indigestible => self.batch.refused(sent),
            Trouble::Outage(Outage::Suspected) => self.batch.timed_out(),
            Trouble::Outage(Outage::Certain)
            | Trouble::Busy { .. }
            | Trouble::Disk
            | Trouble::ResnapshotRequired
            | Trouble::Denied => {}
        }
        let wait = self.failed(trouble, now_ms, effects);
        self.push_not_before_ms = self.push_not_before_ms.max(now_ms.saturating_add(clock_millis(wait)));
        self.see_queue(queue, now_ms);
    }

    fn pulled(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.reading = false;
        self.answered(now_ms, effects);
        self.schedule.postpone(Turn::Feed, now_ms);
        // A row that came may name a picture.
        self.schedule.bring_forward(Turn::Attachments, now_ms);
    }

    fn first_sync_done(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.reading = false;
        self.answered(now_ms, effects);
        if self.course == Some(Course::FirstSync) {
            self.course = Some(Course::Follow);
        }
        self.schedule.bring_forward(Turn::Feed, now_ms);
    }

    fn carried(&mut self, again_in: Option<Duration>, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.carrying = false;
        let pause = again_in.unwrap_or(ROUND_EVERY).min(ROUND_EVERY);
        self.schedule.put(Turn::Attachments, now_ms.saturating_add(clock_millis(pause)));
        effects.push(Effect::PublishStatus);
    }

    fn reading_failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.reading = false;
        let wait = match trouble {
            Trouble::ResnapshotRequired => {
                // Only its greeting says whether it was put back: then it lacks operations, and they go first.
                if matches!(self.course, Some(Course::Follow | Course::FirstSync)) {
                    self.course = None;
                }
                self.answered(now_ms, effects);
                // A server that refuses a first sync too must not be asked without a pause.
                let wait = backoff::wait(1, None, &mut self.jitter);
                self.schedule.bring_forward(Turn::Greeting, now_ms.saturating_add(clock_millis(wait)));
                wait
            }
            Trouble::Outage(_)
            | Trouble::Busy { .. }
            | Trouble::Disk
            | Trouble::Indigestible
            | Trouble::Denied => self.failed(trouble, now_ms, effects).max(backoff::MIN_WAIT),
        };
        self.read_not_before_ms = self.read_not_before_ms.max(now_ms.saturating_add(clock_millis(wait)));
        self.schedule.put(Turn::Feed, self.read_not_before_ms);
    }

    /// The server has answered: whatever waited because of an outage is due.
    fn answered(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.failures = 0;
        if self.breaker.answered() {
            self.push_not_before_ms = now_ms;
            self.read_not_before_ms = now_ms;
            self.schedule.bring_forward(Turn::Queue, now_ms);
            self.schedule.bring_forward(Turn::Feed, now_ms);
        }
        effects.push(Effect::PublishStatus);
    }

    /// Notes a failure and says how long to wait with the like. What the server refused it has answered: there is
    /// a way to it.
    fn failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) -> Duration {
        let failures = self.failures.saturating_add(1);
        let wait = match trouble {
            Trouble::Outage(outage) => {
                self.breaker.request_failed(outage, now_ms, &mut self.jitter);
                effects.push(Effect::PublishStatus);
                backoff::wait(failures, None, &mut self.jitter)
            }
            Trouble::Disk => {
                effects.push(Effect::PublishStatus);
                backoff::wait(failures, None, &mut self.jitter)
            }
            Trouble::Busy { retry_after } => {
                self.answered(now_ms, effects);
                let wait = backoff::wait(failures, retry_after, &mut self.jitter);
                let until = now_ms.saturating_add(clock_millis(wait));
                self.push_not_before_ms = self.push_not_before_ms.max(until);
                self.read_not_before_ms = self.read_not_before_ms.max(until);
                wait
            }
            Trouble::Denied => {
                self.answered(now_ms, effects);
                self.denied = true;
                ROUND_EVERY
            }
            Trouble::Indigestible | Trouble::ResnapshotRequired => {
                self.answered(now_ms, effects);
                // The next one is smaller, or another request: nothing is gained by waiting with it.
                return Duration::ZERO;
            }
        };
        self.failures = failures;
        wait
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

    /// When to look again: never further away than a round. A turn whose like is under way is left out, because
    /// its end is an event of its own.
    fn next_ms(&self, now_ms: i64) -> i64 {
        let latest = now_ms.saturating_add(clock_millis(ROUND_EVERY));
        let next = match (self.conduct, self.breaker.state()) {
            (Conduct::Paused | Conduct::Finished, _) | (_, BreakerState::HalfOpen) => latest,
            (Conduct::Working | Conduct::Leaving, BreakerState::Open { probe_at_ms }) => {
                if self.under_way.greeting { latest } else { probe_at_ms }
            }
            (Conduct::Working | Conduct::Leaving, BreakerState::Closed) => self.next_turn_ms(latest),
        };
        next.clamp(now_ms.saturating_add(1), latest)
    }

    fn next_turn_ms(&self, latest: i64) -> i64 {
        let works = self.conduct == Conduct::Working;
        let follows = matches!(self.course, Some(Course::Follow | Course::FirstSync));
        [
            (Turn::Queue, !self.under_way.looking),
            (Turn::Greeting, works && !self.under_way.greeting),
            (Turn::Feed, works && follows && !self.under_way.reading && !self.denied),
            (Turn::Attachments, self.may_carry()),
        ]
        .into_iter()
        .filter(|(_, free)| *free)
        .map(|(turn, _)| self.schedule.due_ms(turn))
        .fold(latest, i64::min)
    }
}

#[cfg(test)]
mod tests;
