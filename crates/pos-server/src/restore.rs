//! Putting a backup in the place of a server's file, so that a machine that stops at any moment leaves either the old
//! file whole or the new one, and every register hears of it.
//!
//! The order: the backup is checked, copied beside the file and made ready there, in another life of the database; then
//! it gets the name that is the point of no return; then the old file is set aside with its WAL, and the new one gets
//! its place. Whoever opens the folder next finishes what was begun ([`finish`]). Nothing is ever deleted.

use std::io;
use std::path::{Path, PathBuf};

use pos_sqlite::{FolderLock, OpenMode, ReadLane, VerifyDepth, verify_file};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use crate::clock::Clock;
use crate::error::ServerError;
use crate::secret::new_id;
use crate::storage::business::BusinessRow;
use crate::storage::{Sql, Store, Tx, audit, business, sqlite};

/// The copy while it is made ready. One that a crash left behind is overwritten.
const PREPARED: &str = "server.db.prepared";
/// The copy that is to become the file: the point of no return.
const DECIDED: &str = "server.db.restoring";

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: PathBuf,
    /// Where the old file is now, if there was one.
    pub set_aside: Option<PathBuf>,
    /// The new life of the database.
    pub server_epoch: u32,
    /// Where the feed stands.
    pub feed_seq: u64,
    /// What does not hold in it, in words.
    pub findings: Vec<String>,
}

/// Puts a backup in the place of a folder's file. No server may run there. Registers that joined after the backup was
/// made have to join again; the others send what the server has lost by themselves.
///
/// # Errors
/// [`ServerError::Lock`] while a server runs; [`ServerError::Unsound`] for a backup that is damaged;
/// [`ServerError::NoBusiness`] for a file that holds none. The folder is as it was then.
pub fn restore(folder: &Path, backup: &Path, clock: &Clock) -> Result<Restored, ServerError> {
    let _lock = FolderLock::acquire(folder)?;
    if sqlite::moved_path(folder).exists() {
        return Err(ServerError::Moved);
    }
    finish(folder)?;
    let findings = verify_file(backup, VerifyDepth::Full);
    if let Some(first) = findings.first() {
        return Err(ServerError::Unsound { path: backup.to_owned(), detail: first.to_string() });
    }
    let prepared = folder.join(PREPARED);
    pos_sqlite::copy_durably(backup, &prepared).map_err(failed("copying the backup", &prepared))?;
    let (business, findings) = prepare(folder, &prepared, backup, clock)?;
    let decided = folder.join(DECIDED);
    pos_sqlite::rename_durably(&prepared, &decided).map_err(failed("deciding on the backup", &decided))?;
    let set_aside = finish(folder)?;
    Ok(Restored {
        backup: backup.to_owned(),
        set_aside,
        server_epoch: business.server_epoch,
        feed_seq: business.feed_seq,
        findings,
    })
}

/// Whether a restore was decided on and is not finished.
pub(crate) fn is_decided(folder: &Path) -> bool {
    folder.join(DECIDED).exists()
}

/// Finishes a restore that was decided on; where the old file is now, when there was one. Hold the folder's lock.
pub(crate) fn finish(folder: &Path) -> Result<Option<PathBuf>, ServerError> {
    let decided = folder.join(DECIDED);
    if !is_decided(folder) {
        return Ok(None);
    }
    let file = sqlite::database_path(folder);
    let set_aside = match pos_sqlite::quarantine(&file) {
        Ok(place) => Some(place),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed("setting the old file aside", &file)(error)),
    };
    pos_sqlite::rename_durably(&decided, &file).map_err(failed("putting the backup in its place", &file))?;
    tracing::warn!(set_aside = ?set_aside, "a backup took the place of the server's file");
    Ok(set_aside)
}

/// Makes the copy another life of the database, above the one that the old file was in.
fn prepare(
    folder: &Path,
    prepared: &Path,
    backup: &Path,
    clock: &Clock,
) -> Result<(BusinessRow, Vec<String>), ServerError> {
    let now_ms = clock.now_ms();
    let old_epoch = find_epoch(&sqlite::database_path(folder));
    let incarnation = new_id(now_ms)?;
    let store = Store::Sqlite(sqlite::open_file(prepared, OpenMode::ReadWrite)?);
    let found = store.read(ReadLane::Quick, business::find)?;
    if found.is_none() {
        store.close()?;
        return Err(ServerError::NoBusiness);
    }
    let from = backup.file_name().map(|name| name.to_string_lossy().into_owned());
    let business = store.write(move |tx| -> Sql<BusinessRow> {
        let before = business::get(tx)?;
        let epoch = before.server_epoch.max(old_epoch.unwrap_or(0)).saturating_add(1);
        business::set_server_epoch(tx, epoch)?;
        business::set_incarnation(tx, incarnation)?;
        let detail = json!({ "from_epoch": before.server_epoch, "epoch": epoch, "feed_seq": before.feed_seq, "backup": from });
        audit::record(tx, now_ms, "server_restored", None, None, &detail)?;
        business::get(tx)
    })?;
    let findings = store.read(ReadLane::Report, crate::verify::run)?;
    // Whole before it is renamed: closing carries over what the copy's journal still holds.
    store.close()?;
    let findings = findings.into_iter().map(|fault| format!("{}: {}", fault.check, fault.detail)).collect();
    Ok((business, findings))
}

/// The life that a file is in, if it can be read.
fn find_epoch(file: &Path) -> Option<u32> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).ok()?;
    let sql = "SELECT server_epoch FROM business";
    Tx::Sqlite(&connection).find(sql, &[], |row| row.get::<u32>("server_epoch")).ok().flatten()
}

fn failed<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(io::Error) -> ServerError + 'p {
    move |source| ServerError::Io { what, path: path.to_owned(), source }
}
