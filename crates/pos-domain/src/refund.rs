//! How much of a sale may still come back: never more goods than were sold, never more money than was paid, over all
//! refunds of the sale.
//!
//! The rule is kept per product, because a refund names products and not the lines of the sale. Refunds are taken in the
//! order in which they became known; what goes beyond counts against nobody who comes later. Goods are counted in units
//! of stock: of a carton of twelve, one bottle may come back.
//!
//! At the counter people point at lines. [`lines_left`] says what is left of each, and [`line_back`] what it is worth. A
//! void takes all of a sale back ([`undone`]).

use std::collections::HashMap;

use crate::cart::{CartLine, Discount, LineTerms, PriceFault, PriceRules, price};
use crate::document::{SaleDocument, SaleKind, SaleLine};
use crate::ids::{LineId, ProductId};
use crate::money::{Money, MoneyOverflow};
use crate::quantity::Quantity;
use crate::rounding::{RoundingMode, div_round};
use crate::tender::{Tender, TenderKind};

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
        for line in sale.lines.iter().filter(|line| is_sold(sale, line)) {
            let left = returnable.left.entry(product(line.item.product_id)?).or_default();
            let qty = line.item.stock_qty().milli();
            left.sold_milli = left.sold_milli.saturating_add(qty);
            left.milli = left.milli.saturating_add(qty);
            left.minor = left.minor.saturating_add(line.amounts.gross.minor());
        }
        Ok(returnable)
    }

    /// How much of a product was sold; what the sale itself gave back without naming another one is taken off.
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

/// What is left of one line of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineLeft {
    /// Goods, in the line's own unit; never negative.
    pub qty: Quantity,
    /// Money without tax that was paid for them; never negative.
    pub net: Money,
    /// Money with tax; never negative.
    pub gross: Money,
}

/// Goods of a sale that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// What.
    pub product_id: ProductId,
    /// In units of stock, positive.
    pub qty: Quantity,
    /// Money given back for it, tax included, positive.
    pub paid: Money,
    /// Price of one unit, where it is known for these goods alone.
    pub unit_price: Option<Money>,
}

/// What a refund, a void or an exchange brought back.
pub fn brought_back(document: &SaleDocument) -> impl Iterator<Item = Back> + '_ {
    document.lines.iter().filter(|line| comes_back(line)).map(|line| Back {
        product_id: line.item.product_id,
        qty: line.item.stock_qty().negated(),
        paid: line.amounts.gross.negated(),
        unit_price: Some(line.item.unit_price),
    })
}

/// What is left of each line of a sale after goods came `back`, in the order of its lines. They name no line, so they come
/// off lines of the same product: first of those at the same price, then of the others. `product` says under which id a
/// line's product is known.
///
/// # Errors
/// Those of `product`.
pub fn lines_left<E>(
    sale: &SaleDocument,
    back: &[Back],
    mut product: impl FnMut(ProductId) -> Result<ProductId, E>,
) -> Result<Vec<LineLeft>, E> {
    let mut open = Vec::with_capacity(sale.lines.len());
    for line in &sale.lines {
        let sold = line.item.qty.is_positive() && is_sold(sale, line);
        let amount = |money: Money| if sold { money.minor() } else { 0 };
        open.push(Open {
            product: product(line.item.product_id)?,
            line,
            units: if sold { line.item.stock_qty().milli() } else { 0 },
            net: amount(line.amounts.net),
            gross: amount(line.amounts.gross),
        });
    }
    for back in back {
        let id = product(back.product_id)?;
        let mut rest = (back.qty.milli(), back.paid.minor());
        for same_price in [true, false] {
            for line in open.iter_mut().filter(|open| open.product == id) {
                if same_price == (back.unit_price == Some(line.line.item.unit_price)) {
                    line.give(&mut rest);
                }
            }
        }
    }
    Ok(open.iter().map(Open::left).collect())
}

/// A line of a sale while what came back is taken off. Units of stock, in thousandths.
struct Open<'a> {
    product: ProductId,
    line: &'a SaleLine,
    units: i64,
    net: i64,
    gross: i64,
}

impl Open<'_> {
    /// Takes as much as it has of the goods and the money that are still to be taken.
    fn give(&mut self, (goods, money): &mut (i64, i64)) {
        let units = (*goods).min(self.units);
        if units <= 0 {
            return;
        }
        let gross = share(*money, units, *goods);
        let net = share(self.net, gross.min(self.gross), self.gross);
        self.units = self.units.saturating_sub(units);
        self.gross = self.gross.saturating_sub(gross);
        self.net = self.net.saturating_sub(net);
        *goods = goods.saturating_sub(units);
        *money = money.saturating_sub(gross);
    }

    fn left(&self) -> LineLeft {
        let size = self.line.item.pack_size.map_or(1_000, |size| size.milli().max(1));
        let milli =
            i128::from(self.units.max(0)).saturating_mul(1_000).checked_div(i128::from(size)).unwrap_or(0);
        let milli = i64::try_from(milli).ok().and_then(|milli| Quantity::from_milli(milli).ok());
        let money = |minor: i64| Money::from_minor(minor.max(0)).unwrap_or_default();
        LineLeft { qty: milli.unwrap_or_default(), net: money(self.net), gross: money(self.gross) }
    }
}

/// The line of a refund for `qty` (positive, in the line's own unit) of a sold line: its share of what was paid, after all
/// discounts, and all that is left of it with the last piece. Its `line_id` is new; it bears `serials`.
///
/// # Errors
/// [`PriceFault`] when the quantity is none, or an amount leaves the range of money.
pub fn line_back(
    sold: &SaleLine,
    left: LineLeft,
    qty: Quantity,
    rules: PriceRules,
    (line_id, serials): (LineId, Vec<String>),
) -> Result<CartLine, PriceFault> {
    let mut line =
        CartLine { line_id, qty: qty.negated(), discount: None, serials, note: None, ..sold.item.clone() };
    let amounts = |line: &CartLine| {
        let priced = price(rules, &[LineTerms::from(line)], None)?;
        let (list, gross) =
            priced.lines.first().map_or((Money::ZERO, Money::ZERO), |l| (l.list_amount, l.gross));
        Ok::<_, PriceFault>((list.abs(), gross.abs()))
    };
    let (list, _) = amounts(&line)?;
    // Discounts are taken from prices as they are displayed.
    let (paid, rest) = if rules.prices_include_tax {
        (sold.amounts.gross, left.gross)
    } else {
        (sold.amounts.net, left.net)
    };
    let part = if qty == left.qty { rest } else { share_down(paid, qty, sold.item.qty).min(rest) };
    let mut kept = part.min(list).max(Money::ZERO);
    loop {
        let off = list.minus(kept).map_err(|_| PriceFault::Overflow { line: 1 })?;
        line.discount = (off > Money::ZERO).then_some(Discount::Amount(off));
        let (_, gross) = amounts(&line)?;
        // Tax is rounded once more for each part: the parts together must not give back more than the whole took.
        if gross <= left.gross || kept.is_zero() {
            return Ok(line);
        }
        kept = Money::from_minor(kept.minor().saturating_sub(1)).unwrap_or_default();
    }
}

/// The lines and tenders of a void: those of the sale with the other sign, each line under an id of its own. Of the cash it
/// is what stayed in the drawer.
///
/// # Errors
/// When an amount leaves the range of money.
pub fn undone(
    sale: &SaleDocument,
    mut line_id: impl FnMut() -> LineId,
) -> Result<(Vec<CartLine>, Vec<Tender>), MoneyOverflow> {
    let turned =
        |line: &SaleLine| CartLine { line_id: line_id(), qty: line.item.qty.negated(), ..line.item.clone() };
    let lines = sale.lines.iter().map(turned).collect();
    let mut change = sale.settlement.change;
    let mut tenders = Vec::with_capacity(sale.tenders.len());
    for tender in &sale.tenders {
        let mut kept = tender.amount;
        if tender.kind == TenderKind::Cash {
            let given_back = change.min(kept);
            kept = kept.minus(given_back)?;
            change = change.minus(given_back)?;
        }
        if kept != Money::ZERO {
            tenders.push(Tender { amount: kept.negated(), ..tender.clone() });
        }
    }
    Ok((lines, tenders))
}

/// Whether a line of a sale is what may come back of it. What a customer brought in exchange for it belongs to the sale
/// that the document names, and what was given in payment was never sold.
fn is_sold(sale: &SaleDocument, line: &SaleLine) -> bool {
    let names_another = sale.head.kind == SaleKind::Sale && sale.head.original.is_some();
    !line.item.trade_in && (line.item.qty.is_positive() || !names_another)
}

/// Whether a line brings goods back.
pub const fn comes_back(line: &SaleLine) -> bool {
    line.item.qty.is_negative() && !line.item.trade_in
}

/// The part of an amount that belongs to some of the goods, rounded down.
fn share_down(amount: Money, part: Quantity, whole: Quantity) -> Money {
    let exact = i128::from(amount.minor()).saturating_mul(i128::from(part.milli()));
    let share = exact.checked_div(i128::from(whole.milli())).unwrap_or(0);
    Money::from_i128(share).unwrap_or(amount)
}

/// The part of an amount that belongs to `part` of `whole`, rounded half up.
fn share(minor: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(minor).saturating_mul(i128::from(part));
    div_round(exact, i128::from(whole), RoundingMode::HalfUp)
        .and_then(|minor| i64::try_from(minor).ok())
        .unwrap_or(0)
}
