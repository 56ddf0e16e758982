//! What is asked of the drawer: opening, moving cash, closing, reports.

use pos_app::{CashMove, Close, Counted};
use pos_domain::shift::DenominationCount;
use pos_domain::till::CashDirection;
use pos_domain::{ApprovalId, Money, RequestId};
use serde::Deserialize;
use ts_rs::TS;

/// `shift.open`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OpenShift {
    /// Made anew for each press of the button; pressing twice opens once.
    pub request_id: RequestId,
    /// Cash in the drawer, unless it was counted by notes and coins.
    pub float: Money,
    /// Notes and coins; empty when only the sum is told.
    #[serde(default)]
    pub count: Vec<DenominationCount>,
    /// Another person's yes.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `cash.move`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct MoveCash {
    /// Made anew for each press of the button; pressing twice moves once.
    pub request_id: RequestId,
    /// Which way.
    pub direction: CashDirection,
    /// How much; above zero.
    pub amount: Money,
    /// What it was spent on, for an expense.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub expense: Option<String>,
    /// Why.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub note: Option<String>,
    /// Another person's yes.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `cash.count`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CountCash {
    /// Cash in the drawer, unless it is counted by notes and coins.
    pub sum: Money,
    /// Notes and coins; empty when only the sum is told.
    #[serde(default)]
    pub count: Vec<DenominationCount>,
    /// What should be there.
    pub expected: Money,
}

/// `shift.close`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CloseShift {
    /// Made anew for each press of the button; pressing twice closes once.
    pub request_id: RequestId,
    /// Cash in the drawer, unless it was counted by notes and coins.
    pub counted: Money,
    /// Notes and coins; empty when only the sum is told.
    #[serde(default)]
    pub count: Vec<DenominationCount>,
    /// Remark that stands on the Z.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub note: Option<String>,
    /// Another person's yes.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub approval_id: Option<ApprovalId>,
}

/// `report.z`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct GetZ {
    /// Place among the register's Zs; the last one when none.
    pub z: Option<u32>,
}

/// `report.list_z`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListZ {
    /// How many of the newest are left out.
    pub skip: u32,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `report.print`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PrintDrawerReport {
    /// Which Z; an X when none.
    pub z: Option<u32>,
}

/// `report.save`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SaveDrawerReport {
    /// Which Z; an X when none.
    pub z: Option<u32>,
    /// Where to; a folder of reports in the data folder when none.
    pub path: Option<String>,
}

fn counted(sum: Money, count: Vec<DenominationCount>) -> Counted {
    if count.is_empty() { Counted::Sum(sum) } else { Counted::Piles(count) }
}

impl OpenShift {
    /// The cash that was found.
    pub(crate) fn counted(&self) -> Counted {
        counted(self.float, self.count.clone())
    }
}

impl CountCash {
    /// The cash that was found.
    pub(crate) fn counted(&self) -> Counted {
        counted(self.sum, self.count.clone())
    }
}

impl MoveCash {
    /// The cash that moves.
    pub(crate) fn moved(&self) -> CashMove {
        let Self { direction, amount, expense, note, .. } = self.clone();
        CashMove { direction, amount, expense, note }
    }
}

impl CloseShift {
    /// The count and its remark.
    pub(crate) fn close(&self) -> Close {
        Close { counted: counted(self.counted, self.count.clone()), note: self.note.clone() }
    }
}
