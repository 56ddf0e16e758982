//! A display without a screen.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use pos_testkit::process::Running;

/// Width and height of a screen in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// The screen of an ordinary till.
    pub const TILL: Self = Self { width: 1280, height: 800 };
    /// The screen of an office.
    pub const OFFICE: Self = Self { width: 1920, height: 1080 };
}

/// A running Xvfb. It ends when this is dropped.
#[derive(Debug)]
pub struct Display {
    name: String,
    _xvfb: Running,
}

impl Display {
    /// Starts Xvfb on a number that it picks itself, so that tests beside each other never meet.
    pub fn start(size: Size) -> Result<Self> {
        let screen = format!("{}x{}x24", size.width, size.height);
        let mut xvfb = Running::start(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", &screen, "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )
        .context("Xvfb is needed for a window without a screen: apt-get install xvfb")?;
        let number = xvfb.first_line()?;
        Ok(Self { name: format!(":{number}"), _xvfb: xvfb })
    }

    /// As in `DISPLAY`.
    pub fn name(&self) -> &str {
        &self.name
    }
}
