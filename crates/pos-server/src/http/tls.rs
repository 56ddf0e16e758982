//! The server's own certificate. Registers trust it by the pin that the owner carries to them when pairing, so it is
//! made once and its key is kept for the life of the server.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use crate::error::ServerError;

const FOLDER: &str = "tls";
const KEY_FILE: &str = "key.pem";
const CERTIFICATE_FILE: &str = "certificate.pem";

/// SHA-256 of a certificate's SubjectPublicKeyInfo, as in RFC 7469.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin([u8; 32]);

impl Pin {
    /// Base64, as in the list of pins.
    pub fn to_base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// The fragment of a server's URL that carries the pin.
    pub fn to_fragment(self) -> String {
        format!("pin-sha256={}", BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    config: Arc<ServerConfig>,
    pin: Pin,
}

impl Certificate {
    /// The certificate of a data folder; made when there is none. `addresses` are where the server answers.
    ///
    /// # Errors
    /// [`ServerError::Io`] and [`ServerError::Certificate`].
    pub fn open(data: &Path, addresses: &[IpAddr]) -> Result<Self, ServerError> {
        let folder = data.join(FOLDER);
        let (key_path, certificate_path) = (folder.join(KEY_FILE), folder.join(CERTIFICATE_FILE));
        if !certificate_path.exists() || !key_path.exists() {
            make(&folder, addresses)?;
        }
        let key_pem = read(&key_path)?;
        let certificate_pem = read(&certificate_path)?;
        let pin = {
            let key = KeyPair::from_pem(&String::from_utf8_lossy(&key_pem)).map_err(fault)?;
            Pin(Sha256::digest(key.subject_public_key_info()).into())
        };
        let certificate = CertificateDer::from_pem_slice(&certificate_pem).map_err(fault)?;
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(fault)?;
        // The provider is named here, so that no other crate's choice of a process-wide default matters.
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(fault)?
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
                .map_err(fault)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), pin })
    }

    /// What registers pin.
    pub fn pin(&self) -> Pin {
        self.pin
    }

    pub(super) fn rustls_config(&self) -> RustlsConfig {
        RustlsConfig::from_config(Arc::clone(&self.config))
    }
}

fn make(folder: &Path, addresses: &[IpAddr]) -> Result<(), ServerError> {
    fs::create_dir_all(folder).map_err(io_failed("making the folder", folder))?;
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]
        .into_iter()
        .chain(addresses.iter().map(IpAddr::to_string))
        .collect::<Vec<_>>();
    let key = KeyPair::generate().map_err(fault)?;
    let certificate =
        CertificateParams::new(names).and_then(|params| params.self_signed(&key)).map_err(fault)?;
    // The certificate last: without it the next start makes both anew.
    write_private(&folder.join(KEY_FILE), key.serialize_pem().as_bytes())?;
    let path = folder.join(CERTIFICATE_FILE);
    fs::write(&path, certificate.pem()).map_err(io_failed("writing the certificate", &path))
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ServerError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let write = || -> io::Result<()> {
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(io_failed("writing the key", path))
}

fn read(path: &Path) -> Result<Vec<u8>, ServerError> {
    fs::read(path).map_err(io_failed("reading", path))
}

fn io_failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ServerError {
    let path: PathBuf = path.to_owned();
    move |source| ServerError::Io { what, path, source }
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> ServerError {
    ServerError::Certificate(Box::new(error))
}
