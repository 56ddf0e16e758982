//! What is asked of sales and receipts, made at the counter or by a script.

use pos_app::view::ReceiptFormat;
use pos_domain::{RequestId, SaleId, Tender};
use serde::Deserialize;
use ts_rs::TS;

/// `sale.complete`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CompleteSale {
    /// Made anew for each press of the button; pressing twice sells once.
    pub request_id: RequestId,
    /// How it is paid.
    pub tenders: Vec<Tender>,
}

/// `sale.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListSales {
    /// Part of a number, a customer's name or an external number; empty for all.
    pub search: String,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `sale.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindSale {
    /// A printed number.
    pub number: String,
}

/// `sale.receipt`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct GetReceipt {
    /// Which sale.
    pub sale_id: SaleId,
}

/// `receipt.save`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SaveReceipt {
    /// Which sale.
    pub sale_id: SaleId,
    /// What to write.
    pub format: ReceiptFormat,
    /// Where to; a receipts folder in the data folder when none.
    pub path: Option<String>,
}

/// `sale.sell`: rings up and pays in one step, beside the open cart. For the shell and scripts.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SellLines {
    /// Made anew for each sale; repeating it sells once.
    pub request_id: RequestId,
    /// At least one.
    pub lines: Vec<SellLine>,
    /// The buyer: a code, a telephone number, a name, or a part that fits one only.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub customer: Option<String>,
    /// How it is paid.
    pub tenders: Vec<SellTender>,
}

/// One line of `sale.sell`.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SellLine {
    /// A code or barcode.
    pub code: String,
    /// Quantity as a decimal string; one when none.
    pub qty: Option<String>,
    /// Price of one unit as a decimal string; the catalogue's when none.
    pub unit_price: Option<String>,
}

/// One tender of `sale.sell`.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SellTender {
    /// `cash`, `mobile`, `card`, `account` or `store_credit`.
    pub kind: String,
    /// Amount as a decimal string.
    pub amount: String,
    /// Reference of mobile money or card.
    pub reference: Option<String>,
}

/// `replay.run`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RunReplay {
    /// Text of the CSV file.
    pub text: String,
    /// Name of the file, for the record.
    pub file_name: String,
}
