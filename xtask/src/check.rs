//! Every check that needs no test. All of them run, so that one round shows everything that is wrong.

use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{announce, cargo, npm, read, run as finish};
use crate::system::{self, Need};
use crate::ui;

/// The test that compares the committed TypeScript types with the commands, or writes them.
const BINDINGS_TEST: &str = "the_committed_bindings_are_those_of_the_command_list";

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

/// Writes the TypeScript types anew.
pub(crate) fn write_bindings() -> Result<()> {
    announce("writing the types of the commands for the page");
    finish(bindings_test().env("COMPTOIR_WRITE_BINDINGS", "1"))
}

/// Fails when the committed types are not those of the commands.
fn bindings() -> Result<()> {
    let said = read(&mut bindings_test())?;
    if !said.contains("1 passed") {
        bail!("the test {BINDINGS_TEST} is gone\n{said}");
    }
    Ok(())
}

fn bindings_test() -> Command {
    cargo(["test", "--quiet", "--package", "pos-api", "--lib", BINDINGS_TEST])
}
