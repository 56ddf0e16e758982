//! The rooms behind the counter: cash, customers, people, printing, and the customer's own screen.

use anyhow::{Context, Result};
use comptoir_tests::display::Size;
use comptoir_tests::stage::{OIL, RICE, SUGAR};
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::pictures::Album;

/// Who owes the most in the demo shop's past, and for the longest time.
const DEBTOR: &str = "[data-name=\"Mamadou Saliou Bah\"]";
/// Notes and coins of the demo shop.
const NOTES: [u64; 6] = [20_000, 10_000, 5_000, 2_000, 1_000, 500];
/// What was not in the drawer.
const MISSING: u64 = 500;
const OWNER_PIN: &str = "9040";
const MANAGER_PIN: &str = "7315";

/// Pictures of all of them in the look of the album. The owner is at the till before and after.
pub(crate) async fn visit(album: &mut Album<'_>, window: &Window, screen: Size) -> Result<()> {
    cash(album, window).await?;
    customers(album, window).await?;
    settings(album, window).await?;
    labels(album, window).await?;
    people(album, window).await?;
    if screen == Size::TILL {
        // It has a size of its own, whatever the till's screen is.
        customers_screen(album, window).await?;
    }
    Ok(())
}

async fn cash(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-cash").await?;
    window.wait_for("takings").await?;
    album.keep(window, "cash").await?;
    window.click("shift-close").await?;
    window.click("count-piles").await?;
    let expected = window.attribute("close-expected", "data-minor").await?.context("an expected sum")?;
    let counted = expected.parse::<u64>()? - MISSING;
    for (note, pieces) in piles(counted) {
        window.fill(&format!("count-{note}"), &pieces.to_string()).await?;
    }
    window.wait_attribute("shift-close-confirm", "data-counted", &counted.to_string()).await?;
    album.keep(window, "cash-close").await?;
    leave(window, "shift-close-confirm").await?;
    window.click("z-1").await?;
    window.wait_for("z-report").await?;
    album.keep(window, "cash-z").await?;
    leave(window, "z-report").await
}

/// The sum in as few notes as there are: each with its pieces.
fn piles(sum: u64) -> Vec<(u64, u64)> {
    let mut rest = sum;
    let pile = |note: u64| {
        let pieces = rest / note;
        rest %= note;
        (note, pieces)
    };
    NOTES.into_iter().map(pile).filter(|(_, pieces)| *pieces > 0).collect()
}

async fn customers(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-customers").await?;
    window.click("customers-debts").await?;
    window.click_where("customer-row", DEBTOR).await?;
    window.wait_for("statement-row").await?;
    album.keep(window, "customers").await?;
    window.click("debt-pay-page").await?;
    window.wait_for("debt-confirm").await?;
    album.keep(window, "debt-payment").await?;
    leave(window, "debt-confirm").await
}

async fn settings(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-settings").await?;
    for (section, shows, picture) in [
        ("settings-people", "people-row", "people"),
        ("settings-roles", "role-matrix", "roles"),
        ("settings-audit", "audit-row", "audit"),
        ("settings-printer", "printer-state", "printers"),
        ("settings-selling", "setting-shift-required", "selling"),
    ] {
        window.click(section).await?;
        window.wait_for(shows).await?;
        album.keep(window, picture).await?;
    }
    Ok(())
}

async fn labels(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-products").await?;
    window.click("product-row").await?;
    window.click("product-labels").await?;
    window.wait_for("label-count").await?;
    album.keep(window, "labels").await?;
    leave(window, "label-count").await?;
    leave(window, "product-save").await
}

/// The locked till, a PIN half typed, and a yes that a cashier asks for.
async fn people(album: &mut Album<'_>, window: &Window) -> Result<()> {
    for (role, pin) in [("owner", OWNER_PIN), ("manager", MANAGER_PIN)] {
        let person = window.person(role).await?;
        window.call("people.set_pin", json!({ "cashier_id": person, "pin": pin })).await?;
    }
    window.click("nav-sell").await?;
    window.call("session.lock", json!({})).await?;
    window.wait_for("login-screen").await?;
    album.keep(window, "login").await?;
    let (begun, rest) = OWNER_PIN.split_at(2);
    window.click_where("login-person", "[data-role=\"owner\"]").await?;
    window.press(begun).await?;
    window.settle().await?;
    album.keep(window, "pin").await?;
    window.press(rest).await?;
    window.click("login-submit").await?;
    window.wait_for("scan-input").await?;

    window.hire("cashier").await?;
    window.scan(SUGAR.barcode).await?;
    window.wait_count("cart-line", 1).await?;
    window.click("line-price").await?;
    window.wait("document.activeElement?.dataset.testid === 'price-input'").await?;
    window.press(&format!("10000{}", Key::Enter.value())).await?;
    window.wait_for("approval-dialog").await?;
    album.keep(window, "approval").await?;
    leave(window, "approval-dialog").await?;
    leave(window, "price-input").await?;
    // That nobody said yes has been read: it would stand in front of the next picture.
    window.click_where("message", " .dismiss").await?;
    window.wait_gone("message").await?;
    window.call("cart.clear", json!({})).await?;
    window.wait_count("cart-line", 0).await?;
    for role in ["owner", "manager"] {
        step_in(window).await?;
        let person = window.person(role).await?;
        window.call("people.clear_pin", json!({ "cashier_id": person })).await?;
    }
    window.hire("owner").await
}

/// The owner is at the till, whether there is still a PIN or not.
async fn step_in(window: &Window) -> Result<()> {
    let owner = window.person("owner").await?;
    let state = window.call("app.state", json!({})).await?;
    let with_pin = state.pointer("/session/with_pin").and_then(Value::as_array);
    let asked = with_pin.context("a session says who has a PIN")?.contains(&owner);
    let pin = asked.then_some(OWNER_PIN);
    window.call("session.login", json!({ "cashier_id": owner, "pin": pin })).await.map(drop)
}

async fn customers_screen(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-settings").await?;
    window.click("settings-screen").await?;
    window.click("display-open").await?;
    window.wait_attribute("display-open", "data-opened", "true").await?;
    window.click("nav-sell").await?;
    for product in [RICE, OIL, SUGAR, OIL] {
        window.scan(product.barcode).await?;
    }
    window.wait_count("cart-line", 3).await?;
    window.to_display().await?;
    window.wait_count("display-line", 3).await?;
    album.keep(window, "customer-display").await?;
    window.to_till().await?;
    window.call("cart.clear", json!({})).await?;
    window.wait_count("cart-line", 0).await
}

/// Leaves a dialog, which is gone when what it shows is.
async fn leave(window: &Window, shows: &str) -> Result<()> {
    window.press(&Key::Escape.value().to_string()).await?;
    window.wait_gone(shows).await
}
