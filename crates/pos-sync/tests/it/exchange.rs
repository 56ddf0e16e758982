//! A register and the real server in one process, with a road between them on which things go wrong.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pos_domain::Product;
use pos_domain::body::EntityKind;
use pos_protocol::SnapshotRequest;
use pos_store::queue::{self, OpMode, OpState};
use pos_store::{StoreError, Topic, first_sync, products};
use pos_sync::status::SyncState;
use pos_sync::{Background, CheckoutAnswer, SyncError};

use crate::town::{
    DEADLINE, Fault, Queued, Register, Restored, Town, create_of, enqueue, product, wait_for, wait_synced,
};

/// On the server and on a register that has read everything: balance and shortage of a product.
async fn truth(town: &Town, product: &Product) -> (i64, i64) {
    let witness = town.join("witness").await;
    let sync = witness.start(witness.faulty(), Background::Off).await;
    sync.sync_now().await.expect("the witness reads everything");
    let stock = witness.stock_of(product);
    assert!(stock.pending.is_zero(), "a witness moves nothing");
    (stock.server.milli() / 1_000, stock.oversold.milli() / 1_000)
}

fn state_of(register: &Register, op_id: pos_domain::OpId) -> OpState {
    register.read(move |conn| queue::find(conn, op_id)).expect("queued").state
}

/// A town with one register that has a product on the server.
async fn town_with(stock: i64) -> (Town, Register, Product) {
    let town = Town::found();
    let register = town.join("till").await;
    register.hire("Aissatou");
    let bread = register.create_product("BREAD", 500, stock);
    let sync = register.start(register.faulty(), Background::Off).await;
    let report = sync.sync_now().await.expect("a first round");
    assert_eq!(report.pushed, 2, "cashier and product are on the server");
    (town, register, bread)
}

#[tokio::test]
async fn a_sale_that_the_server_admits_is_final_with_its_stock_and_its_link_follows() {
    let (town, till, bread) = town_with(5).await;
    let sync = till.start(till.faulty(), Background::On).await;
    wait_synced(&sync).await;
    let sold = till.sell(&sync, &bread, 2, DEADLINE).await;
    assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "{:?}", sold.answer);
    assert_eq!(state_of(&till, sold.op_id), OpState::Acknowledged);
    let shown = till.stock_of(&bread);
    assert_eq!(
        (shown.server.milli(), shown.pending.milli()),
        (3_000, 0),
        "the answer brought the new balance"
    );
    let device = || till.read(pos_store::device::get);
    wait_for(&sync, "the server holds the receipt's evidence", |_| device().countersigned == device().head)
        .await;
    assert_eq!(truth(&town, &bread).await, (3, 0));
}

#[tokio::test]
async fn a_sale_beyond_the_stock_is_refused_with_what_is_there_and_leaves_nothing_behind() {
    let (town, till, bread) = town_with(2).await;
    let sync = till.start(till.faulty(), Background::On).await;
    let sold = till.sell(&sync, &bread, 3, DEADLINE).await;
    let CheckoutAnswer::Short { lines, .. } = &sold.answer else { panic!("{:?}", sold.answer) };
    assert_eq!(lines[0].available.milli(), 2_000, "the cashier is told what is there");
    assert_eq!(state_of(&till, sold.op_id), OpState::Rejected);
    assert_eq!(till.stock_of(&bread).shown.milli(), 2_000);
    assert_eq!(truth(&town, &bread).await, (2, 0));
}

#[tokio::test]
async fn without_a_server_a_checkout_does_not_wait_and_the_queue_drains_by_itself_when_it_returns() {
    let (town, till, bread) = town_with(5).await;
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::On).await;
    wait_synced(&sync).await;
    road.set_down(true);
    let first = till.sell(&sync, &bread, 1, DEADLINE).await;
    assert_eq!(first.answer, CheckoutAnswer::Offline, "a refused connection is certain");
    let pushes = road.pushes();
    let second = till.sell(&sync, &bread, 1, DEADLINE).await;
    assert_eq!(second.answer, CheckoutAnswer::Offline);
    assert_eq!(road.pushes(), pushes, "the second customer's sale is not even tried");
    let status =
        wait_for(&sync, "offline is shown", |s| s.state == SyncState::Offline && s.pending == 2).await;
    assert_eq!(status.last_error.as_deref(), Some("sync.unreachable"));
    road.set_down(false);
    wait_synced(&sync).await;
    assert_eq!(truth(&town, &bread).await, (3, 0));
    assert!(sync.is_in_reach(), "the next checkout asks the server again");
}

/// Sells one of five with a fault on the road, lets the background finish, and looks at the truth.
async fn one_sale_with(faults: &[Fault], deadline: Duration) -> (CheckoutAnswer, (i64, i64)) {
    let (town, till, bread) = town_with(5).await;
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::On).await;
    wait_synced(&sync).await;
    road.plan(faults);
    let sold = till.sell(&sync, &bread, 1, deadline).await;
    wait_synced(&sync).await;
    sync.sync_now().await.expect("a round");
    assert_eq!(state_of(&till, sold.op_id), OpState::Acknowledged, "{:?}", sold.answer);
    let shown = till.stock_of(&bread);
    assert_eq!((shown.server.milli(), shown.pending.milli()), (4_000, 0), "shown once, not twice");
    let countersigned = |_: &_| till.read(pos_store::device::get).countersigned.number == 1;
    wait_for(&sync, "the one receipt is countersigned", countersigned).await;
    (sold.answer, truth(&town, &bread).await)
}

#[tokio::test]
async fn a_lost_reply_is_one_sale() {
    let (answer, truth) = one_sale_with(&[Fault::LostReply], DEADLINE).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown(_)), "no answer is never a refusal: {answer:?}");
    assert_eq!(truth, (4, 0), "incident 1: the retry made a second order");
}

#[tokio::test]
async fn a_lost_request_is_one_sale() {
    assert_eq!(one_sale_with(&[Fault::LostRequest], DEADLINE).await.1, (4, 0));
}

#[tokio::test]
async fn a_doubled_request_is_one_sale_and_the_right_verdict() {
    let (answer, truth) = one_sale_with(&[Fault::Doubled], DEADLINE).await;
    assert!(matches!(answer, CheckoutAnswer::Applied(_)), "the stored verdict is answered again: {answer:?}");
    assert_eq!(truth, (4, 0));
}

#[tokio::test]
async fn requests_in_the_wrong_order_are_one_sale() {
    let (answer, truth) = one_sale_with(&[Fault::Overtaken], DEADLINE).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown(_)), "{answer:?}");
    assert_eq!(truth, (4, 0), "the fact overtook the question; the question came to nothing");
}

#[tokio::test]
async fn a_portal_is_no_verdict_and_one_sale() {
    let (answer, truth) = one_sale_with(&[Fault::Portal], DEADLINE).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown(_)), "{answer:?}");
    assert_eq!(truth, (4, 0));
}

#[tokio::test]
async fn a_busy_server_is_no_refusal_and_one_sale() {
    let (answer, truth) = one_sale_with(&[Fault::Busy, Fault::Busy], DEADLINE).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown(_)), "{answer:?}");
    assert_eq!(truth, (4, 0));
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_deadline_once_and_is_one_sale() {
    let (answer, truth) = one_sale_with(&[Fault::Hangs], Duration::from_millis(100)).await;
    assert!(matches!(answer, CheckoutAnswer::Unknown(_)), "{answer:?}");
    assert_eq!(truth, (4, 0));
}

#[tokio::test]
async fn a_crash_between_the_servers_commit_and_the_acknowledgement_loses_and_doubles_nothing() {
    let (town, till, bread) = town_with(5).await;
    let mut till = till;
    for round in 0..5 {
        let api = till.faulty();
        let road = api.road();
        road.plan(&[Fault::Hangs]);
        let document = till.document(&bread, 1);
        let (op_id, _) = till.confirm(&document, OpMode::Fact, &[]);
        till.finalise(document.head.sale_id, op_id, None);
        let sync = till.start(api, Background::On).await;
        road.wait_for_push(1).await;
        assert_eq!(state_of(&till, op_id), OpState::InFlight, "round {round}");
        till = till.crash(sync).await;
        assert_eq!(state_of(&till, op_id), OpState::Pending, "the claim of a dead program is void");
    }
    // The answer to the next push is lost too, after the server has committed.
    let api = till.faulty();
    api.road().plan(&[Fault::LostReply]);
    let sync = till.start(api, Background::On).await;
    wait_synced(&sync).await;
    sync.sync_now().await.expect("a round");
    assert_eq!(till.counts().unsynced(), 0);
    assert_eq!(till.stock_of(&bread).shown.milli(), 0);
    assert_eq!(truth(&town, &bread).await, (0, 0), "five sales, each once");
}

#[tokio::test]
async fn a_poisonous_operation_is_dead_with_its_field_and_the_others_go_on() {
    let (town, till, bread) = town_with(5).await;
    let mut broken = product("BROKEN", 100);
    broken.name = String::new();
    let poison = create_of(&broken, 1);
    let (poison_id, sound) = (poison.op_id, create_of(&product("SOUND", 100), 1));
    let sound_id = sound.op_id;
    let dependant = Queued { depends_on: vec![poison_id], ..create_of(&product("WAITS", 100), 1) };
    let dependant_id = dependant.op_id;
    till.write(move |tx| [poison, dependant, sound].iter().try_for_each(|queued| enqueue(tx, queued)));
    let api = till.faulty();
    let sync = till.start(api, Background::On).await;
    let sold = till.sell(&sync, &bread, 1, DEADLINE).await;
    assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "the counter notices nothing");
    let status = wait_for(&sync, "all that can leave has left", |s| s.dead == 1 && s.pending == 0).await;
    assert_eq!(status.state, SyncState::Attention, "a person must look");
    let dead = till.read(move |conn| queue::find(conn, poison_id)).expect("queued");
    let (_, code, params) = dead.fault.expect("a reason");
    assert_eq!((code.as_str(), params["field"].as_str()), ("invalid.empty", Some("fields.name")));
    assert_eq!(
        state_of(&till, sound_id),
        OpState::Acknowledged,
        "incident 5: one bad invoice blocked all others"
    );
    assert_eq!(state_of(&till, dependant_id), OpState::Parked, "what depends on it waits and says so");
    assert_eq!(truth(&town, &bread).await, (4, 0));
}

#[tokio::test]
async fn a_push_that_failed_is_no_success() {
    let (_town, till, bread) = town_with(5).await;
    let last_success = || till.read(|conn| Ok(pos_store::exchange::get(conn)?.last_push_ok_ms));
    let before = last_success();
    let api = till.faulty();
    api.road().plan(&[Fault::LostRequest]);
    let sync = till.start(api, Background::Off).await;
    till.confirm(&till.document(&bread, 1), OpMode::Fact, &[]);
    sync.sync_now().await.expect_err("the push does not arrive");
    assert_eq!(last_success(), before, "whoever looks must see since when nothing got through");
}

#[tokio::test]
async fn what_the_server_refuses_is_dead_and_its_neighbours_are_applied() {
    let (town, till, bread) = town_with(5).await;
    let stranger = product("STRANGER", 100);
    let document = till.document(&stranger, 1);
    let (refused, _) = till.confirm(&document, OpMode::Fact, &[]);
    let sync = till.start(till.faulty(), Background::Off).await;
    let document = till.document(&bread, 1);
    let (sound, _) = till.confirm(&document, OpMode::Fact, &[]);
    let report = sync.sync_now().await.expect("a round");
    assert_eq!((report.pushed, report.refused), (1, 1), "{report:?}");
    assert_eq!(state_of(&till, refused), OpState::Dead);
    assert_eq!(state_of(&till, sound), OpState::Acknowledged);
    assert_eq!(truth(&town, &bread).await, (4, 0));
}

#[tokio::test]
async fn a_backlog_drains_in_order_of_dependence_over_many_pushes() {
    let town = Town::found();
    let till = town.join("till").await;
    let count = 450;
    let shelf: Vec<_> = (0..count).map(|n| product(&format!("P{n}"), 100)).collect();
    let rows = shelf.clone();
    till.write(move |tx| {
        for row in &rows {
            let create = create_of(row, 1);
            products::put(tx, row)?;
            enqueue(tx, &create)?;
        }
        Ok(())
    });
    let api = till.faulty();
    let road = api.road();
    road.plan(&[Fault::LostReply, Fault::Busy, Fault::LostRequest]);
    let sync = till.start(api, Background::On).await;
    wait_synced(&sync).await;
    assert_eq!(till.counts().unsynced(), 0);
    assert_eq!(truth(&town, &shelf[count - 1]).await, (1, 0));
    let runs = till.read(|conn| pos_store::exchange::list_runs(conn, None, 1_000));
    let pushed: u32 = runs.iter().map(|(_, run)| run.pushed).sum();
    assert_eq!(pushed, u32::try_from(count).unwrap(), "each operation is counted as pushed exactly once");
    assert!(runs.iter().any(|(_, run)| run.duplicates > 0), "the lost reply shows as an idempotency hit");
}

#[tokio::test]
async fn a_first_sync_goes_on_where_it_broke_off_and_reads_nothing_twice() {
    let town = Town::found();
    let till = town.join("till").await;
    let shelf: Vec<_> = (0..60).map(|n| product(&format!("P{n}"), 100)).collect();
    let rows = shelf.clone();
    till.write(move |tx| rows.iter().try_for_each(|row| enqueue(tx, &create_of(row, 1))));
    let sync = till.start(till.faulty(), Background::Off).await;
    sync.sync_now().await.expect("the shelf is on the server");

    let second = town.join("second").await;
    let api = second.faulty();
    let road = api.road();
    *road.breaks_at.lock().unwrap() = Some(EntityKind::Product);
    let sync = second.start(api, Background::Off).await;
    assert!(matches!(sync.sync_now().await, Err(SyncError::Api(_))), "the link broke");
    let checkpoint = second.read(first_sync::find).expect("it can go on");
    let complete: Vec<_> =
        checkpoint.checkpoints.iter().filter(|c| c.complete).map(|c| c.entity.clone()).collect();
    assert!(complete.contains(&"setting".to_owned()), "what was read is kept: {complete:?}");
    let second = second.crash(sync).await;
    let api = second.faulty();
    let road = api.road();
    let sync = second.start(api, Background::Off).await;
    sync.sync_now().await.expect("it goes on");
    let read_again = road.pages.lock().unwrap().iter().any(|page| page.entity == "setting");
    assert!(!read_again, "a complete kind is not asked for again");
    assert_eq!(second.read(products::count), 60);
    assert!(second.read(first_sync::find).is_none(), "it is over");
}

#[tokio::test]
async fn what_changes_during_a_first_sync_comes_from_the_feed_and_nothing_has_to_be_put_right() {
    let town = Town::found();
    let till = town.join("till").await;
    till.create_product("EARLY", 100, 1);
    let selling = till.start(till.faulty(), Background::Off).await;
    selling.sync_now().await.expect("the shelf is on the server");

    let second = town.join("second").await;
    let api = second.faulty();
    let road = api.road();
    *road.breaks_at.lock().unwrap() = Some(EntityKind::Cashier);
    let reading = second.start(api, Background::Off).await;
    let is_complete = |kind: &str| {
        let running = second.read(first_sync::find).expect("it can go on");
        running.checkpoints.iter().any(|c| c.entity == kind && c.complete)
    };
    // Balances are read beside the catalogue, whose break ends them too; each round brings them further.
    for round in 0.. {
        assert!(matches!(reading.sync_now().await, Err(SyncError::Api(_))), "the link broke");
        assert!(is_complete("product") && !is_complete("cashier"));
        if is_complete("stock") {
            break;
        }
        assert!(round < 20, "the balances come although people do not");
    }

    let late = till.create_product("LATE", 200, 3);
    selling.sync_now().await.expect("the other register goes on");
    *road.breaks_at.lock().unwrap() = None;
    reading.sync_now().await.expect("it goes on where it was");
    assert_eq!(second.read(products::count), 2, "no page had the later product, so the feed must bring it");
    assert_eq!(second.stock_of(&late).shown.milli(), 3_000, "and its balance");
    let found = reading.compare_now().await.expect("an answer").expect("both sides can be compared");
    assert_eq!(found.differences, [], "nothing was missed that a comparison would have to put right");
}

/// A town whose server has a shelf of so many products.
async fn town_with_shelf(products: u32) -> Town {
    let town = Town::found();
    let till = town.join("till").await;
    let shelf: Vec<_> = (0..products).map(|n| product(&format!("P{n}"), 100)).collect();
    till.write(move |tx| shelf.iter().try_for_each(|row| enqueue(tx, &create_of(row, 1))));
    let sync = till.start(till.faulty(), Background::Off).await;
    sync.sync_now().await.expect("the shelf is on the server");
    town
}

#[tokio::test]
async fn joining_reads_everything_once_although_background_and_round_both_find_it_wanted() {
    let town = town_with_shelf(40).await;
    let second = town.join("second").await;
    let api = second.faulty();
    let road = api.road();
    let sync = second.start(api, Background::On).await;
    let (one, two) = tokio::join!(sync.sync_now(), sync.sync_now());
    one.expect("a round");
    two.expect("a round at the same time");
    wait_synced(&sync).await;
    assert_eq!(second.read(products::count), 40);
    // Counting asks for one row.
    let shelves = |page: &&SnapshotRequest| page.entity == "product" && page.limit > 1;
    let read = road.pages.lock().unwrap().iter().filter(shelves).count();
    assert_eq!(read, 1, "who waited for the other does not read it again");
}

#[tokio::test]
async fn a_page_is_one_job_until_there_is_something_to_sell_and_many_afterwards() {
    let town = town_with_shelf(400).await;
    let second = town.join("second").await;
    let sync = second.start(second.faulty(), Background::Off).await;
    let mut changes = sync.subscribe();
    let mut jobs = move || {
        let changed = std::iter::from_fn(|| changes.try_recv().ok());
        changed.filter(|it| it.topics.contains(&Topic::Products) || it.topics.contains(&Topic::Stock)).count()
    };
    sync.sync_now().await.expect("a first sync");
    assert_eq!(jobs(), 2, "products and balances: nobody can be kept waiting");
    second.write(|tx| tx.execute("DELETE FROM sync_cursor", []).map(drop).map_err(StoreError::from));
    sync.sync_now().await.expect("everything is read again");
    assert_eq!(second.read(products::count), 400);
    // Both are read at once and share the growing size of a piece, so either may come whole at the end.
    assert!(jobs() > 2, "whoever sells meanwhile waits for one piece, not for a page");
}

#[tokio::test]
async fn a_round_carries_changes_from_one_register_to_the_other() {
    let (town, till, bread) = town_with(5).await;
    let other = town.join("other").await;
    let there = other.start(other.faulty(), Background::Off).await;
    there.sync_now().await.expect("a first sync");
    assert_eq!(other.stock_of(&bread).shown.milli(), 5_000);
    let here = till.start(till.faulty(), Background::Off).await;
    till.sell(&here, &bread, 2, DEADLINE).await;
    let report = there.sync_now().await.expect("a round");
    assert!(report.pulled > 0, "{report:?}");
    assert_eq!(other.stock_of(&bread).shown.milli(), 3_000);
    assert_eq!(
        there.sync_now().await.expect("a round"),
        pos_sync::RoundReport::default(),
        "nothing is left to do"
    );
}

#[tokio::test]
async fn the_same_barcode_made_on_two_registers_becomes_one_product_on_both() {
    let town = Town::found();
    let (one, two) = (town.join("one").await, town.join("two").await);
    let first = one.create_product("SOAP", 300, 4);
    let second = two.create_product("SOAP", 300, 3);
    let sync = one.start(one.faulty(), Background::Off).await;
    sync.sync_now().await.expect("a round");
    let sync = two.start(two.faulty(), Background::Off).await;
    sync.sync_now().await.expect("a round");
    let resolved =
        two.read(move |conn| pos_store::mappings::resolve(conn, EntityKind::Product, second.product_id.0));
    assert_eq!(resolved, first.product_id.0, "the mapping is written with the acknowledgement");
    assert_eq!(two.read(products::count), 1);
    assert_eq!(two.stock_of(&first).shown.milli(), 7_000, "the opening stock went to the one product");
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_sends_nothing() {
    let (town, till, bread) = town_with(5).await;
    let other = town.join("other").await;
    let there = other.start(other.faulty(), Background::Off).await;
    there.sync_now().await.expect("a first sync");
    other.sell(&there, &bread, 1, DEADLINE).await;
    let mut broken = product("BROKEN", 100);
    broken.name = String::new();
    let poison = create_of(&broken, 1);
    let poison_id = poison.op_id;
    till.write(move |tx| enqueue(tx, &poison));
    till.create_product("NEW", 100, 1);
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::Off).await;
    let run = sync.dry_run().await.expect("read");
    assert_eq!(run.push.iter().map(|kind| kind.operations).sum::<u64>(), 2);
    assert_eq!(
        run.invalid.iter().map(|i| (i.op_id, i.field.as_str())).collect::<Vec<_>>(),
        [(poison_id, "fields.name")]
    );
    assert_eq!(run.pull, Some(1), "the balance that the other register moved");
    assert_eq!(road.pushes(), 0);
    assert_eq!(till.counts().pending, 2, "nothing was claimed");
    road.set_down(true);
    assert_eq!(sync.dry_run().await.expect("read").pull, None, "a server that is away cannot be asked");
}

#[tokio::test]
async fn paused_means_that_nothing_leaves_also_after_a_restart() {
    let (_town, till, bread) = town_with(5).await;
    let sync = till.start(till.faulty(), Background::On).await;
    wait_synced(&sync).await;
    sync.pause().await.expect("paused");
    sync.shut_down(DEADLINE).await;
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::On).await;
    let sold = till.sell(&sync, &bread, 1, DEADLINE).await;
    assert_eq!(sold.answer, CheckoutAnswer::Offline);
    assert!(matches!(sync.sync_now().await, Err(SyncError::Paused)));
    assert_eq!((road.pushes(), road.hellos.load(Ordering::SeqCst)), (0, 0));
    sync.resume().await.expect("resumed");
    wait_synced(&sync).await;
}

#[tokio::test]
async fn a_dead_operation_is_tried_again_when_a_person_says_so() {
    let town = Town::found();
    let till = town.join("till").await;
    let mut broken = product("BROKEN", 100);
    broken.name = String::new();
    let create = create_of(&broken, 1);
    let create_id = create.op_id;
    till.write(move |tx| enqueue(tx, &create));
    let sync = till.start(till.faulty(), Background::Off).await;
    sync.sync_now().await.expect("a round");
    assert_eq!(till.counts().dead, 1);
    assert_eq!(sync.retry(create_id).await.expect("revived"), 1);
    assert_eq!(till.counts().pending, 1);
    sync.sync_now().await.expect("a round");
    assert_eq!(till.counts().dead, 1, "its fault is still there, and so is its reason");
}

#[tokio::test]
async fn a_program_that_starts_offline_knows_it_and_a_shell_finds_the_server_again() {
    let (_town, till, bread) = town_with(5).await;
    let api = till.faulty();
    api.road().set_down(true);
    let sync = till.start(api, Background::Off).await;
    assert_eq!(till.sell(&sync, &bread, 1, DEADLINE).await.answer, CheckoutAnswer::Offline);
    let till = till.crash(sync).await;
    let api = till.faulty();
    let road = api.road();
    let sync = till.start(api, Background::Off).await;
    assert!(!sync.is_in_reach(), "it was offline");
    let sold = till.sell(&sync, &bread, 1, DEADLINE).await;
    assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "a probe finds the server: {:?}", sold.answer);
    assert_eq!(road.hellos.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_end_of_the_program_sends_what_waits() {
    let (town, till, bread) = town_with(5).await;
    let sync = till.start(till.faulty(), Background::On).await;
    wait_synced(&sync).await;
    let document = till.document(&bread, 1);
    let (op_id, _) = till.confirm(&document, OpMode::Fact, &[]);
    till.finalise(document.head.sale_id, op_id, None);
    sync.shut_down(DEADLINE).await;
    assert_eq!(state_of(&till, op_id), OpState::Acknowledged, "nobody told the engine, it looked");
    assert_eq!(truth(&town, &bread).await, (4, 0));
}

#[tokio::test]
async fn a_server_restored_from_a_backup_gets_what_it_lost_and_the_register_reads_everything_anew() {
    let (town, mut till, bread) = town_with(9).await;
    till.part();
    let (town, backup) = town.back_up();
    till.meet(&town.server).await;
    let sync = till.start(till.session(), Background::On).await;
    let before = till.sell(&sync, &bread, 2, DEADLINE).await;
    let cake = till.create_product("CAKE", 700, 4);
    sync.wrote();
    wait_for(&sync, "the cake is on the server", |s| s.pending == 0).await;
    sync.shut_down(DEADLINE).await;
    assert_eq!(state_of(&till, before.op_id), OpState::Acknowledged);

    till.meet(&backup.server).await;
    let sync = till.start(Restored(till.session()), Background::On).await;
    let restored =
        |register: &Register| register.read(pos_store::device::get).server.expect("joined").server_epoch;
    wait_for(&sync, "the new life is met", |_| restored(&till) == 2).await;
    wait_for(&sync, "all is sent again", |s| s.pending == 0 && s.progress.is_none()).await;
    sync.sync_now().await.expect("a round");
    assert_eq!(truth(&backup, &bread).await, (7, 0), "incident 11: clients never sent again");
    assert_eq!(truth(&backup, &cake).await, (4, 0));
    assert_eq!(till.stock_of(&bread).shown.milli(), 7_000);
    let device = || till.read(pos_store::device::get);
    wait_for(&sync, "the evidence went again too", |_| device().countersigned == device().head).await;
}

#[tokio::test]
async fn another_server_under_the_same_address_gets_nothing() {
    let (_town, mut till, bread) = town_with(5).await;
    let stranger = Town::found();
    let answer = stranger.server.pair(till.pair_request(stranger.code())).await.expect("it takes anyone");
    assert_eq!(answer.series, "R1");
    till.meet(&stranger.server).await;
    let document = till.document(&bread, 1);
    till.confirm(&document, OpMode::Fact, &[]);
    let sync = till.start(till.session(), Background::Off).await;
    let refused = sync.sync_now().await.expect_err("this is not the server that was joined");
    assert_eq!(refused.code(), "alarm.other_server");
    assert_eq!(till.counts().pending, 1, "nothing left");
    assert_eq!(sync.status().await.expect("read").state, SyncState::Attention);
}
