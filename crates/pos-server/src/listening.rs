//! Where the server of a folder answers, for `pair`, which runs in another process.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::ServerError;

const FILE: &str = "listening.json";

/// What a register has to know to reach the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// Its URL, with the pin as a fragment when there is TLS.
    pub server: String,
    /// SHA-256 of the certificate's public key, base64; empty for plain HTTP.
    pub pins: Vec<String>,
}

impl Listening {
    /// Notes it in a data folder; whole or not at all.
    ///
    /// # Errors
    /// [`ServerError::Io`].
    pub fn write(&self, data: &Path) -> Result<(), ServerError> {
        let path = data.join(FILE);
        let temporary = data.join(format!("{FILE}.new"));
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|source| ServerError::Io { what: "noting the address", path: path.clone(), source })
    }

    /// Where the server of a data folder answers or last answered; `None` when it never did.
    ///
    /// # Errors
    /// [`ServerError::Io`] also for an unreadable note.
    pub fn read(data: &Path) -> Result<Option<Self>, ServerError> {
        let path = data.join(FILE);
        let failed = |source| ServerError::Io { what: "reading the address", path: path.clone(), source };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|fault| failed(fault.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}
