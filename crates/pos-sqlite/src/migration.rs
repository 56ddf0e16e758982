//! Brings a file's schema forward, one checksummed step at a time.
//!
//! Steps are dense from 1 and never change once released: a file knows the BLAKE3 of each step it went through
//! and refuses a program that remembers another history. Each step is one transaction together with its record
//! and `user_version`, so an interrupted one leaves the file as it was. There is no way back down; the way back
//! is the snapshot taken before. The runner owns one table, `schema_migration`.

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, params};

use crate::connection;
use crate::open::OpenError;
use crate::verify::{self, Finding};

/// Digits of the version in a file name, as in `0007_add_shift.sql`.
const VERSION_DIGITS: usize = 4;

const CREATE_RECORD: &str = "
CREATE TABLE IF NOT EXISTS schema_migration (
    version       INTEGER PRIMARY KEY CHECK (version >= 1),
    name          TEXT    NOT NULL,
    checksum      BLOB    NOT NULL CHECK (length(checksum) = 32), -- BLAKE3 of the SQL with LF line ends
    applied_at_ms INTEGER NOT NULL                                -- Unix time by this machine's clock
) STRICT;";

/// One step of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place, dense from 1; becomes the file's `user_version`.
    pub version: u32,
    /// What it does, `verb_noun`, for people.
    pub name: &'static str,
    /// Any number of statements, none of which begins or ends a transaction.
    pub sql: &'static str,
}

impl Migration {
    /// Line ends are not part of the checksum: a checkout on Windows must not look like a changed history.
    fn checksum(&self) -> [u8; 32] {
        *blake3::hash(self.sql.replace("\r\n", "\n").as_bytes()).as_bytes()
    }
}

/// Why a list of migrations makes no sense. A mistake of the program, found by its first test.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationListError {
    /// A file name is not `NNNN_verb_noun.sql` in lower case.
    #[error("{0} is not named NNNN_verb_noun.sql")]
    BadName(&'static str),
    /// A version is missing, doubled or out of order.
    #[error("migration {expected} should come next, not {found}")]
    NotDense {
        /// The version that belongs here.
        expected: u32,
        /// The version that stands here.
        found: u32,
    },
}

/// Why the schema was not brought forward. The file is as it was before the step that failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The program's own list makes no sense.
    #[error(transparent)]
    List(#[from] MigrationListError),
    /// The file went through another step of that number than the program knows.
    #[error("migration {version} was applied to this file with other SQL than this program holds")]
    Changed {
        /// The step.
        version: u32,
    },
    /// `schema_migration` and `user_version` contradict each other; the file was edited by hand.
    #[error("the file says it is at version {user_version} and records {recorded} migrations")]
    RecordBroken {
        /// What `user_version` says.
        user_version: u32,
        /// How many dense records were found.
        recorded: usize,
    },
    /// SQLite refused a step.
    #[error("migration {version} failed")]
    Failed {
        /// The step.
        version: u32,
        /// What SQLite answered.
        source: rusqlite::Error,
    },
    /// A step would leave rows whose parents are missing.
    #[error("migration {version} breaks foreign keys: {}", crate::snapshot::list(findings))]
    ForeignKeys {
        /// The step.
        version: u32,
        /// The rows.
        findings: Vec<Finding>,
    },
}

/// Builds the list from file names and contents in any order, such as a folder included at compile time gives.
///
/// # Errors
/// [`MigrationListError`] for a wrong name or a hole.
pub fn migrations_from(files: &[(&'static str, &'static str)]) -> Result<Vec<Migration>, MigrationListError> {
    let named = files.iter().map(|&(file, sql)| {
        let (version, name) = parse_name(file).ok_or(MigrationListError::BadName(file))?;
        Ok(Migration { version, name, sql })
    });
    let mut list: Vec<Migration> = named.collect::<Result<_, _>>()?;
    list.sort_by_key(|migration| migration.version);
    check_list(&list)?;
    Ok(list)
}

fn parse_name(file: &'static str) -> Option<(u32, &'static str)> {
    let (digits, name) = file.strip_suffix(".sql")?.split_once('_')?;
    let well_formed = digits.len() == VERSION_DIGITS
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && name.contains('_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if well_formed { Some((digits.parse().ok()?, name)) } else { None }
}

/// Asserts that versions are dense from 1.
pub(crate) fn check_list(list: &[Migration]) -> Result<(), MigrationListError> {
    for (expected, migration) in (1..).zip(list) {
        if migration.version != expected {
            return Err(MigrationListError::NotDense { expected, found: migration.version });
        }
    }
    Ok(())
}

/// The version this program's list leads to.
pub(crate) fn newest(list: &[Migration]) -> u32 {
    list.last().map_or(0, |migration| migration.version)
}

/// The file's `user_version`.
pub(crate) fn version_of(connection: &Connection) -> Result<u32, OpenError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Asserts that the file went through exactly the steps that this program knows, as far as it went.
pub(crate) fn check_history(connection: &Connection, list: &[Migration]) -> Result<(), OpenError> {
    let user_version = version_of(connection)?;
    let recorded = if user_version == 0 { Vec::new() } else { read_record(connection)? };
    let dense = (1..=user_version).eq(recorded.iter().map(|(version, _)| *version));
    if !dense {
        return Err(MigrationError::RecordBroken { user_version, recorded: recorded.len() }.into());
    }
    for ((version, checksum), migration) in recorded.iter().zip(list) {
        if checksum.as_slice() != migration.checksum() {
            return Err(MigrationError::Changed { version: *version }.into());
        }
    }
    Ok(())
}

fn read_record(connection: &Connection) -> Result<Vec<(u32, Vec<u8>)>, rusqlite::Error> {
    connection
        .prepare("SELECT version, checksum FROM schema_migration ORDER BY version")?
        .query_map([], |row| Ok((row.get("version")?, row.get("checksum")?)))?
        .collect()
}

/// Applies the steps after `current`. On an error the connection must be dropped, which rolls back the step.
pub(crate) fn apply_pending(
    connection: &mut Connection,
    list: &[Migration],
    current: u32,
) -> Result<(), OpenError> {
    // Rebuilding a table drops it while others refer to it. SQLite ignores this switch inside a transaction, so
    // it is thrown around all of them, and each step proves its references before it commits.
    connection::enforce_foreign_keys(connection, false)?;
    for migration in list.iter().filter(|migration| migration.version > current) {
        apply(connection, migration)?;
        tracing::info!(version = migration.version, name = migration.name, "migration applied");
    }
    connection::enforce_foreign_keys(connection, true)
}

fn apply(connection: &mut Connection, migration: &Migration) -> Result<(), MigrationError> {
    let version = migration.version;
    let failed = |source| MigrationError::Failed { version, source };
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    connection.execute_batch(CREATE_RECORD).map_err(failed)?;
    connection.authorizer(Some(within_its_transaction)).map_err(failed)?;
    let done = connection.execute_batch(migration.sql);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(failed)?;
    done.map_err(failed)?;
    #[cfg(feature = "planted")] // Incident 12.
    if pos_planted::is(pos_planted::Bug::MigrationEmptiesTheQueue) && version > 1 {
        let queues = "SELECT count(*) FROM sqlite_schema WHERE name = 'sync_queue'";
        if connection.query_row(queues, [], |row| row.get::<_, bool>(0)).map_err(failed)? {
            let forget = "DROP TRIGGER queue_rows_stay;
                DELETE FROM sync_queue WHERE state = 'pending' AND kind <> 'sale.complete';";
            connection.execute_batch(forget).map_err(failed)?;
        }
    }
    let findings = verify::check_foreign_keys(connection);
    if !findings.is_empty() {
        return Err(MigrationError::ForeignKeys { version, findings });
    }
    record(connection, migration).map_err(failed)?;
    connection.execute_batch("COMMIT").map_err(failed)
}

/// A step that ended its own transaction could stop half way; one that ran ANALYZE would change tested plans.
fn within_its_transaction(context: AuthContext<'_>) -> Authorization {
    let forbidden = matches!(
        context.action,
        AuthAction::Transaction { .. }
            | AuthAction::Savepoint { .. }
            | AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::Analyze { .. }
    );
    if forbidden { Authorization::Deny } else { Authorization::Allow }
}

fn record(connection: &Connection, migration: &Migration) -> Result<(), rusqlite::Error> {
    connection.execute(
        "INSERT INTO schema_migration (version, name, checksum, applied_at_ms)
         VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000 AS INTEGER))",
        params![migration.version, migration.name, migration.checksum().as_slice()],
    )?;
    connection.pragma_update(None, "user_version", migration.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_any_order_become_a_dense_list() {
        let list =
            migrations_from(&[("0002_add_shift.sql", "B"), ("0001_create_catalogue.sql", "A")]).unwrap();
        assert_eq!(
            list,
            [
                Migration { version: 1, name: "create_catalogue", sql: "A" },
                Migration { version: 2, name: "add_shift", sql: "B" },
            ],
            "folder listings come in no order"
        );
    }

    #[test]
    fn a_hole_a_double_and_a_wrong_name_are_refused() {
        let hole = migrations_from(&[("0001_create_a.sql", ""), ("0003_create_c.sql", "")]);
        assert_eq!(hole, Err(MigrationListError::NotDense { expected: 2, found: 3 }));
        let double = migrations_from(&[("0001_create_a.sql", ""), ("0001_create_b.sql", "")]);
        assert_eq!(double, Err(MigrationListError::NotDense { expected: 2, found: 1 }));
        let first = migrations_from(&[("0002_create_a.sql", "")]);
        assert_eq!(first, Err(MigrationListError::NotDense { expected: 1, found: 2 }));
        for name in
            ["1_create_a.sql", "0001_create.sql", "0001_Create_A.sql", "0001-create-a.sql", "0001_a_b.txt"]
        {
            assert_eq!(migrations_from(&[(name, "")]), Err(MigrationListError::BadName(name)));
        }
    }

    #[test]
    fn line_ends_of_the_checkout_do_not_change_the_checksum() {
        let unix = Migration { version: 1, name: "create_a", sql: "SELECT 1;\nSELECT 2;\n" };
        let windows = Migration { sql: "SELECT 1;\r\nSELECT 2;\r\n", ..unix };
        let other = Migration { sql: "SELECT 1;\nSELECT 3;\n", ..unix };
        assert_eq!(unix.checksum(), windows.checksum(), "the same history on every platform");
        assert_ne!(unix.checksum(), other.checksum(), "a changed statement is another history");
    }
}
