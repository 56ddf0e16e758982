//! What must not be lost, and who must not come in.

use anyhow::{Result, ensure};
use comptoir_tests::display::{Display, Size};
use comptoir_tests::window::Window;
use pos_testkit::register::Register;

use comptoir_tests::stage::{OIL, SUGAR, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_brings_the_cart_back() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_power_cut_brings_the_cart_back", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.scan(OIL.barcode).await?;
            window.wait_count("cart-line", 2).await
        })
        .await?;
    window.kill()?;
    let window = stage.open().await?;
    window
        .journey("a_power_cut_brings_the_cart_back", async |window| {
            window.wait_count("cart-line", 2).await?;
            window.wait_attribute("cart-total", "data-minor", &(SUGAR.price + OIL.price).to_string()).await
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_window_on_the_same_folder_says_so_and_writes_nothing() -> Result<()> {
    let stage = Stage::set().await?;
    let first = stage.open().await?;
    let display = Display::start(Size::TILL)?;
    let second = Window::open(&display, stage.register.data()).await?;
    second
        .journey("a_second_window_on_the_same_folder", async |second| {
            second.wait_for("message").await?;
            let refused = second.call("cart.scan", serde_json::json!({ "code": SUGAR.barcode })).await;
            let words = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
            ensure!(words.contains("app.data_in_use"), "every call of the second window is refused: {words}");
            Ok(())
        })
        .await?;
    second.close().await?;
    first
        .journey("the_first_window_goes_on", async |first| {
            first.scan(SUGAR.barcode).await?;
            first.wait_count("cart-line", 1).await
        })
        .await?;
    first.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_offers_to_begin() -> Result<()> {
    let display = Display::start(Size::TILL)?;
    let register = Register::new()?;
    let window = Window::open(&display, register.data()).await?;
    window
        .journey("an_empty_folder_offers_to_begin", async |window| {
            window.wait_for("first-run-demo").await?;
            window.click("first-run-demo").await?;
            window.wait_for("scan-input").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await
        })
        .await?;
    window.close().await
}
