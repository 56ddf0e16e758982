//! Two registers that change the same product, and whoever was chosen to win.

use anyhow::{Result, ensure};
use comptoir_tests::stage::{RICE, SUGAR, Stage};
use comptoir_tests::trouble;
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::json;
use tokio::task::block_in_place;

/// Whether something stands in front of the remark of a decision.
const REMARK_IS_FREE: &str = r#"
    (() => {
        const field = document.querySelector('[data-testid="conflict-note"]');
        const { left, right, top, bottom } = field.getBoundingClientRect();
        const corners = [[left + 2, top + 2], [right - 2, top + 2], [left + 2, bottom - 2], [right - 2, bottom - 2]];
        return corners.every(([x, y]) => document.elementFromPoint(x, y) === field);
    })()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn who_wins_is_chosen_per_field_and_holds_when_two_registers_change_one_product() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = stage.open().await?;
    window
        .journey("who_wins", async |window| {
            window.hire("owner").await?;
            choose(window, "product.name", "client_wins").await?;
            choose(window, "product.price", "manual").await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await?;

            block_in_place(|| stage.cable.pull())?;
            trouble::change(window, SUGAR, &[("product-name", "Sucre d’ici")]).await?;
            trouble::change(window, RICE, &[("product-price", "63000")]).await?;
            other.tell(&["product", "set", SUGAR.code, "--name", "Sucre d’ailleurs"])?;
            other.tell(&["product", "set", RICE.code, "--price", "61500"])?;
            other.tell(&["sync"])?;
            block_in_place(|| stage.cable.plug())?;
            window.wait_attribute("sync-indicator", "data-state", "attention").await?;

            window.click("nav-conflicts").await?;
            window.wait_count("conflict-row", 1).await?;
            window.click("conflict-row").await?;
            window.wait_count("conflict-field", 1).await?;
            window.wait_attribute("conflict-field", "data-field", "price").await?;
            window.click_where("conflict-choice", "[data-choice=\"keep_mine\"]").await?;
            window.fill("conflict-note", "prix affiché en rayon").await?;
            window.hire("cashier").await?;
            window.click("conflict-apply").await?;
            window.wait_for("message-action").await?;
            window.settle().await?;
            ensure!(window.evaluate(REMARK_IS_FREE).await? == json!(true), "the refusal covers the remark");
            window.hire("owner").await?;
            window.click("conflict-apply").await?;
            window.wait_gone("conflict-choice").await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    other.tell(&["sync"])?;
    for register in [&stage.register, &other] {
        let sugar = register.tell(&["product", "show", SUGAR.code])?;
        ensure!(sugar["name"] == "Sucre d’ici", "the register that comes last wins the name: {sugar}");
        let rice = register.tell(&["product", "show", RICE.code])?;
        ensure!(rice["price"] == "63000", "a person has decided the price: {rice}");
    }
    let status = other.tell(&["status"])?;
    ensure!(status["conflicts_open"] == 0, "the decision reaches the other register: {status}");
    Ok(())
}

async fn choose(window: &Window, field: &str, strategy: &str) -> Result<()> {
    window.click("nav-settings").await?;
    window.click("settings-conflicts").await?;
    let field = format!("[data-testid=\"strategy\"][data-field=\"{field}\"]");
    window.pick(&field, strategy).await?;
    let chosen = format!("{field}[data-strategy=\"{strategy}\"]");
    window.wait(&format!("document.querySelector({}) !== null", json!(chosen))).await
}
