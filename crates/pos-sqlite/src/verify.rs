//! Asks SQLite whether a file is sound, and puts the answers into findings a person can be shown.
//!
//! Judges pages, indexes and foreign keys only; what the rows mean is verified by the crates that own them.

use std::fmt;
use std::path::Path;

use rusqlite::{Connection, Error, ErrorCode};

use crate::connection;

/// Most findings kept per check: enough to see the extent, few enough for a screen and a log line.
const MAX_FINDINGS_PER_CHECK: usize = 100;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyDepth {
    /// `quick_check`: pages and rows, not whether indexes agree with their tables. For an unclean start.
    Quick,
    /// `integrity_check` and `foreign_key_check`. For snapshots and the weekly check.
    Full,
}

/// Which check a finding comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The file could not be opened or read at all.
    Open,
    /// `quick_check` or `integrity_check`.
    Integrity,
    /// `foreign_key_check`.
    ForeignKeys,
}

/// One thing that is wrong with a file, in SQLite's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// What it found; may name tables and row numbers, never contents.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = match self.check {
            Check::Open => "open",
            Check::Integrity => "integrity",
            Check::ForeignKeys => "foreign keys",
        };
        write!(f, "{check}: {}", self.detail)
    }
}

/// Checks a file through a read-only connection of its own; an empty list means sound. Reads the whole file, so
/// call it off the threads that serve people.
pub fn verify_file(path: &Path, depth: VerifyDepth) -> Vec<Finding> {
    match connection::open_for_reading(path) {
        Ok(connection) => check_connection(&connection, depth),
        Err(error) => vec![Finding { check: Check::Open, detail: crate::open::in_words(&error) }],
    }
}

/// The same checks through a connection that is already open.
pub(crate) fn check_connection(connection: &Connection, depth: VerifyDepth) -> Vec<Finding> {
    match depth {
        VerifyDepth::Quick => check_pages(connection, "quick_check"),
        VerifyDepth::Full => {
            let mut findings = check_pages(connection, "integrity_check");
            findings.extend(check_foreign_keys(connection));
            findings
        }
    }
}

/// Rows whose parent is missing.
pub(crate) fn check_foreign_keys(connection: &Connection) -> Vec<Finding> {
    gather(Check::ForeignKeys, || {
        let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
        let orphans = statement.query_map([], |row| {
            let (table, row_id): (String, Option<i64>) = (row.get("table")?, row.get("rowid")?);
            let parent: String = row.get("parent")?;
            let row_id = row_id.map_or_else(|| "without a row number".to_owned(), |id| id.to_string());
            Ok(format!("{table} row {row_id} refers to a row of {parent} that does not exist"))
        })?;
        orphans.take(MAX_FINDINGS_PER_CHECK).collect()
    })
}

fn check_pages(connection: &Connection, pragma: &str) -> Vec<Finding> {
    gather(Check::Integrity, || {
        let mut statement = connection.prepare(&format!("PRAGMA {pragma}({MAX_FINDINGS_PER_CHECK})"))?;
        let answers: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(answers.into_iter().filter(|answer| answer != "ok").collect())
    })
}

fn gather(check: Check, ask: impl FnOnce() -> Result<Vec<String>, Error>) -> Vec<Finding> {
    match ask() {
        Ok(details) => details.into_iter().map(|detail| Finding { check, detail }).collect(),
        Err(error) => {
            let check = if is_corruption(&error) { check } else { Check::Open };
            vec![Finding { check, detail: error.to_string() }]
        }
    }
}

/// Whether an error says that the file is damaged or no database, rather than unreachable or busy.
pub(crate) fn is_corruption(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
