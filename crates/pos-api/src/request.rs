//! What the window and the shell may ask. Plain data; every rule is checked behind it.

use pos_app::view::{
    AlertThresholds, ColumnMapping, DeviceSettings, ExportFormat, ExportScope, ProductDraft, ReceiptFormat,
};
use pos_domain::merge::Fields;
use pos_domain::{
    CartId, CashierId, CategoryId, ConflictChoice, ConflictId, CustomerId, Discount, FieldStrategy, LineId,
    Money, OpId, ProductId, Quantity, RequestId, SaleId, Tender, TenderKind,
};
use serde::Deserialize;
use ts_rs::TS;

/// A command without parameters.
#[derive(Debug, Clone, Default, Deserialize, TS)]
pub struct Nothing {}

/// `shop.create_demo`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateDemo {
    /// `fr` or `en`: language of the demo's names.
    pub language: pos_app::view::Language,
}

/// `shop.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateShop {
    /// Name of the business.
    pub name: String,
    /// ISO 4217 code.
    pub currency: String,
    /// BCP 47 tag such as `fr-GN`.
    pub locale: String,
    /// Catalogue prices contain the tax.
    pub prices_include_tax: bool,
    /// Name of the first person who sells.
    pub cashier: String,
}

/// `shop.join`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct JoinShop {
    /// Address as shown by the owner, perhaps with `#pin-sha256=...`.
    pub server: String,
    /// Pairing code.
    pub code: String,
    /// Name of this register.
    pub register: String,
}

/// `shop.connect`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ConnectShop {
    /// Address as shown by the owner, perhaps with `#pin-sha256=...`.
    pub server: String,
    /// Pairing code.
    pub code: String,
}

/// `cashier.switch`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SwitchCashier {
    /// Who sells from now on.
    pub cashier_id: CashierId,
}

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
}

/// `cart.set_price`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetPrice {
    /// Which line.
    pub line_id: LineId,
    /// Price of one unit as a decimal string; none gives the catalogue's back.
    pub unit_price: Option<String>,
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

/// `product.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListProducts {
    /// Part of a name, code, barcode or category; empty for all.
    pub search: String,
    /// Only this category.
    pub category_id: Option<CategoryId>,
    /// Only favourites.
    #[serde(default)]
    pub favourites: bool,
    /// Also products that are no longer sold.
    #[serde(default)]
    pub archived: bool,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `product.get`, `product.delete`, `stock.get`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneProduct {
    /// Which.
    pub product_id: ProductId,
}

/// `product.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateProduct {
    /// As typed.
    pub draft: ProductDraft,
}

/// `product.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateProduct {
    /// Which.
    pub product_id: ProductId,
    /// As typed.
    pub draft: ProductDraft,
}

/// `product.picture`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct GetPicture {
    /// Name of the picture.
    pub name: String,
}

/// `category.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateCategory {
    /// As shown.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

/// `category.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateCategory {
    /// Which.
    pub category_id: CategoryId,
    /// As shown.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

/// `import.preview`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PreviewImport {
    /// Text of the CSV file, UTF-8 or what the window decoded.
    pub text: String,
}

/// `import.run`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RunImport {
    /// Text of the CSV file.
    pub text: String,
    /// Which column holds which field.
    pub mapping: ColumnMapping,
    /// Write nothing, only report.
    pub dry_run: bool,
}

/// `customer.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListCustomers {
    /// Part of a name or telephone number; empty for all.
    pub search: String,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `customer.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateCustomer {
    /// Name as printed.
    pub name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Remark for the staff.
    pub note: Option<String>,
}

/// `customer.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateCustomer {
    /// Which.
    pub customer_id: CustomerId,
    /// Name as printed.
    pub name: String,
    /// Telephone number.
    pub phone: Option<String>,
    /// Remark for the staff.
    pub note: Option<String>,
}

/// `customer.delete`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct DeleteCustomer {
    /// Which.
    pub customer_id: CustomerId,
}

/// `sync.queue`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListQueue {
    /// Also operations that the server has.
    #[serde(default)]
    pub acknowledged: bool,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `sync.retry`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RetryOperation {
    /// Which.
    pub op_id: OpId,
}

/// `sync.dead_list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListDead {
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `sync.operation`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneOperation {
    /// Which.
    pub op_id: OpId,
}

/// `sync.discard`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct DiscardOperation {
    /// Which.
    pub op_id: OpId,
    /// Why, 1 to 500 characters; stays in the audit trail.
    pub reason: String,
}

/// `sync.edit_and_resend`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct EditAndResend {
    /// The refused operation.
    pub op_id: OpId,
    /// The fields to set otherwise. `price` and `cost` as decimal strings or minor units, `tax_rate` as percent or
    /// parts per million.
    #[ts(type = "Record<string, unknown>")]
    pub fields: Fields,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// `sync.health_history`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListHealth {
    /// Not before, in milliseconds since 1970 UTC; everything that is kept when none.
    pub since_ms: Option<i64>,
    /// Most samples, 1 to 500. When there are more, they are thinned out evenly.
    pub limit: u32,
}

/// `sync.set_alerts`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetAlerts {
    /// All of them.
    pub thresholds: AlertThresholds,
}

/// `sync.export`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ExportQueue {
    /// How it is written.
    pub format: ExportFormat,
    /// What is written.
    pub scope: ExportScope,
    /// Where to; a file in the folder `exports` of the data folder when none.
    pub path: Option<String>,
}

/// `sync.history`, `audit.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct Latest {
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `conflict.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListConflicts {
    /// Also those that are decided.
    #[serde(default)]
    pub resolved: bool,
}

/// `conflict.get`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneConflict {
    /// Which.
    pub conflict_id: ConflictId,
}

/// `conflict.resolve`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ResolveConflict {
    /// Which.
    pub conflict_id: ConflictId,
    /// How.
    pub choice: ConflictChoice,
    /// For `merge`: the value of each disputed field.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub fields: Fields,
    /// Remark.
    pub note: Option<String>,
}

/// `conflict.reopen`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ReopenConflict {
    /// Which.
    pub conflict_id: ConflictId,
    /// Remark.
    pub note: Option<String>,
}

/// `setting.set`: a setting shared by the business.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetSetting {
    /// Field of `ShopSettings`.
    pub key: String,
    /// Its new value.
    #[ts(type = "unknown")]
    pub value: serde_json::Value,
}

/// `setting.set_strategy`: who wins when two registers changed this field of the same row.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetStrategy {
    /// `product`, `customer` or `category`.
    pub entity: String,
    /// Name of the field.
    pub field: String,
    /// Who wins.
    pub strategy: FieldStrategy,
}

/// `device.set`: settings of this register.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetDevice {
    /// All of them.
    pub settings: DeviceSettings,
}

/// `verify.run`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RunVerify {
    /// Everything, not only the last thousand documents.
    pub full: bool,
}

/// `product.find`, `stock.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindProduct {
    /// A code or barcode.
    pub code: String,
}

/// `sale.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindSale {
    /// A printed number.
    pub number: String,
}

/// `sale.sell`: rings up and pays in one step, beside the open cart. For the shell and scripts.
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SellLines {
    /// Made anew for each sale; repeating it sells once.
    pub request_id: RequestId,
    /// At least one.
    pub lines: Vec<SellLine>,
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
    /// `cash`, `mobile` or `card`.
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

/// `backup.restore`
#[derive(Debug, Deserialize, TS)]
pub struct RestoreBackup {
    /// Name of the backup.
    pub name: String,
}

/// `backup.set_folder`
#[derive(Debug, Deserialize, TS)]
pub struct SetBackupFolder {
    /// A folder that exists, such as on a removable disk; null for none.
    pub folder: Option<String>,
}
