//! The WAL is carried over beside the writer: it stays short, and a power cut in the midst of it takes nothing.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use pos_sqlite::{Database, OpenOptions, Priority, ReadLane, VerifyDepth, verify_file};
#[cfg(unix)]
use pos_testkit::{chance::seeded, crash};

use crate::fixture::{Place, bodies, insert, options};

/// Pages that the WAL of these tests should hold.
const WAL_PAGES: u32 = 20;
/// As often as the crate's documentation promises: the most that ever gathers.
const MOST_MARKS: u64 = 4;
/// Pages of the largest commit of these tests, with room.
const COMMIT_PAGES: u64 = 16;
/// Bytes of the WAL's header and of each of its pages.
const HEADER_BYTES: u64 = 32;
const FRAME_BYTES: u64 = 24 + 4_096;
const WRITES: usize = 400;

fn open(folder: &Path) -> Database {
    Database::open(OpenOptions { wal_pages: WAL_PAGES, ..options(folder.join("shop.db")) }).unwrap()
}

/// A note of a page or two.
fn write_long(db: &Database, number: usize) {
    let body = format!("{number:06}{}", "x".repeat(4_000));
    db.write(Priority::Till, move |tx| insert(tx, &body)).unwrap();
}

fn numbers(db: &Database) -> Vec<usize> {
    bodies(db).iter().map(|body| body[..6].parse().unwrap()).collect()
}

fn wal_is_short(place: &Place) -> bool {
    let most = HEADER_BYTES + (u64::from(WAL_PAGES) * MOST_MARKS + COMMIT_PAGES) * FRAME_BYTES;
    fs::metadata(place.wal()).unwrap().len() <= most
}

#[test]
fn the_wal_of_a_writer_that_never_rests_stays_short() {
    let place = Place::new();
    let db = open(place.folder());
    for number in 0..WRITES {
        write_long(&db, number);
        assert!(wal_is_short(&place), "after {number} writes, however slow the thread beside is");
    }
    db.close().unwrap();
    assert_eq!(fs::metadata(place.wal()).map_or(0, |wal| wal.len()), 0, "the end is a clean one");
    assert_eq!(verify_file(&place.path(), VerifyDepth::Full), []);
    assert_eq!(numbers(&open(place.folder())), Vec::from_iter(0..WRITES));
}

#[test]
fn in_step_the_writer_keeps_the_wal_short_by_itself() {
    let place = Place::new();
    let db = open(place.folder());
    db.work_in_step();
    for number in 0..WRITES {
        write_long(&db, number);
        let once = HEADER_BYTES + (u64::from(WAL_PAGES) + COMMIT_PAGES) * FRAME_BYTES;
        assert!(fs::metadata(place.wal()).unwrap().len() <= once, "nothing is left for later: {number}");
    }
    assert_eq!(numbers(&db), Vec::from_iter(0..WRITES));
}

#[test]
fn a_reader_that_looks_on_for_long_delays_no_write_and_afterwards_the_wal_is_short_again() {
    let place = Place::new();
    let db = open(place.folder());
    write_long(&db, 0);
    static DONE: AtomicBool = AtomicBool::new(false);
    let (looks, began) = std::sync::mpsc::channel();
    let report = db.read_async(ReadLane::Report, move |connection| {
        let before: i64 = connection.query_row("SELECT count(*) FROM note", [], |row| row.get(0))?;
        looks.send(()).unwrap();
        while !DONE.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        let after: i64 = connection.query_row("SELECT count(*) FROM note", [], |row| row.get(0))?;
        Ok::<_, pos_sqlite::rusqlite::Error>((before, after))
    });
    began.recv().unwrap();
    for number in 1..WRITES {
        write_long(&db, number);
    }
    DONE.store(true, Ordering::Release);
    let seen = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(report);
    assert_eq!(seen.unwrap(), (1, 1), "a report sees one moment");
    for number in WRITES..2 * WRITES {
        write_long(&db, number);
    }
    assert!(wal_is_short(&place), "the file is as short as ever once nobody looks on");
    assert_eq!(numbers(&db), Vec::from_iter(0..2 * WRITES));
}

/// Power cuts while both threads are at work, however their calls happen to stand between each other.
#[cfg(unix)]
#[test]
fn a_power_cut_while_the_wal_is_carried_over_loses_no_acknowledged_write() {
    const CUTS: usize = 200;
    let place = Place::new();
    let disk = crash::CrashDisk::watch(place.folder()).unwrap();
    let db = open(place.folder());
    let acknowledged: Vec<_> = (0..WRITES)
        .map(|number| {
            write_long(&db, number);
            disk.now().unwrap()
        })
        .collect();
    let mut chance = seeded(0xCA44);
    for _ in 0..CUTS {
        let at = disk.any_moment_between(acknowledged[0], acknowledged[WRITES - 1], &mut chance);
        let after = Place::new();
        disk.power_cut(at, crash::Syncs::Kept, &mut chance).unwrap().lay_out(after.folder()).unwrap();
        // Watched as well: its repair need not reach a real disk.
        let _disk = crash::CrashDisk::watch(after.folder()).unwrap();
        let promised = acknowledged.iter().filter(|moment| **moment <= at).count();
        let kept = numbers(&open(after.folder()));
        assert!(kept.len() >= promised && kept == Vec::from_iter(0..kept.len()), "{promised}: {kept:?}");
        assert_eq!(verify_file(&after.path(), VerifyDepth::Full), []);
    }
}
