//! What is asked of serial numbers and IMEIs.

use pos_app::TradeIn;
use pos_domain::serial::SerialChange;
use pos_domain::{LineId, ProductId};
use serde::Deserialize;
use ts_rs::TS;

/// `cart.set_serials`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetSerials {
    /// Which line.
    pub line_id: LineId,
    /// Those that are known, at most one for each piece; none takes them away.
    pub serials: Vec<String>,
}

/// `cart.trade_in`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct TakeTradeIn {
    /// As what it goes into stock.
    pub product_id: ProductId,
    /// Its serial number or IMEI, however it is grouped; empty only for what bears none.
    pub serial: String,
    /// What is given for it, as a decimal string.
    pub unit_price: String,
    /// From whom, or in what state; printed.
    pub note: Option<String>,
}

impl TakeTradeIn {
    /// As the use case takes it.
    pub(crate) fn taken(self) -> TradeIn {
        let Self { product_id, serial, unit_price, note } = self;
        TradeIn { product_id, serial, unit_price, note }
    }
}

/// `serial.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListSerials {
    /// Some of its characters, such as the last digits; empty for all.
    pub search: String,
    /// Most rows, 1 to 500.
    pub limit: u32,
}

/// `serial.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindSerial {
    /// A serial number or IMEI, however it is grouped.
    pub serial: String,
}

/// `serial.note`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct NoteSerial {
    /// A serial number or IMEI, however it is grouped.
    pub serial: String,
    /// Code of the product that bears it; only for a number that nobody has noted yet.
    pub code: Option<String>,
    /// `received`, `sent_to_repair`, `repaired` or `lost`: the others are told by documents.
    pub change: SerialChange,
    /// Remark.
    pub note: Option<String>,
}
