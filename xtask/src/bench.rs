//! Measuring what the README promises.

use anyhow::Result;

use crate::command::{announce, cargo, run as finish};
use crate::system::{self, Need};
use crate::ui;

/// Builds the programs as they are shipped and runs the bench program.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    system::prepare(Need::BuildAndDrive)?;
    ui::build()?;
    announce("building as shipped");
    finish(&mut cargo(["build", "--release", "--workspace", "--bins"]))?;
    announce("measuring");
    let bench = ["run", "--release", "--package", "comptoir-bench", "--"].map(String::from);
    finish(&mut cargo([&bench[..], arguments].concat()))
}
