//! Changes of a cart as plain functions, and the stack that takes them back.

use pos_domain::cart::MAX_LINES;
use pos_domain::catalogue::Pack;
use pos_domain::tender::looks_like_card_number;
use pos_domain::{Cart, CartLine, Discount, LineId, Money, Product, Quantity};
use serde_json::json;

use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::usecase::serials;

/// Most characters of a remark on a line or a cart: more than fits on a hand's breadth of paper.
const MAX_NOTE_CHARS: usize = 500;
/// Earlier carts kept for undo.
const MAX_UNDO: usize = 50;
/// Lines kept over all earlier carts: a cart of thousands of lines keeps few earlier states, so that each scan stays
/// cheap to save.
const MAX_UNDO_LINES: usize = 2_000;

/// A cart without lines.
pub(crate) fn empty(cart_id: pos_domain::CartId) -> Cart {
    Cart { cart_id, lines: Vec::new(), discount: None, customer_id: None, note: None }
}

/// Whether nothing of a cart is worth keeping.
pub(crate) fn is_blank(cart: &Cart) -> bool {
    cart.lines.is_empty() && cart.discount.is_none() && cart.customer_id.is_none() && cart.note.is_none()
}

/// Puts `before` on the stack of earlier carts.
pub(crate) fn remember(undo: &mut Vec<Cart>, before: Cart) {
    undo.push(before);
    let mut lines = 0;
    let keep = undo
        .iter()
        .rev()
        .take(MAX_UNDO)
        .take_while(|cart| {
            lines += cart.lines.len().max(1);
            lines <= MAX_UNDO_LINES
        })
        .count();
    undo.drain(..undo.len() - keep);
}

/// Adds a product by the unit, at the catalogue's price.
pub(crate) fn add(
    cart: &mut Cart,
    product: &Product,
    qty: Quantity,
    line_id: LineId,
) -> Result<(), AppError> {
    add_goods(cart, Goods { product, pack: None }, qty, None, line_id)
}

/// What is rung up: single units of a product, or packs of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goods<'a> {
    pub(crate) product: &'a Product,
    pub(crate) pack: Option<&'a Pack>,
}

impl Goods<'_> {
    /// What the shop asks for one of them.
    pub(crate) fn price(&self) -> Money {
        self.pack.map_or(self.product.price, |pack| pack.price)
    }

    /// Makes a line one of these goods, at the shop's price.
    fn put_on(&self, line: &mut CartLine) {
        line.unit.clone_from(self.pack.map_or(&self.product.unit, |pack| &pack.unit));
        line.pack_size = self.pack.map(|pack| pack.size);
        line.catalogue_price = self.price();
        line.unit_price = self.price();
    }

    fn is_on(&self, line: &CartLine) -> bool {
        line.product_id == self.product.product_id
            && line.pack_size == self.pack.map(|pack| pack.size)
            && self.pack.is_none_or(|pack| pack.unit == line.unit)
    }
}

/// Adds goods at a price, the shop's own unless one is given: a line of the same goods at the same price without anything
/// of its own grows, else there is a new one.
pub(crate) fn add_goods(
    cart: &mut Cart,
    goods: Goods<'_>,
    qty: Quantity,
    unit_price: Option<Money>,
    line_id: LineId,
) -> Result<(), AppError> {
    let product = goods.product;
    if product.archived {
        let params = json!({ "code": product.code, "name": product.name });
        return Err(AppError::with(ErrorCode::ProductArchived, params));
    }
    if !qty.is_positive() {
        return Err(AppError::input("qty", "not_positive"));
    }
    let unit_price = unit_price.unwrap_or(goods.price());
    if unit_price.is_negative() {
        return Err(AppError::input("unit_price", "negative"));
    }
    let same = |l: &&mut CartLine| {
        goods.is_on(l)
            && l.unit_price == unit_price
            && l.discount.is_none()
            && l.note.is_none()
            && l.qty.is_positive()
    };
    if let Some(line) = cart.lines.iter_mut().find(same) {
        line.qty = line.qty.plus(qty).map_err(decimal("qty"))?;
        return check_packs(line);
    }
    if cart.lines.len() >= MAX_LINES {
        return Err(AppError::with(ErrorCode::CartFull, json!({ "max": MAX_LINES })));
    }
    let mut line = line_of(product, &product.code, qty, unit_price, line_id);
    goods.put_on(&mut line);
    line.unit_price = unit_price;
    check_packs(&line)?;
    cart.lines.push(line);
    Ok(())
}

/// Half a pack is half of what it holds, as long as that can be counted.
fn check_packs(line: &CartLine) -> Result<(), AppError> {
    match line.pack_size {
        Some(size) if !line.qty.times_exactly(size) => Err(AppError::input("qty", "pack")),
        Some(_) | None => Ok(()),
    }
}

/// Changes in which size the goods of a line are sold; the quantity stays, and what was agreed about the price goes.
pub(crate) fn set_pack(
    cart: &mut Cart,
    line_id: LineId,
    product: &Product,
    pack: Option<&Pack>,
) -> Result<(), AppError> {
    let line = line_mut(cart, line_id)?;
    if !line.qty.is_positive() {
        // What comes back comes back as it left.
        return Err(AppError::input("pack", "fixed"));
    }
    Goods { product, pack }.put_on(line);
    // An amount was off the price of before; a part is off any price.
    line.discount = line.discount.filter(|discount| matches!(discount, Discount::Percent(_)));
    line.serials.truncate(serials::pieces(line));
    check_packs(line)
}

/// Writes a remark below a line, or takes it away.
pub(crate) fn set_line_note(cart: &mut Cart, line_id: LineId, note: Option<String>) -> Result<(), AppError> {
    line_mut(cart, line_id)?.note = remark(note)?;
    Ok(())
}

/// A remark as people type one: nothing when it says nothing.
pub(crate) fn remark(note: Option<String>) -> Result<Option<String>, AppError> {
    let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    match note {
        Some(note) if note.chars().count() > MAX_NOTE_CHARS => Err(AppError::input("note", "too_long")),
        Some(note) if looks_like_card_number(&note) => Err(AppError::input("note", "card_number")),
        note => Ok(note),
    }
}

fn line_mut(cart: &mut Cart, line_id: LineId) -> Result<&mut CartLine, AppError> {
    let missing = || AppError::new(ErrorCode::CartLineNotFound);
    cart.lines.iter_mut().find(|line| line.line_id == line_id).ok_or_else(missing)
}

/// A line of a product.
pub(crate) fn line_of(
    product: &Product,
    code: &str,
    qty: Quantity,
    unit_price: Money,
    line_id: LineId,
) -> CartLine {
    CartLine {
        line_id,
        product_id: product.product_id,
        code: code.to_owned(),
        name: product.name.clone(),
        unit: product.unit.clone(),
        qty,
        unit_price,
        catalogue_price: product.price,
        tax_rate: product.tax_rate,
        discount: None,
        track_stock: product.track_stock,
        pack_size: None,
        serials: Vec::new(),
        trade_in: false,
        note: None,
    }
}

/// What a person changes of a line; what is `None` stays.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineChange {
    /// New quantity; zero removes the line.
    pub(crate) qty: Option<Quantity>,
    /// New discount; `Some(None)` takes it away.
    pub(crate) discount: Option<Option<Discount>>,
}

/// Changes a line.
pub(crate) fn set_line(cart: &mut Cart, line_id: LineId, change: LineChange) -> Result<(), AppError> {
    let missing = || AppError::new(ErrorCode::CartLineNotFound);
    let place = cart.lines.iter().position(|l| l.line_id == line_id).ok_or_else(missing)?;
    if change.qty.is_some_and(Quantity::is_zero) {
        cart.lines.remove(place);
        return Ok(());
    }
    let line = cart.lines.get_mut(place).ok_or_else(missing)?;
    if let Some(qty) = change.qty {
        if qty.is_negative() {
            return Err(AppError::input("qty", "not_positive"));
        }
        if line.trade_in {
            // One thing with one number: it is taken in, or it is not.
            return Err(AppError::input("qty", "fixed"));
        }
        line.qty = qty;
        check_packs(line)?;
        line.serials.truncate(serials::pieces(line));
    }
    if let Some(discount) = change.discount {
        line.discount = discount;
    }
    Ok(())
}

/// Gives a line another price of one unit, or the catalogue's again; the line as it was and as it is.
pub(crate) fn set_price(
    cart: &mut Cart,
    line_id: LineId,
    price: Option<Money>,
) -> Result<(CartLine, CartLine), AppError> {
    if price.is_some_and(Money::is_negative) {
        return Err(AppError::input("unit_price", "negative"));
    }
    let line = line_mut(cart, line_id)?;
    let before = line.clone();
    line.unit_price = price.unwrap_or(line.catalogue_price);
    if line.trade_in {
        // What is given for it was agreed at the counter: there is no other price that it differs from.
        line.catalogue_price = line.unit_price;
    }
    Ok((before, line.clone()))
}

/// A scan that may carry a quantity in front, as in `3*4006381333931` or `0.5*POMME`.
pub(crate) fn split_scan(text: &str) -> (Quantity, &str) {
    let text = text.trim();
    match text.split_once('*') {
        Some((qty, code)) if !code.trim().is_empty() => match Quantity::parse(qty) {
            Ok(qty) if qty.is_positive() => (qty, code.trim()),
            Ok(_) | Err(_) => (Quantity::ONE, text),
        },
        Some(_) | None => (Quantity::ONE, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn cart_of(lines: u128) -> Cart {
        let mut cart = empty(Uuid::from_u128(1).into());
        for i in 0..lines {
            cart.lines.push(CartLine {
                line_id: Uuid::from_u128(i + 10).into(),
                product_id: Uuid::from_u128(7).into(),
                code: "A".into(),
                name: "A".into(),
                unit: "pcs".into(),
                qty: Quantity::ONE,
                unit_price: Money::ZERO,
                catalogue_price: Money::ZERO,
                tax_rate: pos_domain::Rate::ZERO,
                discount: None,
                track_stock: false,
                pack_size: None,
                serials: Vec::new(),
                trade_in: false,
                note: None,
            });
        }
        cart
    }

    #[test]
    fn undo_is_bounded_by_states_and_by_lines() {
        let mut undo = Vec::new();
        for _ in 0..200 {
            remember(&mut undo, cart_of(1));
        }
        assert_eq!(undo.len(), MAX_UNDO);
        for _ in 0..10 {
            remember(&mut undo, cart_of(900));
        }
        assert_eq!(undo.len(), 2, "two carts of 900 lines fit the bound, three do not");
    }

    #[test]
    fn a_quantity_before_a_scan_is_read_only_when_it_is_one() {
        assert_eq!(split_scan("3*123"), (Quantity::from_units(3).unwrap(), "123"));
        assert_eq!(split_scan("0.5*P"), (Quantity::from_milli(500).unwrap(), "P"));
        assert_eq!(split_scan("A*B"), (Quantity::ONE, "A*B"));
        assert_eq!(split_scan("0*B"), (Quantity::ONE, "0*B"));
        assert_eq!(split_scan(" 42 "), (Quantity::ONE, "42"));
    }
}
