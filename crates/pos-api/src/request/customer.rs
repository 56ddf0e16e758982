//! What is asked of customers.

use pos_app::view::CustomerDetails;
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
    /// As typed.
    pub details: CustomerDetails,
}

/// `customer.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateCustomer {
    /// Which.
    pub customer_id: CustomerId,
    /// As typed.
    pub details: CustomerDetails,
}

/// `customer.get`, `customer.delete`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneCustomer {
    /// Which.
    pub customer_id: CustomerId,
}

/// `customer.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindCustomer {
    /// A code, a telephone number, a name, or a part that fits one only.
    pub text: String,
}
