//! Goods of the demo shop that stand among its favourites: every input reaches them.

use anyhow::{Context, Result};
use comptoir_tests::stage::Stage;
use comptoir_tests::window::Window;
use serde_json::{Value, json};

/// Goods of the demo shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Goods {
    /// As people type it.
    pub(crate) code: &'static str,
    /// As a scanner reads it.
    pub(crate) barcode: &'static str,
    /// Price of one in GNF, which has no decimals.
    pub(crate) price: i64,
    /// What the shop begins with, in thousandths.
    pub(crate) stock: i64,
}

const fn goods(code: &'static str, barcode: &'static str, price: i64, pieces: i64) -> Goods {
    Goods { code, barcode, price, stock: pieces * 1_000 }
}

pub(crate) const RICE: Goods = goods("RIZ-5KG", "2000010000012", 62_000, 40);
pub(crate) const OIL: Goods = goods("HUILE-1L", "2000010000036", 24_000, 36);
pub(crate) const SUGAR: Goods = goods("SUCRE-1KG", "2000010000050", 13_000, 50);
pub(crate) const MILK: Goods = goods("LAIT-POUDRE", "2000010000067", 48_000, 30);
/// Sold by weight.
pub(crate) const ONIONS: Goods = goods("OIGNONS", "2000010000135", 12_000, 60);
pub(crate) const BREAD: Goods = goods("PAIN", "2000020000019", 2_500, 80);
pub(crate) const WATER: Goods = goods("EAU-1L5", "2000030000016", 5_000, 120);
pub(crate) const SOAP: Goods = goods("SAVON", "2000040000013", 5_000, 70);

/// Comes in second-hand, and bears an IMEI: a day makes it, see [`make_phone`].
pub(crate) const PHONE: Goods = goods("TEL-REPRISE", "", 450_000, 0);

/// Puts the phone into the catalogue, without a piece of it.
pub(crate) async fn make_phone(window: &Window) -> Result<()> {
    let draft = json!({
        "code": PHONE.code, "barcodes": [], "name": "Téléphone repris", "category_id": null, "unit": "pcs",
        "price": PHONE.price.to_string(), "cost": "", "tax_rate": "18", "track_stock": true, "opening_stock": null,
        "offline_policy": "allow", "favourite": false, "archived": false, "picture": "keep", "tracking": "imei",
        "packs": [],
    });
    window.call("product.create", json!({ "draft": draft })).await.map(drop)
}

/// Thousandths on the server.
pub(crate) fn on_hand(stage: &Stage, code: &str) -> Result<i64> {
    let stock = stage.server.stock(code)?;
    let text = stock.get("on_hand").and_then(Value::as_str);
    thousandths(text.with_context(|| format!("what is on hand of {code}: {stock}"))?)
}

/// Reads a decimal such as `58.75` as thousandths.
fn thousandths(text: &str) -> Result<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<3}").parse().with_context(|| format!("{text} is no quantity"))
}
