//! Makes a copy of a database that is known to be good before it gets its name.
//!
//! A copy nobody has reopened is a hope, not a backup; so each one is checked in full under a temporary name, and
//! only then renamed. The source is checked as well: SQLite copies what it can read of a damaged row, and the copy
//! then passes every check. At every moment the final name holds either the previous good snapshot or the new one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::connection;
use crate::database::Database;
use crate::durable::{partial_name, remove_if_present, sync_parent};
use crate::open::OpenError;
use crate::verify::{self, Finding, VerifyDepth};

/// Why there is no new snapshot. What stood under its name before still stands.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The source could not be opened.
    #[error("the source of the snapshot could not be opened")]
    Source(#[source] Box<OpenError>),
    /// The source is damaged. Copying it would give a copy that looks sound and lacks what the damage hit.
    #[error("the source of the snapshot is damaged: {}", list(.0))]
    Damaged(Vec<Finding>),
    /// SQLite could not write the copy.
    #[error("the snapshot could not be written")]
    Copy(#[source] rusqlite::Error),
    /// The copy was written and found damaged; it was removed again.
    #[error("the snapshot is not sound: {}", list(.0))]
    Unsound(Vec<Finding>),
    /// The file system refused.
    #[error("{} could not be made durable", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

pub(crate) fn list(findings: &[Finding]) -> String {
    findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; ")
}

/// Copies the committed state of `database` to `to`, verified and durable, replacing an older snapshot of that
/// name. Blocks the calling thread for as long as the file is large; tills and readers go on meanwhile.
///
/// # Errors
/// See [`SnapshotError`]; in each case no file of that name was changed.
pub fn snapshot(database: &Database, to: &Path) -> Result<(), SnapshotError> {
    snapshot_file(database.path(), to)
}

/// The same for a file that this process may not have opened as a [`Database`] yet.
pub(crate) fn snapshot_file(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    let partial = partial_name(to);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| SnapshotError::Io { path, source }
    };
    remove_if_present(&partial).map_err(at(&partial))?;
    copy(from, &partial)?;
    let durable = File::options().write(true).open(&partial).and_then(|file| file.sync_all());
    durable.map_err(at(&partial))?;
    let findings = verify::verify_file(&partial, VerifyDepth::Full);
    if !findings.is_empty() {
        remove_if_present(&partial).map_err(at(&partial))?;
        return Err(SnapshotError::Unsound(findings));
    }
    fs::rename(&partial, to).map_err(at(to))?;
    sync_parent(to).map_err(at(to))
}

fn copy(from: &Path, partial: &Path) -> Result<(), SnapshotError> {
    let source: Connection =
        connection::open_for_reading(from).map_err(|error| SnapshotError::Source(Box::new(error)))?;
    // Rows and pages only: indexes are built anew in the copy, and the copy is checked in full.
    let findings = verify::check_connection(&source, VerifyDepth::Quick);
    if !findings.is_empty() {
        return Err(SnapshotError::Damaged(findings));
    }
    // SQLite takes names as text only; a name it would have to guess could hit another file.
    let name = partial.to_str().ok_or_else(|| SnapshotError::Io {
        path: partial.to_owned(),
        source: io::Error::from(io::ErrorKind::InvalidFilename),
    })?;
    source.execute("VACUUM INTO ?1", [name]).map_err(SnapshotError::Copy)?;
    Ok(())
}
