//! What became of what was begun: answers, failures, and how long they make the engine wait. It begins nothing.

use std::time::Duration;

use pos_protocol::Limits;

use super::{Course, Effect, Engine, LOOK_PAUSE, NOTHING_CLAIMED_PAUSE, QueueView, Trouble};
use crate::backoff::{self, clock_millis};
use crate::breaker::Outage;
use crate::schedule::{ROUND_EVERY, Turn};

impl Engine {
    pub(super) fn see_queue(&mut self, queue: QueueView, now_ms: i64) {
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

    pub(super) fn greeted(&mut self, limits: Limits, course: Course, now_ms: i64, effects: &mut Vec<Effect>) {
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

    pub(super) fn greeting_failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.greeting = false;
        if matches!(trouble, Trouble::Outage(_) | Trouble::Disk) && !self.breaker.is_closed() {
            self.breaker.probe_failed(now_ms, &mut self.jitter);
            return effects.push(Effect::PublishStatus);
        }
        let wait = self.failed(trouble, now_ms, effects);
        self.schedule.bring_forward(Turn::Greeting, now_ms.saturating_add(clock_millis(wait)));
    }

    pub(super) fn pushed(
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

    pub(super) fn nothing_claimed(&mut self, ready: bool, now_ms: i64) {
        self.under_way.pushes = self.under_way.pushes.saturating_sub(1);
        self.queue = QueueView::default();
        if ready {
            let later = now_ms.saturating_add(clock_millis(NOTHING_CLAIMED_PAUSE));
            self.schedule.bring_forward(Turn::Queue, later);
        }
    }

    pub(super) fn push_failed(
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

    pub(super) fn pulled(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.reading = false;
        // The feed's next turn stands since this one began: a hint of meanwhile tells of rows that it may not have seen.
        self.answered(now_ms, effects);
        // A row that came may name a picture.
        self.schedule.bring_forward(Turn::Attachments, now_ms);
    }

    pub(super) fn first_sync_done(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.reading = false;
        self.answered(now_ms, effects);
        if self.course == Some(Course::FirstSync) {
            self.course = Some(Course::Follow);
        }
        self.schedule.bring_forward(Turn::Feed, now_ms);
    }

    pub(super) fn carried(&mut self, again_in: Option<Duration>, now_ms: i64, effects: &mut Vec<Effect>) {
        self.under_way.carrying = false;
        let pause = again_in.unwrap_or(ROUND_EVERY).min(ROUND_EVERY);
        self.schedule.put(Turn::Attachments, now_ms.saturating_add(clock_millis(pause)));
        effects.push(Effect::PublishStatus);
    }

    pub(super) fn reading_failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) {
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
    pub(super) fn answered(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
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
    pub(super) fn failed(&mut self, trouble: Trouble, now_ms: i64, effects: &mut Vec<Effect>) -> Duration {
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
}
