//! What PostgreSQL can answer instead, in words that say what to do, and which failures are worth another try.

use std::error::Error;

use tokio_postgres::error::SqlState;

use crate::storage::StorageError;

/// Why a PostgreSQL database cannot be used. None of the messages holds a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Not an address of a database.
    #[error("the database URL cannot be read; it looks like postgres://user:password@host:5432/database")]
    Address(#[source] tokio_postgres::Error),
    /// A database elsewhere, without encryption.
    #[error(
        "the database is on another machine, and sslmode=disable would send passwords and sales in plain text; \
         leave it out"
    )]
    Plain,
    /// The machine's list of trusted certificates cannot be used.
    #[error("no encrypted connection can be made")]
    Tls(#[source] rustls::Error),
    /// Nobody answers.
    #[error("PostgreSQL does not answer at {at}; is it running, and does it listen there?")]
    Unreachable {
        /// Host and port.
        at: String,
        /// What the network said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// Wrong user or password.
    #[error(
        "PostgreSQL refuses the user {user}: check the name and the password in the database URL, and pg_hba.conf"
    )]
    Refused {
        /// The user.
        user: String,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// No such database.
    #[error("there is no database {database}; make it: CREATE DATABASE {database} OWNER {user}")]
    NoDatabase {
        /// Its name.
        database: String,
        /// Who wants to use it.
        user: String,
    },
    /// A version that this program was never tried with.
    #[error("this is PostgreSQL {found}, and {oldest} or newer is needed")]
    TooOld {
        /// Its version.
        found: String,
        /// The oldest that will do.
        oldest: u32,
    },
    /// A role that row-level security does not hold for.
    #[error(
        "the role {role} is not bound by row-level security and would see every business; use a plain one: \
         CREATE ROLE comptoir LOGIN PASSWORD '...'; CREATE DATABASE comptoir OWNER comptoir"
    )]
    Unbound {
        /// The role.
        role: String,
    },
    /// A schema of another version of this program.
    #[error("the database has schema version {found}, and this program works with {known}; {}", advice(*found, *known))]
    OtherSchema {
        /// The database's version.
        found: u32,
        /// The version that this program knows.
        known: u32,
    },
    /// A migration that was applied is not the one that this program knows.
    #[error(
        "migration {version} of the database is not the one of this program; somebody changed one of them"
    )]
    ChangedMigration {
        /// Its number.
        version: u32,
    },
    /// A migration was rolled back.
    #[error(
        "migration {version} of the database failed; nothing of it was kept. The role must own the database: \
         ALTER DATABASE ... OWNER TO ..."
    )]
    Migration {
        /// Its number.
        version: u32,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The asked business is not in the database.
    #[error("there is no business named {asked} in the database; there are: {}", listed(known))]
    NoSuchBusiness {
        /// What was asked for.
        asked: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// The database holds no business.
    #[error("the database holds no business yet; run `init` or `serve` first")]
    NoBusiness,
    /// Which of them?
    #[error("the database holds several businesses; choose one with --business: {}", listed(known))]
    SeveralBusinesses {
        /// Those that are there.
        known: Vec<String>,
    },
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] StorageError),
    /// This program failed.
    #[error("opening the database panicked")]
    Panicked,
    /// The system gave a thread no way to wait.
    #[error("the system refused what a connection needs")]
    System(#[source] std::io::Error),
}

fn advice(found: u32, known: u32) -> &'static str {
    if found > known { "update this program" } else { "run `serve` once: it brings the database up to date" }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Whether a failure says nothing about the work: PostgreSQL chose it to end a circle of waiting, or the connection is
/// gone. Nothing was written then, and the same work may well succeed.
pub(crate) fn wants_another_try(error: &(dyn Error + 'static)) -> bool {
    postgres_error(error).is_some_and(|error| is_gone(error) || error.code().is_some_and(is_passing))
}

/// Whether the connection is gone with what was asked over it.
pub(super) fn is_gone(error: &tokio_postgres::Error) -> bool {
    // Without an answer of the server's, the line broke; these answers announce that it will.
    match error.code() {
        None => {
            error.is_closed()
                || std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
        }
        Some(code) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code),
    }
}

/// PostgreSQL ended it to let others go on. A lock that is not given in time is no such case: whoever waits that long
/// is told to come back.
fn is_passing(code: &SqlState) -> bool {
    *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE
}

/// The answer of PostgreSQL along the causes of an error.
fn postgres_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e tokio_postgres::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
