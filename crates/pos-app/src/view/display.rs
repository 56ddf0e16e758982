//! What the customer's screen shows: nothing but what stands on the receipt anyway.

use pos_domain::{Currency, LineId, Money, Quantity};
use serde::Serialize;
use ts_rs::TS;

use super::shop::{Language, Theme};

/// The customer's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DisplayView {
    /// Name of this shop.
    pub outlet: String,
    /// Its sign: base64 of a PNG file.
    pub logo: Option<String>,
    /// Language of the register's window.
    pub language: Language,
    /// Look of the register's window.
    pub theme: Theme,
    /// Of all amounts.
    pub currency: Currency,
    /// What goes on at the counter.
    pub scene: DisplayScene,
}

/// What goes on at the counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DisplayScene {
    /// Nobody is being served.
    Idle,
    /// Goods are being rung up.
    Selling {
        /// In the order of scanning.
        lines: Vec<DisplayLine>,
        /// Sum of all reductions.
        discount: Money,
        /// To pay so far.
        total: Money,
    },
    /// The sale is done.
    Paid {
        /// What was paid.
        payable: Money,
        /// Cash that is given back.
        change: Money,
        /// Until when it is shown, in milliseconds since 1970 UTC.
        until_ms: i64,
        /// Milliseconds until then: the customer's screen has no clock of the shop.
        shown_for_ms: i64,
    },
}

/// Something that is being bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DisplayLine {
    /// Tells lines apart.
    pub line_id: LineId,
    /// Name of the goods.
    pub name: String,
    /// How much.
    pub qty: Quantity,
    /// Of what.
    pub unit: String,
    /// To pay for it, less its own reduction.
    pub amount: Money,
}
