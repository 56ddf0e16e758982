//! The store that these tests run on: embedded SQLite. The tests of PostgreSQL have another file in this place.

use std::sync::Arc;

use pos_server::Location;

/// Random histories that are tried.
pub(crate) const HISTORIES: u32 = 24;

/// A copy of a database.
pub(crate) struct Kept {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
}

/// A place for one business.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) location: Location,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let location = Location::embedded(folder.path());
        Self { folder, location }
    }

    /// What the real program needs in its environment to find it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Whether the program left it as one that ended in order does.
    pub(crate) fn is_in_order(&self) -> bool {
        std::fs::metadata(self.folder.path().join("server.db-wal")).map_or(0, |wal| wal.len()) == 0
    }

    /// A copy of the database, whose server has ended.
    pub(crate) fn keep(&self) -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        std::fs::copy(self.folder.path().join("server.db"), &path).unwrap();
        Kept { _folder: folder, path }
    }

    /// Lays a copy in the place of the database, whose server has ended.
    pub(crate) fn put_back(&self, kept: &Kept) {
        for suffix in ["-wal", "-shm"] {
            let beside = self.folder.path().join(format!("server.db{suffix}"));
            assert!(!beside.exists(), "the server has ended in order");
        }
        std::fs::copy(&kept.path, self.folder.path().join("server.db")).unwrap();
    }

    /// Changes the database behind the server's back.
    pub(crate) fn execute(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("server.db")).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0, "the statement meets a row");
    }

    /// What the database itself says, through a connection of the test's own.
    pub(crate) fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let connection = rusqlite::Connection::open(self.folder.path().join("server.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}
