//! Stock: reasons of movements, the stock shown on a register, and the offline selling rule.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::decimal::DecimalFault;
use crate::ids::ProductId;
use crate::quantity::Quantity;
use crate::settings::OfflinePolicy;

/// Why stock moved. A ledger has one movement per cause, and never changes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MovementReason {
    /// First count when the product was made.
    Opening,
    /// Sold.
    Sale,
    /// Came back with a refund.
    Refund,
    /// Undoes an earlier movement, such as that of a sale that was refused.
    Reversal,
    /// Corrected by a person.
    Correction,
    /// Broken, stolen, expired or given away.
    Loss,
    /// Goods received.
    Receipt,
    /// Came from or went to another outlet.
    Transfer,
}

impl MovementReason {
    /// The reason's name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
            Self::Correction => "correction",
            Self::Loss => "loss",
            Self::Receipt => "receipt",
            Self::Transfer => "transfer",
        }
    }
}

/// The server's balance of one product in one outlet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StockLevel {
    /// Whose stock.
    pub product_id: ProductId,
    /// What the ledger says is there; never negative.
    pub on_hand: Quantity,
    /// Sold offline beyond what was there, and not yet settled by a person.
    pub oversold: Quantity,
}

/// What a cashier sees: the last balance of the server and this register's own movements that it does not hold yet.
pub fn shown(server_on_hand: Quantity, own_pending: Quantity) -> Result<Quantity, DecimalFault> {
    server_on_hand.plus(own_pending)
}

/// What an offline register does about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfflineAnswer {
    /// Sell.
    Sell,
    /// Sell, and tell the cashier that the known stock is exceeded.
    SellWithNotice,
    /// Refuse the line.
    Refuse,
}

/// Whether a register that is offline may sell `asked` of a counted product of which it shows `shown`.
pub fn offline_answer(policy: OfflinePolicy, shown: Quantity, asked: Quantity) -> OfflineAnswer {
    match policy {
        _ if asked <= shown => OfflineAnswer::Sell,
        OfflinePolicy::Allow => OfflineAnswer::Sell,
        OfflinePolicy::Warn => OfflineAnswer::SellWithNotice,
        OfflinePolicy::Block => OfflineAnswer::Refuse,
    }
}
