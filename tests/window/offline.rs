//! Selling while the server is gone.

use anyhow::{Result, ensure};
use thirtyfour::Key;

use comptoir_tests::stage::{SUGAR, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_without_the_server_stands_and_sends_itself_later() -> Result<()> {
    let mut stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_sale_without_the_server_stands_and_sends_itself_later", async |window| {
            stage.server.stop()?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&Key::F9.value().to_string()).await?;
            window.wait_for("receipt-number").await?;
            window.wait_attribute("sync-indicator", "data-state", "offline").await?;
            window.click("new-sale").await?;
            window.click("nav-sync").await?;
            window.wait_count("queue-row", 1).await?;
            stage.server.start_again()?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await?;
            window.wait_count("queue-row", 0).await
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock - 1, "the sale reached the server by itself, once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_register_shows_that_its_server_went_away_and_came_back() -> Result<()> {
    let mut stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("an_idle_register_shows_that_its_server_went_away", async |window| {
            // Nobody touches the register: no sale, no key. What is waited for here is all the time it has.
            stage.server.stop()?;
            window.wait_attribute("sync-indicator", "data-state", "offline").await?;
            stage.server.start_again()?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await
}
