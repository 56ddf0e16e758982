//! Trade item numbers: EAN-13, EAN-8, UPC-A and their check digit (GS1 General Specifications, section 7.9), and
//! numbers of the shop's own that hold a price or a weight.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, div_round};

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

/// What the variable digits of a barcode say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddedKind {
    /// The price of what is in the bag, in minor units.
    Price,
    /// The weight in thousandths of the product's unit, such as grams.
    Weight,
}

/// How a scale of this shop writes barcodes: EAN-13 of the restricted range 20 to 29 (GS1 General Specifications, section
/// 2.1.12): `prefix`, the product's code, perhaps a check digit of its own, the value, the check digit of the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EmbeddedRule {
    /// Digits that it begins with, such as `21`.
    pub prefix: String,
    /// How many digits of the product's code follow, 3 to 6; the product's own code is these digits.
    pub code_digits: u8,
    /// A digit that checks the value stands before it.
    pub value_check: bool,
    /// What the remaining digits say.
    pub value: EmbeddedKind,
    /// Zeros to add to the value: 1 for a price in tens or a weight in ten grams.
    pub value_zeros: u8,
}

/// What a barcode with a price or a weight says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Code of the product.
    pub code: String,
    /// What `value` is.
    pub kind: EmbeddedKind,
    /// Minor units, or thousandths of the unit.
    pub value: i64,
}

/// A rule that no barcode can follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the barcode rule leaves no digits for a value, or its prefix is not of 20 to 29")]
pub struct EmbeddedRuleFault;

impl EmbeddedRule {
    /// Digits of the body of an EAN-13.
    const BODY: usize = 12;

    /// Checks that a value has 4 or more digits and that no article of the world bears such a number.
    pub fn check(&self) -> Result<(), EmbeddedRuleFault> {
        let digits = self.prefix.bytes().all(|b| b.is_ascii_digit());
        let restricted = self.prefix.starts_with('2') && self.prefix.len() >= 2;
        let fits = (3..=6).contains(&self.code_digits) && self.value_digits() >= 4 && self.value_zeros <= 3;
        if digits && restricted && fits { Ok(()) } else { Err(EmbeddedRuleFault) }
    }

    fn value_digits(&self) -> usize {
        let taken = self.prefix.len() + usize::from(self.code_digits) + usize::from(self.value_check);
        Self::BODY.saturating_sub(taken)
    }

    /// The barcode that a scale writes for a product's code and a value, the digit that checks the value left at zero;
    /// `None` where they do not fit the rule.
    pub fn write(&self, code: &str, value: i64) -> Option<Gtin> {
        let scale = 10_i64.checked_pow(u32::from(self.value_zeros))?;
        let fits = code.len() == usize::from(self.code_digits) && value >= 0 && value % scale == 0;
        let (check, width) = (if self.value_check { "0" } else { "" }, self.value_digits());
        let body = format!("{}{code}{check}{:0width$}", self.prefix, value / scale);
        let digits: Vec<u32> = body.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
        let whole = fits && digits.len() == Self::BODY;
        whole.then(|| Gtin(format!("{body}{}", check_digit(&digits))))
    }

    /// A barcode of this rule to look at: product 12345 (as many digits as there are), 1250 of what the value counts.
    pub fn example(&self) -> Option<Gtin> {
        let code = EXAMPLE_CODE.get(..usize::from(self.code_digits))?;
        self.write(code, EXAMPLE_VALUE.checked_mul(10_i64.checked_pow(u32::from(self.value_zeros))?)?)
    }

    /// What a barcode says under this rule; `None` when it is not of it. The digit that checks the value is not looked
    /// at: makers of scales disagree on it, and the check digit of the whole is right already.
    pub fn read(&self, gtin: &Gtin) -> Option<Embedded> {
        let body = gtin.as_str().get(..Self::BODY).filter(|_| gtin.as_str().len() == Self::BODY + 1)?;
        let rest = body.strip_prefix(self.prefix.as_str())?;
        let code = rest.get(..usize::from(self.code_digits))?;
        let value = rest.get(usize::from(self.code_digits) + usize::from(self.value_check)..)?;
        let value: i64 = value.parse().ok()?;
        let value = value.checked_mul(10_i64.checked_pow(u32::from(self.value_zeros))?)?;
        Some(Embedded { code: code.to_owned(), kind: self.value, value })
    }
}

/// Digits of the product in examples; as many as a rule may have.
const EXAMPLE_CODE: &str = "123456";
/// Value in examples, before the zeros that the rule adds.
const EXAMPLE_VALUE: i64 = 1_250;

/// What a barcode says under the first of the rules that it is of.
pub fn read_embedded(rules: &[EmbeddedRule], gtin: &Gtin) -> Option<Embedded> {
    rules.iter().find_map(|rule| rule.read(gtin))
}

/// How much is in a bag of which the label tells the price alone: to the nearest thousandth, and never nothing. `None`
/// where the price of one unit says nothing about it.
pub fn content_of(paid: Money, unit_price: Money) -> Option<Quantity> {
    let exact = i128::from(paid.minor()).checked_mul(1_000)?;
    let milli = div_round(exact, i128::from(unit_price.minor()), RoundingMode::HalfUp)?;
    Quantity::from_milli(i64::try_from(milli.max(1)).ok()?).ok().filter(|_| unit_price > Money::ZERO)
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

    #[test]
    fn a_scale_s_barcode_gives_the_product_and_what_the_bag_weighs() {
        let weight = EmbeddedRule {
            prefix: "21".into(),
            code_digits: 5,
            value_check: false,
            value: EmbeddedKind::Weight,
            value_zeros: 0,
        };
        weight.check().unwrap();
        let bag = Gtin::parse("2112345012506").unwrap();
        let told = Embedded { code: "12345".into(), kind: EmbeddedKind::Weight, value: 1_250 };
        assert_eq!(weight.read(&bag), Some(told.clone()), "1.250 kg of product 12345");
        let checked = EmbeddedRule { value_check: true, value_zeros: 1, ..weight.clone() };
        assert_eq!(checked.read(&bag), Some(Embedded { value: 12_500, ..told }), "four digits, in tens");
        assert_eq!(weight.read(&Gtin::parse("4006381333931").unwrap()), None, "an article of the world");
        assert!(EmbeddedRule { prefix: "40".into(), ..weight.clone() }.check().is_err());
        assert!(EmbeddedRule { code_digits: 9, ..weight }.check().is_err());
    }
}
