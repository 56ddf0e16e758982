//! An owner's round: groups of goods without a mouse, and the sync paused, stopped, taken up again and checked.

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::{RICE, SUGAR, Stage};
use comptoir_tests::window::Window;
use pos_testkit::proxy::Fault;
use serde_json::{Value, json};
use thirtyfour::Key;

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_renames_a_category_by_keyboard_and_stops_resumes_and_checks_the_sync() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("an_owners_round", async |window| {
            window.hire("owner").await?;
            what_is_sold_while_the_sync_is_paused_waits(window, &stage).await?;
            a_sync_that_hangs_is_stopped_and_goes_on_later(window, &stage).await?;
            a_comparison_finds_what_a_disk_has_changed(window, &stage).await?;
            a_category_gets_another_name_and_colour_by_keyboard_alone(window).await
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock - 1, "the sale of the pause reached the server, once");
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "every invariant holds after all of it: {verified}");
    Ok(())
}

async fn a_category_gets_another_name_and_colour_by_keyboard_alone(window: &Window) -> Result<()> {
    let before = first_category(window).await?;
    window.press_with_alt('2').await?;
    window.wait_attribute("nav-products", "aria-current", "page").await?;
    window.tab_to("categories-open").await?;
    press(window, Key::Enter).await?;
    window.tab_to("category-edit").await?;
    press(window, Key::Enter).await?;
    window.wait("document.activeElement?.dataset.testid === 'category-name'").await?;
    press(window, Key::End).await?;
    window.press(" II").await?;
    window.tab_to("category-colour").await?;
    press(window, Key::Right).await?;
    window.tab_to("category-save").await?;
    press(window, Key::Enter).await?;
    window.wait_text("category-row", " II").await?;
    let after = first_category(window).await?;
    let name = |category: &Value| category.get("name").and_then(Value::as_str).map(str::to_owned);
    let renamed = name(&before).map(|name| name + " II");
    ensure!(name(&after) == renamed, "{after} has the new name");
    ensure!(after.get("colour") != before.get("colour"), "{after} has another colour than {before}");
    press(window, Key::Escape).await?;
    window.wait_gone("category-row").await
}

async fn what_is_sold_while_the_sync_is_paused_waits(window: &Window, stage: &Stage) -> Result<()> {
    window.click("nav-sync").await?;
    window.wait_count("queue-row", 0).await?;
    window.click("sync-pause").await?;
    window.wait_for("sync-resume").await?;
    window.click("nav-sell").await?;
    window.sell(SUGAR.barcode).await?;
    window.click("nav-sync").await?;
    window.wait_count("queue-row", 1).await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock, "nothing is sent while the sync is paused");
    window.click("sync-resume").await?;
    window.wait_count("queue-row", 0).await?;
    window.wait_attribute("sync-indicator", "data-state", "synced").await
}

async fn a_sync_that_hangs_is_stopped_and_goes_on_later(window: &Window, stage: &Stage) -> Result<()> {
    stage.cable.always(Some(Fault::Silence));
    window.click("sync-now").await?;
    window.click("sync-cancel").await?;
    window.wait_gone("sync-cancel").await?;
    stage.cable.behave();
    window.click("sync-now").await?;
    window.wait_attribute("message", "data-tone", "ok").await?;
    window.wait_attribute("sync-indicator", "data-state", "synced").await
}

/// The price of the rice changes without anybody having changed it: the comparison finds it, puts it right and says so.
async fn a_comparison_finds_what_a_disk_has_changed(window: &Window, stage: &Stage) -> Result<()> {
    stage.register.tamper("UPDATE product SET price_minor = 1 WHERE code = 'RIZ-5KG'")?;
    window.click_where("sync-side", " label:nth-of-type(3)").await?;
    window.click("compare-run").await?;
    window.wait_count("difference", 1).await?;
    window.wait_text("difference", "Riz").await?;
    let found = window.call("product.find", json!({ "code": RICE.code })).await?;
    let price = found.pointer("/product/price").context("a product has a price")?;
    ensure!(*price == json!(RICE.price), "the price is the server's again: {found}");
    Ok(())
}

async fn first_category(window: &Window) -> Result<Value> {
    let listed = window.call("category.list", json!({})).await?;
    listed.get(0).cloned().context("the demo shop has categories")
}

async fn press(window: &Window, key: Key) -> Result<()> {
    window.press(&key.value().to_string()).await
}
