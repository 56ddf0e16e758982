//! When the queue is looked at, the feed read, the server greeted and an attachment carried.
//!
//! Events only bring a time forward: the next look is at most [`ROUND_EVERY`] away, whatever was or was not noticed.
//! So nothing hangs on a single event. Times are on the engine's clock.

use std::time::Duration;

use crate::backoff::clock_millis;

/// Wait after a write for more of the same, so that an import of 20,000 rows is not 20,000 pushes.
pub const DEBOUNCE: Duration = Duration::from_secs(2);
/// Longest wait after the first write of a burst.
pub const DEBOUNCE_AT_MOST: Duration = Duration::from_secs(10);
/// Queue, feed and greeting come round at least this often.
pub const ROUND_EVERY: Duration = Duration::from_secs(60);

/// What comes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Look at the queue.
    Queue,
    /// Read the feed.
    Feed,
    /// Greet the server: its limits, its watermarks, its clock.
    Greeting,
    /// Carry a piece of an attachment.
    Attachments,
}

/// When each turn is due.
#[derive(Debug, Clone)]
pub struct Schedule {
    queue_ms: i64,
    feed_ms: i64,
    greeting_ms: i64,
    attachments_ms: i64,
    burst: Option<Burst>,
}

#[derive(Debug, Clone, Copy)]
struct Burst {
    first_ms: i64,
    last_ms: i64,
}

impl Burst {
    fn due_ms(self) -> i64 {
        let quiet = self.last_ms.saturating_add(clock_millis(DEBOUNCE));
        quiet.min(self.first_ms.saturating_add(clock_millis(DEBOUNCE_AT_MOST)))
    }
}

impl Schedule {
    /// Everything is due at the start.
    pub fn new(now_ms: i64) -> Self {
        Self { queue_ms: now_ms, feed_ms: now_ms, greeting_ms: now_ms, attachments_ms: now_ms, burst: None }
    }

    /// Something that can wait a little was written.
    pub fn wrote(&mut self, now_ms: i64) {
        let first_ms = self.burst.map_or(now_ms, |burst| burst.first_ms);
        self.burst = Some(Burst { first_ms, last_ms: now_ms });
    }

    /// A turn is due at a time at the latest.
    pub fn bring_forward(&mut self, turn: Turn, at_ms: i64) {
        let due = self.slot(turn);
        *due = (*due).min(at_ms);
    }

    /// Takes a turn when it is due; the next one is then due by itself after [`ROUND_EVERY`].
    pub fn take(&mut self, turn: Turn, now_ms: i64) -> bool {
        let due = self.due_ms(turn) <= now_ms;
        if due {
            self.postpone(turn, now_ms);
        }
        due
    }

    /// A turn that could not be taken is due then, not before.
    pub fn put(&mut self, turn: Turn, at_ms: i64) {
        *self.slot(turn) = at_ms;
    }

    /// Counts a turn as taken now.
    pub fn postpone(&mut self, turn: Turn, now_ms: i64) {
        *self.slot(turn) = now_ms.saturating_add(clock_millis(ROUND_EVERY));
        #[cfg(feature = "planted")] // Incident 7.
        if pos_planted::is(pos_planted::Bug::RetryNeedsAWrite) && turn == Turn::Queue {
            self.queue_ms = i64::MAX;
        }
        if turn == Turn::Queue {
            self.burst = None;
        }
    }

    /// When a turn is due.
    pub fn due_ms(&self, turn: Turn) -> i64 {
        match turn {
            Turn::Queue => self.burst.map_or(self.queue_ms, |burst| burst.due_ms().min(self.queue_ms)),
            Turn::Feed => self.feed_ms,
            Turn::Greeting => self.greeting_ms,
            Turn::Attachments => self.attachments_ms,
        }
    }

    /// When the first turn is due.
    pub fn next_ms(&self) -> i64 {
        self.due_ms(Turn::Queue).min(self.feed_ms).min(self.greeting_ms).min(self.attachments_ms)
    }

    fn slot(&mut self, turn: Turn) -> &mut i64 {
        match turn {
            Turn::Queue => &mut self.queue_ms,
            Turn::Feed => &mut self.feed_ms,
            Turn::Greeting => &mut self.greeting_ms,
            Turn::Attachments => &mut self.attachments_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A schedule whose first round was just taken.
    fn after_a_round(now_ms: i64) -> Schedule {
        let mut schedule = Schedule::new(now_ms);
        for turn in [Turn::Queue, Turn::Feed, Turn::Greeting, Turn::Attachments] {
            assert!(schedule.take(turn, now_ms), "everything is due at the start");
        }
        schedule
    }

    #[test]
    fn a_write_waits_two_seconds_for_more_of_the_same() {
        let mut schedule = after_a_round(0);
        schedule.wrote(1_000);
        assert_eq!(schedule.due_ms(Turn::Queue), 3_000);
        schedule.wrote(2_500);
        assert_eq!(schedule.due_ms(Turn::Queue), 4_500, "the second write of a burst moves it on");
    }

    #[test]
    fn a_burst_without_end_is_sent_ten_seconds_after_its_first_write() {
        let mut schedule = after_a_round(0);
        for at in (0..60_000).step_by(500) {
            schedule.wrote(at);
        }
        assert_eq!(
            schedule.due_ms(Turn::Queue),
            10_000,
            "an import that runs for minutes does not hold the queue"
        );
    }

    #[test]
    fn a_sale_is_due_at_once_and_a_later_write_does_not_put_it_off() {
        let mut schedule = after_a_round(0);
        schedule.bring_forward(Turn::Queue, 5_000);
        schedule.wrote(5_000);
        assert_eq!(schedule.due_ms(Turn::Queue), 5_000);
    }

    #[test]
    fn without_any_event_every_turn_comes_round_within_a_minute() {
        let mut schedule = after_a_round(0);
        assert_eq!(schedule.next_ms(), 60_000);
        assert!(schedule.take(Turn::Feed, 60_000));
        assert!(!schedule.take(Turn::Feed, 60_001));
    }

    proptest! {
        #[test]
        fn the_next_turn_is_never_further_away_than_a_minute(
            steps in prop::collection::vec((0_u8..6, 0_i64..90_000), 0..200)
        ) {
            let mut now = 0;
            let mut schedule = Schedule::new(now);
            for (step, pause) in steps {
                now += pause;
                match step {
                    0 => schedule.wrote(now),
                    1 => schedule.bring_forward(Turn::Queue, now + pause),
                    2 => { schedule.take(Turn::Queue, now); }
                    3 => { schedule.take(Turn::Feed, now); }
                    4 => { schedule.take(Turn::Attachments, now); }
                    _ => { schedule.take(Turn::Greeting, now); }
                }
                prop_assert!(schedule.next_ms() <= now + clock_millis(ROUND_EVERY));
            }
        }
    }
}
