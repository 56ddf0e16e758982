//! The schema itself: complete, frozen, and opened again without change.

use pos_store::{FILE_NAME, MIGRATIONS, OpenMode, Store, StoreError};
use rusqlite::Connection;

use crate::kit::Register;

#[test]
fn the_program_knows_every_migration_in_the_folder() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/register");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let known: Vec<String> = MIGRATIONS.iter().map(|m| format!("{:04}_{}.sql", m.version, m.name)).collect();
    assert_eq!(files, known, "a file that is forgotten would never be applied");
}

#[test]
fn the_schema_is_the_released_one() {
    let folder = Register::new().close();
    let conn = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let mut statement = conn
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE '%fts_%' ORDER BY type, name")
        .unwrap();
    let all: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    insta::assert_snapshot!("schema", all.join(";\n\n"));
}

#[test]
fn every_table_is_strict() {
    let folder = Register::new().close();
    let conn = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let loose: i64 = conn
        .query_row(
            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
               AND name NOT LIKE 'sqlite_%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(loose, 0, "a text in an integer column would be found years later");
}

#[test]
fn a_file_opens_again_as_it_was_and_only_once_at_a_time() {
    let register = Register::new();
    let second = Store::open(&register.path(), OpenMode::ReadWrite);
    assert!(matches!(second, Err(StoreError::Held(_))), "two writers would number two receipts alike");
    let reader = Store::open(&register.path(), OpenMode::ReadOnly).unwrap();
    assert!(
        reader.verify(pos_store::verify::Depth::Full).unwrap().is_empty(),
        "reading beside a writer is allowed"
    );
    reader.close().unwrap();
    let folder = register.close();
    let again = Store::open(folder.path(), OpenMode::ReadWrite).unwrap();
    assert_eq!(again.opened().version_before, again.opened().version, "nothing was left to migrate");
    assert!(!again.opened().unclean, "it was closed in order");
}

#[test]
fn a_newer_file_is_refused_untouched() {
    let folder = Register::new().close();
    let path = folder.path().join(FILE_NAME);
    let conn = Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    conn.close().unwrap();
    assert!(matches!(
        Store::open(folder.path(), OpenMode::ReadWrite),
        Err(StoreError::NewerFile { found: 99, .. })
    ));
}
