//! What people may do, and the yes of one person to what another does.
//!
//! Roles are data: a business may give each role its own list ([`crate::settings::ShopSettings::permissions`]); what it
//! leaves alone follows [`Permission::is_default_of`]. The owner may always do everything.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::catalogue::Role;
use crate::ids::{ApprovalId, CashierId, LineId};
use crate::money::Money;

/// What a person must be allowed to do for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Look, and set up a machine that has no shop yet.
    Look,
    /// Ring up sales and take payments of debts.
    Sell,
    /// Sell at another price than the catalogue's.
    OverridePrice,
    /// Give a discount above the shop's limit.
    Discount,
    /// Take goods back.
    Refund,
    /// Take a whole sale back before the drawer is closed.
    VoidSale,
    /// Sell on account beyond the customer's limit.
    GiveCredit,
    /// Put cash into the drawer or take it out.
    MoveCash,
    /// Open, count and close the drawer.
    OperateShift,
    /// Change products, customers and stock.
    EditCatalogue,
    /// Pause, retry and repair sync.
    OperateSync,
    /// Decide conflicts.
    DecideConflicts,
    /// Add people, set their roles and PINs.
    ManagePeople,
    /// Change what the whole business shares.
    ChangeSettings,
}

impl Permission {
    /// All permissions, in the order in which they are shown.
    pub const ALL: [Self; 14] = [
        Self::Look,
        Self::Sell,
        Self::OverridePrice,
        Self::Discount,
        Self::Refund,
        Self::VoidSale,
        Self::GiveCredit,
        Self::MoveCash,
        Self::OperateShift,
        Self::EditCatalogue,
        Self::OperateSync,
        Self::DecideConflicts,
        Self::ManagePeople,
        Self::ChangeSettings,
    ];

    /// The permission's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Sell => "sell",
            Self::OverridePrice => "override_price",
            Self::Discount => "discount",
            Self::Refund => "refund",
            Self::VoidSale => "void_sale",
            Self::GiveCredit => "give_credit",
            Self::MoveCash => "move_cash",
            Self::OperateShift => "operate_shift",
            Self::EditCatalogue => "edit_catalogue",
            Self::OperateSync => "operate_sync",
            Self::DecideConflicts => "decide_conflicts",
            Self::ManagePeople => "manage_people",
            Self::ChangeSettings => "change_settings",
        }
    }

    /// Whether a role has it where the business says nothing.
    pub const fn is_default_of(self, role: Role) -> bool {
        match role {
            Role::Owner => true,
            Role::Manager => !matches!(self, Self::ManagePeople | Self::ChangeSettings),
            Role::Cashier => matches!(self, Self::Look | Self::Sell | Self::OperateSync),
        }
    }
}

/// One person's yes to one thing that another does: it stands in the document that it allowed, and nowhere twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Approval {
    /// Made by the register.
    pub approval_id: ApprovalId,
    /// To what.
    pub permission: Permission,
    /// For one line of the cart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub line_id: Option<LineId>,
    /// Up to which amount: the discount, the new price, the money paid back, the debt beyond the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub amount: Option<Money>,
    /// Who said yes.
    pub by: CashierId,
    /// Name of that person, as shown.
    pub by_name: String,
    /// When, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub at_ms: i64,
}

/// Fewest digits of a PIN.
pub const MIN_PIN_DIGITS: usize = 4;
/// Most digits of a PIN.
pub const MAX_PIN_DIGITS: usize = 6;

/// Why digits are no PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PinFault {
    /// Something other than `0` to `9`.
    #[error("a PIN has digits only")]
    NotDigits,
    /// Too few or too many.
    #[error("a PIN has {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits")]
    Length,
    /// One digit repeated, or digits in a row.
    #[error("this PIN is the first that anybody would try")]
    Obvious,
}

/// Checks the digits of a new PIN.
pub fn check_pin(pin: &str) -> Result<(), PinFault> {
    let digits = pin.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(PinFault::NotDigits);
    }
    if !(MIN_PIN_DIGITS..=MAX_PIN_DIGITS).contains(&digits.len()) {
        return Err(PinFault::Length);
    }
    let steps = |step: i16| {
        digits.iter().zip(digits.iter().skip(1)).all(|(a, b)| i16::from(*b) - i16::from(*a) == step)
    };
    if steps(0) || steps(1) || steps(-1) { Err(PinFault::Obvious) } else { Ok(()) }
}
