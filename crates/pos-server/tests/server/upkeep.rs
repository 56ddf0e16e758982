//! What is let go of, when, and what never is.

use pos_domain::body::EntityKind;
use pos_domain::{ConflictChoice, OperationBody};
use pos_protocol::{ApiError, Cursor, Mode, ProblemCode, PullRequest, SyncApi};
use pos_server::Records;

use crate::harness::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

async fn read_to_end(till: &Register, mut cursor: Cursor) -> Cursor {
    loop {
        let page = till.pull(cursor, 5_000).await;
        cursor = page.next;
        if !page.has_more {
            return cursor;
        }
    }
}

async fn days_pass(shop: &Shop, days: i64) {
    shop.pass_ms(days * DAY_MS);
    shop.server.upkeep().await.unwrap();
}

fn deletions(shop: &Shop) -> i64 {
    shop.place.query("SELECT count(*) FROM feed WHERE deleted")
}

fn is_right(shop: &Shop) {
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test]
async fn a_deletion_stays_90_days_and_until_every_live_register_has_read_it() {
    let shop = Shop::open();
    let (mut till, mut slow) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let gone = product("PARTI");
    till.send(product_create(&gone, 0)).await;
    let before = read_to_end(&slow, slow.start().await).await;
    till.send(delete(EntityKind::Product, gone.product_id.0, 1)).await;
    let cursor = read_to_end(&till, till.start().await).await;
    days_pass(&shop, 0).await;
    days_pass(&shop, 89).await;
    read_to_end(&slow, before.clone()).await;
    read_to_end(&till, cursor.clone()).await;
    days_pass(&shop, 0).await;
    assert_eq!(deletions(&shop), 1, "it is not old enough");
    days_pass(&shop, 2).await;
    assert_eq!(
        deletions(&shop),
        1,
        "a register has asked for what follows its cursor, not for what follows the deletion"
    );
    read_to_end(&till, cursor.clone()).await;
    read_to_end(&slow, cursor.clone()).await;
    days_pass(&shop, 1).await;
    assert_eq!(deletions(&shop), 0);
    is_right(&shop);

    let answer = slow.session.pull(PullRequest { cursor: before, limit: 10 }).await;
    let Err(ApiError::Refused { problem }) = answer else { panic!("it missed a deletion: {answer:?}") };
    assert_eq!(problem.code, ProblemCode::ResnapshotRequired);
    assert!(is_applied(&slow.send(product_create(&product("LAIT"), 1)).await), "what it sends is taken");
    assert_eq!(slow.session.hello().await.unwrap().server_epoch, 1, "being late is no alarm");
    read_to_end(&till, cursor).await;
    let sale = till.sale(&[(&gone, 1)]);
    assert!(is_applied(&till.tell(&sale).await), "who sold it meanwhile still sold it");
    is_right(&shop);
}

#[tokio::test]
async fn a_register_that_is_away_for_half_a_year_holds_up_no_deletion() {
    let shop = Shop::open();
    let (mut till, away) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let gone = product("PARTI");
    till.send(product_create(&gone, 0)).await;
    read_to_end(&away, away.start().await).await;
    till.send(delete(EntityKind::Product, gone.product_id.0, 1)).await;
    let cursor = read_to_end(&till, till.start().await).await;
    days_pass(&shop, 0).await;
    days_pass(&shop, 170).await;
    read_to_end(&till, cursor.clone()).await;
    days_pass(&shop, 0).await;
    assert_eq!(deletions(&shop), 1);
    days_pass(&shop, 11).await;
    assert_eq!(deletions(&shop), 0);
}

#[tokio::test]
async fn a_decided_conflict_leaves_the_lists_after_a_month_and_its_story_stays() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1)).await;
    till.tell(&till.sale(&[(&milk, 3)])).await;
    till.tell(&till.sale(&[(&milk, 1)])).await;
    let [first, second] = till.conflicts().await.try_into().unwrap();
    till.send(OperationBody::ConflictResolve(resolve(first.conflict_id, ConflictChoice::AcceptCount))).await;
    let cursor = read_to_end(&till, till.start().await).await;
    days_pass(&shop, 0).await;
    days_pass(&shop, 29).await;
    assert_eq!(till.conflicts().await.len(), 2);
    days_pass(&shop, 2).await;
    let listed: Vec<_> = till.conflicts().await.into_iter().map(|c| c.conflict_id).collect();
    assert_eq!(listed, [second.conflict_id], "an open one stays, however old");
    let told = till.pull(cursor.clone(), 10).await.rows;
    assert!(
        told.iter().any(|row| row.deleted && row.id == first.conflict_id.0),
        "registers hear of it: {told:?}"
    );
    is_right(&shop);
    for _ in 0..2 {
        read_to_end(&till, cursor.clone()).await;
        let end = read_to_end(&till, cursor.clone()).await;
        read_to_end(&till, end).await;
        days_pass(&shop, 91).await;
    }
    let events: i64 = shop.place.query("SELECT count(*) FROM conflict_event");
    assert_eq!((deletions(&shop), events), (0, 3), "opened twice, decided once: for ever");
    is_right(&shop);

    till.send(reopen(first.conflict_id)).await;
    assert_eq!(till.conflicts().await.len(), 2, "who thinks again finds it again");
    is_right(&shop);
}

#[tokio::test]
async fn after_years_the_same_operation_still_gets_its_verdict() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    let (asked, first) = till.ask(&till.sale(&[(&milk, 2)])).await;
    for _ in 0..8 {
        days_pass(&shop, 100).await;
    }
    let same = till.push(vec![again(&asked, Mode::Fact)]).await.remove(0);
    assert!(same.duplicate, "a till that was closed for a long weekend must not post twice: {same:?}");
    assert_eq!(feed_seq(&same.verdict), feed_seq(&first));
    assert_eq!(till.stock(&milk).await, (3, 0));
    let hello = till.session.hello().await.unwrap();
    assert_eq!(hello.watermark.seq, till.seq);
}
