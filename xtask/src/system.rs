//! What must be on the machine besides Rust and Node: checked, installed on Debian and its kin, said elsewhere.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{announce, exists, read, run};

/// The oldest Node that Vite runs on.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Debian packages that the window is built from.
const BUILD: &[&str] =
    &["build-essential", "pkg-config", "libwebkit2gtk-4.1-dev", "librsvg2-dev", "libssl-dev"];

/// Debian packages that open and drive a window without a screen.
const SCREENLESS: &[&str] = &["xvfb", "xauth", "webkit2gtk-driver", "fonts-dejavu-core"];

/// Debian packages that the tests of the server's second database start and end by themselves.
const DATABASE: &[&str] = &["postgresql"];

/// What a task needs of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// To build the window.
    Build,
    /// To build it, to drive it on a display without a screen, and to try every store.
    BuildAndDrive,
}

/// Makes the machine ready, or says exactly what is missing.
pub(crate) fn prepare(need: Need) -> Result<()> {
    check_node()?;
    if !cfg!(target_os = "linux") {
        return Ok(()); // The compiler and the web view come with the system, or with Rust's own installer.
    }
    if exists("apt-get") && exists("dpkg-query") { install_on_debian(need) } else { check_elsewhere(need) }
}

/// Whether a person can see a window.
pub(crate) fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn check_node() -> Result<()> {
    let (major, minor) = OLDEST_NODE;
    let advice = format!("Node {major}.{minor} or newer is needed, with npm: https://nodejs.org");
    let said = read(Command::new("node").arg("--version")).with_context(|| advice.clone())?;
    let mut parts = said.trim().trim_start_matches('v').split('.').map_while(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next()) {
        (Some(here), Some(minor_here)) if (here, minor_here) >= OLDEST_NODE => Ok(()),
        (_, _) => bail!("{advice}. This is {}", said.trim()),
    }
}

fn packages(need: Need) -> Vec<&'static str> {
    match need {
        Need::Build => BUILD.to_vec(),
        Need::BuildAndDrive => [BUILD, SCREENLESS, DATABASE].concat(),
    }
}

fn install_on_debian(need: Need) -> Result<()> {
    let missing: Vec<_> = packages(need).into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    announce(&format!("installing system packages: {}", missing.join(" ")));
    let install = ["install", "--yes", "--no-install-recommends"];
    let by_hand = || format!("install them by hand: sudo apt-get install {}", missing.join(" "));
    run(&mut as_root("apt-get", &["update"])?).with_context(by_hand)?;
    run(&mut as_root("apt-get", &[&install, &missing[..]].concat())?).with_context(by_hand)
}

fn is_installed(package: &str) -> bool {
    let query = Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output();
    query.is_ok_and(|output| output.stdout == b"installed")
}

fn as_root(program: &str, arguments: &[&str]) -> Result<Command> {
    let is_root = read(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = if is_root {
        Command::new(program)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", program]);
        sudo
    };
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}

/// On a Linux that is not of Debian's kin: says what to install in the words of its package manager.
fn check_elsewhere(need: Need) -> Result<()> {
    let library =
        |name| Command::new("pkg-config").args(["--exists", name]).status().is_ok_and(|s| s.success());
    let mut missing = Vec::new();
    for name in ["webkit2gtk-4.1", "librsvg-2.0"] {
        if !library(name) {
            missing.push(format!("the development files of {name} (as pkg-config finds them)"));
        }
    }
    if need == Need::BuildAndDrive {
        let programs = ["Xvfb", "WebKitWebDriver"].into_iter().filter(|program| !exists(program));
        missing.extend(programs.map(|program| format!("the program {program}")));
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "missing on this machine: {}.\n\
         Fedora:    sudo dnf install gcc pkgconf-pkg-config webkit2gtk4.1-devel librsvg2-devel xorg-x11-server-Xvfb\n\
         Arch:      sudo pacman -S --needed base-devel webkit2gtk-4.1 librsvg xorg-server-xvfb\n\
         openSUSE:  sudo zypper install -t pattern devel_basis && sudo zypper install webkit2gtk3-devel \
         librsvg-devel xorg-x11-server-Xvfb\n\
         WebKitWebDriver comes with WebKitGTK, in some of them as a package of its own.",
        missing.join(", ")
    )
}
