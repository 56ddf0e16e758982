//! The register's secrets: the key that signs its documents, the token by which the server knows it, and the pepper of
//! its people's PINs.
//!
//! They lie in a file of their own, readable by its owner only, beside the database and never in it: a copied
//! database can neither sign nor sync. The window shows this as "unsealed" until an operating system key store holds
//! them.

use std::io::Write;
use std::path::{Path, PathBuf};

use pos_domain::{DeviceId, DeviceKey};
use serde::{Deserialize, Serialize};

use crate::error::AppError;
use crate::world::Chance;

const FILE: &str = "keys.json";

/// A secret that does not print.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// What the key file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeyFile {
    /// Seed of the signing key, hex.
    signing_seed: Secret,
    /// Device token of the server, once joined.
    server_token: Option<Secret>,
    /// What the PINs of people on this register are checked with, hex; made with the first PIN.
    #[serde(default)]
    pin_pepper: Option<Secret>,
    /// Under which id this register asked to join and has not heard that it did: the server may know it already.
    #[serde(default)]
    joining_as: Option<DeviceId>,
}

/// The keys of one data folder.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    path: PathBuf,
    file: KeyFile,
}

impl Keys {
    /// Reads the keys of a data folder; makes the signing key when there is none yet.
    pub(crate) fn open(dir: &Path, chance: Chance) -> Result<Self, AppError> {
        let path = dir.join(FILE);
        match std::fs::read(&path) {
            Ok(bytes) => {
                let file = serde_json::from_slice(&bytes).map_err(|e| AppError::file(&path, e.into()))?;
                Ok(Self { path, file })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let seed = chance.key_seed()?;
                let keys = Self {
                    path,
                    file: KeyFile {
                        signing_seed: Secret(hex::encode(seed)),
                        server_token: None,
                        pin_pepper: None,
                        joining_as: None,
                    },
                };
                keys.save()?;
                Ok(keys)
            }
            Err(e) => Err(AppError::file(&path, e)),
        }
    }

    /// The key that signs final documents.
    pub(crate) fn signing(&self) -> Result<DeviceKey, AppError> {
        let mut seed = [0; 32];
        hex::decode_to_slice(self.file.signing_seed.reveal(), &mut seed)
            .map_err(|e| AppError::file(&self.path, std::io::Error::other(e)))?;
        Ok(DeviceKey::from_seed(&seed))
    }

    /// The token by which the server knows this register.
    pub(crate) fn server_token(&self) -> Option<&Secret> {
        self.file.server_token.as_ref()
    }

    /// Keeps the token of a server.
    pub(crate) fn set_server_token(&mut self, token: Secret) -> Result<(), AppError> {
        self.file.server_token = Some(token);
        self.save()
    }

    /// What PINs are checked with: made at the first use, and never again.
    pub(crate) fn pin_pepper(&mut self, chance: Chance) -> Result<Secret, AppError> {
        if let Some(pepper) = &self.file.pin_pepper {
            return Ok(pepper.clone());
        }
        let pepper = Secret(hex::encode(chance.key_seed()?));
        self.file.pin_pepper = Some(pepper.clone());
        self.save()?;
        Ok(pepper)
    }

    /// The id under which this register asks to join: the same on every try, so that a lost answer leaves one register
    /// on the server and not two.
    pub(crate) fn joining_as(&mut self, new: impl FnOnce() -> DeviceId) -> Result<DeviceId, AppError> {
        if let Some(device_id) = self.file.joining_as {
            return Ok(device_id);
        }
        let device_id = new();
        self.file.joining_as = Some(device_id);
        self.save()?;
        Ok(device_id)
    }

    /// It has joined, and the register's file says so.
    pub(crate) fn joined(&mut self) -> Result<(), AppError> {
        self.file.joining_as = None;
        self.save()
    }

    /// Writes the file beside the old one, flushes it to the disk and puts it in its place: never half a key.
    fn save(&self) -> Result<(), AppError> {
        let write = || -> std::io::Result<()> {
            let beside = self.path.with_extension("json.new");
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut out = options.open(&beside)?;
            out.write_all(&serde_json::to_vec_pretty(&self.file)?)?;
            out.sync_all()?;
            std::fs::rename(&beside, &self.path)?;
            #[cfg(unix)]
            if let Some(folder) = self.path.parent() {
                std::fs::File::open(folder)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|e| AppError::file(&self.path, e))
    }
}
