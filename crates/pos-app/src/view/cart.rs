//! The open cart with its amounts, and quotes.

use pos_domain::serial::{SerialChange, SerialTracking};
use pos_domain::{CartId, CartLine, Discount, Money, PricedLine, Quantity, TaxTotal};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::account::AccountStanding;
use super::catalogue::ShownStock;

/// The open cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CartView {
    /// Which cart.
    pub cart_id: CartId,
    /// In the order of scanning.
    pub lines: Vec<CartLineView>,
    /// Number of pieces: the sum of whole-unit quantities, and one for each weighed line.
    pub pieces: u32,
    /// Reduction of the whole cart.
    pub discount: Option<Discount>,
    /// Id of the buyer, when known.
    pub customer_id: Option<String>,
    /// Name of the buyer, when known.
    pub customer: Option<String>,
    /// How the buyer's account stands, when the buyer is known.
    pub standing: Option<AccountStanding>,
    /// Printed remark.
    pub note: Option<String>,
    /// Sum of all discounts.
    pub discount_total: Money,
    /// Sum of net amounts.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
    /// Tax by rate.
    pub taxes: Vec<TaxTotal>,
    /// What there is to pay before cash rounding.
    pub total: Money,
    /// What there is to pay when all is paid in cash.
    pub payable_cash: Money,
    /// What there is to pay when nothing is paid in cash.
    pub payable_other: Money,
    /// Amounts that a customer is likely to hand over in cash, ascending, each at least `payable_cash`.
    pub quick_cash: Vec<Money>,
    /// The last change can be taken back.
    pub can_undo: bool,
    /// Carts on hold, at any register.
    pub held: u32,
    /// Another register took the same cart off hold first: its goods may be paid for there.
    pub taken_elsewhere: bool,
}

/// What amounts would settle of the open cart, before anything is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SettlePreview {
    /// Paid in full.
    Settled {
        /// Cash to give back; zero when it is exact.
        change: Money,
    },
    /// More has to come.
    Missing {
        /// How much.
        amount: Money,
    },
    /// More than due, in a kind of payment that gives no change.
    TooMuch {
        /// The excess.
        amount: Money,
    },
}

/// One line of the open cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CartLineView {
    /// What was rung up.
    pub item: CartLine,
    /// Its amounts.
    pub amounts: PricedLine,
    /// Name of the product's picture.
    pub picture: Option<String>,
    /// Stock of the product, when it is counted.
    pub stock: Option<ShownStock>,
    /// Something the cashier should know before paying.
    pub notice: Option<LineNotice>,
    /// What numbers each piece bears.
    pub tracking: SerialTracking,
    /// Pieces whose number is not noted yet: the cart is not paid before it is.
    pub missing_serials: u32,
    /// The sizes in which the product is sold, the single unit first; none where there is no choice.
    pub sizes: Vec<LineSize>,
}

/// A size in which the goods of a line are sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct LineSize {
    /// Unit as printed, such as `carton`.
    pub unit: String,
    /// How many units of the product it holds; none is the single unit.
    pub size: Option<Quantity>,
    /// What the shop asks for it.
    pub price: Money,
}

/// What a rule for barcodes makes of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct EmbeddedTrial {
    /// The barcode that was read: the one asked about, or an example.
    pub barcode: String,
    /// Code of the product; none when the barcode is not of this rule.
    pub code: Option<String>,
    /// Minor units or thousandths of a unit, as the rule says.
    #[ts(type = "number | null")]
    pub value: Option<i64>,
    /// Name of the product that has this code.
    pub product: Option<String>,
}

/// Something about a line that the cashier should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum LineNotice {
    /// More is asked than this register knows to be there.
    BelowStock {
        /// Known to be there.
        available: Quantity,
    },
    /// More is asked than is there and this product may then not be sold offline.
    BlockedOffline {
        /// Known to be there.
        available: Quantity,
    },
    /// A number on the line is where it cannot be: it leaves and is not here, or comes in and is here already.
    SerialTwice {
        /// What happened to it last.
        last: SerialChange,
    },
}

/// A cart on hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HeldCart {
    /// Which one.
    pub cart_id: CartId,
    /// When it was put on hold.
    pub held_at_ms: i64,
    /// Name of the buyer or the first product, to tell it from others.
    pub title: String,
    /// Number of lines.
    pub lines: u32,
    /// What there is to pay; none when the shop's rules give it no price any more.
    pub total: Option<Money>,
    /// Name of the register that put it aside.
    pub register: String,
    /// Who put it aside.
    pub cashier: String,
    /// It was put aside at this register.
    pub here: bool,
}

/// `comptoir quote`: a cart in decimal strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// Currency of all amounts.
    pub currency: pos_domain::Currency,
    /// Prices contain the tax.
    pub prices_include_tax: bool,
    /// Cash rounding, when there is one.
    #[serde(default)]
    pub cash_rounding: Option<QuoteRounding>,
    /// At least one.
    pub lines: Vec<QuoteLine>,
    /// Reduction of the whole cart: an amount, or a percentage such as `10%`.
    #[serde(default)]
    pub discount: Option<String>,
    /// `cash`, `card` or `mobile`.
    pub tender: String,
}

/// Cash rounding of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QuoteRounding {
    /// Smallest coin as a decimal string.
    pub step: String,
    /// `half-up`, `up` or `down`.
    pub mode: String,
    /// `cash` or `all`.
    pub scope: String,
}

/// One line of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct QuoteLine {
    /// Name, answered back.
    #[serde(default)]
    pub name: String,
    /// Quantity, at most three decimals.
    pub qty: String,
    /// Price of one unit.
    pub unit_price: String,
    /// Tax in percent.
    #[serde(default)]
    pub tax_rate: Option<String>,
    /// Reduction of the line: an amount, or a percentage such as `10%`.
    #[serde(default)]
    pub discount: Option<String>,
}

/// Answer to a quote, in decimal strings of the currency's own digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct QuoteAnswer {
    /// One per line, in order.
    pub lines: Vec<QuoteLineAnswer>,
    /// Sum of all discounts.
    pub discount: String,
    /// Sum of net amounts.
    pub net: String,
    /// Sum of tax.
    pub tax: String,
    /// Sum of gross amounts.
    pub gross: String,
    /// Added by cash rounding.
    pub rounding: String,
    /// What there is to pay.
    pub payable: String,
}

/// One line of a quote's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct QuoteLineAnswer {
    /// As given.
    pub name: String,
    /// Reductions of this line, its share of the cart's included.
    pub discount: String,
    /// Without tax.
    pub net: String,
    /// Tax.
    pub tax: String,
    /// With tax.
    pub gross: String,
}
