//! A printer that is off, labels, and the customer's screen, in the real window.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::{OIL, SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

/// An address at which nobody listens until somebody takes it.
fn nobody() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Prints one job on a printer at this address: its bytes.
fn print_one(address: SocketAddr) -> Result<std::thread::JoinHandle<std::io::Result<Vec<u8>>>> {
    let printer = TcpListener::bind(address)?;
    Ok(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        printer.accept()?.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_a_dead_printer_owes_is_in_sight_and_printed_when_it_is_back() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_dead_printer", async |window| {
            window.hire("owner").await?;
            let address = nobody()?;
            choose_printer(window, address).await?;
            window.click("nav-sell").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&Key::F9.value().to_string()).await?;
            let number = window.text("receipt-number").await?;
            window
                .wait("document.querySelector('[data-testid=\"printer-note\"]')?.textContent.trim() !== ''")
                .await?;
            window.click("new-sale").await?;
            window.click("nav-settings").await?;
            window.click("settings-printer").await?;
            window.wait_attribute("printer-state", "data-trouble", "unreachable").await?;
            window.wait_text("print-job", &number).await?;
            let printer = print_one(address)?;
            window.click("print-retry").await?;
            window.wait_attribute("print-job", "data-state", "done").await?;
            let paper = printer.join().ok().context("the printer")??;
            let printed = String::from_utf8_lossy(&paper).into_owned();
            ensure!(printed.contains(&number), "the receipt is on paper: {printed}");
            ensure!(!printed.contains("DUPLICATA"), "nothing of it was out before");
            Ok(())
        })
        .await?;
    window.close().await
}

async fn choose_printer(window: &Window, address: SocketAddr) -> Result<()> {
    window.click("nav-settings").await?;
    window.click("settings-printer").await?;
    let state = window.call("app.state", json!({})).await?;
    let mut device = state.get("device").cloned().context("settings of the register")?;
    let fields = device.as_object_mut().context("an object")?;
    fields.insert("printer".to_owned(), json!({ "kind": "network", "address": address.to_string() }));
    fields.insert("print_automatically".to_owned(), Value::Bool(true));
    window.call("device.set", json!({ "settings": device })).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_screen_follows_the_counter_and_can_ask_for_nothing_else() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("the_customers_screen", async |window| {
            window.click("nav-settings").await?;
            window.click("settings-screen").await?;
            window.click("display-open").await?;
            window.wait_attribute("display-open", "data-opened", "true").await?;
            window.click("nav-sell").await?;
            window.to_display().await?;
            window.wait_attribute("display", "data-scene", "idle").await?;
            let refused = window.call("cart.clear", json!({})).await;
            ensure!(refused.is_err(), "the customer's screen has no door to the till");

            window.to_till().await?;
            window.scan(SUGAR.barcode).await?;
            window.scan(OIL.barcode).await?;
            window.wait_count("cart-line", 2).await?;
            window.to_display().await?;
            window.wait_count("display-line", 2).await?;
            let total = (SUGAR.price + OIL.price).to_string();
            window.wait_attribute("display-total", "data-minor", &total).await?;

            window.to_till().await?;
            window.press(&Key::F9.value().to_string()).await?;
            window.wait_for("receipt-number").await?;
            window.to_display().await?;
            window.wait_attribute("display", "data-scene", "paid").await?;
            window.wait_attribute("display-paid", "data-minor", &total).await?;
            window.to_till().await
        })
        .await?;
    window.close().await
}
