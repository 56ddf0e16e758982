//! New identities: the one place on a register that makes them.

use std::sync::{Arc, Mutex};

use uuid::{ContextV7, Timestamp, Uuid};

use crate::clock::Clock;

/// Makes UUIDv7s that rise in the order of their making, even within one millisecond and when the clock stands still.
#[derive(Clone)]
pub struct IdSource {
    clock: Clock,
    context: Arc<Mutex<ContextV7>>,
}

impl IdSource {
    /// Ids stamped by `clock`.
    pub fn new(clock: Clock) -> Self {
        Self { clock, context: Arc::new(Mutex::new(ContextV7::new())) }
    }

    /// A new id.
    pub fn next<T: From<Uuid>>(&self) -> T {
        let now_ms = u64::try_from(self.clock.now_ms()).unwrap_or(0);
        let nanos = u32::try_from(now_ms % 1000).unwrap_or(0).saturating_mul(1_000_000);
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        T::from(Uuid::new_v7(Timestamp::from_unix(&*context, now_ms / 1000, nanos)))
    }
}

impl std::fmt::Debug for IdSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdSource")
    }
}

/// 32 random bytes from the operating system, for keys.
pub fn random_seed() -> Result<[u8; 32], getrandom::Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    Ok(seed)
}
