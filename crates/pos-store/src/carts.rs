//! Open and held carts: a power cut brings them back as they were.

use pos_domain::{Cart, CartId};
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first, to_json};

/// Where a cart is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CartPlace {
    /// On the counter; there is at most one.
    Open,
    /// Put aside, under a name when one was given.
    Held(Option<String>),
}

/// A cart as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedCart {
    /// The cart.
    pub cart: Cart,
    /// Where it is.
    pub place: CartPlace,
    /// Earlier states, latest last.
    pub undo: Vec<Cart>,
    /// Milliseconds since 1970 UTC.
    pub updated_at_ms: i64,
}

/// Keeps a cart, replacing its earlier state.
///
/// # Errors
/// [`StoreError::Sql`] when another cart stands on the counter already.
pub fn save(tx: &Tx<'_>, saved: &SavedCart) -> Result<(), StoreError> {
    let (place, label) = match &saved.place {
        CartPlace::Open => ("open", None),
        CartPlace::Held(label) => ("held", label.as_deref()),
    };
    tx.prepare_cached(
        "INSERT INTO cart (cart_id, place, label, cart, undo, updated_at_ms)
         VALUES (:id, :place, :label, :cart, :undo, :at)
         ON CONFLICT (cart_id) DO UPDATE SET place = excluded.place, label = excluded.label,
             cart = excluded.cart, undo = excluded.undo, updated_at_ms = excluded.updated_at_ms",
    )?
    .execute(named_params! {
        ":id": saved.cart.cart_id.as_bytes(),
        ":place": place,
        ":label": label,
        ":cart": to_json("cart.cart", &saved.cart)?,
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
    let mut statement =
        conn.prepare_cached("SELECT place, label, cart, undo, updated_at_ms FROM cart WHERE place = 'open'")?;
    first(statement.query([])?, "cart", read)
}

/// One cart.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, cart_id: CartId) -> Result<Option<SavedCart>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT place, label, cart, undo, updated_at_ms FROM cart WHERE cart_id = :id")?;
    first(statement.query(named_params! { ":id": cart_id.as_bytes() })?, "cart", read)
}

/// The carts put aside, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_held(conn: &Conn) -> Result<Vec<SavedCart>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT place, label, cart, undo, updated_at_ms FROM cart WHERE place = 'held' ORDER BY updated_at_ms, cart_id",
    )?;
    all(statement.query([])?, "cart", read)
}

/// Drops a cart that was sold or emptied. Dropping one that is gone is harmless.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, cart_id: CartId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM cart WHERE cart_id = :id")?
        .execute(named_params! { ":id": cart_id.as_bytes() })?;
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<SavedCart, StoreError> {
    let place: String = c.get("place")?;
    Ok(SavedCart {
        cart: c.json("cart")?,
        place: if place == "open" { CartPlace::Open } else { CartPlace::Held(c.get("label")?) },
        undo: c.json("undo")?,
        updated_at_ms: c.get("updated_at_ms")?,
    })
}
