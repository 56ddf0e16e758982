//! Room on the disk: how much is left, and a reserve that can be given back when there is none.
//!
//! Decides nothing: when to warn and when to refuse a new cart is a rule of the application.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes that this user may still write on the disk that holds `path`, an existing file or folder.
///
/// # Errors
/// Those of the file system.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    fs4::available_space(path)
}

/// A file that only takes up room, so that a sale in progress can be finished on a full disk.
#[derive(Debug)]
pub struct ReserveFile {
    path: PathBuf,
    bytes: u64,
}

impl ReserveFile {
    /// Makes sure that `path` really takes up at least `bytes`; a sparse file would reserve nothing, so it is
    /// written out and synchronised. Cheap when the reserve already stands.
    ///
    /// # Errors
    /// Those of the file system; on a full disk the reserve is incomplete and a later call completes it.
    pub fn keep(path: PathBuf, bytes: u64) -> io::Result<Self> {
        let mut file = File::options().create(true).append(true).open(&path)?;
        let missing = bytes.saturating_sub(file.metadata()?.len());
        if missing > 0 {
            // Not zeros: some file systems store those as a hole.
            io::copy(&mut io::repeat(0xA5).take(missing), &mut file)?;
            file.sync_all()?;
        }
        Ok(Self { path, bytes })
    }

    /// Gives the room back to the disk.
    ///
    /// # Errors
    /// Those of the file system; a reserve that is gone already counts as released.
    pub fn release(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Size in bytes when complete.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_written_out_completed_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reserve");
        fs::write(&path, [0; 10]).unwrap();
        let reserve = ReserveFile::keep(path.clone(), 100_000).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 100_000, "an incomplete reserve is completed");
        reserve.release().unwrap();
        assert!(!path.exists(), "the room is given back");
        reserve.release().expect("releasing twice is no error: the room is free either way");
    }

    #[test]
    fn free_bytes_answers_for_a_folder_and_fails_for_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).unwrap() > 0, "the test itself could write here");
        free_bytes(&folder.path().join("missing")).expect_err("no disk, no number");
    }
}
