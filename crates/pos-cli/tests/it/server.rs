//! The real server, started from the same build.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::shell::{Shell, finish};

/// A server on this machine with a folder of its own. It ends, killed, with the test.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    port: u16,
    /// With its output, which must not be closed while it runs.
    running: Option<(Child, BufReader<ChildStdout>)>,
}

impl Server {
    /// Founds a business and serves it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut server = Self { folder, port, running: None };
        server.resume();
        server
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it (kill -9). Its folder and its address stay.
    pub(crate) fn kill(&mut self) {
        if let Some((mut child, _output)) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Serves again on the same address.
    pub(crate) fn resume(&mut self) {
        let mut command = self.command(&["serve"]);
        command.args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(&self.port.to_string()), "the server says where it listens: {line:?}");
        self.running = Some((child, output));
    }

    /// A new pairing code.
    pub(crate) fn code(&self) -> String {
        self.ask(&["pair"])["code"].as_str().unwrap().to_owned()
    }

    /// What the server has of a product: on hand and oversold.
    pub(crate) fn stock(&self, code: &str) -> (String, String) {
        let stock = self.ask(&["stock", code]);
        let text = |name: &str| stock[name].as_str().unwrap().to_owned();
        (text("on_hand"), text("oversold"))
    }

    /// What all its documents add up to, as a decimal.
    pub(crate) fn total(&self) -> String {
        let totals = self.ask(&["totals"]);
        let documents = totals["documents"].as_array().unwrap();
        let total =
            |document: &Value| document["total"].as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        let minor: i64 = documents.iter().map(total).sum();
        format!("{}.{:02}", minor / 100, minor % 100)
    }

    /// Whether everything is right there.
    pub(crate) fn verify(&self) {
        assert_eq!(self.ask(&["verify"])["ok"], true);
    }

    /// A register of this business with its catalogue.
    pub(crate) fn join(&self, register: &str) -> Shell {
        let shell = Shell::empty();
        let document =
            shell.done(&["init", "--join", &self.code(), "--server", &self.url(), "--register", register]);
        assert_eq!(document["joined"], true);
        shell
    }

    /// Gives a shop that was begun without a server to this business.
    pub(crate) fn connect(&self, shell: &Shell) {
        shell.done(&["connect", "--server", &self.url(), "--code", &self.code()]);
    }

    fn ask(&self, arguments: &[&str]) -> Value {
        let mut command = self.command(arguments);
        command.arg("--json");
        let said = finish(command, "");
        assert_eq!(said.code, 0, "comptoir-server {arguments:?}: {said:?}");
        said.document()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).arg("--data").arg(self.folder.path());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program() -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_comptoir")).with_file_name("comptoir-server");
    assert!(program.is_file(), "comptoir-server is not built: run `cargo build -p pos-server` first");
    program
}
