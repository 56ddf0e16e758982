//! Where a business is kept: always a folder of its server's own, and in it or elsewhere the database.

use std::path::{Path, PathBuf};

use crate::error::ServerError;
use crate::storage::postgres::Address;

/// Where a business is kept.
#[derive(Debug, Clone)]
pub struct Location {
    /// Holds the server's certificate and where it answers, and the database when that is embedded.
    pub(crate) folder: PathBuf,
    pub(crate) place: Place,
}

/// Which database holds the business.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// SQLite, in the folder.
    Embedded,
    /// PostgreSQL, which may hold several businesses and serve several servers.
    Postgres(Box<Address>),
}

impl Location {
    /// A folder with its own embedded database.
    pub fn embedded(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), place: Place::Embedded }
    }

    /// A folder whose business is in a PostgreSQL database: the one of this name, or the only one.
    ///
    /// # Errors
    /// [`ServerError::Postgres`] for a URL that is none, or that would send sales over a network in plain text.
    pub fn postgres(
        folder: impl Into<PathBuf>,
        url: &str,
        business: Option<&str>,
    ) -> Result<Self, ServerError> {
        let place = Place::Postgres(Box::new(Address::parse(url, business)?));
        Ok(Self { folder: folder.into(), place })
    }

    /// The server's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl From<&Path> for Location {
    fn from(folder: &Path) -> Self {
        Self::embedded(folder)
    }
}

impl From<&PathBuf> for Location {
    fn from(folder: &PathBuf) -> Self {
        Self::embedded(folder)
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}
