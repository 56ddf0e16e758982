//! What a journey begins with: a shop whose register can sell, on a display of its own.

use crate::display::{Display, Size};
use crate::window::Window;
use anyhow::{Context, Result};
use pos_testkit::proxy::Proxy;
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::block_in_place;

/// One window at a time: several browsers on two cores only slow each other down.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Barcode and code of a product of the demo shop, of which there are plenty.
pub const SUGAR: Product = Product { barcode: "2000010000050", code: "SUCRE-1KG", price: 13_000, stock: 50 };
/// Another one.
pub const OIL: Product = Product { barcode: "2000010000036", code: "HUILE-1L", price: 24_000, stock: 36 };

/// And another.
pub const RICE: Product = Product { barcode: "2000010000012", code: "RIZ-5KG", price: 62_000, stock: 40 };

/// A product of the demo shop.
#[derive(Debug, Clone, Copy)]
pub struct Product {
    /// As a scanner reads it.
    pub barcode: &'static str,
    /// As people type it.
    pub code: &'static str,
    /// Price in GNF, which has no decimals.
    pub price: i64,
    /// Pieces at the beginning.
    pub stock: i64,
}

/// A display, a server, and a register with the demo shop that reaches the server through a cable.
#[derive(Debug)]
pub struct Stage {
    /// Where the window appears.
    pub display: Display,
    /// The shop's server.
    pub server: Server,
    /// Between the register and the server.
    pub cable: Proxy,
    /// The register of the window.
    pub register: Register,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    /// Sets everything up, on a till's screen. The window is still closed.
    pub async fn set() -> Result<Self> {
        Self::set_on(Size::TILL, Register::demo).await
    }

    /// Sets everything up, on a screen of this size, with a demo shop that has debts, a Z and an open drawer.
    pub async fn set_with_past(screen: Size) -> Result<Self> {
        Self::set_on(screen, Register::demo_with_past).await
    }

    async fn set_on(screen: Size, shop: fn(&Server, &str) -> Result<Register>) -> Result<Self> {
        let alone = ONE_AT_A_TIME.lock().await;
        // The programs of the shell block.
        let (server, cable, register) = block_in_place(|| {
            let server = Server::start()?;
            let cable = Proxy::lay(server.address())?;
            let register = shop(&server, &cable.url())?;
            anyhow::Ok((server, cable, register))
        })?;
        Ok(Self { display: Display::start(screen)?, server, cable, register, _alone: alone })
    }

    /// Opens the window, and waits until it can sell and knows that the server is there.
    pub async fn open(&self) -> Result<Window> {
        let window = Window::open(&self.display, self.register.data()).await?;
        window.wait_for("scan-input").await?;
        window.wait_attribute("sync-indicator", "data-state", "synced").await?;
        Ok(window)
    }

    /// Pieces on the server.
    pub fn on_hand(&self, product: Product) -> Result<i64> {
        let stock = self.server.stock(product.code)?;
        let on_hand =
            stock.get("on_hand").with_context(|| format!("a stock says what is on hand: {stock}"))?;
        let text = on_hand.as_str().map_or_else(|| on_hand.to_string(), str::to_owned);
        text.parse().with_context(|| format!("{text} pieces"))
    }
}
