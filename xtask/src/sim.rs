//! Shops at work in one process, by seeds: see docs/SIMULATOR.md.

use anyhow::Result;

use crate::command::{announce, cargo, run as finish};

/// Whether bugs are planted on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bugs {
    /// The product as it is.
    None,
    /// One known bug after the other; each must be found.
    Planted,
}

/// Builds the simulator and runs it.
pub(crate) fn run(bugs: Bugs, arguments: &[String]) -> Result<()> {
    announce("simulating");
    let mut words: Vec<String> = ["test", "--package", "comptoir-sim", "--test", "sim"].map(String::from).to_vec();
    if bugs == Bugs::Planted {
        words.extend(["--features".to_owned(), "planted".to_owned()]);
    }
    words.push("--".to_owned());
    if bugs == Bugs::Planted {
        words.push("--planted".to_owned());
    }
    words.extend_from_slice(arguments);
    finish(&mut cargo(words))
}
