//! Bugs that are planted on purpose, each behind a cfg that only tests set, to see whether the tests find them.
//!
//! A suite that finds none of its bugs proves nothing. So each incident that happened elsewhere, and each mistake that
//! we fear, stands in [`Bug`] and is built into the crate where it would be made, in lines that begin with
//! `#[cfg(feature = "planted")]`. `cargo xtask sim --planted` runs the simulator or a named test with one bug at a time
//! and fails when one is not found; docs/PLANTED.md keeps the table.
//!
//! This crate knows nothing of the shop: names, words, and which one is planted in this process. It is an optional
//! dependency of what ships, so that a program without the feature holds nothing of it, and a release build with the
//! feature does not compile.

mod bug;

use std::sync::OnceLock;

pub use bug::{Bug, Finder, Origin};

/// The environment variable that names the planted bug, by [`Bug::name`].
pub const VARIABLE: &str = "COMPTOIR_PLANTED";

/// Exit status of a process whose variable names no bug: it must not pass for a sound one.
const UNKNOWN_BUG: i32 = 64;

/// Whether a bug is planted in this process.
pub fn is(bug: Bug) -> bool {
    static PLANTED: OnceLock<Option<Bug>> = OnceLock::new();
    *PLANTED.get_or_init(read) == Some(bug)
}

fn read() -> Option<Bug> {
    let name = std::env::var(VARIABLE).ok().filter(|name| !name.is_empty())?;
    let bug = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    if bug.is_none() {
        eprintln!("{VARIABLE} names no bug: {name}");
        std::process::exit(UNKNOWN_BUG);
    }
    bug
}
