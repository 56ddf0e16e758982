//! The chain of final documents of one register: numbers without gaps, each record bound to the one before it
//! and signed by the register's key.
//!
//! `hash = BLAKE3(domain, device, epoch, series, number, kind, document id, issued_at, document hash, previous
//! hash)`, every part with its length in front, so that no two different records have the same bytes. The document
//! hash is BLAKE3 of the document's JSON text exactly as stored and sent.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey, verify_batch};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use ts_rs::TS;

use crate::document::DocumentKind;
use crate::hash::Hash32;
use crate::ids::{DeviceId, DocumentId};

/// Separates these hashes from any other use of BLAKE3; the version rises when the bytes change.
const DOMAIN: &[u8] = b"comptoir.chain.v1";

/// One link: the number and the evidence of one final document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChainRecord {
    /// Which register.
    pub device_id: DeviceId,
    /// Life of the register's local file; see sync identity.
    #[ts(type = "number")]
    pub epoch: u32,
    /// The series that belongs to this (device, epoch), such as `R1` or `R1.2`.
    pub series: String,
    /// Place in the series, from 1, without gaps.
    #[ts(type = "number")]
    pub number: u64,
    /// Kind of the document.
    pub kind: DocumentKind,
    /// The document.
    pub document_id: DocumentId,
    /// When the number was given, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub issued_at_ms: i64,
    /// BLAKE3 of the document's text.
    pub document_hash: Hash32,
    /// Hash of the record before, or zeros for the first.
    pub previous_hash: Hash32,
    /// Hash of this record.
    pub hash: Hash32,
    /// Ed25519 signature of `hash` by the register's key.
    pub signature: Signature64,
}

/// An Ed25519 signature, 128 hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, TS)]
#[ts(type = "string")]
pub struct Signature64(pub [u8; 64]);

/// A register's secret key. Does not print and is not serialised.
#[derive(Clone)]
pub struct DeviceKey(SigningKey);

/// A register's public key, 64 hex digits in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DevicePublicKey(VerifyingKey);

/// What is wrong with a link or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChainFault {
    /// The number does not follow the one before.
    #[error("number {found} stands where {expected} should")]
    Gap {
        /// The next number of the series.
        expected: u64,
        /// As found.
        found: u64,
    },
    /// The record does not name the hash of the record before.
    #[error("number {number} is not bound to the document before it")]
    Unbound {
        /// The record's number.
        number: u64,
    },
    /// The record's fields do not give its hash: it was changed.
    #[error("number {number} was changed after it was issued")]
    Changed {
        /// The record's number.
        number: u64,
    },
    /// The signature is not this register's.
    #[error("number {number} is not signed by this register")]
    BadSignature {
        /// The record's number.
        number: u64,
    },
    /// The document's text does not give the hash in the record.
    #[error("the document with number {number} was changed after it was issued")]
    DocumentChanged {
        /// The record's number.
        number: u64,
    },
    /// Bytes that are no Ed25519 key.
    #[error("the key is not an Ed25519 public key")]
    BadKey,
}

/// Where a series stands: the last number given and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChainHead {
    /// Last number; 0 before the first document.
    #[ts(type = "number")]
    pub number: u64,
    /// Hash of the last record, or zeros.
    pub hash: Hash32,
}

impl ChainHead {
    /// Before the first document.
    pub const START: Self = Self { number: 0, hash: Hash32::GENESIS };

    /// Checks that `record` is the next link, unchanged and signed by `key`.
    pub fn accept(&self, record: &ChainRecord, key: &DevicePublicKey) -> Result<Self, ChainFault> {
        let number = record.number;
        if self.number.checked_add(1) != Some(number) {
            return Err(ChainFault::Gap { expected: self.number.saturating_add(1), found: number });
        }
        if record.previous_hash != self.hash {
            return Err(ChainFault::Unbound { number });
        }
        if record.computed_hash() != record.hash {
            return Err(ChainFault::Changed { number });
        }
        key.check(&record.hash, &record.signature).map_err(|_| ChainFault::BadSignature { number })?;
        Ok(Self { number, hash: record.hash })
    }
}

/// What a new link states; [`ChainRecord::seal`] adds number, hashes and signature.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Which register.
    pub device_id: DeviceId,
    /// Life of the register's local file.
    pub epoch: u32,
    /// The series of this (device, epoch).
    pub series: &'a str,
    /// Kind of the document.
    pub kind: DocumentKind,
    /// The document.
    pub document_id: DocumentId,
    /// When the number is given.
    pub issued_at_ms: i64,
    /// BLAKE3 of the document's text.
    pub document_hash: Hash32,
}

impl ChainRecord {
    /// The next link after `head`, signed.
    pub fn seal(head: ChainHead, link: Link<'_>, key: &DeviceKey) -> Self {
        let mut record = Self {
            device_id: link.device_id,
            epoch: link.epoch,
            series: link.series.to_owned(),
            number: head.number.saturating_add(1),
            kind: link.kind,
            document_id: link.document_id,
            issued_at_ms: link.issued_at_ms,
            document_hash: link.document_hash,
            previous_hash: head.hash,
            hash: Hash32::GENESIS,
            signature: Signature64([0; 64]),
        };
        record.hash = record.computed_hash();
        record.signature = key.sign(&record.hash);
        record
    }

    /// The printed number, such as `R1-000042`.
    pub fn printed_number(&self) -> String {
        printed_number(&self.series, self.number)
    }

    /// The hash that the fields give.
    pub fn computed_hash(&self) -> Hash32 {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_le_bytes());
            hasher.update(bytes);
        };
        part(DOMAIN);
        part(self.device_id.as_bytes());
        part(&self.epoch.to_le_bytes());
        part(self.series.as_bytes());
        part(&self.number.to_le_bytes());
        part(self.kind.as_str().as_bytes());
        part(self.document_id.as_bytes());
        part(&self.issued_at_ms.to_le_bytes());
        part(&self.document_hash.0);
        part(&self.previous_hash.0);
        Hash32(*hasher.finalize().as_bytes())
    }
}

/// A series and a number as printed on receipts: at least six digits.
pub fn printed_number(series: &str, number: u64) -> String {
    format!("{series}-{number:06}")
}

impl DeviceKey {
    /// From the 32 secret bytes of the key store.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.verifying_key())
    }

    /// Signs a digest.
    pub fn sign(&self, hash: &Hash32) -> Signature64 {
        Signature64(self.0.sign(&hash.0).to_bytes())
    }
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceKey(secret)")
    }
}

impl DevicePublicKey {
    /// From 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, ChainFault> {
        VerifyingKey::from_bytes(bytes).map(Self).map_err(|_| ChainFault::BadKey)
    }

    /// The 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Whether `signature` is this key's signature of `hash`.
    pub fn check(&self, hash: &Hash32, signature: &Signature64) -> Result<(), ed25519_dalek::SignatureError> {
        self.0.verify(&hash.0, &Signature::from_bytes(&signature.0))
    }

    /// Whether every signature is this key's signature of the hash beside it. Several together take a third of the time
    /// of each alone. Which one is wrong it does not say.
    pub fn check_all(&self, signed: &[(Hash32, Signature64)]) -> Result<(), ed25519_dalek::SignatureError> {
        let messages: Vec<&[u8]> = signed.iter().map(|(hash, _)| hash.0.as_slice()).collect();
        let signatures: Vec<_> =
            signed.iter().map(|(_, signature)| Signature::from_bytes(&signature.0)).collect();
        verify_batch(&messages, &signatures, &vec![self.0; signed.len()])
    }
}

impl std::fmt::Debug for Signature64 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Signature64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Signature64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

impl Serialize for DevicePublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for DevicePublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Self::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}
