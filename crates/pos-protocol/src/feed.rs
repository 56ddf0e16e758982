//! The feed of changed rows, and pages of the first sync.

use pos_domain::{DeviceId, OpId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;
use uuid::Uuid;

/// A row as it stands on the server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedRow {
    /// Place in the feed: the row's last change.
    pub seq: u64,
    /// Kind of row, see [`pos_domain::body::EntityKind`]. A kind that a register does not know is kept, not applied.
    pub entity: String,
    /// The row.
    pub id: Uuid,
    /// Revision; rises by one with each change of the row.
    pub rev: u64,
    /// The row is a tombstone; `data` is then absent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Register that made the last change, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_device: Option<DeviceId>,
    /// Operation that made the last change, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_op: Option<OpId>,
    /// The row's fields as a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<RawValue>>,
}

impl PartialEq for FeedRow {
    fn eq(&self, other: &Self) -> bool {
        let text = |row: &Self| row.data.as_ref().map(|d| d.get().to_owned());
        (self.seq, &self.entity, self.id, self.rev, self.deleted, self.origin_device, self.origin_op)
            == (
                other.seq,
                &other.entity,
                other.id,
                other.rev,
                other.deleted,
                other.origin_device,
                other.origin_op,
            )
            && text(self) == text(other)
    }
}

impl Eq for FeedRow {}

/// A register's place in a server's feed. Opaque to the register; written as
/// `authority.server_epoch.incarnation.schema.seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The server's own id.
    pub authority: Uuid,
    /// Life of the server's database.
    pub server_epoch: u32,
    /// What wrote the newest change that the server had when it gave the cursor; nil before the first. A server that
    /// does not know it, or to which it wrote less than `seq`, was put back from an older copy since.
    pub incarnation: Uuid,
    /// [`crate::ROW_SCHEMA`] of the rows.
    pub schema: u16,
    /// Everything up to here was promoted.
    pub seq: u64,
}

/// A text that is no cursor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the cursor is not readable")]
pub struct CursorFault;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { authority, server_epoch, incarnation, schema, seq } = self;
        write!(f, "{authority}.{server_epoch}.{incarnation}.{schema}.{seq}")
    }
}

impl std::str::FromStr for Cursor {
    type Err = CursorFault;

    fn from_str(text: &str) -> Result<Self, CursorFault> {
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(CursorFault);
        let cursor = Self {
            authority: next()?.parse().map_err(|_| CursorFault)?,
            server_epoch: next()?.parse().map_err(|_| CursorFault)?,
            incarnation: next()?.parse().map_err(|_| CursorFault)?,
            schema: next()?.parse().map_err(|_| CursorFault)?,
            seq: next()?.parse().map_err(|_| CursorFault)?,
        };
        if parts.next().is_none() { Ok(cursor) } else { Err(CursorFault) }
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `GET /v1/sync/pull?cursor=&limit=`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Where the register stands.
    pub cursor: Cursor,
    /// Most rows wanted, at most [`crate::MAX_PAGE_ROWS`].
    pub limit: u32,
}

/// A page of the feed, in ascending seq.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullResponse {
    /// Rows above the cursor.
    pub rows: Vec<FeedRow>,
    /// This register's own operations whose effects lie between the old cursor and the new one. A register
    /// that lost the reply to a push learns here which of its movements a pulled balance already contains.
    pub own: Vec<OwnOp>,
    /// Where the register stands once the page is promoted.
    pub next: Cursor,
    /// More rows wait above `next`.
    pub has_more: bool,
    /// Server clock, in milliseconds since 1970 UTC.
    pub server_time_ms: i64,
}

/// One of the pulling register's own operations and where its effects stand in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnOp {
    /// The operation.
    pub op_id: OpId,
    /// Feed position of its effects.
    pub feed_seq: u64,
}

/// `GET /v1/sync/snapshot?entity=&after=&limit=`: rows of one kind in key order, tombstones left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRequest {
    /// Kind of row.
    pub entity: String,
    /// The last key of the page before; none for the first page.
    pub after: Option<Uuid>,
    /// Most rows wanted, at most [`crate::MAX_PAGE_ROWS`].
    pub limit: u32,
}

/// A page of a first sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPage {
    /// In key order.
    pub rows: Vec<FeedRow>,
    /// Key to ask after; none when this was the last page.
    pub next: Option<Uuid>,
    /// Feed position read before the page's rows. The register starts its feed from the mark of the very first page.
    pub mark: Cursor,
    /// Rows of this kind in all, as of this page, for an honest progress bar.
    pub total_rows: u64,
}
