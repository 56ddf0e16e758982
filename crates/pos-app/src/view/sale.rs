//! Completed sales, receipts and replays as shown.

use pos_domain::{Money, ProductId, Quantity, SaleDocument, SaleId, SaleKind};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Whether the server already knows a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SaleSync {
    /// The server applied it.
    Applied,
    /// It waits in the queue.
    Queued,
}

/// A completed sale: durable on this machine, with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SaleCompleted {
    /// Which.
    pub sale_id: SaleId,
    /// Printed number.
    pub number: String,
    /// Whether the server already knows it.
    pub sync: SaleSync,
    /// Sum of gross amounts.
    pub total: Money,
    /// Added by cash rounding.
    pub rounding: Money,
    /// What had to be paid.
    pub payable: Money,
    /// What was handed over.
    pub tendered: Money,
    /// What goes back to the customer.
    pub change: Money,
    /// What the cashier should know.
    pub notices: Vec<SaleNotice>,
    /// The receipt.
    pub receipt: ReceiptView,
}

/// Something to tell the cashier after a sale that went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SaleNotice {
    /// Sold offline beyond the known stock.
    BelowStock {
        /// Code of the product.
        code: String,
        /// Name of the product.
        name: String,
    },
    /// The sale stands but the receipt could not be printed.
    NotPrinted {
        /// What the printer said, for support.
        detail: String,
    },
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReceiptView {
    /// Which sale.
    pub sale_id: SaleId,
    /// Printed number.
    pub number: String,
    /// The document behind it.
    pub document: SaleDocument,
    /// The receipt as text lines for a fixed-width font, as printed.
    pub text: Vec<String>,
    /// It was printed or shown before: copies are marked.
    pub duplicate: bool,
    /// Whether the server already knows the sale.
    pub sync: SaleSync,
}

/// One line of the list of sales.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SaleSummary {
    /// Which.
    pub sale_id: SaleId,
    /// Sale, refund or void.
    pub kind: SaleKind,
    /// Printed number.
    pub number: String,
    /// Time of entry.
    pub sold_at_ms: i64,
    /// The document's own date, when entered later.
    pub document_date: Option<String>,
    /// Who sold.
    pub cashier: String,
    /// Who bought.
    pub customer: Option<String>,
    /// Number of lines.
    pub lines: u32,
    /// Sum of gross amounts.
    pub total: Money,
    /// Whether the server already knows it.
    pub sync: SaleSync,
}

/// A line that a sale could not have, in `sale.insufficient_stock` and `sale.blocked_offline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ShortLineView {
    /// Which product.
    pub product_id: ProductId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Asked.
    pub asked: Quantity,
    /// There.
    pub available: Quantity,
}

/// What a replay of past invoices did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReplayReport {
    /// Invoices in the file.
    pub invoices: u32,
    /// Made into sales, by this run or an earlier one of the same file.
    pub sales: u32,
    /// Made into refunds.
    pub returns: u32,
    /// Made into stock adjustments.
    pub adjustments: u32,
    /// Left out.
    pub refused: Vec<ReplayRefusal>,
    /// Sum of the totals of sales and refunds.
    pub total: Money,
}

/// An invoice that a replay left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ReplayRefusal {
    /// Its number in the file.
    pub invoice: String,
    /// Why: a stable code.
    pub code: String,
}

/// A way to write a receipt to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptFormat {
    /// PDF.
    Pdf,
    /// ESC/POS bytes.
    Escpos,
}
