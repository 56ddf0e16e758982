//! The shop floor in the history: shifts, cash, credit, payments, refunds, voids and things that bear a number.

use anyhow::{Context, Result};
use pos_testkit::counter::Counter;
use serde_json::{Value, json};

use crate::history::{basket_of, goods, press, sell, tell};

/// The numbers of two telephones, the second as people read it from the box.
const PHONES: [&str; 2] = ["490154203237518", "35-209900-176148-1"];

/// A shift with everything that a drawer sees, from its float to its Z, and another one that stays open.
pub(crate) fn live_through_shifts(counter: &mut Counter) -> Result<()> {
    tell(counter, "setting.set", json!({ "key": "expense_categories", "value": ["Taxi"] }))?;
    tell(counter, "shift.open", json!({ "request_id": press(), "float": 10_000 }))?;
    let kept = sell_on_account(counter, "BREAD", "0.95")?;
    give_back(counter, &kept, &json!([{ "kind": "account", "amount": 95, "reference": null }]), false)?;
    sell_on_account(counter, "BOOK", "7.77")?;
    pay(counter, 500)?;
    sell_phones(counter)?;

    let mistaken = sell(counter, &["TEA", "MILK"], &[("cash", "20.00")])?;
    let void = json!({ "request_id": press(), "number": number(&mistaken)?, "reason": "wrong_item", "approval_id": null });
    tell(counter, "sale.void", void)?;
    // Bread for milk: the cart on the counter is taken instead.
    let milk = number(&sell(counter, &["MILK"], &[("cash", "2.00")])?)?;
    tell(counter, "cart.scan", json!({ "code": "BREAD" }))?;
    let difference = proposed(counter, &milk, true)?;
    give_back(counter, &milk, &difference, true)?;

    for (direction, amount, expense) in
        [("in", 2_000, None), ("out", 5_000, None), ("out", 350, Some("Taxi"))]
    {
        let moved = json!({ "request_id": press(), "direction": direction, "amount": amount, "expense": expense, "note": "why" });
        tell(counter, "cash.move", moved)?;
    }
    let count = json!([{ "value": 1_000, "count": 7 }, { "value": 50, "count": 3 }]);
    tell(
        counter,
        "shift.close",
        json!({ "request_id": press(), "counted": 0, "count": count, "note": "two short" }),
    )?;
    tell(counter, "shift.open", json!({ "request_id": press(), "float": 5_000 })).map(drop)
}

/// What no server has heard of when somebody looks: a Z among it.
pub(crate) fn live_on_alone(counter: &mut Counter) -> Result<()> {
    pay(counter, 100)?;
    sell_on_account(counter, "MILK", "1.07")?;
    let received = json!({ "serial": "SN-77", "code": "PHONE", "change": "received", "note": null });
    tell(counter, "serial.note", received)?;
    tell(counter, "shift.close", json!({ "request_id": press(), "counted": 5_000 }))?;
    sell(counter, &["TEA"], &[("cash", "5.00")]).map(drop)
}

/// A customer's debt, and what another register takes for it.
pub(crate) fn pay(counter: &mut Counter, amount: i64) -> Result<()> {
    let found = tell(counter, "customer.find", json!({ "text": "Binta" }))?;
    let payment = json!({
        "request_id": press(), "customer_id": found["customer"]["customer_id"], "amount": amount,
        "tenders": [{ "kind": "cash", "amount": amount, "reference": null }], "beyond_debt": "store_credit", "note": null,
    });
    tell(counter, "account.pay", payment).map(drop)
}

/// Somebody who may owe something.
pub(crate) fn trust_a_customer(counter: &mut Counter) -> Result<()> {
    let details = json!({ "name": "Binta", "phone": "620000002", "credit_limit": "200.00" });
    tell(counter, "customer.create", json!({ "details": details })).map(drop)
}

fn sell_on_account(counter: &mut Counter, code: &str, amount: &str) -> Result<String> {
    let mut basket = basket_of(&[code], &[("account", amount)]);
    basket["customer"] = json!("Binta");
    number(&tell(counter, "sale.sell", basket)?)
}

/// Two telephones are received and sold, and one of them comes back.
fn sell_phones(counter: &mut Counter) -> Result<()> {
    tell(counter, "product.create", json!({ "draft": goods("PHONE", "4006381333931") }))?;
    for serial in PHONES {
        let noted = json!({ "serial": serial, "code": "PHONE", "change": "received", "note": "new" });
        tell(counter, "serial.note", noted)?;
    }
    let cart = tell(counter, "cart.scan", json!({ "code": "2*PHONE" }))?;
    let line = cart["lines"][0]["item"]["line_id"].clone();
    tell(counter, "cart.set_serials", json!({ "line_id": line, "serials": PHONES }))?;
    let found = tell(counter, "customer.find", json!({ "text": "Binta" }))?;
    tell(counter, "cart.set_customer", json!({ "customer_id": found["customer"]["customer_id"] }))?;
    let tenders = json!([{ "kind": "cash", "amount": 1_000, "reference": null }]);
    let sold = tell(counter, "sale.complete", json!({ "request_id": press(), "tenders": tenders }))?;
    let sold = number(&sold)?;
    let back = proposed(counter, &sold, false)?;
    give_back(counter, &sold, &back, false)
}

/// One piece of the first line of a sale comes back, perhaps against the cart on the counter.
fn give_back(counter: &mut Counter, sale: &str, tenders: &Value, with_cart: bool) -> Result<()> {
    let lines = first_piece(counter, sale)?;
    let refund = json!({
        "request_id": press(), "number": sale, "lines": lines, "with_cart": with_cart, "reason": "not_wanted",
        "note": "as new", "tenders": tenders, "approval_id": null,
    });
    tell(counter, "refund.complete", refund).map(drop)
}

/// How one piece is given back or paid for when nobody says otherwise.
fn proposed(counter: &mut Counter, sale: &str, with_cart: bool) -> Result<Value> {
    let lines = first_piece(counter, sale)?;
    let asked = json!({ "number": sale, "lines": lines, "with_cart": with_cart });
    Ok(tell(counter, "refund.quote", asked)?["proposed"].clone())
}

fn first_piece(counter: &mut Counter, sale: &str) -> Result<Value> {
    let draft = tell(counter, "refund.draft", json!({ "number": sale }))?;
    let line = &draft["lines"][0];
    let serials: Vec<&Value> = line["serials"].as_array().into_iter().flatten().take(1).collect();
    Ok(
        json!([{ "line_id": line["line_id"], "code": null, "qty": 1_000, "unit_price": null, "serials": serials }]),
    )
}

fn number(sale: &Value) -> Result<String> {
    sale["number"].as_str().map(str::to_owned).with_context(|| format!("a number: {sale}"))
}
