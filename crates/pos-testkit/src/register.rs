//! A register as people use it from a shell.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, Said, program};
use crate::server::Server;

/// A register's data folder. Its window may be open at the same time; then only reading commands are answered.
#[derive(Debug)]
pub struct Register {
    data: PathBuf,
    folder: TempDir,
}

impl Register {
    /// An empty folder: nothing has been set up.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the register")?;
        Ok(Self { data: folder.path().join("register"), folder })
    }

    /// A register with the demo shop, joined to an empty business on the server at `url`.
    pub fn demo(server: &Server, url: &str) -> Result<Self> {
        Self::demo_joined(&["init", "--demo"], server, url)
    }

    /// The same with three months behind it: debts, yesterday's Z, and an open drawer.
    pub fn demo_with_past(server: &Server, url: &str) -> Result<Self> {
        Self::demo_joined(&["init", "--demo", "--with-past"], server, url)
    }

    fn demo_joined(init: &[&str], server: &Server, url: &str) -> Result<Self> {
        let register = Self::new()?;
        register.tell(init)?;
        register.tell(&["connect", "--server", url, "--code", &server.pair()?])?;
        register.tell(&["sync"])?;
        Ok(register)
    }

    /// A shop of its own without goods and without a server.
    pub fn shop(currency: &str, locale: &str) -> Result<Self> {
        let register = Self::new()?;
        register.tell(&["init", "--new-shop", "Trial", "--currency", currency, "--locale", locale])?;
        Ok(register)
    }

    /// Another register of the shop that the server has.
    pub fn join(server: &Server, name: &str) -> Result<Self> {
        Self::join_by(server, &server.url(), name)
    }

    /// The same, by another way to the server, such as a proxy.
    pub fn join_by(server: &Server, url: &str, name: &str) -> Result<Self> {
        let register = Self::new()?;
        register.tell(&["init", "--join", &server.pair()?, "--server", url, "--register", name])?;
        register.tell(&["sync"])?;
        Ok(register)
    }

    /// Gives this shop to the empty business of a server.
    pub fn connect(&self, server: &Server, url: &str) -> Result<()> {
        self.tell(&["connect", "--server", url, "--code", &server.pair()?]).map(drop)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Writes a file beside the data folder, and gives its path.
    pub fn file(&self, name: &str, text: &str) -> Result<String> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Changes its database behind its back, as a failing disk or another tool does.
    pub fn tamper(&self, statements: &str) -> Result<()> {
        let file = Connection::open(self.data.join("register.db")).context("the register's database")?;
        file.execute_batch(statements).with_context(|| format!("behind the register's back: {statements}"))
    }

    /// Begins a command, which then runs beside the test.
    pub fn begin(&self, arguments: &[&str]) -> Result<Running> {
        let mut command = Command::new(program("comptoir")?);
        command.env_remove("COMPTOIR_DATA").arg("--json").arg("--data").arg(&self.data).args(arguments);
        Running::start_heard(&mut command)
    }

    /// Runs a command to its end, whatever that is.
    pub fn run(&self, arguments: &[&str]) -> Result<Said> {
        self.begin(arguments)?.finish()
    }

    /// Runs a command that must be done, and gives its document.
    pub fn tell(&self, arguments: &[&str]) -> Result<Value> {
        self.run(arguments)?.document(0).with_context(|| format!("comptoir {arguments:?}"))
    }

    /// Runs a command that a rule must refuse, and gives the `error` of its document.
    pub fn refused(&self, arguments: &[&str]) -> Result<Value> {
        self.fails(arguments, 3)
    }

    /// Runs a command that must end with `code`, and gives the `error` of its document.
    pub fn fails(&self, arguments: &[&str], code: i32) -> Result<Value> {
        let document =
            self.run(arguments)?.document(code).with_context(|| format!("comptoir {arguments:?}"))?;
        document.get("error").cloned().with_context(|| format!("a refusal without an error: {document}"))
    }
}
