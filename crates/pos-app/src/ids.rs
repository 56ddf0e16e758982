//! New identities: the one place on a register that makes them.

use std::sync::{Arc, Mutex, PoisonError};

use uuid::{Builder, ContextV7, Timestamp, Uuid};

use crate::clock::Clock;
use crate::world::Chance;

/// Makes UUIDv7s that rise in the order of their making, even within one millisecond and when the clock stands still.
#[derive(Clone)]
pub struct IdSource {
    clock: Clock,
    tails: Arc<Mutex<Tails>>,
}

/// What distinguishes ids of one millisecond.
enum Tails {
    /// Random, then counted up.
    Random(ContextV7),
    /// Counted up, beside the low 48 bits of a seed.
    Seeded { seed: u64, last_ms: u64, made: u32 },
}

impl IdSource {
    /// Ids stamped by `clock`.
    pub fn new(clock: Clock) -> Self {
        Self::by_chance(clock, Chance::System)
    }

    pub(crate) fn by_chance(clock: Clock, chance: Chance) -> Self {
        let tails = match chance {
            Chance::System => Tails::Random(ContextV7::new()),
            Chance::Seeded(seed) => Tails::Seeded { seed, last_ms: 0, made: 0 },
        };
        Self { clock, tails: Arc::new(Mutex::new(tails)) }
    }

    /// A new id.
    pub fn next<T: From<Uuid>>(&self) -> T {
        let now_ms = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        T::from(match &mut *tails {
            Tails::Random(context) => {
                let nanos = u32::try_from(now_ms % 1000).unwrap_or(0).saturating_mul(1_000_000);
                Uuid::new_v7(Timestamp::from_unix(&*context, now_ms / 1000, nanos))
            }
            Tails::Seeded { seed, last_ms, made } => {
                *last_ms = now_ms.max(*last_ms);
                *made = made.wrapping_add(1);
                // The counter stands before the seed, so that ids of one millisecond rise. Of the first byte the
                // version takes four bits, of the third the variant takes two.
                let [_, _, a, b] = (*made >> 14).to_be_bytes();
                let [_, _, c, d] = (*made & 0x3FFF).to_be_bytes();
                let [_, _, e, f, g, h, i, j] = seed.to_be_bytes();
                let random = [a, b, c, d, e, f, g, h, i, j];
                Builder::from_unix_timestamp_millis(*last_ms, &random).into_uuid()
            }
        })
    }
}

impl std::fmt::Debug for IdSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdSource")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_seed_rise_and_come_again_the_same() {
        let made = |seed| {
            let ids = IdSource::by_chance(Clock::from_fn(|| 1_700_000_000_000), Chance::Seeded(seed));
            (0..100).map(|_| ids.next::<Uuid>()).collect::<Vec<_>>()
        };
        assert!(made(1).is_sorted(), "in the order of their making");
        assert_eq!(made(1), made(1), "a simulation can be repeated");
        assert!(made(1).iter().zip(made(2)).all(|(a, b)| *a != b), "another seed makes others");
    }
}
