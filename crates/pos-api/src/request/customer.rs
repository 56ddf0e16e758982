//! What is asked of customers.

use pos_domain::CustomerId;
use serde::Deserialize;
use ts_rs::TS;

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
