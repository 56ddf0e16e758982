//! Rows that came from the server: applied, promoted together with the cursor that covers them.
//!
//! A row is written only when its revision is higher than the one here. Rows of a kind or shape that this program
//! does not know are parked, not lost.

use std::collections::BTreeSet;

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::catalogue::HeldCart;
use pos_domain::serial::SerialEvent;
use pos_domain::stock::StockLevel;
use pos_domain::{Cashier, Category, Customer, OpId, Product};
use rusqlite::named_params;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::conflicts::{self, ConflictApplied};
use crate::health::{self, Direction};
use crate::settings::SettingRow;
use crate::shared::{self, Applied, ServerVersion};
use crate::sql::{Conn, Tx, all, first, int};
use crate::stock::LevelApplied;
use crate::topic::{Changed, Topic};
use crate::{StoreError, queue, stock};

/// A row as it stands on the server.
#[derive(Debug, Clone)]
pub struct IncomingRow {
    /// Place in the feed.
    pub seq: u64,
    /// Kind of row, see [`EntityKind`]; others are parked.
    pub entity: String,
    /// The row.
    pub id: Uuid,
    /// Revision.
    pub rev: u64,
    /// A tombstone.
    pub deleted: bool,
    /// The fields as a JSON object; none for a tombstone.
    pub data: Option<Box<RawValue>>,
}

/// One of this register's own operations and where its effects stand in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnEffect {
    /// The operation.
    pub op_id: OpId,
    /// Place of its effects.
    pub feed_seq: u64,
}

/// A page of the feed.
#[derive(Debug, Clone)]
pub struct Page {
    /// Rows in ascending seq.
    pub rows: Vec<IncomingRow>,
    /// Own operations whose effects lie in the page.
    pub own: Vec<OwnEffect>,
    /// Where this register stands once the page is promoted; opaque.
    pub next_cursor: String,
}

/// Where this register stands in the feed; `None` before the first sync.
///
/// # Errors
/// Those of reading.
pub fn find_cursor(conn: &Conn) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT cursor FROM sync_cursor WHERE id = 1")?;
    first(statement.query([])?, "sync_cursor", |c| c.get("cursor"))
}

/// Writes rows that came with a verdict or a snapshot page. A page of the feed goes through [`promote`].
///
/// # Errors
/// Those of writing. An unreadable row is no error: it is parked.
pub fn apply_rows(tx: &Tx<'_>, rows: &[IncomingRow]) -> Result<Changed, StoreError> {
    let mut changed = Changed::default();
    let mut added_balances = 0_i64;
    for row in rows {
        apply_row(tx, row, &mut changed, &mut added_balances)?;
    }
    stock::count_balances(tx, added_balances)?;
    Ok(changed)
}

/// Writes a page of the feed and moves the cursor, in this one transaction.
///
/// # Errors
/// Those of writing.
pub fn promote(tx: &Tx<'_>, page: &Page, now_ms: i64) -> Result<Changed, StoreError> {
    let mut changed = apply_rows(tx, &page.rows)?;
    for own in &page.own {
        queue::mark_own(tx, own.op_id, own.feed_seq)?;
    }
    if !page.own.is_empty() {
        changed.topics.insert(Topic::Stock);
    }
    let tables: BTreeSet<&str> = page.rows.iter().map(|row| row.entity.as_str()).collect();
    health::record_success(tx, Direction::Pull, tables, now_ms)?;
    set_cursor(tx, &page.next_cursor, now_ms)?;
    Ok(changed)
}

/// Sets the cursor without rows: at the mark of a first sync.
///
/// # Errors
/// Those of writing.
pub fn set_cursor(tx: &Tx<'_>, cursor: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO sync_cursor (id, cursor, promoted_at_ms) VALUES (1, :cursor, :now)
         ON CONFLICT (id) DO UPDATE SET cursor = excluded.cursor, promoted_at_ms = excluded.promoted_at_ms",
    )?
    .execute(named_params! { ":cursor": cursor, ":now": now_ms })?;
    Ok(())
}

/// This register has no place in the feed any more: everything is to be read anew.
///
/// # Errors
/// Those of writing.
pub fn forget_cursor(tx: &Tx<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM sync_cursor", [])?;
    Ok(())
}

/// Tries the parked rows again, after an update of this program.
///
/// # Errors
/// Those of writing.
pub fn retry_parked_rows(tx: &Tx<'_>) -> Result<Changed, StoreError> {
    let mut statement =
        tx.prepare("SELECT entity, id, rev, seq, deleted, data FROM parked_row ORDER BY seq")?;
    let rows = all(statement.query([])?, "parked_row", |c| {
        Ok(IncomingRow {
            seq: c.count("seq")?,
            entity: c.get("entity")?,
            id: c.id("id")?,
            rev: c.count("rev")?,
            deleted: c.get("deleted")?,
            data: c.opt_json("data")?,
        })
    })?;
    tx.execute("DELETE FROM parked_row", [])?;
    apply_rows(tx, &rows)
}

/// Computes a shared row anew; see [`crate::shared`].
pub(crate) fn refresh(tx: &Tx<'_>, kind: EntityKind, id: Uuid) -> Result<(), StoreError> {
    match kind {
        EntityKind::Setting => shared::refresh::<SettingRow>(tx, id),
        EntityKind::Category => shared::refresh::<Category>(tx, id),
        EntityKind::Product => shared::refresh::<Product>(tx, id),
        EntityKind::Customer => shared::refresh::<Customer>(tx, id),
        EntityKind::Cashier => shared::refresh::<Cashier>(tx, id),
        EntityKind::HeldCart => shared::refresh::<HeldCart>(tx, id),
        EntityKind::AccountEntry => shared::refresh::<AccountEntry>(tx, id),
        EntityKind::SerialEvent => shared::refresh::<SerialEvent>(tx, id),
        EntityKind::Stock | EntityKind::Conflict => Ok(()),
    }
}

/// Takes a row away that a given-up operation had made, unless the server has one under this id.
pub(crate) fn take_away(tx: &Tx<'_>, kind: EntityKind, id: Uuid) -> Result<(), StoreError> {
    match kind {
        EntityKind::Setting => shared::take_away::<SettingRow>(tx, id),
        EntityKind::Category => shared::take_away::<Category>(tx, id),
        EntityKind::Product => shared::take_away::<Product>(tx, id),
        EntityKind::Customer => shared::take_away::<Customer>(tx, id),
        EntityKind::Cashier => shared::take_away::<Cashier>(tx, id),
        EntityKind::HeldCart => shared::take_away::<HeldCart>(tx, id),
        EntityKind::AccountEntry => shared::take_away::<AccountEntry>(tx, id),
        EntityKind::SerialEvent => shared::take_away::<SerialEvent>(tx, id),
        EntityKind::Stock | EntityKind::Conflict => Ok(()),
    }
}

/// `added_balances` rises with each balance that is the first of its product.
fn apply_row(
    tx: &Tx<'_>,
    row: &IncomingRow,
    changed: &mut Changed,
    added_balances: &mut i64,
) -> Result<(), StoreError> {
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::TombstoneIsIgnored) && row.deleted {
        return Ok(());
    }
    let data = if row.deleted { None } else { row.data.as_deref().map(RawValue::get) };
    let version = ServerVersion { id: row.id, rev: row.rev, seq: row.seq, data };
    let Some(kind) = EntityKind::parse(&row.entity) else {
        return park(tx, row, "this program does not know rows of this kind");
    };
    let applied = match kind {
        EntityKind::Setting => shared::apply::<SettingRow>(tx, &version)?,
        EntityKind::Category => shared::apply::<Category>(tx, &version)?,
        EntityKind::Product => shared::apply::<Product>(tx, &version)?,
        EntityKind::Customer => shared::apply::<Customer>(tx, &version)?,
        EntityKind::Cashier => shared::apply::<Cashier>(tx, &version)?,
        EntityKind::HeldCart => shared::apply::<HeldCart>(tx, &version)?,
        EntityKind::AccountEntry => shared::apply::<AccountEntry>(tx, &version)?,
        EntityKind::SerialEvent => shared::apply::<SerialEvent>(tx, &version)?,
        EntityKind::Stock => apply_stock(tx, &version, added_balances)?,
        EntityKind::Conflict => match conflicts::apply(tx, &version)? {
            ConflictApplied::Known => Applied::Known,
            ConflictApplied::Written => Applied::Written,
            ConflictApplied::Opened => {
                changed.conflicts_opened = changed.conflicts_opened.saturating_add(1);
                Applied::Written
            }
            ConflictApplied::NotReadable(reason) => Applied::NotReadable(reason),
        },
    };
    match applied {
        Applied::Known => {}
        Applied::Written => {
            changed.topics.insert(topic_of(kind));
            changed.rows = changed.rows.saturating_add(1);
        }
        Applied::NotReadable(reason) => park(tx, row, &reason)?,
    }
    Ok(())
}

fn apply_stock(
    tx: &Tx<'_>,
    version: &ServerVersion<'_>,
    added_balances: &mut i64,
) -> Result<Applied, StoreError> {
    // A stock row ends with its product; its last balance harms nobody.
    let Some(data) = version.data else { return Ok(Applied::Known) };
    match serde_json::from_str::<StockLevel>(data) {
        Ok(level) if level.product_id.0 == version.id => {
            match stock::apply_level(tx, &level, version.rev, version.seq)? {
                LevelApplied::Known => Ok(Applied::Known),
                LevelApplied::Changed => Ok(Applied::Written),
                LevelApplied::Added => {
                    *added_balances = added_balances.saturating_add(1);
                    Ok(Applied::Written)
                }
            }
        }
        Ok(level) => Ok(Applied::NotReadable(format!("the row's product is {}", level.product_id))),
        Err(e) => Ok(Applied::NotReadable(e.to_string())),
    }
}

fn park(tx: &Tx<'_>, row: &IncomingRow, reason: &str) -> Result<(), StoreError> {
    tracing::warn!(entity = row.entity, id = %row.id, reason, "a row is parked");
    tx.prepare_cached(
        "INSERT INTO parked_row (entity, id, rev, seq, deleted, data, reason)
         VALUES (:entity, :id, :rev, :seq, :deleted, :data, :reason)
         ON CONFLICT (entity, id) DO UPDATE SET rev = excluded.rev, seq = excluded.seq, deleted = excluded.deleted,
             data = excluded.data, reason = excluded.reason WHERE excluded.rev > parked_row.rev",
    )?
    .execute(named_params! {
        ":entity": row.entity,
        ":id": row.id.into_bytes(),
        ":rev": int("parked_row.rev", row.rev)?,
        ":seq": int("parked_row.seq", row.seq)?,
        ":deleted": row.deleted,
        ":data": row.data.as_deref().map(RawValue::get),
        ":reason": reason,
    })?;
    Ok(())
}

const fn topic_of(kind: EntityKind) -> Topic {
    match kind {
        EntityKind::Setting => Topic::Settings,
        EntityKind::Category => Topic::Categories,
        EntityKind::Product => Topic::Products,
        EntityKind::Stock => Topic::Stock,
        EntityKind::Customer => Topic::Customers,
        EntityKind::Cashier => Topic::Cashiers,
        EntityKind::Conflict => Topic::Conflicts,
        EntityKind::HeldCart => Topic::Carts,
        EntityKind::AccountEntry => Topic::Accounts,
        EntityKind::SerialEvent => Topic::Serials,
    }
}
