//! The pictures of docs/, taken in the real window.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::{announce, run as finish, target};
use crate::demo;
use crate::system::{self, Need};
use crate::ui;

/// Takes every picture of the album anew, or all that can be taken into a folder.
pub(crate) fn run(every_look: Option<&Path>) -> Result<()> {
    system::prepare(Need::BuildAndDrive)?;
    ui::build()?;
    demo::build()?;
    let folder = every_look.unwrap_or(Path::new("docs/pictures"));
    announce(&format!("taking pictures into {}", folder.display()));
    let mut show = Command::new(target()?.join("debug/comptoir-show"));
    show.arg("pictures").arg(folder).args(every_look.map(|_| "--every-look"));
    finish(&mut show)
}
