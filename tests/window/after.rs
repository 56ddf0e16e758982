//! After a sale: goods that come back, a sale that is taken back, another paper, an exchange.

use anyhow::{Result, ensure};
use comptoir_tests::stage::Stage;
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use thirtyfour::Key;

use crate::books;
use crate::cash::{on_paper, print_to};
use crate::goods::{Goods, MILK, OIL, SUGAR, on_hand};
use crate::hand::{Hand, Input, Room, shows};

#[tokio::test(flavor = "multi_thread")]
async fn goods_come_back_by_line_and_never_more_than_were_sold_on_any_register() -> Result<()> {
    let stage = Stage::set().await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    let window = stage.open().await?;
    window
        .journey("goods_come_back_by_line", async |window| {
            let hand = Hand { window, input: Input::Touch };
            window.hire("manager").await?;
            let sold = sell(&hand, &[(SUGAR, 2), (OIL, 1)]).await?;

            find(&hand, &sold).await?;
            hand.press("open-refund").await?;
            give_back(&hand, SUGAR, 1).await?;
            hand.pick("refund-reason", "not_wanted").await?;
            shows(window, "refund-total", "data-minor", SUGAR.price, "one piece is worth its price").await?;
            hand.press("refund-confirm").await?;
            window.wait_gone("refund-confirm").await?;
            shows(window, "receipt-total", "data-minor", -SUGAR.price, "the paper of it is shown").await?;
            hand.leave().await?;

            // What is left is on the screen, when another register takes it back first.
            find(&hand, &sold).await?;
            hand.press("open-refund").await?;
            window.wait(&one_left(SUGAR)).await?;
            give_back(&hand, OIL, 1).await?;
            give_back(&hand, SUGAR, 1).await?;
            other.tell(&["sync"])?;
            other.tell(&["refund", &sold, "--line", SUGAR.code, "--reason", "defective"])?;
            hand.press("refund-confirm").await?;
            window.wait_text("message", "reste de la vente").await?;
            window.wait_for("refund-confirm").await?;
            hand.leave().await
        })
        .await?;
    window.close().await?;
    stage.register.tell(&["sync"])?;
    let totals = books::on_server(&stage)?;
    let back = (2, -2 * SUGAR.price);
    ensure!(totals.get("refund") == Some(&back), "two pieces came back, and no oil: {totals:?}");
    ensure!(on_hand(&stage, SUGAR.code)? == SUGAR.stock, "all the sugar is on the shelf again");
    ensure!(on_hand(&stage, OIL.code)? == OIL.stock - 1_000, "the oil stayed sold");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_is_taken_back_whole_until_its_drawer_is_closed() -> Result<()> {
    let stage = Stage::set().await?;
    let window = stage.open().await?;
    window
        .journey("a_sale_is_taken_back", async |window| {
            let hand = Hand { window, input: Input::Keyboard };
            window.hire("manager").await?;
            let first = sell(&hand, &[(SUGAR, 1)]).await?;
            let second = sell(&hand, &[(OIL, 1)]).await?;
            find(&hand, &first).await?;
            hand.press("open-refund").await?;
            hand.press("void-confirm").await?;
            window.wait_attribute("void-confirm", "data-asking", "true").await?;
            hand.again("void-confirm").await?;
            window.wait_gone("refund-confirm").await?;
            shows(window, "receipt-total", "data-minor", -SUGAR.price, "the whole sale is off").await?;
            hand.leave().await?;

            hand.go(Room::Cash).await?;
            window.wait_attribute("cash-expected", "data-minor", &OIL.price.to_string()).await?;
            hand.press("shift-close").await?;
            hand.count(OIL.price).await?;
            hand.submit("shift-close-confirm").await?;
            let z = books::page(window, "z-report").await?;
            ensure!(books::amount(&z, "Annulations (1)")? == -SUGAR.price, "the void stands on the Z: {z}");
            hand.press("report-done").await?;

            hand.go(Room::Sell).await?;
            find(&hand, &second).await?;
            hand.press("open-refund").await?;
            window.wait_for("refund-confirm").await?;
            ensure!(
                window.count("void-confirm").await? == 0,
                "what stands on a Z is no longer taken back whole"
            );
            hand.leave().await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    let totals = books::agree(&stage, &[])?;
    ensure!(totals.get("void") == Some(&(1, -SUGAR.price)), "one sale was taken back: {totals:?}");
    ensure!(on_hand(&stage, SUGAR.code)? == SUGAR.stock, "its goods are on the shelf again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_are_exchanged_in_one_document_and_another_paper_is_a_duplicate() -> Result<()> {
    let stage = Stage::set().await?;
    let paper = stage.register.file("paper", "")?;
    let window = stage.open().await?;
    window
        .journey("goods_are_exchanged", async |window| {
            let hand = Hand { window, input: Input::Touch };
            window.hire("owner").await?;
            print_to(window, &paper).await?;
            window.hire("manager").await?;
            let sold = sell(&hand, &[(SUGAR, 1)]).await?;
            hand.take(MILK).await?;
            find(&hand, &sold).await?;
            hand.press("open-refund").await?;
            give_back(&hand, SUGAR, 1).await?;
            hand.press_where("refund-exchange", " input").await?;
            let difference = MILK.price - SUGAR.price;
            window.wait_attribute("refund-total", "data-minor", &difference.to_string()).await?;
            hand.press("refund-confirm").await?;
            window.wait_gone("refund-confirm").await?;
            shows(window, "receipt-total", "data-minor", difference, "one document, one amount").await?;
            hand.leave().await?;
            window.wait_count("cart-line", 0).await?;

            find(&hand, &sold).await?;
            for _ in 0..2 {
                hand.press("reprint").await?;
                window.wait_for("message").await?;
            }
            hand.leave().await?;
            on_paper(&hand, &paper, "DUPLICATA").await?;
            on_paper(&hand, &paper, &sold).await?;
            window.wait_attribute("sync-indicator", "data-state", "synced").await
        })
        .await?;
    window.close().await?;
    books::agree(&stage, &[])?;
    ensure!(on_hand(&stage, MILK.code)? == MILK.stock - 1_000, "the milk went out");
    ensure!(on_hand(&stage, SUGAR.code)? == SUGAR.stock, "the sugar came in");
    Ok(())
}

/// Sells for exact cash: the number of the receipt.
async fn sell(hand: &Hand<'_>, goods: &[(Goods, u32)]) -> Result<String> {
    for (goods, pieces) in goods {
        hand.take(*goods).await?;
        hand.more(*pieces).await?;
    }
    hand.key_or(Key::F9, "pay-exact-cash").await?;
    let number = hand.window.text("receipt-number").await?;
    hand.key_or(Key::Enter, "new-sale").await?;
    hand.window.wait_count("cart-line", 0).await?;
    Ok(number)
}

/// Opens a sale of before, by its number.
pub(crate) async fn find(hand: &Hand<'_>, number: &str) -> Result<()> {
    hand.press("open-sales").await?;
    hand.write("sales-search", number).await?;
    only_row(hand.window).await?;
    hand.press("sale-row").await?;
    hand.window.wait_text("receipt-number", number).await
}

/// The list shows what was searched for, and nothing else.
async fn only_row(window: &Window) -> Result<()> {
    window.wait_count("sale-row", 1).await
}

/// Chooses pieces of a line that come back.
pub(crate) async fn give_back(hand: &Hand<'_>, goods: Goods, pieces: usize) -> Result<()> {
    for chosen in 1..=pieces {
        let line = format!("[data-code=\"{}\"]", goods.code);
        hand.press_where("refund-line", &format!("{line} [data-testid=\"refund-more\"]")).await?;
        let shown = format!(
            "document.querySelector('[data-testid=\"refund-line\"]{line} output')?.textContent === '{chosen}'"
        );
        hand.window.wait(&shown).await?;
    }
    Ok(())
}

/// Holds when one piece of a line may still come back.
fn one_left(goods: Goods) -> String {
    format!(
        "document.querySelector('[data-testid=\"refund-line\"][data-code=\"{}\"] small')?.textContent.trim().startsWith('1 ')",
        goods.code
    )
}
