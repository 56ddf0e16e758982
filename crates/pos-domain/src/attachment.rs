//! Attachments: bytes that belong to a row and travel apart from it. Today these are pictures of products.
//!
//! An attachment is known by the digest of its bytes, so the same picture is the same attachment wherever it was
//! added, and bytes that do not have the digest are not it. A row names it and is whole without it.
//!
//! Must not know: how a picture is drawn, where its bytes lie, how they travel.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::hash::Hash32;

/// Most bytes of an attachment: 512 KiB. A picture of 512 pixels a side has a tenth of that; the rest is room for
/// later sizes.
pub const MAX_ATTACHMENT_BYTES: u32 = 512 * 1024;

/// The digest of an attachment's bytes, by which everybody knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(transparent)]
#[ts(type = "string")]
pub struct AttachmentHash(pub Hash32);

impl AttachmentHash {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Hash32::of(bytes))
    }

    /// Reads a name as rows carry it: 64 small hex digits. Anything else names no attachment, such as a drawing that is
    /// built into a program.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        let small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        (small && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(Self(Hash32(bytes)))
    }
}

impl fmt::Display for AttachmentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Kinds of pictures that a window can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub enum MediaType {
    /// Photographs.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// Drawings and screenshots.
    #[serde(rename = "image/png")]
    Png,
    /// Either, of newer cameras and shops on the web.
    #[serde(rename = "image/webp")]
    WebP,
}

impl MediaType {
    /// What the first bytes of a file say that it is. A name's ending says nothing.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let riff = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Some(Self::Png),
            _ if riff => Some(Self::WebP),
            _ => None,
        }
    }

    /// As in a header, such as `image/jpeg`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_does() {
        let hash = AttachmentHash::of(b"milk");
        assert_eq!(AttachmentHash::parse(&hash.to_string()), Some(hash));
        for other in
            ["", "pictures/milk.svg", &hash.to_string().to_uppercase(), &"0".repeat(63), "../../secret"]
        {
            assert_eq!(AttachmentHash::parse(other), None, "{other} names no attachment");
        }
    }

    #[test]
    fn a_picture_is_known_by_its_first_bytes_and_by_nothing_else() {
        assert_eq!(MediaType::of(&[0xFF, 0xD8, 0xFF, 0xE0]), Some(MediaType::Jpeg));
        assert_eq!(MediaType::of(b"\x89PNG\r\n\x1a\n...."), Some(MediaType::Png));
        assert_eq!(MediaType::of(b"RIFF\0\0\0\0WEBPVP8 "), Some(MediaType::WebP));
        for other in [&b"<svg onload=..."[..], b"RIFF\0\0\0\0WAVE", b"GIF89a", b"%PDF-1.7", b"", b"\xFF\xD8"]
        {
            assert_eq!(MediaType::of(other), None, "{other:?}");
        }
    }
}
