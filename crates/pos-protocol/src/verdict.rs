//! What the server says of an operation. A verdict is stored with the effect and answered again for ever.

use pos_domain::merge::FieldDispute;
use pos_domain::{ConflictId, LineId, OpId, ProductId, Quantity};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::feed::FeedRow;

/// The verdict on one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpVerdict {
    /// Which operation.
    pub op_id: OpId,
    /// The server had seen this operation before and answers the stored verdict again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
    /// The verdict.
    pub verdict: Verdict,
}

/// A verdict. `applied`, `insufficient_stock`, `rejected` and `conflict` are stored; the others are not.
///
/// Written with its name outside, `{"applied": {...}}`: a name inside would make serde rebuild the rows, whose bytes
/// must arrive untouched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Done, and durable on the server.
    Applied {
        /// Feed position of the effects: a row with this `seq` or a higher one contains them.
        feed_seq: u64,
        /// Ids that the server knows under another name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mapped_ids: Vec<MappedId>,
        /// Rows as they stand after the operation. Empty in a repeated answer: the feed has them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<FeedRow>,
        /// A conflict that it opened for a person; the operation stands all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict_id: Option<ConflictId>,
        /// It took away what another register had taken away before, such as a held cart that both recalled.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        already_gone: bool,
    },
    /// A sale asked for more than there is. Sticky against `admit`.
    InsufficientStock {
        /// The lines that lack stock.
        lines: Vec<ShortLine>,
    },
    /// Refused for good; goes to the dead-letter list with its dependants.
    Rejected {
        /// Why.
        reason: RejectReason,
        /// Path of the field that is wrong, when one is.
        field: Option<String>,
        /// Detail in English for logs and support.
        detail: String,
    },
    /// An edit met another edit and a person must decide; the merged row stands meanwhile.
    Conflict {
        /// The conflict.
        conflict_id: ConflictId,
        /// Feed position of the effects.
        feed_seq: u64,
        /// The disputed fields.
        fields: Vec<FieldDispute>,
        /// Rows as they stand after the operation. Empty in a repeated answer: the feed has them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<FeedRow>,
    },
    /// A dependency has not been applied; not stored, ask again after it.
    BlockedBy {
        /// The missing operation.
        op_id: OpId,
    },
    /// Too far ahead of what the server has seen of this register; not stored.
    Gap {
        /// The lowest missing seq.
        expected: u64,
    },
    /// The same id came with another body before: an alarm, not stored.
    BodyMismatch,
    /// A newer life of this register's file is known: an alarm, not stored.
    StaleEpoch {
        /// The epoch that the server knows.
        current: u32,
    },
    /// Made by a newer register than this server; not stored, ask again after the server's update.
    UnknownKind,
    /// The server could not try it now; not stored.
    Retry {
        /// Not before this many milliseconds.
        after_ms: u32,
    },
}

/// Why an operation was refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// A field or a sum is wrong.
    Validation,
    /// This register or person may not.
    Forbidden,
    /// The period is closed.
    ClosedPeriod,
    /// Refers to something that does not exist.
    UnknownReference,
    /// The register withdrew it.
    Withdrawn,
}

impl RejectReason {
    /// The reason's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Forbidden => "forbidden",
            Self::ClosedPeriod => "closed_period",
            Self::UnknownReference => "unknown_reference",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A line that lacks stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortLine {
    /// The sale's line.
    pub line_id: LineId,
    /// What is short.
    pub product_id: ProductId,
    /// Code as printed.
    pub code: String,
    /// Asked by this line.
    pub asked: Quantity,
    /// There for this line, after the lines before it.
    pub available: Quantity,
}

/// An id made by a register and the one that the server uses instead, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedId {
    /// Kind of row.
    pub entity: String,
    /// Made by the register.
    pub local_id: Uuid,
    /// Used by the server.
    pub server_id: Uuid,
}
