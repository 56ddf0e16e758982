//! A shortage, found when the network is back, and decided by a person.

use anyhow::{Context, Result, ensure};
use pos_testkit::register::Register;
use serde_json::Value;
use thirtyfour::Key;
use tokio::task::block_in_place;

use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_unit_sold_twice_is_a_conflict_that_the_window_resolves() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    leave_one(&other)?;
    let window = stage.open().await?;
    window
        .journey("the_last_unit_sold_twice", async |window| {
            sell_the_last_twice(window, &mut stage, &other).await?;
            window.wait_for("message").await?;
            window.click("nav-conflicts").await?;
            window.wait_count("conflict-row", 1).await?;
            window.click("conflict-row").await?;
            window.click("conflict-choice").await?;
            window.click("conflict-apply").await?;
            window.wait_gone("conflict-choice").await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == 0, "both sales stand and the stock is not below nothing");
    other.tell(&["sync"])?;
    let status = other.tell(&["status"])?;
    ensure!(status["conflicts_open"] == 0, "the decision reaches the other register: {status}");
    Ok(())
}

/// What was missing is paid back at the window while it is alone, and at the other register: the money left two drawers.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_two_registers_paid_back_is_decided_in_the_window_and_taken_back_there() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    leave_one(&other)?;
    let window = stage.open().await?;
    window
        .journey("refunded_twice", async |window| {
            sell_the_last_twice(window, &mut stage, &other).await?;
            window.click("nav-conflicts").await?;
            window.wait_count("conflict-row", 1).await?;
            block_in_place(|| stage.cable.pull())?;
            window.click_where("conflict-choice", "[data-choice=\"refund\"]").await?;
            window.click("conflict-apply").await?;
            window.wait_gone("conflict-choice").await?;
            other.tell(&["sync"])?;
            let listed = other.tell(&["conflicts"])?;
            let id = listed[0]["id"].as_str().context("the shortage")?.to_owned();
            other.tell(&["conflict", "resolve", &id, "--choice", "refund"])?;
            other.tell(&["sync"])?;
            block_in_place(|| stage.cable.plug())?;
            // The newest stands first; the one that was decided stays as long as somebody looks at it.
            window.wait_count("conflict-row", 2).await?;
            window.click("conflict-row").await?;
            window.wait_attribute("conflict-kind", "data-kind", "refund_beyond_bounds").await?;
            window.wait_text("refund-lines", SUGAR.code).await?;
            window.click_where("conflict-choice", "[data-choice=\"cashier_owes\"]").await?;
            window.click("conflict-apply").await?;
            window.wait_gone("conflict-choice").await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await?;
            window.click("conflict-reopen").await?;
            window.wait_for("conflict-choice").await?;
            window.click_where("conflict-choice", "[data-choice=\"take_goods\"]").await?;
            window.click("conflict-apply").await?;
            window.wait_gone("conflict-choice").await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    other.tell(&["sync"])?;
    let status = other.tell(&["status"])?;
    ensure!(status["conflicts_open"] == 0, "the decision reaches the other register: {status}");
    let conflicts = other.tell(&["conflicts", "--all"])?;
    let refund = conflicts.as_array().into_iter().flatten().find(|c| c["kind"] == "refund_beyond_bounds");
    let refund = refund.with_context(|| format!("the shell tells of it: {conflicts}"))?;
    ensure!(refund["refund"]["lines"][0]["code"] == SUGAR.code, "with both sides: {refund}");
    Ok(())
}

/// Sells all but one piece, so that one is left for two registers.
fn leave_one(register: &Register) -> Result<()> {
    let rest = SUGAR.stock - 1;
    let cash = format!("cash:{}", SUGAR.price * rest);
    let sold = register.tell(&["sell", "--line", &format!("{}x{rest}", SUGAR.code), "--tender", &cash])?;
    sold.get("number").map(drop).with_context(|| format!("sold: {sold}"))
}

/// The window sells the last piece while it is cut off, the other register sells it online, and the network comes back.
async fn sell_the_last_twice(window: &Window, stage: &mut Stage, other: &Register) -> Result<()> {
    block_in_place(|| stage.cable.pull())?;
    window.scan(SUGAR.barcode).await?;
    window.wait_count("cart-line", 1).await?;
    window.press(&Key::F9.value().to_string()).await?;
    window.wait_for("receipt-number").await?;
    window.wait_attribute("sync-indicator", "data-state", "offline").await?;
    let sold = other.tell(&["sell", "--line", SUGAR.code, "--tender", &format!("cash:{}", SUGAR.price)])?;
    let applied = sold.get("sync").and_then(Value::as_str) == Some("applied");
    ensure!(applied, "online, the other register sells the last unit: {sold}");
    block_in_place(|| stage.cable.plug())?;
    window.wait_attribute("sync-indicator", "data-state", "attention").await
}
