//! A database that was put back from an older copy without a word: nobody but the cursors of registers can tell.

use pos_protocol::{ApiError, Cursor, ProblemCode, PullRequest, SyncApi};
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
