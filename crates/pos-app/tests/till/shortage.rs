//! Goods that were sold and not there, paid back.

use pos_domain::conflict::{ConflictEventKind, ConflictKind};
use pos_domain::merge::Fields;
use pos_domain::{ConflictChoice, Discount, Money};

use crate::shop::{Business, Till, minor};

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_of_missing_goods_pays_back_what_was_paid_for_them_after_every_discount() {
    let mut business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let rice = till.product("RIZ-5KG").await;
    let there =
        till.app.find_product(rice.code.clone()).await.unwrap().value.stock.unwrap().shown.milli() / 1_000;
    business.stop().await;
    till.scan("RIZ-5KG", there + 3).await;
    till.scan("TABLETTE", 1).await;
    let line = till.app.cart().await.unwrap().value.lines[0].item.line_id;
    let amount = |minor| Some(Discount::Amount(Money::from_minor(minor).unwrap()));
    till.app.set_line(line, None, amount(40_001), false, None).await.unwrap();
    till.app.set_cart_discount(amount(77_777), None).await.unwrap();
    let sold = till.pay().await.unwrap();
    business.start();
    till.app.sync_now().await.unwrap();
    let open = till.app.list_conflicts(false).await.unwrap().value;
    let short =
        open.iter().find(|view| view.conflict.kind == ConflictKind::Oversold).expect("goods are missing");
    let paid: i64 = short.conflict.shortages.iter().map(|shortage| minor(shortage.paid)).sum();
    assert!(paid < 3 * minor(rice.price), "the discounts are taken off: {paid}");
    let before = crate::shop::total_on(&business);
    assert_eq!(before, minor(sold.total));
    let id = short.conflict.conflict_id;
    till.app.resolve_conflict(id, ConflictChoice::Refund, Fields::new(), None).await.unwrap();
    till.app.sync_now().await.unwrap();
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead, status.conflicts_open), (0, 0, 0), "the server takes both");
    let decided = till.app.conflict(id).await.unwrap().value.conflict;
    let story: Vec<_> = decided.events.iter().map(|event| (event.what, event.choice)).collect();
    let settled = (ConflictEventKind::Resolved, Some(ConflictChoice::Refund));
    assert_eq!(story, [(ConflictEventKind::Opened, None), settled], "settled once, by the person");
    assert_eq!(crate::shop::total_on(&business), before - paid, "to the last franc");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}
