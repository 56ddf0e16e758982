//! From a path to a file that may be written: judged first, then made durable, checked, saved, brought forward.
//!
//! The order matters. Nothing of a foreign, newer or damaged file is changed before it is refused, and no damaged
//! file is moved or recreated here: what to do about it is the owner's decision (see [`crate::quarantine()`]).

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::connection;
use crate::migration::{self, Migration, MigrationError};
use crate::quarantine::with_suffix;
use crate::snapshot::{self, SnapshotError};
use crate::verify::{self, Check, Finding, VerifyDepth};

/// Folder beside the database for snapshots, unless another is named.
const SNAPSHOT_FOLDER: &str = "snapshots";

/// Whether this process may change the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// One writer, migrations applied. Hold the [`crate::FolderLock`] of the folder.
    ReadWrite,
    /// No writer and no migration; the schema must be exactly the one this program knows. May be used beside a
    /// process that writes.
    ReadOnly,
}

/// What to open and how.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The database file; its folder must exist. Made when missing, except read-only.
    pub path: PathBuf,
    /// `application_id` that our files of this kind carry; another one is refused. Not 0.
    pub application_id: i32,
    /// The whole schema history, dense from 1.
    pub migrations: &'static [Migration],
    /// Where the snapshot before a migration goes; `snapshots/` beside the file when `None`.
    pub snapshot_dir: Option<PathBuf>,
    /// Number of reader threads; at least two are made, so that one is always kept for quick reads.
    pub readers: usize,
    /// Pages that gather in the WAL before they are carried over into the file, beside the writer. Of a page that many
    /// transactions change only the last state is carried over, so more is less work; four times as many are the most
    /// that ever gather, unless one transaction writes more or a reader looks on for long.
    pub wal_pages: u32,
    /// Whether this process may change the file.
    pub mode: OpenMode,
}

/// What was found and done at opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The last process that wrote did not close the file; it was checked (`quick_check`) and found sound.
    /// Always false read-only: the writer beside may be at work.
    pub unclean: bool,
    /// Schema version before migrations; 0 for a new file.
    pub version_before: u32,
    /// Schema version now.
    pub version: u32,
    /// Snapshot taken before the first pending migration, if there was one.
    pub snapshot: Option<PathBuf>,
}

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The SQLite in this process has a known corruption bug.
    #[error("SQLite {found} is too old to be trusted with a database")]
    SqliteTooOld {
        /// Its version.
        found: &'static str,
    },
    /// Opened read-only and not there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// A database, but not one of ours.
    #[error("{} belongs to another program (application id {found:#x})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i32,
    },
    /// A newer program has written this file. Nothing was changed.
    #[error("the file has schema version {found}, this program knows only {known}")]
    NewerFile {
        /// The file's version.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// Opened read-only and not migrated yet.
    #[error("the file has schema version {found} and must be brought to {known} first")]
    OlderFile {
        /// The file's version.
        found: u32,
        /// The version this program needs.
        known: u32,
    },
    /// The file is damaged. Nothing was changed; quarantine it and restore a snapshot.
    #[error("{} is damaged: {}", path.display(), snapshot::list(findings))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// SQLite did not accept a setting that durability or safety rests on.
    #[error("SQLite answered {got} instead of {wanted} to the setting {setting}")]
    SettingRefused {
        /// The setting.
        setting: &'static str,
        /// What was asked.
        wanted: String,
        /// What it answered.
        got: String,
    },
    /// The schema could not be brought forward.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// No verified snapshot, so no migration.
    #[error("the snapshot before the migration failed")]
    Snapshot(#[from] SnapshotError),
    /// A file, folder or thread could not be made.
    #[error("the system refused a file, a folder or a thread")]
    Io(#[from] io::Error),
    /// Any other answer of SQLite.
    #[error("SQLite could not open the file")]
    Sqlite(#[from] rusqlite::Error),
}

impl OpenError {
    /// Tells damage from every other failure, so that the application can offer the right way out.
    pub(crate) fn judged(self, path: &Path) -> Self {
        let corruption = match &self {
            Self::Sqlite(error) | Self::Migration(MigrationError::Failed { source: error, .. })
                if verify::is_corruption(error) =>
            {
                error.to_string()
            }
            Self::SqliteTooOld { .. }
            | Self::Missing(_)
            | Self::Foreign { .. }
            | Self::NewerFile { .. }
            | Self::OlderFile { .. }
            | Self::Corrupt { .. }
            | Self::SettingRefused { .. }
            | Self::Migration(_)
            | Self::Snapshot(_)
            | Self::Io(_)
            | Self::Sqlite(_) => return self,
        };
        corrupt(path, corruption)
    }
}

fn corrupt(path: &Path, detail: String) -> OpenError {
    OpenError::Corrupt { path: path.to_owned(), findings: vec![Finding { check: Check::Open, detail }] }
}

/// An error with its sources on one line.
pub(crate) fn in_words(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        words.push_str(": ");
        words.push_str(&source.to_string());
        next = source.source();
    }
    words
}

/// Opens, judges, checks and migrates; the connection is ready for the writer thread.
pub(crate) fn open_writer(options: &OpenOptions) -> Result<(Connection, Opened), OpenError> {
    let path = &options.path;
    let unclean = left_unclean(path)?;
    if !path.exists() {
        File::create_new(path)?;
    }
    let mut connection = connection::open_for_writing(path)?;
    let version_before = judge_header(&connection, options)?;
    connection::make_durable(&connection, options.wal_pages)?;
    if unclean {
        let findings = verify::check_connection(&connection, VerifyDepth::Quick);
        if !findings.is_empty() {
            return Err(OpenError::Corrupt { path: path.clone(), findings });
        }
    }
    migration::check_history(&connection, options.migrations)?;
    if version_before == 0 {
        connection.pragma_update(None, "application_id", options.application_id)?;
    }
    let version = migration::newest(options.migrations);
    let mut snapshot = None;
    if version_before < version {
        if version_before > 0 {
            let taken = snapshot_before(options, version_before);
            #[cfg(feature = "planted")] // Incident 14.
            let taken = match taken {
                Err(_) if pos_planted::is(pos_planted::Bug::MigrationWithoutSnapshot) => Ok(path.clone()),
                other => other,
            };
            snapshot = Some(taken?);
        }
        migration::apply_pending(&mut connection, options.migrations, version_before)?;
    }
    Ok((connection, Opened { unclean, version_before, version, snapshot }))
}

/// Judges a file that will only be read.
pub(crate) fn check_readable(options: &OpenOptions) -> Result<Opened, OpenError> {
    let path = &options.path;
    if !path.exists() {
        return Err(OpenError::Missing(path.clone()));
    }
    let connection = connection::open_for_reading(path)?;
    let found = judge_header(&connection, options)?;
    let known = migration::newest(options.migrations);
    if found < known {
        return Err(OpenError::OlderFile { found, known });
    }
    migration::check_history(&connection, options.migrations)?;
    Ok(Opened { unclean: false, version_before: found, version: found, snapshot: None })
}

/// The WAL is the mark of an unclean end. An orderly close leaves none or an empty one; a process that died after
/// its first commit leaves its frames, and SQLite has synchronised the folder entry with that commit. No file of
/// our own could be kept truer, and none has to be written at each start.
fn left_unclean(path: &Path) -> Result<bool, OpenError> {
    let wal_bytes = size_of_file(&with_suffix(path, "-wal"))?;
    if wal_bytes > 0 && size_of_file(path)? == 0 {
        // SQLite would take the empty file for a new database and delete the WAL, with whatever it still holds.
        return Err(corrupt(path, "the database is missing beside its WAL".to_owned()));
    }
    Ok(wal_bytes > 0)
}

fn size_of_file(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// Refuses what is not ours or from the future; gives the schema version, 0 for a new file.
fn judge_header(connection: &Connection, options: &OpenOptions) -> Result<u32, OpenError> {
    let found: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if found != options.application_id && !(found == 0 && is_empty(connection)?) {
        return Err(OpenError::Foreign { path: options.path.clone(), found });
    }
    let version = migration::version_of(connection)?;
    let known = migration::newest(options.migrations);
    if version > known {
        return Err(OpenError::NewerFile { found: version, known });
    }
    Ok(version)
}

fn is_empty(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

/// The name tells the version inside. A step that fails at every start replaces its own snapshot, the same
/// content under the same name, instead of filling the disk.
fn snapshot_before(options: &OpenOptions, version: u32) -> Result<PathBuf, OpenError> {
    let folder = options.snapshot_dir.clone().unwrap_or_else(|| options.path.with_file_name(SNAPSHOT_FOLDER));
    fs::create_dir_all(&folder)?;
    let stem = options.path.file_stem().unwrap_or_default().to_string_lossy();
    let to = folder.join(format!("{stem}-schema-{version:04}.db"));
    snapshot::snapshot_file(&options.path, &to)?;
    tracing::info!(snapshot = %to.display(), "verified snapshot before migration");
    Ok(to)
}
