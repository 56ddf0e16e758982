//! The sync server as a process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Running, free_port, program, run};

/// A `comptoir-server` with its data and its own address, both of which outlive the process.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    address: SocketAddr,
    sealed: bool,
    /// The URL of its PostgreSQL database, unless its database is embedded.
    database: Option<String>,
    running: Option<Running>,
    _folder: TempDir,
}

impl Server {
    /// Starts a server on an empty folder. It makes a business by itself.
    pub fn start() -> Result<Self> {
        let mut server = Self::prepare()?;
        server.start_again()?;
        Ok(server)
    }

    /// The same with TLS, as a server has it that other machines reach.
    pub fn start_sealed() -> Result<Self> {
        let mut server = Self { sealed: true, ..Self::prepare()? };
        server.start_again()?;
        Ok(server)
    }

    /// Starts a server on a PostgreSQL database, beside others that serve the same business.
    pub fn start_on(database: &str) -> Result<Self> {
        let mut server = Self { database: Some(database.to_owned()), ..Self::prepare()? };
        server.start_again()?;
        Ok(server)
    }

    /// Founds a business with that currency, such as `GBP`, and starts its server.
    pub fn found(currency: &str, locale: &str) -> Result<Self> {
        let mut server = Self::prepare()?;
        server.ask(&["init", "--business", "Trial", "--currency", currency, "--locale", locale])?;
        server.start_again()?;
        Ok(server)
    }

    fn prepare() -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for the server")?;
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        Ok(Self {
            data: folder.path().join("server"),
            address,
            sealed: false,
            database: None,
            running: None,
            _folder: folder,
        })
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) -> Result<()> {
        let mut serve = Command::new(program("comptoir-server")?);
        serve.arg("serve").arg("--data").arg(&self.data).args(["--listen", &self.address.to_string()]);
        serve.args(self.sealed.then_some("--tls"));
        serve.args(self.database.iter().flat_map(|url| ["--database-url", url]));
        serve.env("COMPTOIR_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut running = Running::start(&mut serve)?;
        // Its port listens a moment before its address is noted for `pair`; its first line comes after both.
        running.first_line()?;
        self.running = Some(running);
        Ok(())
    }

    /// Stops it, as a person does who maintains the machine.
    pub fn stop(&mut self) -> Result<()> {
        self.running.take().context("the server runs")?.ask_to_leave().map(drop)
    }

    /// Kills it in the middle of whatever it does (kill -9).
    pub fn kill(&mut self) -> Result<()> {
        self.running.take().context("the server runs")?.kill().map(drop)
    }

    /// Stops it where it is (SIGSTOP): its port is open and nobody answers.
    pub fn freeze(&self) -> Result<()> {
        self.running.as_ref().context("the server runs")?.freeze()
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) -> Result<()> {
        self.running.as_ref().context("the server runs")?.thaw()
    }

    /// Whether it was started and neither stopped nor killed by us.
    pub fn is_up(&self) -> bool {
        self.running.is_some()
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address as registers take it; of a sealed one without its pin, which only an invitation names.
    pub fn url(&self) -> String {
        let scheme = if self.sealed { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// What the owner carries to a register: the address, with the pin of a sealed server, and a pairing code.
    pub fn invite(&self) -> Result<(String, String)> {
        let pairing = self.ask(&["pair"])?;
        let text = |name: &str| {
            let text = pairing.get(name).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| format!("an invitation has a {name}: {pairing}"))
        };
        Ok((text("server")?, text("code")?))
    }

    /// Names of the registers that have joined, in their order.
    pub fn registers(&self) -> Result<Vec<String>> {
        let listed = self.ask(&["devices", "list"])?;
        let listed = listed.as_array().or_else(|| listed.get("devices")?.as_array());
        let named = |device: &Value| device.get("name").and_then(Value::as_str).map(str::to_owned);
        listed.context("a list of registers")?.iter().map(|d| named(d).context("a name")).collect()
    }

    /// A pairing code.
    pub fn pair(&self) -> Result<String> {
        let pairing = self.ask(&["pair"])?;
        let code = pairing.get("code").and_then(Value::as_str).context("a pairing has a code")?;
        Ok(code.to_owned())
    }

    /// What the server says of a product's stock: `on_hand`, `oversold`.
    pub fn stock(&self, code: &str) -> Result<Value> {
        self.ask(&["stock", code])
    }

    /// The document of a command that works on the data folder, beside the running server.
    pub fn ask(&self, command: &[&str]) -> Result<Value> {
        let data = self.data.to_string_lossy();
        let database = self.database.iter().flat_map(|url| ["--database-url", url]);
        let words = command.iter().copied().chain(["--json", "--data", &data]).chain(database);
        let said = run(&program("comptoir-server")?, words)?;
        said.document(0).with_context(|| format!("comptoir-server {command:?}"))
    }
}
