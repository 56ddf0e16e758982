//! Final documents of the drawer and of customers' accounts: openings, cash in and out, payments, closings.
//!
//! Like a sale document each is complete in itself, is written once, is never changed, and can be checked by anyone who
//! holds it. A shift belongs to one register; its closing is the Z report ([`crate::shift`]).

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::account::AccountEntry;
use crate::currency::Currency;
use crate::document::{DocumentCustomer, DocumentFault, DocumentKind, check_text};
use crate::ids::{CashierId, DeviceId, DocumentId, OutletId, ShiftId};
use crate::money::{Money, MoneyOverflow};
use crate::people::Approval;
use crate::rounding::CashRounding;
use crate::shift::{DenominationCount, ShiftReport, counted};
use crate::tender::{Settlement, SettlementFault, Tender, settle};

/// Who made the document, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TillHead {
    /// Made by the register.
    pub document_id: DocumentId,
    /// Name of the business, as printed.
    pub business: String,
    /// Which shop.
    pub outlet_id: OutletId,
    /// Name of the shop, as printed.
    pub outlet: String,
    /// Which register.
    pub device_id: DeviceId,
    /// Name of the register, as printed.
    pub register: String,
    /// Who did it.
    pub cashier_id: CashierId,
    /// Name of that person, as printed.
    pub cashier: String,
    /// Currency of every amount.
    pub currency: Currency,
    /// The shift that it opens, belongs to or closes; none when money is taken while no shift is open.
    pub shift_id: Option<ShiftId>,
    /// Time of entry on this register, in milliseconds since 1970 UTC. Shown and filed, never used for order.
    #[ts(type = "number")]
    pub made_at_ms: i64,
    /// Other people's yes to what the cashier alone may not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Approval>>", optional)]
    pub approvals: Vec<Approval>,
}

/// A complete document of the drawer or of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TillDocument {
    /// Who, where, when.
    pub head: TillHead,
    /// What.
    pub content: TillContent,
}

/// What a till document states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum TillContent {
    /// The drawer was opened.
    ShiftOpening(ShiftOpening),
    /// Cash went in or out.
    CashMovement(CashMovement),
    /// A customer paid on the account, or was paid out of it.
    AccountPayment(AccountPayment),
    /// The drawer was counted and closed.
    ShiftClosing(Box<ShiftReport>),
}

/// The drawer's first count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShiftOpening {
    /// Cash in the drawer.
    pub float: Money,
    /// How it was counted; empty when only the sum was given.
    pub count: Vec<DenominationCount>,
}

/// Which way cash goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CashDirection {
    /// Into the drawer.
    In,
    /// Out of the drawer.
    Out,
}

impl CashDirection {
    /// The direction's name on the wire, in the database and in the shell.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// Cash that moves without a sale: change brought from the bank, takings carried to the safe, an expense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashMovement {
    /// Which way.
    pub direction: CashDirection,
    /// How much; positive.
    pub amount: Money,
    /// For an expense: one of the shop's categories, as printed. None for cash that stays the shop's.
    pub expense: Option<String>,
    /// Why, in the person's words.
    pub note: Option<String>,
}

/// Money that a customer brings for the account, or takes out of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountPayment {
    /// Whose account.
    pub customer: DocumentCustomer,
    /// What the account is credited with: positive when the customer pays, negative when the shop pays out.
    pub amount: Money,
    /// How it was paid; no tender is on account.
    pub tenders: Vec<Tender>,
    /// Rounding, payable, change.
    pub settlement: Settlement,
    /// How the amount to pay was rounded.
    pub cash_rounding: Option<CashRounding>,
    /// Printed remark.
    pub note: Option<String>,
}

/// Why a till document is not right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TillFault {
    /// An amount that must be above zero is not.
    #[error("{field}: the amount must be above zero")]
    NotPositive {
        /// Path of the field.
        field: &'static str,
    },
    /// An amount that must not be below zero is.
    #[error("{field}: the amount is negative")]
    Negative {
        /// Path of the field.
        field: &'static str,
    },
    /// An expense that brings money in.
    #[error("expense: an expense takes cash out")]
    ExpenseBringsIn,
    /// A text that must not be empty is, or is too long.
    #[error("{field}: the text is missing or too long")]
    Text {
        /// Path of the field.
        field: &'static str,
    },
    /// A payment on account that is itself on account.
    #[error("tenders: an account is not paid from the account")]
    PaidFromAccount,
    /// The opening or closing of no shift.
    #[error("shift_id: the shift is missing")]
    ShiftMissing,
    /// A stated amount is not what its parts give.
    #[error("{field}: the document states another value than its parts give")]
    Differs {
        /// Path of the field.
        field: &'static str,
    },
    /// The tenders do not settle the amount.
    #[error(transparent)]
    Settlement(#[from] SettlementFault),
    /// An amount left the range of money.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

impl TillFault {
    /// The field that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NotPositive { field }
            | Self::Negative { field }
            | Self::Text { field }
            | Self::Differs { field } => field,
            Self::ExpenseBringsIn => "expense",
            Self::PaidFromAccount | Self::Settlement(_) => "tenders",
            Self::ShiftMissing => "shift_id",
            Self::Overflow(_) => "amount",
        }
    }

    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotPositive { .. } => "not_positive",
            Self::Negative { .. } => "negative",
            Self::Text { .. } => "text",
            Self::Differs { .. } => "differs",
            Self::ExpenseBringsIn => "wrong_direction",
            Self::PaidFromAccount => "on_account",
            Self::Settlement(_) => "settlement",
            Self::ShiftMissing => "empty",
            Self::Overflow(_) => "too_large",
        }
    }
}

impl TillDocument {
    /// The kind in the chain.
    pub const fn kind(&self) -> DocumentKind {
        match &self.content {
            TillContent::ShiftOpening(_) => DocumentKind::ShiftOpening,
            TillContent::CashMovement(_) => DocumentKind::CashMovement,
            TillContent::AccountPayment(_) => DocumentKind::AccountPayment,
            TillContent::ShiftClosing(_) => DocumentKind::ShiftClosing,
        }
    }

    /// What it adds to what a customer owes, and to whose account.
    pub fn account_effect(&self) -> Option<(&DocumentCustomer, Money)> {
        match &self.content {
            TillContent::AccountPayment(payment) => Some((&payment.customer, payment.amount.negated())),
            TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::ShiftClosing(_) => {
                None
            }
        }
    }

    /// What it does to a customer's account, under the customer's id as the document says it.
    pub fn account_entry(&self, number: Option<String>) -> Option<AccountEntry> {
        let (customer, amount) = self.account_effect()?;
        Some(AccountEntry {
            document_id: self.head.document_id,
            customer_id: customer.customer_id,
            amount,
            kind: self.kind(),
            device_id: self.head.device_id,
            register: self.head.register.clone(),
            number,
            at_ms: self.head.made_at_ms,
        })
    }

    /// Recomputes everything that the document states by itself. Whether a closing's totals are those of its documents
    /// is for whoever holds them; see [`crate::shift::ShiftTotals::add`].
    pub fn check(&self) -> Result<(), TillFault> {
        match &self.content {
            TillContent::ShiftOpening(opening) => {
                self.head.shift_id.ok_or(TillFault::ShiftMissing)?;
                opening.check()
            }
            TillContent::CashMovement(movement) => movement.check(),
            TillContent::AccountPayment(payment) => payment.check(),
            TillContent::ShiftClosing(report) => {
                self.head.shift_id.ok_or(TillFault::ShiftMissing)?;
                report.check()
            }
        }
    }
}

impl ShiftOpening {
    fn check(&self) -> Result<(), TillFault> {
        if self.float.is_negative() {
            return Err(TillFault::Negative { field: "float" });
        }
        if !self.count.is_empty() && counted(&self.count)? != self.float {
            return Err(TillFault::Differs { field: "float" });
        }
        Ok(())
    }
}

impl CashMovement {
    fn check(&self) -> Result<(), TillFault> {
        if self.amount <= Money::ZERO {
            return Err(TillFault::NotPositive { field: "amount" });
        }
        if self.expense.is_some() && self.direction == CashDirection::In {
            return Err(TillFault::ExpenseBringsIn);
        }
        check_words("expense", self.expense.as_deref())?;
        check_words("note", self.note.as_deref())
    }
}

impl AccountPayment {
    /// A payment of `amount` settled by `tenders`.
    pub fn build(
        customer: DocumentCustomer,
        amount: Money,
        tenders: Vec<Tender>,
        cash_rounding: Option<CashRounding>,
        note: Option<String>,
    ) -> Result<Self, TillFault> {
        let settlement = settle(amount, &tenders, cash_rounding)?;
        let payment = Self { customer, amount, tenders, settlement, cash_rounding, note };
        payment.check()?;
        Ok(payment)
    }

    fn check(&self) -> Result<(), TillFault> {
        if self.amount.is_zero() {
            return Err(TillFault::NotPositive { field: "amount" });
        }
        if self.tenders.iter().any(|t| t.kind.is_on_account()) {
            return Err(TillFault::PaidFromAccount);
        }
        if self.settlement != settle(self.amount, &self.tenders, self.cash_rounding)? {
            return Err(TillFault::Differs { field: "settlement" });
        }
        check_words("note", self.note.as_deref())
    }
}

fn check_words(field: &'static str, text: Option<&str>) -> Result<(), TillFault> {
    match text {
        Some(text) if text.trim().is_empty() => Err(TillFault::Text { field }),
        Some(text) => check_text(field, text).map_err(|_: DocumentFault| TillFault::Text { field }),
        None => Ok(()),
    }
}
