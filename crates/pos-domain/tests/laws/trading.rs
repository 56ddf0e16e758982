//! Goods given in payment, and goods sold by the pack.

use std::convert::Infallible;

use pos_domain::cart::{LineTerms, PriceRules, price};
use pos_domain::refund::{Back, Returnable, brought_back, lines_left};
use pos_domain::serial::SerialChange;
use pos_domain::{
    Cart, Currency, Discount, Money, ProductId, Quantity, Rate, RoundingMode, SaleDocument, SaleKind,
};
use proptest::prelude::*;

use crate::shops;

const KNOWN: fn(ProductId) -> Result<ProductId, Infallible> = Ok;

fn rules() -> PriceRules {
    PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp }
}

fn paid(cart: &Cart) -> SaleDocument {
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let total = price(rules(), &terms, cart.discount).unwrap().gross;
    let kind = if total.is_negative() { SaleKind::Refund } else { SaleKind::Sale };
    let head = shops::head(kind, Currency::from_iso("GNF").unwrap(), rules(), None);
    SaleDocument::build(head, None, cart, shops::settling(total, None, 0, 0)).unwrap()
}

/// A swap: goods go, and things that bear a number come in as a part of the payment.
fn swaps() -> impl Strategy<Value = (SaleDocument, usize)> {
    let sold = prop::collection::vec(shops::terms(1), 1..5);
    let piece = (0_i64..3_000_000, shops::rates()).prop_map(|(worth, tax_rate)| LineTerms {
        qty: Quantity::ONE.negated(),
        unit_price: shops::money(worth),
        tax_rate,
        discount: None,
    });
    let percent = (0_i64..=1_000_000).prop_map(|ppm| Discount::Percent(Rate::from_ppm(ppm).unwrap()));
    (sold, prop::collection::vec(piece, 1..4), prop::option::of(percent)).prop_map(
        |(sold, taken, discount)| {
            let terms: Vec<LineTerms> = sold.iter().chain(&taken).copied().collect();
            let mut cart = shops::cart(&terms, discount);
            for (n, line) in cart.lines.iter_mut().enumerate() {
                line.track_stock = true;
                line.trade_in = n >= sold.len();
                line.serials = if line.trade_in { vec![format!("SN{n}")] } else { Vec::new() };
            }
            (paid(&cart), sold.len())
        },
    )
}

proptest! {
    #[test]
    fn what_is_taken_in_lowers_what_is_paid_by_what_it_is_worth((swap, sold) in swaps()) {
        let (given, taken) = swap.lines.split_at(sold);
        let worth: i64 = taken.iter().map(|line| line.item.unit_price.minor()).sum();
        let price: i64 = given.iter().map(|line| line.amounts.gross.minor()).sum();
        let back: i64 = taken.iter().map(|line| line.amounts.gross.minor()).sum();
        prop_assert_eq!(swap.total.minor(), price + back);
        if !swap.total.is_negative() && swap.discount.is_none() {
            prop_assert_eq!(swap.total.minor(), price - worth, "one sum, netted in the same document");
        }
        if swap.total > Money::ZERO {
            let shares = Money::sum(taken.iter().map(|line| line.amounts.cart_discount));
            prop_assert_eq!(shares, Ok(Money::ZERO), "a discount on the goods is none on what is taken in");
        }
        prop_assert_eq!(swap.check(), Ok(()));
    }

    #[test]
    fn what_is_taken_in_enters_stock_with_its_number((swap, sold) in swaps()) {
        for (n, effect) in swap.stock_effects().enumerate() {
            prop_assert_eq!(effect.delta.is_positive(), n >= sold, "goods leave, things taken in arrive");
        }
        let events = swap.serial_events(Some("R1-000007"));
        prop_assert_eq!(events.len(), swap.lines.len() - sold);
        for (event, line) in events.iter().zip(&swap.lines[sold..]) {
            prop_assert_eq!(event.change, SerialChange::TradedIn);
            prop_assert_eq!((&event.serial, event.product_id), (&line.item.serials[0], line.item.product_id));
        }
    }

    #[test]
    fn what_was_given_in_payment_was_never_sold_and_never_comes_back((swap, sold) in swaps()) {
        prop_assert_eq!(brought_back(&swap).count(), 0, "it is no refund of anything");
        let left = lines_left(&swap, &[], KNOWN).unwrap();
        let mut bounds = Returnable::of_sale(&swap, KNOWN).unwrap();
        for (n, (line, left)) in swap.lines.iter().zip(left).enumerate() {
            let product = line.item.product_id;
            if n < sold {
                prop_assert_eq!(left.qty, line.item.qty);
                prop_assert_eq!(bounds.sold(product), line.item.qty);
            } else {
                prop_assert_eq!((left.qty, bounds.sold(product)), (Quantity::ZERO, Quantity::ZERO));
                let beyond = bounds.take_back(product, Quantity::ONE, line.item.unit_price);
                prop_assert_eq!(beyond.qty, Quantity::ONE);
            }
        }
    }

    /// Cartons and bottles: what goes and comes by the pack is counted by the piece.
    #[test]
    fn packs_move_their_pieces_and_come_back_whole_or_in_part(
        packs in 1_i64..40, pieces in 1_i64..100, price in 0_i64..100_000, whole in 0_i64..40, loose in 0_i64..4_000,
    ) {
        let size = Quantity::from_units(pieces).unwrap();
        let terms = LineTerms {
            qty: Quantity::from_units(packs).unwrap(), unit_price: shops::money(price), tax_rate: Rate::ZERO, discount: None,
        };
        let mut cart = shops::cart(&[terms], None);
        cart.lines[0].pack_size = Some(size);
        cart.lines[0].track_stock = true;
        let sale = paid(&cart);
        prop_assert_eq!(sale.check(), Ok(()));
        prop_assert_eq!(sale.total.minor(), packs * price, "packs are priced");
        let gone: i64 = sale.stock_effects().map(|effect| effect.delta.milli()).sum();
        prop_assert_eq!(gone, -packs * pieces * 1_000, "pieces are counted");

        let line = &sale.lines[0].item;
        let mut bounds = Returnable::of_sale(&sale, KNOWN).unwrap();
        prop_assert_eq!(bounds.sold(line.product_id), Quantity::from_units(packs * pieces).unwrap());
        // First whole packs, then loose pieces of the others.
        let whole = whole.min(packs);
        let mut back = Vec::new();
        for units in [whole * pieces, loose].into_iter().filter(|units| *units > 0) {
            let qty = Quantity::from_units(units).unwrap();
            let beyond = bounds.take_back(line.product_id, qty, Money::ZERO).qty;
            let within = units - beyond.milli() / 1_000;
            if within > 0 {
                let qty = Quantity::from_units(within).unwrap();
                back.push(Back { product_id: line.product_id, qty, paid: Money::ZERO, unit_price: None });
            }
        }
        let returned: i64 = back.iter().map(|back| back.qty.milli() / 1_000).sum();
        prop_assert_eq!(returned, (whole * pieces + loose).min(packs * pieces), "never more pieces than were sold");
        let left = lines_left(&sale, &back, KNOWN).unwrap()[0].qty;
        let exact = (packs * pieces - returned) * 1_000;
        prop_assert_eq!(left.milli(), exact / pieces, "what is left is said in packs, and never rounded up");
    }
}
