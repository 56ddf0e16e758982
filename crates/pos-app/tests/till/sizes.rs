//! Packs, labels of scales, and remarks on lines.

use pos_app::ErrorCode;
use pos_app::view::{CartView, ProductDraft, ReceiptView};
use pos_domain::barcode::{EmbeddedKind, EmbeddedRule};
use pos_domain::catalogue::Pack;
use pos_domain::{Discount, Money, Product, Quantity, Rate};
use serde_json::json;

use crate::shop::{Till, minor};

const CARTON: &str = "4006381333931";

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

/// A product as somebody who types it, with a carton of 24.
async fn product(till: &Till, code: &str, unit: &str, packs: serde_json::Value) -> Product {
    let draft: ProductDraft = serde_json::from_value(json!({
        "code": code, "barcodes": [], "name": format!("Article {code}"), "category_id": null, "unit": unit,
        "price": "500", "cost": "", "tax_rate": "18", "track_stock": true, "offline_policy": "allow",
        "favourite": false, "archived": false, "opening_stock": "100", "packs": packs,
    }))
    .unwrap();
    till.app.create_product(draft).await.unwrap().value.product
}

async fn water(till: &Till) -> Product {
    let carton = json!([{ "unit": "carton", "size": "24", "price": "10000", "barcode": CARTON }]);
    product(till, "EAU", "pcs", carton).await
}

async fn shown(till: &Till, code: &str) -> i64 {
    till.app.find_stock(code.to_owned()).await.unwrap().value.stock.unwrap().shown.milli()
}

async fn receipt(till: &Till) -> ReceiptView {
    let sold = till.pay().await.unwrap();
    till.app.receipt(sold.sale_id).await.unwrap().value
}

fn sizes(cart: &CartView) -> Vec<(&str, Option<i64>, i64)> {
    let size = |s: &'_ pos_app::view::LineSize| s.size.map(Quantity::milli);
    cart.lines[0].sizes.iter().map(|s| (s.unit.as_str(), size(s), minor(s.price))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_carton_is_sold_as_one_and_takes_its_pieces_off_the_stock() {
    let till = Till::demo().await;
    water(&till).await;
    till.app.scan(CARTON).await.unwrap();
    let cart = till.app.scan(&format!("2*{CARTON}")).await.unwrap().value;
    let line = &cart.lines[0].item;
    assert_eq!((cart.lines.len(), line.qty.milli(), line.unit.as_str()), (1, 3_000, "carton"));
    assert_eq!((line.pack_size.map(Quantity::milli), minor(cart.total)), (Some(24_000), 30_000));
    assert_eq!(sizes(&cart), [("pcs", None, 500), ("carton", Some(24_000), 10_000)]);
    let single = till.app.scan("EAU").await.unwrap().value;
    assert_eq!(single.lines.len(), 2, "a single bottle is another line at another price");
    let line_id = single.lines[0].item.line_id;
    let half =
        till.app.set_line(line_id, Some(Quantity::parse("0.5").unwrap()), None, false, None).await.unwrap();
    assert_eq!(minor(half.value.total), 5_500, "half a carton can be counted");
    till.app.undo_cart().await.unwrap();
    let paper = receipt(&till).await;
    assert!(paper.text.iter().any(|row| row.contains("3 carton de 24")), "{:?}", paper.text);
    assert_eq!(shown(&till, "EAU").await, (100 - 3 * 24 - 1) * 1_000);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_is_sold_by_another_size_and_back_at_the_price_of_that_size() {
    let till = Till::demo().await;
    water(&till).await;
    let cart = till.app.scan("EAU").await.unwrap().value;
    let line_id = cart.lines[0].item.line_id;
    till.app.set_line(line_id, None, Some(Discount::Percent(Rate::TENTH)), false, None).await.unwrap();
    let carton = till.app.set_pack(line_id, Some("carton".into()), None).await.unwrap().value;
    assert_eq!((minor(carton.total), carton.lines[0].item.qty), (9_000, Quantity::ONE), "a tenth off stays");
    let size = Quantity::from_units(24).unwrap();
    assert_eq!(till.app.set_pack(line_id, None, Some(size)).await.unwrap().value.lines, carton.lines);
    till.app.set_line(line_id, None, Some(Discount::Amount(money(100))), false, None).await.unwrap();
    let unit = till.app.set_pack(line_id, None, None).await.unwrap().value;
    assert_eq!(minor(unit.total), 500, "an amount was off the other price");
    let none = till.app.set_pack(line_id, Some("palette".into()), None).await.unwrap_err();
    assert_eq!((none.code, &none.params["problem"]), (ErrorCode::InputInvalid, &json!("unknown")));
    assert_eq!(sizes(&till.app.scan("RIZ-5KG").await.unwrap().value).len(), 2, "the first line has a choice");
    assert_eq!(till.app.cart().await.unwrap().value.lines[1].sizes, [], "the second has none");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_packs_than_there_are_pieces_are_told_before_paying() {
    let till = Till::demo().await;
    water(&till).await;
    let cart = till.app.scan(&format!("5*{CARTON}")).await.unwrap().value;
    assert!(cart.lines[0].notice.is_some(), "5 cartons are 120 pieces, and 100 are there");
    let cart = till.app.set_line(
        cart.lines[0].item.line_id,
        Some(Quantity::from_units(4).unwrap()),
        None,
        false,
        None,
    );
    assert_eq!(cart.await.unwrap().value.lines[0].notice, None, "4 cartons are 96");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scale_prints_is_rung_up_by_weight_or_at_the_price_on_the_bag() {
    let till = Till::demo().await;
    product(&till, "12345", "kg", json!([])).await;
    let rule = |prefix: &str, value| EmbeddedRule {
        prefix: prefix.to_owned(),
        code_digits: 5,
        value_check: false,
        value,
        value_zeros: 0,
    };
    let (weight, priced) = (rule("21", EmbeddedKind::Weight), rule("22", EmbeddedKind::Price));
    let rules = vec![weight.clone(), priced.clone()];
    till.app.set_setting("barcode_rules", serde_json::to_value(&rules).unwrap()).await.unwrap();
    let bag = weight.write("12345", 1_250).unwrap();
    let cart = till.app.scan(&format!("2*{}", bag.as_str())).await.unwrap().value;
    assert_eq!(
        (cart.lines[0].item.qty.milli(), minor(cart.total)),
        (2_500, 1_250),
        "two bags of 1.250 kg at 500"
    );
    let bag = priced.write("12345", 777).unwrap();
    let cart = till.app.scan(bag.as_str()).await.unwrap().value;
    let line = &cart.lines[1];
    assert_eq!(minor(line.amounts.gross), 777, "what stands on the bag, to the last coin");
    assert_eq!(line.item.stock_qty().milli(), 1_554, "and as much as that buys");
    assert_eq!(line.item.unit_price, line.item.catalogue_price, "it is the shop's price: nobody is asked");
    till.pay().await.unwrap();
    assert_eq!(shown(&till, "12345").await, 100_000 - 2_500 - 1_554);
    till.verify().await;
    for (label, code) in [
        (weight.write("99999", 10), ErrorCode::ProductNotFound),
        (priced.write("12345", 0), ErrorCode::InputInvalid),
    ] {
        let refused = till.app.scan(label.unwrap().as_str()).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    // A product that bears the very code goes before the rule.
    let own = weight.write("12345", 20).unwrap();
    let carton = json!([{ "unit": "sac", "size": "20", "price": "9000", "barcode": own.as_str() }]);
    product(&till, "SAC", "pcs", carton).await;
    let cart = till.app.scan(own.as_str()).await.unwrap().value;
    assert_eq!((cart.lines[0].item.unit.as_str(), minor(cart.total)), ("sac", 9_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_before_it_is_kept() {
    let till = Till::demo().await;
    product(&till, "12345", "kg", json!([])).await;
    let rule = EmbeddedRule {
        prefix: "21".into(),
        code_digits: 5,
        value_check: true,
        value: EmbeddedKind::Weight,
        value_zeros: 1,
    };
    let shown = till.app.try_barcode_rule(rule.clone(), None).await.unwrap().value;
    assert_eq!((shown.code.as_deref(), shown.value), (Some("12345"), Some(12_500)), "an example of its own");
    assert_eq!(shown.product.as_deref(), Some("Article 12345"), "with the product that it would find");
    let other = till.app.try_barcode_rule(rule.clone(), Some(CARTON.into())).await.unwrap().value;
    assert_eq!((other.code, other.value), (None, None), "an article of the world is not of the rule");
    let wrong = till.app.try_barcode_rule(EmbeddedRule { prefix: "40".into(), ..rule.clone() }, None).await;
    assert_eq!(wrong.unwrap_err().code, ErrorCode::InputInvalid);
    let typo = till.app.try_barcode_rule(rule, Some("2112345012505".into())).await.unwrap_err();
    assert_eq!(typo.params["field"], "code", "a wrong check digit is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remark_on_a_line_stands_on_its_receipt_and_never_holds_a_card() {
    let till = Till::demo().await;
    let cart = till.app.scan("RIZ-5KG").await.unwrap().value;
    let line_id = cart.lines[0].item.line_id;
    let noted = till.app.set_line_note(line_id, Some("  sans étiquette ".into())).await.unwrap().value;
    assert_eq!(noted.lines[0].item.note.as_deref(), Some("sans étiquette"));
    let again = till.app.scan("RIZ-5KG").await.unwrap().value;
    assert_eq!(again.lines.len(), 2, "the next one is not what was remarked upon");
    for (note, problem) in [("x".repeat(501), "too_long"), ("4111 1111 1111 1111".into(), "card_number")] {
        let refused = till.app.set_line_note(line_id, Some(note)).await.unwrap_err();
        assert_eq!(refused.params["problem"], problem);
    }
    let paper = receipt(&till).await;
    assert!(paper.text.iter().any(|row| row.trim() == "sans étiquette"), "{:?}", paper.text);
    let packs: Vec<Pack> = till.product("RIZ-5KG").await.packs;
    assert_eq!(packs, [], "the demo shop's rice has no packs");
}
