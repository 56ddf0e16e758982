//! A folder of verified copies of one database, under names that say when and why each was made, and which of them are
//! worth keeping: all of a day, one for each of 14 days, one for each of 12 months.
//!
//! A copy has its name only when it is whole and sound (see [`crate::snapshot()`]). Decides neither when one is made nor
//! when one is put back, and knows no reason by itself: those are the owner's of the database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use chrono::{DateTime, Datelike, NaiveDateTime};

/// Format of the time in a name, UTC to the second.
const TIME: &str = "%Y%m%dT%H%M%SZ";
const SUFFIX: &str = ".db";

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Every copy of the last day is kept,
const EVERY_ONE_MS: i64 = DAY_MS;
/// the newest of each of the last 14 days,
const DAILY_MS: i64 = 14 * DAY_MS;
/// and the newest of each month of the last year.
const MONTHLY_MS: i64 = 366 * DAY_MS;

/// The copies of one database in one folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
    /// What every name begins with.
    stem: &'static str,
    /// Why copies are made, as it stands in their names.
    causes: &'static [&'static str],
}

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelvedCopy {
    /// Name of its file.
    pub name: String,
    /// Why it was made.
    pub cause: &'static str,
    /// When, in milliseconds since 1970 UTC.
    pub made_at_ms: i64,
    /// Its size.
    pub bytes: u64,
    /// Its name tells no time: it was made before a schema changed, and is kept for ever.
    pub is_untimed: bool,
}

impl Shelf {
    /// The copies in a folder, which need not be there yet.
    pub fn new(folder: PathBuf, stem: &'static str, causes: &'static [&'static str]) -> Self {
        Self { folder, stem, causes }
    }

    /// Where a copy of this name lies.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The name of a copy that is made now.
    pub fn name_of(&self, cause: &str, at_ms: i64) -> String {
        let time = DateTime::from_timestamp_millis(at_ms).unwrap_or_default().format(TIME);
        format!("{}-{time}-{cause}{SUFFIX}", self.stem)
    }

    /// The copies, newest first; none when there is no such folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn list(&self) -> io::Result<Vec<ShelvedCopy>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let metadata = entry.metadata()?;
            let Some((cause, named_at_ms)) = self.parse(&name) else { continue };
            let made_at_ms = named_at_ms.unwrap_or_else(|| modified_at_ms(&metadata));
            let is_untimed = named_at_ms.is_none();
            found.push(ShelvedCopy { name, cause, made_at_ms, bytes: metadata.len(), is_untimed });
        }
        found.sort_by(|a, b| (b.made_at_ms, &b.name).cmp(&(a.made_at_ms, &a.name)));
        Ok(found)
    }

    /// Removes the copies that newer ones make needless; which they were.
    ///
    /// # Errors
    /// Those of the file system; what was removed before stays removed.
    pub fn rotate(&self, now_ms: i64) -> io::Result<Vec<ShelvedCopy>> {
        let needless = superseded(&self.list()?, now_ms);
        for copy in &needless {
            fs::remove_file(self.path_of(&copy.name))?;
        }
        Ok(needless)
    }

    /// Copies one of them into another folder, such as one on a removable disk, unless it is there already.
    ///
    /// # Errors
    /// Those of the file system: a folder that is not there is not made, a disk that was pulled out must not become a
    /// folder.
    pub fn copy_to(&self, name: &str, other: &Path) -> io::Result<()> {
        if !other.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let to = other.join(name);
        if to.exists() {
            return Ok(());
        }
        crate::copy_durably(&self.path_of(name), &to)
    }

    /// Why and when a copy of this name was made; `None` for another file. Those that are untimed name the schema that
    /// they have instead.
    fn parse(&self, name: &str) -> Option<(&'static str, Option<i64>)> {
        let middle = name.strip_prefix(self.stem)?.strip_prefix('-')?.strip_suffix(SUFFIX)?;
        let known = |slug: &str| self.causes.iter().copied().find(|cause| *cause == slug);
        let (first, second) = middle.split_once('-')?;
        match NaiveDateTime::parse_from_str(first, TIME) {
            Ok(time) => Some((known(second)?, Some(time.and_utc().timestamp_millis()))),
            Err(_) => Some((known(first)?, None)),
        }
    }
}

/// When a file was last written, in milliseconds since 1970 UTC, by the disk's clock; 0 where the system does not tell.
pub fn modified_at_ms(metadata: &fs::Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

/// Which of them are not worth keeping. Those from the future (a clock that was wrong) stay.
fn superseded(copies: &[ShelvedCopy], now_ms: i64) -> Vec<ShelvedCopy> {
    let mut days = Vec::new();
    let mut months = Vec::new();
    let mut needless = Vec::new();
    // Newest first: the first one of a day or month is the one that stays.
    for copy in copies {
        let age_ms = now_ms.saturating_sub(copy.made_at_ms);
        let (day, month) = day_and_month(copy.made_at_ms);
        let first_of_day = first_of(&mut days, day);
        let first_of_month = first_of(&mut months, month);
        let kept = age_ms <= EVERY_ONE_MS
            || (age_ms <= DAILY_MS && first_of_day)
            || (age_ms <= MONTHLY_MS && first_of_month)
            || copy.is_untimed;
        if !kept {
            needless.push(copy.clone());
        }
    }
    // The last one stays, however old: a register that was in a drawer for two years has no other.
    if needless.len() == copies.len() {
        needless.retain(|copy| copies.first() != Some(copy));
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000_000;
    const HOUR_MS: i64 = DAY_MS / 24;

    fn shelf() -> Shelf {
        Shelf::new(PathBuf::from("nowhere"), "register", &["hourly", "person", "first_sync", "schema"])
    }

    fn hourly(made_at_ms: i64) -> ShelvedCopy {
        let name = shelf().name_of("hourly", made_at_ms);
        ShelvedCopy { name, cause: "hourly", made_at_ms, bytes: 1, is_untimed: false }
    }

    #[test]
    fn a_name_says_when_and_why() {
        let shelf = shelf();
        for cause in ["hourly", "person", "first_sync"] {
            assert_eq!(shelf.parse(&shelf.name_of(cause, NOW)), Some((cause, Some(NOW))), "{cause}");
        }
        assert_eq!(shelf.parse("register-schema-0003.db"), Some(("schema", None)));
        for other in [
            "register.db",
            "register-20260101T000000Z-hourly.db.partial",
            "register-20260101T000000Z-whim.db",
            "registers-20260101T000000Z-hourly.db",
            "x",
            "register-1-hourly.db",
        ] {
            assert_eq!(shelf.parse(other), None, "{other} is no copy of ours");
        }
    }

    #[test]
    fn of_two_years_of_hours_a_day_fourteen_days_and_twelve_months_stay() {
        let mut kept: Vec<ShelvedCopy> = Vec::new();
        // Made and rotated hour by hour, as it happens.
        let mut now_ms = NOW - 2 * 366 * DAY_MS;
        while now_ms <= NOW {
            kept.insert(0, hourly(now_ms));
            let needless = superseded(&kept, now_ms);
            kept.retain(|copy| !needless.contains(copy));
            now_ms += HOUR_MS;
        }
        let within = |age: i64| kept.iter().filter(|copy| NOW - copy.made_at_ms <= age).count();
        assert_eq!(within(EVERY_ONE_MS), 25, "every hour of a day");
        assert!((38..=39).contains(&within(DAILY_MS)), "and one of each day: {}", within(DAILY_MS));
        let months = kept.len() - within(DAILY_MS);
        assert!((11..=13).contains(&months), "and one of each month: {months}");
    }

    #[test]
    fn the_last_copy_and_those_before_a_schema_changed_stay_however_old() {
        let old = hourly(NOW - 3 * 366 * DAY_MS);
        assert_eq!(superseded(std::slice::from_ref(&old), NOW), [], "there is no other");
        let schema = ShelvedCopy {
            name: "register-schema-0001.db".into(),
            cause: "schema",
            is_untimed: true,
            ..hourly(NOW - 30_000 * HOUR_MS)
        };
        assert_eq!(superseded(&[hourly(NOW), old.clone(), schema], NOW), [old]);
    }
}
