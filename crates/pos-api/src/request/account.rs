//! What is asked of customers' accounts.

use pos_app::view::{AccountOrder, BeyondDebt, ReceiptFormat};
use pos_domain::{CustomerId, DocumentId, Money, RequestId, Tender};
use serde::Deserialize;
use ts_rs::TS;

/// `account.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListAccounts {
    /// What comes first.
    pub order: AccountOrder,
    /// Most accounts, 1 to 500. The sums are of all.
    pub limit: u32,
}

/// `account.statement`, `account.statement_text`, `account.print`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct AskStatement {
    /// Whose.
    pub customer_id: CustomerId,
    /// First day, `YYYY-MM-DD`; none for the beginning.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`; none for now.
    pub to: Option<String>,
}

/// `account.save`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SaveStatement {
    /// Whose.
    pub customer_id: CustomerId,
    /// First day, `YYYY-MM-DD`; none for the beginning.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`; none for now.
    pub to: Option<String>,
    /// What to write.
    pub format: ReceiptFormat,
    /// Where to; a folder in the data folder when none.
    pub path: Option<String>,
}

/// `account.export`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ExportAccounts {
    /// Where to; a folder in the data folder when none.
    pub path: Option<String>,
}

/// `account.pay`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PayAccount {
    /// Made anew for each press of the button; pressing twice pays once.
    pub request_id: RequestId,
    /// Whose account.
    pub customer_id: CustomerId,
    /// What the account is credited with, above zero.
    pub amount: Money,
    /// How it is paid.
    pub tenders: Vec<Tender>,
    /// What becomes of more than is owed.
    pub beyond_debt: BeyondDebt,
    /// Printed remark.
    pub note: Option<String>,
}

/// `account.print_payment`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OnePayment {
    /// Which document.
    pub document_id: DocumentId,
}

/// `customer.sales`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CustomerSales {
    /// Whose.
    pub customer_id: CustomerId,
    /// Most sales, 1 to 500.
    pub limit: u32,
}
