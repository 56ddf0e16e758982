//! How many operations go into one push.
//!
//! Additive increase, multiplicative decrease on the time of a push: large enough that a backlog of thousands drains
//! in seconds, small enough that one push never holds the server's writer or a slow link for long. It begins with
//! doubling, until the first push that was not fast: a link of which nothing is known yet is tried out in a few pushes.

use std::time::Duration;

use pos_protocol::{Limits, MAX_BATCH_BYTES, MAX_BATCH_OPS};

/// A full push that took less than this makes the next one larger.
pub const TARGET_LOW: Duration = Duration::from_millis(250);
/// A push that took longer than this makes the next one smaller.
pub const TARGET_HIGH: Duration = Duration::from_millis(400);
/// Fewest operations of a push: below this the cost of the request itself dominates.
pub const MIN_OPS: u32 = 50;
/// Operations of the first push, before anything is known of the link.
const FIRST_OPS: u32 = 200;
/// What one good push adds.
const STEP_OPS: u32 = 50;
/// Fewest bytes of a push, 64 KiB, after the server or something before it said that less is too much.
const MIN_BYTES: u32 = 1 << 16;

/// The bounds of the next push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchSize {
    ops: u32,
    bytes: u32,
    most_ops: u32,
    most_bytes: u32,
    pace: Pace,
}

/// How a good push makes the next one larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// Twice as large: nothing was slow yet.
    Doubling,
    /// By [`STEP_OPS`].
    Stepping,
}

impl Default for BatchSize {
    fn default() -> Self {
        let most_ops = u32::try_from(MAX_BATCH_OPS).unwrap_or(u32::MAX);
        let most_bytes = u32::try_from(MAX_BATCH_BYTES).unwrap_or(u32::MAX);
        Self { ops: FIRST_OPS, bytes: most_bytes, most_ops, most_bytes, pace: Pace::Doubling }
    }
}

impl BatchSize {
    /// Most operations of the next push.
    pub fn ops(&self) -> u32 {
        self.ops
    }

    /// Most bytes of bodies of the next push, before compression.
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Keeps within what the server announced, and within the protocol.
    pub fn limit_to(&mut self, limits: &Limits) {
        let protocol = Self::default();
        self.most_ops = limits.batch_ops.clamp(1, protocol.most_ops);
        self.most_bytes = limits.batch_bytes.clamp(1, protocol.most_bytes);
        self.ops = self.ops.min(self.most_ops);
        self.bytes = self.bytes.min(self.most_bytes);
    }

    /// A push of `sent` operations was answered after `took`. A push that was not full says nothing about a
    /// larger one.
    pub fn answered(&mut self, sent: u32, took: Duration) {
        if took > TARGET_LOW {
            self.pace = Pace::Stepping;
        }
        if took > TARGET_HIGH {
            self.ops = self.ops.min(self.at_least_min(self.ops.saturating_sub(self.ops / 4)));
        } else if took < TARGET_LOW && sent >= self.ops {
            let larger = match self.pace {
                Pace::Doubling => self.ops.saturating_mul(2),
                Pace::Stepping => self.ops.saturating_add(STEP_OPS),
            };
            self.ops = larger.min(self.most_ops);
            self.bytes = self.bytes.saturating_mul(2).min(self.most_bytes);
        }
    }

    /// A push was not answered in time: half of it next.
    pub fn timed_out(&mut self) {
        self.pace = Pace::Stepping;
        self.ops = self.ops.min(self.at_least_min(self.ops / 2));
        self.bytes = self.bytes.min((self.bytes / 2).max(MIN_BYTES));
    }

    /// A push was refused as a whole, too large (HTTP 413) or not readable: half of what was sent next, down to a
    /// single operation, so that one poisonous operation is found out and the others go on.
    pub fn refused(&mut self, sent: u32) {
        self.pace = Pace::Stepping;
        self.ops = (self.ops.min(sent) / 2).max(1);
        self.bytes = self.bytes.min((self.bytes / 2).max(MIN_BYTES));
    }

    fn at_least_min(&self, ops: u32) -> u32 {
        ops.max(MIN_OPS.min(self.most_ops))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAST: Duration = Duration::from_millis(40);
    const SLOW: Duration = Duration::from_millis(900);

    #[test]
    fn full_fast_pushes_grow_to_the_limit_and_slow_ones_shrink() {
        let mut batch = BatchSize::default();
        for _ in 0..100 {
            batch.answered(batch.ops(), FAST);
        }
        assert_eq!(batch.ops(), 2_000, "a good link carries the largest batch");
        batch.answered(batch.ops(), SLOW);
        assert_eq!(batch.ops(), 1_500, "a slow answer takes a quarter away");
        batch.answered(batch.ops(), Duration::from_millis(300));
        assert_eq!(batch.ops(), 1_500, "within the target nothing changes");
    }

    #[test]
    fn a_new_link_is_tried_out_by_doubling_until_a_push_is_not_fast() {
        let mut batch = BatchSize::default();
        batch.answered(200, FAST);
        batch.answered(400, FAST);
        assert_eq!(batch.ops(), 800);
        batch.answered(800, Duration::from_millis(300));
        batch.answered(800, FAST);
        assert_eq!(batch.ops(), 850, "near its limit a link is not doubled any more");
    }

    #[test]
    fn a_small_fast_push_proves_nothing() {
        let mut batch = BatchSize::default();
        let before = batch;
        batch.answered(1, FAST);
        assert_eq!(batch, before, "one sale answered quickly does not say that 2,000 would be");
    }

    #[test]
    fn a_push_without_an_answer_halves_the_next_down_to_the_floor() {
        let mut batch = BatchSize::default();
        batch.timed_out();
        assert_eq!((batch.ops(), batch.bytes()), (100, 1 << 20));
        for _ in 0..20 {
            batch.timed_out();
        }
        assert_eq!((batch.ops(), batch.bytes()), (MIN_OPS, MIN_BYTES));
    }

    #[test]
    fn a_refused_push_is_halved_until_one_operation_stands_alone() {
        let mut batch = BatchSize::default();
        let mut sent = 60;
        for expected in [30, 15, 7, 3, 1, 1] {
            batch.refused(sent);
            assert_eq!(
                batch.ops(),
                expected,
                "half of what was refused, not of what would have been allowed"
            );
            sent = batch.ops();
        }
        batch.answered(1, FAST);
        assert_eq!(batch.ops(), 51, "an answered push grows again at once");
    }

    #[test]
    fn a_server_with_small_limits_is_obeyed_even_below_the_usual_floor() {
        let mut batch = BatchSize::default();
        batch.limit_to(&Limits {
            batch_ops: 10,
            batch_bytes: 1_000,
            page_rows: 5,
            requests_per_second: 1,
            attachments: None,
        });
        assert_eq!((batch.ops(), batch.bytes()), (10, 1_000));
        batch.timed_out();
        assert_eq!((batch.ops(), batch.bytes()), (10, 1_000), "the floor gives way to the server's limit");
    }

    proptest! {
        #[test]
        fn a_batch_always_stays_within_protocol_bounds(
            steps in prop::collection::vec((0_u8..3, 0_u32..3_000, 0_u64..2_000), 0..200)
        ) {
            let mut batch = BatchSize::default();
            for (step, sent, took) in steps {
                match step {
                    0 => batch.timed_out(),
                    1 => batch.refused(sent),
                    _ => batch.answered(sent, Duration::from_millis(took)),
                }
                prop_assert!((1..=2_000).contains(&batch.ops()));
                prop_assert!((MIN_BYTES..=1 << 21).contains(&batch.bytes()));
            }
        }
    }
}
