//! The store that these tests run on: embedded SQLite. The tests of PostgreSQL have another file in this place.

use std::sync::Arc;

use pos_server::Location;

/// Random histories that are tried.
pub(crate) const HISTORIES: u32 = 24;

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

    /// What the database itself says, through a connection of the test's own.
    pub(crate) fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> T {
        let connection = rusqlite::Connection::open(self.folder.path().join("server.db")).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}
