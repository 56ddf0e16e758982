//! Goods that come back: what of a sale may, what it is worth, and why.

use pos_domain::{LineId, Money, ProductId, Quantity, SaleId, Tender};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why goods come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// They do not work, or are damaged.
    Defective,
    /// Other goods were wanted, or sold by mistake.
    WrongItem,
    /// The customer does not want them any more.
    NotWanted,
    /// Too much was asked.
    Price,
    /// As the note says.
    Other,
}

impl ReturnReason {
    /// The reason's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Defective => "defective",
            Self::WrongItem => "wrong_item",
            Self::NotWanted => "not_wanted",
            Self::Price => "price",
            Self::Other => "other",
        }
    }
}

/// From where a sale is known that goods come back of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RefundSource {
    /// This register sold it.
    Here,
    /// The server told of it.
    Server,
    /// Nobody could be asked: its lines are typed by hand, and the server will look at it later.
    Nobody,
}

/// Why a sale cannot be voided any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VoidRefusal {
    /// Another register sold it, or nobody knows it.
    OtherRegister,
    /// It is a refund, a void or an exchange.
    NotASale,
    /// Something of it came back already.
    Refunded,
    /// The drawer was closed since: a Z report covers it.
    Closed,
}

impl VoidRefusal {
    /// The refusal's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherRegister => "other_register",
            Self::NotASale => "not_a_sale",
            Self::Refunded => "refunded",
            Self::Closed => "closed",
        }
    }
}

/// What may come back of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RefundDraft {
    /// Its printed number.
    pub number: String,
    /// From where it is known.
    pub source: RefundSource,
    /// Which, when it is known.
    pub sale_id: Option<SaleId>,
    /// When it was sold, when it is known.
    pub sold_at_ms: Option<i64>,
    /// Which register sold it, when it is known.
    pub register: Option<String>,
    /// Who bought, when known by name.
    pub customer: Option<String>,
    /// Its lines; none when nobody knows the sale.
    pub lines: Vec<RefundLineView>,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Why it cannot be voided; none when it can.
    pub void_refusal: Option<VoidRefusal>,
}

/// One line of a sale, and what of it may come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RefundLineView {
    /// The line of the sale.
    pub line_id: LineId,
    /// What was sold.
    pub product_id: ProductId,
    /// Its code, as printed.
    pub code: String,
    /// Its name, as printed.
    pub name: String,
    /// Its unit, as printed.
    pub unit: String,
    /// How much was sold.
    pub sold: Quantity,
    /// How much may still come back.
    pub left: Quantity,
    /// What was paid for that, tax included.
    pub left_paid: Money,
    /// Numbers of these goods.
    pub serials: Vec<String>,
}

/// What goods that come back are worth, perhaps against the cart on the counter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RefundQuote {
    /// Worth of the goods that come back, positive.
    pub back: Money,
    /// Price of the goods that leave instead; zero without an exchange.
    pub instead: Money,
    /// Money goes back to the customer; else the customer pays.
    pub pays_back: bool,
    /// What is to be given or paid in cash, rounded, positive.
    pub payable_cash: Money,
    /// What is to be given or paid otherwise, positive.
    pub payable_other: Money,
    /// How it is given back when nobody says otherwise, amounts positive: as it was paid.
    pub proposed: Vec<Tender>,
}

/// Goods of one line that come back. Of a known sale they name its line; else a product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
pub struct GoodsBack {
    /// The line of the sale.
    pub line_id: Option<LineId>,
    /// The product, when nobody knows the sale.
    pub code: Option<String>,
    /// How much, positive, in the line's own unit.
    pub qty: Quantity,
    /// What one unit cost, as a decimal, when nobody knows the sale; the catalogue's price when none.
    pub unit_price: Option<String>,
    /// Numbers of these goods; those of the line when all of it comes back.
    #[serde(default)]
    pub serials: Vec<String>,
}
