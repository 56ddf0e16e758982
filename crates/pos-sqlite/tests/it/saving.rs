//! Snapshots, verification and quarantine: a copy is good or has no name, and nothing is ever deleted.

use std::fs;

use pos_sqlite::{
    Check, Database, OpenError, OpenOptions, SnapshotError, VerifyDepth, quarantine, snapshot, verify_file,
};

use crate::fixture::{Place, bodies, damage, write_note};

#[test]
fn a_snapshot_holds_what_was_committed_and_opens_like_the_original() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "still in the WAL").unwrap();
    let to = place.folder().join("copy.db");
    snapshot(&db, &to).unwrap();
    write_note(&db, "later").unwrap();
    let copy = Database::open(OpenOptions { path: to, ..place.options() }).unwrap();
    assert_eq!(bodies(&copy), ["still in the WAL"], "with its application id, schema record and rows");
    assert!(!copy.opened().unclean);
}

#[test]
fn a_newer_snapshot_replaces_the_older_and_a_leftover_of_a_crash_is_no_obstacle() {
    let place = Place::new();
    let db = place.open();
    let to = place.folder().join("copy.db");
    snapshot(&db, &to).unwrap();
    fs::write(place.folder().join("copy.db.partial"), "torn by a power cut").unwrap();
    write_note(&db, "new").unwrap();
    snapshot(&db, &to).unwrap();
    let copy = Database::open(OpenOptions { path: to, ..place.options() }).unwrap();
    assert_eq!(bodies(&copy), ["new"]);
}

#[test]
fn an_unsound_copy_never_gets_the_name_of_a_good_one() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "good").unwrap();
    let to = place.folder().join("copy.db");
    snapshot(&db, &to).unwrap();
    let good = fs::read(&to).unwrap();
    place
        .careless()
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO page (note_id) VALUES (99);")
        .unwrap();
    let result = snapshot(&db, &to);
    assert!(
        matches!(&result, Err(SnapshotError::Unsound(findings)) if findings[0].check == Check::ForeignKeys),
        "{result:?}"
    );
    assert_eq!(fs::read(&to).unwrap(), good, "the last good snapshot still stands");
    assert!(!place.folder().join("copy.db.partial").exists(), "the bad one does not linger");
}

#[test]
fn a_damaged_source_gives_no_snapshot() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, &"x".repeat(20_000)).unwrap();
    db.close().unwrap();
    damage(&place.path());
    let to = place.folder().join("copy.db");
    let result = snapshot(&db, &to);
    assert!(
        matches!(result, Err(SnapshotError::Damaged(_))),
        "the copy alone would pass its checks: {result:?}"
    );
    assert!(!to.exists());
}

#[test]
fn verification_names_damage_garbage_and_a_missing_file() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, &"x".repeat(20_000)).unwrap();
    db.close().unwrap();
    for depth in [VerifyDepth::Quick, VerifyDepth::Full] {
        assert_eq!(verify_file(&place.path(), depth), [], "a sound file has no findings");
        assert_eq!(verify_file(&place.folder().join("missing"), depth)[0].check, Check::Open);
    }
    damage(&place.path());
    for depth in [VerifyDepth::Quick, VerifyDepth::Full] {
        assert!(!verify_file(&place.path(), depth).is_empty(), "damage is found at {depth:?}");
    }
    fs::write(place.path(), "no database at all, but long enough to be mistaken for one").unwrap();
    assert!(!verify_file(&place.path(), VerifyDepth::Quick).is_empty());
}

#[test]
fn only_the_full_check_looks_at_foreign_keys() {
    let place = Place::new();
    place.open().close().unwrap();
    place
        .careless()
        .execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO page (note_id) VALUES (99);")
        .unwrap();
    assert_eq!(verify_file(&place.path(), VerifyDepth::Quick), []);
    let findings = verify_file(&place.path(), VerifyDepth::Full);
    assert_eq!(findings.len(), 1);
    assert_eq!(
        findings[0].to_string(),
        "foreign keys: page row 1 refers to a row of note that does not exist"
    );
}

#[test]
fn quarantine_moves_the_file_with_its_wal_and_frees_the_place() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "in the WAL").unwrap();
    let after = place.after_power_cut();
    let (file, wal) = (fs::read(after.path()).unwrap(), fs::read(after.wal()).unwrap());

    let first = quarantine(&after.path()).unwrap();
    assert_eq!(fs::read(first.join("shop.db")).unwrap(), file, "evidence is kept byte for byte");
    assert_eq!(
        fs::read(first.join("shop.db-wal")).unwrap(),
        wal,
        "with the WAL, which may hold the last sales"
    );
    assert!(!after.path().exists() && !after.wal().exists());

    after.open().close().unwrap();
    let second = quarantine(&after.path()).unwrap();
    assert_ne!(first, second, "an older quarantine is never overwritten");
    quarantine(&after.path()).expect_err("nothing is left to move");
}

#[test]
fn a_quarantine_cut_short_can_be_finished() {
    let place = Place::new();
    let db = place.open();
    write_note(&db, "a").unwrap();
    let after = place.after_power_cut();
    let elsewhere = after.folder().join("moved");
    fs::rename(after.path(), &elsewhere).unwrap();
    let refused = Database::open(after.options());
    assert!(
        matches!(refused, Err(OpenError::Corrupt { .. })),
        "the WAL is not taken for a leftover: {refused:?}"
    );
    let folder = quarantine(&after.path()).unwrap();
    assert!(folder.join("shop.db-wal").exists());
    after.open();
}
