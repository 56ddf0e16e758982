//! Selling while the server is there.

use anyhow::{Result, ensure};
use pos_testkit::register::Register;
use thirtyfour::Key;

use comptoir_tests::stage::{OIL, SUGAR, Stage};

/// The key that takes the exact amount in cash.
const EXACT_CASH: Key = Key::F9;
/// The key that asks how much was given.
const PAY: Key = Key::F8;
/// The key that reduces a line, or the cart.
const DISCOUNT: Key = Key::F7;

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_and_one_key_make_a_receipt() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_scan_and_one_key_make_a_receipt", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.scan(OIL.barcode).await?;
            window.wait_count("cart-line", 2).await?;
            let total = (SUGAR.price + OIL.price).to_string();
            window.wait_attribute("cart-total", "data-minor", &total).await?;
            window.press(&EXACT_CASH.value().to_string()).await?;
            let number = window.text("receipt-number").await?;
            ensure!(!number.is_empty(), "a receipt has a number");
            window.click("new-sale").await?;
            window.wait_for("scan-input").await?;
            window.wait_count("cart-line", 0).await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await?;
            let receipt = stage.register.tell(&["receipt", &number])?;
            ensure!(receipt.to_string().contains(&number), "the shell finds the receipt: {receipt}");
            Ok(())
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock - 1, "the server took the sugar off its stock");
    ensure!(stage.on_hand(OIL)? == OIL.stock - 1, "the server took the oil off its stock");
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "every invariant holds after the sale: {verified}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pressing_the_key_twice_sells_once() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("pressing_the_key_twice_sells_once", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&EXACT_CASH.value().to_string().repeat(2)).await?;
            window.wait_for("receipt-number").await?;
            window.click("new-sale").await?;
            window.wait_count("cart-line", 0).await
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == SUGAR.stock - 1, "two presses are one sale");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_and_its_change_are_taken_by_keyboard_alone() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("cash_and_its_change_are_taken_by_keyboard_alone", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            window.press(&PAY.value().to_string()).await?;
            window.wait("document.activeElement?.dataset.testid === 'tender-amount'").await?;
            window.settle().await?;
            window.press(&format!("20000{}", Key::Enter.value())).await?;
            window.wait_for("receipt-number").await?;
            window.wait_attribute("change", "data-minor", &(20_000 - SUGAR.price).to_string()).await?;
            window.press(&Key::Enter.value().to_string()).await?;
            window.wait("document.activeElement?.dataset.testid === 'scan-input'").await?;
            window.wait_count("cart-line", 0).await?;
            let rooms =
                [('2', "products"), ('3', "sync"), ('4', "conflicts"), ('5', "settings"), ('1', "sell")];
            for (key, room) in rooms {
                window.press_with_alt(key).await?;
                window.wait_attribute(&format!("nav-{room}"), "aria-current", "page").await?;
            }
            Ok(())
        })
        .await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sale_gives_the_cart_back_and_says_what_is_left() -> Result<()> {
    let stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = stage.open().await?;
    window
        .journey("a_refused_sale_gives_the_cart_back", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            // While the customer looks for money, the other register sells every piece.
            let all = format!("{}x{}", SUGAR.code, SUGAR.stock);
            let cash = format!("cash:{}", SUGAR.price * SUGAR.stock);
            let sold = other.tell(&["sell", "--line", &all, "--tender", &cash])?;
            ensure!(sold["sync"] == "applied", "the other register's sale stands on the server: {sold}");
            window.press(&EXACT_CASH.value().to_string()).await?;
            window.wait_for("message").await?;
            window.wait_count("cart-line", 1).await?;
            ensure!(window.count("receipt-number").await? == 0, "a refused sale has no receipt");
            Ok(())
        })
        .await?;
    window.close().await?;
    ensure!(stage.on_hand(SUGAR)? == 0, "the last pieces were sold once");
    let verified = stage.register.tell(&["verify"])?;
    ensure!(verified["ok"] == true, "no number was used and nothing is left behind: {verified}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_typed_while_its_dialog_opens_keeps_every_digit_and_replaces_the_proposal() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("an_amount_typed_while_its_dialog_opens", async |window| {
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            // The key and the digits in one breath, as a hand does that knows its till.
            window.press(&format!("{}20000", PAY.value())).await?;
            let change = (20_000 - SUGAR.price).to_string();
            window.wait_attribute("pay-outlook", "data-minor", &change).await?;
            window.wait_attribute("pay-outlook", "data-kind", "change").await?;
            ensure!(
                window.count("receipt-number").await? == 0,
                "the change is known before anything is sold"
            );
            window.press(&Key::Enter.value().to_string()).await?;
            window.wait_attribute("change", "data-minor", &change).await?;
            window.click("new-sale").await?;
            window.scan(SUGAR.barcode).await?;
            window.wait_count("cart-line", 1).await?;
            // The second time, the dialog proposes the reduction of before.
            for (percent, total) in [("5", SUGAR.price * 95 / 100), ("10", SUGAR.price * 90 / 100)] {
                window.press(&format!("{}{percent}", DISCOUNT.value())).await?;
                window.settle().await?;
                let typed = window.evaluate("document.activeElement.value").await?;
                ensure!(typed == *percent, "what was typed stands there alone: {typed}");
                window.press(&Key::Enter.value().to_string()).await?;
                window.wait_gone("discount-input").await?;
                window.wait_attribute("cart-total", "data-minor", &total.to_string()).await?;
            }
            Ok(())
        })
        .await?;
    window.close().await
}
