//! Phones at the counter: numbers asked for, a trade-in netted, and the life of a number looked up.

use anyhow::{Result, ensure};
use comptoir_tests::stage::Stage;
use serde_json::json;
use thirtyfour::Key;

/// A phone of the demo shop whose pieces bear an IMEI.
const PHONE: &str = "2000080000028";
/// Luhn holds for both.
const NEW: &str = "356938035643809";
const OLD: &str = "490154203237518";
/// The key that takes the exact amount in cash.
const EXACT_CASH: Key = Key::F9;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_sold_by_its_imei_against_another_that_is_taken_in() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_phone_is_sold_by_its_imei_against_another_that_is_taken_in", async |window| {
            window.scan(PHONE).await?;
            window.wait_for("serial-input").await?;
            // Put off: it is not paid without its number.
            window.click("dialog-close").await?;
            window.wait_gone("serial-input").await?;
            window.press(&EXACT_CASH.value().to_string()).await?;
            window.wait_attribute("message", "data-tone", "danger").await?;
            window.wait_attribute("serial-state", "data-missing", "1").await?;
            window.click("serial-open").await?;
            window.fill("serial-input", "356938035643808").await?;
            window.click("serial-confirm").await?;
            window
                .wait("document.querySelector('[data-testid=\"serial-input\"]').ariaInvalid === 'true'")
                .await?;
            window.fill("serial-input", NEW).await?;
            window.click("serial-confirm").await?;
            window.wait_gone("serial-input").await?;
            window.click("trade-in-open").await?;
            window.fill("trade-in-imei", "49-015420-323751-8").await?;
            window.fill("trade-in-product", "TEL-64GO").await?;
            window.click_where("trade-in-pick", "[data-code=\"TEL-64GO\"]").await?;
            window.fill("trade-in-price", "400000").await?;
            window.click("trade-in-confirm").await?;
            window.wait_count("cart-line", 2).await?;
            window.wait_attribute("cart-total", "data-minor", "1250000").await?;
            window.press(&EXACT_CASH.value().to_string()).await?;
            window.wait_text("receipt-swap", "R1-T000001").await?;
            window.wait_text("receipt-serial", NEW).await?;
            window.click("new-sale").await?;
            // What was taken in is on the shelf under its number, which rings it up.
            window.scan(OLD).await?;
            window.wait_count("cart-line", 1).await?;
            window.wait_attribute("serial-state", "data-missing", "0").await?;
            window.click("cart-clear").await?;
            window.wait_count("cart-line", 0).await?;
            window.click("nav-products").await?;
            window.click("serials-open").await?;
            window.fill("serial-search", "237518").await?;
            window.click_where("serial-row", &format!("[data-serial=\"{OLD}\"]")).await?;
            window.wait_count("serial-event", 1).await?;
            window.click("serial-note").await?;
            window.wait_count("serial-event", 2).await?;
            Ok(())
        })
        .await?;
    window.close().await?;
    let life = stage.register.tell(&["imei", OLD])?;
    ensure!(
        life.pointer("/events/0/change") == Some(&json!("traded_in")),
        "the shell tells the same life: {life}"
    );
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified.get("ok") == Some(&json!(true)), "every invariant holds afterwards: {verified}");
    Ok(())
}
