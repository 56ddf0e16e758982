//! Looking for the first seed that finds something, which is how it is seen that planted bugs are found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::play::{self, Plan};

/// Most letters of what was found that are told: the rest is in the seed.
const TOLD: usize = 110;

/// Runs seed after seed until one finds something, and says what. A run that panics has found something, too: a use case
/// did what no test expects.
pub(crate) fn first_fault(plans: impl Iterator<Item = Plan>) -> Option<String> {
    std::panic::set_hook(Box::new(|_| {}));
    plans.into_iter().find_map(|plan| fault_of(plan).map(|words| format!("seed {}, {words}", plan.seed)))
}

fn fault_of(plan: Plan) -> Option<String> {
    let folder = tempfile::tempdir_in(crate::top()).unwrap();
    let report = catch_unwind(AssertUnwindSafe(|| play::run(plan, folder.path())));
    match report {
        Ok(report) => {
            let (number, words) = report.faults.into_iter().next()?;
            Some(format!("invariant {number}: {}", short(&words)))
        }
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            Some(format!("a panic: {}", short(&words.unwrap_or_default())))
        }
    }
}

/// What was found on one line, without the ids, which another seed gives otherwise.
fn short(words: &str) -> String {
    let is_id =
        |word: &&str| word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit() || "-:,()".contains(c));
    let words: Vec<&str> = words.split_whitespace().filter(|word| !is_id(word)).collect();
    words.join(" ").chars().take(TOLD).collect()
}
