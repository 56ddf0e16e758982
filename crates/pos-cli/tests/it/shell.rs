//! A register's folder and the binary that works on it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What the binary said when it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// Exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Said {
    /// The one document on standard output.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|e| panic!("not one document ({e}): {:?}; beside it: {}", self.out, self.err))
    }
}

/// A register in a folder of its own, gone at the end of the test.
pub(crate) struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    /// A folder without a shop.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The demo shop.
    pub(crate) fn demo() -> Self {
        let shell = Self::empty();
        shell.done(&["init", "--demo"]);
        shell
    }

    /// A new shop without goods.
    pub(crate) fn shop(currency: &str, locale: &str) -> Self {
        let shell = Self::empty();
        shell.done(&["init", "--new-shop", "Trial", "--currency", currency, "--locale", locale]);
        shell
    }

    /// The folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("register")
    }

    /// A file beside the register's folder.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The command, ready to run with `--json`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(&["--json"]);
        command.arg("--data").arg(self.path()).args(arguments);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        finish(self.command(arguments), "")
    }

    /// Runs a command that must be done, and gives its document.
    pub(crate) fn done(&self, arguments: &[&str]) -> Value {
        let said = self.run(arguments);
        assert_eq!(said.code, 0, "{arguments:?} is done: {said:?}");
        said.document()
    }

    /// Runs a command that must end with `code`, and gives the error of its document.
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> Value {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{arguments:?} ends with {code}: {said:?}");
        let mut document = said.document();
        let error = document["error"].take();
        assert!(error["code"].is_string() && error["params"].is_object(), "an error has code and params");
        assert!(error["retryable"].is_boolean(), "an error says whether trying again can help");
        error
    }

    /// Sells for exactly what it costs, in cash.
    pub(crate) fn sell(&self, line: &str, cash: &str) -> Value {
        self.done(&["sell", "--line", line, "--tender", &format!("cash:{cash}")])
    }

    /// What is shown of a product's stock.
    pub(crate) fn shown(&self, code: &str) -> String {
        self.done(&["stock", code])["shown"].as_str().unwrap().to_owned()
    }

    /// How many products there are.
    pub(crate) fn products(&self) -> usize {
        self.done(&["product", "search", ""]).as_array().unwrap().len()
    }

    /// Whether everything is right, with the findings when it is not.
    pub(crate) fn verify(&self) {
        let said = self.run(&["verify"]);
        let document = said.document();
        assert_eq!(document["ok"], true, "the file is right: {}", document["findings"]);
        assert_eq!(said.code, 0, "a file that is right ends as done");
    }

    /// Starts a command and gives it back, still at work, as soon as the folder has grown by `bytes`; none when it ended
    /// before.
    pub(crate) fn begin(&self, arguments: &[&str], bytes: u64) -> Option<Running> {
        let before = size(&self.path());
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut running = Running(child);
        while running.0.try_wait().unwrap().is_none() {
            if size(&self.path()) >= before + bytes {
                return Some(running);
            }
            std::thread::yield_now();
        }
        None
    }

    /// Runs a command and kills it (kill -9) as soon as the folder has grown by `bytes`. Gives whether it was killed
    /// before it ended.
    pub(crate) fn kill_after_growth(&self, arguments: &[&str], bytes: u64) -> bool {
        self.begin(arguments, bytes).is_some_and(Running::kill)
    }
}

/// Ends with the test, whatever happens.
pub(crate) struct Running(Child);

impl Running {
    /// Whether it was still at work and died of it.
    pub(crate) fn kill(mut self) -> bool {
        self.0.kill().unwrap();
        !self.0.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Bytes of all files of a folder.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().filter_map(|e| e.metadata().ok()).filter(|m| m.is_file()).map(|m| m.len()).sum()
}

/// The binary with nothing of this machine's settings.
pub(crate) fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comptoir"));
    command.env_remove("COMPTOIR_DATA").env_remove("RUST_LOG").args(arguments);
    command
}

/// Runs a command to its end with a text on its standard input.
pub(crate) fn finish(mut command: Command, input: &str) -> Said {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input may be gone already.
    let _unread = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
