//! Opening: settings that hold, files that are refused untouched, and how an unclean end is noticed.

use std::fs;

use pos_sqlite::rusqlite::types::Value;
use pos_sqlite::{Database, OpenError, OpenOptions, Priority, WriteError};

use crate::fixture::{APPLICATION_ID, Place, bodies, damage, write_note};

#[test]
fn the_settings_durability_rests_on_hold_on_the_writing_connection() {
    let place = Place::new();
    let db = place.open();
    let wanted = [
        ("journal_mode", Value::Text("wal".to_owned())),
        ("synchronous", Value::Integer(2)),
        ("fullfsync", Value::Integer(1)),
        ("checkpoint_fullfsync", Value::Integer(1)),
        ("wal_autocheckpoint", Value::Integer(0)),
        ("foreign_keys", Value::Integer(1)),
        ("recursive_triggers", Value::Integer(1)),
        ("trusted_schema", Value::Integer(0)),
        ("cell_size_check", Value::Integer(1)),
        ("mmap_size", Value::Integer(0)),
        ("busy_timeout", Value::Integer(5_000)),
        ("temp_store", Value::Integer(2)),
        ("application_id", Value::Integer(i64::from(APPLICATION_ID))),
        ("user_version", Value::Integer(1)),
    ];
    for (pragma, value) in wanted {
        let found = db.write(Priority::Till, move |tx| {
            tx.pragma_query_value(None, pragma, |row| row.get::<_, Value>(0))
        });
        assert_eq!(found.unwrap(), value, "{pragma}");
    }
    let limit: i64 = db
        .write(Priority::Till, |tx| tx.pragma_query_value(None, "journal_size_limit", |row| row.get(0)))
        .unwrap();
    assert!(limit > 0, "the WAL gives disk space back after a large import");
}

#[test]
fn defensive_mode_keeps_the_schema_out_of_reach() {
    let place = Place::new();
    let db = place.open();
    let result = db.write(Priority::Till, |tx| {
        tx.pragma_update(None, "writable_schema", true)?;
        tx.execute("UPDATE sqlite_schema SET sql = 'x'", [])
    });
    assert!(
        matches!(result, Err(WriteError::Job(_))),
        "a hostile statement cannot corrupt the file: {result:?}"
    );
}

#[test]
fn a_file_of_another_program_is_refused_untouched() {
    for sql in ["PRAGMA application_id = 42;", "CREATE TABLE theirs (x);"] {
        let place = Place::new();
        place.careless().execute_batch(sql).unwrap();
        let before = fs::read(place.path()).unwrap();
        let result = Database::open(place.options());
        assert!(matches!(result, Err(OpenError::Foreign { .. })), "{sql} {result:?}");
        assert_eq!(fs::read(place.path()).unwrap(), before, "not even its journal mode was changed");
    }
}

#[test]
fn a_file_that_is_no_database_is_called_damaged_and_left_alone() {
    let place = Place::new();
    let garbage = b"this is not a database, however long it may be ".repeat(200);
    fs::write(place.path(), &garbage).unwrap();
    let result = Database::open(place.options());
    assert!(
        matches!(&result, Err(OpenError::Corrupt { findings, .. }) if !findings.is_empty()),
        "{result:?}"
    );
    assert_eq!(fs::read(place.path()).unwrap(), garbage, "nothing is recreated over it");
}

#[test]
fn an_orderly_close_is_clean_whether_asked_for_or_by_dropping_the_last_handle() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "a").unwrap();
    db.close().unwrap();
    let db = place.open();
    assert!(!db.opened().unclean, "closed in order");
    write_note(&db, "b").unwrap();
    drop(db);
    let db = place.open();
    assert!(!db.opened().unclean, "dropped in order");
    assert_eq!(bodies(&db), ["a", "b"]);
}

#[test]
fn an_unclean_end_is_reported_and_loses_nothing() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "acknowledged").unwrap();
    let after = place.after_power_cut();
    let db = after.open();
    assert!(db.opened().unclean, "the WAL that was left behind tells");
    assert_eq!(bodies(&db), ["acknowledged"]);
}

#[test]
fn damage_is_found_at_an_unclean_start() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, &"x".repeat(20_000)).unwrap();
    db.close().unwrap();
    let db = place.open();
    write_note(&db, "last").unwrap();
    let after = place.after_power_cut();
    damage(&after.path());
    let result = Database::open(after.options());
    assert!(matches!(result, Err(OpenError::Corrupt { .. })), "{result:?}");
}

#[test]
fn a_wal_without_its_database_is_refused_instead_of_deleted() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "only in the WAL").unwrap();
    let after = place.after_power_cut();
    fs::remove_file(after.path()).unwrap();
    let wal = fs::read(after.wal()).unwrap();
    let result = Database::open(after.options());
    assert!(matches!(result, Err(OpenError::Corrupt { .. })), "{result:?}");
    assert_eq!(fs::read(after.wal()).unwrap(), wal, "SQLite would have deleted it as a leftover");
}

#[test]
fn a_read_only_handle_reads_beside_a_writer_and_never_writes() {
    let place = Place::new();
    let missing = place.open_read_only();
    assert!(matches!(missing, Err(OpenError::Missing(_))), "reading makes no file: {missing:?}");
    let db = place.open();
    write_note(&db, "a").unwrap();
    let reading = place.open_read_only().unwrap();
    assert_eq!(bodies(&reading), ["a"], "what was committed is seen");
    assert!(matches!(write_note(&reading, "b"), Err(WriteError::ReadOnly)));
    write_note(&db, "c").unwrap();
    assert_eq!(bodies(&reading), ["a", "c"], "and what is committed later");
    reading.close().unwrap();
}

#[test]
fn a_careless_journal_mode_is_put_right_at_opening() {
    let place = Place::new();
    place.open().close().unwrap();
    let mode: String =
        place.careless().query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    let db = place.open();
    let mode: String =
        db.write(Priority::Till, |tx| tx.pragma_query_value(None, "journal_mode", |row| row.get(0))).unwrap();
    assert_eq!(mode, "wal", "whatever another tool did to the file");
}

#[test]
fn a_missing_folder_is_an_error_and_not_made() {
    let place = Place::new();
    let path = place.folder().join("missing").join("shop.db");
    let result = Database::open(OpenOptions { path: path.clone(), ..place.options() });
    assert!(matches!(result, Err(OpenError::Io(_))), "{result:?}");
    assert!(!path.parent().unwrap().exists());
}
