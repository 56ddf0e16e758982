//! How a sale is paid: tenders, change and cash rounding.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::money::{Money, MoneyOverflow};
use crate::rounding::{CashRounding, CashRoundingFault, RoundingScope};

/// Most characters of a tender's reference.
pub const MAX_REFERENCE_CHARS: usize = 64;

/// A means of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TenderKind {
    /// Notes and coins; the only tender that gives change.
    Cash,
    /// Mobile money with the operator's transaction reference.
    Mobile,
    /// A card terminal's payment with its reference. Card numbers are never taken.
    Card,
    /// On the customer's account: the customer owes it, up to a limit.
    Account,
    /// Out of what the shop owes the customer.
    StoreCredit,
}

impl TenderKind {
    /// The kind's name on the wire, in the database and in the shell.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Mobile => "mobile",
            Self::Card => "card",
            Self::Account => "account",
            Self::StoreCredit => "store_credit",
        }
    }

    /// Whether it changes the customer's account instead of bringing money.
    pub const fn is_on_account(self) -> bool {
        match self {
            Self::Account | Self::StoreCredit => true,
            Self::Cash | Self::Mobile | Self::Card => false,
        }
    }

    /// Whether somebody else's number proves the payment.
    pub const fn needs_reference(self) -> bool {
        match self {
            Self::Mobile | Self::Card => true,
            Self::Cash | Self::Account | Self::StoreCredit => false,
        }
    }
}

/// An amount given in one means of payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Tender {
    /// Means of payment.
    pub kind: TenderKind,
    /// As handed over: for cash before change. Negative when money is given back for a refund.
    pub amount: Money,
    /// The operator's or terminal's reference; required for mobile money and card.
    pub reference: Option<String>,
}

/// How a total was settled. `total + rounding = payable = sum(tenders) - change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Settlement {
    /// Added to the total by cash rounding; negative when it was rounded down.
    pub rounding: Money,
    /// What had to be paid after rounding.
    pub payable: Money,
    /// Sum of the tenders.
    pub tendered: Money,
    /// Cash given back.
    pub change: Money,
}

/// Why tenders do not settle a total.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettlementFault {
    /// No tender, though there is something to pay.
    #[error("{missing:?} is still to be paid")]
    NotEnough {
        /// What is missing.
        missing: Money,
    },
    /// More was given by card or mobile money than there is to pay.
    #[error("tenders other than cash exceed the total by {excess:?}")]
    NonCashExceedsTotal {
        /// The excess.
        excess: Money,
    },
    /// A tender of nothing, or in the wrong direction for this total.
    #[error("tender {index}: the amount must be {expected}")]
    WrongSign {
        /// Counted from 1.
        index: usize,
        /// `positive` or `negative`.
        expected: &'static str,
    },
    /// Mobile money or card without a reference.
    #[error("tender {index}: the reference is missing")]
    MissingReference {
        /// Counted from 1.
        index: usize,
    },
    /// A reference that is too long or has control characters.
    #[error("tender {index}: the reference is too long or has unprintable characters")]
    BadReference {
        /// Counted from 1.
        index: usize,
    },
    /// A reference that looks like a card number: it is refused so that none is ever stored.
    #[error("tender {index}: the reference looks like a card number; use the terminal's reference")]
    CardNumber {
        /// Counted from 1.
        index: usize,
    },
    /// The rounding setting itself is wrong, or an amount overflowed.
    #[error(transparent)]
    Rounding(#[from] CashRoundingFault),
}

impl From<MoneyOverflow> for SettlementFault {
    fn from(e: MoneyOverflow) -> Self {
        Self::Rounding(CashRoundingFault::Overflow(e))
    }
}

/// What tenders add to what a customer owes; `None` when none of them is on the account.
pub fn account_effect(tenders: &[Tender]) -> Result<Option<Money>, MoneyOverflow> {
    let mut on_account = tenders.iter().filter(|t| t.kind.is_on_account()).map(|t| t.amount).peekable();
    if on_account.peek().is_none() { Ok(None) } else { Money::sum(on_account).map(Some) }
}

/// What is to be paid when everything still due is paid with `kind`.
pub fn payable(
    total: Money,
    rounding: Option<CashRounding>,
    kind: TenderKind,
) -> Result<Money, CashRoundingFault> {
    match rounding {
        Some(r) if r.scope == RoundingScope::All || kind == TenderKind::Cash => r.round(total),
        Some(_) | None => Ok(total),
    }
}

/// Settles `total` with `tenders`. A negative total (a refund) is settled by negative tenders without change.
pub fn settle(
    total: Money,
    tenders: &[Tender],
    rounding: Option<CashRounding>,
) -> Result<Settlement, SettlementFault> {
    for (i, tender) in tenders.iter().enumerate() {
        check_amount(i + 1, (tender.kind, tender.amount), total, rounding)?;
        check_reference(i + 1, tender)?;
    }
    let amounts: Vec<_> = tenders.iter().map(|t| (t.kind, t.amount)).collect();
    settle_amounts(total, &amounts, rounding)
}

/// What [`settle`] says of these amounts before their references are known: the change to give, or what is missing.
pub fn settle_amounts(
    total: Money,
    amounts: &[(TenderKind, Money)],
    rounding: Option<CashRounding>,
) -> Result<Settlement, SettlementFault> {
    for (i, amount) in amounts.iter().enumerate() {
        check_amount(i + 1, *amount, total, rounding)?;
    }
    let by = |cash: bool| {
        Money::sum(amounts.iter().filter(|(kind, _)| (*kind == TenderKind::Cash) == cash).map(|(_, a)| *a))
    };
    let (cash, other) = (by(true)?, by(false)?);
    let uses_cash = amounts.iter().any(|(kind, _)| *kind == TenderKind::Cash);
    let payable = match rounding {
        Some(r) if r.scope == RoundingScope::All => r.round(total)?,
        Some(r) if uses_cash => other.plus(r.round(total.minus(other)?)?)?,
        Some(_) | None => total,
    };
    // Where only cash is rounded, other tenders are held to the total itself: rounding must not excuse an overcharge.
    let bound = match rounding {
        Some(r) if r.scope == RoundingScope::All => payable,
        Some(_) | None => total,
    };
    let sign = if total.is_negative() { -1 } else { 1 };
    let over = Money::from_i128(i128::from(other.minus(bound)?.minor()) * sign)?;
    if over > Money::ZERO {
        return Err(SettlementFault::NonCashExceedsTotal { excess: over });
    }
    let tendered = cash.plus(other)?;
    let change = tendered.minus(payable)?;
    let refund_overpaid = total.is_negative() && !change.is_zero();
    if change.is_negative() || refund_overpaid {
        return Err(SettlementFault::NotEnough { missing: change.abs() });
    }
    Ok(Settlement { rounding: payable.minus(total)?, payable, tendered, change })
}

fn check_amount(
    index: usize,
    (kind, amount): (TenderKind, Money),
    total: Money,
    rounding: Option<CashRounding>,
) -> Result<(), SettlementFault> {
    // No coin changes hands where what is left in cash rounds to nothing; no other tender can be of nothing.
    let fits = if amount.is_zero() {
        kind == TenderKind::Cash && rounding.is_some()
    } else {
        amount.is_negative() == total.is_negative()
    };
    if fits {
        return Ok(());
    }
    let expected = if total.is_negative() { "negative" } else { "positive" };
    Err(SettlementFault::WrongSign { index, expected })
}

fn check_reference(index: usize, tender: &Tender) -> Result<(), SettlementFault> {
    match tender.reference.as_deref().map(str::trim).filter(|r| !r.is_empty()) {
        None if !tender.kind.needs_reference() => Ok(()),
        None => Err(SettlementFault::MissingReference { index }),
        Some(r) if r.chars().count() > MAX_REFERENCE_CHARS || r.chars().any(char::is_control) => {
            Err(SettlementFault::BadReference { index })
        }
        Some(r) if looks_like_card_number(r) => Err(SettlementFault::CardNumber { index }),
        Some(_) => Ok(()),
    }
}

/// 13 to 19 digits, perhaps grouped by spaces or dashes, whose Luhn sum is right (ISO/IEC 7812-1).
pub fn looks_like_card_number(text: &str) -> bool {
    let digits: Vec<u32> =
        text.chars().filter(|c| !matches!(c, ' ' | '-')).map_while(|c| c.to_digit(10)).collect();
    let others = text.chars().any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-'));
    (13..=19).contains(&digits.len()) && !others && luhn_holds(&digits)
}

fn luhn_holds(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| match (i % 2, d * 2) {
            (0, _) => *d,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}
