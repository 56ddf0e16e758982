//! How far a first sync, or a new snapshot after a server was restored, has come: resumable page by page.

use pos_domain::body::EntityKind;
use rusqlite::named_params;
use uuid::Uuid;

use crate::feed::{self, IncomingRow};
use crate::health::{self, Direction};
use crate::sql::{Conn, Tx, all, first, int};
use crate::topic::Changed;
use crate::{StoreError, products, stock};

/// How far one kind of row has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Kind of row.
    pub entity: String,
    /// Last key that is written here; ask on after it.
    pub last_key: Option<Uuid>,
    /// Rows written so far.
    pub done_rows: u64,
    /// Rows in all, as of the last page.
    pub total_rows: u64,
    /// Nothing more to ask for.
    pub complete: bool,
}

/// A running first sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Cursor from which the feed goes on afterwards: the mark of the very first page.
    pub mark: String,
    /// One per kind, in the order of the first sync.
    pub checkpoints: Vec<Checkpoint>,
}

/// One page of a first sync.
#[derive(Debug)]
pub struct SnapshotPage<'a> {
    /// Kind of row.
    pub entity: EntityKind,
    /// Rows in key order.
    pub rows: &'a [IncomingRow],
    /// Key to ask after; `None` when this was the last page of its kind.
    pub next: Option<Uuid>,
    /// Rows of this kind in all.
    pub total_rows: u64,
}

/// The running first sync, if one runs.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn) -> Result<Option<Progress>, StoreError> {
    let mut snapshot = conn.prepare_cached("SELECT mark FROM sync_snapshot WHERE id = 1")?;
    let Some(mark) = first(snapshot.query([])?, "sync_snapshot", |c| c.get("mark"))? else {
        return Ok(None);
    };
    let mut statement =
        conn.prepare_cached("SELECT entity, last_key, done_rows, total_rows, complete FROM sync_checkpoint")?;
    let mut checkpoints = all(statement.query([])?, "sync_checkpoint", |c| {
        Ok(Checkpoint {
            entity: c.get("entity")?,
            last_key: c.opt_id("last_key")?,
            done_rows: c.count("done_rows")?,
            total_rows: c.count("total_rows")?,
            complete: c.get("complete")?,
        })
    })?;
    let place = |entity: &str| EntityKind::ALL.iter().position(|kind| kind.as_str() == entity);
    checkpoints.sort_by_key(|checkpoint| place(&checkpoint.entity));
    Ok(Some(Progress { mark, checkpoints }))
}

/// Begins a first sync whose feed will go on from `mark`, the mark of its very first page. Rows that are here already
/// count as unseen: those that the server does not send again are removed by [`finish`].
///
/// # Errors
/// [`StoreError::Sql`] when one runs already.
pub fn begin(tx: &Tx<'_>, mark: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sync_snapshot (id, mark, began_at_ms) VALUES (1, :mark, :now)",
        named_params! { ":mark": mark, ":now": now_ms },
    )?;
    tx.execute("DELETE FROM sync_cursor", [])?;
    tx.execute("DELETE FROM sync_checkpoint", [])?;
    for kind in EntityKind::ALL {
        tx.prepare_cached(
            "INSERT INTO sync_checkpoint (entity, done_rows, total_rows, complete) VALUES (:entity, 0, 0, 0)",
        )?
        .execute(named_params! { ":entity": kind.as_str() })?;
        tx.execute(&format!("UPDATE {} SET rev = 0, seq = 0 WHERE rev > 0", table_of(kind)), [])?;
    }
    Ok(())
}

/// Writes a page and its checkpoint, in this one transaction.
///
/// # Errors
/// Those of writing.
pub fn apply_page(tx: &Tx<'_>, page: &SnapshotPage<'_>) -> Result<Changed, StoreError> {
    let changed = feed::apply_rows(tx, page.rows)?;
    let last = page.rows.last().map(|row| row.id.into_bytes());
    tx.prepare_cached(
        "UPDATE sync_checkpoint SET last_key = coalesce(:last, last_key), done_rows = done_rows + :rows,
             total_rows = :total, complete = :complete
         WHERE entity = :entity",
    )?
    .execute(named_params! {
        ":last": last,
        ":rows": int("sync_checkpoint.done_rows", page.rows.len())?,
        ":total": int("sync_checkpoint.total_rows", page.total_rows)?,
        ":complete": page.next.is_none(),
        ":entity": page.entity.as_str(),
    })?;
    Ok(changed)
}

/// Ends a first sync: rows that the server did not send and that no operation of ours will make are removed, and the
/// feed goes on from the mark.
///
/// # Errors
/// [`StoreError::WrongState`] while a kind is not complete or none runs.
pub fn finish(tx: &Tx<'_>, now_ms: i64) -> Result<(), StoreError> {
    let running = find(tx)?;
    let Some(progress) = running.filter(|p| p.checkpoints.iter().all(|c| c.complete)) else {
        return Err(StoreError::WrongState { what: "first sync", id: Uuid::nil(), state: "not complete" });
    };
    for kind in EntityKind::ALL {
        remove_unseen(tx, kind)?;
    }
    health::record_success(tx, Direction::Pull, EntityKind::ALL.map(EntityKind::as_str), now_ms)?;
    tx.execute("DELETE FROM sync_snapshot", [])?;
    tx.execute("DELETE FROM sync_checkpoint", [])?;
    feed::set_cursor(tx, &progress.mark, now_ms)
}

/// Gives up a first sync that cannot go on, because its mark means nothing any more; the next one begins anew. What it
/// wrote stays until then.
///
/// # Errors
/// Those of writing.
pub fn abandon(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sync_snapshot", [])?;
    tx.execute("DELETE FROM sync_checkpoint", [])?;
    Ok(())
}

fn remove_unseen(tx: &Tx<'_>, kind: EntityKind) -> Result<(), StoreError> {
    let (table, key) = (table_of(kind), key_of(kind));
    let waits = format!(
        "EXISTS (SELECT 1 FROM sync_queue AS q WHERE q.entity_id = {table}.{key} AND q.entity = '{entity}'
             AND q.state NOT IN ('acknowledged', 'rejected'))",
        entity = kind.as_str(),
    );
    // Words are taken away one by one: most often there is nothing unseen, and one walk of the table tells.
    let numbers = |number: &str| -> Result<Vec<i64>, StoreError> {
        let mut statement = tx.prepare(&format!(
            "SELECT {number} AS no FROM {table} WHERE rev = 0 AND deleted = 0 AND NOT {waits}"
        ))?;
        all(statement.query([])?, table, |c| c.get("no"))
    };
    match kind {
        EntityKind::Product => numbers("product_no")?.into_iter().try_for_each(|no| {
            products::unindex(tx, no)?;
            tx.prepare_cached("UPDATE product SET deleted = 1 WHERE product_no = :no")?
                .execute(named_params! { ":no": no })?;
            Ok(())
        }),
        EntityKind::Customer => numbers("customer_no")?.into_iter().try_for_each(|no| {
            tx.prepare_cached("DELETE FROM customer_fts WHERE rowid = :no")?
                .execute(named_params! { ":no": no })?;
            tx.prepare_cached("UPDATE customer SET deleted = 1 WHERE customer_no = :no")?
                .execute(named_params! { ":no": no })?;
            Ok(())
        }),
        // A balance or conflict that the server does not know any more is history, not a row to act on.
        EntityKind::Stock => stock::remove_unseen(tx),
        EntityKind::Conflict => {
            tx.execute("UPDATE conflict SET status = 'resolved' WHERE rev = 0", [])?;
            Ok(())
        }
        EntityKind::Setting
        | EntityKind::Category
        | EntityKind::Cashier
        | EntityKind::HeldCart
        | EntityKind::SerialEvent
        | EntityKind::AccountEntry => {
            let unseen =
                format!("UPDATE {table} SET deleted = 1 WHERE rev = 0 AND deleted = 0 AND NOT {waits}");
            tx.execute(&unseen, [])?;
            Ok(())
        }
    }
}

const fn table_of(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Setting => "setting",
        EntityKind::Category => "category",
        EntityKind::Product => "product",
        EntityKind::Stock => "stock_level",
        EntityKind::Customer => "customer",
        EntityKind::Cashier => "cashier",
        EntityKind::Conflict => "conflict",
        EntityKind::HeldCart => "held_cart",
        EntityKind::AccountEntry => "account_entry",
        EntityKind::SerialEvent => "serial_event",
    }
}

const fn key_of(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Setting => "setting_id",
        EntityKind::Category => "category_id",
        EntityKind::Product | EntityKind::Stock => "product_id",
        EntityKind::Customer => "customer_id",
        EntityKind::Cashier => "cashier_id",
        EntityKind::Conflict => "conflict_id",
        EntityKind::HeldCart => "cart_id",
        EntityKind::AccountEntry => "document_id",
        EntityKind::SerialEvent => "event_id",
    }
}
