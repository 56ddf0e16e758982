//! The greeting: who the server is, how far it has seen this register, and its limits.

use pos_domain::DeviceId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::attachment::AttachmentLimits;

/// Protocols that a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtocolRange {
    /// Oldest.
    pub min: u16,
    /// Newest.
    pub max: u16,
}

/// How far the server has seen the operations of a (device, epoch).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// The register.
    pub device_id: DeviceId,
    /// The highest epoch the server knows; 0 when it has seen nothing.
    pub epoch: u32,
    /// Every seq up to here has a stored verdict.
    pub seq: u64,
    /// Seqs above the watermark that have a stored verdict too.
    pub above: Vec<u64>,
}

/// What a server lets one register do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most operations of one push.
    pub batch_ops: u32,
    /// Most bytes of one push before compression.
    pub batch_bytes: u32,
    /// Most rows of one page.
    pub page_rows: u32,
    /// Requests per second that this register should stay below.
    pub requests_per_second: u32,
    /// What it keeps of attachments; none when the server is older than they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<AttachmentLimits>,
}

/// `GET /v1/hello`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocols that the server takes.
    pub protocol: ProtocolRange,
    /// The server's own id.
    pub authority: Uuid,
    /// Life of the server's database; rises when it is restored from a backup.
    pub server_epoch: u32,
    /// How far it has seen this register.
    pub watermark: Watermark,
    /// How far it has seen the lives of this register before that one, the oldest first. A server that was put back may
    /// have lost some of them as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Watermark>,
    /// Operations up to this seq of this (device, epoch) are in the server's newest backup.
    pub backup_watermark: u64,
    /// Last seq of the feed.
    pub feed_seq: u64,
    /// Server clock, in milliseconds since 1970 UTC.
    pub server_time_ms: i64,
    /// What this register may do.
    pub limits: Limits,
}
