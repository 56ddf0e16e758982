//! The tasks of this project, for people and for CI alike.
//!
//! `cargo xtask run` opens a demo shop, `test` runs every test, `check` runs every check that needs no test,
//! `bench` measures, `sim` simulates, `pictures` takes the pictures of docs/. Rust and Node must be there; everything else is
//! installed, or said.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod bench;
mod check;
mod children;
mod command;
mod demo;
mod pictures;
mod planted;
mod sim;
mod system;
mod test;
mod ui;

use std::path::PathBuf;

use clap::Parser;

/// The tasks of this project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Task {
    /// Builds everything, starts a server and a register with a demo shop, and opens the window.
    Run,
    /// Runs every test, those in the real window included, and closes with one line of counts.
    Test {
        /// Instead of everything, so many rounds of chaos on the real programs.
        #[arg(long)]
        rounds: Option<u64>,
    },
    /// Runs every check: formatting, lints, licences, types of the page, generated bindings.
    Check,
    /// Measures what README.md promises. What follows goes to the bench program.
    Bench {
        /// Arguments of the bench program.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs shops in one process by seeds, with every fault, and checks that nothing is lost or doubled.
    Sim {
        /// Arguments of the simulator: `--seeds N --registers R --days D --seed S`. Or `--planted [BUG...] [--write]`:
        /// is each planted bug found?
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Writes the TypeScript types of the commands anew, after a command has changed.
    Bindings,
    /// Takes the pictures of docs/pictures in the real window.
    Pictures {
        /// Instead of the album, each screen in every language, theme and size, into this folder.
        #[arg(long, value_name = "DIR")]
        every_look: Option<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    let task = Task::parse();
    std::env::set_current_dir(command::root()?)?;
    match task {
        Task::Run => demo::run(),
        Task::Test { rounds: None } => test::run(),
        Task::Test { rounds: Some(rounds) } => test::chaos(rounds),
        Task::Check => check::run(),
        Task::Bench { arguments } => bench::run(&arguments),
        Task::Sim { arguments } => sim::run(&arguments),
        Task::Bindings => check::write_bindings(),
        Task::Pictures { every_look } => pictures::run(every_look.as_deref()),
    }
}
