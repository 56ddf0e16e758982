//! What this register knows of the stock that a cart asks for, and what it says when the server cannot be asked.

use std::collections::HashSet;

use pos_domain::stock::{OfflineAnswer, offline_answer};
use pos_domain::{Cart, ProductId, Quantity};
use pos_store::{Conn, products};

use super::cart::{asked_by_product, shown_stock};
use crate::error::AppError;
use crate::view::{SaleNotice, ShortLineView};

/// What this register knows of the stock that a cart asks for.
#[derive(Default)]
pub(crate) struct Known {
    /// Lines that may not be sold below the known stock without the server.
    pub(crate) blocked: Vec<ShortLineView>,
    /// What the cashier should know.
    pub(crate) notices: Vec<SaleNotice>,
}

/// Checks every counted product of a cart, all its lines together.
pub(crate) fn check_known_stock(conn: &Conn, cart: &Cart) -> Result<Known, AppError> {
    let mut known = Known::default();
    let counted: HashSet<ProductId> =
        cart.lines.iter().filter(|l| l.track_stock).map(|l| l.product_id).collect();
    let asked = asked_by_product(cart)?.into_iter();
    // What comes back, or as much comes back as leaves, asks for nothing.
    for (product_id, asked) in asked.filter(|(id, asked)| counted.contains(id) && asked.is_positive()) {
        let Some(product) = products::find(conn, product_id)?.map(|p| p.row) else { continue };
        let shown = shown_stock(conn, product_id)?.shown;
        match offline_answer(product.offline_policy, shown, asked) {
            OfflineAnswer::Sell => {}
            OfflineAnswer::SellWithNotice => {
                known.notices.push(SaleNotice::BelowStock { code: product.code, name: product.name });
            }
            OfflineAnswer::Refuse => known.blocked.push(ShortLineView {
                product_id,
                code: product.code,
                name: product.name,
                asked,
                available: shown.max(Quantity::ZERO),
            }),
        }
    }
    Ok(known)
}
