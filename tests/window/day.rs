//! A whole day at the till, told once and lived twice: by keyboard with the network cut for ten sales, and by touch.
//!
//! The day is a list of acts. What it should come to is reckoned here by hand, from the list alone; the window, the
//! receipts, the Z, the shell, `verify` and the server then have to say the same.

mod acts;
mod driver;
mod ledger;

use anyhow::{Result, ensure};
use comptoir_tests::stage::Stage;
use serde_json::json;

use crate::books;
use crate::goods::{make_phone, on_hand};
use crate::hand::{Hand, Input, pin_of, prepare};
use acts::{CREDIT_LIMIT, DAY, DEBTOR, IMEI};
use driver::Till;
use ledger::Ledger;

/// Sales before which the network is cut and mended, from one; none when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    from: u64,
    to: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_day_by_keyboard_adds_up_with_the_network_cut_for_ten_sales() -> Result<()> {
    live(Input::Keyboard, Some(Cut { from: 5, to: 15 }), "a_day_by_keyboard").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_day_by_touch_adds_up() -> Result<()> {
    live(Input::Touch, None, "a_day_by_touch").await
}

async fn live(input: Input, cut: Option<Cut>, name: &str) -> Result<()> {
    let mut stage = Stage::set().await?;
    let window = stage.open().await?;
    let mut ledger = Ledger::default();
    window
        .journey(name, async |window| {
            let settings = [
                ("shift_required", json!(true)),
                ("credit_limit", json!(CREDIT_LIMIT)),
                ("expense_categories", json!(["Transport", "Repas"])),
            ];
            window.hire("owner").await?;
            make_phone(window).await?;
            prepare(window, &settings).await?;
            let mut till = Till { hand: Hand { window, input }, stage: &mut stage, cut, ledger: &mut ledger };
            for act in DAY {
                till.play(act).await?;
            }
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    afterwards(&stage, &ledger)
}

/// Everybody says what was reckoned by hand.
fn afterwards(stage: &Stage, ledger: &Ledger) -> Result<()> {
    // A register with PINs is locked whenever a program starts on it: who works there says so.
    let pin = stage.register.file("pin", pin_of("manager")?)?;
    let who = ["--as", "Kerfalla Bah", "--pin-file", pin.as_str()];
    let totals = books::agree(stage, &who)?;
    ensure!(totals == ledger.totals(), "{totals:?} is not what the day comes to: {:?}", ledger.totals());
    let z = stage.register.tell(&["report", "z", "1"])?;
    ledger.check_z(&books::lines(&z)?)?;
    ensure!(
        z.get("expected") == Some(&json!(ledger.drawer().to_string())),
        "the shell tells the drawer: {z}"
    );
    let moved = books::drawer_on_server(stage)?;
    ensure!(moved == ledger.moved_without_sales(), "the server's drawer moved by {moved}");
    let customer = stage.register.tell(&["customer", "show", DEBTOR])?;
    ensure!(customer.get("balance") == Some(&json!("0")), "the debt is paid: {customer}");
    let owed = books::owed_on_server(stage)?;
    ensure!(owed == 0, "and the server knows it, not {owed}");
    let phone = stage.register.tell(&["imei", IMEI])?;
    ensure!(phone.get("is_here") == Some(&json!(true)), "the phone that came in is here: {phone}");
    for (code, left) in ledger.stock() {
        let found = on_hand(stage, code)?;
        ensure!(found == left, "{code}: {found} thousandths on the server, not {left}");
    }
    for (number, total) in ledger.receipts() {
        let file = stage.register.file("receipt", "")?;
        let what = ["receipt", number.as_str(), "--escpos", file.as_str()];
        stage.register.tell(&[who, what].concat())?;
        let printed = books::printed_total(&std::fs::read(&file)?)?;
        ensure!(printed == *total, "the paper of {number} says {printed}, not {total}");
    }
    Ok(())
}
