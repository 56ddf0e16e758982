//! Refunds: what comes back within what was sold, whatever is asked and in whatever order.

use pos_domain::cart::{LineTerms, PriceRules};
use pos_domain::conflict::Shortage;
use pos_domain::refund::{Back, Beyond, Returnable, line_back, lines_left};
use pos_domain::{Currency, Money, ProductId, Quantity, Rate, RoundingMode, SaleDocument, SaleKind};
use proptest::prelude::*;
use uuid::Uuid;

use super::shops;

fn product(n: u128) -> ProductId {
    ProductId(Uuid::from_u128(n))
}

fn qty(units: i64) -> Quantity {
    Quantity::from_milli(units).unwrap()
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

/// A sale of `(goods, money)` of two products, as a document would state it.
fn sold(lines: [(i64, i64); 2]) -> Returnable {
    let free =
        LineTerms { qty: Quantity::ONE, unit_price: Money::ZERO, tax_rate: Rate::ZERO, discount: None };
    let rules = PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp };
    let head = shops::head(SaleKind::Sale, Currency::from_iso("GNF").unwrap(), rules, None);
    let mut document = SaleDocument::build(head, None, &shops::cart(&[free], None), Vec::new()).unwrap();
    let template = document.lines.remove(0);
    document.lines = lines
        .into_iter()
        .zip([1, 2])
        .map(|((milli, minor), n)| {
            let mut line = template.clone();
            line.item.product_id = product(n);
            line.item.qty = qty(milli);
            line.amounts.gross = money(minor);
            line
        })
        .collect();
    Returnable::of_sale(&document, Ok::<_, std::convert::Infallible>).unwrap()
}

proptest! {
    #[test]
    fn what_comes_back_within_bounds_is_never_more_than_was_sold(
        lines in [(1_i64..50_000, 0_i64..1_000_000), (1..50_000, 0..1_000_000)],
        refunds in prop::collection::vec((0_usize..2, 1_i64..60_000, 0_i64..1_200_000), 0..12),
    ) {
        let mut returnable = sold(lines);
        let mut within = [(0, 0); 2];
        for (which, milli, minor) in refunds {
            let beyond = returnable.take_back(product(u128::try_from(which).unwrap() + 1), qty(milli), money(minor));
            prop_assert!((0..=milli).contains(&beyond.qty.milli()), "a part of what was asked");
            prop_assert!((0..=minor).contains(&beyond.paid.minor()), "a part of what was paid");
            within[which].0 += milli - beyond.qty.milli();
            within[which].1 += minor - beyond.paid.minor();
        }
        for (within, sold) in within.into_iter().zip(lines) {
            prop_assert!(within.0 <= sold.0, "no more goods than were sold");
            prop_assert!(within.1 <= sold.1, "no more money than was paid");
        }
    }

    #[test]
    fn how_many_goods_go_beyond_does_not_depend_on_who_came_first(
        sold_milli in 1_i64..50_000,
        refunds in prop::collection::vec(1_i64..30_000, 0..8),
    ) {
        let beyond = |order: &mut dyn Iterator<Item = i64>| -> i64 {
            let mut returnable = sold([(sold_milli, 0), (1, 0)]);
            order.map(|milli| returnable.take_back(product(1), qty(milli), money(0)).qty.milli()).sum()
        };
        let asked: i64 = refunds.iter().sum();
        prop_assert_eq!(beyond(&mut refunds.iter().copied()), (asked - sold_milli).max(0));
        prop_assert_eq!(beyond(&mut refunds.iter().rev().copied()), (asked - sold_milli).max(0));
    }

    #[test]
    fn what_is_still_paid_of_a_shortage_is_its_part(missing in 1_i64..100_000, paid in 0_i64..10_000_000, open in 0_i64..100_000) {
        let open = open.min(missing);
        let shortage = |open| Shortage {
            line_id: Uuid::nil().into(),
            product_id: product(1),
            code: String::new(),
            name: String::new(),
            asked: qty(missing),
            missing: qty(missing),
            paid: money(paid),
            open,
        };
        let still = shortage(Some(qty(open))).still_paid().minor();
        let exact = i128::from(paid) * i128::from(open);
        prop_assert!((i128::from(still) * i128::from(missing) - exact).abs() * 2 <= i128::from(missing), "to the nearest");
        prop_assert_eq!(shortage(None).still_paid(), money(paid), "a server that does not say means all of it");
    }
}

#[test]
fn a_refund_of_what_was_given_back_already_is_beyond_with_its_money() {
    let mut returnable = sold([(3_000, 3_000), (1_000, 500)]);
    assert!(returnable.take_back(product(1), qty(2_000), money(2_000)).is_nothing());
    let second = returnable.take_back(product(1), qty(2_000), money(2_000));
    assert_eq!(second, Beyond { qty: qty(1_000), paid: money(1_000) }, "one was left");
    let third = returnable.take_back(product(1), qty(1_000), money(1_000));
    assert_eq!(third, Beyond { qty: qty(1_000), paid: money(1_000) }, "nothing was left");
    let other = returnable.take_back(product(2), qty(1_000), money(700));
    assert_eq!(
        other,
        Beyond { qty: qty(0), paid: money(200) },
        "the goods may come back, the price may not rise"
    );
    let never_sold = returnable.take_back(product(3), qty(1_000), money(100));
    assert_eq!(never_sold, Beyond { qty: qty(1_000), paid: money(100) });
    assert_eq!(returnable.sold(product(1)), qty(3_000));
}

proptest! {
    /// A line that comes back piece by piece gives back what was paid for it and not a unit more, whatever was taken off
    /// its price and on whichever side of it the tax stands.
    #[test]
    fn a_line_given_back_in_parts_gives_back_what_was_paid_and_never_more(
        unit_price in 0_i64..100_000,
        pieces in 1_i64..9,
        tax in prop::sample::select(vec![0_i64, 55_000, 180_000, 200_000]),
        line_off in prop::option::of(0_i64..=1_000_000),
        cart_off in prop::option::of(0_i64..=1_000_000),
        inclusive in any::<bool>(),
    ) {
        let rules = PriceRules { prices_include_tax: inclusive, line_rounding: RoundingMode::HalfUp };
        let percent = |ppm: i64| pos_domain::Discount::Percent(Rate::from_ppm(ppm).unwrap());
        let terms = LineTerms {
            qty: Quantity::from_units(pieces).unwrap(),
            unit_price: money(unit_price),
            tax_rate: Rate::from_ppm(tax).unwrap(),
            discount: line_off.map(percent),
        };
        let cart = shops::cart(&[terms, terms], cart_off.map(percent));
        let head = shops::head(SaleKind::Sale, Currency::from_iso("GNF").unwrap(), rules, None);
        let lines: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
        let due = pos_domain::cart::price(rules, &lines, cart.discount).unwrap().gross;
        let cash = pos_domain::Tender { kind: pos_domain::TenderKind::Cash, amount: due, reference: None };
        let tenders = if due.is_zero() { Vec::new() } else { vec![cash] };
        let sale = SaleDocument::build(head, None, &cart, tenders).unwrap();
        let known = Ok::<_, std::convert::Infallible>;
        let mut bounds = Returnable::of_sale(&sale, known).unwrap();
        let mut back: Vec<Back> = Vec::new();
        let mut given = 0;
        for _ in 0..pieces {
            let left = lines_left(&sale, &back, known).unwrap()[0];
            let line = line_back(&sale.lines[0], left, Quantity::ONE, rules, (product(99).0.into(), vec![])).unwrap();
            let priced = pos_domain::cart::price(rules, &[LineTerms::from(&line)], None).unwrap();
            let paid = priced.gross.negated();
            prop_assert!(bounds.take_back(line.product_id, Quantity::ONE, paid).is_nothing(), "within what was sold");
            given += paid.minor();
            back.push(Back {
                product_id: line.product_id,
                qty: Quantity::ONE,
                paid,
                unit_price: Some(line.unit_price),
            });
        }
        let paid = sale.lines[0].amounts.gross.minor();
        prop_assert!(given <= paid, "{given} of {paid}");
        // Prices with tax give back to the unit; where tax is added, each part may round it down once.
        prop_assert!(given >= paid - if inclusive { 0 } else { 2 * pieces }, "{given} of {paid}");
        let left = lines_left(&sale, &back, known).unwrap();
        prop_assert_eq!((left[0].qty, left[1].qty), (Quantity::ZERO, Quantity::from_units(pieces).unwrap()));
    }
}

/// Lines of a refund as a cart.
fn cart_of(lines: Vec<pos_domain::CartLine>) -> pos_domain::Cart {
    pos_domain::Cart { lines, ..shops::cart(&[], None) }
}

proptest! {
    /// Whoever brings everything back gets everything back, in one go or in many, whatever the discounts, the roundings
    /// and the side on which the tax stands.
    #[test]
    fn all_lines_given_back_one_by_one_come_to_the_sale_exactly(
        rules in shops::rules(),
        ((lines, discount), order) in shops::one_way_lines(1).prop_flat_map(|cart| {
            let order: Vec<usize> = (0..cart.0.len()).collect();
            (Just(cart), Just(order).prop_shuffle())
        }),
    ) {
        let cart = shops::cart(&lines, discount);
        let currency = Currency::from_iso("EUR").unwrap();
        let due = pos_domain::cart::price(rules, &lines, discount).unwrap().gross;
        let head = |kind| shops::head(kind, currency, rules, None);
        let sale = SaleDocument::build(head(SaleKind::Sale), None, &cart, shops::settling(due, None, 0, 0)).unwrap();
        let known = Ok::<_, std::convert::Infallible>;
        let (mut back, mut refunds, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for at in order {
            let left = lines_left(&sale, &back, known).unwrap()[at];
            prop_assert_eq!(left.qty, sale.lines[at].item.qty, "a line waits for nobody else");
            let line_id = Uuid::from_u128(900 + u128::try_from(at).unwrap()).into();
            let line = line_back(&sale.lines[at], left, left.qty, rules, (line_id, vec![])).unwrap();
            all.push(line.clone());
            let worth = pos_domain::cart::price(rules, &[LineTerms::from(&line)], None).unwrap().gross;
            let tenders = shops::settling(worth, None, 0, 0);
            let refund = SaleDocument::build(head(SaleKind::Refund), None, &cart_of(vec![line]), tenders).unwrap();
            back.extend(pos_domain::refund::brought_back(&refund));
            refunds.push(refund);
        }
        let in_one = SaleDocument::build(head(SaleKind::Refund), None, &cart_of(all), shops::settling(due.negated(), None, 0, 0)).unwrap();
        let sum = |part: fn(&SaleDocument) -> Money| Money::sum(refunds.iter().map(part)).unwrap();
        for (given, took, in_one) in [
            (sum(|d| d.total), sale.total, in_one.total),
            (sum(|d| d.net), sale.net, in_one.net),
            (sum(|d| d.tax), sale.tax, in_one.tax),
        ] {
            prop_assert_eq!(given, took.negated(), "one by one");
            prop_assert_eq!(in_one, took.negated(), "and all at once");
        }
        let left = lines_left(&sale, &back, known).unwrap();
        prop_assert!(left.iter().all(|left| left.qty.is_zero() && left.gross.is_zero()), "nothing is left");
        // At each rate as well, or the tax declared would not be the tax taken.
        let mut totals = pos_domain::ShiftTotals::default();
        for document in refunds.iter().chain([&sale]) {
            totals.add_sale(document).unwrap();
        }
        prop_assert!(totals.taxes.iter().all(|t| t.net.is_zero() && t.tax.is_zero() && t.gross.is_zero()));
    }

    #[test]
    fn an_exchange_is_a_refund_and_a_sale_in_one(
        rules in shops::rules(),
        (out, _) in shops::one_way_lines(1),
        (back, _) in shops::one_way_lines(-1),
    ) {
        let both: Vec<LineTerms> = out.iter().chain(&back).copied().collect();
        let price = |lines: &[LineTerms]| pos_domain::cart::price(rules, lines, None).unwrap();
        let (exchange, sale, refund) = (price(&both), price(&out), price(&back));
        for (whole, parts) in [
            (exchange.gross, [sale.gross, refund.gross]),
            (exchange.net, [sale.net, refund.net]),
            (exchange.tax, [sale.tax, refund.tax]),
            (exchange.discount, [sale.discount, refund.discount]),
        ] {
            prop_assert_eq!(Money::sum(parts), Ok(whole));
        }
    }
}
