//! Lines, discounts and tax: each equation of a priced cart.

use pos_domain::cart::{Discount, LineTerms, MAX_LINES, PriceRules, price, split_tax};
use pos_domain::{Money, PriceFault, PricedCart, PricedLine, Quantity, Rate, RoundingMode};
use proptest::prelude::*;

use crate::shops::{any_money, exchange_lines, money, one_way_lines, rates, rules};

/// A part and its whole differ from the exact fraction by less than one unit, and by at most half of one by half-up.
fn assert_near(numerator: i128, denominator: i128, mode: RoundingMode, result: Money) {
    let off = (i128::from(result.minor()) * denominator).abs() - numerator.abs();
    let holds = match mode {
        RoundingMode::HalfUp => off * 2 <= denominator && -off * 2 < denominator,
        RoundingMode::Up => (0..denominator).contains(&off),
        RoundingMode::Down => (0..denominator).contains(&-off),
    };
    assert!(holds, "{result:?} for {numerator}/{denominator} by {mode:?}");
}

fn assert_line(rules: PriceRules, terms: &LineTerms, line: &PricedLine) {
    let exact = i128::from(terms.unit_price.minor()) * i128::from(terms.qty.milli());
    assert_near(exact, 1_000, rules.line_rounding, line.list_amount);
    let reduced = line.list_amount.minus(line.line_discount).unwrap();
    match terms.discount {
        None => assert_eq!(line.line_discount, Money::ZERO),
        Some(Discount::Amount(off)) => {
            assert_eq!(line.line_discount.abs(), off, "a fixed discount is taken exactly")
        }
        Some(Discount::Percent(rate)) => {
            let kept = exact * i128::from(1_000_000 - rate.ppm());
            assert_near(kept, 1_000_000_000, rules.line_rounding, reduced);
        }
    }
    let taxable = reduced.minus(line.cart_discount).unwrap();
    let stated = if rules.prices_include_tax { line.gross } else { line.net };
    assert_eq!(stated, taxable, "what is left after the discounts is what is taxed");
    assert_eq!(line.net.plus(line.tax), Ok(line.gross));
}

fn assert_sums(lines: &[LineTerms], priced: &PricedCart) {
    let sum = |part: fn(&PricedLine) -> Money| Money::sum(priced.lines.iter().map(part)).unwrap();
    assert_eq!(sum(|l| l.net), priced.net);
    assert_eq!(sum(|l| l.tax), priced.tax);
    assert_eq!(sum(|l| l.gross), priced.gross);
    assert_eq!(sum(|l| l.line_discount).plus(sum(|l| l.cart_discount)), Ok(priced.discount));
    assert_eq!(priced.net.plus(priced.tax), Ok(priced.gross));
    for (total, part) in [
        (priced.net, Money::sum(priced.taxes.iter().map(|t| t.net))),
        (priced.tax, Money::sum(priced.taxes.iter().map(|t| t.tax))),
        (priced.gross, Money::sum(priced.taxes.iter().map(|t| t.gross))),
    ] {
        assert_eq!(part, Ok(total), "the rates cover the total");
    }
    assert!(priced.taxes.is_sorted_by(|a, b| a.rate < b.rate), "one entry a rate, ascending");
    for at_rate in &priced.taxes {
        let gross =
            lines.iter().zip(&priced.lines).filter(|(t, _)| t.tax_rate == at_rate.rate).map(|(_, l)| l.gross);
        assert_eq!(Money::sum(gross), Ok(at_rate.gross), "at {:?}", at_rate.rate);
    }
}

proptest! {
    #[test]
    fn every_line_and_every_sum_adds_up(rules in rules(), (lines, discount) in exchange_lines()) {
        let priced = price(rules, &lines, discount).unwrap();
        prop_assert_eq!(priced.lines.len(), lines.len());
        for (terms, line) in lines.iter().zip(&priced.lines) {
            assert_line(rules, terms, line);
        }
        assert_sums(&lines, &priced);
    }

    #[test]
    fn a_cart_discount_is_shared_without_a_rest(rules in rules(), (lines, _) in exchange_lines(), ppm in 0_i64..=1_000_000) {
        let before = price(rules, &lines, None).unwrap();
        let taxable = |l: &PricedLine| if rules.prices_include_tax { l.gross } else { l.net };
        let total = Money::sum(before.lines.iter().map(taxable)).unwrap();
        let priced = price(rules, &lines, Some(Discount::Percent(Rate::from_ppm(ppm).unwrap()))).unwrap();
        let off = Money::sum(priced.lines.iter().map(|l| l.cart_discount)).unwrap();
        assert_near(i128::from(total.minor()) * i128::from(ppm), 1_000_000, RoundingMode::HalfUp, off);

        let fixed = price(rules, &lines, Some(Discount::Amount(off.abs()))).unwrap();
        prop_assert_eq!(&fixed, &priced, "the same amount given as an amount is shared alike");
        for (line, was) in priced.lines.iter().zip(&before.lines) {
            let (share, was) = (line.cart_discount.minor(), taxable(was).minor());
            prop_assert!(share.abs() <= was.abs(), "no line is reduced below nothing");
            prop_assert!(share == 0 || share.signum() == was.signum() && share.signum() == total.minor().signum());
        }
    }

    #[test]
    fn a_refund_mirrors_its_sale_to_the_unit(rules in rules(), (lines, discount) in exchange_lines()) {
        let back: Vec<LineTerms> = lines.iter().map(|l| LineTerms { qty: l.qty.negated(), ..*l }).collect();
        let (sale, refund) = (price(rules, &lines, discount).unwrap(), price(rules, &back, discount).unwrap());
        for (sold, returned) in sale.lines.iter().zip(&refund.lines) {
            let mirrored = PricedLine {
                list_amount: sold.list_amount.negated(),
                line_discount: sold.line_discount.negated(),
                cart_discount: sold.cart_discount.negated(),
                net: sold.net.negated(),
                tax: sold.tax.negated(),
                gross: sold.gross.negated(),
            };
            prop_assert_eq!(returned, &mirrored);
        }
        prop_assert_eq!(refund.gross, sale.gross.negated());
        prop_assert_eq!(refund.discount, sale.discount.negated());
    }

    #[test]
    fn a_discount_never_turns_a_sale_around(rules in rules(), (lines, discount) in one_way_lines(1)) {
        let priced = price(rules, &lines, discount).unwrap();
        for line in &priced.lines {
            prop_assert!(!line.net.is_negative() && !line.tax.is_negative() && line.gross >= line.net, "{:?}", line);
        }
    }

    #[test]
    fn inclusive_tax_is_rounded_half_up_and_the_net_is_the_rest(gross in any_money(), rate in rates()) {
        let (net, tax, stated) = split_tax(gross, rate, true).unwrap();
        prop_assert_eq!(stated, gross, "the price on the shelf stands");
        let ppm = i128::from(rate.ppm());
        assert_near(i128::from(gross.minor()) * ppm, 1_000_000 + ppm, RoundingMode::HalfUp, tax);
        prop_assert_eq!(net.plus(tax), Ok(gross));
    }

    #[test]
    fn exclusive_tax_is_rounded_half_up_and_added(net in -1_000_000_000_i64..1_000_000_000, rate in rates()) {
        let (stated, tax, gross) = split_tax(money(net), rate, false).unwrap();
        prop_assert_eq!(stated, money(net));
        assert_near(i128::from(net) * i128::from(rate.ppm()), 1_000_000, RoundingMode::HalfUp, tax);
        prop_assert_eq!(stated.plus(tax), Ok(gross));
    }
}

fn terms(price: i64, qty: &str, percent: &str) -> LineTerms {
    LineTerms {
        qty: Quantity::parse(qty).unwrap(),
        unit_price: money(price),
        tax_rate: Rate::parse_percent(percent).unwrap(),
        discount: None,
    }
}

const RULES: PriceRules = PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp };

#[test]
fn figures_worked_out_by_hand() {
    // 20 % inside 10.00: 166.67 is 1.67, the net is the rest. 18 % inside 1,000 francs: 152.54 is 153.
    assert_eq!(
        split_tax(money(1_000), Rate::parse_percent("20").unwrap(), true),
        Ok((money(833), money(167), money(1_000)))
    );
    assert_eq!(
        split_tax(money(1_000), Rate::parse_percent("18").unwrap(), true),
        Ok((money(847), money(153), money(1_000)))
    );
    // 19 % on 14.250 dinars: 2,707.5 millimes; the half goes up.
    assert_eq!(
        split_tax(money(14_250), Rate::parse_percent("19").unwrap(), false),
        Ok((money(14_250), money(2_708), money(16_958)))
    );
    // 0.333 kg at 9,999: 3,329.667 is 3,330.
    let priced = price(RULES, &[terms(9_999, "0.333", "0")], None).unwrap();
    assert_eq!(priced.gross, money(3_330));
}

#[test]
fn what_has_no_price_is_refused_with_its_line() {
    let good = terms(100, "1", "0");
    let with = |discount| LineTerms { discount: Some(discount), ..good };
    let percent = |text| Discount::Percent(Rate::parse_percent(text).unwrap());
    let fault = |line: LineTerms| price(RULES, &[good, line], None).unwrap_err();
    assert_eq!(fault(LineTerms { qty: Quantity::ZERO, ..good }), PriceFault::ZeroQuantity { line: 2 });
    assert_eq!(fault(LineTerms { unit_price: money(-1), ..good }), PriceFault::NegativePrice { line: 2 });
    assert_eq!(fault(with(percent("100.0001"))), PriceFault::BadDiscount { line: 2 });
    assert_eq!(fault(with(Discount::Amount(money(101)))), PriceFault::BadDiscount { line: 2 });
    assert_eq!(fault(with(Discount::Amount(money(-1)))), PriceFault::BadDiscount { line: 2 });
    let huge = terms(pos_domain::money::MAX_MINOR, "2", "0");
    assert_eq!(fault(huge), PriceFault::Overflow { line: 2 });

    let cart = |discount| price(RULES, &[good, good], Some(discount));
    assert_eq!(cart(Discount::Amount(money(201))), Err(PriceFault::BadDiscount { line: 0 }));
    assert!(cart(Discount::Amount(money(200))).is_ok_and(|c| c.gross.is_zero()), "a gift is a sale");
    assert_eq!(cart(percent("101")), Err(PriceFault::BadDiscount { line: 0 }));
    assert_eq!(price(RULES, &vec![good; MAX_LINES + 1], None), Err(PriceFault::TooManyLines));
    assert!(price(RULES, &vec![good; MAX_LINES], None).is_ok());
}
