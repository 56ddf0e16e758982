//! Quotes: the amounts of a cart, checked by hand.

use serde_json::{Value, json};

use crate::shell::{Said, bare, finish};

fn ask(cart: &Value) -> Said {
    finish(bare(&["quote", "--json"]), &cart.to_string())
}

fn quote(cart: &Value) -> Value {
    let said = ask(cart);
    assert_eq!(said.code, 0, "{said:?}");
    said.document()
}

fn line(qty: &str, unit_price: &str, tax_rate: &str, discount: &str) -> Value {
    json!({ "name": "x", "qty": qty, "unit_price": unit_price, "tax_rate": tax_rate, "discount": discount })
}

fn cart(currency: (&str, u8), inclusive: bool, lines: &[Value]) -> Value {
    json!({
        "currency": { "code": currency.0, "exponent": currency.1 },
        "prices_include_tax": inclusive,
        "cash_rounding": null,
        "lines": lines,
        "tender": "cash",
    })
}

fn amounts(answer: &Value) -> [&str; 3] {
    ["net", "tax", "gross"].map(|name| answer[name].as_str().unwrap())
}

#[test]
fn the_tax_inside_a_price_is_rounded_half_up_and_the_net_is_the_rest() {
    // 3 x 1.99 - 0.50 = 5.47; tax 5.47 x 20/120 = 0.9117.
    let euro = quote(&cart(("EUR", 2), true, &[line("3", "1.99", "20", "0.50")]));
    assert_eq!(amounts(&euro), ["4.56", "0.91", "5.47"]);
    assert_eq!(amounts(&euro["lines"][0]), ["4.56", "0.91", "5.47"], "a line has the same names");
    // 24000 x 18/118 = 3661.02
    let franc = quote(&cart(("GNF", 0), true, &[line("1", "24000", "18", "0")]));
    assert_eq!(amounts(&franc), ["20339", "3661", "24000"], "francs have no decimals");
    // 1.255 x 19/119 = 0.20038
    let dinar = quote(&cart(("TND", 3), true, &[line("1", "1.255", "19", "0")]));
    assert_eq!(amounts(&dinar), ["1.055", "0.200", "1.255"], "dinars have three, trailing zeros included");
    // 0.03 x 20/120 = 0.005: exactly half goes up.
    assert_eq!(
        amounts(&quote(&cart(("EUR", 2), true, &[line("1", "0.03", "20", "0")]))),
        ["0.02", "0.01", "0.03"]
    );
}

#[test]
fn tax_upon_a_price_is_added_line_by_line() {
    // 2 x 9.99 = 19.98, tax 5.5 % = 1.0989; 0.25 x 4.00 = 1.00, tax 20 % = 0.20.
    let answer =
        quote(&cart(("EUR", 2), false, &[line("2", "9.99", "5.5", "0"), line("0.25", "4.00", "20", "0")]));
    assert_eq!(amounts(&answer["lines"][0]), ["19.98", "1.10", "21.08"]);
    assert_eq!(amounts(&answer["lines"][1]), ["1.00", "0.20", "1.20"]);
    assert_eq!(amounts(&answer), ["20.98", "1.30", "22.28"], "the total is the sum of the lines");
}

#[test]
fn cash_is_rounded_to_the_smallest_coin_in_the_named_way() {
    for (mode, rounding, payable) in
        [("half-up", "-0.02", "5.45"), ("up", "0.03", "5.50"), ("down", "-0.02", "5.45")]
    {
        let mut cart = cart(("EUR", 2), true, &[line("1", "5.47", "20", "0")]);
        cart["cash_rounding"] = json!({ "step": "0.05", "mode": mode, "scope": "cash" });
        let answer = quote(&cart);
        assert_eq!((&answer["rounding"], &answer["payable"]), (&json!(rounding), &json!(payable)), "{mode}");
    }
    let mut francs = cart(("GNF", 0), true, &[line("1", "12250", "0", "0")]);
    francs["cash_rounding"] = json!({ "step": "500", "mode": "half-up", "scope": "cash" });
    assert_eq!(quote(&francs)["payable"], "12500", "exactly half goes up");
}

#[test]
fn a_card_is_rounded_only_when_all_tenders_are() {
    for (scope, payable) in [("cash", "5.47"), ("all", "5.45")] {
        let mut cart = cart(("EUR", 2), true, &[line("1", "5.47", "20", "0")]);
        cart["cash_rounding"] = json!({ "step": "0.05", "mode": "half-up", "scope": scope });
        cart["tender"] = json!("card");
        assert_eq!(quote(&cart)["payable"], payable, "scope {scope}");
    }
}

#[test]
fn a_cart_that_is_not_one_is_wrong_usage() {
    for text in ["", "{", "[]", "{\"lines\": []}"] {
        let said = finish(bare(&["quote", "--json"]), text);
        assert_eq!(said.code, 2, "{text:?}: {said:?}");
        assert_eq!(said.document()["error"]["code"], "usage");
    }
}

#[test]
fn a_wrong_value_names_line_and_field() {
    for (wrong, field) in [
        (line("1", "1.999", "20", "0"), "lines[1].unit_price"),
        (line("one", "1.99", "20", "0"), "lines[1].qty"),
        (line("1", "1.99", "many", "0"), "lines[1].tax_rate"),
        (line("1", "1.99", "20", "x"), "lines[1].discount"),
    ] {
        let said = ask(&cart(("EUR", 2), true, &[line("1", "1", "0", "0"), wrong]));
        assert_eq!(said.code, 3, "{said:?}");
        let error = &said.document()["error"];
        assert_eq!((&error["code"], &error["params"]["field"]), (&json!("input.invalid"), &json!(field)));
    }
}
