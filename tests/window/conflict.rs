//! A shortage, found when the network is back, and decided by a person.

use anyhow::{Context, Result, ensure};
use pos_testkit::register::Register;
use thirtyfour::Key;
use tokio::task::block_in_place;

use comptoir_tests::stage::{SUGAR, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_unit_sold_twice_is_a_conflict_that_the_window_resolves() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    leave_one(&other)?;
    let window = stage.open().await?;
    window
        .journey("the_last_unit_sold_twice", async |window| {
            block_in_place(|| stage.cable.pull())?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&Key::F9.value().to_string()).await?;
            window.wait_for("receipt-number").await?;
            window.wait_attribute("sync-indicator", "data-state", "offline").await?;
            let sold =
                other.tell(&["sell", "--line", SUGAR.code, "--tender", &format!("cash:{}", SUGAR.price)])?;
            ensure!(sold["sync"] == "applied", "online, the other register sells the last unit: {sold}");
            block_in_place(|| stage.cable.plug())?;
            window.wait_attribute("sync-indicator", "data-state", "attention").await?;
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

/// Sells all but one piece, so that one is left for two registers.
fn leave_one(register: &Register) -> Result<()> {
    let rest = SUGAR.stock - 1;
    let cash = format!("cash:{}", SUGAR.price * rest);
    let sold = register.tell(&["sell", "--line", &format!("{}x{rest}", SUGAR.code), "--tender", &cash])?;
    sold.get("number").map(drop).with_context(|| format!("sold: {sold}"))
}
