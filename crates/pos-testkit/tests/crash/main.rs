//! The disk that crashes, under a plain table: it loses what SQLite does not promise to keep, and nothing else.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing there"
)]

use std::path::Path;

use pos_testkit::chance::seeded;
use pos_testkit::crash::{CrashDisk, Fault, Lasts, Moment, Syncs, Trouble};
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

/// Rows that are written one by one.
const ROWS: u32 = 40;
/// Power cuts at random moments of writing them.
const CUTS: usize = 200;
/// Where the moments and what they lose come from.
const SEED: u64 = 0xD15C;

/// A database that was written to, and the disk that remembers how.
struct Written {
    folder: TempDir,
    disk: CrashDisk,
    /// The moment at which each row was acknowledged.
    acknowledged: Vec<Moment>,
    /// Kept open: closing would synchronise.
    _connection: Connection,
}

impl Written {
    fn by(journal_mode: &str, synchronous: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = CrashDisk::watch(folder.path()).unwrap();
        let connection = open(folder.path());
        connection.pragma_update(None, "journal_mode", journal_mode).unwrap();
        connection.pragma_update(None, "synchronous", synchronous).unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 10).unwrap();
        connection.execute_batch("CREATE TABLE sale (id INTEGER PRIMARY KEY, body TEXT)").unwrap();
        let mut acknowledged = Vec::new();
        for row in 0..ROWS {
            insert(&connection, row).unwrap();
            acknowledged.push(disk.now().unwrap());
        }
        Self { folder, disk, acknowledged, _connection: connection }
    }

    /// How many of so many power cuts lost an acknowledged row or left a file that is not sound.
    fn losses(&self, syncs: Syncs, chance: &mut StdRng) -> usize {
        let (begin, end) = (self.acknowledged[0], self.acknowledged[self.acknowledged.len() - 1]);
        let lost = (0..CUTS).filter(|_| {
            let moment = self.disk.any_moment_between(begin, end, chance);
            let after = tempfile::tempdir().unwrap();
            self.disk.power_cut(moment, syncs, chance).unwrap().lay_out(after.path()).unwrap();
            // Watched as well: its repair need not reach a real disk.
            let _disk = CrashDisk::watch(after.path()).unwrap();
            let promised = self.acknowledged.iter().filter(|at| **at <= moment).count();
            !kept(after.path()).is_ok_and(|rows| usize::try_from(rows).unwrap() >= promised)
        });
        lost.count()
    }
}

fn open(folder: &Path) -> Connection {
    Connection::open(folder.join("shop.db")).unwrap()
}

fn insert(connection: &Connection, row: u32) -> Result<usize, rusqlite::Error> {
    connection.execute("INSERT INTO sale (id, body) VALUES (?1, hex(randomblob(300)))", [row])
}

/// Number of rows, which are the first ones without a gap, of a sound file.
fn kept(folder: &Path) -> Result<u32, rusqlite::Error> {
    let connection = open(folder);
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    let (rows, last): (u32, u32) =
        connection.query_row("SELECT count(*), coalesce(max(id) + 1, 0) FROM sale", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if sound == "ok" && rows == last { Ok(rows) } else { Err(rusqlite::Error::InvalidQuery) }
}

#[test]
fn a_power_cut_loses_what_normal_does_not_promise_and_nothing_that_full_does() {
    let mut chance = seeded(SEED);
    // With a rollback journal COMMIT is the removal of a file, which only EXTRA waits for.
    for (journal_mode, synchronous) in [("WAL", "FULL"), ("DELETE", "EXTRA")] {
        let durable = Written::by(journal_mode, synchronous);
        assert_eq!(
            durable.losses(Syncs::Kept, &mut chance),
            0,
            "{journal_mode}: what was acknowledged stays"
        );
        let lying = durable.losses(Syncs::Ignored, &mut chance);
        assert!(lying > CUTS / 4, "{journal_mode}: a disk that lies loses rows, {lying} times of {CUTS}");
    }
    let normal = Written::by("WAL", "NORMAL").losses(Syncs::Kept, &mut chance);
    assert!(
        normal > CUTS / 4,
        "NORMAL does not synchronise the WAL at COMMIT, lost {normal} times of {CUTS}"
    );
    let off = Written::by("DELETE", "OFF").losses(Syncs::Kept, &mut chance);
    assert!(off > CUTS / 4, "OFF synchronises nothing, lost {off} times of {CUTS}");
}

#[test]
fn a_killed_process_leaves_everything_that_it_had_written() {
    let written = Written::by("WAL", "OFF");
    for (row, at) in (0..).zip(&written.acknowledged) {
        let after = tempfile::tempdir().unwrap();
        written.disk.killed(*at).unwrap().lay_out(after.path()).unwrap();
        assert_eq!(kept(after.path()).unwrap(), row + 1, "the system holds what the process gave it");
    }
}

#[test]
fn the_image_of_now_is_the_folder_and_other_folders_are_left_alone() {
    let other = Written::by("WAL", "FULL");
    let written = Written::by("WAL", "FULL");
    std::fs::write(written.folder.path().join("keys.json"), "{}").unwrap();
    let after = tempfile::tempdir().unwrap();
    written.disk.killed(written.disk.now().unwrap()).unwrap().lay_out(after.path()).unwrap();
    for name in ["shop.db", "shop.db-wal", "keys.json"] {
        let (is, was) = (after.path().join(name), written.folder.path().join(name));
        assert!(std::fs::read(is).unwrap() == std::fs::read(was).unwrap(), "{name} is not what was written");
    }
    let calls = other.disk.calls();
    kept(written.folder.path()).unwrap();
    assert_eq!(other.disk.calls(), calls, "a folder hears of its own files only");
}

#[test]
fn the_call_that_was_ordered_fails_and_only_as_long_as_was_ordered() {
    for trouble in [Trouble::Full, Trouble::Broken] {
        for lasts in [Lasts::Once, Lasts::UntilRepaired] {
            let folder = tempfile::tempdir().unwrap();
            let disk = CrashDisk::watch(folder.path()).unwrap();
            let connection = open(folder.path());
            connection.execute_batch("CREATE TABLE sale (id INTEGER PRIMARY KEY, body TEXT)").unwrap();
            disk.fail(Fault { trouble, nth: 1, lasts });
            insert(&connection, 0).unwrap_err();
            assert_eq!(insert(&connection, 0).is_ok(), lasts == Lasts::Once, "{trouble:?} {lasts:?}");
            assert!(disk.repair(), "it says that it has struck");
            insert(&connection, 1).unwrap();
            assert!(!disk.repair(), "and that it has not");
        }
    }
}
