//! Pictures of products.

use pos_domain::AttachmentHash;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What becomes of a product's picture when the product is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PictureChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// The product has none any more.
    Remove,
    /// It is this one, which was added before.
    Set(AttachmentHash),
}

/// A picture that was added and that no product names yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AddedPicture {
    /// Its name.
    pub picture: AttachmentHash,
    /// What became of the file.
    pub file: PictureFile,
}

/// The bytes of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PictureFile {
    /// Such as `image/jpeg`.
    pub media_type: String,
    /// Base64.
    pub data: String,
}

/// Where a picture stands that is not where it belongs yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PictureState {
    /// Waits to be sent.
    Sending,
    /// Waits to be fetched.
    Fetching,
    /// Given up until a person asks for another try.
    Broken,
}

/// A picture that is not where it belongs yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OpenPicture {
    /// Its name.
    pub picture: AttachmentHash,
    /// Name of a product that has it.
    pub product: String,
    /// Where it stands.
    pub state: PictureState,
    /// Its length in bytes, once it is known.
    pub size_bytes: Option<u32>,
    /// How many of them have travelled.
    pub moved_bytes: u32,
    /// When it is tried next.
    pub next_due_at_ms: Option<i64>,
    /// What went wrong last: a stable code such as `not_here` or `sync.unreachable`.
    pub error: Option<String>,
}

/// How many pictures are not where they belong yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, TS)]
pub struct PictureCounts {
    /// Wait to be sent.
    pub to_send: u32,
    /// Wait to be fetched.
    pub to_fetch: u32,
    /// Given up until a person asks for another try.
    pub broken: u32,
}
