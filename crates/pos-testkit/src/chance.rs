//! Chance that can be repeated: a test keeps its seed, prints it, and takes another one from outside when somebody
//! looks for new trouble.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Variable with another seed than the one that a test keeps.
const SEED_VARIABLE: &str = "COMPTOIR_SEED";

/// The chance of a test whose kept seed is `kept`. The seed is printed, so that a failure can be repeated.
#[expect(clippy::print_stdout, reason = "a test that fails shows what it printed")]
pub fn seeded(kept: u64) -> StdRng {
    let told = std::env::var(SEED_VARIABLE).ok().and_then(|text| text.parse().ok());
    let seed = told.unwrap_or(kept);
    println!("{SEED_VARIABLE}={seed}");
    StdRng::seed_from_u64(seed)
}
