//! Numbers as they leave the commands, and as people write them.
//!
//! The commands answer in whole minor units, thousandths and parts per million. The shell prints decimal strings: an
//! amount in the currency's own digits, a quantity or a rate as short as it goes.

use serde::Deserialize;

/// Decimals of a quantity.
const QUANTITY_PLACES: usize = 3;
/// Decimals of a percentage that is kept in parts per million.
const PERCENT_PLACES: usize = 4;

/// The currency in which a shop counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Currency {
    /// ISO 4217 code.
    pub(crate) code: String,
    /// Number of decimals, 0 to 3.
    pub(crate) exponent: u8,
}

impl Currency {
    /// Reads an amount with no more decimals than the currency has.
    pub(crate) fn minor(&self, text: &str) -> Option<i64> {
        unscaled(text, usize::from(self.exponent))
    }
}

/// An amount in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Minor(pub(crate) i64);

impl Minor {
    /// In the currency's own digits: `12.50` EUR, `12500` GNF, `1.250` TND.
    pub(crate) fn text(self, currency: &Currency) -> String {
        scaled(self.0, usize::from(currency.exponent))
    }
}

/// A quantity in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Milli(pub(crate) i64);

impl Milli {
    /// Reads a decimal of at most three places, such as `2` or `0.25`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        unscaled(text, QUANTITY_PLACES).map(Self)
    }

    /// The shortest decimal: `2`, `0.25`.
    pub(crate) fn text(self) -> String {
        shortest(scaled(self.0, QUANTITY_PLACES))
    }
}

/// A rate in parts per million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ppm(pub(crate) i64);

impl Ppm {
    /// The shortest percentage, without the sign: `18`, `5.5`.
    pub(crate) fn percent(self) -> String {
        shortest(scaled(self.0, PERCENT_PLACES))
    }
}

/// A time in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct AtMs(pub(crate) i64);

impl AtMs {
    /// RFC 3339 in UTC with milliseconds, such as `2026-03-01T09:30:00.000Z`.
    pub(crate) fn rfc3339(self) -> String {
        chrono::DateTime::from_timestamp_millis(self.0)
            .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
            .unwrap_or_default()
    }

    /// As people of the shop read it, in this machine's time zone.
    pub(crate) fn local(self) -> String {
        pos_app::clock::local_text(self.0)
    }
}

/// Whether a text is a plain decimal number: digits, perhaps a sign in front and one `.` inside.
pub(crate) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

fn scaled(value: i64, places: usize) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The number of units that a decimal is, when it has no more places than there are.
fn unscaled(text: &str, places: usize) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let more = places.checked_sub(fraction.len())?;
    if !is_decimal(text) {
        return None;
    }
    format!("{whole}{fraction}{}", "0".repeat(more)).parse().ok()
}

fn shortest(decimal: String) -> String {
    if !decimal.contains('.') {
        return decimal;
    }
    decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(exponent: u8) -> Currency {
        Currency { code: "XXX".into(), exponent }
    }

    #[test]
    fn an_amount_has_exactly_the_digits_of_its_currency() {
        assert_eq!(Minor(12_500).text(&currency(0)), "12500", "francs have no decimals");
        assert_eq!(Minor(1_250).text(&currency(2)), "12.50", "a trailing zero is part of an amount");
        assert_eq!(Minor(5).text(&currency(3)), "0.005", "the leading zeros are filled");
        assert_eq!(Minor(-5).text(&currency(2)), "-0.05", "a small negative amount keeps its sign");
    }

    #[test]
    fn quantities_and_rates_are_as_short_as_they_go() {
        assert_eq!(Milli(2_000).text(), "2");
        assert_eq!(Milli(250).text(), "0.25");
        assert_eq!(Milli(-1_500).text(), "-1.5");
        assert_eq!(Milli(100_000).text(), "100", "zeros before the point stay");
        assert_eq!(Ppm(180_000).percent(), "18");
        assert_eq!(Ppm(55_000).percent(), "5.5");
    }

    #[test]
    fn an_amount_is_read_as_it_is_written_and_not_rounded() {
        assert_eq!(currency(2).minor("12.5"), Some(1_250));
        assert_eq!(currency(0).minor("12500"), Some(12_500));
        assert_eq!(currency(0).minor("12.5"), None, "francs have no decimals");
        assert_eq!(Milli::parse("-0.25").map(|m| m.0), Some(-250));
        assert_eq!(Milli::parse("1e3").map(|m| m.0), None);
    }

    #[test]
    fn only_plain_decimals_are_numbers() {
        for number in ["0", "12", "-1", "+2", "0.25", "1000000"] {
            assert!(is_decimal(number), "{number}");
        }
        for text in ["", ".", "1.", ".5", "1,5", "1e3", "0x1", "--1", "1.2.3", "٣"] {
            assert!(!is_decimal(text), "{text}");
        }
    }

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(AtMs(0).rfc3339(), "1970-01-01T00:00:00.000Z");
    }
}
