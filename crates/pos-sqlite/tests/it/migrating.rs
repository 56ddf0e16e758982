//! Migrations: forward only, all or nothing, never without a verified snapshot, never on another history.

use std::fs;

use pos_sqlite::{
    Database, Migration, MigrationError, MigrationListError, OpenError, OpenOptions, Priority, VerifyDepth,
    verify_file,
};

use crate::fixture::{APPLICATION_ID, CREATE_NOTE, Place, bodies, write_note};

const ADD_COLOUR: Migration =
    Migration { version: 2, name: "add_colour", sql: "ALTER TABLE note ADD COLUMN colour TEXT;" };

static WITH_COLOUR: &[Migration] = &[CREATE_NOTE, ADD_COLOUR];

/// A file of version 1 with one note, closed.
fn version_one() -> Place {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "kept").unwrap();
    db.close().unwrap();
    place
}

/// The step is refused and the file is the same as before, byte for byte where nothing was written.
fn assert_refused_and_unchanged(migrations: &'static [Migration]) -> OpenError {
    let place = version_one();
    let error = place.open_with(migrations).expect_err("the step must be refused");
    let db = place.open();
    assert_eq!(db.opened().version_before, 1, "the version did not move");
    assert_eq!(bodies(&db), ["kept"], "and no row was touched");
    error
}

#[test]
fn an_upgrade_keeps_the_rows_and_leaves_a_verified_snapshot_of_the_old_version() {
    let place = version_one();
    let db = place.open_with(WITH_COLOUR).unwrap();
    assert_eq!((db.opened().version_before, db.opened().version), (1, 2));
    let coloured: i64 = db
        .write(Priority::Till, |tx| {
            tx.execute("UPDATE note SET colour = 'red'", [])?;
            tx.query_row("SELECT count(*) FROM note WHERE colour = 'red'", [], |row| row.get(0))
        })
        .unwrap();
    assert_eq!(coloured, 1, "the old row is there and has the new column");

    let snapshot = db.opened().snapshot.clone().expect("a file with data is saved first");
    assert_eq!(verify_file(&snapshot, VerifyDepth::Full), []);
    let old = Database::open(OpenOptions { path: snapshot, ..place.options() }).unwrap();
    assert_eq!(bodies(&old), ["kept"], "the program of before opens the snapshot and finds its data");
}

#[test]
fn a_new_file_goes_through_all_steps_without_a_snapshot() {
    let place = Place::new();
    let db = place.open_with(WITH_COLOUR).unwrap();
    assert_eq!((db.opened().version_before, db.opened().version), (0, 2));
    assert_eq!(db.opened().snapshot, None, "there is nothing to save");
    db.close().unwrap();
    let db = place.open_with(WITH_COLOUR).unwrap();
    assert_eq!(
        (db.opened().version_before, db.opened().snapshot.as_ref()),
        (2, None),
        "nothing is done twice"
    );
    let record: Vec<(i64, String)> = db
        .read(pos_sqlite::ReadLane::Quick, |connection| {
            connection
                .prepare(
                    "SELECT version, name FROM schema_migration WHERE applied_at_ms > 0 ORDER BY version",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, pos_sqlite::rusqlite::Error>>()
        })
        .unwrap();
    assert_eq!(record, [(1, "create_note".to_owned()), (2, "add_colour".to_owned())]);
}

#[test]
fn no_snapshot_no_migration() {
    let place = version_one();
    let in_the_way = place.folder().join("file");
    fs::write(&in_the_way, "a file where the folder should be").unwrap();
    let options = OpenOptions {
        migrations: WITH_COLOUR,
        snapshot_dir: Some(in_the_way.join("snapshots")),
        ..place.options()
    };
    Database::open(options).expect_err("a step without a way back is not taken");
    assert_eq!(place.open().opened().version_before, 1);
}

#[test]
fn a_snapshot_that_is_not_sound_stops_the_migration() {
    let place = version_one();
    place
        .careless()
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO page (note_id) VALUES (99);")
        .unwrap();
    let result = place.open_with(WITH_COLOUR);
    assert!(matches!(result, Err(OpenError::Snapshot(_))), "{result:?}");
    assert_eq!(place.open().opened().version_before, 1);
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let place = version_one();
    place.open_with(WITH_COLOUR).unwrap().close().unwrap();
    let before = fs::read(place.path()).unwrap();
    let result = Database::open(place.options());
    assert!(matches!(result, Err(OpenError::NewerFile { found: 2, known: 1 })), "{result:?}");
    let result = place.open_read_only();
    assert!(matches!(result, Err(OpenError::NewerFile { found: 2, known: 1 })), "{result:?}");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn an_older_file_is_not_read_without_its_migration() {
    let place = version_one();
    let result = Database::open(OpenOptions {
        migrations: WITH_COLOUR,
        mode: pos_sqlite::OpenMode::ReadOnly,
        ..place.options()
    });
    assert!(matches!(result, Err(OpenError::OlderFile { found: 1, known: 2 })), "{result:?}");
}

#[test]
fn a_step_that_was_edited_after_its_release_is_refused() {
    static EDITED: &[Migration] =
        &[Migration { sql: "CREATE TABLE note (id INTEGER PRIMARY KEY) STRICT;", ..CREATE_NOTE }, ADD_COLOUR];
    let error = assert_refused_and_unchanged(EDITED);
    assert!(matches!(error, OpenError::Migration(MigrationError::Changed { version: 1 })), "{error:?}");
}

#[test]
fn a_hole_in_the_list_is_refused_before_the_file_is_touched() {
    static HOLE: &[Migration] = &[CREATE_NOTE, Migration { version: 3, ..ADD_COLOUR }];
    let place = Place::new();
    let result = place.open_with(HOLE);
    let hole = MigrationListError::NotDense { expected: 2, found: 3 };
    assert!(
        matches!(&result, Err(OpenError::Migration(MigrationError::List(error))) if *error == hole),
        "{result:?}"
    );
    assert!(!place.path().exists(), "not even an empty file was made");
}

#[test]
fn a_record_edited_by_hand_is_refused() {
    for sql in ["DELETE FROM schema_migration", "UPDATE schema_migration SET version = 7"] {
        let place = version_one();
        place.careless().execute_batch(sql).unwrap();
        let result = Database::open(place.options());
        assert!(
            matches!(result, Err(OpenError::Migration(MigrationError::RecordBroken { user_version: 1, .. }))),
            "{sql}: {result:?}"
        );
    }
}

#[test]
fn a_step_that_fails_half_way_leaves_the_file_as_it_was() {
    static FAILS: &[Migration] = &[
        CREATE_NOTE,
        Migration { version: 2, name: "fail_late", sql: "DELETE FROM note; CREATE TABLE note (x);" },
    ];
    let error = assert_refused_and_unchanged(FAILS);
    assert!(matches!(error, OpenError::Migration(MigrationError::Failed { version: 2, .. })), "{error:?}");
}

#[test]
fn steps_before_a_failing_one_stand() {
    static SECOND_FAILS: &[Migration] =
        &[CREATE_NOTE, ADD_COLOUR, Migration { version: 3, name: "fail_now", sql: "CREATE TABLE note (x);" }];
    let place = version_one();
    place.open_with(SECOND_FAILS).expect_err("the third step fails");
    let db = place.open_with(WITH_COLOUR).unwrap();
    assert_eq!(db.opened().version_before, 2, "each step is its own transaction");
    assert_eq!(bodies(&db), ["kept"]);
}

#[test]
fn a_step_can_rebuild_a_table_that_others_refer_to() {
    static REBUILDS: &[Migration] = &[
        CREATE_NOTE,
        Migration {
            version: 2,
            name: "rebuild_note",
            sql: "
CREATE TABLE note_new (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, colour TEXT) STRICT;
INSERT INTO note_new (id, body) SELECT id, body FROM note;
DROP TABLE note;
ALTER TABLE note_new RENAME TO note;",
        },
    ];
    let place = version_one();
    place.careless().execute_batch("INSERT INTO page (note_id) VALUES (1)").unwrap();
    let db = place.open_with(REBUILDS).unwrap();
    assert_eq!(bodies(&db), ["kept"]);
    let orphan = db.write(Priority::Till, |tx| tx.execute("INSERT INTO page (note_id) VALUES (99)", []));
    assert!(orphan.is_err(), "foreign keys are enforced again after the migration");
    db.write(Priority::Till, |tx| tx.execute("INSERT INTO page (note_id) VALUES (1)", []))
        .expect("the children refer to the rebuilt table");
}

#[test]
fn a_step_that_would_orphan_rows_is_refused() {
    static ORPHANS: &[Migration] =
        &[CREATE_NOTE, Migration { version: 2, name: "orphan_page", sql: "DELETE FROM note;" }];
    let place = version_one();
    place.careless().execute_batch("INSERT INTO page (note_id) VALUES (1)").unwrap();
    let result = place.open_with(ORPHANS);
    assert!(
        matches!(&result, Err(OpenError::Migration(MigrationError::ForeignKeys { version: 2, findings }))
            if findings.len() == 1),
        "{result:?}"
    );
    assert_eq!(bodies(&place.open()), ["kept"]);
}

#[test]
fn a_step_cannot_end_its_transaction_nor_change_tested_plans() {
    static COMMITS: &[Migration] =
        &[CREATE_NOTE, Migration { version: 2, name: "commit_early", sql: "DELETE FROM note; COMMIT;" }];
    static ANALYZES: &[Migration] =
        &[CREATE_NOTE, Migration { version: 2, name: "change_plans", sql: "ANALYZE;" }];
    static ATTACHES: &[Migration] =
        &[CREATE_NOTE, Migration { version: 2, name: "attach_other", sql: "ATTACH ':memory:' AS other;" }];
    for forbidden in [COMMITS, ANALYZES, ATTACHES] {
        let error = assert_refused_and_unchanged(forbidden);
        assert!(
            matches!(error, OpenError::Migration(MigrationError::Failed { version: 2, .. })),
            "{error:?}"
        );
    }
}

#[test]
fn a_crash_between_making_the_file_and_its_first_step_is_finished_at_the_next_start() {
    let place = Place::new();
    fs::write(place.path(), "").unwrap();
    assert_eq!(place.open().opened().version, 1, "an empty file is a new one");
    let place = Place::new();
    place.careless().execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}")).unwrap();
    assert_eq!(place.open().opened().version, 1, "and so is one that was only marked as ours");
}
