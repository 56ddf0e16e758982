//! Money, quantities and rates: what is written can be read, what cannot be held is refused.

use pos_domain::money::MAX_MINOR;
use pos_domain::quantity::MAX_MILLI;
use pos_domain::rate::MAX_PPM;
use pos_domain::{Currency, DecimalFault, Money, MoneyOverflow, Quantity, Rate};
use proptest::prelude::*;

use crate::shops::{any_money, currencies, money};

proptest! {
    #[test]
    fn every_amount_reads_back_what_was_written(amount in any_money(), currency in currencies()) {
        let text = amount.to_decimal(currency);
        prop_assert_eq!(Money::parse(&text, currency), Ok(amount), "{}", &text);
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        prop_assert_eq!(u32::try_from(decimals).unwrap(), currency.exponent(), "{}: all its digits", text);
    }

    #[test]
    fn every_spelling_of_an_amount_is_the_same_amount(amount in any_money(), currency in currencies(), zeros in 0_usize..4) {
        let text = amount.to_decimal(currency);
        let point = if text.contains('.') { "" } else { "." };
        let longer = format!("  {text}{point}{} ", "0".repeat(zeros));
        prop_assert_eq!(Money::parse(&longer, currency), Ok(amount), "{:?}", longer);
        if !amount.is_negative() {
            prop_assert_eq!(Money::parse(&format!("+{text}"), currency), Ok(amount));
        }
    }

    #[test]
    fn a_decimal_the_currency_lacks_is_refused_and_never_rounded(amount in any_money(), currency in currencies(), digit in 1_u8..=9) {
        let text = amount.to_decimal(currency);
        let point = if text.contains('.') { "" } else { "." };
        let finer = format!("{text}{point}{digit}");
        let allowed = currency.exponent();
        prop_assert_eq!(Money::parse(&finer, currency), Err(DecimalFault::TooManyDecimals { allowed }), "{}", finer);
    }

    #[test]
    fn reading_never_panics_and_reads_only_numbers(text in "\\PC*", currency in currencies()) {
        if let Ok(amount) = Money::parse(&text, currency) {
            prop_assert!(text.trim().chars().all(|c| matches!(c, '0'..='9' | '.' | '+' | '-')), "{:?} is {:?}", text, amount);
        }
    }

    #[test]
    fn addition_is_exact_or_refused(a in any_money(), b in any_money()) {
        let exact = i128::from(a.minor()) + i128::from(b.minor());
        let fits = exact.abs() <= i128::from(MAX_MINOR);
        prop_assert_eq!(a.plus(b).map(|m| i128::from(m.minor())), if fits { Ok(exact) } else { Err(MoneyOverflow) });
        prop_assert_eq!(a.minus(b.negated()), a.plus(b), "subtraction is addition of the mirror");
        if let Ok(sum) = a.plus(b) {
            prop_assert_eq!(sum.minus(b), Ok(a), "and can be taken back");
        }
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order(mut amounts in prop::collection::vec(any_money(), 0..20)) {
        let forwards = Money::sum(amounts.iter().copied());
        amounts.reverse();
        prop_assert_eq!(forwards, Money::sum(amounts.iter().copied()), "a large step out of range and back is no error");
    }

    #[test]
    fn quantities_and_rates_read_back_what_was_written(milli in -MAX_MILLI..=MAX_MILLI, ppm in 0..=MAX_PPM) {
        let quantity = Quantity::from_milli(milli).unwrap();
        prop_assert_eq!(Quantity::parse(&quantity.to_decimal()), Ok(quantity));
        let rate = Rate::from_ppm(ppm).unwrap();
        prop_assert_eq!(Rate::parse_percent(&rate.to_percent()), Ok(rate));
        prop_assert_eq!(Rate::parse_percent(&format!("{} %", rate.to_percent())), Ok(rate));
    }

    #[test]
    fn json_carries_amounts_as_whole_numbers_within_bounds(minor: i64) {
        let read: Result<Money, _> = serde_json::from_str(&minor.to_string());
        prop_assert_eq!(read.ok(), Money::from_minor(minor).ok());
        let read: Result<Quantity, _> = serde_json::from_str(&minor.to_string());
        prop_assert_eq!(read.ok(), Quantity::from_milli(minor).ok());
        let read: Result<Rate, _> = serde_json::from_str(&minor.to_string());
        prop_assert_eq!(read.ok(), Rate::from_ppm(minor).ok());
    }
}

#[test]
fn the_bounds_themselves_are_inside() {
    assert_eq!(Money::from_minor(-MAX_MINOR).map(Money::negated), Money::from_minor(MAX_MINOR));
    assert_eq!(money(MAX_MINOR).plus(money(1)), Err(MoneyOverflow));
    assert!(Quantity::from_milli(MAX_MILLI).is_ok() && Quantity::from_milli(MAX_MILLI + 1).is_err());
    assert!(Quantity::from_units(i64::MAX).is_err(), "units that overflow as thousandths");
    assert!(
        Rate::from_ppm(MAX_PPM).is_ok()
            && Rate::from_ppm(MAX_PPM + 1).is_err()
            && Rate::from_ppm(-1).is_err()
    );
}

#[test]
fn a_currency_travels_with_its_exponent_and_no_other() {
    let dinar = Currency::from_iso("TND").unwrap();
    let text = serde_json::to_string(&dinar).unwrap();
    assert_eq!(text, r#"{"code":"TND","exponent":3}"#);
    assert_eq!(serde_json::from_str::<Currency>(&text).unwrap(), dinar);
    for bad in [
        r#"{"code":"TND","exponent":4}"#,
        r#"{"code":"tnd","exponent":3}"#,
        r#"{"code":"EURO","exponent":2}"#,
    ] {
        assert!(serde_json::from_str::<Currency>(bad).is_err(), "{bad}");
    }
}
