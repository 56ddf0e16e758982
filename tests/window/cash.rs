//! The drawer: opened, paid into and out of, counted and closed, with what is unfinished in sight.

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::Stage;
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::books;
use crate::goods::{BREAD, OIL, SUGAR, WATER};
use crate::hand::{Hand, Input, Room, shows};

const FLOAT: i64 = 50_000;
const PUT_IN: i64 = 5_000;
const SPENT: i64 = 8_000;
/// What is missing when the drawer is counted.
const MISSING: i64 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_drawer_adds_up_and_what_is_unfinished_at_its_closing_is_shown_and_kept() -> Result<()> {
    let mut stage = Stage::set().await?;
    let paper = stage.register.file("paper", "")?;
    let window = stage.open().await?;
    window
        .journey("a_drawer_adds_up", async |window| {
            let hand = Hand { window, input: Input::Touch };
            window.hire("owner").await?;
            let categories = json!({ "key": "expense_categories", "value": ["Transport", "Repas"] });
            window.call("setting.set", categories).await?;
            print_to(window, &paper).await?;
            window.hire("manager").await?;

            hand.go(Room::Cash).await?;
            hand.press("shift-open").await?;
            hand.count(FLOAT).await?;
            hand.submit("shift-open-confirm").await?;
            window.wait_attribute("cash-expected", "data-minor", &FLOAT.to_string()).await?;

            hand.go(Room::Sell).await?;
            window.sell(SUGAR.barcode).await?;
            hand.go(Room::Cash).await?;
            move_cash(&hand, "cash-in", PUT_IN).await?;
            spend(&hand, "Repas", SPENT).await?;
            let expected = FLOAT + SUGAR.price + PUT_IN - SPENT;
            window.wait_attribute("cash-expected", "data-minor", &expected.to_string()).await?;
            hand.press("report-x").await?;
            shows(window, "x-report", "data-expected", expected, "an X tells the drawer as it stands")
                .await?;
            hand.press("report-done").await?;

            stage.cable.pull()?;
            hand.go(Room::Sell).await?;
            window.sell(OIL.barcode).await?;
            leave_two_carts(&hand).await?;

            let expected = expected + OIL.price;
            hand.go(Room::Cash).await?;
            window.wait_attribute("cash-expected", "data-minor", &expected.to_string()).await?;
            hand.press("shift-close").await?;
            window.wait_text("close-carts", "2").await?;
            window.wait_for("close-unsynced").await?;
            hand.count(expected - MISSING).await?;
            window.wait_attribute("cash-difference", "data-minor", &(-MISSING).to_string()).await?;
            hand.submit("shift-close-confirm").await?;
            shows(window, "z-report", "data-expected", expected, "the Z says what should be there").await?;
            shows(window, "z-report", "data-difference", -MISSING, "and what is missing of it").await?;
            let z = books::page(window, "z-report").await?;
            for (what, amount) in [("Ventes (2)", SUGAR.price + OIL.price), ("Repas (1)", SPENT)] {
                ensure!(books::amount(&z, what)? == amount, "the Z names {what}: {z}");
            }
            ensure!(z.contains("Paniers en cours : 2"), "what is unfinished stands on the Z: {z}");

            hand.press("report-print").await?;
            window.wait_for("message").await?;
            hand.press("report-done").await?;
            on_paper(&hand, &paper, "Z 1").await?;

            stage.cable.plug()?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await?;
            find_two_carts(&hand).await?;
            let told = stage.register.tell(&["report", "z", "1"])?;
            ensure!(books::lines(&told)? == z, "the shell tells the same Z: {told}");
            Ok(())
        })
        .await?;
    window.close().await?;
    books::agree(&stage, &[])?;
    let drawer = books::drawer_on_server(&stage)?;
    ensure!(drawer == FLOAT + PUT_IN - SPENT, "the server knows what moved without a sale, not {drawer}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_wants_an_open_drawer_leads_there_and_the_cart_waits() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("an_open_drawer_is_wanted", async |window| {
            let hand = Hand { window, input: Input::Keyboard };
            window.hire("owner").await?;
            window.call("setting.set", json!({ "key": "shift_required", "value": true })).await?;
            hand.take(SUGAR).await?;
            hand.key(Key::F9).await?;
            window.wait_for("message-action").await?;
            window.wait_count("cart-line", 1).await?;
            hand.press("message-action").await?;
            hand.press("shift-open").await?;
            hand.count(FLOAT).await?;
            hand.submit("shift-open-confirm").await?;
            window.wait_attribute("cash-expected", "data-minor", &FLOAT.to_string()).await?;
            hand.go(Room::Sell).await?;
            window.wait_count("cart-line", 1).await?;
            hand.key(Key::F9).await?;
            window.wait_for("receipt-number").await
        })
        .await?;
    window.close().await
}

/// Cash that comes in or goes out.
pub(crate) async fn move_cash(hand: &Hand<'_>, kind: &str, amount: i64) -> Result<()> {
    hand.press("cash-move").await?;
    hand.choose(kind).await?;
    hand.enter("cash-amount", &amount.to_string()).await?;
    hand.submit("cash-confirm").await?;
    hand.window.wait_gone("cash-confirm").await
}

/// Cash that goes out for something.
pub(crate) async fn spend(hand: &Hand<'_>, category: &str, amount: i64) -> Result<()> {
    hand.press("cash-move").await?;
    hand.pick("cash-category", category).await?;
    hand.enter("cash-amount", &amount.to_string()).await?;
    hand.submit("cash-confirm").await?;
    hand.window.wait_gone("cash-confirm").await
}

/// One cart on hold, and one on the counter.
async fn leave_two_carts(hand: &Hand<'_>) -> Result<()> {
    hand.take(BREAD).await?;
    hand.press("cart-hold").await?;
    hand.window.wait_count("cart-line", 0).await?;
    hand.take(WATER).await
}

/// Both are still there.
async fn find_two_carts(hand: &Hand<'_>) -> Result<()> {
    hand.go(Room::Sell).await?;
    hand.window.wait_attribute("cart-line", "data-code", WATER.code).await?;
    hand.press("cart-clear").await?;
    hand.window.wait_count("cart-line", 0).await?;
    hand.press("cart-recall").await?;
    hand.press("held-cart").await?;
    hand.window.wait_attribute("cart-line", "data-code", BREAD.code).await
}

/// Lets the register print into a file, which holds what was printed last.
pub(crate) async fn print_to(window: &Window, file: &str) -> Result<()> {
    let state = window.call("app.state", json!({})).await?;
    let mut device = state.get("device").cloned().context("settings of the register")?;
    let fields = device.as_object_mut().context("an object")?;
    fields.insert("printer".to_owned(), json!({ "kind": "file", "path": file }));
    fields.insert("print_automatically".to_owned(), Value::Bool(false));
    window.call("device.set", json!({ "settings": device })).await.map(drop)
}

/// Waits until everything is printed, and fails unless the last paper says this.
pub(crate) async fn on_paper(hand: &Hand<'_>, file: &str, words: &str) -> Result<()> {
    hand.go(Room::Settings).await?;
    hand.press("settings-printer").await?;
    let printed = "[...document.querySelectorAll('[data-testid=\"print-job\"]')]";
    hand.window
        .wait(&format!("{printed}.length > 0 && {printed}.every((job) => job.dataset.state === 'done')"))
        .await?;
    let paper = std::fs::read(file)?;
    let paper = String::from_utf8_lossy(&paper);
    ensure!(paper.contains(words), "{words} is on paper: {paper}");
    Ok(())
}
