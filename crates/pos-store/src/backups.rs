//! Backups of the register's file: verified copies under names that say when and why, kept 24 hours, 14 days and
//! 12 months.
//!
//! A backup has its name only when it is whole and sound (see `pos_sqlite::snapshot`). Decides neither when one is made
//! nor when one is put back: that is the application's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use chrono::{DateTime, Datelike, NaiveDateTime};

use crate::{Store, StoreError};

/// Folder of backups in the data folder.
pub const FOLDER: &str = "backups";
/// Format of the time in a name, UTC to the second.
const TIME: &str = "%Y%m%dT%H%M%SZ";
const STEM: &str = "register-";
const SUFFIX: &str = ".db";

const HOUR_MS: i64 = 60 * 60 * 1_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Every backup of the last day is kept,
const EVERY_ONE_MS: i64 = DAY_MS;
/// the newest of each of the last 14 days,
const DAILY_MS: i64 = 14 * DAY_MS;
/// and the newest of each month of the last year.
const MONTHLY_MS: i64 = 366 * DAY_MS;

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
}

impl Cause {
    const ALL: [Self; 5] = [Self::Hourly, Self::Person, Self::FirstSync, Self::Import, Self::Migration];

    /// As it stands in a name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::Person => "person",
            Self::FirstSync => "first_sync",
            Self::Import => "import",
            Self::Migration => "schema",
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
    let entries = match fs::read_dir(backups) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let metadata = entry.metadata()?;
        let Some((cause, named_at_ms)) = parse(&name) else { continue };
        let made_at_ms = named_at_ms.unwrap_or_else(|| modified_at_ms(&metadata));
        found.push(Backup { name, cause, made_at_ms, bytes: metadata.len() });
    }
    found.sort_by(|a, b| (b.made_at_ms, &b.name).cmp(&(a.made_at_ms, &a.name)));
    Ok(found)
}

/// Removes the backups of a folder that newer ones make needless; which they were.
///
/// # Errors
/// Those of the file system; what was removed before stays removed.
pub fn rotate(backups: &Path, now_ms: i64) -> io::Result<Vec<Backup>> {
    let needless = superseded(&list(backups)?, now_ms);
    for backup in &needless {
        fs::remove_file(backups.join(&backup.name))?;
    }
    Ok(needless)
}

/// Copies a backup into another folder, such as one on a removable disk, unless it is there already.
///
/// # Errors
/// Those of the file system: a folder that is not there is not made, a disk that was pulled out must not become a
/// folder.
pub fn copy_to(backups: &Path, backup: &Backup, other: &Path) -> io::Result<()> {
    if !other.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotFound));
    }
    let to = other.join(&backup.name);
    if to.exists() {
        return Ok(());
    }
    pos_sqlite::copy_durably(&backups.join(&backup.name), &to)
}

/// Which of them are not worth keeping. Those from the future (a clock that was wrong) stay.
fn superseded(backups: &[Backup], now_ms: i64) -> Vec<Backup> {
    let mut days = Vec::new();
    let mut months = Vec::new();
    let mut needless = Vec::new();
    // Newest first: the first one of a day or month is the one that stays.
    for backup in backups {
        let age_ms = now_ms.saturating_sub(backup.made_at_ms);
        let (day, month) = day_and_month(backup.made_at_ms);
        let first_of_day = first_of(&mut days, day);
        let first_of_month = first_of(&mut months, month);
        let kept = age_ms <= EVERY_ONE_MS
            || (age_ms <= DAILY_MS && first_of_day)
            || (age_ms <= MONTHLY_MS && first_of_month)
            || backup.cause == Cause::Migration;
        if !kept {
            needless.push(backup.clone());
        }
    }
    // The last one stays, however old: a register that was in a drawer for two years has no other.
    if needless.len() == backups.len() {
        needless.retain(|backup| backups.first() != Some(backup));
    }
    needless
}

fn first_of<T: PartialEq>(seen: &mut Vec<T>, one: T) -> bool {
    if seen.last() == Some(&one) {
        return false;
    }
    seen.push(one);
    true
}

fn day_and_month(at_ms: i64) -> (i64, (i32, u32)) {
    let date = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    (at_ms.div_euclid(DAY_MS), (date.year(), date.month()))
}

fn name_of(cause: Cause, at_ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().format(TIME);
    format!("{STEM}{time}-{}{SUFFIX}", cause.as_str())
}

/// Why and when a backup of this name was made; `None` for another file. Those before a migration name the schema
/// instead of the time.
fn parse(name: &str) -> Option<(Cause, Option<i64>)> {
    let middle = name.strip_prefix(STEM)?.strip_suffix(SUFFIX)?;
    if middle.starts_with(Cause::Migration.as_str()) {
        return Some((Cause::Migration, None));
    }
    let (time, cause) = middle.split_once('-')?;
    let cause = Cause::ALL.into_iter().find(|known| known.as_str() == cause)?;
    let time = NaiveDateTime::parse_from_str(time, TIME).ok()?;
    Some((cause, Some(time.and_utc().timestamp_millis())))
}

fn modified_at_ms(metadata: &fs::Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
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
        let name = name_of(cause, now_ms);
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

    const NOW: i64 = 1_780_000_000_000;

    fn hourly(hours_ago: i64) -> Backup {
        let made_at_ms = NOW - hours_ago * HOUR_MS;
        Backup { name: name_of(Cause::Hourly, made_at_ms), cause: Cause::Hourly, made_at_ms, bytes: 1 }
    }

    #[test]
    fn a_name_says_when_and_why() {
        for cause in [Cause::Hourly, Cause::Person, Cause::FirstSync, Cause::Import] {
            assert_eq!(parse(&name_of(cause, NOW)), Some((cause, Some(NOW))), "{cause:?}");
        }
        assert_eq!(parse("register-schema-0003.db"), Some((Cause::Migration, None)));
        for other in
            ["register.db", "register-20260101T000000Z-hourly.db.partial", "x", "register-1-hourly.db"]
        {
            assert_eq!(parse(other), None, "{other} is no backup");
        }
    }

    #[test]
    fn of_two_years_of_hours_a_day_fourteen_days_and_twelve_months_stay() {
        let mut kept: Vec<Backup> = Vec::new();
        // Made and rotated hour by hour, as it happens.
        let mut now_ms = NOW - 2 * 366 * DAY_MS;
        while now_ms <= NOW {
            let name = name_of(Cause::Hourly, now_ms);
            kept.insert(0, Backup { name, cause: Cause::Hourly, made_at_ms: now_ms, bytes: 1 });
            let needless = superseded(&kept, now_ms);
            kept.retain(|backup| !needless.contains(backup));
            now_ms += HOUR_MS;
        }
        let within = |age: i64| kept.iter().filter(|b| NOW - b.made_at_ms <= age).count();
        assert_eq!(within(EVERY_ONE_MS), 25, "every hour of a day");
        assert!((38..=39).contains(&within(DAILY_MS)), "and one of each day: {}", within(DAILY_MS));
        let months = kept.len() - within(DAILY_MS);
        assert!((11..=13).contains(&months), "and one of each month: {months}");
    }

    #[test]
    fn the_last_backup_and_those_before_a_migration_stay_however_old() {
        let old = hourly(3 * 366 * 24);
        assert_eq!(superseded(std::slice::from_ref(&old), NOW), [], "there is no other");
        let schema =
            Backup { name: "register-schema-0001.db".into(), cause: Cause::Migration, ..hourly(30_000) };
        assert_eq!(superseded(&[hourly(0), old.clone(), schema], NOW), [old]);
    }
}
