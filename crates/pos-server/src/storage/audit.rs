//! The audit trail, and what was refused as an alarm.

use pos_domain::{DeviceId, Hash32, OpId};
use pos_protocol::Operation;
use uuid::Uuid;

use super::operation::mode_name;
use super::{Sql, Tx, integer, natural};

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
    /// Whether it is about a file that went on in two places.
    pub(crate) const fn is_of_a_fork(self) -> bool {
        match self {
            Self::Fork | Self::StaleEpoch => true,
            Self::BodyMismatch | Self::Revoked | Self::ChainFault => false,
        }
    }

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
    /// What else the operation was sent with: so that one of a fork can be recorded after all.
    pub(crate) sent: Option<&'a Operation>,
    pub(crate) at_ms: i64,
}

/// Keeps something aside; the same thing twice is kept once.
pub(crate) fn quarantine(tx: Tx<'_>, kept: &Quarantined<'_>) -> Sql<()> {
    tx.write(
        "INSERT INTO quarantine (reason, device_id, epoch, seq, op_id, content, content_hash, at_ms, kind,
            kind_version, mode, made_at_ms)
         VALUES (:reason, :device_id, :epoch, :seq, :op_id, :content, :content_hash, :at_ms, :kind,
            :kind_version, :mode, :made_at_ms)
         ON CONFLICT DO NOTHING",
        &[
            (":reason", kept.alarm.as_str().into()),
            (":device_id", kept.device_id.as_bytes().into()),
            (":epoch", kept.epoch.into()),
            (":seq", integer(kept.seq)?.into()),
            (":op_id", kept.subject.as_bytes().into()),
            (":content", kept.content.into()),
            (":content_hash", (&Hash32::of(kept.content.as_bytes()).0).into()),
            (":at_ms", kept.at_ms.into()),
            (":kind", kept.sent.map(|operation| operation.kind.as_str()).into()),
            (":kind_version", kept.sent.map(|operation| operation.kind_version).into()),
            (":mode", kept.sent.map(|operation| mode_name(operation.mode)).into()),
            (":made_at_ms", kept.sent.map(|operation| operation.made_at_ms).into()),
        ],
    )
}

/// Number of things kept aside.
pub(crate) fn count_quarantined(tx: Tx<'_>) -> Sql<u64> {
    tx.get("SELECT count(*) AS kept FROM quarantine", &[], |row| natural(row, "kept"))
}

/// Appends to the audit trail.
pub(crate) fn record(
    tx: Tx<'_>,
    at_ms: i64,
    what: &str,
    device_id: Option<DeviceId>,
    op_id: Option<OpId>,
    detail: &serde_json::Value,
) -> Sql<()> {
    tx.write(
        "INSERT INTO audit (at_ms, what, device_id, op_id, detail)
         VALUES (:at_ms, :what, :device_id, :op_id, :detail)",
        &[
            (":at_ms", at_ms.into()),
            (":what", what.into()),
            (":device_id", device_id.as_ref().map(DeviceId::as_bytes).into()),
            (":op_id", op_id.as_ref().map(OpId::as_bytes).into()),
            (":detail", detail.to_string().into()),
        ],
    )
}
