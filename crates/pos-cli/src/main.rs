//! `comptoir`: the commands of the register from a shell, for support, scripts and tests.
//!
//! Owns: the command line, the documents on standard output, the exit codes, and words for a terminal. Must not know:
//! any rule of the shop. Every command goes to pos-api as it is; docs/CLI.md describes what comes back.

mod amount;
mod args;
mod commands;
mod exit;
mod failure;
mod output;
mod progress;
mod sale_text;
mod session;
mod table;
mod words;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Report, finish};

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => explain(&error),
    };
    exit.into()
}

fn run(cli: Cli) -> Exit {
    let json = cli.json;
    log_to_stderr();
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(commands::run(cli)),
        Err(error) => Err(pos_app::AppError::internal(error).into()),
    };
    finish(result, json)
}

/// Logs go to standard error; `RUST_LOG` says which.
fn log_to_stderr() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error"));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal).with_writer(std::io::stderr).init();
}

/// A command line that asks for help, or that is not one of ours.
fn explain(error: &clap::Error) -> Exit {
    let json = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        finish(Report::done(&serde_json::json!({ "help": text }), text), json)
    } else {
        finish(Err(Failure::Usage(text)), json)
    }
}
