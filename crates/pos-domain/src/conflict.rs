//! Conflicts: disagreements that only a person, or a rule a person chose, can decide.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::contested::{ContestedId, ForkedRegister, RefundExcess, SerialClash, Unapproved};
use crate::ids::{ConflictId, DeviceId, LineId, OpId, ProductId, SaleId};
use crate::merge::FieldDispute;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, div_round};

/// What kind of disagreement it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Two people changed the same field.
    EditEdit,
    /// One changed what another deleted.
    EditDelete,
    /// Two registers made the same thing, such as two products with one barcode.
    DuplicateIdentity,
    /// More was sold than was there.
    Oversold,
    /// A sale was made at another price than the catalogue's.
    PriceChanged,
    /// More came back of a sale than was sold, or was left of it.
    RefundBeyondBounds,
    /// An id of a register is said to mean two different rows.
    MappingContradiction,
    /// A register's file went on in two places: the same place of its life holds two operations.
    Fork,
    /// A number came in while it was here, or went out while it was away.
    SerialTwice,
    /// Somebody did what takes another person's yes, and there is none.
    NotApproved,
}

impl ConflictKind {
    /// The kind's name on the wire, in the database and in the shell.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EditEdit => "edit_edit",
            Self::EditDelete => "edit_delete",
            Self::DuplicateIdentity => "duplicate_identity",
            Self::Oversold => "oversold",
            Self::PriceChanged => "price_changed",
            Self::RefundBeyondBounds => "refund_beyond_bounds",
            Self::MappingContradiction => "mapping_contradiction",
            Self::Fork => "fork",
            Self::SerialTwice => "serial_twice",
            Self::NotApproved => "not_approved",
        }
    }
}

/// A way to decide a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConflictChoice {
    /// The value that the register brought.
    KeepMine,
    /// The value that the server had.
    KeepTheirs,
    /// Field by field, as listed in the resolution.
    Merge,
    /// Oversold: the count was wrong, the goods were there.
    AcceptCount,
    /// Oversold: the goods are ordered for the customer.
    Order,
    /// Oversold: the customer gets the money for the missing goods back.
    Refund,
    /// Price: the sale stands at its price.
    AcceptPrice,
    /// Refund: the goods did come back; they are taken into stock and the money is spent.
    TakeGoods,
    /// Refund: nothing came back; the money is the shop's loss.
    AcceptLoss,
    /// Refund: nothing came back; who paid it out owes it to the drawer.
    CashierOwes,
    /// Id: it means the row that it is mapped to.
    KeepMapping,
    /// Id: it means the other row; what was booked under it moves there.
    MoveMapping,
    /// Fork: what was kept aside happened, too, and is recorded.
    RecordBranch,
    /// Fork: what was kept aside is not recorded; a remark says why.
    LeaveBranch,
    /// Serial: both records stand; a remark says why.
    KeepBoth,
    /// Serial: the record that does not fit bears another number.
    CorrectSerial,
    /// Approval: seen, and it stands.
    Acknowledge,
}

impl ConflictChoice {
    /// The choice's name on the wire, in the window's `data-choice` and in the shell.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepMine => "keep_mine",
            Self::KeepTheirs => "keep_theirs",
            Self::Merge => "merge",
            Self::AcceptCount => "accept_count",
            Self::Order => "order",
            Self::Refund => "refund",
            Self::AcceptPrice => "accept_price",
            Self::TakeGoods => "take_goods",
            Self::AcceptLoss => "accept_loss",
            Self::CashierOwes => "cashier_owes",
            Self::KeepMapping => "keep_mapping",
            Self::MoveMapping => "move_mapping",
            Self::RecordBranch => "record_branch",
            Self::LeaveBranch => "leave_branch",
            Self::KeepBoth => "keep_both",
            Self::CorrectSerial => "correct_serial",
            Self::Acknowledge => "acknowledge",
        }
    }

    /// Whether a resolution with this choice can be taken back. What makes documents count cannot: they are final.
    pub const fn is_reversible(self) -> bool {
        !matches!(self, Self::Refund | Self::RecordBranch)
    }

    /// Whether the person must say why. Where sales are left out of the books, or one thing was in two places, nothing else
    /// would tell.
    pub const fn needs_note(self) -> bool {
        matches!(self, Self::LeaveBranch | Self::KeepBoth)
    }
}

/// Goods that a sale took and that were not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Shortage {
    /// The sale's line.
    pub line_id: LineId,
    /// What is short.
    pub product_id: ProductId,
    /// Code as printed.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// Sold.
    pub asked: Quantity,
    /// Sold but not there.
    pub missing: Quantity,
    /// What the customer paid for the missing part, tax included.
    pub paid: Money,
    /// Missing still, after goods came in or money was given back. Servers of before do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub open: Option<Quantity>,
}

impl Shortage {
    /// How much is missing still.
    pub fn still_missing(&self) -> Quantity {
        self.open.unwrap_or(self.missing)
    }

    /// What the customer paid for what is missing still, tax included, rounded half up.
    pub fn still_paid(&self) -> Money {
        let part = i128::from(self.paid.minor()).saturating_mul(i128::from(self.still_missing().milli()));
        div_round(part, i128::from(self.missing.milli()), RoundingMode::HalfUp)
            .and_then(|minor| Money::from_i128(minor).ok())
            .unwrap_or(self.paid)
    }
}

/// A sale line sold at another price than the catalogue's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceDifference {
    /// The sale's line.
    pub line_id: LineId,
    /// What was sold.
    pub product_id: ProductId,
    /// Code as printed.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// How much of it.
    pub qty: Quantity,
    /// Price of one unit as sold.
    pub sold_at: Money,
    /// Price of one unit in the server's catalogue when the sale arrived.
    pub catalogue: Money,
}

/// What one choice would do to one product's stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StockChange {
    /// Whose stock.
    pub product_id: ProductId,
    /// Code as printed.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// Change of what is on hand.
    pub on_hand: Quantity,
    /// Change of what is oversold.
    pub oversold: Quantity,
}

/// A choice with its effects, shown before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChoicePreview {
    /// The choice.
    pub choice: ConflictChoice,
    /// What it does to stock.
    pub stock: Vec<StockChange>,
    /// What it does to the drawer; negative when money goes out.
    pub cash: Money,
    /// Whether it can be taken back.
    pub reversible: bool,
}

/// What happened to a conflict; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ConflictEvent {
    /// When, by the server's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub at_ms: i64,
    /// What.
    pub what: ConflictEventKind,
    /// On which register.
    pub device_id: Option<DeviceId>,
    /// Name of that register.
    pub register: Option<String>,
    /// Who, as shown.
    pub actor: Option<String>,
    /// The choice, for a resolution.
    pub choice: Option<ConflictChoice>,
    /// Remark of the person.
    pub note: Option<String>,
}

/// Kinds of events in a conflict's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConflictEventKind {
    /// Found by the server.
    Opened,
    /// Decided by a person or a strategy.
    Resolved,
    /// The decision was taken back.
    Reopened,
}

/// Whether a conflict still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConflictStatus {
    /// Waits for a person.
    Open,
    /// Decided.
    Resolved,
}

/// One conflict with all a person needs to decide it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Conflict {
    /// Made by the server.
    pub conflict_id: ConflictId,
    /// What kind.
    pub kind: ConflictKind,
    /// Waits or is decided.
    pub status: ConflictStatus,
    /// Kind of the thing it is about, such as `product` or `sale`.
    pub entity: String,
    /// The thing it is about.
    #[ts(type = "string")]
    pub entity_id: Uuid,
    /// Name of the thing, as shown.
    pub title: String,
    /// The operation that met the disagreement.
    pub op_id: OpId,
    /// The register that sent it.
    pub device_id: DeviceId,
    /// Name of that register.
    pub register: String,
    /// Who made the server's side, when known.
    pub other_register: Option<String>,
    /// When it was found, by the server's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub opened_at_ms: i64,
    /// Edits: the disputed fields.
    pub fields: Vec<FieldDispute>,
    /// Oversold: the missing goods.
    pub shortages: Vec<Shortage>,
    /// Price: the differing lines.
    pub prices: Vec<PriceDifference>,
    /// Refund: what goes beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub refund: Option<RefundExcess>,
    /// Id: the two rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub contested: Option<ContestedId>,
    /// Fork: the two branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub fork: Option<ForkedRegister>,
    /// Serial: the records that do not fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<SerialClash>>", optional)]
    pub serials: Vec<SerialClash>,
    /// Approval: what nobody said yes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub unapproved: Option<Unapproved>,
    /// Oversold, price, refund, serial and approval: the document.
    pub sale_id: Option<SaleId>,
    /// What can be chosen, with the effect of each.
    pub choices: Vec<ChoicePreview>,
    /// Its story.
    pub events: Vec<ConflictEvent>,
}

impl Conflict {
    /// The conflict as people read it: settled once. One that closed by itself, because what was missing came in or was
    /// paid back, and is decided afterwards has the decision alone in its story: that only tells why.
    #[must_use]
    pub fn told_once(mut self) -> Self {
        let decided: Vec<bool> = self.events.iter().skip(1).map(|next| next.choice.is_some()).collect();
        let mut followed_by_decision = decided.into_iter().chain([false]);
        self.events.retain(|event| {
            let explained = followed_by_decision.next().unwrap_or(false);
            let by_itself = event.what == ConflictEventKind::Resolved && event.choice.is_none();
            !(by_itself && explained)
        });
        self
    }

    /// The choice of the last resolution, while it stands.
    pub fn resolution(&self) -> Option<ConflictChoice> {
        match self.status {
            ConflictStatus::Open => None,
            ConflictStatus::Resolved => self.events.iter().rev().find_map(|e| e.choice),
        }
    }
}
