//! How much of a sale may still come back: never more goods than were sold, never more money than was paid, over all
//! refunds of the sale.
//!
//! The rule is kept per product, because a refund names products and not the lines of the sale. Refunds are taken in the
//! order in which they became known; what goes beyond counts against nobody who comes later.

use std::collections::HashMap;

use crate::document::SaleDocument;
use crate::ids::ProductId;
use crate::money::Money;
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, div_round};

/// What may still come back of one product.
#[derive(Debug, Clone, Copy, Default)]
struct Left {
    sold_milli: i64,
    milli: i64,
    minor: i64,
}

/// What may still come back of one sale, by product.
#[derive(Debug, Clone, Default)]
pub struct Returnable {
    left: HashMap<ProductId, Left>,
}

/// The part of a refund's line that may not come back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beyond {
    /// Goods, positive.
    pub qty: Quantity,
    /// Money, tax included, positive.
    pub paid: Money,
}

impl Beyond {
    /// Everything about the line is within what was sold.
    pub const fn is_nothing(&self) -> bool {
        self.qty.is_zero() && self.paid.is_zero()
    }
}

impl Returnable {
    /// Everything that a sale sold. `product` says under which id a line's product is known.
    ///
    /// # Errors
    /// Those of `product`.
    pub fn of_sale<E>(
        sale: &SaleDocument,
        mut product: impl FnMut(ProductId) -> Result<ProductId, E>,
    ) -> Result<Self, E> {
        let mut returnable = Self::default();
        for line in &sale.lines {
            let left = returnable.left.entry(product(line.item.product_id)?).or_default();
            let qty = line.item.qty.milli();
            left.sold_milli = left.sold_milli.saturating_add(qty);
            left.milli = left.milli.saturating_add(qty);
            left.minor = left.minor.saturating_add(line.amounts.gross.minor());
        }
        Ok(returnable)
    }

    /// How much of a product was sold; what an exchange gave back in the sale itself is taken off.
    pub fn sold(&self, product: ProductId) -> Quantity {
        let sold = self.left.get(&product).map_or(0, |left| left.sold_milli.max(0));
        Quantity::from_milli(sold).unwrap_or_default()
    }

    /// Takes a refund's line: `qty` goods and `paid` money come back, both positive. Gives the part that may not.
    ///
    /// Money goes beyond where more is paid back than was paid, and at least with the goods that go beyond.
    pub fn take_back(&mut self, product: ProductId, qty: Quantity, paid: Money) -> Beyond {
        let left = self.left.entry(product).or_default();
        let beyond_qty = qty.milli().saturating_sub(left.milli.max(0)).clamp(0, qty.milli().max(0));
        let with_goods = share(paid.minor(), beyond_qty, qty.milli());
        let too_much = paid.minor().saturating_sub(left.minor.max(0));
        let beyond_paid = too_much.max(with_goods).clamp(0, paid.minor().max(0));
        left.milli = left.milli.saturating_sub(qty.milli().saturating_sub(beyond_qty));
        left.minor = left.minor.saturating_sub(paid.minor().saturating_sub(beyond_paid));
        // Parts of a quantity and of an amount, so both are in range.
        Beyond {
            qty: Quantity::from_milli(beyond_qty).unwrap_or(qty),
            paid: Money::from_minor(beyond_paid).unwrap_or(paid),
        }
    }
}

/// The part of an amount that belongs to `part` of `whole`, rounded half up.
fn share(minor: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(minor).saturating_mul(i128::from(part));
    div_round(exact, i128::from(whole), RoundingMode::HalfUp)
        .and_then(|minor| i64::try_from(minor).ok())
        .unwrap_or(0)
}
