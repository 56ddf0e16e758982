//! Trade item numbers: EAN-13, EAN-8, UPC-A and their check digit (GS1 General Specifications, section 7.9).

use thiserror::Error;

/// A code of 8, 12, 13 or 14 digits whose check digit is right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gtin(String);

/// Why a text is no trade item number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BarcodeFault {
    /// Something else than digits.
    #[error("has characters that are not digits")]
    NotDigits,
    /// Not 8, 12, 13 or 14 digits.
    #[error("has {0} digits; 8, 12, 13 or 14 are possible")]
    Length(usize),
    /// The last digit does not fit the others: a typing or scanning error.
    #[error("has the wrong check digit; {expected} would be right")]
    CheckDigit {
        /// The digit that would fit.
        expected: u32,
    },
}

impl Gtin {
    /// Reads a code as scanned; white space at the ends is ignored.
    pub fn parse(text: &str) -> Result<Self, BarcodeFault> {
        let text = text.trim();
        let digits: Vec<u32> =
            text.chars().map(|c| c.to_digit(10)).collect::<Option<_>>().ok_or(BarcodeFault::NotDigits)?;
        if !matches!(digits.len(), 8 | 12 | 13 | 14) {
            return Err(BarcodeFault::Length(digits.len()));
        }
        let (last, body) = digits.split_last().ok_or(BarcodeFault::Length(0))?;
        let expected = check_digit(body);
        if *last == expected { Ok(Self(text.to_owned())) } else { Err(BarcodeFault::CheckDigit { expected }) }
    }

    /// The digits as printed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One spelling for the same item: UPC-A (12 digits) and its EAN-13 with a leading zero are equal.
    pub fn canonical(&self) -> String {
        if self.0.len() == 12 { format!("0{}", self.0) } else { self.0.clone() }
    }
}

/// The digit that makes the weighted sum (3, 1, 3, ... from the right) a multiple of ten.
pub fn check_digit(body: &[u32]) -> u32 {
    let sum: u32 = body.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { d * 3 } else { *d }).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_digit_is_named_with_the_right_one() {
        assert_eq!(Gtin::parse("4006381333931").map(|g| g.canonical()), Ok("4006381333931".into()));
        assert_eq!(Gtin::parse("4006381333932"), Err(BarcodeFault::CheckDigit { expected: 1 }));
        assert_eq!(Gtin::parse("036000291452").map(|g| g.canonical()), Ok("0036000291452".into()));
        assert_eq!(Gtin::parse("96385074").map(|g| g.canonical()), Ok("96385074".into()));
        assert_eq!(Gtin::parse("12345"), Err(BarcodeFault::Length(5)));
        assert_eq!(Gtin::parse("85123A"), Err(BarcodeFault::NotDigits));
    }
}
