//! What the owner sees of the rarer conflicts: a refund of more than was sold, an id that two rows answer to, a register
//! whose file went on in two places, a number in two places at once, and what nobody said yes to. Both sides each, so that
//! nobody decides about something unseen.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::authority::Need;
use crate::ids::{LineId, OpId, ProductId, SaleId};
use crate::money::Money;
use crate::quantity::Quantity;
use crate::serial::SerialEvent;

/// Most operations of one branch that a conflict names one by one; the rest is counted.
pub const MAX_LISTED_OPERATIONS: usize = 50;

/// A refund of which a part was never sold, or was given back before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefundExcess {
    /// Who paid it out, as printed.
    pub cashier: String,
    /// Number of the sale as printed on the refund, when it says so.
    pub original_number: Option<String>,
    /// What the refund paid back in all, positive.
    pub total: Money,
    /// What of it should not have been paid back, positive.
    pub beyond: Money,
    /// The lines that go beyond.
    pub lines: Vec<ExcessLine>,
    /// The refunds of the same sale that were there before.
    pub earlier: Vec<EarlierRefund>,
}

/// One line of a refund that goes beyond what may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExcessLine {
    /// The refund's line.
    pub line_id: LineId,
    /// What came back.
    pub product_id: ProductId,
    /// Code as printed.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// Sold of it, by the sale.
    pub sold: Quantity,
    /// Given back by this line.
    pub returned: Quantity,
    /// How much of that was not there to be given back.
    pub beyond: Quantity,
    /// What should not have been paid for this line, tax included, positive.
    pub beyond_paid: Money,
    /// The goods are counted: they can be taken into stock.
    pub counted: bool,
}

/// A refund that stands beside the one that goes too far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EarlierRefund {
    /// Which.
    pub sale_id: SaleId,
    /// Register that made it, as printed.
    pub register: String,
    /// Who paid it out, as printed.
    pub cashier: String,
    /// When, by that register's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What it paid back, positive.
    pub total: Money,
}

/// An id of a register that two rows answer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContestedId {
    /// Kind of row.
    pub entity: String,
    /// The id that was given up.
    #[ts(type = "string")]
    pub local_id: Uuid,
    /// Name of what was made under it, when known.
    pub name: String,
    /// The row that it is mapped to now.
    pub current: MappedRow,
    /// The other row that it may mean.
    pub other: MappedRow,
}

/// A row that an id may mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MappedRow {
    /// Its id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// Its name, as shown.
    pub name: String,
    /// Its code or number, when it has one.
    pub code: Option<String>,
}

/// A register whose file went on in two places under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForkedRegister {
    /// Life of the file that went on twice.
    #[ts(type = "number")]
    pub epoch: u32,
    /// What the server took, as far as the other branch contradicts it.
    pub standing: Branch,
    /// What is kept aside and not recorded.
    pub aside: Branch,
}

/// Operations of one branch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Branch {
    /// How many operations.
    pub operations: u32,
    /// How many of them are sales or refunds.
    pub documents: u32,
    /// Sum of the totals of these.
    pub total: Money,
    /// The first [`MAX_LISTED_OPERATIONS`], in the order in which the register made them.
    pub listed: Vec<BranchOperation>,
}

/// One operation of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BranchOperation {
    /// Place in the register's life.
    #[ts(type = "number")]
    pub seq: u64,
    /// Its id.
    pub op_id: OpId,
    /// Kind of command.
    pub kind: String,
    /// When it was made, by the register's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub made_at_ms: i64,
    /// For a sale or refund: what it says.
    pub document: Option<BranchDocument>,
}

/// A sale or refund of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BranchDocument {
    /// Its id.
    pub sale_id: SaleId,
    /// Name of its first line, as printed.
    pub first_line: String,
    /// How many lines.
    pub lines: u32,
    /// Who made it, as printed.
    pub cashier: String,
    /// Its total; negative for a refund.
    pub total: Money,
}

/// A number that two records put in two places at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SerialClash {
    /// The record that does not fit.
    pub event: SerialEvent,
    /// The record before it, in the order in which the server heard of them.
    pub before: SerialEvent,
}

/// What somebody did without the right and without the yes of somebody who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Unapproved {
    /// Who, as printed.
    pub cashier: String,
    /// What it would have taken.
    pub needs: Vec<Need>,
    /// Total of the document, or what it moves; nothing where it moves none.
    pub total: Money,
    /// Whose account it went on, where it went beyond the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub customer: Option<String>,
}
