//! Backups: what they hold, what registers hear of them, and what becomes of a business that is put back from one.

use pos_protocol::{ApiError, Mode, ProblemCode, PullRequest, SyncApi};
use pos_server::{Records, Server, ServerError, back_up, list_backups, restore};

use crate::harness::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_register_hears_how_far_a_backup_that_was_read_back_holds_it() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    assert_eq!(till.session.hello().await.unwrap().backup_watermark, 0, "there is no backup yet");
    let made = back_up(&shop.place.location, None, &shop.clock()).unwrap();
    assert_eq!(
        till.session.hello().await.unwrap().backup_watermark,
        till.seq,
        "made beside a running server"
    );
    till.tell(&till.sale(&[(&milk, 1)])).await;
    let hello = till.session.hello().await.unwrap();
    assert_eq!((hello.backup_watermark, hello.watermark.seq), (till.seq - 1, till.seq));
    assert_eq!(list_backups(&shop.path()).unwrap(), std::slice::from_ref(&made));
    let twice = back_up(&shop.place.location, Some(&made.path), &shop.clock()).unwrap_err();
    assert!(matches!(twice, ServerError::BackupExists(_)), "no backup is written over: {twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_put_in_another_folder_is_the_business_in_another_life() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    till.tell(&till.sale(&[(&milk, 12)])).await;
    let backup = back_up(&shop.place.location, None, &shop.clock()).unwrap();
    let lost = till.sale(&[(&milk, 1)]);
    let (operation, _) = till.ask(&lost).await;
    let cursor = till.pull(till.start().await, 5_000).await.next;

    let folder = tempfile::tempdir().unwrap();
    let done = restore(folder.path(), &backup.path, &shop.clock()).unwrap();
    assert_eq!((done.server_epoch, done.set_aside, done.findings), (2, None, Vec::new()));
    let server = Server::open(folder.path(), None, shop.clock()).unwrap();
    till.session = server.authenticate(&till.token).await.expect("the token is the same one");
    assert_eq!(till.stock(&milk).await, (0, 2), "whichever database it came from");
    let answer = till.session.pull(PullRequest { cursor, limit: 10 }).await;
    let Err(ApiError::Refused { problem }) = answer else { panic!("{answer:?}") };
    assert_eq!(problem.code, ProblemCode::ResnapshotRequired);
    let hello = till.session.hello().await.unwrap();
    assert_eq!(
        (hello.server_epoch, hello.watermark.seq),
        (2, till.seq - 1),
        "so the register sends the rest"
    );
    assert!(is_applied(&till.push(vec![again(&operation, Mode::Fact)]).await.remove(0).verdict));
    assert_eq!(Records::open(folder.path()).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_sets_the_old_file_aside_refuses_what_is_not_sound_and_is_finished_by_the_next_start() {
    let shop = Shop::open();
    let till = shop.join("Caisse 1").await;
    let backup = back_up(&shop.place.location, None, &shop.clock()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    restore(folder.path(), &backup.path, &shop.clock()).unwrap();

    let running = Server::open(folder.path(), None, shop.clock()).unwrap();
    let busy = restore(folder.path(), &backup.path, &shop.clock()).unwrap_err();
    assert!(matches!(busy, ServerError::Lock(_)), "not beneath a running server: {busy:?}");
    drop(running);

    let torn = folder.path().join("torn.db");
    let mut bytes = std::fs::read(&backup.path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(7);
    std::fs::write(&torn, bytes).unwrap();
    let unsound = restore(folder.path(), &torn, &shop.clock()).unwrap_err();
    assert!(matches!(unsound, ServerError::Unsound { .. }), "{unsound:?}");
    let stands = Server::open(folder.path(), None, shop.clock()).unwrap();
    assert_eq!(stands.session(till.device_id).await.unwrap().hello().await.unwrap().server_epoch, 2);
    drop(stands);

    let done = restore(folder.path(), &backup.path, &shop.clock()).unwrap();
    assert_eq!(done.server_epoch, 3, "above the life that was in its place");
    assert!(done.set_aside.unwrap().join("server.db").exists(), "nothing is deleted");

    // The machine stopped right after the decision, or between the two renames that follow it.
    let file = folder.path().join("server.db");
    for old_file_stands in [true, false] {
        std::fs::rename(&file, folder.path().join("server.db.restoring")).unwrap();
        if old_file_stands {
            std::fs::copy(&backup.path, &file).unwrap();
        }
        let finished = Server::open(folder.path(), None, shop.clock()).unwrap();
        assert_eq!(finished.session(till.device_id).await.unwrap().hello().await.unwrap().server_epoch, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_the_clock_a_backup_is_made_once_an_hour_in_which_something_changed() {
    let shop = Shop::open();
    let made = || shop.server.back_up_when_due().unwrap().is_some();
    assert!(!made(), "nobody has sent anything");
    let mut till = shop.join("Caisse 1").await;
    assert!(made(), "the first one at once");
    till.send(product_create(&product("LAIT"), 10)).await;
    assert!(!made(), "the last one is not an hour old");
    shop.pass_ms(HOUR_MS);
    assert!(made());
    shop.pass_ms(48 * HOUR_MS);
    assert!(!made(), "nothing has changed");
    assert_eq!(list_backups(&shop.path()).unwrap().len(), 2);
    assert_eq!(till.session.hello().await.unwrap().backup_watermark, till.seq);
    for _ in 0..40 {
        till.send(product_create(&product("PAIN"), 1)).await;
        shop.pass_ms(HOUR_MS);
        assert!(made());
    }
    let kept = list_backups(&shop.path()).unwrap().len();
    assert!(kept < 40, "those of the day before yesterday are thinned out: {kept}");
}
