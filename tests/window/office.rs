//! The owner's rooms: customers and categories, backups and what a restore brings back.

use anyhow::{Result, ensure};
use comptoir_tests::stage::{OIL, SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::json;
use thirtyfour::Key;

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_made_at_the_counter_and_changed_and_deleted_later() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_customer", async |window| {
            window.hire("owner").await?;
            window.press(&Key::F6.value().to_string()).await?;
            window.click("customer-new").await?;
            window.wait("document.activeElement?.dataset.testid === 'customer-name'").await?;
            // Without Enter: so fast, and then Enter, is a scanner.
            window.press("Zénab Camara").await?;
            window.click("customer-save").await?;
            // A new customer is the one who buys: the dialog leaves and the cart bears the name.
            window
                .wait("document.querySelector('.cart .customer.known')?.textContent.includes('Zénab Camara')")
                .await?;
            window.wait_gone("customer-search").await?;
            window.press(&Key::F6.value().to_string()).await?;
            find(window, "Zénab").await?;
            window.click("customer-edit").await?;
            window.click("customer-phone").await?;
            window.press("628112233").await?;
            window.click("customer-save").await?;
            window.wait_gone("customer-phone").await?;
            window.wait_text("customer-row", "628112233").await?;
            window.click("customer-edit").await?;
            window.click("customer-delete").await?;
            window.click_where("customer-delete", "[data-asking=\"true\"]").await?;
            window.wait_count("customer-row", 0).await
        })
        .await?;
    window.close().await
}

/// What a restore shows of before, after and now, line by line: sales, products, customers, stock, operations to send.
const REPORT: &str = r#"
    [...document.querySelectorAll('[data-testid="recovery-report"] tbody tr')]
        .map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim()))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_in_the_window_is_restored_there_and_no_sale_is_lost() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_backup", async |window| {
            window.hire("owner").await?;
            window.sell(SUGAR.barcode).await?;
            window.click("nav-sync").await?;
            window.click_where("sync-side", " label:nth-of-type(3)").await?;
            window.click("backup-make").await?;
            window.wait_for("backup-row").await?;
            window.click("nav-sell").await?;
            window.sell(OIL.barcode).await?;
            window.click("nav-sync").await?;
            window.click_where("sync-side", " label:nth-of-type(3)").await?;
            window.click("backup-restore").await?;
            window.click("restore-run").await?;
            window.click_where("restore-run", "[data-asking=\"true\"]").await?;
            window.wait_for("recovery-report").await?;
            let report = window.evaluate(REPORT).await?;
            ensure!(report[0] == json!(["2", "2", "2"]), "two sales before, after and now: {report}");
            ensure!(report[1][0] == report[1][1], "as many products as before: {report}");
            window.wait_text("recovery-report", "R1.2").await?;
            window.click("restore-close").await?;
            window.click("nav-sell").await?;
            window.sell(SUGAR.barcode).await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock - 2, "both sales of sugar reached the server, once");
    ensure!(stage.on_hand(OIL)? == OIL.stock - 1, "the sale made after the backup is not lost");
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "every invariant holds after the restore: {verified}");
    Ok(())
}

async fn find(window: &Window, name: &str) -> Result<()> {
    window.wait("document.activeElement?.dataset.testid === 'customer-search'").await?;
    window.press(name).await?;
    window.wait_count("customer-row", 1).await
}
