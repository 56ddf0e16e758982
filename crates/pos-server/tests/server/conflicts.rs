//! Oversold sales and changed prices: each choice, and taking it back.

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ConflictEventKind, ConflictStatus};
use pos_domain::{ConflictChoice, ConflictKind, OperationBody, Product, SaleDocument};

use crate::harness::*;

async fn oversold() -> (Shop, Register, Product, SaleDocument) {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 2)).await;
    let sale = till.sale(&[(&milk, 5)]);
    till.tell(&sale).await;
    assert_eq!(till.stock(&milk).await, (0, 3));
    (shop, till, milk, sale)
}

async fn choose(till: &mut Register, choice: ConflictChoice) -> pos_protocol::Verdict {
    let conflict_id = till.conflict().await.conflict_id;
    till.send(OperationBody::ConflictResolve(resolve(conflict_id, choice))).await
}

#[tokio::test]
async fn every_choice_shows_its_effect_before_it_is_made() {
    let (_shop, till, milk, _) = oversold().await;
    let conflict = till.conflict().await;
    assert_eq!((conflict.kind, conflict.status), (ConflictKind::Oversold, ConflictStatus::Open));
    let shown: Vec<_> = conflict
        .choices
        .iter()
        .map(|p| (p.choice, p.stock.first().map(|s| (s.product_id, s.oversold)), p.cash, p.reversible))
        .collect();
    let closes = Some((milk.product_id, units(-3)));
    assert_eq!(
        shown,
        [
            (ConflictChoice::AcceptCount, closes, money(0), true),
            (ConflictChoice::Order, None, money(0), true),
            (ConflictChoice::Refund, closes, money(-3_000), false),
        ]
    );
}

#[tokio::test]
async fn accepting_the_count_closes_the_shortage_and_can_be_taken_back_and_made_again() {
    let (shop, mut till, milk, _) = oversold().await;
    for _ in 0..2 {
        assert!(is_applied(&choose(&mut till, ConflictChoice::AcceptCount).await));
        assert_eq!(
            till.stock(&milk).await,
            (0, 0),
            "on hand does not change: the goods left with the customer"
        );
        assert_eq!(till.conflict().await.resolution(), Some(ConflictChoice::AcceptCount));
        let conflict_id = till.conflict().await.conflict_id;
        assert!(is_applied(&till.send(reopen(conflict_id)).await));
        assert_eq!(till.stock(&milk).await, (0, 3));
    }
    let story: Vec<_> = till.conflict().await.events.iter().map(|event| event.what).collect();
    use ConflictEventKind::{Opened, Reopened, Resolved};
    assert_eq!(story, [Opened, Resolved, Reopened, Resolved, Reopened]);
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn an_order_leaves_the_shortage_open_until_goods_come_in() {
    let (_shop, mut till, milk, _) = oversold().await;
    assert!(is_applied(&choose(&mut till, ConflictChoice::Order).await));
    assert_eq!(till.stock(&milk).await, (0, 3));
    till.send(adjust(&milk, pos_domain::stock::MovementReason::Receipt, 10)).await;
    assert_eq!(till.stock(&milk).await, (7, 0));
    assert_eq!(till.conflict().await.resolution(), Some(ConflictChoice::Order), "the decision stands");
    let conflict_id = till.conflict().await.conflict_id;
    let verdict = till.send(reopen(conflict_id)).await;
    assert_eq!(rejection(&verdict).1, "conflict_id", "there is nothing left to decide");
}

#[tokio::test]
async fn a_refund_needs_its_document_and_is_final() {
    let (shop, mut till, milk, sale) = oversold().await;
    let conflict_id = till.conflict().await.conflict_id;
    let mut resolution = resolve(conflict_id, ConflictChoice::Refund);
    let missing = till.send(OperationBody::ConflictResolve(resolution.clone())).await;
    assert_eq!(rejection(&missing).1, "refund_sale_id");
    resolution.refund_sale_id = Some(sale.head.sale_id);
    let wrong = till.send(OperationBody::ConflictResolve(resolution.clone())).await;
    assert_eq!(rejection(&wrong).1, "refund_sale_id", "the sale itself is no refund");
    let refund = till.refund(&sale, &[(&milk, 3)]);
    resolution.refund_sale_id = Some(refund.head.sale_id);
    let early = till.send(OperationBody::ConflictResolve(resolution.clone())).await;
    assert_eq!(rejection(&early).0, "unknown_reference");
    assert!(is_applied(&till.tell(&refund).await));
    assert_eq!(till.stock(&milk).await, (0, 0), "what was never there does not come back either");
    assert!(is_applied(&till.send(OperationBody::ConflictResolve(resolution)).await));
    assert_eq!(till.conflict().await.resolution(), Some(ConflictChoice::Refund));
    assert_eq!(till.stock(&milk).await, (0, 0));
    assert_eq!(rejection(&till.send(reopen(conflict_id)).await).1, "conflict_id", "a refund is a document");
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn a_refund_of_a_part_closes_the_rest_without_a_movement() {
    let (shop, mut till, milk, sale) = oversold().await;
    let conflict_id = till.conflict().await.conflict_id;
    let refund = till.refund(&sale, &[(&milk, 1)]);
    till.tell(&refund).await;
    assert_eq!(till.stock(&milk).await, (0, 2));
    let movements: i64 = shop.place.query("SELECT count(*) FROM stock_movement");
    let resolution = pos_domain::body::ConflictResolution {
        refund_sale_id: Some(refund.head.sale_id),
        ..resolve(conflict_id, ConflictChoice::Refund)
    };
    assert!(is_applied(&till.send(OperationBody::ConflictResolve(resolution)).await));
    assert_eq!(till.stock(&milk).await, (0, 0), "the rest is closed with it");
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM stock_movement"), movements);
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn the_same_decision_twice_is_one_and_another_one_is_refused() {
    let (shop, mut till, milk, _) = oversold().await;
    let mut other = shop.join("Caisse 2").await;
    assert!(is_applied(&choose(&mut till, ConflictChoice::AcceptCount).await));
    assert!(is_applied(&choose(&mut other, ConflictChoice::AcceptCount).await), "they meant the same");
    assert_eq!(
        rejection(&choose(&mut other, ConflictChoice::Order).await),
        ("validation".into(), "choice".into())
    );
    assert_eq!(till.conflict().await.events.len(), 2, "opened, resolved: once");
    assert_eq!(till.stock(&milk).await, (0, 0));
    let conflict_id = till.conflict().await.conflict_id;
    assert!(is_applied(&till.send(reopen(conflict_id)).await));
    assert!(is_applied(&other.send(reopen(conflict_id)).await), "reopening twice is one reopening");
    assert_eq!(till.stock(&milk).await, (0, 3));
}

#[tokio::test]
async fn a_choice_that_was_not_offered_is_refused() {
    let (_shop, mut till, milk, _) = oversold().await;
    for choice in [ConflictChoice::TakeGoods, ConflictChoice::KeepMine, ConflictChoice::AcceptPrice] {
        assert_eq!(rejection(&choose(&mut till, choice).await).1, "choice");
    }
    let nobody = resolve(pos_domain::ConflictId(next_id()), ConflictChoice::Order);
    let verdict = till.send(OperationBody::ConflictResolve(nobody)).await;
    assert_eq!(rejection(&verdict).0, "unknown_reference");
    assert_eq!(till.stock(&milk).await, (0, 3));
}

#[tokio::test]
async fn a_price_that_changed_during_the_sale_is_shown_and_accepted() {
    let shop = Shop::open();
    let (mut till, mut office) = (shop.join("Caisse 1").await, shop.join("Bureau").await);
    let milk = product("LAIT");
    office.send(product_create(&milk, 10)).await;
    let sale = till.sale(&[(&milk, 2)]);
    office
        .send(edit(EntityKind::Product, milk.product_id.0, 1, "price", (1_000.into(), 1_200.into()), 1))
        .await;
    let pos_protocol::Verdict::Applied { conflict_id, .. } = till.tell(&sale).await else { panic!() };
    let conflict = till.conflict().await;
    assert_eq!(Some(conflict.conflict_id), conflict_id);
    assert_eq!(conflict.kind, ConflictKind::PriceChanged);
    assert_eq!((conflict.prices[0].sold_at, conflict.prices[0].catalogue), (money(1_000), money(1_200)));
    assert_eq!(till.stock(&milk).await, (8, 0), "the sale stands");
    assert!(is_applied(&choose(&mut office, ConflictChoice::AcceptPrice).await));
    assert_eq!(till.conflict().await.status, ConflictStatus::Resolved);
    assert!(is_applied(&office.send(reopen(conflict.conflict_id)).await));
    assert_eq!(till.conflict().await.status, ConflictStatus::Open);
}

#[tokio::test]
async fn an_open_conflict_reaches_every_register_by_the_feed() {
    let (shop, till, _, _) = oversold().await;
    let other = shop.join("Caisse 2").await;
    let conflict = till.conflict().await;
    let row = other.row(EntityKind::Conflict, conflict.conflict_id.0).await.expect("it is in the feed");
    assert_eq!(row.origin_device, Some(till.device_id));
    let seen: pos_domain::Conflict = serde_json::from_str(row.data.unwrap().get()).unwrap();
    assert_eq!(seen, conflict);
}

#[tokio::test]
async fn a_withdrawn_sale_leaves_no_question_about_its_price() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    let mut dearer = milk.clone();
    dearer.price = money(1_200);
    let (operation, verdict) = till.ask(&till.sale(&[(&dearer, 1)])).await;
    assert!(is_applied(&verdict));
    assert_eq!(till.conflict().await.status, ConflictStatus::Open);
    till.push(vec![again(&operation, pos_protocol::Mode::Withdraw)]).await;
    assert_eq!(till.conflict().await.status, ConflictStatus::Resolved, "there is no such sale any more");
}
