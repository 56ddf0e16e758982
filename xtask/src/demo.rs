//! A demo shop: a server, a register joined to it, and the window.
//!
//! Everything lies in `demo-data` and is found again the next time. Deleting the folder begins anew.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::children::{Interrupted, Running};
use crate::command::{announce, cargo, read, run as finish, target};
use crate::system::{self, Need};
use crate::ui;

/// Folder of the demo, in the project's top folder.
const FOLDER: &str = "demo-data";
/// Written last: the shop is complete, and its server listens at the address in this file.
const READY: &str = "demo-data/address";
/// The picture of the sale that is rung up when nobody can see the window.
const PICTURE: &str = "demo-data/first-sale.png";

/// Whether the window will be driven by a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drive {
    /// By WebDriver.
    Yes,
    /// By a person.
    No,
}

/// Builds what is missing, starts the shop, opens the window, and ends everything when the window is closed.
pub(crate) fn run() -> Result<()> {
    let drive = if system::has_display() { Drive::No } else { Drive::Yes };
    system::prepare(match drive {
        Drive::Yes => Need::BuildAndDrive,
        Drive::No => Need::Build,
    })?;
    ui::build()?;
    build()?;

    let programs = Programs { folder: target()?.join("debug") };
    let interrupted = Interrupted::listen()?;
    let mut server = match fs::read_to_string(READY) {
        Ok(address) => programs.serve(address.trim().parse().context(READY)?)?,
        Err(_) => programs.create_shop()?,
    };
    match drive {
        Drive::No => {
            announce("the till is open; close its window or press Ctrl-C to end it and its server");
            let mut desktop = Command::new(programs.path("comptoir-desktop"));
            let mut window = Running::start("the till", desktop.args(["--data", REGISTER]))?;
            match window.wait(&interrupted, &mut server)? {
                Some(status) if !status.success() => bail!("the till ended with {status}"),
                Some(_) | None => Ok(()),
            }
        }
        Drive::Yes => {
            announce("no display here: ringing up one sale in a window on a virtual display");
            let mut show = Command::new(programs.path("comptoir-show"));
            let mut sale = Running::start("the sale", show.args(["sale", REGISTER, PICTURE]))?;
            match sale.wait(&interrupted, &mut server)? {
                Some(status) if status.success() => {
                    println!("\nThe sale was rung up. Picture of the window: {PICTURE}");
                    println!("With a display, the same command opens the window for you.");
                    Ok(())
                }
                Some(status) => bail!("the sale could not be rung up: {status}"),
                None => Ok(()),
            }
        }
    }
}

/// Data folder of the register.
const REGISTER: &str = "demo-data/register";
/// Data folder of the server.
const SERVER: &str = "demo-data/server";

/// Builds every program: the same selection whoever asks, so that Cargo builds nothing twice.
pub(crate) fn build() -> Result<()> {
    announce("building the programs (the first time takes some minutes)");
    finish(&mut cargo(["build", "--workspace", "--bins"]))
}

/// The built programs.
struct Programs {
    folder: PathBuf,
}

impl Programs {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_extension(std::env::consts::EXE_EXTENSION)
    }

    /// Makes the demo shop on the register, then joins it to a new server, which takes everything over.
    fn create_shop(&self) -> Result<Running> {
        announce("making the demo shop");
        if Path::new(FOLDER).exists() {
            fs::remove_dir_all(FOLDER).context("an unfinished demo-data is in the way")?;
        }
        let address = free_address()?;
        let server = self.serve(address)?;
        let pairing =
            read(Command::new(self.path("comptoir-server")).args(["pair", "--data", SERVER, "--json"]))?;
        let pairing: serde_json::Value = serde_json::from_str(&pairing).context("the pairing code")?;
        let code = pairing.get("code").and_then(|code| code.as_str()).context("the server gives no code")?;
        self.till(["init", "--demo", "--with-past"])?;
        self.till(["connect", "--server", &format!("http://{address}"), "--code", code])?;
        fs::write(READY, address.to_string())?;
        Ok(server)
    }

    fn serve(&self, address: SocketAddr) -> Result<Running> {
        if TcpListener::bind(address).is_err() {
            bail!(
                "another program listens on {address}: is this demo open already? To begin anew, delete {FOLDER}"
            );
        }
        let mut serve = Command::new(self.path("comptoir-server"));
        serve.args(["serve", "--data", SERVER, "--listen", &address.to_string()]);
        let mut server = Running::start("the server", &mut serve)?;
        server.wait_until(|| TcpStream::connect(address).is_ok())?;
        println!("server: http://{address}");
        Ok(server)
    }

    fn till<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Result<()> {
        finish(Command::new(self.path("comptoir")).args(["--data", REGISTER]).args(arguments))
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?.local_addr()?)
}
