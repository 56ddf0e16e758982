//! The store that these tests run on: PostgreSQL. Each business has a database of its own.

use std::sync::Arc;

use pos_server::Location;
use tokio_postgres::types::FromSqlOwned;

use crate::cluster::{cluster, with};

/// Random histories that are tried: the rules are the same ones, only their storage differs.
pub(crate) const HISTORIES: u32 = 8;

/// A copy of a database.
pub(crate) struct Kept {
    name: String,
}

/// A place for one business.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) location: Location,
    pub(crate) database: String,
}

impl Place {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self::beside(&cluster().database().unwrap(), None)
    }

    /// A folder of another server for a business in a database that is there.
    pub(crate) fn beside(database: &str, business: Option<&str>) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let url = cluster().server_url(database);
        let location = Location::postgres(folder.path(), &url, business).unwrap();
        Self { folder, location, database: database.to_owned() }
    }

    /// What the real program needs in its environment to find it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("COMPTOIR_DATABASE_URL", cluster().server_url(&self.database))]
    }

    /// Whether the program left it as one that ended in order does.
    pub(crate) fn is_in_order(&self) -> bool {
        !self.folder.path().join("server.db").exists()
    }

    /// A copy of the database, whose servers have ended.
    pub(crate) fn keep(&self) -> Kept {
        let name = format!("{}_kept", self.database);
        let sql = format!("CREATE DATABASE {name} TEMPLATE {}", self.database);
        cluster().run("postgres", &sql).unwrap();
        Kept { name }
    }

    /// Lays a copy in the place of the database. A server that still works loses its connections.
    pub(crate) fn put_back(&self, kept: &Kept) {
        cluster().run("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.database)).unwrap();
        let sql = format!("CREATE DATABASE {} OWNER comptoir TEMPLATE {}", self.database, kept.name);
        cluster().run("postgres", &sql).unwrap();
    }

    /// Changes the database behind the server's back.
    pub(crate) fn execute(&self, sql: &str) {
        let sql = sql.to_owned();
        let changed = with(&self.database, move |client| {
            Box::pin(async move { client.execute(&sql, &[]).await.unwrap() })
        });
        assert!(changed > 0, "the statement meets a row");
    }

    /// What the database itself says, through a connection that no rule binds.
    pub(crate) fn query<T: FromSqlOwned + Send + 'static>(&self, sql: &str) -> T {
        let sql = sql.to_owned();
        with(&self.database, move |client| {
            Box::pin(async move { client.query_one(&sql, &[]).await.unwrap().get(0) })
        })
    }
}
