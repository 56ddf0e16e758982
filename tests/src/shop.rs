//! A shop for a journey: a server and registers, each in a folder of its own, driven from the shell.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, free_port, program, run};

/// A running `comptoir-server` with its data.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    address: SocketAddr,
    running: Option<Running>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server on an empty folder. It makes a business by itself.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the server")?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let data = folder.path().join("server");
        let mut server = Self { data, address, running: None, _folder: folder };
        server.start_again()?;
        Ok(server)
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) -> Result<()> {
        let mut serve = Command::new(program("comptoir-server")?);
        serve.arg("serve").arg("--data").arg(&self.data).args(["--listen", &self.address.to_string()]);
        let mut running = Running::start(serve.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        // Its port listens a moment before its address is noted for `pair`; its first line comes after both.
        running.first_line()?;
        self.running = Some(running);
        Ok(())
    }

    /// Stops it, as a person does who maintains the machine.
    pub fn stop(&mut self) -> Result<()> {
        self.running.take().context("the server runs")?.ask_to_leave().map(drop)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as registers take it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A pairing code.
    pub fn pair(&self) -> Result<String> {
        let pairing = self.ask(&["pair"], &[])?;
        let code = pairing.get("code").and_then(Value::as_str).context("a pairing has a code")?;
        Ok(code.to_owned())
    }

    /// What the server says of a product's stock: `on_hand`, `oversold`.
    pub fn stock(&self, code: &str) -> Result<Value> {
        self.ask(&["stock"], &[code])
    }

    fn ask(&self, command: &[&str], more: &[&str]) -> Result<Value> {
        let data = self.data.to_string_lossy();
        let arguments = [command, &["--json", "--data", &data], more].concat();
        document(&program("comptoir-server")?, &arguments, 0)
    }
}

/// A register's data folder. Its window may be open at the same time; then only reading commands are answered.
#[derive(Debug)]
pub struct Register {
    data: PathBuf,
    _folder: TempDir,
}

impl Register {
    /// An empty folder: nothing has been set up.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the register")?;
        Ok(Self { data: folder.path().join("register"), _folder: folder })
    }

    /// A register with the demo shop, joined to an empty business on the server at `url`.
    pub fn demo(server: &Server, url: &str) -> Result<Self> {
        let register = Self::new()?;
        register.tell(&["init", "--demo"])?;
        register.tell(&["connect", "--server", url, "--code", &server.pair()?])?;
        register.tell(&["sync"])?;
        Ok(register)
    }

    /// Another register of the shop that the server has.
    pub fn join(server: &Server, name: &str) -> Result<Self> {
        let register = Self::new()?;
        register.tell(&["init", "--join", &server.pair()?, "--server", &server.url(), "--register", name])?;
        register.tell(&["sync"])?;
        Ok(register)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Runs a command that must be done, and gives its document.
    pub fn tell(&self, arguments: &[&str]) -> Result<Value> {
        self.run(arguments, 0)
    }

    /// Runs a command that a rule must refuse, and gives the `error` of its document.
    pub fn refused(&self, arguments: &[&str]) -> Result<Value> {
        let document = self.run(arguments, 3)?;
        document.get("error").cloned().with_context(|| format!("a refusal without an error: {document}"))
    }

    fn run(&self, arguments: &[&str], code: i32) -> Result<Value> {
        let data = self.data.to_string_lossy();
        document(&program("comptoir")?, &[&["--json", "--data", &data], arguments].concat(), code)
    }
}

/// Runs a program that prints one JSON document and ends with `code`.
fn document(program: &Path, arguments: &[&str], code: i32) -> Result<Value> {
    let said = run(program, arguments)?;
    if said.code != Some(code) {
        let ended = said.code.map_or_else(|| "by a signal".to_owned(), |code| format!("with {code}"));
        bail!("{arguments:?} ended {ended}, not with {code}\n{}\n{}", said.out, said.err);
    }
    serde_json::from_str(&said.out).with_context(|| format!("{arguments:?} prints no JSON: {}", said.out))
}
