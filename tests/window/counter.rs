//! The cart on the counter: packs, remarks, labels of scales, notes for the rest, and a cart that changes registers.

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::{OIL, RICE, Stage};
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::{Value, json};
use thirtyfour::Key;

/// A barcode of a carton that no product of the demo shop has.
const CARTON: &str = "4006381333931";
/// What a scale prints on a bag of 1.250 kg of product 12345 whose labels begin with 21.
const BAG: &str = "2112345012506";

/// Makes a product as the products' screen does.
async fn make(window: &Window, code: &str, unit: &str, packs: Value) -> Result<()> {
    let draft = json!({
        "code": code, "barcodes": [], "name": format!("Article {code}"), "category_id": null, "unit": unit,
        "price": "500", "cost": "", "tax_rate": "0", "track_stock": true, "offline_policy": "allow",
        "favourite": false, "archived": false, "opening_stock": "100", "tracking": null, "packs": packs,
    });
    window.call("product.create", json!({ "draft": draft })).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carton_a_label_of_the_scale_and_a_remark_are_rung_up_and_printed() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_carton_a_label_of_the_scale_and_a_remark", async |window| {
            let carton = json!([{ "unit": "carton", "size": "24", "price": "10000", "barcode": CARTON }]);
            make(window, "EAU", "pcs", carton).await?;
            make(window, "12345", "kg", json!([])).await?;
            window.click("nav-settings").await?;
            window.click("settings-selling").await?;
            window.click("rule-add").await?;
            window.wait_text("rule-reading", "Article 12345").await?;
            window.fill("rule-try", CARTON).await?;
            window
                .wait(
                    "!document.querySelector('[data-testid=\"rule-reading\"]').textContent.includes('12345')",
                )
                .await?;
            window.fill("rule-try", BAG).await?;
            window.wait_text("rule-reading", "1,25").await?;
            window.click("rules-save").await?;
            window.wait("document.querySelector('[data-testid=\"rules-save\"]').disabled").await?;
            window.click("nav-sell").await?;
            window.wait_for("scan-input").await?;
            window.scan(CARTON).await?;
            window.wait_attribute("cart-total", "data-minor", "10000").await?;
            window.scan(BAG).await?;
            window.wait_attribute("cart-total", "data-minor", "10625").await?;
            window.click_where("cart-line", "[data-code=\"EAU\"]").await?;
            window.click("line-size-open").await?;
            window.click_where("line-size", "[data-unit=\"pcs\"]").await?;
            window.wait_attribute("cart-total", "data-minor", "1125").await?;
            window.click("line-size-open").await?;
            window.click_where("line-size", "[data-unit=\"carton\"]").await?;
            window.wait_attribute("cart-total", "data-minor", "10625").await?;
            window.click("line-note").await?;
            window.fill("line-note-input", "carton ouvert").await?;
            window.click("line-note-save").await?;
            window.wait_text("cart-line", "carton ouvert").await?;
            window.click("cart-undo").await?;
            window.wait("!document.body.textContent.includes('carton ouvert')").await?;
            window.click("line-note").await?;
            window.fill("line-note-input", "carton ouvert").await?;
            window.click("line-note-save").await?;
            window.wait_text("cart-line", "carton ouvert").await?;
            window.press(&Key::F9.value().to_string()).await?;
            let number = window.text("receipt-number").await?;
            let said = stage.register.tell(&["receipt", &number])?;
            let paper = said.to_string();
            ensure!(
                paper.contains("carton ouvert") && paper.contains("carton de 24"),
                "on paper too: {paper}"
            );
            window.click("new-sale").await
        })
        .await?;
    window.close().await?;
    let left = stage.register.tell(&["stock", "EAU"])?;
    ensure!(left["shown"] == "76", "24 pieces left the stock: {left}");
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "every invariant holds after the sale: {verified}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_split_payment_is_offered_in_notes() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("the_rest_of_a_split_payment", async |window| {
            window.scan(OIL.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.click("pay-open").await?;
            window.click("tender-mobile").await?;
            window.fill("tender-reference", "OM-77").await?;
            window.fill("tender-amount", "10500").await?;
            window.click("pay-confirm").await?;
            window.wait_count("tender-taken", 1).await?;
            window.click("tender-cash").await?;
            window.click_where("pay-quick", "[data-minor=\"15000\"]").await?;
            window.wait_attribute("change", "data-minor", &(15_000 + 10_500 - OIL.price).to_string()).await?;
            window.click("new-sale").await
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_held_in_one_window_is_taken_and_sold_in_that_of_another_register() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_cart_is_held_in_one_window", async |window| {
            window.scan(RICE.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&Key::F3.value().to_string()).await?;
            window.wait_count("cart-line", 0).await?;
            window.call("sync.now", json!({})).await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = Window::open(&stage.display, other.data()).await?;
    window
        .journey("and_taken_in_that_of_another", async |window| {
            window.wait_for("scan-input").await?;
            window
                .wait("document.querySelector('[data-testid=\"cart-recall\"]:not([disabled])') !== null")
                .await?;
            window.press(&Key::F4.value().to_string()).await?;
            window.wait_attribute("held-cart", "data-here", "false").await?;
            window.click("held-cart").await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&Key::F9.value().to_string()).await?;
            window.wait_for("receipt-number").await?;
            window.click("new-sale").await
        })
        .await?;
    window.close().await?;
    other.tell(&["sync"]).context("the sale and the taking reach the server")?;
    ensure!(stage.on_hand(RICE)? == RICE.stock - 1, "it was sold once");
    Ok(())
}
