//! Trouble between a register and its server: what an owner finds in the morning.
//!
//! All of it is made as it happens in shops: two registers that did not see each other, and a disk that does not hold
//! what was written to it.

use anyhow::Result;
use pos_testkit::register::Register;
use serde_json::json;
use tokio::task::block_in_place;

use crate::stage::{OIL, Product, RICE, SUGAR, Stage};
use crate::window::Window;

/// Barcodes that another register gives to new products while ours gives them to old ones.
const TAKEN: [&str; 2] = ["4006381333931", "4012345678901"];

/// The hash of the queued sale is not the one that was written.
const OTHER_HASH: &str = "DROP TRIGGER queue_body_is_immutable;
    UPDATE sync_queue SET body_hash = zeroblob(32) WHERE kind = 'sale.complete' AND state = 'pending';";

/// Leaves three operations of the window's register refused for good: barcodes of sugar and of oil that belong to other
/// products by then, and a sale whose entry in the queue a disk has changed. The window is the owner's.
pub async fn gather(stage: &mut Stage, other: &Register, window: &Window) -> Result<()> {
    block_in_place(|| stage.cable.pull())?;
    let new =
        format!("code,barcode,name,price\nNEW-1,{},New 1,1000\nNEW-2,{},New 2,1000\n", TAKEN[0], TAKEN[1]);
    other.tell(&["product", "import", &other.file("new.csv", &new)?])?;
    other.tell(&["sync"])?;
    change(window, SUGAR, &[("product-barcodes", TAKEN[0])]).await?;
    change(window, OIL, &[("product-barcodes", TAKEN[1])]).await?;
    window.click("nav-sell").await?;
    window.sell(RICE.barcode).await?;
    stage.register.tamper(OTHER_HASH)?;
    block_in_place(|| stage.cable.plug())?;
    window.click("nav-sync").await?;
    window.wait("document.querySelectorAll('[data-testid=queue-row][data-state=dead]').length === 3").await
}

/// Leaves a conflict: both registers gave the rice another name and price while they did not see each other, and a person
/// is to decide. The window is the owner's.
pub async fn disagree(stage: &mut Stage, other: &Register, window: &Window) -> Result<()> {
    for field in ["name", "price"] {
        let ask = json!({ "entity": "product", "field": field, "strategy": "manual" });
        window.call("setting.set_strategy", ask).await?;
    }
    window.call("sync.now", json!({})).await?;
    block_in_place(|| stage.cable.pull())?;
    change(window, RICE, &[("product-name", "Riz d’ici"), ("product-price", "63000")]).await?;
    other.tell(&["product", "set", RICE.code, "--name", "Riz d’ailleurs", "--price", "61500"])?;
    other.tell(&["sync"])?;
    block_in_place(|| stage.cable.plug())?;
    window.click("nav-conflicts").await?;
    window.wait_count("conflict-row", 1).await
}

/// Changes fields of a product, as a person does.
pub async fn change(window: &Window, product: Product, fields: &[(&str, &str)]) -> Result<()> {
    window.click("nav-products").await?;
    window.fill("product-search", product.code).await?;
    window.click_where("product-row", &format!("[data-code=\"{}\"]", product.code)).await?;
    for (field, text) in fields {
        window.fill(field, text).await?;
    }
    window.click("product-save").await?;
    window.wait_gone("product-save").await
}
