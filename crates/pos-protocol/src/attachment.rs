//! Attachments on the wire: pieces of bytes, each with its place, so that a transfer goes on where it broke off.
//!
//! A piece travels as base64 in JSON like everything else: the compression of the line takes the third that base64 adds
//! off again, and a portal's page cannot be taken for a picture. Neither direction ever carries a row.

use pos_domain::MediaType;
use serde::{Deserialize, Serialize};

/// Most bytes of one piece: 64 KiB, two seconds on a link of 300 kbit/s.
pub const MAX_PIECE_BYTES: u32 = 64 * 1024;

/// What a server keeps of attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentLimits {
    /// Most bytes of one attachment.
    pub file_bytes: u32,
    /// Most bytes of one piece.
    pub piece_bytes: u32,
    /// Most bytes of all attachments of the business.
    pub total_bytes: u64,
}

/// `PUT /v1/attachments/{hash}`: the next bytes of an attachment. The path names it by the digest of all its bytes.
/// Without bytes it asks how far the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendPiece {
    /// Its length in bytes.
    pub size: u32,
    /// Place of the first byte of this piece.
    pub offset: u32,
    /// The bytes.
    #[serde(with = "base64_text")]
    pub bytes: Vec<u8>,
}

/// How far the server holds an attachment that is sent to it. The sender goes on from there, whatever it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceTaken {
    /// The first bytes are on the server's disk.
    Held {
        /// How many.
        bytes: u32,
    },
    /// All bytes are there and have the digest.
    Stored,
    /// The server does not keep it, and will not the next time.
    Refused {
        /// Why.
        reason: AttachmentRefusal,
    },
}

/// Why a server does not keep an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentRefusal {
    /// All bytes came and do not have the digest; what came is dropped.
    WrongHash,
    /// Empty, or more bytes than one attachment may have.
    WrongSize,
    /// Not a JPEG, PNG or WebP picture.
    NotAPicture,
    /// The business holds as many bytes as it may.
    Full,
}

impl AttachmentRefusal {
    /// The reason's stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongHash => "wrong_hash",
            Self::WrongSize => "wrong_size",
            Self::NotAPicture => "not_a_picture",
            Self::Full => "full",
        }
    }
}

/// `GET /v1/attachments/{hash}?offset=&limit=`: bytes of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchPiece {
    /// Place of the first byte that is wanted.
    pub offset: u32,
    /// Most bytes that are wanted, at most [`MAX_PIECE_BYTES`].
    pub limit: u32,
}

/// What the server has of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PieceGiven {
    /// Nothing, or not all of it yet: whoever added it has not sent it.
    NotHere,
    /// Some bytes, at least one unless the end was asked for.
    Piece {
        /// Length of the whole.
        size: u32,
        /// What it is.
        media_type: MediaType,
        /// The bytes from the asked place on.
        #[serde(with = "base64_text")]
        bytes: Vec<u8>,
    },
}

/// Bytes as base64 text.
mod base64_text {
    use std::borrow::Cow;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written, and read back as what was written.
    fn travels<T>(value: &T, text: &str)
    where
        T: Serialize + for<'de> Deserialize<'de> + PartialEq + std::fmt::Debug,
    {
        assert_eq!(serde_json::to_string(value).unwrap(), text);
        assert_eq!(&serde_json::from_str::<T>(text).unwrap(), value);
    }

    #[test]
    fn pieces_and_their_answers_are_written_like_this() {
        let bytes = b"bytes".to_vec();
        travels(
            &SendPiece { size: 9, offset: 4, bytes: bytes.clone() },
            r#"{"size":9,"offset":4,"bytes":"Ynl0ZXM="}"#,
        );
        travels(&PieceTaken::Held { bytes: 9 }, r#"{"held":{"bytes":9}}"#);
        travels(&PieceTaken::Stored, r#""stored""#);
        for (reason, name) in [
            (AttachmentRefusal::WrongHash, "wrong_hash"),
            (AttachmentRefusal::WrongSize, "wrong_size"),
            (AttachmentRefusal::NotAPicture, "not_a_picture"),
            (AttachmentRefusal::Full, "full"),
        ] {
            travels(&PieceTaken::Refused { reason }, &format!(r#"{{"refused":{{"reason":"{name}"}}}}"#));
            assert_eq!(reason.as_str(), name, "people hear the same name");
        }
        travels(&FetchPiece { offset: 4, limit: 5 }, r#"{"offset":4,"limit":5}"#);
        travels(&PieceGiven::NotHere, r#""not_here""#);
        travels(
            &PieceGiven::Piece { size: 9, media_type: MediaType::WebP, bytes },
            r#"{"piece":{"size":9,"media_type":"image/webp","bytes":"Ynl0ZXM="}}"#,
        );
    }
}
