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
