//! Putting a backup in the place of the register's file, so that a machine that stops at any moment leaves either the
//! old file whole or the new one.
//!
//! The order: the copy is laid beside the file and checked; then an intent is written, which is the point of no return;
//! then the old file is set aside with its WAL, and the copy gets its name. Whoever finds an intent goes on from it. The
//! intent stays until the caller has made the new file a register again (see [`finish`]).

use std::fs;
use std::io;
use std::path::Path;

use pos_domain::DeviceId;
use pos_sqlite::{FolderLock, OpenMode, VerifyDepth};
use rusqlite::{OpenFlags, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::store::{FILE_NAME, open_database};
use crate::{Store, StoreError, backups};

/// The copy that is to become the file.
const STAGED: &str = "register.db.restoring";
/// That a restore was begun, and what its report must know.
const INTENT: &str = "restore.json";

/// A restore that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Name of the backup.
    pub backup: String,
    /// Where the old file was moved to, from the data folder; `None` before that.
    pub quarantine: Option<String>,
    /// What the caller wants to know afterwards.
    pub note: Value,
}

/// A restore that was begun in a data folder and is not finished, if there is one.
///
/// # Errors
/// [`StoreError::Open`] when it cannot be read.
pub fn find_intent(folder: &Path) -> Result<Option<Intent>, StoreError> {
    let bytes = match fs::read(folder.join(INTENT)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::file(error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| StoreError::unreadable("restore.json", e))
}

/// Checks a backup and lays a copy of it beside the file; the register that it is of, if it is one. Nothing has changed
/// yet.
///
/// # Errors
/// [`StoreError::Corrupt`] when the backup is not sound, [`StoreError::DiskFull`] when there is no room for it.
pub fn stage(folder: &Path, backup: &str) -> Result<Option<DeviceId>, StoreError> {
    let from = folder.join(backups::FOLDER).join(backup);
    let findings = pos_sqlite::verify_file(&from, VerifyDepth::Full);
    if !findings.is_empty() {
        return Err(StoreError::Corrupt { findings });
    }
    let to = folder.join(STAGED);
    pos_sqlite::copy_durably(&from, &to).map_err(StoreError::file)?;
    let copy = rusqlite::Connection::open_with_flags(&to, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let found = copy.prepare("SELECT device_id FROM device WHERE id = 1")?.query_row([], |row| row.get(0));
    Ok(found.optional()?.map(|bytes| DeviceId(Uuid::from_bytes(bytes))))
}

/// Takes a staged copy away that is not to become the file.
///
/// # Errors
/// [`StoreError::Open`]
pub fn unstage(folder: &Path) -> Result<(), StoreError> {
    pos_sqlite::remove_durably(&folder.join(STAGED)).map_err(StoreError::file)
}

/// The file is damaged, or gone although it was there: the newest backup that is sound takes its place. Its name, or
/// `None` when there is none or the file is sound by now.
///
/// # Errors
/// [`StoreError::Held`] while another program works here, or those of [`stage`] and [`carry_out`].
pub fn from_newest(folder: &Path, note: &Value) -> Result<Option<Intent>, StoreError> {
    let _lock = FolderLock::acquire(folder)?;
    if pos_sqlite::verify_file(&folder.join(FILE_NAME), VerifyDepth::Quick).is_empty() {
        return Ok(None);
    }
    for backup in backups::list(&folder.join(backups::FOLDER)).map_err(StoreError::file)? {
        match stage(folder, &backup.name) {
            Ok(Some(_)) => {
                let intent = Intent { backup: backup.name, quarantine: None, note: note.clone() };
                decide(folder, &intent)?;
                return carry_out(folder, intent).map(Some);
            }
            Ok(None) | Err(StoreError::Corrupt { .. }) => {
                tracing::warn!(
                    backup = backup.name,
                    "a backup is not sound or of no register; trying an older one"
                );
            }
            Err(error) => return Err(error),
        }
    }
    unstage(folder)?;
    Ok(None)
}

/// The point of no return: from here on the staged copy is the file, whatever happens to this machine.
///
/// # Errors
/// [`StoreError::Open`]; then nothing has changed.
pub fn decide(folder: &Path, intent: &Intent) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(intent).map_err(|e| StoreError::unwritable("restore.json", e))?;
    pos_sqlite::write_durably(&folder.join(INTENT), &bytes).map_err(StoreError::file)
}

/// Carries a decided restore out, or goes on with it: the old file into quarantine, the copy in its place. The file must
/// be closed and the folder locked. Harmless when it was carried out already.
///
/// # Errors
/// [`StoreError::Open`]; call again.
pub fn carry_out(folder: &Path, mut intent: Intent) -> Result<Intent, StoreError> {
    let (staged, file) = (folder.join(STAGED), folder.join(FILE_NAME));
    if !staged.exists() {
        return Ok(intent);
    }
    match pos_sqlite::quarantine(&file) {
        Ok(aside) => {
            let aside = aside.strip_prefix(folder).unwrap_or(&aside);
            intent.quarantine = Some(aside.to_string_lossy().into_owned());
            decide(folder, &intent)?;
        }
        // Moved aside before the machine stopped, or lost before that.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::file(error)),
    }
    pos_sqlite::rename_durably(&staged, &file).map_err(StoreError::file)?;
    Ok(intent)
}

/// The new file is a register again: the intent goes.
///
/// # Errors
/// [`StoreError::Open`]; call again.
pub fn finish(folder: &Path) -> Result<(), StoreError> {
    pos_sqlite::remove_durably(&folder.join(INTENT)).map_err(StoreError::file)
}

/// Before a register is opened: carries out what a restore left undone.
///
/// # Errors
/// [`StoreError::Held`] while another program works here, or those of [`carry_out`].
pub fn go_on(folder: &Path) -> Result<Option<Intent>, StoreError> {
    let Some(intent) = find_intent(folder)? else { return Ok(None) };
    let _lock = FolderLock::acquire(folder)?;
    carry_out(folder, intent).map(Some)
}

impl Store {
    /// Puts a staged and decided copy in the place of the file, which is closed meanwhile: whoever reads or writes then
    /// is answered [`StoreError::Closed`]. The folder's lock is held all the time.
    ///
    /// # Errors
    /// Those of closing, carrying out and opening; the next start goes on.
    pub fn replace_file(&self, intent: Intent) -> Result<Intent, StoreError> {
        self.database().close().map_err(|e| StoreError::Open(Box::new(e)))?;
        let intent = carry_out(self.folder(), intent)?;
        self.take(open_database(self.folder(), OpenMode::ReadWrite)?);
        Ok(intent)
    }
}
