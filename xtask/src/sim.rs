//! Shops at work in one process, by seeds: see docs/SIMULATOR.md.

use anyhow::Result;

use crate::command::{announce, cargo, run as finish};

/// Builds the simulator and runs it.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    announce("simulating");
    let sim = ["test", "--package", "comptoir-sim", "--test", "sim", "--"].map(String::from);
    finish(&mut cargo([&sim[..], arguments].concat()))
}
