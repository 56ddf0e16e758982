//! What a scanned or typed code is: a product, a pack of one, or a bag that a scale has weighed or priced. And the sizes in
//! which a line may be sold.

use pos_domain::barcode::{Embedded, EmbeddedKind, EmbeddedRule, content_of, read_embedded};
use pos_domain::catalogue::Pack;
use pos_domain::{Gtin, LineId, Money, Product, Quantity};
use pos_store::{Conn, products, settings};

use super::catalogue::{by_code, by_id};
use crate::app::App;
use crate::cart_edit::{self, Goods};
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::Outcome;
use crate::view::{CartView, EmbeddedTrial, LineSize};

/// Unit of a bag whose label tells its price: one piece of whatever is in it.
const BAG: &str = "pcs";

/// What a code says.
#[derive(Debug, Clone)]
pub(crate) struct Scanned {
    pub(crate) product: Product,
    /// The pack that bears the code, or the bag on whose label it stands.
    pub(crate) pack: Option<Pack>,
    /// How much of it one scan is.
    pub(crate) qty: Quantity,
}

impl Scanned {
    pub(crate) const fn goods(&self) -> Goods<'_> {
        Goods { product: &self.product, pack: self.pack.as_ref() }
    }
}

impl App {
    /// `cart.set_pack`: sells a line by another size of its product, or by the unit.
    pub async fn set_pack(
        &self,
        line_id: LineId,
        unit: Option<String>,
        size: Option<Quantity>,
    ) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(move |tx, cart| {
            let missing = || AppError::new(ErrorCode::CartLineNotFound);
            let line = cart.lines.iter().find(|line| line.line_id == line_id).ok_or_else(missing)?;
            let product = by_id(tx, line.product_id)?;
            let pack = match (unit, size) {
                (None, None) => None,
                (unit, size) => {
                    let wanted = |pack: &&Pack| {
                        unit.as_ref().is_none_or(|unit| *unit == pack.unit)
                            && size.is_none_or(|size| size == pack.size)
                    };
                    let found = product.packs.iter().find(wanted);
                    Some(found.ok_or_else(|| AppError::input("pack", "unknown"))?)
                }
            };
            cart_edit::set_pack(cart, line_id, &product, pack)
        })
        .await
    }

    /// `cart.set_line_note`
    pub async fn set_line_note(
        &self,
        line_id: LineId,
        note: Option<String>,
    ) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(move |_, cart| cart_edit::set_line_note(cart, line_id, note)).await
    }

    /// `barcode.try`: what a rule that is not kept yet makes of a barcode, or of an example of its own.
    pub async fn try_barcode_rule(
        &self,
        rule: EmbeddedRule,
        code: Option<String>,
    ) -> Result<Outcome<EmbeddedTrial>, AppError> {
        if rule.check().is_err() {
            return Err(AppError::input("barcode_rules", "malformed"));
        }
        let example = rule.example().ok_or_else(|| AppError::input("barcode_rules", "malformed"))?;
        let asked = code.as_deref().map(str::trim).filter(|code| !code.is_empty());
        let gtin = asked.map_or(Ok(example), Gtin::parse).map_err(|e| AppError::input("code", e))?;
        let told = rule.read(&gtin);
        let trial = self
            .read(move |conn| {
                let product =
                    told.as_ref().map(|told| products::find_by_code(conn, &told.code)).transpose()?.flatten();
                Ok(EmbeddedTrial {
                    barcode: gtin.as_str().to_owned(),
                    code: told.as_ref().map(|told| told.code.clone()),
                    value: told.map(|told| told.value),
                    product: product.map(|product| product.name),
                })
            })
            .await?;
        Ok(Outcome::read(trial))
    }
}

/// What a code is. A product or pack that bears it goes before what the rules of the shop's scales make of it.
pub(crate) fn read_code(conn: &Conn, code: &str) -> Result<Scanned, AppError> {
    match by_code(conn, code) {
        Ok(product) => Ok(of_product(product, code)),
        Err(unknown) if unknown.code == ErrorCode::ProductNotFound => {
            let Ok(gtin) = Gtin::parse(code) else { return Err(unknown) };
            let Some(told) = read_embedded(&settings::load(conn)?.barcode_rules, &gtin) else {
                return Err(unknown);
            };
            of_label(conn, &told)
        }
        Err(other) => Err(other),
    }
}

/// How much so many scans of a code are.
pub(crate) fn so_many(times: Quantity, scanned: &Scanned) -> Result<Quantity, AppError> {
    if times.times_exactly(scanned.qty) {
        Ok(times.times(scanned.qty))
    } else {
        Err(AppError::input("qty", "out_of_range"))
    }
}

fn of_product(product: Product, code: &str) -> Scanned {
    let spelt = |code: &str| Gtin::parse(code).map_or_else(|_| code.trim().to_owned(), |g| g.canonical());
    let asked = spelt(code);
    // A pack's code that is also the product's own is the product.
    let own = product.code == code.trim() || product.barcodes.iter().any(|known| spelt(known) == asked);
    let bears = |pack: &&Pack| pack.barcode.as_deref().is_some_and(|known| spelt(known) == asked);
    let pack = if own { None } else { product.packs.iter().find(bears).cloned() };
    Scanned { product, pack, qty: Quantity::ONE }
}

/// What a scale's label says. A weight is a quantity at the catalogue's price. A price is a bag: it costs what stands on it,
/// to the last coin, and takes as much off the stock as that price buys.
fn of_label(conn: &Conn, told: &Embedded) -> Result<Scanned, AppError> {
    let product = by_code(conn, &told.code)?;
    if told.value == 0 {
        return Err(AppError::input("code", "empty_label"));
    }
    match told.kind {
        EmbeddedKind::Weight => {
            let qty = Quantity::from_milli(told.value).map_err(decimal("qty"))?;
            Ok(Scanned { product, pack: None, qty })
        }
        EmbeddedKind::Price => {
            let price =
                Money::from_minor(told.value).map_err(|_| AppError::input("unit_price", "too_large"))?;
            let size = content_of(price, product.price).unwrap_or(Quantity::ONE);
            let bag = Pack { unit: BAG.to_owned(), size, price, barcode: None };
            Ok(Scanned { product, pack: Some(bag), qty: Quantity::ONE })
        }
    }
}

/// The sizes in which a product is sold, the single unit first; none where there is no choice.
pub(super) fn sizes_of(product: &Product) -> Vec<LineSize> {
    if product.packs.is_empty() {
        return Vec::new();
    }
    let unit = LineSize { unit: product.unit.clone(), size: None, price: product.price };
    let pack = |pack: &Pack| LineSize { unit: pack.unit.clone(), size: Some(pack.size), price: pack.price };
    std::iter::once(unit).chain(product.packs.iter().map(pack)).collect()
}
