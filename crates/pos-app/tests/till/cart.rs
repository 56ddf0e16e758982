//! The cart on the counter.

use pos_app::ErrorCode;
use pos_domain::Quantity;

use crate::shop::{Till, minor};

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_brings_the_cart_and_its_undo_back() {
    let till = Till::demo().await;
    till.app.scan("2*RIZ-5KG").await.unwrap();
    let before = till.app.scan("COLA-33CL").await.unwrap().value;
    let till = till.reopen().await;
    let after = till.app.cart().await.unwrap().value;
    assert_eq!(after.cart_id, before.cart_id);
    assert_eq!(after.lines, before.lines, "the lines, their order and amounts");
    let undone = till.app.undo_cart().await.unwrap().value;
    assert_eq!(undone.lines.len(), 1, "the last scan is taken back after the restart too");
    assert_eq!(undone.pieces, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_cart_and_the_open_one_change_places() {
    let till = Till::demo().await;
    let first = till.app.scan("RIZ-5KG").await.unwrap().value;
    let empty = till.app.hold_cart().await.unwrap().value;
    assert_eq!((empty.lines.len(), empty.held), (0, 1));
    till.app.scan("COLA-33CL").await.unwrap();
    let recalled = till.app.recall_cart(first.cart_id).await.unwrap().value;
    assert_eq!(recalled.lines, first.lines);
    assert_eq!(recalled.held, 1, "the other one waits in its place");
    let twice = till.app.recall_cart(first.cart_id).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::CartNotFound, "a cart that is on the counter is not on hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_that_has_no_price_is_never_saved() {
    let till = Till::demo().await;
    let cart = till.app.scan("RIZ-5KG").await.unwrap().value;
    let line = cart.lines[0].item.line_id;
    let more = pos_domain::Discount::Amount(pos_domain::Money::from_minor(minor(cart.total) + 1).unwrap());
    let refused = till.app.set_line(line, None, None, Some(more), false).await.unwrap_err();
    assert_eq!(refused.params["field"], "discount");
    assert_eq!(till.app.cart().await.unwrap().value.lines, cart.lines, "the cart is as it was");
    let gone = till.app.set_line(line, Some(Quantity::ZERO), None, None, false).await.unwrap().value;
    assert_eq!(gone.lines, [], "a quantity of zero takes the line off");
}
