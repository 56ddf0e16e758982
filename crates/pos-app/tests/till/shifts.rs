//! A drawer through its day: opened, sold from, paid into and out of, counted and closed.

use pos_app::view::{DrawerReport, DrawerState};
use pos_app::{CashMove, Close, Counted, ErrorCode};
use pos_domain::shift::DenominationCount;
use pos_domain::till::CashDirection;
use pos_domain::{Money, RequestId};
use serde_json::json;

use crate::shop::{Till, minor};

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn spend(amount: i64, on: &str) -> CashMove {
    let direction = CashDirection::Out;
    CashMove { direction, amount: money(amount), expense: Some(on.to_owned()), note: None }
}

fn counted(sum: i64) -> Close {
    Close { counted: Counted::Sum(money(sum)), note: None }
}

impl Till {
    async fn open_drawer(&self, float: i64) -> DrawerState {
        self.app.open_shift(self.app.new_id(), Counted::Sum(money(float)), None).await.unwrap().value
    }

    async fn close_drawer(&self, sum: i64) -> DrawerReport {
        self.app.close_shift(self.app.new_id(), counted(sum), None).await.unwrap().value
    }

    async fn sell_one(&self, code: &str) -> i64 {
        self.scan(code, 1).await;
        minor(self.pay().await.unwrap().payable)
    }
}

#[tokio::test]
async fn a_day_adds_up_on_the_z_and_the_next_begins_behind_it() {
    let till = Till::demo().await;
    till.open_drawer(50_000).await;
    let mut sold = till.sell_one("RIZ-5KG").await;
    sold += till.sell_one("SUCRE-1KG").await;
    till.app.move_cash(till.app.new_id(), spend(7_000, "Transport"), None).await.unwrap();
    let moved = CashMove { direction: CashDirection::In, expense: None, ..spend(2_000, "") };
    let state = till.app.move_cash(till.app.new_id(), moved, None).await.unwrap().value;
    assert_eq!(minor(state.expected), 50_000 + sold - 7_000 + 2_000, "float + sales - out + in");
    let x = till.app.report_x().await.unwrap().value;
    assert_eq!((x.expected, x.number, x.counted), (state.expected, None, None), "an X closes nothing");

    let found = minor(state.expected) - 500;
    let z = till.close_drawer(found).await;
    let difference = z.counted.as_ref().unwrap().difference;
    assert_eq!((z.z_number, minor(difference)), (1, -500), "five hundred are missing");
    assert_eq!(z.totals, x.totals, "the Z is what the X was");
    assert_eq!(z.ranges.len(), 1);
    assert_eq!(z.perpetual.documents, 5, "opening, two sales, two movements");
    assert_eq!(z.number.as_deref(), Some("R1-000006"), "the Z has the next number of the register's series");
    assert!(z.text.iter().any(|line| line.contains("CLÔTURE Z 1")), "{:?}", z.text);

    till.sell_one("RIZ-5KG").await;
    let x = till.app.report_x().await.unwrap().value;
    assert_eq!(
        (x.z_number, x.ranges[0].first, x.totals.sales.count),
        (2, 7, 1),
        "the next day begins behind it"
    );
    assert_eq!(x.totals.cash.float, Money::ZERO, "the old float is not counted twice");
    let again = till.app.report_z(Some(1)).await.unwrap().value;
    assert_eq!(again.text, z.text, "a Z never changes");
    let missing = till.app.report_z(Some(2)).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::ReportNotFound);
    till.verify().await;
}

#[tokio::test]
async fn sales_know_their_shift_and_a_shop_may_refuse_to_sell_without_one() {
    let till = Till::demo().await;
    till.app.set_setting("shift_required", json!(true)).await.unwrap();
    till.scan("RIZ-5KG", 1).await;
    let refused = till.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::ShiftNotOpen);
    let lines = till.app.cart().await.unwrap().value.lines.len();
    assert_eq!(lines, 1, "the cart waits for the drawer");
    let open = till.open_drawer(0).await.open.unwrap();
    let sale = till.pay().await.unwrap();
    assert_eq!(sale.receipt.document.head.shift_id, Some(open.shift_id));
    till.close_drawer(0).await;
    till.scan("RIZ-5KG", 1).await;
    assert_eq!(till.pay().await.unwrap_err().code, ErrorCode::ShiftNotOpen, "closed is not open");
    till.verify().await;
}

#[tokio::test]
async fn one_press_opens_moves_and_closes_once_also_after_a_restart() {
    let till = Till::demo().await;
    let [open, moved, close]: [RequestId; 3] = [till.app.new_id(), till.app.new_id(), till.app.new_id()];
    for _ in 0..2 {
        till.app.open_shift(open, Counted::Sum(money(1_000)), None).await.unwrap();
        till.app.move_cash(moved, spend(400, "Repas"), None).await.unwrap();
    }
    let till = till.reopen().await;
    till.app.move_cash(moved, spend(400, "Repas"), None).await.unwrap();
    let first = till.app.close_shift(close, counted(600), None).await.unwrap().value;
    let till = till.reopen().await;
    let second = till.app.close_shift(close, counted(600), None).await.unwrap().value;
    assert_eq!((first.number, minor(first.expected)), (second.number, 600), "400 left the drawer once");
    assert_eq!(till.app.list_z(0, 10).await.unwrap().value.len(), 1);
    let nothing = till.app.close_shift(till.app.new_id(), counted(0), None).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::ShiftNothingToClose, "there is nothing to make a Z of");
    till.verify().await;
}

#[tokio::test]
async fn closing_shows_open_carts_and_loses_none() {
    let till = Till::demo().await;
    till.open_drawer(0).await;
    till.scan("RIZ-5KG", 2).await;
    assert_eq!(till.app.drawer_state().await.unwrap().value.open_carts, 1);
    let z = till.close_drawer(0).await;
    assert_eq!(z.open_carts, 1, "the cart stands on the Z");
    let cart = till.app.cart().await.unwrap().value;
    assert_eq!(cart.lines.len(), 1, "and stays on the counter");
    let twice = till.app.open_shift(till.app.new_id(), Counted::Sum(money(0)), None).await;
    assert!(twice.is_ok(), "the next day may begin");
    let error = till.app.open_shift(till.app.new_id(), Counted::Sum(money(0)), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ShiftAlreadyOpen, "once");
}

#[tokio::test]
async fn a_count_by_notes_is_summed_here_and_stands_on_the_z() {
    let till = Till::demo().await;
    let state = till.open_drawer(30_000).await;
    let notes = state.denominations.clone();
    assert_eq!(notes.first().map(|n| n.minor()), Some(20_000), "the notes of the country, the largest first");
    let piles = vec![
        DenominationCount { value: notes[0], count: 1 },
        DenominationCount { value: notes[1], count: 0 },
        DenominationCount { value: notes[2], count: 2 },
    ];
    let sum = till.app.count_cash(Counted::Piles(piles.clone()), money(30_000)).unwrap().value;
    assert_eq!((minor(sum.counted), minor(sum.difference)), (30_000, 0));
    let close = Close { counted: Counted::Piles(piles), note: Some(" caisse bonne ".to_owned()) };
    let z = till.app.close_shift(till.app.new_id(), close, None).await.unwrap().value;
    let found = z.counted.unwrap();
    assert_eq!(found.count.len(), 2, "piles of nothing are left out");
    assert_eq!(found.note.as_deref(), Some("caisse bonne"));
    till.verify().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_field() {
    let till = Till::demo().await;
    let field = |error: pos_app::AppError| error.params["field"].clone();
    let nothing = till.app.move_cash(till.app.new_id(), spend(0, "Transport"), None).await.unwrap_err();
    assert_eq!(field(nothing), json!("amount"));
    let unknown = till.app.move_cash(till.app.new_id(), spend(100, "Casino"), None).await.unwrap_err();
    assert_eq!(field(unknown), json!("expense"), "a category that the shop does not list");
    let income = CashMove { direction: CashDirection::In, ..spend(100, "Transport") };
    let income = till.app.move_cash(till.app.new_id(), income, None).await.unwrap_err();
    assert_eq!(field(income), json!("expense"), "an expense brings nothing in");
    let negative = Counted::Sum(money(-1));
    let negative = till.app.open_shift(till.app.new_id(), negative, None).await.unwrap_err();
    assert_eq!(field(negative), json!("float"));
    assert_eq!(till.app.drawer_state().await.unwrap().value.documents, 0, "nothing of it used a number");
}

#[tokio::test]
async fn a_restored_backup_gets_its_drawer_back_from_the_journal() {
    let till = Till::demo().await;
    till.open_drawer(10_000).await;
    let backup = till.app.make_backup().await.unwrap().value;
    till.sell_one("RIZ-5KG").await;
    till.app.move_cash(till.app.new_id(), spend(3_000, "Transport"), None).await.unwrap();
    let z = till.close_drawer(5_000).await;
    let causes: Vec<_> = till.app.list_backups().await.unwrap().value.items;
    assert_eq!(causes.len(), 2, "a backup was made with the Z");
    let report = till.app.restore_backup(&backup.name).await.unwrap().value;
    assert_eq!(report.unverified, [], "everything was known again");
    let back = till.app.report_z(None).await.unwrap().value;
    assert_eq!((back.number, back.text), (z.number, z.text), "the Z is back word for word");
    assert_eq!(till.app.current_shift().await.unwrap().value.open, None, "and the drawer is closed");
    till.open_drawer(5_000).await;
    let next = till.close_drawer(5_000).await;
    assert_eq!(next.z_number, 2);
    assert_eq!(next.perpetual.documents, z.perpetual.documents + 1, "all totals go on in the new life");
    till.verify().await;
}
