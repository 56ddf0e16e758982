//! Requests about people: who sits at the register, who works here, who may do what.

use std::collections::BTreeSet;

use pos_app::PinDigits;
use pos_domain::authority::Need;
use pos_domain::{CashierId, LineId, Money, Permission, Role};
use serde::Deserialize;
use ts_rs::TS;
use uuid::Uuid;

/// `session.login`
#[derive(Debug, Deserialize, TS)]
pub struct LogIn {
    /// Who.
    pub cashier_id: CashierId,
    /// Their PIN, when they have one.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub pin: Option<PinDigits>,
}

/// `people.create`
#[derive(Debug, Deserialize, TS)]
pub struct CreatePerson {
    /// As printed on receipts.
    pub name: String,
    /// What they are.
    pub role: Role,
}

/// `people.update`
#[derive(Debug, Deserialize, TS)]
pub struct UpdatePerson {
    /// Who.
    pub cashier_id: CashierId,
    /// As printed on receipts.
    pub name: String,
    /// What they are.
    pub role: Role,
}

/// `people.remove`, `people.clear_pin`
#[derive(Debug, Deserialize, TS)]
pub struct OnePerson {
    /// Who.
    pub cashier_id: CashierId,
}

/// `people.set_pin`
#[derive(Debug, Deserialize, TS)]
pub struct SetPin {
    /// Whose.
    pub cashier_id: CashierId,
    /// 4 to 6 digits.
    pub pin: PinDigits,
}

/// `people.set_permissions`
#[derive(Debug, Deserialize, TS)]
pub struct SetPermissions {
    /// Cashier or manager.
    pub role: Role,
    /// All that it may do; what it usually may when none is given.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub permissions: Option<BTreeSet<Permission>>,
}

/// `approval.give`: what a command that was refused asked for.
#[derive(Debug, Deserialize, TS)]
pub struct GiveApproval {
    /// Who says yes.
    pub cashier_id: CashierId,
    /// Their PIN, when they have one.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub pin: Option<PinDigits>,
    /// What it takes.
    pub permission: Permission,
    /// The cart, document or request that it is for.
    #[ts(type = "string")]
    pub subject: Uuid,
    /// The line that it is for.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub line_id: Option<LineId>,
    /// The amount that it is for.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub amount: Option<Money>,
}

impl GiveApproval {
    /// What the yes is to.
    pub(crate) fn need(&self) -> Need {
        Need { permission: self.permission, line_id: self.line_id, amount: self.amount }
    }
}

/// `audit.list`
#[derive(Debug, Deserialize, TS)]
pub struct ListAudit {
    /// Most entries, 1 to 500.
    pub limit: u32,
    /// Only older ones than this number.
    #[serde(default)]
    #[ts(optional = nullable, type = "number | null")]
    pub before: Option<i64>,
    /// Only what this person did, by name.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub actor: Option<String>,
    /// Only one kind, such as `sale` or `pin`: what stands before the dot.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub kind: Option<String>,
}
