//! What is asked of serial numbers and IMEIs.

use pos_domain::LineId;
use pos_domain::serial::SerialChange;
use serde::Deserialize;
use ts_rs::TS;

/// `cart.set_serials`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetSerials {
    /// Which line.
    pub line_id: LineId,
    /// One for each piece; none takes them away.
    pub serials: Vec<String>,
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
