//! The cart on the counter: a power cut brings it back as it was. Carts that were put aside are
//! [`crate::held_carts`].

use pos_domain::{Cart, CartId};
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, first, to_json};

/// The cart on the counter as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCart {
    /// The cart.
    pub cart: Cart,
    /// The held cart that it was taken from, by the id of that row.
    pub recalled_from: Option<CartId>,
    /// Another register took the same held cart first.
    pub taken_elsewhere: bool,
    /// Earlier states, latest last.
    pub undo: Vec<Cart>,
    /// Milliseconds since 1970 UTC.
    pub updated_at_ms: i64,
}

/// Keeps the cart, replacing its earlier state.
///
/// # Errors
/// [`StoreError::Sql`] when another cart stands on the counter already.
pub fn save(tx: &Tx<'_>, saved: &SavedCart) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO cart (cart_id, place, cart, recalled_from, taken_elsewhere, undo, updated_at_ms)
         VALUES (:id, 'open', :cart, :from, :elsewhere, :undo, :at)
         ON CONFLICT (cart_id) DO UPDATE SET cart = excluded.cart, recalled_from = excluded.recalled_from,
             taken_elsewhere = excluded.taken_elsewhere, undo = excluded.undo, updated_at_ms = excluded.updated_at_ms",
    )?
    .execute(named_params! {
        ":id": saved.cart.cart_id.as_bytes(),
        ":cart": to_json("cart.cart", &saved.cart)?,
        ":from": saved.recalled_from.map(|id| *id.as_bytes()),
        ":elsewhere": saved.taken_elsewhere,
        ":undo": to_json("cart.undo", &saved.undo)?,
        ":at": saved.updated_at_ms,
    })?;
    Ok(())
}

/// The cart on the counter.
///
/// # Errors
/// Those of reading.
pub fn find_open(conn: &Conn) -> Result<Option<SavedCart>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT cart, recalled_from, taken_elsewhere, undo, updated_at_ms FROM cart WHERE place = 'open'",
    )?;
    first(statement.query([])?, "cart", read)
}

/// Notes that another register took a held cart before this one did; `true` when the cart still stands on the counter.
///
/// # Errors
/// Those of writing.
pub fn mark_taken_elsewhere(tx: &Tx<'_>, held: CartId) -> Result<bool, StoreError> {
    let marked = tx
        .prepare_cached("UPDATE cart SET taken_elsewhere = 1 WHERE place = 'open' AND recalled_from = :held")?
        .execute(named_params! { ":held": held.as_bytes() })?;
    Ok(marked > 0)
}

/// Drops a cart that was sold, emptied or put aside. Dropping one that is gone is harmless.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, cart_id: CartId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM cart WHERE cart_id = :id")?
        .execute(named_params! { ":id": cart_id.as_bytes() })?;
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<SavedCart, StoreError> {
    Ok(SavedCart {
        cart: c.json("cart")?,
        recalled_from: c.opt_id("recalled_from")?,
        taken_elsewhere: c.get("taken_elsewhere")?,
        undo: c.json("undo")?,
        updated_at_ms: c.get("updated_at_ms")?,
    })
}
