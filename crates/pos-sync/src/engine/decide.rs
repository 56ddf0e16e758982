//! What may start now, and when to look again. It knows nothing of how things ended.

use super::{
    Conduct, Course, Effect, Engine, MAX_PUSHES, OPS_BESIDE_CUSTOMERS, PUSHES_BESIDE_CUSTOMERS, UnderWay,
};
use crate::backoff::clock_millis;
use crate::breaker::BreakerState;
use crate::bucket::RefillAt;
use crate::schedule::{ROUND_EVERY, Turn};

impl Engine {
    /// Emits whatever may start now.
    pub(super) fn decide(&mut self, now_ms: i64, effects: &mut Vec<Effect>) {
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
        let (most, most_ops) = if now_ms < self.customers_until_ms {
            (PUSHES_BESIDE_CUSTOMERS, OPS_BESIDE_CUSTOMERS)
        } else {
            (MAX_PUSHES, u32::MAX)
        };
        while self.under_way.pushes < most && (self.queue.ready > 0 || self.queue.links > 0) {
            let not_before_ms = self.push_not_before_ms.max(self.rests_until_ms);
            if now_ms < not_before_ms {
                return self.schedule.bring_forward(Turn::Queue, not_before_ms);
            }
            if !self.permit(Turn::Queue, now_ms) {
                return;
            }
            self.under_way.pushes = self.under_way.pushes.saturating_add(1);
            let max_ops = self.batch.ops().min(most_ops);
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

    /// When to look again: never further away than a round. A turn whose like is under way is left out, because
    /// its end is an event of its own.
    pub(super) fn next_ms(&self, now_ms: i64) -> i64 {
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
