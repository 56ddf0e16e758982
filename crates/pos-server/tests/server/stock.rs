//! Stock that cannot go negative, whoever sells at the same moment.

use pos_domain::ConflictChoice;
use pos_domain::body::EntityKind;
use pos_domain::conflict::{ConflictEventKind, ConflictStatus};
use pos_domain::stock::MovementReason;
use pos_protocol::Verdict;

use crate::harness::*;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_registers_that_sell_the_last_five_at_once_exactly_one_is_admitted() {
    let shop = Shop::open();
    let mut first = shop.join("Caisse 1").await;
    let mut second = shop.join("Caisse 2").await;
    for round in 0..200 {
        let milk = product(&format!("LAIT-{round}"));
        first.send(product_create(&milk, 5)).await;
        let (a, b) = (first.sale(&[(&milk, 5)]), second.sale(&[(&milk, 5)]));
        let ((_, a), (_, b)) = tokio::join!(first.ask(&a), second.ask(&b));
        let refused = match (&a, &b) {
            (Verdict::Applied { .. }, refused) | (refused, Verdict::Applied { .. }) => refused,
            both => panic!("round {round}: nobody sold: {both:?}"),
        };
        let Verdict::InsufficientStock { lines } = refused else { panic!("round {round}: both sold") };
        assert_eq!(lines[0].available, units(0), "round {round}: the cart goes back with what is there");
        assert_eq!(first.stock(&milk).await, (0, 0), "round {round}");
    }
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn an_untracked_product_has_no_movements_and_no_balance_whatever_the_line_says() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let mut advice = product("CONSEIL");
    advice.track_stock = false;
    till.send(product_create(&advice, 7)).await;
    let mut stale = advice.clone();
    stale.track_stock = true;
    assert!(is_applied(&till.ask(&till.sale(&[(&stale, 3)])).await.1), "the server's product row decides");
    assert!(is_applied(&till.send(adjust(&stale, MovementReason::Loss, -2)).await));
    assert_eq!(till.row(EntityKind::Stock, advice.product_id.0).await, None);
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM stock_movement"), 0);
}

#[tokio::test]
async fn counting_begins_when_the_product_is_switched_to_it() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let mut bag = product("SAC");
    bag.track_stock = false;
    till.send(product_create(&bag, 0)).await;
    let body = edit(EntityKind::Product, bag.product_id.0, 1, "track_stock", (false.into(), true.into()), 1);
    assert!(is_applied(&till.send(body).await));
    assert_eq!(till.stock(&bag).await, (0, 0), "registers see a balance of nothing, not no balance");
    assert!(matches!(till.ask(&till.sale(&[(&bag, 1)])).await.1, Verdict::InsufficientStock { .. }));
}

#[tokio::test]
async fn received_goods_settle_the_oldest_shortage_first_and_close_what_is_settled() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 0)).await;
    till.tell(&till.sale(&[(&milk, 2)])).await;
    till.tell(&till.sale(&[(&milk, 3)])).await;
    assert_eq!(till.stock(&milk).await, (0, 5));
    till.send(adjust(&milk, MovementReason::Receipt, 4)).await;
    assert_eq!(till.stock(&milk).await, (0, 1), "two for the first sale, two for the second");
    let conflicts = till.conflicts().await;
    let open: Vec<_> = conflicts.iter().filter(|c| c.status == ConflictStatus::Open).collect();
    assert_eq!(open.len(), 1, "nothing is left to decide about the first");
    assert_eq!(open[0].shortages[0].asked, units(3));
    let accept = open[0].choices.iter().find(|p| p.choice == ConflictChoice::AcceptCount).unwrap();
    assert_eq!(accept.stock[0].oversold, units(-1), "the preview follows what is still short");
    let closed = conflicts.iter().find(|c| c.status == ConflictStatus::Resolved).unwrap();
    let last = closed.events.last().unwrap();
    assert_eq!((last.what, last.choice), (ConflictEventKind::Resolved, None), "nobody chose anything");
    till.send(adjust(&milk, MovementReason::Receipt, 4)).await;
    assert_eq!(till.stock(&milk).await, (3, 0));
}

#[tokio::test]
async fn other_incoming_goods_go_to_the_shelf() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 0)).await;
    till.tell(&till.sale(&[(&milk, 2)])).await;
    till.send(adjust(&milk, MovementReason::Correction, 3)).await;
    assert_eq!(till.stock(&milk).await, (3, 2), "a count says what lies on the shelf, not what was sold");
}

#[tokio::test]
async fn a_refund_of_the_oversold_sale_settles_its_own_shortage() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1)).await;
    let (older, newer) = (till.sale(&[(&milk, 2)]), till.sale(&[(&milk, 2)]));
    till.tell(&older).await;
    till.tell(&newer).await;
    assert_eq!(till.stock(&milk).await, (0, 3));
    till.tell(&till.refund(&newer, &[(&milk, 2)])).await;
    assert_eq!(till.stock(&milk).await, (0, 1), "not the older sale's");
}

#[tokio::test]
async fn a_loss_of_more_than_is_there_is_a_shortage_without_a_sale() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 3)).await;
    assert!(is_applied(&till.send(adjust(&milk, MovementReason::Loss, -5)).await));
    assert_eq!(till.stock(&milk).await, (0, 2));
    let conflict = till.conflict().await;
    let choices: Vec<_> = conflict.choices.iter().map(|p| p.choice).collect();
    assert_eq!(choices, [ConflictChoice::AcceptCount], "there is no customer to refund or to order for");
    assert_eq!(rejection(&till.send(adjust(&milk, MovementReason::Sale, 1)).await).1, "reason");
}

#[tokio::test]
async fn an_exchange_moves_both_ways_and_is_reversed_both_ways() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let (milk, bread) = (product("LAIT"), product("PAIN"));
    till.send(product_create(&milk, 5)).await;
    till.send(product_create(&bread, 0)).await;
    let exchange = till.sale(&[(&milk, 2), (&bread, -1)]);
    let (operation, verdict) = till.ask(&exchange).await;
    assert!(is_applied(&verdict));
    assert_eq!((till.stock(&milk).await, till.stock(&bread).await), ((3, 0), (1, 0)));
    till.ask(&till.sale(&[(&bread, 1)])).await;
    till.push(vec![again(&operation, pos_protocol::Mode::Withdraw)]).await;
    assert_eq!(till.stock(&milk).await, (5, 0));
    assert_eq!(
        till.stock(&bread).await,
        (0, 1),
        "the bread that came in was sold on meanwhile: a person decides"
    );
    assert_eq!(till.conflict().await.shortages[0].code, "PAIN");
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn a_balance_that_no_quantity_can_hold_is_refused() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let sand = product("SABLE");
    till.send(product_create(&sand, 0)).await;
    assert!(is_applied(&till.send(adjust(&sand, MovementReason::Receipt, 1_000_000_000)).await));
    assert_eq!(rejection(&till.send(adjust(&sand, MovementReason::Receipt, 1)).await).0, "validation");
    assert_eq!(till.stock(&sand).await, (1_000_000_000, 0));
}
