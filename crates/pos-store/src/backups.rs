//! Backups of the register's file and why they are made; names and rotation are [`Shelf`]'s.
//!
//! Decides neither when one is made nor when one is put back: that is the application's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pos_sqlite::{Shelf, ShelvedCopy, modified_at_ms};

use crate::{Store, StoreError};

/// Folder of backups in the data folder.
pub const FOLDER: &str = "backups";
const STEM: &str = "register";

/// Why a backup was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// By the clock, because something had changed.
    Hourly,
    /// A person asked for it.
    Person,
    /// Before the rows of a server are read for the first time, or once more from the beginning.
    FirstSync,
    /// Before a product list was loaded.
    Import,
    /// Before a newer program changed the file's shape.
    Migration,
    /// The drawer was closed.
    Closing,
}

impl Cause {
    const ALL: [Self; 6] =
        [Self::Hourly, Self::Person, Self::FirstSync, Self::Import, Self::Migration, Self::Closing];
    const NAMES: [&str; 6] = ["hourly", "person", "first_sync", "import", "schema", "closing"];

    /// As it stands in a name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Person => "person",
            Self::FirstSync => "first_sync",
            Self::Import => "import",
            Self::Migration => "schema",
            Self::Closing => "closing",
        }
    }
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Name of its file.
    pub name: String,
    /// Why it was made.
    pub cause: Cause,
    /// When, in milliseconds since 1970 UTC.
    pub made_at_ms: i64,
    /// Its size.
    pub bytes: u64,
}

/// The backups in a folder of backups, newest first; none when there is no such folder.
///
/// # Errors
/// Those of the file system.
pub fn list(backups: &Path) -> io::Result<Vec<Backup>> {
    Ok(shelf(backups).list()?.into_iter().filter_map(Backup::of).collect())
}

/// Removes the backups of a folder that newer ones make needless; which they were.
///
/// # Errors
/// Those of the file system; what was removed before stays removed.
pub fn rotate(backups: &Path, now_ms: i64) -> io::Result<Vec<Backup>> {
    Ok(shelf(backups).rotate(now_ms)?.into_iter().filter_map(Backup::of).collect())
}

/// Copies a backup into another folder, such as one on a removable disk, unless it is there already.
///
/// # Errors
/// Those of the file system: a folder that is not there is not made, a disk that was pulled out must not become a
/// folder.
pub fn copy_to(backups: &Path, backup: &Backup, other: &Path) -> io::Result<()> {
    shelf(backups).copy_to(&backup.name, other)
}

fn shelf(backups: &Path) -> Shelf {
    Shelf::new(backups.to_owned(), STEM, &Cause::NAMES)
}

impl Backup {
    fn of(copy: ShelvedCopy) -> Option<Self> {
        let cause = Cause::ALL.into_iter().find(|known| known.as_str() == copy.cause)?;
        Some(Self { name: copy.name, cause, made_at_ms: copy.made_at_ms, bytes: copy.bytes })
    }
}

impl Store {
    /// Where this register's backups lie.
    pub fn backups(&self) -> PathBuf {
        self.folder().join(FOLDER)
    }

    /// When something was last written to the file, in milliseconds since 1970 UTC, by the disk's clock.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn changed_at_ms(&self) -> io::Result<i64> {
        let file = modified_at_ms(&fs::metadata(self.path())?);
        let wal = fs::metadata(self.path().with_extension("db-wal"));
        Ok(wal.map_or(file, |wal| file.max(modified_at_ms(&wal))))
    }

    /// Makes a backup, while tills and readers go on. Blocks the calling thread for as long as the file is large.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] when the copy does not fit, [`StoreError::Corrupt`] when the file is damaged,
    /// [`StoreError::Open`] with any other cause.
    pub fn back_up(&self, cause: Cause, now_ms: i64) -> Result<Backup, StoreError> {
        let backups = self.backups();
        fs::create_dir_all(&backups).map_err(StoreError::file)?;
        let name = shelf(&backups).name_of(cause.as_str(), now_ms);
        let to = self.snapshot(&backups.join(&name))?;
        let bytes = fs::metadata(to).map_or(0, |metadata| metadata.len());
        // As the name says it, to the second.
        let made_at_ms = now_ms.div_euclid(1_000).saturating_mul(1_000);
        Ok(Backup { name, cause, made_at_ms, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_known_by_its_name() {
        assert_eq!(
            Cause::ALL.map(Cause::as_str),
            Cause::NAMES,
            "a backup whose cause is unknown is not listed"
        );
    }
}
