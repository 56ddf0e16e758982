//! Two registers that did not know of each other: money paid back twice, and one register that was two.

use pos_app::view::{ConflictView, LifeCause};
use pos_domain::conflict::ConflictStatus;
use pos_domain::merge::Fields;
use pos_domain::{ConflictChoice, ConflictId, ConflictKind};
use tempfile::TempDir;

use crate::shop::{Business, Till, copy_folder, minor, options, total_on, write_back};

async fn all(till: &Till) -> Vec<ConflictView> {
    till.app.list_conflicts(true).await.unwrap().value
}

async fn of_kind(till: &Till, kind: ConflictKind) -> ConflictView {
    let found = all(till).await.into_iter().find(|view| view.conflict.kind == kind);
    found.unwrap()
}

async fn decide(till: &Till, id: ConflictId, choice: ConflictChoice, note: Option<&str>) {
    till.app.resolve_conflict(id, choice, Fields::new(), note.map(str::to_owned)).await.unwrap();
}

async fn second_register(business: &Business) -> Till {
    let till = Till::new().await;
    till.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    till
}

/// Everything that was sold was missing, and both registers pay it back while apart: the second refund goes beyond.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_made_on_two_registers_while_apart_is_decided_by_a_person_and_that_can_be_taken_back() {
    let mut business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = second_register(&business).await;
    let rice = first.app.find_product("RIZ-5KG".into()).await.unwrap().value;
    let there = rice.stock.unwrap().shown.milli() / 1_000;
    second.scan("RIZ-5KG", there).await;
    second.pay().await.unwrap();
    business.stop().await;
    first.scan("RIZ-5KG", 2).await;
    let sold = first.pay().await.unwrap();
    business.start();
    for till in [&first, &second] {
        till.app.sync_now().await.unwrap();
    }
    let before = total_on(&business);
    business.stop().await;
    for till in [&first, &second] {
        let short = of_kind(till, ConflictKind::Oversold).await;
        decide(till, short.conflict.conflict_id, ConflictChoice::Refund, None).await;
    }
    business.start();
    for till in [&first, &second, &first] {
        till.app.sync_now().await.unwrap();
        let status = till.app.sync_status().await.unwrap().value;
        assert_eq!((status.pending, status.dead), (0, 0), "neither refund is lost");
    }
    let paid = minor(sold.total);
    assert_eq!(total_on(&business), before - 2 * paid, "the money left two drawers");
    let view = of_kind(&first, ConflictKind::RefundBeyondBounds).await;
    let refund = view.conflict.refund.as_ref().unwrap();
    assert_eq!((minor(refund.beyond), refund.earlier.len()), (paid, 1), "all of the second one");
    let shown = async |till: &Till| {
        till.app.sync_now().await.unwrap();
        let found = till.app.find_stock("RIZ-5KG".into()).await.unwrap().value;
        found.stock.unwrap().shown.milli() / 1_000
    };
    assert_eq!((shown(&first).await, shown(&second).await), (0, 0), "nothing came in that was never there");
    let id = view.conflict.conflict_id;
    for (choice, goods) in [(ConflictChoice::TakeGoods, 2), (ConflictChoice::CashierOwes, 0)] {
        decide(&first, id, choice, None).await;
        assert_eq!((shown(&first).await, shown(&second).await), (goods, goods), "{choice:?}");
        let told = of_kind(&second, ConflictKind::RefundBeyondBounds).await;
        assert_eq!((told.conflict.resolution(), told.can_reopen), (Some(choice), true));
        second.app.reopen_conflict(id, None).await.unwrap();
        assert_eq!((shown(&second).await, shown(&first).await), (0, 0), "taken back");
    }
    assert_eq!(business.records().verify().unwrap(), []);
    for till in [first, second] {
        till.verify().await;
    }
}

/// Four are missing, three come in before the shortage is decided: only the last one is paid back.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_pays_back_only_what_is_missing_still() {
    let mut business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let rice = till.app.find_product("RIZ-5KG".into()).await.unwrap().value;
    let there = rice.stock.unwrap().shown.milli() / 1_000;
    business.stop().await;
    till.scan("RIZ-5KG", there + 4).await;
    till.pay().await.unwrap();
    business.start();
    till.app.sync_now().await.unwrap();
    // An invoice without prices is goods that came in.
    let delivery = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID
                    BL-1,RIZ-5KG,Riz,3,2026-01-05 10:00:00,0,";
    let delivery = delivery.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    till.app.replay(delivery, "bl.csv".to_owned()).await.unwrap();
    till.app.sync_now().await.unwrap();
    let short = of_kind(&till, ConflictKind::Oversold).await;
    assert_eq!(short.conflict.shortages[0].still_missing().milli(), 1_000);
    let before = total_on(&business);
    decide(&till, short.conflict.conflict_id, ConflictChoice::Refund, None).await;
    till.app.sync_now().await.unwrap();
    assert_eq!(total_on(&business), before - minor(rice.product.price), "one, not four");
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead, status.conflicts_open), (0, 0, 0));
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

async fn sell(till: &Till, pieces: i64) -> i64 {
    till.scan("RIZ-5KG", pieces).await;
    minor(till.pay().await.unwrap().total)
}

async fn close(till: Till) -> TempDir {
    let Till { folder, app } = till;
    app.close().await.unwrap();
    folder
}

async fn open(folder: TempDir) -> Till {
    let app = pos_app::App::open(options(folder.path())).await.unwrap();
    Till { folder, app }
}

/// A disk image used twice: both copies give the same places to different sales, and only the server can know. Gives the
/// register that is told so, and what was sold in all, and by the sale that is kept aside.
async fn forked(business: &mut Business) -> (Till, i64, i64) {
    let till = Till::joined(business, &business.url()).await;
    let mut sum = sell(&till, 1).await;
    till.app.sync_now().await.unwrap();
    let folder = close(till).await;
    let saved = tempfile::tempdir().unwrap();
    copy_folder(folder.path(), saved.path());
    let till = open(folder).await;
    sum += sell(&till, 2).await;
    till.app.sync_now().await.unwrap();
    let folder = close(till).await;
    write_back(saved.path(), folder.path());
    business.stop().await;
    let till = open(folder).await;
    let aside = sell(&till, 3).await;
    sum += aside;
    for _ in 0..2 {
        sum += sell(&till, 1).await;
    }
    business.start();
    for _ in 0..3 {
        till.app.sync_now().await.unwrap();
    }
    (till, sum, aside)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_was_two_is_one_again_once_a_person_lets_the_other_branch_be_recorded() {
    let mut business = Business::open();
    let (till, sum, aside) = forked(&mut business).await;
    let view = of_kind(&till, ConflictKind::Fork).await;
    let fork = view.conflict.fork.as_ref().unwrap();
    assert_eq!((fork.aside.documents, minor(fork.aside.total)), (1, aside), "both branches are in sight");
    assert_eq!(fork.standing.documents, 1);
    assert_eq!(total_on(&business), sum - aside, "kept aside, not in the books, not lost");
    let report = till.app.recovery().await.unwrap().value.report.unwrap();
    assert_eq!(
        (report.cause, report.series.as_str()),
        (LifeCause::Forked, "R1.2"),
        "no more numbers given twice"
    );
    decide(&till, view.conflict.conflict_id, ConflictChoice::RecordBranch, None).await;
    for _ in 0..3 {
        till.app.sync_now().await.unwrap();
    }
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead, status.conflicts_open), (0, 0, 0));
    assert_eq!(status.alarm, None);
    assert_eq!(total_on(&business), sum, "every sale is on the server once");
    let sum = sum + sell(&till, 1).await;
    till.app.sync_now().await.unwrap();
    assert_eq!(total_on(&business), sum, "and it sells on");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_a_person_leaves_out_stays_out_of_the_books_with_its_reason() {
    let mut business = Business::open();
    let (till, sum, aside) = forked(&mut business).await;
    let id = of_kind(&till, ConflictKind::Fork).await.conflict.conflict_id;
    let refused = till.app.resolve_conflict(id, ConflictChoice::LeaveBranch, Fields::new(), None).await;
    assert_eq!(refused.unwrap_err().params["field"], "note", "not without a reason");
    decide(&till, id, ConflictChoice::LeaveBranch, Some("essais de l'installateur")).await;
    for _ in 0..3 {
        till.app.sync_now().await.unwrap();
    }
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead, status.conflicts_open), (0, 0, 0));
    assert_eq!(total_on(&business), sum - aside);
    let told = of_kind(&till, ConflictKind::Fork).await;
    assert_eq!(told.conflict.status, ConflictStatus::Resolved);
    let on_server = business.records().stock("RIZ-5KG").unwrap().unwrap().on_hand;
    let shown = till.app.find_stock("RIZ-5KG".into()).await.unwrap().value.stock.unwrap().shown;
    assert_eq!(shown, on_server, "the goods of what was left out are back");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}
