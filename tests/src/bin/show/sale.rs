//! One sale, for those who have no display.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;

use anyhow::{Context, Result};
use comptoir_tests::display::{Display, Size};
use comptoir_tests::window::Window;
use thirtyfour::Key;

/// Barcodes of the demo shop: rice, oil, sugar.
const BASKET: [&str; 3] = ["2000010000012", "2000010000036", "2000010000050"];

/// Scans a basket, takes the exact amount in cash and pictures the receipt.
pub(crate) async fn show(data: &Path, picture: &Path) -> Result<()> {
    let display = Display::start(Size::TILL)?;
    let window = Window::open(&display, data).await?;
    window
        .journey("first_sale", async |window| {
            window.wait_for("scan-input").await?;
            for barcode in BASKET {
                window.scan(barcode).await?;
            }
            window
                .wait("Number(document.querySelector('[data-testid=\"cart-total\"]')?.dataset.minor) > 0")
                .await?;
            println!("scanned {} products", BASKET.len());
            window.press(&Key::F9.value().to_string()).await?;
            let number = window.text("receipt-number").await?;
            println!("paid in cash: receipt {number}");
            let shown = window.picture().await?;
            std::fs::write(picture, shown)
                .with_context(|| format!("{} cannot be written", picture.display()))?;
            window.click("new-sale").await
        })
        .await?;
    window.close().await
}
