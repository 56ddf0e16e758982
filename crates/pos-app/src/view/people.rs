//! People as they are shown: who sits here, who has a PIN, what each may do.

use pos_domain::{Cashier, CashierId, Permission, Role};
use serde::Serialize;
use ts_rs::TS;

/// Who sits at the register and what that means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SessionView {
    /// Somebody has to say who they are before anything is done here.
    pub locked: bool,
    /// People with a PIN on this register. Empty: the register never locks.
    pub with_pin: Vec<CashierId>,
    /// What the person at the register may do without asking anybody.
    pub may: Vec<Permission>,
    /// People who may step in, or say yes to something, without a PIN.
    pub free: Vec<CashierId>,
    /// Minutes without a touch after which it locks itself; 0 is never.
    pub auto_lock_minutes: u16,
}

/// One person of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PersonView {
    /// Who.
    pub person: Cashier,
    /// Has a PIN on this register.
    pub has_pin: bool,
    /// Sits at this register.
    pub here: bool,
}

/// What people of a role may do in this business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RoleView {
    /// The role.
    pub role: Role,
    /// All that it may do.
    pub may: Vec<Permission>,
    /// Nobody changed it: it is what the role usually may.
    pub usual: bool,
}
