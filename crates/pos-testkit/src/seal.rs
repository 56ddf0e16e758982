//! TLS of a proxy: a certificate whose key registers are told to expect, and another one that nobody told them of.

use std::sync::Arc;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// Two certificates made for one proxy.
pub(crate) struct Seal {
    pinned: TlsAcceptor,
    another: TlsAcceptor,
    pin: String,
}

impl Seal {
    /// Makes both.
    pub(crate) fn make() -> Result<Self> {
        let ((pinned, pin), (another, _)) = (certificate()?, certificate()?);
        Ok(Self { pinned, another, pin })
    }

    /// Greets with the certificate that registers expect.
    pub(crate) fn as_pinned(&self) -> &TlsAcceptor {
        &self.pinned
    }

    /// Greets as somebody else would.
    pub(crate) fn as_another(&self) -> &TlsAcceptor {
        &self.another
    }

    /// The pin of the first, as it stands in the fragment of a server's URL.
    pub(crate) fn pin(&self) -> &str {
        &self.pin
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal").field("pin", &self.pin).finish_non_exhaustive()
    }
}

fn certificate() -> Result<(TlsAcceptor, String)> {
    let key = KeyPair::generate().context("a key")?;
    let pin = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(key.subject_public_key_info()));
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.self_signed(&key).context("a certificate")?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    // The provider is named here, so that no other crate's choice of a process-wide default matters.
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), pin))
}
