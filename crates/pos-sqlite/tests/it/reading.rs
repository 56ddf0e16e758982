//! The readers: a report never delays a scan, proved by order and not by clocks.

use std::sync::mpsc;

use pos_sqlite::rusqlite::{self, ErrorCode};
use pos_sqlite::{OpenOptions, Priority, ReadError, ReadLane};

use crate::fixture::{Place, bodies, insert, read_bodies, write_note};

#[test]
fn reports_in_progress_delay_neither_a_write_nor_a_quick_read() {
    let place = Place::new();
    // One reader is asked for; a second is made, because one is always kept for quick reads.
    let db = pos_sqlite::Database::open(OpenOptions { readers: 1, ..place.options() }).unwrap();
    write_note(&db, "before").unwrap();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = db.read_async(ReadLane::Report, move |connection| {
        let first = read_bodies(connection)?;
        started.send(()).unwrap();
        released.recv().unwrap();
        Ok::<_, rusqlite::Error>((first, read_bodies(connection)?))
    });
    // These wait behind the first one: more reports than there are threads.
    let waiting: Vec<_> = (0..8).map(|_| db.read_async(ReadLane::Report, read_bodies)).collect();
    has_started.recv().unwrap();

    write_note(&db, "during").expect("the scan is written while the report runs");
    assert_eq!(bodies(&db), ["before", "during"], "and read back at once by the reserved reader");

    release.send(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (first, second) = runtime.block_on(running).unwrap();
    assert_eq!(first, second, "a report sees one snapshot although a sale was committed in between");
    for report in waiting {
        assert_eq!(runtime.block_on(report).unwrap(), ["before", "during"], "a waiting report runs later");
    }
}

#[test]
fn a_quick_read_does_not_wait_for_a_write_in_progress() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "before").unwrap();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let writing = db.write_async(Priority::Sync, move |tx| {
        insert(tx, "uncommitted")?;
        started.send(()).unwrap();
        released.recv().unwrap();
        Ok::<_, rusqlite::Error>(())
    });
    has_started.recv().unwrap();
    assert_eq!(bodies(&db), ["before"], "readers see the last commit and never half a write");
    release.send(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(writing).unwrap();
    assert_eq!(bodies(&db), ["before", "uncommitted"]);
}

#[test]
fn a_reader_cannot_write() {
    let place = Place::new();
    let db = place.open();
    let result = db.read(ReadLane::Quick, |connection| {
        connection.execute("INSERT INTO note (body) VALUES ('smuggled')", [])
    });
    let Err(ReadError::Job(error)) = result else { panic!("a read job wrote: {result:?}") };
    assert_eq!(error.sqlite_error_code(), Some(ErrorCode::ReadOnly));
}

#[test]
fn a_panic_in_a_read_is_an_answer_and_the_reader_lives_on() {
    let place = Place::new();
    let db = place.open();
    for _ in 0..4 {
        let result = db.read(ReadLane::Quick, |_| -> Result<(), rusqlite::Error> { panic!("planted") });
        assert!(matches!(result, Err(ReadError::Panicked)));
    }
    assert_eq!(bodies(&db), Vec::<String>::new(), "more panics than readers, and reading still works");
}

#[test]
fn a_closed_database_refuses_to_read() {
    let place = Place::new();
    let db = place.open();
    db.close().unwrap();
    assert!(matches!(db.read(ReadLane::Quick, read_bodies), Err(ReadError::Closed)));
}
