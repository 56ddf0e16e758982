//! The feed, pages of a first sync, and what a register learns of its own operations.

use std::collections::HashMap;

use pos_domain::body::EntityKind;
use pos_protocol::{ApiError, Cursor, FeedRow, MAX_PAGE_ROWS, Mode, ProblemCode, PullRequest, SyncApi};
use uuid::Uuid;

use crate::harness::*;

type State = HashMap<(String, Uuid), FeedRow>;

/// What a register holds after it wrote these rows: a row only over one with a lower seq.
fn write(state: &mut State, rows: impl IntoIterator<Item = FeedRow>) {
    for row in rows {
        let slot = state.entry((row.entity.clone(), row.id)).or_insert_with(|| row.clone());
        if row.seq > slot.seq {
            *slot = row;
        }
    }
}

async fn follow(register: &Register, state: &mut State, mut cursor: Cursor, limit: u32) -> Cursor {
    loop {
        let page = register.pull(cursor.clone(), limit).await;
        assert!(page.rows.len() <= usize::try_from(limit).unwrap(), "pages are bounded");
        assert!(page.rows.is_sorted_by_key(|row| row.seq), "in ascending order");
        assert!(page.rows.iter().all(|row| row.seq > cursor.seq && row.seq <= page.next.seq));
        write(state, page.rows);
        cursor = page.next;
        if !page.has_more {
            return cursor;
        }
    }
}

fn living(state: &State) -> Vec<(&(String, Uuid), u64, Option<&str>)> {
    let mut rows: Vec<_> = state
        .iter()
        .filter(|(_, row)| !row.deleted)
        .map(|(key, row)| (key, row.rev, row.data.as_ref().map(|data| data.get())))
        .collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_snapshot_and_the_feed_from_its_mark_give_the_state_of_the_whole_feed() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let products: Vec<_> = (0..7).map(|n| product(&format!("P{n}"))).collect();
    for row in &products {
        till.send(product_create(row, 10)).await;
    }
    let (early, mark) = shop.snapshot(&till, 2).await;
    till.tell(&till.sale(&[(&products[0], 3), (&products[1], 12)])).await;
    till.send(delete(EntityKind::Product, products[2].product_id.0, 1)).await;
    let mut staged = State::new();
    write(&mut staged, early);
    follow(&till, &mut staged, mark, 3).await;
    let mut whole = State::new();
    follow(&till, &mut whole, till.start().await, 5_000).await;
    assert_eq!(living(&staged), living(&whole));
    let (late, _) = shop.snapshot(&till, 3).await;
    let mut fresh = State::new();
    write(&mut fresh, late);
    assert_eq!(living(&fresh), living(&whole));
}

#[tokio::test]
async fn each_row_stands_once_and_at_its_last_change() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 100)).await;
    for _ in 0..20 {
        till.tell(&till.sale(&[(&milk, 1)])).await;
    }
    let mut state = State::new();
    let cursor = follow(&till, &mut state, till.start().await, 5_000).await;
    let places: i64 =
        shop.place.query("SELECT (SELECT count(*) FROM feed) + (SELECT count(*) FROM stock_level)");
    assert_eq!(places, i64::try_from(state.len()).unwrap(), "the feed is compact by construction");
    assert_eq!(till.pull(cursor.clone(), 10).await.rows, []);
    assert_eq!(cursor.seq, till.session.hello().await.unwrap().feed_seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_of_concurrent_writers_misses_nothing() {
    let shop = Shop::open();
    let mut office = shop.join("Bureau").await;
    let products: Vec<_> = (0..5).map(|n| product(&format!("P{n}"))).collect();
    for row in &products {
        office.send(product_create(row, 1_000)).await;
    }
    let mut sellers = Vec::new();
    for n in 0..4 {
        let mut till = shop.join(&format!("Caisse {n}")).await;
        let products = products.clone();
        sellers.push(tokio::spawn(async move {
            for round in 0..40 {
                till.tell(&till.sale(&[(&products[(n + round) % 5], 1)])).await;
            }
        }));
    }
    let mut state = State::new();
    let mut cursor = office.start().await;
    while !sellers.iter().all(tokio::task::JoinHandle::is_finished) {
        cursor = follow(&office, &mut state, cursor, 3).await;
    }
    follow(&office, &mut state, cursor, 3).await;
    for seller in sellers {
        seller.await.unwrap();
    }
    let (rows, _) = shop.snapshot(&office, 5_000).await;
    let mut truth = State::new();
    write(&mut truth, rows);
    assert_eq!(living(&state), living(&truth), "whoever sees n has seen everything below n");
    let sold: i64 = shop.place.query("SELECT CAST(5000000 - sum(on_hand_milli) AS BIGINT) FROM stock_level");
    assert_eq!(sold, 160_000);
}

#[tokio::test]
async fn a_register_learns_which_of_its_operations_a_balance_contains() {
    let shop = Shop::open();
    let (mut till, other) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let (milk, bread) = (product("LAIT"), product("PAIN"));
    till.send(product_create(&milk, 10)).await;
    till.send(product_create(&bread, 10)).await;
    let cursor = follow(&till, &mut State::new(), till.start().await, 5_000).await;
    // The reply to this sale was lost; another one follows it.
    let (lost, _) = till.ask(&till.sale(&[(&milk, 1), (&bread, 1)])).await;
    let page = till.pull(cursor.clone(), 5_000).await;
    assert_eq!(page.own.iter().map(|own| own.op_id).collect::<Vec<_>>(), [lost.op_id]);
    let feed_seq = page.own[0].feed_seq;
    assert_eq!(page.rows.len(), 2);
    assert!(page.rows.iter().all(|row| row.seq >= feed_seq), "both balances contain it");
    assert_eq!(other.pull(cursor.clone(), 5_000).await.own, [], "only its own");
    let first = till.pull(cursor, 1).await;
    assert!(first.has_more && first.own.len() == 1, "cut between two rows of one operation");
    assert!(first.rows[0].seq >= feed_seq);
    let second = till.pull(first.next, 1).await;
    assert_eq!((second.own.len(), second.rows.len()), (0, 1), "told once");
}

#[tokio::test]
async fn the_list_of_own_operations_is_bounded_like_the_rows() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1)).await;
    let cursor = follow(&till, &mut State::new(), till.start().await, 5_000).await;
    let sold = MAX_PAGE_ROWS + 10;
    let mut operations = Vec::new();
    for _ in 0..sold {
        let body = adjust(&milk, pos_domain::stock::MovementReason::Receipt, 1);
        operations.push(till.operation(&body, Mode::Fact));
    }
    for chunk in operations.chunks(2_000) {
        till.push(chunk.to_vec()).await;
    }
    let first = till.pull(cursor, 5_000).await;
    assert_eq!((first.own.len(), first.has_more), (MAX_PAGE_ROWS, true));
    assert_eq!(first.rows, [], "the balance stands behind operations that were not told yet");
    let second = till.pull(first.next, 5_000).await;
    assert_eq!((second.own.len(), second.has_more, second.rows.len()), (10, false, 1));
}

#[tokio::test]
async fn a_foreign_or_later_cursor_gets_a_new_snapshot() {
    let shop = Shop::open();
    let till = shop.join("Caisse 1").await;
    let good = till.start().await;
    let wrong = [
        Cursor { authority: next_id(), ..good.clone() },
        Cursor { server_epoch: good.server_epoch + 1, ..good.clone() },
        Cursor { schema: good.schema + 1, ..good.clone() },
        Cursor { seq: 1_000_000, ..good },
    ];
    for cursor in wrong {
        let answer = till.session.pull(PullRequest { cursor, limit: 10 }).await;
        let Err(ApiError::Refused { problem }) = answer else { panic!("{answer:?}") };
        assert_eq!(problem.code, ProblemCode::ResnapshotRequired);
    }
}

#[tokio::test]
async fn a_first_sync_shows_honest_progress_and_resumes_at_any_page() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    for n in 0..10 {
        till.send(product_create(&product(&format!("P{n}")), 1)).await;
    }
    let gone = product("PARTI");
    till.send(product_create(&gone, 1)).await;
    till.send(delete(EntityKind::Product, gone.product_id.0, 1)).await;
    let request = |after| pos_protocol::SnapshotRequest { entity: "product".to_owned(), after, limit: 4 };
    let first = till.session.snapshot(request(None)).await.unwrap();
    assert_eq!((first.rows.len(), first.total_rows), (4, 10), "tombstones are left out");
    let again = till.session.snapshot(request(None)).await.unwrap();
    assert_eq!(again, first, "a page asked twice is the same page");
    let second = till.session.snapshot(request(first.next)).await.unwrap();
    let third = till.session.snapshot(request(second.next)).await.unwrap();
    assert_eq!((third.rows.len(), third.next), (2, None));
    let unknown = pos_protocol::SnapshotRequest { entity: "recipe".to_owned(), after: None, limit: 4 };
    assert!(till.session.snapshot(unknown).await.is_err());
}

#[tokio::test]
async fn a_page_is_closed_by_bytes_as_well() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    for n in 0..90 {
        let mut big = product(&format!("P{n}"));
        big.picture = Some("x".repeat(50_000));
        till.send(product_create(&big, 0)).await;
    }
    let request = pos_protocol::SnapshotRequest { entity: "product".to_owned(), after: None, limit: 5_000 };
    let page = till.session.snapshot(request).await.unwrap();
    assert!(page.rows.len() < 90 && page.next.is_some(), "4 MiB of rows, not 4.5: {}", page.rows.len());
}
