//! BLAKE3 digests as a type, written as 64 hex digits in JSON and 32 bytes in a BLOB.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ts_rs::TS;

/// A BLAKE3 digest of 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
#[ts(type = "string")]
pub struct Hash32(pub [u8; 32]);

impl Hash32 {
    /// What stands before the first record of a chain.
    pub const GENESIS: Self = Self([0; 32]);

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl Hash32 {
    /// The first 16 bytes as an id, for something that must get the same id wherever it is made.
    pub fn to_id(self) -> uuid::Uuid {
        let (id, _) = self.0.split_at(16);
        let bytes = id.try_into().unwrap_or([0; 16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl std::fmt::Display for Hash32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Hash32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}
