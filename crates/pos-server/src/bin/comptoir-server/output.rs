//! What the program prints and how it ends.

use std::process::ExitCode;

use serde_json::{Value, json};

/// Refused by a rule.
const REFUSED: u8 = 3;
/// Disk, network, file.
const ENVIRONMENT: u8 = 4;

/// A command's result: the document, and the same in words.
pub(crate) struct Report {
    pub(crate) document: Value,
    pub(crate) words: String,
    /// The command did its work, and what it found is bad.
    pub(crate) bad_news: bool,
}

impl Report {
    pub(crate) fn new(document: Value, words: String) -> Self {
        Self { document, words, bad_news: false }
    }
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A rule says no.
    #[error("{words}")]
    Refused { code: &'static str, params: Value, words: String },
    /// The environment does not play along.
    #[error(transparent)]
    Environment(#[from] anyhow::Error),
}

impl From<pos_server::ServerError> for Stop {
    fn from(error: pos_server::ServerError) -> Self {
        use pos_server::{PostgresError, ServerError as E};
        let code = match &error {
            E::NoBusiness | E::Postgres(PostgresError::NoBusiness) => "server.no_business",
            E::Postgres(PostgresError::NoSuchBusiness { .. }) => "server.no_such_business",
            E::Postgres(PostgresError::SeveralBusinesses { .. }) => "server.several_businesses",
            E::AlreadyInitialised => "server.already_initialised",
            E::Moved => "server.moved",
            E::NoTarget => "server.no_target",
            E::BackupExists(_) => "backup.exists",
            E::BackupOfAnother => "backup.of_another",
            E::Unsound { .. } => "backup.unsound",
            E::Migrations(_)
            | E::Open(_)
            | E::Lock(_)
            | E::OtherSchema { .. }
            | E::Statement(_)
            | E::Postgres(_)
            | E::Write(_)
            | E::Read(_)
            | E::Io { .. }
            | E::Randomness(_)
            | E::Certificate(_)
            | E::NoRoom { .. }
            | E::Copy(_)
            | E::Thread(_) => return Self::Environment(error.into()),
        };
        Self::Refused { code, params: json!({}), words: error.to_string() }
    }
}

/// Prints a result and gives the exit code.
pub(crate) fn finish(outcome: Result<Report, Stop>, as_json: bool) -> ExitCode {
    match outcome {
        Ok(report) => {
            print_line(&if as_json { report.document.to_string() } else { report.words });
            if report.bad_news { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS }
        }
        Err(stop) => finish_plain(Err(stop), as_json),
    }
}

/// The same for a command that prints by itself.
pub(crate) fn finish_plain(outcome: Result<(), Stop>, as_json: bool) -> ExitCode {
    let (code, params, exit, stop) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Stop::Refused { code, params, words }) => {
            (code, params.clone(), REFUSED, Stop::Refused { code, params, words })
        }
        Err(stop @ Stop::Environment(_)) => ("server.environment", json!({}), ENVIRONMENT, stop),
    };
    if as_json {
        let error = json!({ "code": code, "params": params, "retryable": exit == ENVIRONMENT });
        print_line(&json!({ "error": error }).to_string());
    }
    match stop {
        Stop::Refused { words, .. } => print_problem(&words),
        Stop::Environment(error) => print_problem(&format!("{error:#}")),
    }
    ExitCode::from(exit)
}

#[expect(clippy::print_stdout, reason = "a program speaks to its shell")]
pub(crate) fn print_line(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "a program speaks to its shell")]
fn print_problem(text: &str) {
    eprintln!("comptoir-server: {text}");
}
