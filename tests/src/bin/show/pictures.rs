//! The pictures of the documentation: each screen, in both languages and both themes, of a till and of an office.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::path::Path;

use anyhow::{Context, Result};
use comptoir_tests::display::{Display, Size};
use comptoir_tests::stage::{OIL, Product, SUGAR, Stage};
use comptoir_tests::window::Window;
use pos_testkit::register::Register;
use serde_json::{Value, json};
use thirtyfour::Key;
use tokio::task::block_in_place;

use crate::floor;

/// Barcodes of the demo shop.
const RICE: &str = "2000010000012";
const SARDINES: &str = "2000010000104";

/// How the window looks.
#[derive(Debug, Clone, Copy)]
struct Look {
    language: &'static str,
    theme: &'static str,
}

const ENGLISH_DARK: Look = Look { language: "en", theme: "dark" };
const ENGLISH_LIGHT: Look = Look { language: "en", theme: "light" };
const FRENCH_DARK: Look = Look { language: "fr", theme: "dark" };
const FRENCH_LIGHT: Look = Look { language: "fr", theme: "light" };

/// Which looks are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Those that show the most in a few pictures.
    Album,
    /// Whatever a shop may see, for whoever looks for defects.
    EveryLook,
}

/// Both languages and both themes for a till; for the larger screen, which shows more of the same, one look.
fn looks(screen: Size, choice: Choice) -> &'static [Look] {
    match (choice, screen) {
        (Choice::EveryLook, _) => &[ENGLISH_DARK, ENGLISH_LIGHT, FRENCH_DARK, FRENCH_LIGHT],
        (Choice::Album, Size::OFFICE) => &[FRENCH_LIGHT],
        (Choice::Album, _) => &[ENGLISH_DARK, FRENCH_LIGHT],
    }
}

/// Takes every picture anew.
pub(crate) async fn take(folder: &Path, choice: Choice) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (screen, suffix) in [(Size::TILL, ""), (Size::OFFICE, "-wide")] {
        let mut album = Album { folder, suffix, looks: looks(screen, choice), look: ENGLISH_DARK };
        first_run(&mut album, screen).await?;
        shop(&mut album, screen).await?;
    }
    Ok(())
}

/// Where pictures go, and what is written on them.
pub(crate) struct Album<'a> {
    folder: &'a Path,
    suffix: &'static str,
    looks: &'static [Look],
    look: Look,
}

impl Album<'_> {
    /// Changes the look of the window, as its settings do.
    async fn dress(&mut self, window: &Window, look: Look) -> Result<()> {
        let state = window.call("app.state", json!({})).await?;
        let settings = state.get("device").and_then(Value::as_object);
        let mut settings = settings.cloned().context("a state has the register's settings")?;
        settings.insert("language".to_owned(), json!(look.language));
        settings.insert("theme".to_owned(), json!(look.theme));
        window.call("device.set", json!({ "settings": settings })).await?;
        let (language, theme) = (look.language, look.theme);
        let page = "document.documentElement";
        window
            .wait(&format!("{page}.lang.startsWith('{language}') && {page}.dataset.theme === '{theme}'"))
            .await?;
        self.look = look;
        Ok(())
    }

    /// Adds what the window shows now, under the name of the screen.
    pub(crate) async fn keep(&self, window: &Window, screen: &str) -> Result<()> {
        let Look { language, theme } = self.look;
        let path = self.folder.join(format!("{screen}-{language}-{theme}{}.png", self.suffix));
        let picture = squeeze(&window.picture().await?)?;
        println!("{} ({} KB)", path.display(), picture.len() / 1024);
        std::fs::write(&path, picture).with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// Larger pictures lose what no eye sees of their colours: a repository keeps every version of them for ever.
const MOST_BYTES: usize = 150_000;
/// Channels that are nearer to each other than this look grey.
const NEARLY_GREY: u8 = 32;

/// The same picture in fewer bytes.
fn squeeze(picture: &[u8]) -> Result<Vec<u8>> {
    let options = oxipng::Options::from_preset(3);
    let exact = oxipng::optimize_from_memory(picture, &options).context("the picture is no PNG")?;
    if exact.len() <= MOST_BYTES {
        return Ok(exact);
    }
    let mut reader = png::Decoder::new(std::io::Cursor::new(picture)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("a picture that fits into memory")?];
    let frame = reader.next_frame(&mut pixels)?;
    pixels.truncate(frame.buffer_size());
    let (colours, channels) = match frame.color_type {
        png::ColorType::Rgba => (oxipng::ColorType::RGBA, 4),
        png::ColorType::Rgb => (oxipng::ColorType::RGB { transparent_color: None }, 3),
        other @ (png::ColorType::Grayscale | png::ColorType::Indexed | png::ColorType::GrayscaleAlpha) => {
            anyhow::bail!("a screenshot of {other:?}")
        }
    };
    let coarse = |steps: u32| -> Result<Vec<u8>> {
        let mut pixels = pixels.clone();
        pixels.chunks_exact_mut(channels).for_each(|pixel| simplify(pixel, steps));
        let (width, height) = (frame.width, frame.height);
        let raw = oxipng::RawImage::new(width, height, colours.clone(), oxipng::BitDepth::Eight, pixels)?;
        Ok(raw.create_optimized_png(&options)?)
    };
    let fine = coarse(31)?;
    if fine.len() <= MOST_BYTES { Ok(fine) } else { coarse(15) }
}

/// Puts each channel of a colourful pixel on the nearest of so many steps. What is nearly grey stays: grounds and letters
/// cost little, and a warm white would turn pink.
fn simplify(pixel: &mut [u8], steps: u32) {
    let colour = pixel.len().min(3);
    let Some(colour) = pixel.get_mut(..colour) else { return };
    let (darkest, brightest) = (colour.iter().min().copied(), colour.iter().max().copied());
    if brightest.unwrap_or(0) - darkest.unwrap_or(0) < NEARLY_GREY {
        return;
    }
    for channel in colour {
        let step = (u32::from(*channel) * steps + 127) / 255;
        *channel = u8::try_from((step * 255 + steps / 2) / steps).unwrap_or(u8::MAX);
    }
}

async fn first_run(album: &mut Album<'_>, screen: Size) -> Result<()> {
    let display = Display::start(screen)?;
    let register = Register::new()?;
    let window = open(&display, &register, screen).await?;
    window
        .journey("picture_first_run", async |window| {
            window.wait_for("first-run-demo").await?;
            for look in album.looks {
                album.dress(window, *look).await?;
                album.keep(window, "first-run").await?;
            }
            Ok(())
        })
        .await?;
    window.close().await
}

async fn shop(album: &mut Album<'_>, screen: Size) -> Result<()> {
    let mut stage = Stage::set_with_past(screen).await?;
    let other = Register::join(&stage.server, "Caisse 2")?;
    sell_all_but_one(&other, SUGAR)?;
    let window = open(&stage.display, &stage.register, screen).await?;
    window
        .journey("pictures", async |window| {
            window.wait_for("scan-input").await?;
            make_a_conflict(&mut stage, &other, window).await?;
            for look in album.looks {
                album.dress(window, *look).await?;
                at_the_counter(album, window).await?;
                in_the_office(album, &mut stage, window).await?;
                floor::visit(album, window, screen).await?;
            }
            Ok(())
        })
        .await?;
    window.close().await
}

async fn open(display: &Display, register: &Register, screen: Size) -> Result<Window> {
    let window = Window::open(display, register.data()).await?;
    window.resize(screen).await?;
    Ok(window)
}

fn sell_all_but_one(register: &Register, product: Product) -> Result<()> {
    let rest = product.stock - 1;
    let cash = format!("cash:{}", product.price * rest);
    register.tell(&["sell", "--line", &format!("{}x{rest}", product.code), "--tender", &cash]).map(drop)
}

/// The last unit, sold on two registers while the network was away.
async fn make_a_conflict(stage: &mut Stage, other: &Register, window: &Window) -> Result<()> {
    block_in_place(|| stage.cable.pull())?;
    pay_cash(window, &[SUGAR]).await?;
    other.tell(&["sell", "--line", SUGAR.code, "--tender", &format!("cash:{}", SUGAR.price)])?;
    block_in_place(|| stage.cable.plug())?;
    window.wait_attribute("sync-indicator", "data-state", "attention").await?;
    // The notice of it has been read: it would stand in front of every picture.
    window.click_where("message", " .dismiss").await?;
    window.wait_gone("message").await
}

async fn pay_cash(window: &Window, basket: &[Product]) -> Result<()> {
    for product in basket {
        window.scan(product.barcode).await?;
    }
    window.wait_count("cart-line", basket.len()).await?;
    window.press(&Key::F9.value().to_string()).await?;
    window.click("new-sale").await
}

async fn at_the_counter(album: &mut Album<'_>, window: &Window) -> Result<()> {
    window.click("nav-sell").await?;
    for barcode in [OIL.barcode, RICE, SARDINES, OIL.barcode] {
        window.scan(barcode).await?;
    }
    let total = 2 * OIL.price + 62_000 + 8_500; // rice and sardines
    window.wait_attribute("cart-total", "data-minor", &total.to_string()).await?;
    window.press(&Key::F2.value().to_string()).await?;
    album.keep(window, "sell").await?;
    window.click("pay-open").await?;
    window.wait_for("tender-amount").await?;
    album.keep(window, "pay").await?;
    window.press(&Key::Escape.value().to_string()).await?;
    window.wait_gone("tender-amount").await?;
    window.press(&Key::F9.value().to_string()).await?;
    window.wait_for("receipt-number").await?;
    album.keep(window, "receipt").await?;
    window.click("new-sale").await
}

async fn in_the_office(album: &mut Album<'_>, stage: &mut Stage, window: &Window) -> Result<()> {
    window.click("nav-products").await?;
    window.wait_for("product-row").await?;
    album.keep(window, "products").await?;
    window.click("nav-conflicts").await?;
    window.click("conflict-row").await?;
    window.wait_for("conflict-choice").await?;
    album.keep(window, "conflicts").await?;
    window.click("nav-settings").await?;
    album.keep(window, "settings").await?;
    window.click("settings-conflicts").await?;
    window.wait_for("strategy").await?;
    album.keep(window, "disagreements").await?;

    block_in_place(|| stage.cable.pull())?;
    window.click("nav-sell").await?;
    pay_cash(window, &[OIL]).await?;
    window.click("nav-sync").await?;
    window.wait_for("queue-row").await?;
    album.keep(window, "sync").await?;
    window.click_where("sync-side", " label:nth-of-type(3)").await?;
    window.click("backup-make").await?;
    window.wait_for("backup-row").await?;
    // The good news leaves by itself, but not before the next picture.
    window.click_where("message", " .dismiss").await?;
    album.keep(window, "backups").await?;
    window.click_where("sync-side", " label:nth-of-type(1)").await?;
    block_in_place(|| stage.cable.plug())?;
    window.wait_count("queue-row", 0).await
}
