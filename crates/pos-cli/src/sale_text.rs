//! How a sale is written on a command line: `CODE[xQTY][@PRICE]` and `cash:AMOUNT`, `mobile:AMOUNT:REF`.
//!
//! Codes of real shops contain `x` and `@`. A line is therefore read from the right, and it may have several readings;
//! whoever knows the catalogue takes the first whose code exists, the longest code first.

use crate::amount::is_decimal;

/// One way to understand a `--line`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineReading {
    /// A code or barcode.
    pub(crate) code: String,
    /// Quantity, a decimal.
    pub(crate) qty: Option<String>,
    /// Price of one unit, a decimal.
    pub(crate) price: Option<String>,
}

/// A `--line` with all its readings, the longest code first; there is always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineText {
    /// What the whole text would be as a code.
    pub(crate) whole: LineReading,
    /// The further readings, each with a shorter code than the one before.
    pub(crate) shorter: Vec<LineReading>,
}

impl LineText {
    /// Reads a `--line`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty: give CODE, CODExQTY or CODExQTY@PRICE".to_owned());
        }
        let reading = |code: &str, qty: Option<&str>, price: Option<&str>| LineReading {
            code: code.to_owned(),
            qty: qty.map(str::to_owned),
            price: price.map(str::to_owned),
        };
        let mut shorter = Vec::new();
        let mut rest = text;
        let mut price = None;
        if let Some((code, suffix)) = number_after(text, '@') {
            (rest, price) = (code, Some(suffix));
            shorter.push(reading(code, None, price));
        }
        if let Some((code, qty)) = number_after(rest, 'x') {
            shorter.push(reading(code, Some(qty), price));
        }
        Ok(Self { whole: reading(text, None, None), shorter })
    }

    /// The reading that the grammar means when no code settles the matter: every suffix counts.
    pub(crate) fn plain(&self) -> &LineReading {
        self.shorter.last().unwrap_or(&self.whole)
    }

    /// Every reading, the longest code first.
    pub(crate) fn readings(&self) -> impl Iterator<Item = &LineReading> {
        std::iter::once(&self.whole).chain(&self.shorter)
    }
}

/// The text before the last `mark` and the number after it, when it is one and something stands before.
fn number_after(text: &str, mark: char) -> Option<(&str, &str)> {
    text.rsplit_once(mark).filter(|(code, number)| !code.is_empty() && is_decimal(number))
}

/// A `--tender`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenderText {
    /// `cash`, `mobile`, `card`, `account` or `store_credit`.
    pub(crate) kind: &'static str,
    /// Amount, a decimal.
    pub(crate) amount: String,
    /// Reference of the operator or the terminal.
    pub(crate) reference: Option<String>,
}

impl TenderText {
    /// Reads a `--tender`. Whether a reference is needed is a rule of the shop and not decided here.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.splitn(3, ':');
        let kind = match parts.next().unwrap_or_default() {
            "cash" => "cash",
            "mobile" => "mobile",
            "card" => "card",
            "account" => "account",
            "store_credit" => "store_credit",
            other => {
                let known = "cash, mobile, card, account or store_credit";
                return Err(format!("{other:?} is no means of payment: use {known}"));
            }
        };
        let Some(amount) = parts.next() else {
            return Err(format!("the amount is missing: give {kind}:AMOUNT"));
        };
        if !is_decimal(amount) {
            return Err(format!("{amount:?} is no amount: give digits with a point, such as 12.50"));
        }
        let reference = parts.next().map(str::trim).filter(|r| !r.is_empty());
        Ok(Self { kind, amount: amount.to_owned(), reference: reference.map(str::to_owned) })
    }
}

/// Reads an option that must be a plain decimal.
pub(crate) fn decimal(text: &str) -> Result<String, String> {
    if is_decimal(text) {
        Ok(text.to_owned())
    } else {
        Err("is no number: give digits with a point, such as 12.50".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let line = LineText::parse(text).unwrap();
        line.readings().map(|r| (r.code.clone(), r.qty.clone(), r.price.clone())).collect()
    }

    fn reading(code: &str, qty: &str, price: &str) -> (String, Option<String>, Option<String>) {
        let given = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        (code.to_owned(), given(qty), given(price))
    }

    #[test]
    fn a_line_is_read_from_the_right() {
        assert_eq!(readings("RIZ"), [reading("RIZ", "", "")]);
        assert_eq!(readings("RIZx2"), [reading("RIZx2", "", ""), reading("RIZ", "2", "")]);
        assert_eq!(
            readings("RIZx0.5@12.50"),
            [
                reading("RIZx0.5@12.50", "", ""),
                reading("RIZx0.5", "", "12.50"),
                reading("RIZ", "0.5", "12.50")
            ],
            "the longest code comes first"
        );
    }

    #[test]
    fn codes_with_x_and_at_inside_still_work() {
        assert_eq!(readings("BOXx2").last().unwrap(), &reading("BOX", "2", ""), "only the last x counts");
        assert_eq!(readings("10x20x3").last().unwrap(), &reading("10x20", "3", ""));
        assert_eq!(
            readings("me@home"),
            [reading("me@home", "", "")],
            "what is no number is part of the code"
        );
        assert_eq!(readings("me@home@5").last().unwrap(), &reading("me@home", "", "5"));
        assert_eq!(readings("x5"), [reading("x5", "", "")], "a line always has a code");
        assert_eq!(readings("@5"), [reading("@5", "", "")]);
    }

    #[test]
    fn a_quantity_below_zero_is_left_to_the_rules() {
        let line = LineText::parse("RIZx-1").unwrap();
        assert_eq!(line.plain().qty.as_deref(), Some("-1"), "the shop refuses it and says why");
    }

    #[test]
    fn a_tender_names_its_kind_amount_and_reference() {
        let tender = |text| TenderText::parse(text).map(|t| (t.kind, t.amount, t.reference));
        assert_eq!(tender("cash:12.50"), Ok(("cash", "12.50".into(), None)));
        assert_eq!(
            tender("mobile:5000:OM:2026:7"),
            Ok(("mobile", "5000".into(), Some("OM:2026:7".into()))),
            "a reference may contain colons"
        );
        assert_eq!(tender("card:5:"), Ok(("card", "5".into(), None)), "an empty reference is none");
        for wrong in ["", "cash", "cash:", "cash:abc", "cheque:5", "cash:1,5"] {
            assert!(tender(wrong).is_err(), "{wrong:?} is wrong usage");
        }
    }
}
