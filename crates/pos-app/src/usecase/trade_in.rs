//! Trade-in: a thing that the customer gives in payment, netted in the sale of what leaves.
//!
//! It is a line below zero like goods that come back, but it comes back of no sale: nothing bounds it, its price was agreed
//! at the counter, and it bears no tax, because the customer who gives it charges none. The sale gets a number of its own
//! kind for the book of what was bought from people.

use pos_domain::cart::{LineTerms, MAX_LINES, price};
use pos_domain::serial::SerialTracking;
use pos_domain::settings::ShopSettings;
use pos_domain::{Cart, CartLine, Money, ProductId, Quantity, Rate, SaleKind, Tender};
use pos_store::{Tx, device, sales, settings};
use serde_json::json;

use super::serials::spelling;
use crate::app::App;
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::Outcome;
use crate::room;
use crate::view::CartView;

/// A thing that somebody takes in.
#[derive(Debug, Clone)]
pub struct TradeIn {
    /// As what it goes into stock.
    pub product_id: ProductId,
    /// Its serial number or IMEI, however it is grouped; empty only for what bears none.
    pub serial: String,
    /// What is given for it, as a decimal string.
    pub unit_price: String,
    /// From whom, or in what state; printed.
    pub note: Option<String>,
}

impl App {
    /// `cart.trade_in`: takes a thing in, within the sale on the counter.
    pub async fn trade_in(&self, taken: TradeIn) -> Result<Outcome<CartView>, AppError> {
        let (line_id, dir) = (self.new_id(), self.dir().to_owned());
        self.change_cart(move |tx, cart| {
            if cart.lines.is_empty() {
                room::check_for_cart(&dir)?;
            }
            if cart.lines.len() >= MAX_LINES {
                return Err(AppError::with(ErrorCode::CartFull, json!({ "max": MAX_LINES })));
            }
            let product = super::catalogue::by_id(tx, taken.product_id)?;
            let given = Money::parse(&taken.unit_price, settings::load(tx)?.currency)
                .map_err(decimal("unit_price"))?;
            if given.is_negative() {
                return Err(AppError::input("unit_price", "negative"));
            }
            let serials = if taken.serial.trim().is_empty() && product.tracking == SerialTracking::None {
                Vec::new()
            } else {
                vec![spelling(product.tracking, &taken.serial)?]
            };
            if cart.lines.iter().any(|line| line.serials.iter().any(|serial| serials.contains(serial))) {
                return Err(AppError::input("serial", "duplicate"));
            }
            let minus_one = Quantity::ONE.negated();
            cart.lines.push(CartLine {
                catalogue_price: given,
                tax_rate: Rate::ZERO,
                serials,
                trade_in: true,
                note: taken.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty()),
                ..cart_edit::line_of(&product, &product.code, minus_one, given, line_id)
            });
            Ok(())
        })
        .await
    }
}

/// The kind of document that a cart becomes, and its tenders in the direction of its total: where what is taken in is
/// worth more than what leaves, money goes back, and no tender is of nothing where nothing is due.
pub(super) fn settled(
    cart: &Cart,
    settings: &ShopSettings,
    tenders: &[Tender],
) -> Result<(SaleKind, Vec<Tender>), AppError> {
    if !takes_in(cart) {
        return Ok((SaleKind::Sale, tenders.to_vec()));
    }
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let total = price(settings.rules, &terms, cart.discount)?.gross;
    if total.is_zero() {
        return Ok((SaleKind::Sale, tenders.iter().filter(|t| !t.amount.is_zero()).cloned().collect()));
    }
    if !total.is_negative() {
        return Ok((SaleKind::Sale, tenders.to_vec()));
    }
    if cart.discount.is_some() {
        // A reduction of what the shop pays would be one of the price that was agreed.
        return Err(AppError::input("discount", "out_of_range"));
    }
    let back = tenders.iter().map(|t| Tender { amount: t.amount.abs().negated(), ..t.clone() });
    Ok((SaleKind::Refund, back.collect()))
}

/// The number of a trade-in in its register's own series, such as `R1-T000012`; none for a cart without one.
pub(super) fn next_swap_number(tx: &Tx<'_>, cart: &Cart) -> Result<Option<String>, AppError> {
    if !takes_in(cart) {
        return Ok(None);
    }
    let series = device::get(tx)?.series;
    let prefix = format!("{series}-T");
    let last = sales::find_last_swap(tx, &prefix)?.unwrap_or(0);
    Ok(Some(format!("{prefix}{:06}", last.saturating_add(1))))
}

/// Whether something is given in payment. A void gives it back.
fn takes_in(cart: &Cart) -> bool {
    cart.lines.iter().any(|line| line.trade_in && line.qty.is_negative())
}
