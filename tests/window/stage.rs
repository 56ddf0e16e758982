//! What every journey begins with.

use anyhow::{Context, Result};
use comptoir_tests::cable::Cable;
use comptoir_tests::display::{Display, Size};
use comptoir_tests::shop::{Register, Server};
use comptoir_tests::window::Window;
use tokio::sync::{Mutex, MutexGuard};

/// One window at a time: several browsers on two cores only slow each other down.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Barcode and code of a product of the demo shop, of which there are plenty.
pub(crate) const SUGAR: Product =
    Product { barcode: "2000010000050", code: "SUCRE-1KG", price: 13_000, stock: 50 };
/// Another one.
pub(crate) const OIL: Product =
    Product { barcode: "2000010000036", code: "HUILE-1L", price: 24_000, stock: 36 };

/// A product of the demo shop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    /// As a scanner reads it.
    pub(crate) barcode: &'static str,
    /// As people type it.
    pub(crate) code: &'static str,
    /// Price in GNF, which has no decimals.
    pub(crate) price: i64,
    /// Pieces at the beginning.
    pub(crate) stock: i64,
}

/// A display, a server, and a register with the demo shop that reaches the server through a cable.
pub(crate) struct Stage {
    pub(crate) display: Display,
    pub(crate) server: Server,
    pub(crate) cable: Cable,
    pub(crate) register: Register,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    /// Sets everything up. The window is still closed.
    pub(crate) async fn set() -> Result<Self> {
        let alone = ONE_AT_A_TIME.lock().await;
        let server = Server::start()?;
        let cable = Cable::lay(server.address()).await?;
        // The shell's programs block: the cable goes on carrying on the runtime's other threads.
        let register = tokio::task::block_in_place(|| Register::demo(&server, &cable.url()))?;
        Ok(Self { display: Display::start(Size::TILL)?, server, cable, register, _alone: alone })
    }

    /// Opens the window, and waits until it can sell and knows that the server is there.
    pub(crate) async fn open(&self) -> Result<Window> {
        let window = Window::open(&self.display, self.register.data()).await?;
        window.wait_for("scan-input").await?;
        window.wait_attribute("sync-indicator", "data-state", "synced").await?;
        Ok(window)
    }

    /// Pieces on the server.
    pub(crate) fn on_hand(&self, product: Product) -> Result<i64> {
        let stock = self.server.stock(product.code)?;
        let on_hand =
            stock.get("on_hand").with_context(|| format!("a stock says what is on hand: {stock}"))?;
        let text = on_hand.as_str().map_or_else(|| on_hand.to_string(), str::to_owned);
        text.parse().with_context(|| format!("{text} pieces"))
    }
}
