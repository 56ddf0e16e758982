//! Carts that are put aside: rows of the whole business, so that one that was held here may be taken at any register.
//!
//! Taking one deletes its row, and the server lets every register delete it: without a network two registers may take the
//! same cart. Then both have it, nothing is lost, and the one whose word came later is told (`taken_elsewhere`).

use pos_domain::cart::{LineTerms, price};
use pos_domain::catalogue;
use pos_domain::{Cart, CartId};
use pos_store::carts::{self, SavedCart};
use pos_store::queue::Lane;
use pos_store::{Conn, Tx, customers, device, held_carts, settings};

use super::cart::{cart_view, fresh};
use super::records::Stamp;
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CartView, HeldCart};

impl App {
    /// `cart.hold`: puts the open cart aside and starts a new one.
    pub async fn hold_cart(&self) -> Result<Outcome<CartView>, AppError> {
        let (stamp, online) = (self.stamp(Lane::Edit), self.is_online());
        let view = self
            .write(move |tx| {
                let open = carts::find_open(tx)?.filter(|saved| !saved.cart.lines.is_empty());
                let mut saved = open.ok_or_else(|| AppError::new(ErrorCode::CartEmpty))?;
                put_aside(tx, &stamp, &saved.cart)?;
                carts::remove(tx, saved.cart.cart_id)?;
                // The next cart remembers this one, so that putting it aside can be taken back.
                let mut next = fresh(cart_edit::empty(stamp.ids.next()), stamp.now_ms);
                next.undo = std::mem::take(&mut saved.undo);
                cart_edit::remember(&mut next.undo, saved.cart);
                carts::save(tx, &next)?;
                cart_view(tx, &next, online)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Cart, Topic::Sync]))
    }

    /// `cart.held`: all carts on hold that this register knows of, whoever put them aside, the oldest first.
    pub async fn held_carts(&self) -> Result<Outcome<Vec<HeldCart>>, AppError> {
        let held = self
            .read(|conn| {
                held_carts::list(conn)?
                    .into_iter()
                    .map(|held| held_view(conn, held))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        Ok(Outcome::read(held))
    }

    /// `cart.recall`: takes a cart off hold. The open cart, when it has lines, goes on hold in its place.
    pub async fn recall_cart(&self, cart_id: CartId) -> Result<Outcome<CartView>, AppError> {
        let (stamp, online) = (self.stamp(Lane::Edit), self.is_online());
        let view = self
            .write(move |tx| {
                let cart = take(tx, &stamp, cart_id)?;
                if let Some(open) = carts::find_open(tx)? {
                    if !cart_edit::is_blank(&open.cart) {
                        put_aside(tx, &stamp, &open.cart)?;
                    }
                    carts::remove(tx, open.cart.cart_id)?;
                }
                let recalled = SavedCart { recalled_from: Some(cart_id), ..fresh(cart, stamp.now_ms) };
                carts::save(tx, &recalled)?;
                cart_view(tx, &recalled, online)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Cart, Topic::Sync]))
    }
}

/// Takes a cart again that was put aside a moment ago; the row that it was.
///
/// # Errors
/// [`ErrorCode::CartNotFound`] when somebody else has taken it meanwhile.
pub(super) fn take_back(tx: &Tx<'_>, stamp: &Stamp, cart_id: CartId) -> Result<CartId, AppError> {
    let held = held_carts::list(tx)?.into_iter().find(|held| held.cart.cart_id == cart_id);
    let row = held.ok_or_else(|| AppError::new(ErrorCode::CartNotFound))?.cart_id;
    take(tx, stamp, row)?;
    Ok(row)
}

fn put_aside(tx: &Tx<'_>, stamp: &Stamp, cart: &Cart) -> Result<(), AppError> {
    let Counter { device, cashier, .. } = Counter::load(tx)?;
    let customer = cart.customer_id.map(|id| customers::find(tx, id)).transpose()?.flatten();
    stamp.create(
        tx,
        &catalogue::HeldCart {
            cart_id: stamp.ids.next(),
            label: customer.map(|customer| customer.row.name),
            cart: cart.clone(),
            device_id: device.device_id,
            register: device.name,
            cashier: cashier.name,
            held_at_ms: stamp.now_ms,
        },
    )
}

fn take(tx: &Tx<'_>, stamp: &Stamp, held: CartId) -> Result<Cart, AppError> {
    let held = held_carts::find(tx, held)?.ok_or_else(|| AppError::new(ErrorCode::CartNotFound))?;
    let id = held.row.cart_id;
    if held.row.cashier.is_empty() {
        // It was put aside before carts were shared, and nobody was ever told of it.
        held_carts::remove(tx, id)?;
    } else {
        stamp.delete(tx, &held, |tx| held_carts::remove(tx, id))?;
    }
    Ok(held.row.cart)
}

fn held_view(conn: &Conn, held: catalogue::HeldCart) -> Result<HeldCart, AppError> {
    let cart = &held.cart;
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let total = price(settings::load(conn)?.rules, &terms, cart.discount).map(|priced| priced.gross);
    let first = cart.lines.first().map(|line| line.name.clone());
    Ok(HeldCart {
        cart_id: held.cart_id,
        held_at_ms: held.held_at_ms,
        title: held.label.or(first).unwrap_or_default(),
        lines: u32::try_from(cart.lines.len()).unwrap_or(u32::MAX),
        // Another register may compute by rules that have changed; such a cart is no reason to hide the others.
        total: total.ok(),
        here: held.device_id == device::get(conn)?.device_id,
        register: held.register,
        cashier: held.cashier,
    })
}
