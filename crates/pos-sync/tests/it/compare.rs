//! A register whose rows were lost, kept or changed behind its back becomes the server's equal again, and says so.

use std::sync::atomic::Ordering;

use pos_domain::body::{EntityKind, EntityUpdate};
use pos_domain::merge::Hlc;
use pos_domain::{OperationBody, Product};
use pos_protocol::SyncApi;
use pos_store::products;
use pos_store::versions::{self, KeyRange};
use pos_sync::{Background, Comparison, ComparisonOutcome, DifferenceKind, SyncHandle};

use crate::town::{Digests, Queued, Register, Town, enqueue, new_id, now_ms};

/// A register that holds a catalogue of `count` products which the server has as well.
async fn town_with(count: u32) -> (Town, Register, Vec<Product>) {
    let town = Town::found();
    let till = town.join("till").await;
    till.hire("Aissatou");
    let made = (0..count).map(|n| till.create_product(&format!("P-{n:05}"), 500, 3)).collect();
    let sync = till.start(till.faulty(), Background::Off).await;
    sync.sync_now().await.expect("everything is sent and read");
    (town, till, made)
}

async fn compare<A: SyncApi + 'static>(sync: &SyncHandle<A>) -> Comparison {
    sync.compare_now().await.expect("the server answers").expect("the comparison is finished")
}

/// Everything the register holds of the server, in order.
fn held(till: &Register) -> Vec<String> {
    till.read(|conn| {
        let mut held = Vec::new();
        for kind in EntityKind::ALL {
            versions::visit(conn, kind, KeyRange::ALL, |version| held.push(format!("{kind:?} {version:?}")))?;
        }
        Ok(held)
    })
}

#[tokio::test]
async fn two_sides_that_agree_are_compared_to_the_last_row_and_left_alone() {
    let (_town, till, _made) = town_with(40).await;
    let sync = till.start(till.faulty(), Background::Off).await;
    let before = held(&till);
    let found = compare(&sync).await;
    assert_eq!((found.outcome, &found.differences[..]), (ComparisonOutcome::Done, &[][..]));
    assert!(found.rows >= 80, "products and balances: {} rows", found.rows);
    assert_eq!(held(&till), before);
    assert_eq!(sync.last_comparison().await.expect("readable"), Some(found), "it is remembered");
}

#[tokio::test]
async fn rows_that_were_lost_changed_or_kept_behind_our_back_are_put_right_and_named() {
    let (_town, till, made) = town_with(600).await;
    let before = held(&till);
    let [changed, lost, balance] = [&made[7], &made[300], &made[599]].map(|p| p.product_id);
    let ghost = till.create_product("GHOST", 100, 0);
    till.write(move |tx| {
        tx.execute("UPDATE product SET price_minor = price_minor + 1 WHERE product_id = ?1", [changed.as_bytes()])?;
        tx.execute("DELETE FROM product_barcode WHERE product_no = (SELECT product_no FROM product WHERE product_id = ?1)", [lost.as_bytes()])?;
        tx.execute("DELETE FROM product WHERE product_id = ?1", [lost.as_bytes()])?;
        // A revision of a life of the server that it has forgotten.
        tx.execute("UPDATE stock_level SET on_hand_milli = 99000, rev = rev + 9 WHERE product_id = ?1", [balance.as_bytes()])?;
        // A row of another server, as from a copied file: nothing of it is queued.
        tx.execute("UPDATE sync_queue SET state = 'acknowledged', feed_seq = 1, finished_at_ms = 0 WHERE entity_id = ?1", [ghost.product_id.as_bytes()])?;
        tx.execute("UPDATE product SET rev = 4 WHERE product_id = ?1", [ghost.product_id.as_bytes()])?;
        Ok(())
    });
    assert_ne!(held(&till), before, "the file is damaged");
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::Off).await;
    let found = compare(&sync).await;
    let mut named: Vec<_> = found.differences.iter().map(|d| (d.entity.as_str(), d.id, d.what)).collect();
    named.sort_by_key(|(entity, id, _)| (*entity, *id));
    let mut expected = vec![
        ("product", changed.0, DifferenceKind::Unequal),
        ("product", lost.0, DifferenceKind::Missing),
        ("product", ghost.product_id.0, DifferenceKind::Surplus),
        ("stock", balance.0, DifferenceKind::Unequal),
    ];
    expected.sort_by_key(|(entity, id, _)| (*entity, *id));
    assert_eq!(named, expected, "each row is named once, with what was wrong");
    assert_eq!(held(&till), before, "and stands as the server has it");
    assert!(
        till.read(move |conn| products::find(conn, lost)).is_some(),
        "the lost product can be sold again"
    );
    let asked = road.digests.load(Ordering::SeqCst);
    assert!(asked <= 20, "a difference is found in few questions, not {asked}");
    let pages = road.pages.lock().unwrap().len();
    assert!(pages <= 8, "and little is read again: {pages} pages");
    assert_eq!(compare(&sync).await.differences, [], "nothing is left");
}

#[tokio::test]
async fn an_edit_that_the_server_does_not_have_yet_is_no_difference_and_survives_a_repair() {
    let (_town, till, made) = town_with(3).await;
    let mine = made[1].clone();
    let edited = Product { name: "Renamed here".to_owned(), ..mine.clone() };
    let sync = till.start(till.faulty(), Background::Off).await;
    let row = edited.clone();
    till.write(move |tx| {
        let rev = products::find(tx, row.product_id)?.expect("it is there").rev;
        products::put(tx, &row)?;
        enqueue(tx, &edit_of(&mine, &row, rev))
    });
    assert_eq!(compare(&sync).await.differences, [], "it is still the server's row below");
    let id = edited.product_id;
    till.write(move |tx| {
        tx.execute(
            "UPDATE product SET server_fields = json_set(server_fields, '$.price', 7) WHERE product_id = ?1",
            [id.as_bytes()],
        )?;
        Ok(())
    });
    assert_eq!(
        compare(&sync).await.differences.len(),
        1,
        "the row below is compared, not the one that is shown"
    );
    let shown = till.read(move |conn| products::find(conn, id)).expect("it is there").row;
    assert_eq!((shown.name.as_str(), shown.price), ("Renamed here", edited.price), "the edit stands on top");
}

fn edit_of(before: &Product, after: &Product, base_rev: u64) -> Queued {
    let name = |p: &Product| [("name".to_owned(), serde_json::json!(p.name))].into_iter().collect();
    let body = OperationBody::EntityUpdate(EntityUpdate {
        entity: EntityKind::Product,
        id: after.product_id.0,
        base_rev,
        base: name(before),
        changes: name(after),
        hlc: Hlc { wall_ms: now_ms(), counter: 0 },
    });
    Queued { op_id: new_id(), body, depends_on: vec![] }
}

#[tokio::test]
async fn while_the_shop_is_busy_the_comparison_is_put_off_and_the_sync_goes_on() {
    let (_town, till, made) = town_with(2).await;
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::Off).await;
    let product = made[0].product_id;
    till.write(move |tx| {
        tx.execute("UPDATE product SET price_minor = 1 WHERE product_id = ?1", [product.as_bytes()])?;
        Ok(())
    });
    *road.digests_are.lock().unwrap() = Digests::Late;
    let found = compare(&sync).await;
    assert_eq!(found.outcome, ComparisonOutcome::PutOff);
    assert!(found.differences.is_empty(), "rows that moved meanwhile are no differences");
    assert!(found.due_ms - found.at_ms <= 10 * 60_000, "it is tried again soon");
    *road.digests_are.lock().unwrap() = Digests::Unknown;
    let found = compare(&sync).await;
    assert_eq!(found.outcome, ComparisonOutcome::NotOffered, "an older server is no failure");
    sync.sync_now().await.expect("the round goes on");
    *road.digests_are.lock().unwrap() = Digests::True;
    let asked = road.digests.load(Ordering::SeqCst);
    sync.sync_now().await.expect("another round");
    assert_eq!(road.digests.load(Ordering::SeqCst), asked, "it is not due before tomorrow");
    assert_eq!(compare(&sync).await.differences.len(), 1, "unless a person asks");
}
