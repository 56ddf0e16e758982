//! Shifts: what a drawer should hold, and the totals of the documents that a Z report covers.
//!
//! Totals are only ever made by adding final documents one after the other ([`ShiftTotals::add`]), so register, server
//! and `verify` come to the same figures from the same documents. A Z covers every document of the register since the Z
//! before, whether or not a shift was open: each final document stands in exactly one Z. The closing itself is in none.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cart::TaxTotal;
use crate::document::{SaleDocument, SaleKind};
use crate::money::{Money, MoneyOverflow};
use crate::tender::{Tender, TenderKind};
use crate::till::{CashDirection, TillContent, TillDocument, TillFault};

/// How many notes or coins of one value lie in the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DenominationCount {
    /// Value of one.
    pub value: Money,
    /// How many.
    pub count: u32,
}

/// The sum of a count.
///
/// # Errors
/// When a value is not above zero, or the sum is beyond the range of money.
pub fn counted(count: &[DenominationCount]) -> Result<Money, TillFault> {
    let mut sum = Money::ZERO;
    for pile in count {
        if pile.value <= Money::ZERO {
            return Err(TillFault::NotPositive { field: "count.value" });
        }
        let minor = i128::from(pile.value.minor()).saturating_mul(i128::from(pile.count));
        sum = sum.plus(Money::from_i128(minor)?)?;
    }
    Ok(sum)
}

/// How many documents, and their sum; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct CountedAmount {
    /// How many.
    pub count: u32,
    /// Their sum.
    pub amount: Money,
}

/// What came in by one tender: change and money given back are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TenderTotal {
    /// Means of payment.
    pub kind: TenderKind,
    /// How many tenders.
    pub count: u32,
    /// Their sum.
    pub amount: Money,
}

/// What was spent out of the drawer for one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExpenseTotal {
    /// The category, as printed.
    pub category: String,
    /// How many times.
    pub count: u32,
    /// Their sum; positive.
    pub amount: Money,
}

/// Where the drawer's cash came from and went. Every amount is positive but `sales`, which is what sales brought less
/// what refunds and voids gave back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct CashTotals {
    /// Counted at the opening.
    pub float: Money,
    /// Cash of sales, without change.
    pub sales: Money,
    /// Cash that customers paid on their accounts, less what was paid out.
    pub payments: Money,
    /// Put in.
    pub paid_in: Money,
    /// Taken out, expenses included.
    pub paid_out: Money,
}

impl CashTotals {
    /// What the drawer should hold.
    pub fn expected(&self) -> Result<Money, MoneyOverflow> {
        self.float.plus(self.sales)?.plus(self.payments)?.plus(self.paid_in)?.minus(self.paid_out)
    }
}

/// The totals of a run of documents.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct ShiftTotals {
    /// Sales, tax and cash rounding included.
    pub sales: CountedAmount,
    /// Refunds.
    pub refunds: CountedAmount,
    /// Voids.
    pub voids: CountedAmount,
    /// Discounts given, less those of what came back.
    pub discounts: Money,
    /// Added by cash rounding.
    pub rounding: Money,
    /// Without tax, less what came back.
    pub net: Money,
    /// Tax, less that of what came back.
    pub tax: Money,
    /// Tax by rate, ascending.
    pub taxes: Vec<TaxTotal>,
    /// How sales were paid, in the order of [`TenderKind`].
    pub tenders: Vec<TenderTotal>,
    /// How customers paid on their accounts, in the order of [`TenderKind`].
    pub payments: Vec<TenderTotal>,
    /// Expenses by category, in the order of their names.
    pub expenses: Vec<ExpenseTotal>,
    /// The drawer.
    pub cash: CashTotals,
}

impl ShiftTotals {
    /// Adds a sale, refund or void.
    pub fn add_sale(&mut self, document: &SaleDocument) -> Result<(), MoneyOverflow> {
        let place = match document.head.kind {
            SaleKind::Sale => &mut self.sales,
            SaleKind::Refund => &mut self.refunds,
            SaleKind::Void => &mut self.voids,
        };
        place.count = place.count.saturating_add(1);
        place.amount = place.amount.plus(document.settlement.payable.abs())?;
        self.discounts = self.discounts.plus(document.discount_total)?;
        self.rounding = self.rounding.plus(document.settlement.rounding)?;
        self.net = self.net.plus(document.net)?;
        self.tax = self.tax.plus(document.tax)?;
        for tax in &document.taxes {
            add_tax(&mut self.taxes, tax)?;
        }
        add_tenders(&mut self.tenders, &document.tenders, document.settlement.change)?;
        let cash = cash_of(&document.tenders, document.settlement.change)?;
        self.cash.sales = self.cash.sales.plus(cash)?;
        Ok(())
    }

    /// Adds a document of the drawer or of an account. A closing adds nothing.
    pub fn add(&mut self, document: &TillDocument) -> Result<(), MoneyOverflow> {
        match &document.content {
            TillContent::ShiftOpening(opening) => {
                self.cash.float = self.cash.float.plus(opening.float)?;
            }
            TillContent::CashMovement(movement) => {
                let place = match movement.direction {
                    CashDirection::In => &mut self.cash.paid_in,
                    CashDirection::Out => &mut self.cash.paid_out,
                };
                *place = place.plus(movement.amount)?;
                if let Some(category) = &movement.expense {
                    add_expense(&mut self.expenses, category, movement.amount)?;
                }
            }
            TillContent::AccountPayment(payment) => {
                add_tenders(&mut self.payments, &payment.tenders, payment.settlement.change)?;
                let cash = cash_of(&payment.tenders, payment.settlement.change)?;
                self.cash.payments = self.cash.payments.plus(cash)?;
            }
            TillContent::ShiftClosing(_) => {}
        }
        Ok(())
    }
}

/// A run of numbers of one series, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NumberRange {
    /// The series, such as `R1`.
    pub series: String,
    /// First number.
    #[ts(type = "number")]
    pub first: u64,
    /// Last number.
    #[ts(type = "number")]
    pub last: u64,
}

/// Totals of all documents that a register ever made, up to a Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct PerpetualTotals {
    /// Documents in all Zs so far.
    #[ts(type = "number")]
    pub documents: u64,
    /// Sales so far.
    pub sales: Money,
    /// Refunds so far.
    pub refunds: Money,
    /// Voids so far.
    pub voids: Money,
}

impl PerpetualTotals {
    /// These totals with those of one more Z, which covers `documents` documents.
    pub fn plus(self, documents: u64, totals: &ShiftTotals) -> Result<Self, MoneyOverflow> {
        Ok(Self {
            documents: self.documents.saturating_add(documents),
            sales: self.sales.plus(totals.sales.amount)?,
            refunds: self.refunds.plus(totals.refunds.amount)?,
            voids: self.voids.plus(totals.voids.amount)?,
        })
    }
}

/// A Z report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ShiftReport {
    /// Its place among the register's Z reports, from 1.
    #[ts(type = "number")]
    pub z_number: u64,
    /// When the drawer was opened, in milliseconds since 1970 UTC; none when documents were made without an opening.
    #[ts(type = "number | null")]
    pub opened_at_ms: Option<i64>,
    /// The documents that it covers: one run for each life of the register's file. Empty when nothing was made.
    pub ranges: Vec<NumberRange>,
    /// Their totals.
    pub totals: ShiftTotals,
    /// All totals before this Z.
    pub perpetual_before: PerpetualTotals,
    /// All totals with this Z.
    pub perpetual: PerpetualTotals,
    /// What was counted; empty when only the sum was given.
    pub count: Vec<DenominationCount>,
    /// Cash that was found in the drawer.
    pub counted: Money,
    /// Cash that should have been there.
    pub expected: Money,
    /// `counted - expected`.
    pub difference: Money,
    /// Open and held carts at the closing.
    pub open_carts: u32,
    /// Operations that the server did not hold yet at the closing.
    #[ts(type = "number")]
    pub unsynced: u64,
    /// Remark of the person.
    pub note: Option<String>,
}

impl ShiftReport {
    /// How many documents it covers.
    pub fn documents(&self) -> u64 {
        self.ranges.iter().fold(0, |sum: u64, range| {
            sum.saturating_add(range.last.saturating_sub(range.first).saturating_add(1))
        })
    }

    pub(crate) fn check(&self) -> Result<(), TillFault> {
        let differs = |field| TillFault::Differs { field };
        if self.ranges.iter().any(|range| range.first == 0 || range.last < range.first) {
            return Err(differs("ranges"));
        }
        if self.counted.is_negative() {
            return Err(TillFault::Negative { field: "counted" });
        }
        if !self.count.is_empty() && counted(&self.count)? != self.counted {
            return Err(differs("counted"));
        }
        if self.expected != self.totals.cash.expected()? {
            return Err(differs("expected"));
        }
        if self.difference != self.counted.minus(self.expected)? {
            return Err(differs("difference"));
        }
        if self.perpetual != self.perpetual_before.plus(self.documents(), &self.totals)? {
            return Err(differs("perpetual"));
        }
        Ok(())
    }
}

/// Cash of tenders, without the change.
fn cash_of(tenders: &[Tender], change: Money) -> Result<Money, MoneyOverflow> {
    let cash = tenders.iter().filter(|t| t.kind == TenderKind::Cash).map(|t| t.amount);
    Money::sum(cash)?.minus(change)
}

fn add_tenders(
    totals: &mut Vec<TenderTotal>,
    tenders: &[Tender],
    change: Money,
) -> Result<(), MoneyOverflow> {
    for tender in tenders {
        let at = match totals.binary_search_by_key(&tender.kind, |t| t.kind) {
            Ok(at) => at,
            Err(at) => {
                totals.insert(at, TenderTotal { kind: tender.kind, count: 0, amount: Money::ZERO });
                at
            }
        };
        if let Some(total) = totals.get_mut(at) {
            total.count = total.count.saturating_add(1);
            total.amount = total.amount.plus(tender.amount)?;
        }
    }
    if let Some(cash) = totals.iter_mut().find(|t| t.kind == TenderKind::Cash) {
        cash.amount = cash.amount.minus(change)?;
    }
    Ok(())
}

fn add_tax(taxes: &mut Vec<TaxTotal>, tax: &TaxTotal) -> Result<(), MoneyOverflow> {
    match taxes.binary_search_by_key(&tax.rate, |t| t.rate) {
        Ok(at) => {
            if let Some(total) = taxes.get_mut(at) {
                total.net = total.net.plus(tax.net)?;
                total.tax = total.tax.plus(tax.tax)?;
                total.gross = total.gross.plus(tax.gross)?;
            }
        }
        Err(at) => taxes.insert(at, *tax),
    }
    Ok(())
}

fn add_expense(expenses: &mut Vec<ExpenseTotal>, category: &str, amount: Money) -> Result<(), MoneyOverflow> {
    match expenses.binary_search_by(|e| e.category.as_str().cmp(category)) {
        Ok(at) => {
            if let Some(total) = expenses.get_mut(at) {
                total.count = total.count.saturating_add(1);
                total.amount = total.amount.plus(amount)?;
            }
        }
        Err(at) => expenses.insert(at, ExpenseTotal { category: category.to_owned(), count: 1, amount }),
    }
    Ok(())
}
