//! Programs that run beside a task, and end with it.

use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often it is asked whether a program has ended: no system tells it together with Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);
/// How long a program may take to put its things away.
const LEAVING: Duration = Duration::from_secs(10);

/// Set when a person presses Ctrl-C or the system asks this task to end.
#[derive(Debug, Clone)]
pub(crate) struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// Begins to listen. Only once in a program.
    pub(crate) fn listen() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        ctrlc::set_handler(move || set.store(true, Ordering::SeqCst)).context("Ctrl-C cannot be heard")?;
        Ok(Self(flag))
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A program that ends when this is dropped: asked first, killed when it does not answer.
#[derive(Debug)]
pub(crate) struct Running {
    name: &'static str,
    child: Child,
}

impl Running {
    /// Starts a program.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        Ok(Self { name, child: command.spawn().with_context(|| format!("{name} does not start"))? })
    }

    /// Waits for the end of this program. Fails when it is interrupted, or when `beside` ends first.
    pub(crate) fn wait(
        &mut self,
        interrupted: &Interrupted,
        beside: &mut Self,
    ) -> Result<Option<ExitStatus>> {
        while !interrupted.is_set() {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if let Some(status) = beside.child.try_wait()? {
                bail!("{} ended by itself: {status}", beside.name);
            }
            std::thread::sleep(LOOK);
        }
        Ok(None)
    }

    /// Waits until `ready` holds. Fails when the program ends before, or when nothing happens for long.
    pub(crate) fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let begun = Instant::now();
        while !ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended by itself: {status}", self.name);
            }
            if begun.elapsed() > LEAVING {
                bail!("{} does not answer", self.name);
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let begun = Instant::now();
        if cfg!(unix) && self.child.try_wait()?.is_none() {
            Command::new("kill").arg(self.child.id().to_string()).status()?;
        }
        while self.child.try_wait()?.is_none() {
            if cfg!(not(unix)) || begun.elapsed() > LEAVING {
                self.child.kill()?;
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            println!("{} could not be ended: {error}", self.name);
        }
    }
}
