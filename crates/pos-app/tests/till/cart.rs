//! The cart on the counter.

use pos_app::AuditFilter;
use pos_app::view::SettlePreview;
use pos_app::{ErrorCode, Permission};
use pos_domain::{Money, Quantity, Role, TenderKind};

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
async fn a_cart_that_has_no_price_is_never_saved() {
    let till = Till::demo().await;
    let cart = till.app.scan("RIZ-5KG").await.unwrap().value;
    let line = cart.lines[0].item.line_id;
    let more = pos_domain::Discount::Amount(pos_domain::Money::from_minor(minor(cart.total) + 1).unwrap());
    let refused = till.app.set_line(line, None, Some(more), false, None).await.unwrap_err();
    assert_eq!(refused.params["field"], "discount");
    assert_eq!(till.app.cart().await.unwrap().value.lines, cart.lines, "the cart is as it was");
    let gone = till.app.set_line(line, Some(Quantity::ZERO), None, false, None).await.unwrap().value;
    assert_eq!(gone.lines, [], "a quantity of zero takes the line off");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_is_for_those_who_may_and_leaves_a_trace() {
    assert!(!Permission::OverridePrice.is_default_of(Role::Cashier), "a cashier asks somebody");
    let till = Till::demo().await;
    let cart = till.app.scan("RIZ-5KG").await.unwrap().value;
    let line = cart.lines[0].item.clone();
    let cheaper = till.app.set_price(line.line_id, Some("50000".into()), None).await.unwrap().value;
    assert_eq!(minor(cheaper.total), 50_000);
    assert_eq!(
        cheaper.lines[0].item.catalogue_price, line.catalogue_price,
        "what it should cost is kept beside it"
    );
    let again = till.app.set_price(line.line_id, None, None).await.unwrap().value;
    assert_eq!(again.total, cart.total, "the catalogue's price comes back");
    let trail = till.app.list_audit(AuditFilter::default(), 10).await.unwrap().value;
    let prices: Vec<_> =
        trail.iter().filter(|e| e.what == "price.overridden").map(|e| &e.params["to"]).collect();
    assert_eq!(prices, [&line.unit_price.minor(), &50_000], "both changes, the newest first");
    assert!(trail.iter().all(|e| e.actor.is_some()), "it is known who did it");
    let refused = till.app.set_price(line.line_id, Some("-1".into()), None).await.unwrap_err();
    assert_eq!(
        (&refused.params["field"], &refused.params["problem"]),
        (&"unit_price".into(), &"negative".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_given_back_is_known_before_it_is_paid() {
    let till = Till::demo().await;
    let empty = till.app.settle_preview(vec![]).await.unwrap_err();
    assert_eq!(empty.code, ErrorCode::CartEmpty);
    let total = till.app.scan("RIZ-5KG").await.unwrap().value.total;
    let money = |minor| Money::from_minor(minor).unwrap();
    let preview = async |given: &[(TenderKind, i64)]| {
        let amounts = given.iter().map(|(kind, minor)| (*kind, money(*minor))).collect();
        till.app.settle_preview(amounts).await.unwrap().value
    };
    let due = minor(total);
    assert_eq!(preview(&[(TenderKind::Cash, due)]).await, SettlePreview::Settled { change: Money::ZERO });
    assert_eq!(
        preview(&[(TenderKind::Cash, due + 700)]).await,
        SettlePreview::Settled { change: money(700) }
    );
    assert_eq!(preview(&[(TenderKind::Cash, due - 1)]).await, SettlePreview::Missing { amount: money(1) });
    assert_eq!(
        preview(&[(TenderKind::Mobile, due - 100), (TenderKind::Cash, 500)]).await,
        SettlePreview::Settled { change: money(400) },
        "what was taken before counts, and needs no reference to be weighed"
    );
    assert_eq!(preview(&[(TenderKind::Card, due + 5)]).await, SettlePreview::TooMuch { amount: money(5) });
    assert_eq!(till.app.cart().await.unwrap().value.total, total, "nothing was sold");
}
