//! The drawer: what it should hold, what happened to it, and what X and Z reports say.

use pos_domain::shift::{CashTotals, DenominationCount, NumberRange, PerpetualTotals, ShiftTotals};
use pos_domain::{DocumentId, Money, ShiftId, TillDocument};
use serde::Serialize;
use ts_rs::TS;

use super::SaleSync;

/// The shift of the moment, for whoever sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CurrentShift {
    /// The open one, if one is.
    pub open: Option<ShiftInProgress>,
    /// Whether the shop refuses to sell without one.
    pub required: bool,
}

/// A drawer that was opened and not closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ShiftInProgress {
    /// The shift.
    pub shift_id: ShiftId,
    /// Printed number of its opening.
    pub number: String,
    /// When, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub opened_at_ms: i64,
    /// Who opened it.
    pub cashier: String,
    /// Cash in the drawer then.
    pub float: Money,
}

/// Everything about the drawer since the last Z.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DrawerState {
    /// The open shift, if one is.
    pub open: Option<ShiftInProgress>,
    /// Whether the shop refuses to sell without one.
    pub required: bool,
    /// How many documents the next Z covers.
    #[ts(type = "number")]
    pub documents: u64,
    /// What they come to.
    pub totals: ShiftTotals,
    /// Cash that should be in the drawer.
    pub expected: Money,
    /// The place that the next Z will have.
    #[ts(type = "number")]
    pub next_z: u64,
    /// Carts that were begun or held here and are not sold.
    pub open_carts: u32,
    /// Operations that the server does not hold yet; none while the shop has no server.
    #[ts(type = "number")]
    pub unsynced: u64,
    /// Notes and coins to count by, descending.
    pub denominations: Vec<Money>,
    /// What cash is spent on.
    pub expense_categories: Vec<String>,
    /// Openings, cash in and out, and payments since the last Z, newest first; the latest hundred.
    pub entries: Vec<DrawerEntry>,
}

/// One document of the drawer or of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DrawerEntry {
    /// Printed number.
    pub number: String,
    /// What it says.
    pub document: TillDocument,
    /// What it added to the drawer; negative when cash left it.
    pub cash: Money,
    /// Whether the server has it.
    pub sync: SaleSync,
}

/// Whether a report ends a shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DrawerReportKind {
    /// As it stands now; nothing is closed by it.
    X,
    /// A closing: final, and never changed.
    Z,
}

/// An X or Z report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DrawerReport {
    /// X or Z.
    pub kind: DrawerReportKind,
    /// The closing's document; none for an X.
    pub document_id: Option<DocumentId>,
    /// Printed number of the closing; none for an X.
    pub number: Option<String>,
    /// Place among the register's Zs, from 1; for an X the one that the next Z will have.
    #[ts(type = "number")]
    pub z_number: u64,
    /// Name of the business.
    pub business: String,
    /// Name of the shop.
    pub outlet: String,
    /// Name of the register.
    pub register: String,
    /// When it was made, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub made_at_ms: i64,
    /// Who made it.
    pub cashier: String,
    /// When the drawer was opened; none when it was not.
    #[ts(type = "number | null")]
    pub opened_at_ms: Option<i64>,
    /// The documents that it covers: one run for each life of the register's file.
    pub ranges: Vec<NumberRange>,
    /// Their totals.
    pub totals: ShiftTotals,
    /// All totals up to this report.
    pub perpetual: PerpetualTotals,
    /// Cash that should be in the drawer.
    pub expected: Money,
    /// What was found there; none for an X.
    pub counted: Option<CountedDrawer>,
    /// Carts that were begun or held and were not sold.
    pub open_carts: u32,
    /// Operations that the server did not hold yet.
    #[ts(type = "number")]
    pub unsynced: u64,
    /// The report as printed, line by line.
    pub text: Vec<String>,
    /// Whether the server has it; none for an X.
    pub sync: Option<SaleSync>,
}

/// A count under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct CashCount {
    /// Its sum.
    pub counted: Money,
    /// The sum less what is expected.
    pub difference: Money,
}

/// The count that closes a drawer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct CountedDrawer {
    /// How it was counted; empty when only the sum was given.
    pub count: Vec<DenominationCount>,
    /// Cash that was found.
    pub counted: Money,
    /// Found less expected.
    pub difference: Money,
    /// Remark of the person.
    pub note: Option<String>,
}

/// A Z as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ZSummary {
    /// Place among the register's Zs, from 1.
    #[ts(type = "number")]
    pub z_number: u64,
    /// Printed number.
    pub number: String,
    /// When the drawer was closed, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub closed_at_ms: i64,
    /// Who closed it.
    pub cashier: String,
    /// How many documents it covers.
    #[ts(type = "number")]
    pub documents: u64,
    /// Sales, less refunds and voids.
    pub sales: Money,
    /// Where cash came from and went.
    pub cash: CashTotals,
    /// Cash that was found.
    pub counted: Money,
    /// Found less expected.
    pub difference: Money,
    /// Whether the server has it.
    pub sync: SaleSync,
}
