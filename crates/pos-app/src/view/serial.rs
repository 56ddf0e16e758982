//! Serial numbers and their lives as shown.

use pos_domain::ProductId;
use pos_domain::serial::SerialEvent;
use serde::Serialize;
use ts_rs::TS;

/// A serial number or IMEI in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SerialRow {
    /// Name of what bears it; none when that product is gone.
    pub product: Option<String>,
    /// The thing is with the shop.
    pub is_here: bool,
    /// What happened last.
    pub last: SerialEvent,
}

/// The life of a serial number or IMEI, as far as it is known here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SerialLife {
    /// In canonical spelling.
    pub serial: String,
    /// What bears it; none when nobody has noted it.
    pub product_id: Option<ProductId>,
    /// Name of that product.
    pub product: Option<String>,
    /// The thing is with the shop; none when nobody has noted it.
    pub is_here: Option<bool>,
    /// What happened, oldest first.
    pub events: Vec<SerialEvent>,
}
