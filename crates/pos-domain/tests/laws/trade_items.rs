//! Trade item numbers.

use pos_domain::barcode::{EmbeddedKind, EmbeddedRule, check_digit, content_of, read_embedded};
use pos_domain::{BarcodeFault, Gtin, Money};
use proptest::prelude::*;

fn codes() -> impl Strategy<Value = Vec<u32>> {
    prop::sample::select(vec![7_usize, 11, 12, 13])
        .prop_flat_map(|n| prop::collection::vec(0_u32..10, n))
        .prop_map(|mut digits| {
            digits.push(check_digit(&digits));
            digits
        })
}

fn text(digits: &[u32]) -> String {
    digits.iter().map(u32::to_string).collect()
}

proptest! {
    #[test]
    fn a_code_with_its_check_digit_is_read(digits in codes()) {
        let code = text(&digits);
        let gtin = Gtin::parse(&format!(" {code}\n")).unwrap();
        prop_assert_eq!(gtin.as_str(), &code);
        let weighted: u32 = digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { 3 * d }).sum();
        prop_assert_eq!(weighted % 10, 0, "the rule as GS1 states it for the whole code");
    }

    #[test]
    fn one_mistyped_digit_is_always_found(digits in codes(), at in 0_usize..14, by in 1_u32..10) {
        let mut typed = digits.clone();
        let at = at % typed.len();
        typed[at] = (typed[at] + by) % 10;
        let found = matches!(Gtin::parse(&text(&typed)), Err(BarcodeFault::CheckDigit { .. }));
        prop_assert!(found, "{} for {}", text(&typed), text(&digits));
    }

    #[test]
    fn swapped_neighbours_are_found_unless_they_differ_by_five(digits in codes(), at in 0_usize..13) {
        let at = at % (digits.len() - 1);
        let mut typed = digits.clone();
        typed.swap(at, at + 1);
        let blind = digits[at].abs_diff(digits[at + 1]) % 5 == 0;
        prop_assert_eq!(Gtin::parse(&text(&typed)).is_ok(), blind, "{}", text(&typed));
    }

    #[test]
    fn a_twelve_digit_code_and_its_long_form_are_one_item(digits in prop::collection::vec(0_u32..10, 11)) {
        let mut short = digits;
        short.push(check_digit(&short));
        let long: Vec<u32> = std::iter::once(0).chain(short.iter().copied()).collect();
        let (short, long) = (Gtin::parse(&text(&short)).unwrap(), Gtin::parse(&text(&long)).unwrap());
        prop_assert_eq!(short.canonical(), long.canonical());
    }

    #[test]
    fn any_text_is_judged_without_a_panic(code in "\\PC{0,20}") {
        if let Ok(gtin) = Gtin::parse(&code) {
            prop_assert_eq!(gtin.as_str(), code.trim());
        }
    }

    #[test]
    fn what_a_scale_writes_is_read_again_whatever_its_rule(
        rule in rules(), code in 0_u32..1_000_000, value in 0_i64..10_000_000
    ) {
        prop_assume!(rule.check().is_ok());
        let width = usize::from(rule.code_digits);
        let code: String = format!("{code:06}").chars().take(width).collect();
        let step = 10_i64.pow(u32::from(rule.value_zeros));
        let value = value / step * step;
        if let Some(gtin) = rule.write(&code, value) {
            prop_assert!(Gtin::parse(gtin.as_str()).is_ok(), "its check digit is right");
            let told = read_embedded(std::slice::from_ref(&rule), &gtin).unwrap();
            prop_assert_eq!((told.code, told.kind, told.value), (code, rule.value, value));
        }
        prop_assert!(rule.example().is_some_and(|shown| rule.read(&shown).is_some()));
    }

    #[test]
    fn a_bag_of_which_only_the_price_is_known_holds_what_that_price_buys(
        paid in 0_i64..100_000_000, unit in 1_i64..10_000_000
    ) {
        let money = |minor| Money::from_minor(minor).unwrap();
        let content = content_of(money(paid), money(unit)).unwrap().milli();
        prop_assert!(content >= 1, "what was sold leaves the stock");
        let off = i128::from(content) * i128::from(unit) - i128::from(paid) * 1_000;
        prop_assert!(content == 1 || off.abs() * 2 <= i128::from(unit), "no nearer thousandth");
        prop_assert_eq!(content_of(money(paid), Money::ZERO), None);
    }
}

/// Rules as people may type them, right or wrong.
fn rules() -> impl Strategy<Value = EmbeddedRule> {
    let kinds = prop::sample::select(vec![EmbeddedKind::Price, EmbeddedKind::Weight]);
    ("2[0-9]{1,2}", 3_u8..=6, any::<bool>(), kinds, 0_u8..=3).prop_map(
        |(prefix, code_digits, value_check, value, value_zeros)| EmbeddedRule {
            prefix,
            code_digits,
            value_check,
            value,
            value_zeros,
        },
    )
}
