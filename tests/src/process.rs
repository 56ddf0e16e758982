//! Programs that we start, and end.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

/// How long a program may take to leave.
const LEAVING: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// The built program `name`, from the same build as the running test.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("where this program lies")?;
    let found = own.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("{name} is not built: run `cargo build --workspace --all-targets`"))
}

/// A running program with everything that it started. It ends, killed, when this is dropped.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts a program in a process group of its own.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name =
            Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, child })
    }

    /// The first line that the program says on standard output, which must be piped. The rest is thrown away.
    pub fn first_line(&mut self) -> Result<String> {
        let output =
            self.child.stdout.take().with_context(|| format!("{} has no piped output", self.name))?;
        let mut reader = BufReader::new(output);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.is_empty() {
            bail!("{} ended without a word: {}", self.name, self.child.wait()?);
        }
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        Ok(line.trim().to_owned())
    }

    /// Waits until something listens on the port of this machine, and fails when the program ends before.
    pub fn wait_for_port(&mut self, port: u16, at_most: Duration) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended before it listened on {port}: {status}", self.name);
            }
            if begun.elapsed() > at_most {
                bail!("{} does not listen on {port} after {at_most:?}", self.name);
            }
            // The system tells nobody that another process has begun to listen: asking again is the only way.
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Asks the program to leave, as a system that shuts down does, and waits for its end.
    pub fn ask_to_leave(&mut self) -> Result<ExitStatus> {
        kill_process(self.pid()?, Signal::TERM).with_context(|| format!("{} is gone", self.name))?;
        Ok(self.child.wait()?)
    }

    /// Asks a program that this one started to leave, and waits at most 30 s for its end. `name` is the kernel's: 15 bytes.
    pub fn ask_child_to_leave(&self, name: &str) -> Result<()> {
        let own = self.child.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"))?;
        let is_named = |id: &&str| {
            fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|comm| comm.trim_end() == name)
        };
        let child = children.split_whitespace().find(is_named).and_then(|id| id.parse().ok());
        let child =
            child.and_then(Pid::from_raw).with_context(|| format!("{} has started no {name}", self.name))?;
        let end = pidfd_open(child, PidfdFlags::empty())?;
        kill_process(child, Signal::TERM)?;
        match poll(&mut [PollFd::new(&end, PollFlags::IN)], Some(&LEAVING))? {
            0 => bail!("{name} does not leave"),
            _ => Ok(()),
        }
    }

    /// Kills the program in the middle of whatever it does (kill -9), with everything that it started.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        kill_process_group(self.pid()?, Signal::KILL).with_context(|| format!("{} is gone", self.name))?;
        Ok(self.child.wait()?)
    }

    fn pid(&self) -> Result<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process number")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.kill();
        }
    }
}

/// A port of this machine that nobody listens on at this moment.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// What a program said when it ended.
#[derive(Debug)]
pub struct Said {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs a program to its end, with nothing on its standard input.
pub fn run<I, S>(program: &Path, arguments: I) -> Result<Said>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} does not start", program.display()))?;
    Ok(Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
