//! Made-up shops: amounts, rules, carts and documents of every kind that the domain accepts.

use pos_domain::cart::{Discount, LineTerms, PriceRules, price};
use pos_domain::document::{DocumentCustomer, DocumentHead, OriginalSale};
use pos_domain::money::MAX_MINOR;
use pos_domain::tender::payable;
use pos_domain::{
    Cart, CartLine, CashRounding, Currency, Money, Quantity, Rate, RoundingMode, RoundingScope, SaleDocument,
    SaleKind, Tender, TenderKind,
};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

/// Any amount, often a small one or one at the bounds.
pub(crate) fn any_money() -> impl Strategy<Value = Money> {
    prop_oneof![-2_000_i64..=2_000, -MAX_MINOR..=MAX_MINOR, Just(MAX_MINOR), Just(-MAX_MINOR)].prop_map(money)
}

/// Currencies of each number of decimals.
pub(crate) fn currencies() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["GNF", "EUR", "TND"]).prop_map(|code| Currency::from_iso(code).unwrap())
}

pub(crate) fn modes() -> impl Strategy<Value = RoundingMode> {
    prop::sample::select(vec![RoundingMode::HalfUp, RoundingMode::Up, RoundingMode::Down])
}

pub(crate) fn rules() -> impl Strategy<Value = PriceRules> {
    (any::<bool>(), modes())
        .prop_map(|(prices_include_tax, line_rounding)| PriceRules { prices_include_tax, line_rounding })
}

pub(crate) fn cash_rounding() -> impl Strategy<Value = CashRounding> {
    let scope = prop::sample::select(vec![RoundingScope::Cash, RoundingScope::All]);
    (prop::sample::select(vec![1_i64, 5, 10, 50, 100, 500]), modes(), scope)
        .prop_map(|(step, mode, scope)| CashRounding { step: money(step), mode, scope })
}

/// Rates that exist, and any other.
pub(crate) fn rates() -> impl Strategy<Value = Rate> {
    prop_oneof![prop::sample::select(vec![0_i64, 21_000, 55_000, 180_000, 200_000]), 0_i64..=2_000_000]
        .prop_map(|ppm| Rate::from_ppm(ppm).unwrap())
}

fn percents() -> impl Strategy<Value = Discount> {
    prop_oneof![Just(0_i64), Just(1_000_000), 0_i64..=1_000_000]
        .prop_map(|ppm| Discount::Percent(Rate::from_ppm(ppm).unwrap()))
}

/// A line's terms with a quantity in the given direction. Its fixed discount is a part of what it reduces.
pub(crate) fn terms(sign: i64) -> impl Strategy<Value = LineTerms> {
    let qty = prop_oneof![(1_i64..=20).prop_map(|u| u * 1000), 1_i64..=50_000];
    let price = prop_oneof![Just(0_i64), 1_i64..=500, 1_i64..=3_000_000];
    let discount = prop_oneof![
        Just(None),
        percents().prop_map(Some),
        (0_i64..=1_000).prop_map(|part| Some(Discount::Amount(money(part)))),
    ];
    (qty, price, rates(), discount).prop_map(move |(milli, price, tax_rate, discount)| {
        let list = price * milli / 1000;
        let discount = discount.map(|d| match d {
            Discount::Amount(part) => Discount::Amount(money(list * part.minor() / 1_000)),
            Discount::Percent(_) => d,
        });
        let qty = Quantity::from_milli(sign * milli).unwrap();
        LineTerms { qty, unit_price: money(price), tax_rate, discount }
    })
}

/// Lines that all go one way, and a discount on all of them.
pub(crate) fn one_way_lines(sign: i64) -> impl Strategy<Value = (Vec<LineTerms>, Option<Discount>)> {
    (prop::collection::vec(terms(sign), 1..12), prop::option::of(percents()))
}

/// Lines of an exchange: some goods go, some come back.
pub(crate) fn exchange_lines() -> impl Strategy<Value = (Vec<LineTerms>, Option<Discount>)> {
    (prop::collection::vec(prop_oneof![terms(1), terms(-1)], 1..12), prop::option::of(percents()))
}

/// A cart of these terms; ids count upwards.
pub(crate) fn cart(lines: &[LineTerms], discount: Option<Discount>) -> Cart {
    let line = |(i, terms): (u128, &LineTerms)| CartLine {
        line_id: Uuid::from_u128(i).into(),
        product_id: Uuid::from_u128(1_000 + i).into(),
        code: format!("P{i}"),
        name: format!("Article {i}"),
        unit: "pcs".into(),
        qty: terms.qty,
        unit_price: terms.unit_price,
        catalogue_price: terms.unit_price,
        tax_rate: terms.tax_rate,
        discount: terms.discount,
        track_stock: i % 2 == 1,
        pack_size: None,
        serials: Vec::new(),
        trade_in: false,
        note: None,
    };
    Cart {
        cart_id: Uuid::from_u128(7).into(),
        lines: (1..).zip(lines).map(line).collect(),
        discount,
        customer_id: None,
        note: Some("Merci".into()),
    }
}

pub(crate) fn head(
    kind: SaleKind,
    currency: Currency,
    rules: PriceRules,
    cash_rounding: Option<CashRounding>,
) -> DocumentHead {
    DocumentHead {
        sale_id: Uuid::from_u128(11).into(),
        kind,
        business: "Épicerie Diallo".into(),
        outlet_id: Uuid::from_u128(12).into(),
        outlet: "Kaloum".into(),
        device_id: Uuid::from_u128(13).into(),
        register: "Caisse 1".into(),
        cashier_id: Uuid::from_u128(14).into(),
        cashier: "Aïssatou".into(),
        currency,
        rules,
        cash_rounding,
        sold_at_ms: 1_773_507_909_000,
        document_date: Some("2026-03-14T17:05:09".into()),
        external_number: None,
        original: Some(OriginalSale { sale_id: None, number: Some("R1-000001".into()) }),
        shift_id: None,
        swap_number: None,
        approvals: Vec::new(),
    }
}

fn tender(kind: TenderKind, amount: Money) -> Tender {
    let reference = (kind != TenderKind::Cash).then(|| "REF-1".to_owned());
    Tender { kind, amount, reference }
}

/// Tenders that settle `total`: cash with change, card, or both, as `way` says.
pub(crate) fn settling(total: Money, rounding: Option<CashRounding>, way: u8, extra: i64) -> Vec<Tender> {
    let due = |amount, kind| payable(amount, rounding, kind).unwrap();
    let by_card =
        || Some(due(total, TenderKind::Card)).filter(|m| !m.is_zero()).map(|m| tender(TenderKind::Card, m));
    let cash = due(total, TenderKind::Cash);
    let all_rounded = rounding.is_some_and(|r| r.scope == RoundingScope::All);
    match way % 3 {
        0 if !cash.is_zero() => {
            let extra = if total.is_negative() { 0 } else { extra };
            vec![tender(TenderKind::Cash, money(cash.minor() + extra))]
        }
        1 if !all_rounded && total.minor().abs() > 1 => {
            let card = money(total.minor() / 2);
            let rest = due(total.minus(card).unwrap(), TenderKind::Cash);
            let cash = Some(rest).filter(|m| !m.is_zero()).map(|m| tender(TenderKind::Cash, m));
            match cash {
                Some(cash) => vec![tender(TenderKind::Card, card), cash],
                None => by_card().into_iter().collect(),
            }
        }
        _ => by_card().into_iter().collect(),
    }
}

/// A document of any kind of sale or refund.
pub(crate) fn documents() -> impl Strategy<Value = SaleDocument> {
    documents_of(prop_oneof![one_way_lines(1), one_way_lines(-1)])
}

/// An exchange: a sale, or a refund when money goes back.
pub(crate) fn exchanges() -> impl Strategy<Value = SaleDocument> {
    documents_of(exchange_lines())
}

fn documents_of(
    lines: impl Strategy<Value = (Vec<LineTerms>, Option<Discount>)>,
) -> impl Strategy<Value = SaleDocument> {
    let shop = (rules(), prop::option::of(cash_rounding()), currencies());
    (shop, lines, any::<u8>(), 0_i64..100_000).prop_map(|(shop, (lines, discount), way, extra)| {
        let (rules, rounding, currency) = shop;
        let total = price(rules, &lines, discount).unwrap().gross;
        let takes_back = total.is_negative() || (total.is_zero() && lines[0].qty.is_negative());
        let kind = if takes_back { SaleKind::Refund } else { SaleKind::Sale };
        let customer = DocumentCustomer { customer_id: Uuid::from_u128(15).into(), name: "Camara".into() };
        let tenders = settling(total, rounding, way, extra);
        let head = head(kind, currency, rules, rounding);
        SaleDocument::build(head, Some(customer), &cart(&lines, discount), tenders).unwrap()
    })
}
