//! A small database to break: notes, and pages that belong to a note.

use std::fs;
use std::path::{Path, PathBuf};

use pos_sqlite::rusqlite::{self, Connection, Transaction};
use pos_sqlite::{Database, Migration, OpenError, OpenMode, OpenOptions, Priority, ReadLane, WriteError};
use tempfile::TempDir;

pub(crate) const APPLICATION_ID: i32 = 0x7465_7374;

pub(crate) const CREATE_NOTE: Migration = Migration {
    version: 1,
    name: "create_note",
    sql: "
CREATE TABLE note (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
CREATE TABLE page (
    id      INTEGER PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;",
};

pub(crate) static NOTES: &[Migration] = &[CREATE_NOTE];

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder().join("shop.db")
    }

    pub(crate) fn wal(&self) -> PathBuf {
        self.folder().join("shop.db-wal")
    }

    pub(crate) fn options(&self) -> OpenOptions {
        options(self.path())
    }

    pub(crate) fn open(&self) -> Database {
        Database::open(self.options()).unwrap()
    }

    pub(crate) fn open_with(&self, migrations: &'static [Migration]) -> Result<Database, OpenError> {
        Database::open(OpenOptions { migrations, ..self.options() })
    }

    pub(crate) fn open_read_only(&self) -> Result<Database, OpenError> {
        Database::open(OpenOptions { mode: OpenMode::ReadOnly, ..self.options() })
    }

    /// The connection of another, careless program: no pragma of ours.
    pub(crate) fn careless(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// What a disk would hold if the machine stopped now: the database and its WAL, not the shared memory.
    pub(crate) fn after_power_cut(&self) -> Self {
        let copy = Self::new();
        fs::copy(self.path(), copy.path()).unwrap();
        fs::copy(self.wal(), copy.wal()).unwrap();
        copy
    }
}

pub(crate) fn options(path: PathBuf) -> OpenOptions {
    OpenOptions {
        path,
        application_id: APPLICATION_ID,
        migrations: NOTES,
        snapshot_dir: None,
        readers: 2,
        wal_pages: 1_000,
        mode: OpenMode::ReadWrite,
    }
}

pub(crate) fn insert(tx: &Transaction<'_>, body: &str) -> Result<usize, rusqlite::Error> {
    tx.execute("INSERT INTO note (body) VALUES (?1)", [body])
}

pub(crate) fn write_note(db: &Database, body: &str) -> Result<usize, WriteError<rusqlite::Error>> {
    let body = body.to_owned();
    db.write(Priority::Till, move |tx| insert(tx, &body))
}

pub(crate) fn read_bodies(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    connection.prepare("SELECT body FROM note ORDER BY id")?.query_map([], |row| row.get(0))?.collect()
}

pub(crate) fn bodies(db: &Database) -> Vec<String> {
    db.read(ReadLane::Quick, read_bodies).unwrap()
}

/// Destroys the last two pages, as a dying disk does: contents of the longest note, which nothing reads at
/// opening.
pub(crate) fn damage(path: &Path) {
    const DAMAGED_BYTES: usize = 2 * 4096;
    let mut bytes = fs::read(path).unwrap();
    let sound = bytes.len().checked_sub(DAMAGED_BYTES).unwrap();
    bytes[sound..].fill(0x5A);
    fs::write(path, bytes).unwrap();
}
