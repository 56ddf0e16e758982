//! The pictures of docs/, taken in the real window.

use anyhow::Result;

use crate::command::{announce, cargo, run as finish};
use crate::demo;
use crate::system::{self, Need};
use crate::ui;

/// Takes every picture anew.
pub(crate) fn run() -> Result<()> {
    system::prepare(Need::BuildAndDrive)?;
    ui::build()?;
    demo::build(demo::Drive::Yes)?;
    announce("taking pictures into docs/pictures");
    finish(&mut cargo([
        "run",
        "--package",
        "comptoir-tests",
        "--bin",
        "comptoir-show",
        "--",
        "pictures",
        "docs/pictures",
    ]))
}
