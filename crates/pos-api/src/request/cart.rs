//! What is asked of the open cart.

use pos_domain::barcode::EmbeddedRule;
use pos_domain::{ApprovalId, CartId, CustomerId, Discount, LineId, Money, ProductId, Quantity, TenderKind};
use serde::Deserialize;
use ts_rs::TS;

/// `cart.scan`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ScanCode {
    /// As scanned or typed: a barcode or a code, perhaps with a quantity in front as in `3*CODE`.
    pub code: String,
}

/// `cart.add`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct AddProduct {
    /// What.
    pub product_id: ProductId,
    /// How much.
    pub qty: Quantity,
}

/// `cart.set_line`: changes what is given, leaves the rest.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetLine {
    /// Which line.
    pub line_id: LineId,
    /// New quantity; zero removes the line.
    pub qty: Option<Quantity>,
    /// New reduction.
    pub discount: Option<Discount>,
    /// Take the reduction away.
    #[serde(default)]
    pub clear_discount: bool,
    /// Another person's yes, where the role of the one at the register does not cover it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `cart.set_price`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetPrice {
    /// Which line.
    pub line_id: LineId,
    /// Price of one unit as a decimal string; none gives the catalogue's back.
    pub unit_price: Option<String>,
    /// Another person's yes, where the role of the one at the register does not cover it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `cart.settle_preview`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PreviewSettlement {
    /// What would be paid, in the order of paying.
    pub amounts: Vec<AmountGiven>,
}

/// One amount of a payment that is not made yet.
#[derive(Debug, Clone, Copy, Deserialize, TS)]
pub struct AmountGiven {
    /// Means of payment.
    pub kind: TenderKind,
    /// As it would be handed over.
    pub amount: Money,
}

/// `cart.set_discount`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetCartDiscount {
    /// Reduction of the whole cart; none takes it away.
    pub discount: Option<Discount>,
    /// Another person's yes, where the role of the one at the register does not cover it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `cart.set_customer`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetCartCustomer {
    /// Who buys; none takes the customer off.
    pub customer_id: Option<CustomerId>,
}

/// `cart.set_note`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetCartNote {
    /// Printed remark; none or empty takes it away.
    pub note: Option<String>,
}

/// `cart.recall`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RecallCart {
    /// Which held cart.
    pub cart_id: CartId,
}

/// `cart.set_pack`: sells a line by another size of its product; neither unit nor size is the single unit.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetPack {
    /// Which line.
    pub line_id: LineId,
    /// Unit of the pack.
    pub unit: Option<String>,
    /// How many units of the product it holds.
    pub size: Option<Quantity>,
}

/// `cart.set_line_note`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetLineNote {
    /// Which line.
    pub line_id: LineId,
    /// Printed below the line; none or empty takes it away.
    pub note: Option<String>,
}

/// `barcode.try`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct TryBarcodeRule {
    /// A rule, perhaps not kept yet.
    pub rule: EmbeddedRule,
    /// A barcode to read by it; none asks for an example.
    pub code: Option<String>,
}

/// `cart.quick_cash`
#[derive(Debug, Clone, Copy, Deserialize, TS)]
pub struct QuickCash {
    /// What is to be paid.
    pub amount: Money,
}
