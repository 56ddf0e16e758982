//! A picture of a product: chosen in the window of one register, shown in that of another.

use anyhow::{Result, ensure};
use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::json;

/// Gives the form a photograph of 700 pixels a side, as a file chooser would.
const CHOOSE_A_PHOTOGRAPH: &str = r#"
    const answer = arguments[arguments.length - 1];
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 700;
    const brush = canvas.getContext('2d');
    brush.fillStyle = 'rgb(200, 30, 30)';
    brush.fillRect(0, 0, 700, 700);
    canvas.toBlob((blob) => {
        const files = new DataTransfer();
        files.items.add(new File([blob], 'sucre.png', { type: 'image/png' }));
        const input = document.querySelector('[data-testid="picture-file"]');
        input.files = files.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
        answer(true);
    }, 'image/png');
"#;
/// Drops a menu on the form.
const DROP_A_MENU: &str = r#"
    const files = new DataTransfer();
    files.items.add(new File(['%PDF-1.7 menu'], 'menu.pdf', { type: 'application/pdf' }));
    const field = document.querySelector('[data-testid="picture-preview"]').parentElement;
    field.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: files }));
    arguments[arguments.length - 1](true);
"#;
/// Pixels of a side of the picture in a place; 0 while there is none. Those that are built in are drawings.
fn width_of(place: &str) -> String {
    format!(
        "(document.querySelector({}) ?? {{ naturalWidth: 0 }}).naturalWidth",
        json!(format!("{place} img"))
    )
}

const ROW: &str = "[data-testid=\"product-row\"][data-code=\"SUCRE-1KG\"]";
const PREVIEW: &str = "[data-testid=\"picture-preview\"]";
const TILE: &str = "[data-testid=\"product-tile\"]";
const LINE: &str = "[data-testid=\"cart-line\"]";

/// Shows the product in the catalogue.
async fn look_up(window: &Window) -> Result<()> {
    window.click("nav-products").await?;
    window.fill("product-search", SUGAR.code).await?;
    window.wait_count("product-row", 1).await?;
    window.wait(&format!("document.querySelector({}) !== null", json!(ROW))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_added_on_one_register_is_shown_on_another() -> Result<()> {
    let stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    other.tell(&["sync"])?;
    let window = stage.open().await?;
    window
        .journey("a_picture_is_added", async |window| {
            window.hire("owner").await?;
            look_up(window).await?;
            window.click("product-row").await?;
            window.wait_for("picture-choose").await?;
            window.run(DROP_A_MENU).await?;
            window.wait_for("picture-refusal").await?;
            window.run(CHOOSE_A_PHOTOGRAPH).await?;
            window.wait(&format!("{} === 512", width_of(PREVIEW))).await?;
            window.wait_gone("picture-refusal").await?;
            window.click("product-save").await?;
            window.wait_gone("product-save").await?;
            window.wait(&format!("{} === 512", width_of(ROW))).await?;
            window.click("nav-sell").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.wait(&format!("{} === 512", width_of(LINE))).await?;
            window.fill("scan-input", "sucre").await?;
            window.wait(&format!("{} === 512", width_of(TILE))).await?;
            window.click("nav-sync").await?;
            window.wait_for("sync-now").await?;
            window.wait_gone("pictures-open").await
        })
        .await?;
    window.close().await?;
    let status = stage.register.tell(&["status"])?;
    ensure!(
        status["pictures"] == json!({ "to_send": 0, "to_fetch": 0, "broken": 0 }),
        "it was sent: {status}"
    );

    other.tell(&["sync"])?;
    let sugar = other.tell(&["product", "show", SUGAR.code])?;
    ensure!(
        sugar["picture"].as_str().is_some_and(|name| name.len() == 64),
        "its name came with the row: {sugar}"
    );
    let window = Window::open(&stage.display, other.data()).await?;
    window
        .journey("a_picture_is_shown_elsewhere", async |window| {
            window.wait_for("scan-input").await?;
            look_up(window).await?;
            window.wait(&format!("{} === 512", width_of(ROW))).await
        })
        .await?;
    window.close().await?;

    other.tell(&["product", "picture", SUGAR.code, "--remove"])?;
    let sugar = other.tell(&["product", "show", SUGAR.code])?;
    ensure!(sugar["picture"].is_null(), "and it can be taken away again: {sugar}");
    Ok(())
}
