//! WebKitWebDriver: the door through which a window under WebKitGTK can be driven.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pos_testkit::process::{Running, free_port};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Environment variable by which the program of a window is known as one of this driver: the driver's port.
const MARK: &str = "COMPTOIR_DRIVEN_FROM";
/// How long the driver may take to start.
const STARTING: Duration = Duration::from_secs(20);
/// How long the program may take to leave.
const LEAVING: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// A running WebKitWebDriver. One drives one window: with two sessions it mixes them up.
#[derive(Debug)]
pub struct Driver {
    port: u16,
    process: Running,
}

impl Driver {
    /// Starts the driver. The window that it opens appears on `display`, and speaks `locale` until told otherwise.
    pub fn start(display: &str, locale: &str) -> Result<Self> {
        let port = free_port()?;
        let process = Running::start(
            Command::new("WebKitWebDriver")
                .arg(format!("--port={port}"))
                .env("DISPLAY", display)
                .env("TAURI_WEBVIEW_AUTOMATION", "true")
                .env(MARK, port.to_string())
                .env("LANG", locale)
                .env("LC_ALL", locale)
                .env_remove("WAYLAND_DISPLAY")
                .env_remove("COMPTOIR_DATA")
                .stdin(Stdio::null()),
        )
        .context("WebKitWebDriver is needed to drive the window: apt-get install webkit2gtk-driver")?;
        let mut driver = Self { port, process };
        driver.wait_until_it_listens()?;
        Ok(driver)
    }

    /// The driver says nothing when it listens, and the system tells nobody: asking again is the only way.
    fn wait_until_it_listens(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if !self.process.is_running()? {
                bail!("WebKitWebDriver ended before it listened on {}", self.port);
            }
            if begun.elapsed() > STARTING {
                bail!("WebKitWebDriver does not listen on {}", self.port);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks the program of the window to leave, as a system that shuts down does, and waits for its end. The driver
    /// itself would only kill it.
    pub fn close_window(&self) -> Result<()> {
        let program = self.find_program()?.context("the window is open")?;
        let end = pidfd_open(program, PidfdFlags::empty())?;
        kill_process(program, Signal::TERM)?;
        match poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&LEAVING))? {
            0 => bail!("the program of the window does not leave"),
            _ => Ok(()),
        }
    }

    /// The program that this driver has started, known by the mark in its environment. The processes of its web view
    /// have inherited the mark, and have other names.
    fn find_program(&self) -> Result<Option<Pid>> {
        let mark = format!("{MARK}={}", self.port);
        for entry in fs::read_dir("/proc")? {
            let folder = entry?.path();
            // A process that ends meanwhile has neither name nor environment any more.
            let Ok(name) = fs::read_to_string(folder.join("comm")) else { continue };
            let Ok(environment) = fs::read(folder.join("environ")) else { continue };
            let is_marked =
                String::from_utf8_lossy(&environment).split('\0').any(|variable| variable == mark);
            if is_marked && name.starts_with("comptoir-deskto") {
                let number = folder.file_name().and_then(|number| number.to_str()?.parse().ok());
                return Ok(number.and_then(Pid::from_raw));
            }
        }
        Ok(None)
    }

    /// Kills the driver and its window (kill -9).
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill().map(drop)
    }
}
