//! A sale of any register, looked up by its printed number: what a refund on another register needs to know.

use pos_domain::{Money, ProductId, Quantity, SaleDocument};
use serde::{Deserialize, Serialize};

/// Most characters of a printed number.
pub const MAX_NUMBER_CHARS: usize = 64;

/// Whether a text may be a printed number, such as `R1-000042`: nothing else is asked for, because it stands in a path.
pub fn is_printed_number(text: &str) -> bool {
    let printed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.contains('-') && text.len() <= MAX_NUMBER_CHARS && text.chars().all(printed)
}

/// `GET /v1/sales/{number}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleAnswer {
    /// No sale of this number counts here: there is none, or the register that made it has not sent it yet.
    NotHere,
    /// The sale.
    Found(Box<SaleFound>),
}

/// A sale that counts, and what became of it since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleFound {
    /// As printed.
    pub number: String,
    /// The document.
    pub document: SaleDocument,
    /// What came back of it so far, by product as the document's lines name it.
    pub returned: Vec<Returned>,
    /// A void took the whole sale back.
    pub voided: bool,
}

/// Goods of a sale that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// As the sale's lines name it.
    pub product_id: ProductId,
    /// In units of stock, positive.
    pub qty: Quantity,
    /// Money given back for it, tax included, positive.
    pub paid: Money,
}
