//! A server that was put back from an older copy without a word, and has moved on since: what its registers do about it.

use pos_domain::Product;
use pos_domain::body::EntityKind;
use pos_protocol::SyncApi;
use pos_sync::{Background, CheckoutAnswer};

use crate::town::{DEADLINE, Fault, Register, Town, wait_for};

/// Whatever waits goes out, and everything is read.
async fn sync(register: &Register) {
    let sync = register.start(register.session(), Background::Off).await;
    sync.sync_now().await.expect("a round");
    sync.shut_down(DEADLINE).await;
}

async fn sell(register: &Register, product: &Product, units: i64) {
    let sync = register.start(register.session(), Background::Off).await;
    let sold = register.sell(&sync, product, units, DEADLINE).await;
    assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "{:?}", sold.answer);
    sync.shut_down(DEADLINE).await;
}

async fn refused(register: &Register, product: &Product, units: i64) {
    let sync = register.start(register.session(), Background::Off).await;
    let asked = register.sell(&sync, product, units, DEADLINE).await;
    assert!(matches!(asked.answer, CheckoutAnswer::Short { .. }), "{:?}", asked.answer);
    sync.shut_down(DEADLINE).await;
}

fn server_epoch(register: &Register) -> u32 {
    register.read(pos_store::device::get).server.expect("joined").server_epoch
}

fn shown(register: &Register, product: &Product) -> i64 {
    register.stock_of(product).shown.milli() / 1_000
}

#[tokio::test]
async fn a_sale_of_which_the_copy_holds_only_the_refused_question_is_told_again_as_a_fact() {
    let town = Town::found();
    let mut till = town.join("till").await;
    till.hire("Aissatou");
    let bread = till.create_product("BREAD", 500, 9);
    sync(&till).await;
    let api = till.faulty();
    api.road().plan(&[Fault::LostReply]);
    let asking = till.start(api, Background::Off).await;
    let sold = till.sell(&asking, &bread, 50, DEADLINE).await;
    assert!(
        matches!(sold.answer, CheckoutAnswer::Unknown(_)),
        "refused, and nobody heard: {:?}",
        sold.answer
    );
    asking.shut_down(DEADLINE).await;
    drop(asking);
    till.part();
    let (town, backup) = town.back_up();
    till.meet(&town.server).await;
    sync(&till).await;
    let stood = till.stock_of(&bread);
    assert_eq!(stood.oversold.milli(), 41_000, "it has happened, and the server knows");

    till.meet(&backup.server).await;
    sync(&till).await;
    assert_eq!(server_epoch(&till), 2, "its cursor shows what became of the server");
    assert_eq!(till.stock_of(&bread), stood, "the copy holds the seq of the sale, and not that it is a fact");
    assert_eq!(till.counts().unsynced(), 0);
}

#[tokio::test]
async fn registers_find_out_send_again_what_was_lost_and_read_everything_anew() {
    let town = Town::found();
    let (mut till, mut other, mut late) =
        (town.join("till").await, town.join("other").await, town.join("late").await);
    till.hire("Aissatou");
    let bread = till.create_product("BREAD", 500, 9);
    for register in [&till, &other, &late] {
        sync(register).await;
    }
    for register in [&mut till, &mut other, &mut late] {
        register.part();
    }
    let (town, backup) = town.back_up();
    till.meet(&town.server).await;
    other.meet(&town.server).await;
    sell(&till, &bread, 2).await;
    refused(&till, &bread, 50).await;
    let cake = other.create_product("CAKE", 700, 4);
    sell(&other, &bread, 1).await;
    sync(&other).await;
    sync(&till).await;
    assert_eq!((shown(&till, &bread), shown(&till, &cake)), (6, 4), "it has read all of that");

    for register in [&mut till, &mut other, &mut late] {
        register.meet(&backup.server).await;
    }
    // Only the one that has read nothing newer works, until the feed is longer than it ever was.
    for n in 0..10 {
        late.create_product(&format!("ROLL{n}"), 100, 1);
    }
    sync(&late).await;
    assert_eq!(server_epoch(&late), 1, "nobody has told the server");

    let running = till.start(till.session(), Background::On).await;
    wait_for(&running, "the new life is met", |_| server_epoch(&till) == 2).await;
    wait_for(&running, "all is sent and read", |s| s.pending == 0 && s.progress.is_none()).await;
    for register in [&other, &late] {
        sync(register).await;
    }
    running.sync_now().await.expect("a round");
    for register in [&till, &other, &late] {
        assert_eq!(server_epoch(register), 2, "one restore is one new life");
        assert_eq!((shown(register, &bread), shown(register, &cake)), (6, 4), "nothing is lost or doubled");
    }
    let known = till.session().hello().await.expect("it greets").watermark;
    let given = till.read(pos_store::device::get).next_seq - 1;
    assert_eq!(
        (known.seq, known.above),
        (given, vec![]),
        "no place of its life stays open, not a refused sale's"
    );
    let found =
        running.last_comparison().await.expect("read").expect("one follows each reading of everything");
    assert_eq!(found.differences, [], "there was nothing left to put right");
}

#[tokio::test]
async fn a_register_without_a_place_in_the_feed_shows_a_server_too_that_it_was_put_back_once_more() {
    let town = Town::found();
    let mut till = town.join("till").await;
    till.hire("Aissatou");
    sync(&till).await;
    till.part();
    let (town, copy) = town.back_up();
    let (copy, again) = copy.back_up();
    till.meet(&town.server).await;
    till.create_product("BREAD", 500, 9);
    sync(&till).await;

    till.meet(&copy.server).await;
    let api = till.faulty();
    *api.road().breaks_at.lock().expect("the road") = Some(EntityKind::Product);
    let reading = till.start(api, Background::Off).await;
    reading.sync_now().await.expect_err("the link breaks while everything is read anew");
    reading.shut_down(DEADLINE).await;
    drop(reading);
    assert_eq!(server_epoch(&till), 2, "it has met the life that it made the server begin");
    // Its program ends before the first page comes, and nothing tells where the feed stood.
    till.write(pos_store::first_sync::abandon);

    till.meet(&again.server).await;
    sync(&till).await;
    assert_eq!(
        server_epoch(&till),
        3,
        "whoever else refers to what was forgotten must not be refused: the server has to know"
    );
}
