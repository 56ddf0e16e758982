//! Chance that can be repeated: a test keeps its seed and how long it tries, prints both, and takes others from outside
//! when somebody looks for new trouble.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Variable with another seed than the one that a test keeps.
const SEED_VARIABLE: &str = "COMPTOIR_SEED";

/// Variable with another number of rounds than the one that a test keeps.
const ROUNDS_VARIABLE: &str = "COMPTOIR_ROUNDS";

/// The chance of a test whose kept seed is `kept`. The seed is printed, so that a failure can be repeated.
#[expect(clippy::print_stdout, reason = "a test that fails shows what it printed")]
pub fn seeded(kept: u64) -> StdRng {
    let seed = told(SEED_VARIABLE).unwrap_or(kept);
    println!("{SEED_VARIABLE}={seed}");
    StdRng::seed_from_u64(seed)
}

/// How many rounds a test tries that keeps `kept` of them. The number is printed.
#[expect(clippy::print_stdout, reason = "a test that fails shows what it printed")]
pub fn rounds(kept: u64) -> u64 {
    let rounds = told(ROUNDS_VARIABLE).unwrap_or(kept);
    println!("{ROUNDS_VARIABLE}={rounds}");
    rounds
}

fn told(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|text| text.parse().ok())
}
