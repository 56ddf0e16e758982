//! Every screen can be used by touch, by screen reader and on a small screen.

use anyhow::{Result, ensure};
use comptoir_tests::display::Size;
use comptoir_tests::stage::{SUGAR, Stage};
use comptoir_tests::window::Window;
use serde_json::json;

/// The smallest window that the program allows.
const SMALLEST: Size = Size { width: 1024, height: 700 };

/// Lists what can be pressed or filled but is too small for a finger, or has no name for a screen reader.
const OBSTACLES: &str = r#"
    [...document.querySelectorAll('button, a[href], input, select, textarea, [role="button"], [role="tab"], [role="radio"]')]
        .filter((e) => e.checkVisibility() && !e.closest('[inert], [aria-hidden="true"]') && e.type !== 'hidden')
        .flatMap((e) => {
            const box = (e.closest('label') ?? e).getBoundingClientRect();
            const named = [e.ariaLabel, e.title, e.textContent, ...[...(e.labels ?? [])].map((l) => l.textContent)];
            const referred = (e.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id));
            const name = [...named, ...referred.map((r) => r?.textContent)].find((text) => text?.trim());
            const what = e.dataset.testid ?? name ?? e.outerHTML.slice(0, 120);
            return [
                ...(box.width < 44 || box.height < 44 ? [`${what}: ${box.width} x ${box.height} px`] : []),
                ...(name ? [] : [`${what}: no name`]),
            ];
        })
"#;

/// Lists what sticks out of the window to the right.
const OVERFLOW: &str = "document.documentElement.scrollWidth - innerWidth";

#[tokio::test(flavor = "multi_thread")]
async fn every_screen_is_for_fingers_screen_readers_and_small_screens() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("every_screen_is_for_everyone", async |window| {
            window.resize(SMALLEST).await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            for room in ["sell", "products", "sync", "conflicts", "settings"] {
                let door = format!("nav-{room}");
                window.click(&door).await?;
                window.wait_attribute(&door, "aria-current", "page").await?;
                look_around(window, room).await?;
            }
            window.click("nav-sell").await?;
            window.click("pay-open").await?;
            window.wait_for("tender-amount").await?;
            look_around(window, "pay").await
        })
        .await?;
    window.close().await
}

async fn look_around(window: &Window, screen: &str) -> Result<()> {
    window.settle().await?;
    let obstacles = window.evaluate(OBSTACLES).await?;
    ensure!(obstacles == json!([]), "on {screen}, not everybody can use: {obstacles:#}");
    let overflow = window.evaluate(OVERFLOW).await?;
    ensure!(overflow == json!(0), "{screen} is {overflow} px too wide for the smallest window");
    Ok(())
}
