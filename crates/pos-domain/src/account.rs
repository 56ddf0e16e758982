//! What customers owe: a ledger of entries that is only ever added to.
//!
//! A balance is the sum of a customer's entries, so two registers that take payments without seeing each other never
//! overwrite anything: each brings its own entries, and whoever has seen both has the balance. A balance above zero is a
//! debt; below zero the shop owes the customer (store credit).

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

use crate::document::DocumentKind;
use crate::ids::{CustomerId, DeviceId, DocumentId};
use crate::money::{Money, MoneyOverflow};

/// What one final document did to one account. A document has at most one entry, whose id is the document's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountEntry {
    /// The document; also the row's id.
    pub document_id: DocumentId,
    /// Whose account.
    pub customer_id: CustomerId,
    /// Added to what the customer owes; negative for payments, refunds and store credit.
    pub amount: Money,
    /// Kind of the document.
    pub kind: DocumentKind,
    /// Which register.
    pub device_id: DeviceId,
    /// Name of the register, as printed.
    pub register: String,
    /// Printed number of the document, once it is known here.
    pub number: Option<String>,
    /// When the document was made, by the register's clock, in milliseconds since 1970 UTC.
    #[ts(type = "number")]
    pub at_ms: i64,
}

impl AccountEntry {
    /// The id of its row.
    pub const fn row_id(&self) -> Uuid {
        self.document_id.0
    }
}

/// Whether a customer who owes `balance` may owe `more` under a limit; none is no limit. Store credit is spent first, as
/// the sum says by itself.
pub fn within_limit(balance: Money, more: Money, limit: Option<Money>) -> Result<bool, MoneyOverflow> {
    let after = balance.plus(more)?;
    Ok(limit.is_none_or(|limit| after <= limit))
}

/// Bounds of the age of a debt, in days: up to 30, 60, 90, and beyond.
pub const AGEING_DAYS: [i64; 3] = [30, 60, 90];
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A debt by its age: payments settle the oldest sales first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct Ageing {
    /// At most 30 days old.
    pub current: Money,
    /// 31 to 60 days.
    pub over_30: Money,
    /// 61 to 90 days.
    pub over_60: Money,
    /// Older.
    pub over_90: Money,
}

/// What is still owed of each sale on account, oldest first: payments settle the oldest sales first. `entries` are
/// `(at_ms, amount)` of one customer, in any order.
pub fn open_debts(entries: &[(i64, Money)]) -> Result<Vec<(i64, Money)>, MoneyOverflow> {
    let mut debts: Vec<(i64, Money)> = entries.iter().copied().filter(|(_, a)| *a > Money::ZERO).collect();
    debts.sort_by_key(|(at_ms, _)| *at_ms);
    let paid = Money::sum(entries.iter().map(|(_, a)| *a).filter(|a| a.is_negative()))?;
    let mut paid = paid.negated();
    let mut open = Vec::new();
    for (at_ms, amount) in debts {
        let settled = amount.min(paid);
        paid = paid.minus(settled)?;
        let left = amount.minus(settled)?;
        if !left.is_zero() {
            open.push((at_ms, left));
        }
    }
    Ok(open)
}

/// Ages what [`open_debts`] gives.
pub fn age(open: &[(i64, Money)], now_ms: i64) -> Result<Ageing, MoneyOverflow> {
    let mut ageing = Ageing::default();
    for (at_ms, amount) in open {
        let days = now_ms.saturating_sub(*at_ms).max(0) / DAY_MS;
        let [first, second, third] = AGEING_DAYS;
        let place = match days {
            d if d <= first => &mut ageing.current,
            d if d <= second => &mut ageing.over_30,
            d if d <= third => &mut ageing.over_60,
            _ => &mut ageing.over_90,
        };
        *place = place.plus(*amount)?;
    }
    Ok(ageing)
}

impl Ageing {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Ok(Self {
            current: self.current.plus(other.current)?,
            over_30: self.over_30.plus(other.over_30)?,
            over_60: self.over_60.plus(other.over_60)?,
            over_90: self.over_90.plus(other.over_90)?,
        })
    }
}
