//! Backups of a business: made, read back, and what registers may forget because of them.
//!
//! A backup is one SQLite file, whichever database the business is in: of an embedded one the copy that SQLite itself
//! makes, of PostgreSQL every row of one snapshot. It gets its name when it is whole and sound. What it holds is read
//! from the copy and not from the original, and only then noted in the original: from then on each register hears in its
//! greeting how far a backup has its operations, and need not keep them for longer.
//!
//! Made beside a running server as well: neither a copy nor its note holds up a push.

use std::fs;
use std::path::{Path, PathBuf};

use pos_domain::DeviceId;
use pos_sqlite::{OpenMode, ReadLane, Shelf, free_bytes};
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::ServerError;
use crate::location::Location;
use crate::storage::backup::{self, BackupRow, Extent};
use crate::storage::{Founding, Sql, Store, Tx, beside, business, life};

/// Folder of backups in the data folder.
const FOLDER: &str = "backups";
const STEM: &str = "server";
/// Made by the clock.
const HOURLY: &str = "hourly";
/// Made because a person asked.
const PERSON: &str = "person";
/// Shortest time between two that the clock makes, 1 h.
const EVERY_MS: u64 = 60 * 60 * 1_000;
/// A backup leaves at least this much room on the disk, 128 MiB: days of selling.
const LEAVES_BYTES: u64 = 128 * 1024 * 1024;

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// When it was made, in milliseconds since 1970 UTC.
    pub made_at_ms: i64,
    /// Its size.
    pub bytes: u64,
}

/// Makes a backup of a business now, whether or not its server runs: in `backups/` of the data folder, or as the file
/// that is named, which must not be there yet.
///
/// # Errors
/// [`ServerError::NoBusiness`]; [`ServerError::NoRoom`]; others as the disk and the database say. The original is
/// unchanged then, and no file of that name was made.
pub fn back_up(
    location: impl Into<Location>,
    to: Option<&Path>,
    clock: &Clock,
) -> Result<Backup, ServerError> {
    let location = location.into();
    let store = Store::open(&location, OpenMode::ReadOnly, Founding::Never)?;
    let now_ms = clock.now_ms();
    let path = match to {
        Some(path) if path.exists() => return Err(ServerError::BackupExists(path.to_owned())),
        Some(path) => path.to_owned(),
        None => shelf(location.folder()).path_of(&shelf(location.folder()).name_of(PERSON, now_ms)),
    };
    let (made, content) = copy(&store, &path, now_ms)?;
    store.close()?;
    let noted = beside::write(&location, move |tx| content.note(tx))?;
    if noted { Ok(made) } else { Err(ServerError::BackupOfAnother) }
}

/// The backups in the folder of a server, newest first.
///
/// # Errors
/// [`ServerError::Io`]
pub fn list_backups(folder: &Path) -> Result<Vec<Backup>, ServerError> {
    let shelf = shelf(folder);
    let listed = shelf.list().map_err(at("listing backups", folder))?;
    let each = listed.into_iter().map(|copy| Backup {
        path: shelf.path_of(&copy.name),
        made_at_ms: copy.made_at_ms,
        bytes: copy.bytes,
    });
    Ok(each.collect())
}

/// Makes a backup when an hour has passed since the last one and something has changed, and gives up those that newer
/// ones make needless. Blocks the calling thread for as long as the business is large.
pub(crate) fn back_up_when_due(
    store: &Store,
    location: &Location,
    clock: &Clock,
) -> Result<Option<Backup>, ServerError> {
    let now_ms = clock.now_ms();
    let (newest, extent) = store
        .read(ReadLane::Quick, |tx| -> Sql<_> { Ok((backup::find_newest(tx)?, backup::extent(tx)?)) })?;
    let due = match newest {
        // Also when the clock went back: the distance counts.
        Some(newest) => newest.extent != extent && now_ms.abs_diff(newest.made_at_ms) >= EVERY_MS,
        None => extent.operations > 0,
    };
    if !due {
        return Ok(None);
    }
    let folder = location.folder();
    let shelf = shelf(folder);
    let (made, content) = copy(store, &shelf.path_of(&shelf.name_of(HOURLY, now_ms)), now_ms)?;
    if !store.write(move |tx| content.note(tx))? {
        return Err(ServerError::BackupOfAnother);
    }
    shelf.rotate(now_ms).map_err(at("giving up old backups", folder))?;
    Ok(Some(made))
}

fn shelf(folder: &Path) -> Shelf {
    Shelf::new(folder.join(FOLDER), STEM, &[HOURLY, PERSON])
}

/// What a backup holds.
#[derive(Debug, Clone)]
struct Content {
    authority: Uuid,
    server_epoch: u32,
    row: BackupRow,
    lives: Vec<(DeviceId, u32, u64)>,
}

/// Copies a business into one file, and reads what that file holds.
fn copy(store: &Store, path: &Path, now_ms: i64) -> Result<(Backup, Content), ServerError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(at("making a folder for backups", folder))?;
    let needed = store.file_bytes().saturating_add(LEAVES_BYTES);
    // A system that does not tell must not stop backups.
    if let Some(free) = free_bytes(folder).ok().filter(|free| *free < needed) {
        return Err(ServerError::NoRoom { free, needed });
    }
    store.copy_into(path)?;
    let bytes = fs::metadata(path).map_err(at("reading the backup back", path))?.len();
    let content = Content::read(path, now_ms)?;
    Ok((Backup { path: path.to_owned(), made_at_ms: now_ms, bytes }, content))
}

impl Content {
    fn read(path: &Path, made_at_ms: i64) -> Result<Self, ServerError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let tx = Tx::Sqlite(&connection);
        let business = business::get(tx)?;
        let (extent, lives): (Extent, _) = (backup::extent(tx)?, life::list_watermarks(tx)?);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self {
            authority: business.authority,
            server_epoch: business.server_epoch,
            row: BackupRow { made_at_ms, name, extent },
            lives,
        })
    }

    /// Notes in the original what the backup holds; `false` when the original is another database by now.
    fn note(&self, tx: Tx<'_>) -> Sql<bool> {
        let business = business::get(tx)?;
        if (business.authority, business.server_epoch) != (self.authority, self.server_epoch) {
            return Ok(false);
        }
        for (device_id, epoch, watermark) in &self.lives {
            life::set_backed_up(tx, *device_id, *epoch, *watermark)?;
        }
        backup::record(tx, &self.row)?;
        Ok(true)
    }
}

fn at<'p>(what: &'static str, path: &'p Path) -> impl FnOnce(std::io::Error) -> ServerError + 'p {
    move |source| ServerError::Io { what, path: path.to_owned(), source }
}
