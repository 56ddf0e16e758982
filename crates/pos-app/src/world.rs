//! What a register finds around it: the way to a server, where chance comes from, and how long its own work takes.
//!
//! A shop's register finds the network and the operating system's randomness. Whoever runs many registers in one
//! process brings a server of his own, a seed and a stopwatch, and moves the sync on himself; nothing else of a register
//! differs.

use std::sync::Arc;
use std::time::Instant;

use pos_domain::Hash32;
use pos_sync::Stopwatch;
use pos_sync::transport::ServerFn;

use crate::error::AppError;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct World {
    pub(crate) network: Network,
    pub(crate) chance: Chance,
    /// Measures write jobs of the sync, whose size follows the speed of the disk.
    pub(crate) stopwatch: Stopwatch,
}

/// How servers are reached.
#[derive(Clone)]
pub(crate) enum Network {
    /// Over HTTP, by a background task when there is one.
    Http,
    /// Whatever the address says, by this function; the sync is moved on by a [`pos_sync::Stepper`] whose time begins
    /// at `now_ms`.
    InProcess { server: ServerFn, now_ms: i64 },
}

/// Where ids, keys and waits get their chance from.
#[derive(Clone, Copy)]
pub(crate) enum Chance {
    /// The operating system.
    System,
    /// A seed: the same one gives the same register.
    Seeded(u64),
}

impl World {
    /// The one that registers of shops live in.
    pub fn real() -> Self {
        let began = Instant::now();
        let stopwatch = Arc::new(move || began.elapsed());
        Self { network: Network::Http, chance: Chance::System, stopwatch }
    }

    /// Whether this is the one that registers of shops live in.
    pub(crate) fn is_real(&self) -> bool {
        matches!(self.network, Network::Http)
    }

    /// One in this process: `server` answers, `seed` replaces chance, `stopwatch` says how long the register's own work
    /// takes, and `now_ms` is the monotonic time at which the register begins. Two registers of one business, and two starts of one register, must have different seeds.
    pub fn in_process(server: ServerFn, seed: u64, stopwatch: Stopwatch, now_ms: i64) -> Self {
        Self { network: Network::InProcess { server, now_ms }, chance: Chance::Seeded(seed), stopwatch }
    }
}

impl Chance {
    /// 32 random bytes, for keys.
    pub(crate) fn key_seed(self) -> Result<[u8; 32], AppError> {
        match self {
            Self::System => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed).map_err(AppError::internal)?;
                Ok(seed)
            }
            Self::Seeded(seed) => Ok(Hash32::of(&seed.to_be_bytes()).0),
        }
    }
}
