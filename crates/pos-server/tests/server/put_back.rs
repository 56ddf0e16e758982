//! A database that was put back from an older copy without a word: nobody but the cursors of registers can tell.

use std::sync::atomic::Ordering;

use pos_domain::{OperationBody, Product};
use pos_protocol::{
    ApiError, Cursor, Heard, Mode, Operation, ProblemCode, PullRequest, PushRequest, SyncApi, Verdict,
};
use pos_server::Records;

use crate::harness::*;
use crate::store::Kept;

/// Ends the server, does something to its place, and starts it again. Registers are in session again afterwards.
async fn between(shop: Shop, tills: &mut [&mut Register], work: impl FnOnce(&Shop)) -> Shop {
    // Sessions hold the server: those of another shop stand in for them meanwhile.
    let aside = Shop::open();
    for till in tills.iter_mut() {
        till.session = aside.join("Ailleurs").await.session;
    }
    let Shop { place, server, now } = shop;
    drop(server);
    let closed = Shop { place, server: aside.server.clone(), now };
    work(&closed);
    let Shop { place, server: _, now } = closed;
    let server = pos_server::Server::open(&place.location, None, clock(&now)).unwrap();
    for till in tills.iter_mut() {
        till.session = server.authenticate(&till.token).await.expect("it joined before the copy was made");
    }
    Shop { place, server, now }
}

async fn keep(shop: Shop, tills: &mut [&mut Register]) -> (Shop, Kept) {
    let mut kept = None;
    let shop = between(shop, tills, |shop| kept = Some(shop.place.keep())).await;
    (shop, kept.unwrap())
}

async fn put_back(shop: Shop, tills: &mut [&mut Register], kept: &Kept) -> Shop {
    between(shop, tills, |shop| shop.place.put_back(kept)).await
}

async fn end_of_feed(till: &Register) -> Cursor {
    let mut page = till.pull(till.start().await, 5_000).await;
    while page.has_more {
        page = till.pull(page.next, 5_000).await;
    }
    page.next
}

async fn is_void(till: &Register, cursor: &Cursor) -> bool {
    match till.session.pull(PullRequest { cursor: cursor.clone(), limit: 10 }).await {
        Ok(_) => false,
        Err(ApiError::Refused { problem }) if problem.code == ProblemCode::ResnapshotRequired => true,
        Err(other) => panic!("{other:?}"),
    }
}

async fn epoch(till: &Register) -> u32 {
    till.session.hello().await.unwrap().server_epoch
}

fn alarms(shop: &Shop) -> i64 {
    shop.place.query("SELECT count(*) FROM audit WHERE what = 'server_put_back'")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_put_back_and_has_moved_past_the_cursor_begins_another_life() {
    let shop = Shop::open();
    let (mut here, mut there) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    there.send(product_create(&milk, 100)).await;
    let (shop, kept) = keep(shop, &mut [&mut here, &mut there]).await;
    there.tell(&there.sale(&[(&milk, 2)])).await;
    let (ours, theirs) = (end_of_feed(&here).await, end_of_feed(&there).await);

    let shop = put_back(shop, &mut [&mut here, &mut there], &kept).await;
    for _ in 0..5 {
        there.tell(&there.sale(&[(&milk, 1)])).await;
    }
    let moved_past = here.session.hello().await.unwrap().feed_seq;
    assert!(moved_past > ours.seq, "the feed is longer than what the register has read");
    assert_eq!(epoch(&here).await, 1, "nobody has told the server");

    assert!(is_void(&here, &ours).await, "the rows up to this cursor are other ones now");
    assert_eq!(epoch(&here).await, 2, "and every register shall hear of it");
    assert!(is_void(&there, &theirs).await);
    assert_eq!((epoch(&there).await, alarms(&shop)), (2, 1), "one restore is one new life, whoever shows it");
    let fresh = end_of_feed(&here).await;
    assert!(!is_void(&here, &fresh).await);
    let mut shop = shop;
    for _ in 0..2 {
        shop = between(shop, &mut [&mut here, &mut there], |_| ()).await;
        assert!(!is_void(&here, &fresh).await, "the new life lasts");
    }
    assert_eq!(epoch(&here).await, 2);
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_from_behind_the_end_of_the_feed_shows_it_before_anything_else_is_sold() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    let (shop, kept) = keep(shop, &mut [&mut till]).await;
    till.send(product_create(&milk, 100)).await;
    let cursor = end_of_feed(&till).await;
    let shop = put_back(shop, &mut [&mut till], &kept).await;
    assert!(is_void(&till, &cursor).await);
    assert_eq!((epoch(&till).await, alarms(&shop)), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_starts_again_voids_no_cursor() {
    let mut shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1_000)).await;
    let mut cursors = vec![till.start().await];
    let before: i64 = shop.place.query("SELECT count(*) FROM incarnation");
    for round in 0..6 {
        cursors.push(end_of_feed(&till).await);
        shop = between(shop, &mut [&mut till], |_| ()).await;
        if round % 3 > 0 {
            till.tell(&till.sale(&[(&milk, 1)])).await;
            till.tell(&till.sale(&[(&milk, 1)])).await;
        }
        for cursor in &cursors {
            assert!(!is_void(&till, cursor).await, "{cursor} was given in this very history");
        }
    }
    assert_eq!((epoch(&till).await, alarms(&shop)), (1, 0));
    let kept: i64 = shop.place.query("SELECT count(*) FROM incarnation");
    assert_eq!(kept, before + 4, "a start that wrote nothing leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_holds_the_same_is_the_same_history() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    till.send(product_create(&product("LAIT"), 5)).await;
    let (shop, kept) = keep(shop, &mut [&mut till]).await;
    let cursor = end_of_feed(&till).await;
    let shop = put_back(shop, &mut [&mut till], &kept).await;
    assert!(!is_void(&till, &cursor).await, "nothing was lost");
    assert_eq!(alarms(&shop), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_that_was_itself_forgotten_is_never_begun_twice() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    let (shop, kept) = keep(shop, &mut [&mut till]).await;
    till.send(product_create(&milk, 100)).await;
    let first = end_of_feed(&till).await;
    let shop = put_back(shop, &mut [&mut till], &kept).await;
    assert!(is_void(&till, &first).await);
    let second = end_of_feed(&till).await;
    assert_eq!(second.server_epoch, 2);
    // The same copy once more: it knows nothing of its second life.
    let shop = put_back(shop, &mut [&mut till], &kept).await;
    assert_eq!(epoch(&till).await, 1);
    assert!(is_void(&till, &second).await);
    assert_eq!(epoch(&till).await, 3, "a register of the second life must see a change as well");
    assert!(is_void(&till, &first).await);
    assert_eq!((epoch(&till).await, alarms(&shop)), (3, 1));
    let absurd = Cursor { server_epoch: u32::MAX, ..end_of_feed(&till).await };
    assert!(is_void(&till, &absurd).await);
    assert_eq!(epoch(&till).await, 3, "no server ever gave that one");
}

/// Pushes one operation and says what the register has heard before; the verdict, and the life that the answer names.
async fn push_heard(till: &Register, operation: &Operation, heard: Option<Heard>) -> (Verdict, u32) {
    let request = PushRequest { heard, ..push_of(till, vec![operation.clone()]) };
    let mut answer = till.push_all(request).await;
    (answer.verdicts.remove(0).verdict, answer.server_epoch)
}

fn waits(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Retry { .. })
}

/// A register sells what the other one made, and the server has forgotten that; the operation that made it and the sale.
struct Forgotten {
    shop: Shop,
    here: Register,
    there: Register,
    made: Operation,
    sale: Operation,
    /// What the seller has heard.
    heard: Heard,
}

fn sale_of(till: &mut Register, product: &Product) -> Operation {
    let document = till.sale(&[(product, 1)]);
    till.operation(&OperationBody::SaleComplete(Box::new(document)), Mode::Fact)
}

async fn forgotten_goods() -> Forgotten {
    let shop = Shop::open();
    let (mut here, mut there) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let (shop, kept) = keep(shop, &mut [&mut here, &mut there]).await;
    let milk = product("LAIT");
    let made = there.operation(&product_create(&milk, 10), Mode::Fact);
    assert!(is_applied(&there.push(vec![made.clone()]).await[0].verdict));
    let heard = Heard { cursor: Some(end_of_feed(&here).await), acknowledged: here.seq };
    let shop = put_back(shop, &mut [&mut here, &mut there], &kept).await;
    let sale = sale_of(&mut here, &milk);
    Forgotten { shop, here, there, made, sale, heard }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_of_forgotten_goods_waits_for_the_register_that_made_them() {
    let Forgotten { shop, here, there, made, sale, heard } = forgotten_goods().await;
    let (verdict, epoch) = push_heard(&here, &sale, Some(heard.clone())).await;
    assert!(waits(&verdict), "to refuse it would be for ever: {verdict:?}");
    assert_eq!((epoch, alarms(&shop)), (2, 1), "the cursor of the push shows what became of the server");
    end_of_feed(&here).await;
    let (verdict, _) = push_heard(&here, &sale, Some(heard)).await;
    assert!(waits(&verdict), "the other register has not read the new life: {verdict:?}");

    assert!(is_applied(&push_heard(&there, &made, None).await.0), "it sends again what was forgotten");
    assert!(is_applied(&push_heard(&here, &sale, None).await.0));
    shop.server.upkeep().await.unwrap();
    let waiting: i64 = shop.place.query("SELECT count(*) FROM awaited");
    assert_eq!(waiting, 0, "nothing waits any more");
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_every_register_has_read_the_new_life_what_is_unknown_is_refused() {
    let Forgotten { shop: _shop, here, there, made: _, sale, heard } = forgotten_goods().await;
    assert!(waits(&push_heard(&here, &sale, Some(heard)).await.0));
    for till in [&here, &there] {
        assert!(waits(&push_heard(&here, &sale, None).await.0));
        end_of_feed(till).await;
    }
    let (verdict, _) = push_heard(&here, &sale, None).await;
    assert_eq!(rejection(&verdict).0, "unknown_reference", "nobody is left who could send it");
    assert_eq!(push_heard(&here, &sale, None).await.0, verdict, "and that stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_register_is_not_waited_for_and_a_lost_one_for_a_week() {
    let Forgotten { shop, mut here, there, made: _, sale, heard } = forgotten_goods().await;
    assert!(waits(&push_heard(&here, &sale, Some(heard)).await.0));
    end_of_feed(&here).await;
    let week_ms = 7 * 24 * 3_600_000;
    shop.now.fetch_add(week_ms - 1, Ordering::SeqCst);
    assert!(waits(&push_heard(&here, &sale, None).await.0), "it may come back");
    shop.now.fetch_add(1, Ordering::SeqCst);
    let (verdict, _) = push_heard(&here, &sale, None).await;
    assert_eq!(rejection(&verdict).0, "unknown_reference", "a person has to see it");

    let later = sale_of(&mut here, &product("RIZ"));
    assert!(waits(&push_heard(&here, &later, None).await.0), "each waits by its own time");
    assert!(pos_server::revoke(&shop.place.location, there.device_id, &shop.clock()).unwrap());
    let (verdict, _) = push_heard(&here, &later, None).await;
    assert_eq!(rejection(&verdict).0, "unknown_reference", "what it has will never come");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_whose_own_goods_were_forgotten_is_not_refused_before_it_has_greeted() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let cursor = Some(end_of_feed(&till).await);
    let (shop, kept) = keep(shop, &mut [&mut till]).await;
    let milk = product("LAIT");
    let made = till.operation(&product_create(&milk, 10), Mode::Fact);
    till.push(vec![made.clone()]).await;
    let heard = Heard { cursor, acknowledged: made.seq };
    let _shop = put_back(shop, &mut [&mut till], &kept).await;
    let sale = sale_of(&mut till, &milk);
    let (verdict, epoch) = push_heard(&till, &sale, Some(heard.clone())).await;
    assert!(waits(&verdict), "it was told that its product is known here: {verdict:?}");
    assert_eq!(epoch, 1, "its cursor is of before the copy: only its seqs tell");
    assert!(is_applied(&push_heard(&till, &made, Some(heard.clone())).await.0));
    assert!(is_applied(&push_heard(&till, &sale, Some(heard)).await.0));
}
