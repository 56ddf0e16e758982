//! Moves a damaged database out of the way with everything that belongs to it. Never deletes, never overwrites.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::sync_parent;

/// Folder beside the database that holds what was set aside.
const QUARANTINE_FOLDER: &str = "quarantine";

/// Most quarantines kept side by side: by then a person has to look, and the search for a free name must end.
const MAX_QUARANTINES: u32 = 10_000;

/// The database first: should the machine stop between two moves, a WAL without its database is refused by
/// [`crate::Database::open`] and can be set aside by a second call, whereas a database without its WAL would
/// open as if nothing had been lost.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// Moves the database with its WAL and shared-memory files into a new numbered folder under `quarantine/` beside
/// it, and returns that folder. The database must be closed. Files that do not exist are skipped.
///
/// # Errors
/// Those of the file system, and `NotFound` when there is nothing to move.
pub fn quarantine(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let present: Vec<&str> =
        SUFFIXES.into_iter().filter(|suffix| with_suffix(path, suffix).exists()).collect();
    if present.is_empty() {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let folder = new_folder(&path.with_file_name(QUARANTINE_FOLDER))?;
    for suffix in present {
        #[cfg(feature = "planted")] // Incident 13.
        if pos_planted::is(pos_planted::Bug::DamagedFileIsDeleted) {
            fs::remove_file(with_suffix(path, suffix))?;
            continue;
        }
        fs::rename(with_suffix(path, suffix), with_suffix(&folder.join(name), suffix))?;
    }
    sync_parent(&folder.join(name))?;
    sync_parent(&folder)?;
    sync_parent(path)?;
    Ok(folder)
}

/// The path of a file that SQLite keeps beside its database.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn new_folder(parent: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(parent)?;
    for number in 1..=MAX_QUARANTINES {
        let folder = parent.join(format!("{number:04}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}
