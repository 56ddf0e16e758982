//! The pictures of docs/, taken in the real window.

use std::process::Command;

use anyhow::Result;

use crate::command::{announce, run as finish, target};
use crate::demo;
use crate::system::{self, Need};
use crate::ui;

/// Takes every picture anew.
pub(crate) fn run() -> Result<()> {
    system::prepare(Need::BuildAndDrive)?;
    ui::build()?;
    demo::build()?;
    announce("taking pictures into docs/pictures");
    finish(Command::new(target()?.join("debug/comptoir-show")).args(["pictures", "docs/pictures"]))
}
