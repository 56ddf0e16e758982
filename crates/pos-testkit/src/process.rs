//! Programs that we start, hear and end.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;

/// First port that is handed out. Those below the system's range for outgoing connections (from 32768 on Linux) stay
/// free while their owner is being restarted.
const FIRST_PORT: u16 = 10_000;
/// How many ports there are from there.
const PORTS: u16 = 20_000;

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

    /// Starts a program whose words will be asked for by [`Running::finish`] or [`Running::cut_short`].
    pub fn start_heard(command: &mut Command) -> Result<Self> {
        Self::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
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

    /// The two ends of a talk with the program, whose standard input and output must be piped.
    pub fn talk(&mut self) -> Result<(ChildStdin, ChildStdout)> {
        let ends = self.child.stdin.take().zip(self.child.stdout.take());
        ends.with_context(|| format!("{} has no piped input and output", self.name))
    }

    /// Stops the program where it is (SIGSTOP): it lives, holds everything that it holds, and does nothing.
    pub fn freeze(&self) -> Result<()> {
        kill_process(self.pid()?, Signal::STOP).with_context(|| format!("{} is gone", self.name))
    }

    /// Lets a frozen program go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        kill_process(self.pid()?, Signal::CONT).with_context(|| format!("{} is gone", self.name))
    }

    /// Whether the program still runs.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits for the program's own end, and tells what it said.
    pub fn finish(mut self) -> Result<Said> {
        let (mut out, mut err) = (self.child.stdout.take(), self.child.stderr.take());
        // Both at once: a program that fills one pipe would wait for ever for the reader of the other.
        let (out, err) = std::thread::scope(|scope| {
            let other = scope.spawn(|| text_of(&mut err));
            let out = text_of(&mut out);
            (out, other.join().unwrap_or_else(|_| Ok(String::new())))
        });
        let status = self.child.wait()?;
        Ok(Said { code: status.code(), out: out?, err: err? })
    }

    /// Kills the program (kill -9), and tells what it had said by then. `code` is there when it was quicker.
    pub fn cut_short(mut self) -> Result<Said> {
        self.kill()?;
        self.finish()
    }

    /// Asks the program to leave, as a system that shuts down does, and waits for its end.
    pub fn ask_to_leave(&mut self) -> Result<ExitStatus> {
        kill_process(self.pid()?, Signal::TERM).with_context(|| format!("{} is gone", self.name))?;
        Ok(self.child.wait()?)
    }

    /// Kills the program in the middle of whatever it does (kill -9), with everything that it started.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        if self.is_running()? {
            kill_process_group(self.pid()?, Signal::KILL)
                .with_context(|| format!("{} is gone", self.name))?;
        }
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

fn text_of(pipe: &mut Option<impl Read>) -> Result<String> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A port of this machine that nobody listens on, and that no outgoing connection takes by chance.
pub fn free_port() -> Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Tests in other processes begin elsewhere.
    let offset = u16::try_from(std::process::id() % u32::from(PORTS)).unwrap_or(0);
    for _ in 0..PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST_PORT + offset.wrapping_mul(61).wrapping_add(step) % PORTS;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port from {FIRST_PORT} on")
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

impl Said {
    /// The one document on standard output; `None` when there is none or it is not whole.
    pub fn find_document(&self) -> Option<Value> {
        serde_json::from_str(&self.out).ok()
    }

    /// The document of a program that must have ended with `code`.
    pub fn document(&self, code: i32) -> Result<Value> {
        if self.code != Some(code) {
            let ended = self.code.map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
            bail!("ended {ended}, not with {code}\n{}\n{}", self.out, self.err);
        }
        self.find_document().with_context(|| format!("no document: {}\n{}", self.out, self.err))
    }
}

/// Runs a program to its end, with nothing on its standard input.
pub fn run<I, S>(program: &Path, arguments: I) -> Result<Said>
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    Running::start_heard(Command::new(program).args(arguments))?.finish()
}
