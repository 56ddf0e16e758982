//! Quantities in thousandths, so that 0.250 kg and 6 pieces are the same kind of number.

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::decimal::{DecimalFault, format_scaled, parse_scaled};

/// Decimals of a quantity.
const DECIMALS: u32 = 3;
/// Largest absolute quantity in thousandths: a thousand million units, more than a warehouse holds of one thing.
pub const MAX_MILLI: i64 = 1_000_000_000_000;

/// A quantity in thousandths of its unit, `-MAX_MILLI..=MAX_MILLI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Quantity(i64);

impl Quantity {
    /// None.
    pub const ZERO: Self = Self(0);
    /// One whole unit.
    pub const ONE: Self = Self(1000);

    /// From thousandths.
    pub fn from_milli(milli: i64) -> Result<Self, DecimalFault> {
        if milli.unsigned_abs() <= MAX_MILLI.unsigned_abs() {
            Ok(Self(milli))
        } else {
            Err(DecimalFault::OutOfRange)
        }
    }

    /// From whole units.
    pub fn from_units(units: i64) -> Result<Self, DecimalFault> {
        units.checked_mul(1000).ok_or(DecimalFault::OutOfRange).and_then(Self::from_milli)
    }

    /// Thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }

    /// The sum, or an error when it leaves the range.
    pub fn plus(self, other: Self) -> Result<Self, DecimalFault> {
        Self::from_milli(self.0 + other.0)
    }

    /// The difference, or an error when it leaves the range.
    pub fn minus(self, other: Self) -> Result<Self, DecimalFault> {
        Self::from_milli(self.0 - other.0)
    }

    /// This many times `size` units, or the nearest quantity there is: thousandths beyond the third are dropped. Whoever
    /// must not lose anything asks [`Self::times_exactly`] first.
    #[must_use]
    pub fn times(self, size: Self) -> Self {
        let milli = i128::from(self.0).saturating_mul(i128::from(size.0)) / 1000;
        let bound = i128::from(MAX_MILLI);
        Self(i64::try_from(milli.clamp(-bound, bound)).unwrap_or_default())
    }

    /// Whether this many times `size` units is a quantity without anything dropped.
    pub fn times_exactly(self, size: Self) -> bool {
        let exact = i128::from(self.0).saturating_mul(i128::from(size.0));
        exact % 1000 == 0 && exact.unsigned_abs() / 1000 <= i128::from(MAX_MILLI).unsigned_abs()
    }

    /// The same quantity the other way.
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Exactly none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Less than none.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// More than none.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Reads `2`, `0.25`, `-1`. At most three decimals.
    pub fn parse(text: &str) -> Result<Self, DecimalFault> {
        Self::from_milli(parse_scaled(text, DECIMALS)?)
    }

    /// The shortest decimal string: `2`, `0.25`.
    pub fn to_decimal(self) -> String {
        format_scaled(self.0, DECIMALS, true)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_milli(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
