//! Stock as this register knows it: the server's balance, and own movements that the balance does not contain yet.
//!
//! A movement is contained in the balance of its product as soon as the place of its operation in the server's feed
//! is known and the balance stands at that place or after it. Until then it stands in `stock_pending`. A pulled
//! balance therefore never overwrites what was sold here, and never counts it twice.

use pos_domain::stock::{MovementReason, StockLevel, shown as shown_of};
use pos_domain::{LineId, MovementId, OpId, OperationBody, ProductId, Quantity, SaleId};
use rusqlite::named_params;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first, int};

/// What is known about the stock of one product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownStock {
    /// The server's balance; zero while none has come.
    pub server: Quantity,
    /// Own movements that it does not contain.
    pub pending: Quantity,
    /// What a cashier sees: their sum.
    pub shown: Quantity,
    /// Sold beyond what was there, by the server's balance.
    pub oversold: Quantity,
}

/// One movement of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// Made by the register; for a sale it is the line's id.
    pub movement_id: MovementId,
    /// Whose stock.
    pub product_id: ProductId,
    /// Negative when goods leave.
    pub delta: Quantity,
    /// Why.
    pub reason: MovementReason,
    /// The operation that tells the server.
    pub op_id: OpId,
    /// The document's line, for sales and refunds.
    pub line: Option<(SaleId, LineId)>,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// The movement that a line of a document causes: one cause, one id.
pub(crate) fn movement_id_of_line(line_id: LineId) -> MovementId {
    MovementId(line_id.0)
}

/// The movements that an operation other than a sale causes: a first count, an adjustment. Lines of products whose
/// stock is not counted only document.
pub(crate) fn movements_of_body(body: &OperationBody, op_id: OpId, made_at_ms: i64) -> Vec<Movement> {
    let movement = |movement_id, product_id, delta, reason| Movement {
        movement_id,
        product_id,
        delta,
        reason,
        op_id,
        line: None,
        at_ms: made_at_ms,
    };
    match body {
        OperationBody::EntityCreate(create) => {
            let counted = create.fields.get("track_stock").and_then(Value::as_bool) == Some(true);
            let opening = create.opening_stock.filter(|o| counted && !o.qty.is_zero());
            opening
                .map(|o| movement(o.movement_id, ProductId(create.id), o.qty, MovementReason::Opening))
                .into_iter()
                .collect()
        }
        OperationBody::StockAdjust(adjustment) => adjustment
            .lines
            .iter()
            .filter(|line| line.track_stock)
            .map(|line| movement(line.movement_id, line.product_id, line.delta, adjustment.reason))
            .collect(),
        OperationBody::SaleComplete(_)
        | OperationBody::TillRecord(_)
        | OperationBody::SerialNote(_)
        | OperationBody::EntityUpdate(_)
        | OperationBody::EntityDelete(_)
        | OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => Vec::new(),
    }
}

/// The movement that undoes another one.
pub(crate) fn reversal_of(movement: &Movement, at_ms: i64) -> Movement {
    Movement {
        movement_id: reversal_id(movement.movement_id),
        delta: movement.delta.negated(),
        reason: MovementReason::Reversal,
        at_ms,
        ..*movement
    }
}

/// The id of the movement that undoes another one: the same on every try.
fn reversal_id(movement_id: MovementId) -> MovementId {
    let digest = pos_domain::Hash32::of(format!("comptoir.reversal.{movement_id}").as_bytes());
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.0) {
        *to = from;
    }
    MovementId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// The stock of one product.
///
/// # Errors
/// Those of reading.
pub fn shown(conn: &Conn, product_id: ProductId) -> Result<ShownStock, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT coalesce((SELECT on_hand_milli FROM stock_level WHERE product_id = :id), 0) AS on_hand,
             coalesce((SELECT oversold_milli FROM stock_level WHERE product_id = :id), 0) AS oversold,
             coalesce((SELECT sum(delta_milli) FROM stock_pending WHERE product_id = :id), 0) AS pending",
    )?;
    let found =
        first(statement.query(named_params! { ":id": product_id.as_bytes() })?, "stock_level", |c| {
            Ok((c.qty("on_hand")?, c.qty("pending")?, c.qty("oversold")?))
        })?;
    let (server, pending, oversold) = found.unwrap_or_default();
    let shown = shown_of(server, pending).map_err(|e| StoreError::unreadable("stock_pending", e))?;
    Ok(ShownStock { server, pending, shown, oversold })
}

/// The stock of several products, in their order.
///
/// # Errors
/// Those of reading.
pub fn shown_many(conn: &Conn, products: &[ProductId]) -> Result<Vec<ShownStock>, StoreError> {
    products.iter().map(|id| shown(conn, *id)).collect()
}

/// Appends a movement; it is pending until the server's balance contains it. Queueing an operation records the
/// movements that it causes, so nobody else does.
pub(crate) fn record_movement(tx: &Tx<'_>, movement: &Movement) -> Result<(), StoreError> {
    append(tx, movement)?;
    tx.prepare_cached(
        "INSERT INTO stock_pending (product_id, movement_id, op_id, delta_milli) VALUES (:product, :id, :op, :delta)",
    )?
    .execute(named_params! {
        ":product": movement.product_id.as_bytes(),
        ":id": movement.movement_id.as_bytes(),
        ":op": movement.op_id.as_bytes(),
        ":delta": movement.delta.milli(),
    })?;
    Ok(())
}

/// How many movements the ledger of this file holds.
///
/// # Errors
/// Those of reading.
pub fn count_movements(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM stock_movement")?;
    Ok(first(statement.query([])?, "stock_movement", |c| c.count("n"))?.unwrap_or(0))
}

/// The newest movements of one product, newest first.
///
/// # Errors
/// Those of reading.
pub fn list_movements(conn: &Conn, product_id: ProductId, limit: u32) -> Result<Vec<Movement>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT movement_id, product_id, delta_milli, reason, op_id, sale_id, line_id, at_ms FROM stock_movement
         WHERE product_id = :id ORDER BY at_ms DESC LIMIT :limit",
    )?;
    let rows = statement.query(named_params! { ":id": product_id.as_bytes(), ":limit": limit })?;
    all(rows, "stock_movement", read)
}

/// The movements of one operation.
pub(crate) fn list_of(conn: &Conn, op_id: OpId) -> Result<Vec<Movement>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT movement_id, product_id, delta_milli, reason, op_id, sale_id, line_id, at_ms FROM stock_movement
         WHERE op_id = :op ORDER BY movement_id",
    )?;
    all(statement.query(named_params! { ":op": op_id.as_bytes() })?, "stock_movement", read)
}

/// Undoes the movements of an operation that came to nothing. Movement and reversal cancel, so neither waits for a
/// balance.
pub(crate) fn reverse(tx: &Tx<'_>, op_id: OpId, at_ms: i64) -> Result<(), StoreError> {
    for movement in list_of(tx, op_id)? {
        append(tx, &reversal_of(&movement, at_ms))?;
    }
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::RollbackKeepsItsMovements) {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM stock_pending WHERE op_id = :op")?
        .execute(named_params! { ":op": op_id.as_bytes() })?;
    Ok(())
}

/// What became of a balance that came from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LevelApplied {
    /// Known already.
    Known,
    /// Written over the one before.
    Changed,
    /// The first one of its product; [`count_balances`] must hear of it.
    Added,
}

/// Writes the server's balance and lets go of the movements that it contains.
pub(crate) fn apply_level(
    tx: &Tx<'_>,
    level: &StockLevel,
    rev: u64,
    seq: u64,
) -> Result<LevelApplied, StoreError> {
    let (rev, seq) = (int("stock_level.rev", rev)?, int("stock_level.seq", seq)?);
    let id = level.product_id.as_bytes();
    let mut statement = tx.prepare_cached("SELECT rev FROM stock_level WHERE product_id = :id")?;
    let before: Option<i64> =
        first(statement.query(named_params! { ":id": id })?, "stock_level", |c| c.get("rev"))?;
    // Not an upsert: see `products::table`.
    let (sql, applied) = match before {
        Some(before) if before >= rev => return Ok(LevelApplied::Known),
        Some(_) => (
            "UPDATE stock_level SET on_hand_milli = :on_hand, oversold_milli = :oversold, rev = :rev, seq = :seq,
                 seal = :seal WHERE product_id = :id",
            LevelApplied::Changed,
        ),
        None => (
            "INSERT INTO stock_level (product_id, on_hand_milli, oversold_milli, rev, seq, seal)
             VALUES (:id, :on_hand, :oversold, :rev, :seq, :seal)",
            LevelApplied::Added,
        ),
    };
    let sealed = Balance {
        product_id: level.product_id,
        on_hand_milli: level.on_hand.milli(),
        oversold_milli: level.oversold.milli(),
        rev,
        seq,
    };
    tx.prepare_cached(sql)?.execute(named_params! {
        ":id": id,
        ":on_hand": level.on_hand.milli(),
        ":oversold": level.oversold.milli(),
        ":rev": rev,
        ":seq": seq,
        ":seal": sealed.seal(),
    })?;
    #[cfg(feature = "planted")] // Incident 15.
    if pos_planted::is(pos_planted::Bug::PulledBalanceHidesOwnSales) {
        tx.execute("DELETE FROM stock_pending WHERE product_id = :id", named_params! { ":id": id })?;
    }
    contain_up_to(tx, level.product_id, seq)?;
    Ok(applied)
}

/// A product's balance stands at `seq`: the movements whose effects lie at that place or before leave its pending stock.
fn contain_up_to(tx: &Tx<'_>, product_id: ProductId, seq: i64) -> Result<(), StoreError> {
    let mut contained = tx.prepare_cached(
        "SELECT p.product_id, p.movement_id FROM stock_pending AS p JOIN sync_queue AS q ON q.op_id = p.op_id
         WHERE p.product_id = :id AND q.feed_seq <= :seq",
    )?;
    let rows = contained.query(named_params! { ":id": product_id.as_bytes(), ":seq": seq })?;
    let movements = all(rows, "stock_pending", pending_key)?;
    no_longer_pending(tx, movements)
}

/// Remembers how many balances there are, so that one that another program added or took away is noticed.
pub(crate) fn count_balances(tx: &Tx<'_>, change: i64) -> Result<(), StoreError> {
    if change != 0 {
        tx.prepare_cached("UPDATE row_count SET rows = rows + :change WHERE table_name = 'stock_level'")?
            .execute(named_params! { ":change": change })?;
    }
    Ok(())
}

/// Takes away the balances that the server did not send when everything was read anew.
pub(crate) fn remove_unseen(tx: &Tx<'_>) -> Result<(), StoreError> {
    let removed = tx.prepare_cached("DELETE FROM stock_level WHERE rev = 0")?.execute([])?;
    count_balances(tx, int("row_count.rows", removed)?.saturating_neg())
}

/// The place of an operation's effects is known: its movements leave the pending stock of each product whose balance
/// stands there or further.
pub(crate) fn contain(tx: &Tx<'_>, op_id: OpId, feed_seq: u64) -> Result<(), StoreError> {
    let mut contained = tx.prepare_cached(
        "SELECT p.product_id, p.movement_id FROM stock_pending AS p
         JOIN stock_level AS l ON l.product_id = p.product_id WHERE p.op_id = :op AND l.seq >= :seq",
    )?;
    let seq = int("sync_queue.feed_seq", feed_seq)?;
    #[cfg(feature = "planted")]
    let seq = if pos_planted::is(pos_planted::Bug::MovementContainedTooEarly) {
        seq.saturating_sub(1)
    } else {
        seq
    };
    let rows = contained.query(named_params! { ":op": op_id.as_bytes(), ":seq": seq })?;
    let movements = all(rows, "stock_pending", pending_key)?;
    no_longer_pending(tx, movements)
}

fn pending_key(c: &Columns<'_, '_>) -> Result<(ProductId, MovementId), StoreError> {
    Ok((c.id("product_id")?, c.id("movement_id")?))
}

/// One by one by their keys: a DELETE that looks for its rows through another table gathers them in a table of its own
/// first, which costs more than the rows themselves, and most often finds none.
fn no_longer_pending(tx: &Tx<'_>, movements: Vec<(ProductId, MovementId)>) -> Result<(), StoreError> {
    let mut delete = tx.prepare_cached(
        "DELETE FROM stock_pending WHERE product_id = :product AND movement_id = :movement",
    )?;
    for (product_id, movement_id) in movements {
        delete.execute(named_params! {
            ":product": product_id.as_bytes(), ":movement": movement_id.as_bytes(),
        })?;
    }
    Ok(())
}

/// The server does not know an operation any more: its movements leave the balance here and are pending again, so
/// that what is shown stays the same.
pub(crate) fn release(tx: &Tx<'_>, op_id: OpId) -> Result<(), StoreError> {
    let mut pending = tx.prepare_cached(
        "INSERT OR IGNORE INTO stock_pending (product_id, movement_id, op_id, delta_milli)
         VALUES (:product, :id, :op, :delta)",
    )?;
    let mut balance = tx.prepare_cached(
        "UPDATE stock_level SET on_hand_milli = on_hand_milli - :delta WHERE product_id = :product",
    )?;
    for movement in list_of(tx, op_id)? {
        let inserted = pending.execute(named_params! {
            ":product": movement.product_id.as_bytes(),
            ":id": movement.movement_id.as_bytes(),
            ":op": op_id.as_bytes(),
            ":delta": movement.delta.milli(),
        })?;
        if inserted == 1 {
            balance.execute(named_params! {
                ":delta": movement.delta.milli(), ":product": movement.product_id.as_bytes(),
            })?;
            seal(tx, movement.product_id)?;
        }
    }
    Ok(())
}

/// The server has an operation, and the next balances that it sends contain it, whatever place in the feed they stand at:
/// its movements enter the balances here, so that what is shown stays the same.
pub(crate) fn take_in(tx: &Tx<'_>, op_id: OpId) -> Result<(), StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT product_id, movement_id FROM stock_pending WHERE op_id = :op")?;
    let rows = statement.query(named_params! { ":op": op_id.as_bytes() })?;
    let pending = all(rows, "stock_pending", pending_key)?;
    let mut balance = tx.prepare_cached(
        "UPDATE stock_level SET on_hand_milli = on_hand_milli + (SELECT delta_milli FROM stock_pending
             WHERE product_id = :product AND movement_id = :movement) WHERE product_id = :product",
    )?;
    for (product_id, movement_id) in &pending {
        balance.execute(named_params! {
            ":product": product_id.as_bytes(), ":movement": movement_id.as_bytes(),
        })?;
        seal(tx, *product_id)?;
    }
    no_longer_pending(tx, pending)
}

/// A balance as it stands in its row, for its seal.
pub(crate) struct Balance {
    product_id: ProductId,
    on_hand_milli: i64,
    oversold_milli: i64,
    rev: i64,
    seq: i64,
}

impl Balance {
    /// The columns that [`Balance::read`] reads.
    pub(crate) const COLUMNS: &str =
        "SELECT product_id, on_hand_milli, oversold_milli, rev, seq FROM stock_level";

    pub(crate) fn read(c: &Columns<'_, '_>) -> Result<Self, StoreError> {
        Ok(Self {
            product_id: c.id("product_id")?,
            on_hand_milli: c.get("on_hand_milli")?,
            oversold_milli: c.get("oversold_milli")?,
            rev: c.get("rev")?,
            seq: c.get("seq")?,
        })
    }

    /// What tells that the row is as this program wrote it. No secret: it finds mistakes and other tools, not forgers.
    pub(crate) fn seal(&self) -> [u8; 8] {
        let mut bytes = Vec::with_capacity(48);
        bytes.extend_from_slice(self.product_id.as_bytes());
        for number in [self.on_hand_milli, self.oversold_milli, self.rev, self.seq] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let mut seal = [0; 8];
        for (to, from) in seal.iter_mut().zip(pos_domain::Hash32::of(&bytes).0) {
            *to = from;
        }
        seal
    }
}

/// Whether balances stand here that were written before there were seals.
pub(crate) fn has_unsealed(conn: &Conn) -> Result<bool, StoreError> {
    let mut statement = conn.prepare("SELECT 1 FROM stock_level WHERE seal IS NULL LIMIT 1")?;
    Ok(statement.exists([])?)
}

/// Seals them.
pub(crate) fn seal_all(tx: &Tx<'_>) -> Result<(), StoreError> {
    let mut statement = tx.prepare("SELECT product_id FROM stock_level WHERE seal IS NULL")?;
    let unsealed: Vec<ProductId> = all(statement.query([])?, "stock_level", |c| c.id("product_id"))?;
    unsealed.into_iter().try_for_each(|product_id| seal(tx, product_id))
}

/// Seals the balance of a product anew, after a change of this program's own.
fn seal(tx: &Tx<'_>, product_id: ProductId) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(&format!("{} WHERE product_id = :id", Balance::COLUMNS))?;
    let id = product_id.as_bytes();
    if let Some(balance) = first(statement.query(named_params! { ":id": id })?, "stock_level", Balance::read)?
    {
        tx.prepare_cached("UPDATE stock_level SET seal = :seal WHERE product_id = :id")?
            .execute(named_params! { ":seal": balance.seal(), ":id": id })?;
    }
    Ok(())
}

/// Gives balance and pending movements of a product to another one, whose balance may contain them already.
pub(crate) fn rename(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    let product_id = ProductId(to);
    let (from, to) = (from.into_bytes(), to.into_bytes());
    for sql in [
        "UPDATE stock_movement SET product_id = :to WHERE product_id = :from",
        "UPDATE stock_pending SET product_id = :to WHERE product_id = :from",
    ] {
        tx.prepare_cached(sql)?.execute(named_params! { ":from": from, ":to": to })?;
    }
    let removed = tx
        .prepare_cached("DELETE FROM stock_level WHERE product_id = :from")?
        .execute(named_params! { ":from": from })?;
    count_balances(tx, int("row_count.rows", removed)?.saturating_neg())?;
    let mut statement = tx.prepare_cached("SELECT seq FROM stock_level WHERE product_id = :to")?;
    let stands_at = first(statement.query(named_params! { ":to": to })?, "stock_level", |c| c.get("seq"))?;
    match stands_at {
        Some(seq) => contain_up_to(tx, product_id, seq),
        None => Ok(()),
    }
}

fn append(tx: &Tx<'_>, movement: &Movement) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO stock_movement (movement_id, product_id, delta_milli, reason, op_id, sale_id, line_id, at_ms)
         VALUES (:id, :product, :delta, :reason, :op, :sale, :line, :at)",
    )?
    .execute(named_params! {
        ":id": movement.movement_id.as_bytes(),
        ":product": movement.product_id.as_bytes(),
        ":delta": movement.delta.milli(),
        ":reason": movement.reason.as_str(),
        ":op": movement.op_id.as_bytes(),
        ":sale": movement.line.map(|(sale_id, _)| *sale_id.as_bytes()),
        ":line": movement.line.map(|(_, line_id)| *line_id.as_bytes()),
        ":at": movement.at_ms,
    })?;
    Ok(())
}

pub(crate) fn read(c: &Columns<'_, '_>) -> Result<Movement, StoreError> {
    let sale_id: Option<SaleId> = c.opt_id("sale_id")?;
    let line_id: Option<LineId> = c.opt_id("line_id")?;
    if sale_id.is_some() != line_id.is_some() {
        return Err(StoreError::unreadable(
            "stock_movement",
            "a sale without a line, or a line without a sale",
        ));
    }
    Ok(Movement {
        movement_id: c.id("movement_id")?,
        product_id: c.id("product_id")?,
        delta: c.qty("delta_milli")?,
        reason: c.word("reason")?,
        op_id: c.id("op_id")?,
        line: sale_id.zip(line_id),
        at_ms: c.get("at_ms")?,
    })
}
