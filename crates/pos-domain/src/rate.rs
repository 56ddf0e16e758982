//! Rates (taxes, percentage discounts) in parts per million: 18 % is 180,000.

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::decimal::{DecimalFault, format_scaled, parse_scaled};

/// One whole, in parts per million.
pub const WHOLE_PPM: i64 = 1_000_000;
/// Highest rate: 1000 %. Excises above 100 % exist; anything above this is a typing error.
pub const MAX_PPM: i64 = 10 * WHOLE_PPM;

/// A rate in parts per million, `0..=MAX_PPM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, TS)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Rate(i64);

impl Rate {
    /// Exempt, or no discount.
    pub const ZERO: Self = Self(0);
    /// 10 %.
    pub const TENTH: Self = Self(WHOLE_PPM / 10);
    /// 100 %.
    pub const WHOLE: Self = Self(WHOLE_PPM);

    /// From parts per million.
    pub fn from_ppm(ppm: i64) -> Result<Self, DecimalFault> {
        if (0..=MAX_PPM).contains(&ppm) { Ok(Self(ppm)) } else { Err(DecimalFault::OutOfRange) }
    }

    /// Parts per million.
    pub const fn ppm(self) -> i64 {
        self.0
    }

    /// Reads a percentage such as `18` or `5.5`, with or without a `%` sign.
    pub fn parse_percent(text: &str) -> Result<Self, DecimalFault> {
        let text = text.trim();
        Self::from_ppm(parse_scaled(text.strip_suffix('%').unwrap_or(text), 4)?)
    }

    /// The shortest percentage, without the sign: `18`, `5.5`.
    pub fn to_percent(self) -> String {
        format_scaled(self.0, 4, true)
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_ppm(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
