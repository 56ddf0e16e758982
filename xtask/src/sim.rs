//! Shops at work in one process, by seeds, or with a planted bug each: see docs/SIMULATOR.md.

use anyhow::Result;

use crate::command::{announce, cargo, run as finish};
use crate::planted::{self, Table};

/// Builds the simulator and runs it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    if let Some((_, rest)) = arguments.split_first().filter(|(first, _)| *first == "--planted") {
        let table = if rest.iter().any(|word| word == "--write") { Table::Written } else { Table::Shown };
        let bugs: Vec<String> = rest.iter().filter(|word| !word.starts_with("--")).cloned().collect();
        return planted::run(&bugs, table)?.end();
    }
    announce("simulating");
    let sim = ["test", "--package", "comptoir-sim", "--test", "sim", "--"].map(String::from);
    finish(&mut cargo([&sim[..], arguments].concat()))
}
