//! Operations and pushes.

use pos_domain::chain::ChainHead;
use pos_domain::{ChainRecord, DeviceId, Hash32, OpId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::feed::Cursor;
use crate::verdict::OpVerdict;

/// What the register asks for an operation whose effect the server may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// May this be done? The customer still stands at the counter. Only sales ask.
    Admit,
    /// This was done. The server records it, whatever its stock says.
    Fact,
    /// The register gave the cart back without an answer (setting "sales need the server"): undo it if it was
    /// applied, and never apply it later.
    Withdraw,
}

/// One operation. The server never sees a changed one: same `op_id`, same body, for ever. Only `mode` moves on,
/// from [`Mode::Admit`] to one of the other two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// Identity and idempotency key.
    pub op_id: OpId,
    /// Place in the register's own order; dense from 1 per (device, epoch).
    pub seq: u64,
    /// Kind of command, such as `sale.complete`.
    pub kind: String,
    /// Version of the kind.
    pub kind_version: u16,
    /// Operations that must have been applied before. Only of the same device.
    pub depends_on: Vec<OpId>,
    /// What is asked.
    pub mode: Mode,
    /// When the register made it, in milliseconds since 1970 UTC. Shown, never used for order.
    pub made_at_ms: i64,
    /// The body, byte for byte as the register made it.
    pub body: Box<RawValue>,
    /// BLAKE3 of `body`'s bytes.
    pub body_hash: Hash32,
}

/// `POST /v1/sync/push`. The device is known by its token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PushRequest {
    /// [`crate::PROTOCOL`] of the register.
    pub protocol: u16,
    /// The register; must be the token's.
    pub device_id: DeviceId,
    /// Life of the register's local file.
    pub epoch: u32,
    /// In the order in which they are to be tried.
    pub operations: Vec<Operation>,
    /// Links of the register's chain that the server has not countersigned yet, in order. Their documents' operations
    /// are in this push or were in an earlier one. On the wire a link leaves out what it shares with the one before it.
    #[serde(with = "crate::links")]
    pub chain: Vec<ChainRecord>,
    /// What the register has heard of this server. Left out by a register that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
}

/// How far a register has heard of a server: one that was put back from an older copy finds here what it has forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Where the register stands in the feed; `None` before its first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// The highest seq of this (device, epoch) that the server has acknowledged; 0 before the first.
    pub acknowledged: u64,
}

/// The answer to a push: 200 when the batch was processed, whatever the verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushResponse {
    /// One verdict per operation, in the order of the request.
    pub verdicts: Vec<OpVerdict>,
    /// How far the server holds the chain of this (device, epoch); `None` when the push carried no links.
    pub chain_head: Option<ChainHead>,
    /// A link that did not fit, in words for the log: the register must raise an alarm, not drop anything.
    pub chain_fault: Option<String>,
    /// Life of the server's database; another value than the last one seen means it was restored.
    pub server_epoch: u32,
    /// Server clock, in milliseconds since 1970 UTC.
    pub server_time_ms: i64,
}
