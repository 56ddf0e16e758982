//! The audit trail, and what was refused as an alarm.

use pos_domain::{DeviceId, Hash32, OpId};
use rusqlite::{Connection, named_params};
use uuid::Uuid;

use super::{Sql, integer, natural};

/// Why something is kept aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// A known operation came with another body.
    BodyMismatch,
    /// Another operation stands at this place of the register's life.
    Fork,
    /// A newer life of the register's file is known.
    StaleEpoch,
    /// The register was revoked.
    Revoked,
    /// A link of the chain does not fit.
    ChainFault,
}

impl Alarm {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BodyMismatch => "body_mismatch",
            Self::Fork => "fork",
            Self::StaleEpoch => "stale_epoch",
            Self::Revoked => "revoked",
            Self::ChainFault => "chain_fault",
        }
    }
}

/// What is kept aside.
#[derive(Debug)]
pub(crate) struct Quarantined<'a> {
    pub(crate) alarm: Alarm,
    pub(crate) device_id: DeviceId,
    pub(crate) epoch: u32,
    /// Seq of the operation, or number of the chain link.
    pub(crate) seq: u64,
    /// The operation, or the document of a chain link.
    pub(crate) subject: Uuid,
    pub(crate) content: &'a str,
    pub(crate) at_ms: i64,
}

/// Keeps something aside; the same thing twice is kept once.
pub(crate) fn quarantine(connection: &Connection, kept: &Quarantined<'_>) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO quarantine (reason, device_id, epoch, seq, op_id, content, content_hash, at_ms)
             VALUES (:reason, :device_id, :epoch, :seq, :op_id, :content, :content_hash, :at_ms)
             ON CONFLICT DO NOTHING",
        )?
        .execute(named_params! {
            ":reason": kept.alarm.as_str(),
            ":device_id": kept.device_id.as_bytes(),
            ":epoch": kept.epoch,
            ":seq": integer(kept.seq)?,
            ":op_id": kept.subject.as_bytes(),
            ":content": kept.content,
            ":content_hash": Hash32::of(kept.content.as_bytes()).0,
            ":at_ms": kept.at_ms,
        })?;
    Ok(())
}

/// Number of things kept aside.
pub(crate) fn count_quarantined(connection: &Connection) -> Sql<u64> {
    connection
        .prepare_cached("SELECT count(*) AS kept FROM quarantine")?
        .query_row([], |row| natural(row, "kept"))
}

/// Appends to the audit trail.
pub(crate) fn record(
    connection: &Connection,
    at_ms: i64,
    what: &str,
    device_id: Option<DeviceId>,
    op_id: Option<OpId>,
    detail: &serde_json::Value,
) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at_ms, what, device_id, op_id, detail)
             VALUES (:at_ms, :what, :device_id, :op_id, :detail)",
        )?
        .execute(named_params! {
            ":at_ms": at_ms,
            ":what": what,
            ":device_id": device_id.as_ref().map(DeviceId::as_bytes),
            ":op_id": op_id.as_ref().map(OpId::as_bytes),
            ":detail": detail.to_string(),
        })?;
    Ok(())
}
