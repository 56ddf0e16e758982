//! Keeps a register below the request rate that its server announced.
//!
//! A token bucket: it holds up to a fifth of the rate and refills by four fifths of it per second, so in no second
//! do more requests leave than announced. Checkouts do not ask it: there is one customer at a time.

/// Requests per second before a server has announced its limit.
const UNTOLD_RATE: u32 = 50;
/// The bucket counts in thousandths of a request, so that one millisecond refills a whole number of them.
const REQUEST: u64 = 1_000;

/// The bucket. Times are on the engine's clock.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate_per_second: u64,
    level: u64,
    seen_ms: i64,
}

impl Bucket {
    /// A full bucket.
    pub fn new(now_ms: i64) -> Self {
        let mut bucket = Self { rate_per_second: 0, level: 0, seen_ms: now_ms };
        bucket.limit_to(UNTOLD_RATE);
        bucket.level = bucket.capacity();
        bucket
    }

    /// Takes over the rate that the server announced, in requests per second.
    pub fn limit_to(&mut self, rate_per_second: u32) {
        self.rate_per_second = u64::from(rate_per_second.max(1));
        self.level = self.level.min(self.capacity());
    }

    /// Takes the permit for one request, or says when to ask again.
    pub fn take(&mut self, now_ms: i64) -> Result<(), RefillAt> {
        let passed = u64::try_from(now_ms.saturating_sub(self.seen_ms)).unwrap_or(0);
        self.level =
            self.level.saturating_add(passed.saturating_mul(self.refill_per_ms())).min(self.capacity());
        self.seen_ms = now_ms;
        match self.level.checked_sub(REQUEST) {
            Some(rest) => {
                self.level = rest;
                Ok(())
            }
            None => {
                let missing = REQUEST.saturating_sub(self.level);
                let wait = missing.div_ceil(self.refill_per_ms().max(1));
                Err(RefillAt(now_ms.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX))))
            }
        }
    }

    /// Thousandths of a request that fit, at least one request.
    fn capacity(&self) -> u64 {
        (self.rate_per_second.saturating_mul(REQUEST) / 5).max(REQUEST)
    }

    /// A rate of n requests per second is n thousandths of a request per millisecond; four fifths of it, at least 1.
    fn refill_per_ms(&self) -> u64 {
        (self.rate_per_second.saturating_mul(4) / 5).max(1)
    }
}

/// When the bucket holds a request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefillAt(pub i64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_second_sees_more_requests_than_announced(
            rate in 2_u32..200,
            pauses in prop::collection::vec(0_i64..40, 1..400),
        ) {
            let mut bucket = Bucket::new(0);
            bucket.limit_to(rate);
            let mut now = 0;
            let mut sent: Vec<i64> = Vec::new();
            for pause in pauses {
                now += pause;
                if bucket.take(now).is_ok() {
                    sent.push(now);
                }
            }
            for from in &sent {
                let in_a_second = sent.iter().filter(|t| (*from..*from + 1_000).contains(*t)).count();
                prop_assert!(u32::try_from(in_a_second).unwrap() <= rate, "{in_a_second} requests at a limit of {rate}");
            }
        }

        #[test]
        fn whoever_waits_as_told_gets_a_permit(rate in 0_u32..200, requests in 1_usize..100) {
            let mut bucket = Bucket::new(0);
            bucket.limit_to(rate);
            let mut now = 0;
            for _ in 0..requests {
                if let Err(RefillAt(at)) = bucket.take(now) {
                    prop_assert!(at > now, "a time that has come would spin");
                    now = at;
                    prop_assert_eq!(bucket.take(now), Ok(()));
                }
            }
        }
    }

    #[test]
    fn a_clock_that_runs_back_gives_no_free_requests_and_does_not_block() {
        let mut bucket = Bucket::new(1_000_000);
        while bucket.take(1_000_000).is_ok() {}
        assert!(bucket.take(0).is_err(), "time that did not pass refills nothing");
        assert!(bucket.take(1_000).is_ok(), "the bucket goes on from the new time");
    }
}
