//! WebKitWebDriver: the door through which a window under WebKitGTK can be driven.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{Running, free_port};

/// A running WebKitWebDriver. One drives one window: with two sessions it mixes them up.
#[derive(Debug)]
pub struct Driver {
    port: u16,
    process: Running,
}

impl Driver {
    /// Starts the driver. The window that it opens appears on `display`.
    pub fn start(display: &str, locale: &str) -> Result<Self> {
        let port = free_port()?;
        let mut process = Running::start(
            Command::new("WebKitWebDriver")
                .arg(format!("--port={port}"))
                .env("DISPLAY", display)
                .env("TAURI_WEBVIEW_AUTOMATION", "true")
                .env("LANG", locale)
                .env("LC_ALL", locale)
                .env_remove("WAYLAND_DISPLAY")
                .env_remove("COMPTOIR_DATA")
                .stdin(Stdio::null()),
        )
        .context("WebKitWebDriver is needed to drive the window: apt-get install webkit2gtk-driver")?;
        process.wait_for_port(port, Duration::from_secs(10))?;
        Ok(Self { port, process })
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the program of the window to leave, as a system that shuts down does, and waits for its end. The driver
    /// itself would only kill it.
    pub fn close_window(&self) -> Result<()> {
        self.process.ask_child_to_leave("comptoir-deskto")
    }

    /// Kills the driver and its window (kill -9).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill().map(drop)
    }
}
