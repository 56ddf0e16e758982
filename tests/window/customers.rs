//! Customers who buy on account: the sale, the refusal beyond the limit, the payment in three taps, the statement.

use anyhow::{Context, Result, ensure};
use comptoir_tests::axe::{self, Rules};
use comptoir_tests::stage::{RICE, SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::{Value, json};
use thirtyfour::Key;

const PAY: Key = Key::F8;
/// What a customer of this test may owe.
const LIMIT: i64 = 70_000;

/// Counts what a finger presses from now on.
const COUNT_TAPS: &str =
    "(window.taps = 0, document.addEventListener('click', () => { window.taps += 1; }, true), window.taps)";

#[tokio::test(flavor = "multi_thread")]
async fn a_debt_is_made_up_to_the_limit_paid_in_three_taps_and_stands_in_the_statement() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_debt_is_paid_in_three_taps", async |window| {
            window.hire("owner").await?;
            let binta = make_customer(window, "Binta Compte").await?;
            window.hire("cashier").await?;
            put_on_account(window, &binta, RICE.barcode).await?;
            window.wait_attribute("account-outlook", "data-available", &LIMIT.to_string()).await?;
            window.click("pay-confirm").await?;
            window.wait_for("receipt-number").await?;
            window.click("new-sale").await?;

            put_on_account(window, &binta, SUGAR.barcode).await?;
            window.wait_for("account-beyond").await?;
            window.click("pay-confirm").await?;
            // Somebody who may is asked for; nobody says yes, and what to do instead is said.
            window.wait_for("approval-dialog").await?;
            window.press(&Key::Escape.value().to_string()).await?;
            window.wait_gone("approval-dialog").await?;
            window.wait_text("message", "Binta Compte").await?;
            window.press(&Key::Escape.value().to_string()).await?;
            window.wait_gone("pay-confirm").await?;
            window.wait_count("cart-line", 1).await?;
            ensure!(owed(window, &binta).await? == RICE.price, "what was refused is not owed");

            window.evaluate(COUNT_TAPS).await?;
            window.click("nav-customers").await?;
            window.click_where("debt-pay", "[data-name=\"Binta Compte\"]").await?;
            window.click("debt-confirm").await?;
            window.wait_for("debt-paid").await?;
            let taps = window.evaluate("window.taps").await?;
            ensure!(taps == json!(3), "from any screen a debt is paid in three taps, not in {taps}");
            ensure!(owed(window, &binta).await? == 0, "the whole debt was proposed");
            window.click("debt-done").await?;

            window.click_where("customer-row", "[data-name=\"Binta Compte\"]").await?;
            window.wait_count("statement-row", 2).await?;
            window.wait_attribute("statement-closing", "data-minor", "0").await?;
            axe::bring(window).await?;
            let complaints = axe::complaints(window, Rules::All).await?;
            ensure!(complaints.is_empty(), "everybody can read a statement: {complaints:?}");
            window.click("statement-save").await?;
            window.wait_text("message", ".pdf").await
        })
        .await?;
    window.close().await?;
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "every invariant holds after it: {verified}");
    Ok(())
}

async fn make_customer(window: &Window, name: &str) -> Result<String> {
    let details =
        json!({ "code": null, "name": name, "phone": null, "note": null, "credit_limit": LIMIT.to_string() });
    let made = window.call("customer.create", json!({ "details": details })).await?;
    let id = made.pointer("/customer/customer_id").and_then(Value::as_str);
    id.map(str::to_owned).context("a customer has an id")
}

async fn put_on_account(window: &Window, customer: &str, barcode: &str) -> Result<()> {
    window.scan(barcode).await?;
    window.wait_count("cart-line", 1).await?;
    window.call("cart.set_customer", json!({ "customer_id": customer })).await?;
    window.settle().await?;
    window.press(&PAY.value().to_string()).await?;
    window.click("tender-account").await
}

async fn owed(window: &Window, customer: &str) -> Result<i64> {
    let found = window.call("customer.get", json!({ "customer_id": customer })).await?;
    found.pointer("/standing/balance").and_then(Value::as_i64).context("a customer has a balance")
}
