//! Who sits at the till: PINs, a wrong one, the lock, and a yes at the register.

use anyhow::{Context, Result};
use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

const OWNER_PIN: &str = "9040";
const MANAGER_PIN: &str = "7315";

/// The id of the first person of a role.
async fn of(window: &Window, role: &str) -> Result<Value> {
    let state = window.call("app.state", json!({})).await?;
    let people = state.get("cashiers").and_then(Value::as_array).cloned().unwrap_or_default();
    let person = people.into_iter().find(|person| person.get("role") == Some(&json!(role)));
    person.and_then(|person| person.get("cashier_id").cloned()).with_context(|| format!("no {role}"))
}

/// Owner and manager get PINs, and a cashier sits down.
async fn give_pins(window: &Window) -> Result<()> {
    for (role, pin) in [("owner", OWNER_PIN), ("manager", MANAGER_PIN)] {
        let cashier_id = of(window, role).await?;
        window.call("people.set_pin", json!({ "cashier_id": cashier_id, "pin": pin })).await?;
    }
    window.hire("cashier").await
}

/// Types a PIN with a finger.
async fn touch(window: &Window, pin: &str) -> Result<()> {
    for digit in pin.chars() {
        window.click_where("pin-digit", &format!("[data-digit=\"{digit}\"]")).await?;
    }
    window.click("login-submit").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_till_keeps_its_cart_rings_up_nothing_and_opens_for_a_pin() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_locked_till", async |window| {
            give_pins(window).await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.call("session.lock", json!({})).await?;
            window.wait_for("login-screen").await?;
            window.scan(SUGAR.barcode).await?;
            window.click_where("login-person", "[data-role=\"manager\"]").await?;
            window.press("2580").await?;
            window.press(&Key::Enter.value().to_string()).await?;
            window.wait("document.querySelector('[role=\"alert\"]')?.textContent.trim().length > 0").await?;
            touch(window, MANAGER_PIN).await?;
            window.wait_for("scan-input").await?;
            window.wait_count("cart-line", 1).await?;
            window.wait_attribute("cart-total", "data-minor", &SUGAR.price.to_string()).await
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_says_yes_at_the_register_and_stands_in_the_sale() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_yes_at_the_register", async |window| {
            give_pins(window).await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.click("line-price").await?;
            window.wait("document.activeElement?.dataset.testid === 'price-input'").await?;
            window.press(&format!("10000{}", Key::Enter.value())).await?;
            window.wait_for("approval-dialog").await?;
            window.click_where("approval-person", "[data-role=\"manager\"]").await?;
            touch(window, MANAGER_PIN).await?;
            window.wait_attribute("cart-total", "data-minor", "10000").await?;
            window.press(&Key::F9.value().to_string()).await?;
            window.wait_for("receipt-number").await?;
            let trail = window.call("audit.list", json!({ "limit": 5, "kind": "approval" })).await?;
            let given = trail.pointer("/0/params/permission").context("a trace of the yes")?;
            anyhow::ensure!(given == "override_price", "{trail}");
            Ok(())
        })
        .await?;
    window.close().await
}
