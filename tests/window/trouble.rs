//! What was refused for good: corrected, given up with a reason, written to a file; and the sale that never is given up.

use std::fs;

use anyhow::{Context, Result, ensure};
use comptoir_tests::stage::{OIL, SUGAR, Stage};
use comptoir_tests::trouble;
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::json;
use thirtyfour::Key;

/// A barcode that nobody else has.
const FREE: &str = "96385074";
/// Why the barcode of the oil is given up.
const REASON: &str = "l’autre caisse a raison";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_corrected_or_given_up_with_a_reason_and_a_sale_never() -> Result<()> {
    let mut stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = stage.open().await?;
    window
        .journey("what_was_refused", async |window| {
            window.hire("owner").await?;
            trouble::gather(&mut stage, &other, window).await?;
            window.wait_attribute("sync-indicator", "data-state", "attention").await?;
            alerts_ask_for_a_person_beyond_their_thresholds(window).await?;
            the_queue_is_written_to_a_file(window, &stage.register).await?;
            a_sale_is_never_given_up(window).await?;
            correct(window, SUGAR.code).await?;
            give_up(window).await
        })
        .await?;
    window.close().await?;
    other.tell(&["sync"])?;
    let barcodes =
        |code: &str| Ok::<_, anyhow::Error>(other.tell(&["product", "show", code])?["barcodes"].clone());
    ensure!(barcodes(SUGAR.code)? == json!([FREE]), "what was corrected reaches the other register");
    ensure!(barcodes(OIL.code)? == json!([OIL.barcode]), "what was given up reaches nobody");
    let back = stage.register.tell(&["product", "show", OIL.code])?;
    ensure!(back["barcodes"] == json!([OIL.barcode]), "and was taken back here: {back}");
    let told = stage.register.tell(&["audit"])?.to_string();
    ensure!(told.contains("sync.discarded") && told.contains(REASON), "the reason stays: {told}");
    Ok(())
}

/// A threshold that is set higher is not reached any more.
async fn alerts_ask_for_a_person_beyond_their_thresholds(window: &Window) -> Result<()> {
    window.wait_attribute("health-alert", "data-alert", "alert.dead").await?;
    window.click("alerts-edit").await?;
    window.fill("alert-dead", "5").await?;
    window.click("alerts-save").await?;
    window.wait_gone("alerts-save").await?;
    window.wait_count("health-alert", 0).await?;
    window.click("alerts-edit").await?;
    ensure!(window.evaluate("document.querySelector('[data-testid=alert-dead]').value").await? == json!("5"));
    window.press(&Key::Escape.value().to_string()).await?;
    window.wait_gone("alerts-save").await
}

async fn the_queue_is_written_to_a_file(window: &Window, register: &Register) -> Result<()> {
    window.click("queue-export").await?;
    window.click("export-run").await?;
    window.wait_gone("export-run").await?;
    let files = fs::read_dir(register.data().join("exports")).context("the folder of exports")?;
    let files: Vec<_> = files.collect::<std::io::Result<_>>()?;
    let [file] = files.as_slice() else { anyhow::bail!("one file was written: {files:?}") };
    // Notices of before may still be shown beside it.
    window.wait_text("message", &file.path().to_string_lossy()).await?;
    let text = fs::read_to_string(file.path())?;
    ensure!(text.lines().count() == 4, "a head and the three operations: {text}");
    ensure!(
        text.contains("rejected.validation") && text.contains("changed_on_disk"),
        "with the reasons: {text}"
    );
    Ok(())
}

async fn a_sale_is_never_given_up(window: &Window) -> Result<()> {
    window.click_where("queue-inspect", "[data-kind=\"sale.complete\"]").await?;
    window.wait_for("operation-hold").await?;
    ensure!(window.count("operation-discard").await? == 0, "nobody is offered to give a sale up");
    let sale =
        window.attribute("operation-hold", "data-op-id").await?.context("the operation of the sale")?;
    let refused = window.call("sync.discard", json!({ "op_id": sale, "reason": "no" })).await;
    let words = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(
        words.contains("sync.not_discardable") && words.contains("document"),
        "nor does it go by hand: {words}"
    );
    window.press(&Key::Escape.value().to_string()).await?;
    window.wait_gone("operation-hold").await
}

async fn correct(window: &Window, name: &str) -> Result<()> {
    window.click_where("queue-inspect", "[title*=\"Sucre\"]").await?;
    window.fill("correct-barcodes", FREE).await?;
    window.click("operation-correct").await?;
    window.wait_gone("operation-correct").await?;
    window.wait_count("queue-row", 2).await.with_context(|| format!("the corrected {name} is sent"))
}

async fn give_up(window: &Window) -> Result<()> {
    window.click_where("queue-inspect", "[title*=\"Huile\"]").await?;
    window.wait_for("operation-discard").await?;
    let disabled = window.attribute("operation-discard", "disabled").await?;
    ensure!(disabled.is_some(), "without a reason nothing is given up");
    window.fill("discard-reason", REASON).await?;
    window.click("operation-discard").await?;
    window.click_where("operation-discard", "[data-asking=\"true\"]").await?;
    window.wait_gone("operation-discard").await?;
    window.wait_count("queue-row", 1).await
}
