//! The writer: what is acknowledged stands, everything else leaves nothing, and each failure has its own name.

use std::sync::mpsc;

use pos_sqlite::rusqlite::{self, Transaction};
use pos_sqlite::{Priority, TransactionLost, WriteError, savepoint};

use crate::fixture::{Place, bodies, insert, write_note};

#[derive(Debug, thiserror::Error)]
enum StoreError {
    #[error("refused")]
    Refused,
    #[error(transparent)]
    Transparent(#[from] rusqlite::Error),
    #[error("lost")]
    Lost(#[from] TransactionLost),
}

/// Far more than the pages that [`forbid_growth`] leaves.
fn fill(tx: &Transaction<'_>) -> Result<usize, rusqlite::Error> {
    tx.execute("INSERT INTO note (body) VALUES (hex(zeroblob(1000000)))", [])
}

/// From here on SQLite answers SQLITE_FULL to whatever needs a new page.
fn forbid_growth(tx: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    let pages: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
    tx.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}

#[test]
fn a_refused_job_leaves_nothing_behind() {
    let place = Place::new();
    let db = place.open();
    let result = db.write(Priority::Till, |tx| {
        insert(tx, "half")?;
        Err::<(), _>(StoreError::Refused)
    });
    assert!(
        matches!(result, Err(WriteError::Job(StoreError::Refused))),
        "the caller gets its own error back"
    );
    write_note(&db, "whole").unwrap();
    assert_eq!(bodies(&db), ["whole"], "the refused half is gone and the writer goes on");
}

#[test]
fn a_panic_in_a_job_rolls_back_and_the_writer_lives_on() {
    let place = Place::new();
    let db = place.open();
    let result = db.write(Priority::Till, |tx| -> Result<(), rusqlite::Error> {
        insert(tx, "half")?;
        panic!("planted");
    });
    assert!(matches!(result, Err(WriteError::Panicked)), "a panic is an answer, not a hung till");
    write_note(&db, "after").unwrap();
    assert_eq!(bodies(&db), ["after"], "nothing of the panicked job was committed with a later one");
}

#[test]
fn till_jobs_overtake_waiting_sync_jobs() {
    let place = Place::new();
    let db = place.open();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    drop(db.write_async(Priority::Sync, move |_| -> Result<(), rusqlite::Error> {
        started.send(()).unwrap();
        released.recv().unwrap();
        Ok(())
    }));
    has_started.recv().unwrap();
    for (priority, body) in [
        (Priority::Sync, "sync 1"),
        (Priority::Till, "till 1"),
        (Priority::Sync, "sync 2"),
        (Priority::Till, "till 2"),
    ] {
        drop(db.write_async(priority, move |tx| insert(tx, body)));
    }
    release.send(()).unwrap();
    db.write(Priority::Sync, |tx| insert(tx, "last")).unwrap();
    assert_eq!(
        bodies(&db),
        ["till 1", "till 2", "sync 1", "sync 2", "last"],
        "a cashier waits for the job in progress at most, never for the backlog; dropped answers cancel nothing"
    );
}

#[test]
fn a_deferred_foreign_key_at_commit_is_a_certain_refusal() {
    let place = Place::new();
    let db = place.open();
    let result = db.write(Priority::Till, |tx| tx.execute("INSERT INTO page (note_id) VALUES (99)", []));
    assert!(matches!(result, Err(WriteError::Sqlite(_))), "COMMIT refused before it wrote: {result:?}");
    write_note(&db, "after").expect("a certain refusal does not poison the writer");
}

#[test]
fn a_full_disk_is_told_apart_from_every_other_failure() {
    let place = Place::new();
    let db = place.open();
    let plain = db.write(Priority::Till, |tx| {
        forbid_growth(tx)?;
        insert(tx, "half")?;
        fill(tx)
    });
    assert!(matches!(plain, Err(WriteError::DiskFull(_))), "{plain:?}");
    let wrapped = db.write(Priority::Till, |tx| {
        fill(tx)?;
        Ok::<(), StoreError>(())
    });
    assert!(
        matches!(wrapped, Err(WriteError::DiskFull(_))),
        "found below a transparent wrapper: {wrapped:?}"
    );
    let nested = db.write(Priority::Till, |tx| {
        drop(savepoint(tx, fill)?);
        Ok::<(), StoreError>(())
    });
    assert!(matches!(nested, Err(WriteError::DiskFull(_))), "found below a lost savepoint: {nested:?}");
    write_note(&db, "small").expect("what still fits is still written");
    assert_eq!(bodies(&db), ["small"]);
}

#[test]
fn a_savepoint_undoes_its_own_work_alone_and_nests() {
    let place = Place::new();
    let db = place.open();
    db.write(Priority::Sync, |tx| {
        insert(tx, "before")?;
        let refused = savepoint(tx, |tx| {
            insert(tx, "outer")?;
            let inner = savepoint(tx, |tx| insert(tx, "inner"))?;
            assert!(inner.is_ok());
            Err::<(), _>(StoreError::Refused)
        })?;
        assert!(matches!(refused, Err(StoreError::Refused)), "the operation's own verdict comes back");
        let kept = savepoint(tx, |tx| {
            let inner = savepoint(tx, |tx| {
                insert(tx, "undone")?;
                Err::<(), _>(StoreError::Refused)
            })?;
            assert!(inner.is_err());
            insert(tx, "kept").map_err(StoreError::from)
        })?;
        assert!(kept.is_ok());
        insert(tx, "after")?;
        Ok::<(), StoreError>(())
    })
    .unwrap();
    assert_eq!(bodies(&db), ["before", "kept", "after"], "one refused operation never takes others with it");
}

#[test]
fn a_job_that_lost_its_transaction_is_never_acknowledged() {
    let place = Place::new();
    let db = place.open();
    let swallowed = db.write(Priority::Sync, |tx| {
        forbid_growth(tx)?;
        insert(tx, "half")?;
        // SQLite has rolled everything back by itself; a job that goes on writes row by row without one.
        drop(fill(tx));
        Ok::<(), rusqlite::Error>(())
    });
    assert!(matches!(swallowed, Err(WriteError::TransactionEnded)), "{swallowed:?}");
    let ended = db.write(Priority::Sync, |tx| tx.execute_batch("ROLLBACK"));
    assert!(matches!(ended, Err(WriteError::TransactionEnded)), "{ended:?}");
    assert_eq!(bodies(&db), Vec::<String>::new());
}

#[test]
fn a_write_from_inside_a_write_is_refused_instead_of_waiting_for_itself() {
    let place = Place::new();
    let db = place.open();
    let inside = db.clone();
    let inner = db
        .write(Priority::Till, move |_| {
            Ok::<_, rusqlite::Error>(matches!(write_note(&inside, "x"), Err(WriteError::Nested)))
        })
        .unwrap();
    assert!(inner, "the mistake is named instead of hanging the till");
}

#[tokio::test]
async fn an_async_write_is_durable_when_it_answers_and_a_dropped_answer_cancels_nothing() {
    let place = Place::new();
    let db = place.open();
    drop(db.write_async(Priority::Till, |tx| insert(tx, "nobody waits")));
    let rows = db.write_async(Priority::Till, |tx| insert(tx, "awaited")).await.unwrap();
    assert_eq!(rows, 1);
    let seen = db.read_async(pos_sqlite::ReadLane::Quick, crate::fixture::read_bodies).await.unwrap();
    assert_eq!(seen, ["nobody waits", "awaited"]);
    let after = place.after_power_cut();
    assert_eq!(bodies(&after.open()), ["nobody waits", "awaited"], "acknowledged means on the disk");
}

#[test]
fn closing_finishes_what_was_accepted_and_refuses_what_comes_after() {
    let place = Place::new();
    let db = place.open();
    let clone = db.clone();
    for number in 0..50 {
        drop(db.write_async(Priority::Sync, move |tx| insert(tx, &number.to_string())));
    }
    db.close().unwrap();
    assert!(matches!(write_note(&clone, "late"), Err(WriteError::Closed)), "every clone is closed");
    clone.close().expect("closing twice is harmless");
    assert_eq!(bodies(&place.open()).len(), 50, "an accepted job is done before the file is closed");
}

#[test]
fn a_job_that_drops_the_last_handle_does_not_wait_for_itself() {
    let place = Place::new();
    let db = place.open();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let last = db.clone();
    let answer = db.write_async(Priority::Till, move |tx| {
        started.send(()).unwrap();
        released.recv().unwrap();
        drop(last);
        insert(tx, "done")
    });
    has_started.recv().unwrap();
    drop(db);
    release.send(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(answer).unwrap(), 1, "the job in progress still commits and answers");
}
