//! Products, stock, customers and imports as shown.

use pos_domain::serial::SerialTracking;
use pos_domain::{Customer, OfflinePolicy, Product, Quantity};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::account::AccountStanding;
use super::picture::PictureChange;

/// A page of a long list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Page<T: TS> {
    /// In the order asked for.
    pub items: Vec<T>,
    /// Ask with this to get the next page; none at the end.
    pub next: Option<String>,
    /// Items in all that fit the question, when counting is cheap.
    pub total: Option<u32>,
}

/// Stock of one product as this register knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct ShownStock {
    /// Last balance of the server.
    pub server: Quantity,
    /// This register's own movements that the balance does not contain yet.
    pub pending: Quantity,
    /// The sum: what is shown.
    pub shown: Quantity,
    /// Sold beyond what was there, not settled yet.
    pub oversold: Quantity,
}

/// Stock of one product, for the shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct StockView {
    /// Code of the product.
    pub code: String,
    /// Name of the product.
    pub name: String,
    /// Its stock; none when it is not counted.
    pub stock: Option<ShownStock>,
}

/// A product with what is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ProductView {
    /// The product.
    pub product: Product,
    /// Name of its category.
    pub category: Option<String>,
    /// Its stock, when it is counted.
    pub stock: Option<ShownStock>,
    /// Changes of it are not on the server yet.
    pub unsynced: bool,
}

/// A product as typed by a person: decimal strings in the shop's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProductDraft {
    /// The shop's own code; made from the first barcode when empty.
    pub code: String,
    /// Barcodes.
    pub barcodes: Vec<String>,
    /// Name as printed.
    pub name: String,
    /// Category, when it has one.
    pub category_id: Option<pos_domain::CategoryId>,
    /// Unit such as `pcs` or `kg`.
    pub unit: String,
    /// Price of one unit as a decimal string.
    pub price: String,
    /// Cost of one unit as a decimal string; empty when unknown.
    pub cost: String,
    /// Tax in percent.
    pub tax_rate: String,
    /// Stock is counted.
    pub track_stock: bool,
    /// First count of a new product; ignored for an existing one.
    pub opening_stock: Option<String>,
    /// Selling below the known stock while offline.
    pub offline_policy: OfflinePolicy,
    /// On the favourites grid.
    pub favourite: bool,
    /// No longer sold.
    pub archived: bool,
    /// What becomes of its picture.
    #[serde(default)]
    pub picture: PictureChange,
    /// Whether each unit bears a number; left as it is when none is given.
    #[serde(default)]
    pub tracking: Option<SerialTracking>,
    /// All other sizes in which it is sold; left as they are when none are given.
    #[serde(default)]
    pub packs: Option<Vec<PackDraft>>,
}

/// A size in which a product is also sold, as somebody types it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PackDraft {
    /// Unit as printed, such as `carton`.
    pub unit: String,
    /// How many units of the product it holds, as a decimal string.
    pub size: String,
    /// Its price as a decimal string.
    pub price: String,
    /// Its own barcode; empty when it has none.
    pub barcode: String,
}

/// A customer with what is shown beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CustomerView {
    /// The customer.
    pub customer: Customer,
    /// How the account stands.
    pub standing: AccountStanding,
    /// Changes are not on the server yet.
    pub unsynced: bool,
}

/// A customer as somebody types it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, TS)]
pub struct CustomerDetails {
    /// Code of the shop's own; none or empty for none.
    pub code: Option<String>,
    /// Name as printed.
    pub name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Remark for the staff.
    pub note: Option<String>,
    /// The most that may be owed, a decimal; none or empty for the shop's limit.
    pub credit_limit: Option<String>,
}

/// Which column of a file holds which field. A field without a column takes its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ColumnMapping {
    /// Code of the shop.
    pub code: Option<String>,
    /// Barcode; several separated by `|`.
    pub barcode: Option<String>,
    /// Name; required.
    pub name: Option<String>,
    /// Category by name.
    pub category: Option<String>,
    /// Unit.
    pub unit: Option<String>,
    /// Price; required.
    pub price: Option<String>,
    /// Cost.
    pub cost: Option<String>,
    /// Tax in percent.
    pub tax_rate: Option<String>,
    /// First count.
    pub stock: Option<String>,
}

/// A file before it is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ImportPreview {
    /// Columns of the file.
    pub columns: Vec<String>,
    /// Which column seems to hold which field.
    pub mapping: ColumnMapping,
    /// The first rows, as they stand in the file.
    pub rows: Vec<Vec<String>>,
    /// Rows in all, the header not counted.
    pub total: u32,
    /// The separator found.
    pub delimiter: String,
}

/// A row of a file that was not imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportRowFault {
    /// Line of the file, the header being line 1.
    pub line: u32,
    /// Field that is wrong.
    pub field: String,
    /// What is wrong: a stable code.
    pub code: String,
    /// The value as it stands in the file, shortened.
    pub value: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ImportReport {
    /// Nothing was written.
    pub dry_run: bool,
    /// Products made.
    pub created: u32,
    /// Products changed.
    pub updated: u32,
    /// Products that already were as the file says.
    pub unchanged: u32,
    /// `created + updated + unchanged`.
    pub loaded: u32,
    /// Rows left out.
    pub rejected: Vec<ImportRowFault>,
    /// Rows loaded with a remark, such as a barcode with a wrong check digit kept as the shop's own code.
    pub warnings: Vec<ImportRowFault>,
}

/// How far a long task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Progress {
    /// `import` or `replay`.
    pub task: String,
    /// Done.
    pub done: u32,
    /// In all.
    pub total: u32,
}
