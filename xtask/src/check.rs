//! Every check that needs no test. All of them run, so that one round shows everything that is wrong.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{announce, cargo, npm, read, run as finish};
use crate::system::{self, Need};
use crate::ui;

/// Where the types that cross to the page are written by ts-rs.
const BINDINGS: &str = "ui/src/lib/host/bindings";

/// What is checked, in words, and how.
type Check = (&'static str, fn() -> Result<()>);

/// Runs every check and says at the end which ones failed.
pub(crate) fn run() -> Result<()> {
    system::prepare(Need::Build)?;
    ui::build()?;
    let checks: [Check; 6] = [
        ("formatting: cargo fmt", format),
        ("types of the page: svelte-check", || finish(&mut npm(["run", "check"]))),
        ("lints of the page: eslint", || finish(&mut npm(["run", "lint"]))),
        ("lints: cargo clippy", clippy),
        ("licences, sources, bans: cargo deny", deny),
        ("generated TypeScript", bindings),
    ];
    let mut failed = Vec::new();
    for (name, check) in &checks {
        announce(name);
        if let Err(error) = check() {
            println!("{error:#}");
            failed.push(*name);
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    println!("\nall {} checks passed", checks.len());
    Ok(())
}

fn format() -> Result<()> {
    finish(&mut cargo(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    finish(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

fn deny() -> Result<()> {
    if read(&mut cargo(["deny", "--version"])).is_err() {
        announce("installing cargo-deny, once");
        // Unoptimised: it builds in a minute and still checks in a second.
        finish(&mut cargo(["install", "--locked", "--debug", "cargo-deny"]))?;
    }
    finish(&mut cargo(["deny", "check", "licenses", "bans", "sources"]))
}

/// Writes the bindings anew and fails when the committed ones were not the same.
fn bindings() -> Result<()> {
    let state = || read(Command::new("git").args(["status", "--porcelain", "--", BINDINGS]));
    let diff = || read(Command::new("git").args(["diff", "--", BINDINGS]));
    let before = (state()?, diff()?);
    finish(&mut cargo(["test", "--quiet", "--package", "pos-api", "--lib", "export"]))?;
    let after = (state()?, diff()?);
    if before != after {
        bail!("{BINDINGS} was out of date and is now written anew: look at it and commit it");
    }
    Ok(())
}
