//! How long to wait before trying again.
//!
//! Full jitter (Brooker, "Exponential Backoff and Jitter", 2015): each wait is drawn from the whole window, so that
//! the registers of a shop that lost its server together do not come back together. The draw is the only random
//! thing in this crate; its seed is passed in, so a run can be repeated.

use std::time::Duration;

/// Shortest wait, 0.5 s: below this a server that restarts is only hit again.
pub const MIN_WAIT: Duration = Duration::from_millis(500);
/// Longest wait that this register chooses by itself, 60 s: a cashier who looks at the clock still sees progress.
pub const MAX_WAIT: Duration = Duration::from_secs(60);
/// Longest `Retry-After` that is believed, 1 h: a server that answers nonsense must not silence a register for days.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// From here on the window has reached [`MAX_WAIT`]: 0.5 s doubled seven times is 64 s.
const LAST_DOUBLING: u32 = 7;

/// A small generator (splitmix64) for waits; not for secrets.
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// Two registers must have different seeds.
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        match high.saturating_sub(low).checked_add(1) {
            Some(width) => low.saturating_add(z.checked_rem(width).unwrap_or(0)),
            None => z,
        }
    }
}

/// The wait after `attempt` failures in a row (1 after the first). A `Retry-After` is waited out in full, with some
/// jitter on top so that those who were told the same do not all come at once.
pub fn wait(attempt: u32, retry_after: Option<Duration>, jitter: &mut Jitter) -> Duration {
    let doublings = attempt.saturating_sub(1).min(LAST_DOUBLING);
    let window = MIN_WAIT.saturating_mul(1 << doublings).min(MAX_WAIT);
    let drawn = Duration::from_millis(jitter.between(millis(MIN_WAIT), millis(window)));
    match retry_after {
        None => drawn,
        Some(told) => {
            let told = told.min(MAX_RETRY_AFTER);
            let spread = Duration::from_millis(jitter.between(0, millis(MIN_WAIT)));
            told.saturating_add(spread).max(drawn)
        }
    }
}

/// A duration as whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A duration as whole milliseconds on the engine's clock.
pub(crate) fn clock_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_wait_lies_between_half_a_second_and_a_minute(attempt in 1_u32.., seed: u64) {
            let wait = wait(attempt, None, &mut Jitter::from_seed(seed));
            prop_assert!(wait >= MIN_WAIT, "a shorter wait hammers a server that restarts");
            prop_assert!(wait <= MAX_WAIT, "a longer wait looks dead");
        }

        #[test]
        fn retry_after_is_never_undercut(attempt in 1_u32..40, told_ms in 0_u64..3_600_000, seed: u64) {
            let told = Duration::from_millis(told_ms);
            let wait = wait(attempt, Some(told), &mut Jitter::from_seed(seed));
            prop_assert!(wait >= told, "the server said when it can answer again");
        }

        #[test]
        fn a_draw_stays_in_its_window(low: u64, width: u64, seed: u64) {
            let high = low.saturating_add(width);
            let drawn = Jitter::from_seed(seed).between(low, high);
            prop_assert!((low..=high).contains(&drawn));
        }
    }

    #[test]
    fn the_window_doubles_and_registers_spread_over_all_of_it() {
        let longest =
            |attempt| (0..2_000).map(|s| wait(attempt, None, &mut Jitter::from_seed(s))).max().unwrap();
        assert_eq!(longest(1), MIN_WAIT, "the first window is the shortest wait itself");
        assert!(longest(2) > Duration::from_millis(950), "the second reaches towards 1 s");
        assert!(longest(4) > Duration::from_millis(3_800), "the fourth reaches towards 4 s");
        assert!(longest(30) > Duration::from_secs(58), "the last reaches towards 60 s");
        let shortest = (0..2_000).map(|s| wait(30, None, &mut Jitter::from_seed(s))).min().unwrap();
        assert!(
            shortest < Duration::from_secs(2),
            "full jitter draws from the whole window, not from its end"
        );
    }

    #[test]
    fn a_nonsense_retry_after_is_cut_to_an_hour() {
        let told = Some(Duration::from_secs(10 * 365 * 24 * 3_600));
        assert!(wait(1, told, &mut Jitter::from_seed(1)) <= MAX_RETRY_AFTER + MIN_WAIT);
    }
}
