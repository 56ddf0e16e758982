//! What the window and the shell may ask, one file a room. Plain data; every rule is checked behind it.

mod account;
mod cart;
mod catalogue;
mod conflict;
mod customer;
mod people;
mod printing;
mod recovery;
mod refund;
mod sale;
mod serial;
mod shop;
mod sync;
mod till;

pub use account::{
    AskStatement, CustomerSales, ExportAccounts, ListAccounts, OnePayment, PayAccount, SaveStatement,
};
pub use cart::{
    AddProduct, AmountGiven, PreviewSettlement, QuickCash, RecallCart, ScanCode, SetCartCustomer,
    SetCartDiscount, SetCartNote, SetLine, SetLineNote, SetPack, SetPrice, TryBarcodeRule,
};
pub use catalogue::{
    AddPicture, CreateCategory, CreateProduct, FindProduct, GetPicture, ListProducts, OneProduct,
    PreviewImport, RunImport, UpdateCategory, UpdateProduct,
};
pub use conflict::{ListConflicts, OneConflict, ReopenConflict, ResolveConflict};
pub use customer::{CreateCustomer, FindCustomer, ListCustomers, OneCustomer, UpdateCustomer};
pub use people::{
    CreatePerson, GiveApproval, ListAudit, LogIn, OnePerson, SetPermissions, SetPin, UpdatePerson,
};
pub use printing::{OnePrintJob, PrintLabels, SaveLabels, SetLogo};
pub use recovery::{RestoreBackup, RunVerify, SetBackupFolder};
pub use refund::{CompleteRefund, DraftRefund, QuoteRefund, VoidSale};
pub use sale::{
    CompleteSale, FindSale, GetReceipt, ListSales, RunReplay, SaveReceipt, SellLine, SellLines, SellTender,
};
use serde::Deserialize;
pub use serial::{FindSerial, ListSerials, NoteSerial, SetSerials, TakeTradeIn};
pub use shop::{
    ConnectShop, CreateDemo, CreateShop, JoinShop, SetDevice, SetSetting, SetStrategy, SwitchCashier,
};
pub use sync::{
    DiscardOperation, EditAndResend, ExportQueue, ListDead, ListHealth, ListQueue, OneOperation,
    RetryOperation, SetAlerts,
};
pub use till::{
    CloseShift, CountCash, GetZ, ListZ, MoveCash, OpenShift, PrintDrawerReport, SaveDrawerReport,
};
use ts_rs::TS;

/// A command without parameters.
#[derive(Debug, Clone, Default, Deserialize, TS)]
pub struct Nothing {}

/// `sync.history`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct Latest {
    /// Most items, 1 to 500.
    pub limit: u32,
}
