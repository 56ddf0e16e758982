//! How much one register or one address may ask: token buckets, so that a runaway register cannot starve the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Requests per second of one register, announced in the greeting. A register at work sends a few; a drain of a long
/// backlog sends some tens.
pub(crate) const REQUESTS_PER_SECOND: u32 = 1_000;
/// Pairing attempts per second of one address: a person types one in several seconds.
pub(crate) const PAIRINGS_PER_SECOND: u32 = 1;
/// Unknown tokens per second of one address.
pub(crate) const STRANGERS_PER_SECOND: u32 = 20;
/// A bucket holds this many seconds of its rate: room for a burst after a pause.
const BURST_SECONDS: i64 = 5;
/// Buckets kept at once. Beyond this, full ones (of askers that were quiet) are forgotten.
const MAX_BUCKETS: usize = 10_000;
/// A request costs this many units; a bucket gains `rate` units per millisecond.
const UNITS_PER_REQUEST: i64 = 1_000;

/// Buckets of one rate, one for each asker.
#[derive(Debug)]
pub(crate) struct Buckets<K> {
    per_second: i64,
    filled: Mutex<HashMap<K, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    units: i64,
    at_ms: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second: i64::from(per_second), filled: Mutex::new(HashMap::new()) }
    }

    /// Takes one request from an asker's bucket, or says after how many milliseconds there will be one.
    pub(crate) fn take(&self, asker: K, now_ms: i64) -> Result<(), u64> {
        let capacity = self.per_second * BURST_SECONDS * UNITS_PER_REQUEST;
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if filled.len() >= MAX_BUCKETS && !filled.contains_key(&asker) {
            filled.retain(|_, bucket| self.refilled(*bucket, now_ms, capacity) < capacity);
        }
        let bucket = filled.entry(asker).or_insert(Bucket { units: capacity, at_ms: now_ms });
        let units = self.refilled(*bucket, now_ms, capacity);
        let left = units - UNITS_PER_REQUEST;
        if left >= 0 {
            *bucket = Bucket { units: left, at_ms: now_ms };
            return Ok(());
        }
        *bucket = Bucket { units, at_ms: now_ms };
        Err(u64::try_from(-left / self.per_second + 1).unwrap_or(1))
    }

    fn refilled(&self, bucket: Bucket, now_ms: i64, capacity: i64) -> i64 {
        // A clock that runs back gives nothing and takes nothing.
        let passed = now_ms.saturating_sub(bucket.at_ms).clamp(0, BURST_SECONDS * 1_000);
        (bucket.units + passed * self.per_second).min(capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_the_rate_holds() {
        let buckets = Buckets::new(2);
        let burst = (0..20).filter(|_| buckets.take("till", 0).is_ok()).count();
        assert_eq!(burst, 10, "five seconds of the rate");
        assert_eq!(buckets.take("till", 0), Err(501), "the next token comes after half a second");
        assert_eq!(buckets.take("other", 0), Ok(()), "one asker does not starve another");
        assert_eq!(buckets.take("till", 501), Ok(()));
        assert!(buckets.take("till", 502).is_err());
        assert!(buckets.take("till", -1_000_000).is_err(), "a clock that runs back gives nothing");
    }

    #[test]
    fn a_flood_of_addresses_does_not_fill_the_memory() {
        let buckets = Buckets::new(1);
        for address in 0..MAX_BUCKETS * 3 {
            let now = i64::try_from(address).unwrap() * 10;
            assert_eq!(buckets.take(address, now), Ok(()));
        }
        assert!(buckets.filled.lock().unwrap().len() <= MAX_BUCKETS, "quiet askers are forgotten");
    }
}
