//! Amounts of money as whole minor units (cents, francs, fils), never floats.
//!
//! The bound is 2^53 - 1 so that an amount survives JSON and TypeScript unchanged; 9 million billion minor
//! units are more than any shop holds. How many decimals a minor unit stands for is the [`Currency`]'s business.

use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::currency::Currency;
use crate::decimal::{DecimalFault, format_scaled, parse_scaled};

/// Largest absolute amount in minor units: 2^53 - 1.
pub const MAX_MINOR: i64 = (1 << 53) - 1;

/// An amount in minor units of the shop's currency, `-MAX_MINOR..=MAX_MINOR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Money(i64);

/// An amount left the range of [`Money`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the amount is larger than this shop system can hold")]
pub struct MoneyOverflow;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// From minor units.
    pub fn from_minor(minor: i64) -> Result<Self, MoneyOverflow> {
        if minor.unsigned_abs() <= MAX_MINOR.unsigned_abs() { Ok(Self(minor)) } else { Err(MoneyOverflow) }
    }

    /// From the result of a wide intermediate calculation, in minor units.
    pub fn from_i128(minor: i128) -> Result<Self, MoneyOverflow> {
        i64::try_from(minor).map_err(|_| MoneyOverflow).and_then(Self::from_minor)
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, or an error when it leaves the range.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Self::from_i128(i128::from(self.0) + i128::from(other.0))
    }

    /// The difference, or an error when it leaves the range.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Self::from_i128(i128::from(self.0) - i128::from(other.0))
    }

    /// The sum of many, or an error when it leaves the range.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyOverflow> {
        Self::from_i128(amounts.into_iter().map(|m| i128::from(m.0)).sum())
    }

    /// The same amount the other way; always in range because the range is symmetric.
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Without its sign.
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Less than nothing.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Reads a decimal string such as `12.50`; more decimals than the currency has are refused, not rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, DecimalFault> {
        let minor = parse_scaled(text, currency.exponent())?;
        Self::from_minor(minor).map_err(|MoneyOverflow| DecimalFault::OutOfRange)
    }

    /// A decimal string in the currency's own digits: `12.50` EUR, `12500` GNF, `1.250` TND.
    pub fn to_decimal(self, currency: Currency) -> String {
        format_scaled(self.0, currency.exponent(), false)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minor = i64::deserialize(deserializer)?;
        Self::from_minor(minor).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_that_json_would_change_is_refused() {
        assert!(Money::from_minor(MAX_MINOR).is_ok());
        assert_eq!(Money::from_minor(MAX_MINOR + 1), Err(MoneyOverflow));
        assert_eq!(Money::from_minor(i64::MIN), Err(MoneyOverflow), "the smallest i64 has no mirror");
        assert!(serde_json::from_str::<Money>("9007199254740992").is_err());
        assert!(serde_json::from_str::<Money>("1.5").is_err(), "a fraction of a minor unit is no amount");
    }
}
