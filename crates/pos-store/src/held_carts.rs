//! Carts that were put aside, on this register or another.

use pos_domain::CartId;
use pos_domain::body::EntityKind;
use pos_domain::catalogue::HeldCart;
use rusqlite::named_params;
use serde_json::json;
use uuid::Uuid;

use crate::StoreError;
use crate::audit::{self, AuditEntry};
use crate::carts;
use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first, to_json};

/// One held cart with the row's revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: CartId) -> Result<Option<Shared<HeldCart>>, StoreError> {
    shared::find(conn, id.0)
}

/// All held carts, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn) -> Result<Vec<HeldCart>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT cart_id, label, cart, device_id, register, cashier, held_at_ms FROM held_cart
         WHERE deleted = 0 ORDER BY held_at_ms, cart_id",
    )?;
    all(statement.query([])?, "held_cart", read)
}

/// How many carts are held.
///
/// # Errors
/// Those of reading.
pub fn count(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM held_cart WHERE deleted = 0")?;
    Ok(first(statement.query([])?, "held_cart", |c| c.count("n"))?.unwrap_or(0))
}

/// Writes a cart held here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, cart: &HeldCart) -> Result<(), StoreError> {
    shared::put_local(tx, cart)
}

/// Takes a held cart away; queue the operation in the same transaction. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: CartId) -> Result<bool, StoreError> {
    shared::remove_local::<HeldCart>(tx, id.0)
}

/// The server says that another register had taken a held cart before this one: the trail keeps it, and the cart says so
/// where it still stands on the counter.
///
/// # Errors
/// Those of writing.
pub fn record_taken_elsewhere(tx: &Tx<'_>, id: CartId, now_ms: i64) -> Result<(), StoreError> {
    let on_counter = carts::mark_taken_elsewhere(tx, id)?;
    audit::record(
        tx,
        &AuditEntry {
            at_ms: now_ms,
            actor: "sync".to_owned(),
            action: "cart.taken_twice".to_owned(),
            subject: Some(id.0),
            detail: json!({ "on_counter": on_counter }),
        },
    )
    .map(drop)
}

/// Ids stand in carts as their 36 characters, which nothing else in a cart can be.
pub(crate) fn repoint(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE held_cart SET cart = replace(cart, :from, :to) WHERE instr(cart, :from) > 0")?
        .execute(named_params! { ":from": from.to_string(), ":to": to.to_string() })?;
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<HeldCart, StoreError> {
    Ok(HeldCart {
        cart_id: c.id("cart_id")?,
        label: c.get("label")?,
        cart: c.json("cart")?,
        device_id: c.id("device_id")?,
        register: c.get("register")?,
        cashier: c.get("cashier")?,
        held_at_ms: c.get("held_at_ms")?,
    })
}

impl SharedRow for HeldCart {
    const KIND: EntityKind = EntityKind::HeldCart;
    const FIELDS: &'static [&'static str] =
        &["cart_id", "label", "cart", "device_id", "register", "cashier", "held_at_ms"];

    fn row_id(&self) -> Uuid {
        self.cart_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT cart_id, label, cart, device_id, register, cashier, held_at_ms, rev, seq, deleted, server_fields,
                 extra
             FROM held_cart WHERE cart_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "held_cart", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO held_cart (cart_id, label, cart, device_id, register, cashier, held_at_ms, rev, seq, deleted,
                 server_fields, extra)
             VALUES (:id, :label, :cart, :device, :register, :cashier, :held_at, :rev, :seq, :deleted, :server_fields,
                 :extra)
             ON CONFLICT (cart_id) DO UPDATE SET label = excluded.label, cart = excluded.cart,
                 device_id = excluded.device_id, register = excluded.register, cashier = excluded.cashier,
                 held_at_ms = excluded.held_at_ms, rev = excluded.rev, seq = excluded.seq, deleted = excluded.deleted,
                 server_fields = excluded.server_fields, extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.cart_id.as_bytes(),
            ":label": self.label,
            ":cart": to_json("held_cart.cart", &self.cart)?,
            ":device": self.device_id.as_bytes(),
            ":register": self.register,
            ":cashier": self.cashier,
            ":held_at": self.held_at_ms,
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
