//! Who may do what: a refusal leads to somebody who may.

use anyhow::{Result, ensure};
use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::json;
use thirtyfour::Key;

/// Whether a notice stands in front of any part of the screen.
const COVERED: &str = r#"
    (() => {
        const room = document.querySelector('.room').getBoundingClientRect();
        return [...document.querySelectorAll('[data-testid="message"]')].some((message) => {
            const over = message.getBoundingClientRect();
            return room.left < over.right && over.left < room.right && room.top < over.bottom && over.top < room.bottom;
        });
    })()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_hands_over_to_somebody_who_may_and_no_notice_covers_a_field() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("who_may_not_hands_over", async |window| {
            window.hire("cashier").await?;
            window.click("nav-products").await?;
            window.click("product-row").await?;
            window.click("product-save").await?;
            window.wait_for("message-action").await?;
            window.press(&Key::Escape.value().to_string()).await?;
            window.wait_gone("product-save").await?;
            for room in ["products", "conflicts", "sync", "settings"] {
                window.click(&format!("nav-{room}")).await?;
                window.settle().await?;
                let covered = window.evaluate(COVERED).await?;
                ensure!(covered == json!(false), "on {room}, a notice stands in front of the screen");
            }
            window.click("message-action").await?;
            window.click_where("person", "[data-role=\"owner\"]").await?;
            window.wait_gone("message").await?;
            window.click("nav-products").await?;
            window.click("product-row").await?;
            window.click("product-save").await?;
            window.wait_gone("product-save").await?;
            window.wait_attribute("message", "data-tone", "ok").await
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_needs_somebody_who_may_and_stands_in_the_trail() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("another_price", async |window| {
            window.hire("cashier").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            give_price(window, "10000").await?;
            window.wait_for("approval-dialog").await?;
            window.press(&Key::Escape.value().to_string()).await?;
            window.wait_for("message-action").await?;
            window.wait_attribute("cart-total", "data-minor", &SUGAR.price.to_string()).await?;
            window.press(&Key::Escape.value().to_string()).await?;
            window.hire("owner").await?;
            give_price(window, "10000").await?;
            window.wait_attribute("cart-total", "data-minor", "10000").await?;
            window.click("nav-settings").await?;
            window.click("settings-audit").await?;
            window.wait_text("audit-row", "10").await
        })
        .await?;
    window.close().await
}

async fn give_price(window: &Window, price: &str) -> Result<()> {
    window.click("line-price").await?;
    window.wait("document.activeElement?.dataset.testid === 'price-input'").await?;
    window.press(&format!("{price}{}", Key::Enter.value())).await
}
