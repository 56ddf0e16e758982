//! One process per data folder, enforced by the operating system.
//!
//! SQLite's own locks protect pages; they do not stop two tills on one folder from numbering two receipts alike
//! or draining one queue twice. The lock dies with its process, so a crash never leaves a stale one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the locked file. It stays when the lock is released: removing it would let two processes lock two
/// different files of the same name.
const LOCK_FILE: &str = ".lock";

/// Why the folder was not locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process, or another part of this one, works in this folder.
    #[error("{} is in use by another running copy", .0.display())]
    HeldByOther(PathBuf),
    /// The lock file could not be made or locked.
    #[error("{} could not be locked", folder.display())]
    Io {
        /// The data folder.
        folder: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

/// The right to write in a data folder; released when dropped.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
}

impl FolderLock {
    /// Takes the lock of `folder`, making the folder when it is missing. Never waits.
    ///
    /// # Errors
    /// [`LockError::HeldByOther`] for a second holder, [`LockError::Io`] otherwise.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK_FILE))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(LockError::HeldByOther(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that was started at this moment may still hold a copy of it.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the folder's lock goes when this process does");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::acquire(folder.path()).unwrap();
        let second = FolderLock::acquire(folder.path());
        assert!(
            matches!(second, Err(LockError::HeldByOther(_))),
            "two tills on one folder fork its receipts"
        );
        let copy = first.file.try_clone().unwrap();
        drop(first);
        FolderLock::acquire(folder.path())
            .expect("a released lock can be taken again, whoever has a copy of the file");
        drop(copy);
    }
}
