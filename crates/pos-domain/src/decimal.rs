//! Decimal text to scaled integers and back, without floats. Private: money, quantities and rates wrap it.

use thiserror::Error;

/// Why a text is not the decimal that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecimalFault {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// A character that a decimal does not have. Only an optional sign, digits and one `.` are read.
    #[error("is not a number")]
    NotANumber,
    /// More decimals than the unit has, and they are not zeros: rounding them silently would change the value.
    #[error("has more than {allowed} decimals")]
    TooManyDecimals {
        /// Decimals that the unit has.
        allowed: u32,
    },
    /// Larger than the type's documented bound.
    #[error("is out of range")]
    OutOfRange,
}

impl DecimalFault {
    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotANumber => "not_a_number",
            Self::TooManyDecimals { .. } => "too_many_decimals",
            Self::OutOfRange => "out_of_range",
        }
    }
}

/// Reads `text` as an integer scaled by 10^`decimals`. Trailing zeros beyond `decimals` are accepted.
pub(crate) fn parse_scaled(text: &str, decimals: u32) -> Result<i64, DecimalFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DecimalFault::Empty);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(DecimalFault::NotANumber);
    }
    let mut value: i64 = 0;
    for c in whole.chars() {
        value = push_digit(value, c)?;
    }
    let mut given = fraction.chars();
    for _ in 0..decimals {
        value = push_digit(value, given.next().unwrap_or('0'))?;
    }
    for c in given {
        match c {
            '0' => {}
            '1'..='9' => return Err(DecimalFault::TooManyDecimals { allowed: decimals }),
            _ => return Err(DecimalFault::NotANumber),
        }
    }
    Ok(if negative { -value } else { value })
}

fn push_digit(value: i64, c: char) -> Result<i64, DecimalFault> {
    let digit = c.to_digit(10).ok_or(DecimalFault::NotANumber)?;
    value.checked_mul(10).and_then(|v| v.checked_add(i64::from(digit))).ok_or(DecimalFault::OutOfRange)
}

/// Writes `value` with exactly `decimals` decimals; `trim` drops trailing zeros of the fraction.
pub(crate) fn format_scaled(value: i64, decimals: u32, trim: bool) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let digits = value.unsigned_abs().to_string();
    let places = usize::try_from(decimals).unwrap_or(0);
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places);
    let fraction = if trim { fraction.trim_end_matches('0') } else { fraction };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_lose_value_is_refused() {
        assert_eq!(parse_scaled("1.005", 2), Err(DecimalFault::TooManyDecimals { allowed: 2 }));
        assert_eq!(parse_scaled("1.500", 2), Ok(150), "zeros beyond the unit change nothing");
        assert_eq!(parse_scaled("1e3", 0), Err(DecimalFault::NotANumber));
        assert_eq!(parse_scaled("-", 0), Err(DecimalFault::NotANumber));
        assert_eq!(parse_scaled(".", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse_scaled(" ", 2), Err(DecimalFault::Empty));
        assert_eq!(parse_scaled("1,5", 2), Err(DecimalFault::NotANumber));
        assert_eq!(parse_scaled("99999999999999999999", 0), Err(DecimalFault::OutOfRange));
    }

    #[test]
    fn every_scale_reads_what_it_wrote() {
        for decimals in 0..=3 {
            for value in [0, 1, -1, 9, -10, 999, 1000, -123_456_789] {
                let text = format_scaled(value, decimals, false);
                assert_eq!(parse_scaled(&text, decimals), Ok(value), "{text} with {decimals} decimals");
            }
        }
        assert_eq!(format_scaled(-5, 2, false), "-0.05");
        assert_eq!(format_scaled(1500, 3, true), "1.5");
        assert_eq!(format_scaled(2000, 3, true), "2");
    }
}
