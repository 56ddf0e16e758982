//! The server's versions of rows as this register holds them, in ranges of keys: what a comparison with the server
//! looks at, and how a range that differs is put right.
//!
//! Own edits that the server does not have yet are left out of a version and stay on top of the row.

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::catalogue::HeldCart;
use pos_domain::merge::Fields;
use pos_domain::serial::SerialEvent;
use pos_domain::stock::StockLevel;
use pos_domain::{Cashier, Category, Customer, Product};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::feed::{self, IncomingRow};
use crate::settings::SettingRow;
use crate::shared::{self, SharedRow};
use crate::sql::{Conn, Tx, all, first};
use crate::topic::Changed;

/// One row as the server had it when it was last received.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptVersion {
    /// The row.
    pub id: Uuid,
    /// The server's revision.
    pub rev: u64,
    /// Place in the feed at which it was received.
    pub seq: u64,
    /// Its fields.
    pub fields: Fields,
}

/// Keys from `from` to below `until`, or to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyRange {
    /// The lowest key.
    pub from: Uuid,
    /// The first key that is not meant any more.
    pub until: Option<Uuid>,
}

impl KeyRange {
    /// Every key.
    pub const ALL: Self = Self { from: Uuid::nil(), until: None };
}

/// Visits the versions of a kind in a range, tombstones left out. Rows that this program could not read count as well:
/// they are here, parked.
///
/// # Errors
/// Those of reading.
pub fn visit(
    conn: &Conn,
    kind: EntityKind,
    range: KeyRange,
    mut visit: impl FnMut(KeptVersion),
) -> Result<(), StoreError> {
    for parked in list_parked(conn, kind, range)? {
        visit(parked);
    }
    let mut keys = conn.prepare_cached(keys_of(kind))?;
    let mut rows = keys.query(named_params! {
        ":from": range.from.into_bytes(),
        ":until": range.until.map(Uuid::into_bytes),
        ":entity": kind.as_str(),
    })?;
    while let Some(row) = rows.next()? {
        let id = Uuid::from_bytes(row.get("id")?);
        if let Some(version) = find(conn, kind, id)? {
            visit(version);
        }
    }
    Ok(())
}

/// Writes rows as the server has them, whatever stands here under their keys.
///
/// # Errors
/// Those of writing.
pub fn replace(tx: &Tx<'_>, kind: EntityKind, rows: &[IncomingRow]) -> Result<Changed, StoreError> {
    for row in rows {
        forget_revision(tx, kind, row.id)?;
    }
    feed::apply_rows(tx, rows)
}

/// Makes rows tombstones that the server does not have any more. Balances and conflicts are never taken away: they are
/// the server's own story.
///
/// # Errors
/// Those of writing.
pub fn bury(tx: &Tx<'_>, kind: EntityKind, gone: &[KeptVersion]) -> Result<Changed, StoreError> {
    if matches!(kind, EntityKind::Stock | EntityKind::Conflict) {
        return Ok(Changed::default());
    }
    let tombstone = |version: &KeptVersion| IncomingRow {
        seq: 0,
        entity: kind.as_str().to_owned(),
        id: version.id,
        rev: version.rev,
        deleted: true,
        data: None,
    };
    let tombstones: Vec<IncomingRow> = gone.iter().map(tombstone).collect();
    replace(tx, kind, &tombstones)
}

/// Keys of a kind that have a version of the server; parked rows are visited apart.
const fn keys_of(kind: EntityKind) -> &'static str {
    macro_rules! keys {
        ($table:literal, $key:literal) => {
            concat!(
                "SELECT ", $key, " AS id FROM ", $table, " WHERE rev > 0 AND ", $key, " >= :from AND (:until IS NULL OR ",
                $key, " < :until) AND NOT EXISTS (SELECT 1 FROM parked_row AS p WHERE p.entity = :entity AND p.id = ",
                $table, ".", $key, ") ORDER BY ", $key
            )
        };
    }
    match kind {
        EntityKind::Setting => keys!("setting", "setting_id"),
        EntityKind::Category => keys!("category", "category_id"),
        EntityKind::Product => keys!("product", "product_id"),
        EntityKind::Stock => keys!("stock_level", "product_id"),
        EntityKind::Customer => keys!("customer", "customer_id"),
        EntityKind::Cashier => keys!("cashier", "cashier_id"),
        EntityKind::Conflict => keys!("conflict", "conflict_id"),
        EntityKind::HeldCart => keys!("held_cart", "cart_id"),
        EntityKind::AccountEntry => keys!("account_entry", "document_id"),
        EntityKind::SerialEvent => keys!("serial_event", "event_id"),
    }
}

/// The version of one row; none of a tombstone, a parked row, or one that only this register has.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, kind: EntityKind, id: Uuid) -> Result<Option<KeptVersion>, StoreError> {
    match kind {
        EntityKind::Setting => find_shared::<SettingRow>(conn, id),
        EntityKind::Category => find_shared::<Category>(conn, id),
        EntityKind::Product => find_shared::<Product>(conn, id),
        EntityKind::Customer => find_shared::<Customer>(conn, id),
        EntityKind::Cashier => find_shared::<Cashier>(conn, id),
        EntityKind::HeldCart => find_shared::<HeldCart>(conn, id),
        EntityKind::AccountEntry => find_shared::<AccountEntry>(conn, id),
        EntityKind::SerialEvent => find_shared::<SerialEvent>(conn, id),
        EntityKind::Stock => find_balance(conn, id),
        EntityKind::Conflict => find_conflict(conn, id),
    }
}

fn find_shared<T: SharedRow>(conn: &Conn, id: Uuid) -> Result<Option<KeptVersion>, StoreError> {
    let version = shared::find_version::<T>(conn, id)?;
    Ok(version.map(|(rev, seq, fields)| KeptVersion { id, rev, seq, fields }))
}

fn find_balance(conn: &Conn, id: Uuid) -> Result<Option<KeptVersion>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT on_hand_milli, oversold_milli, rev, seq FROM stock_level WHERE product_id = :id",
    )?;
    first(statement.query(named_params! { ":id": id.into_bytes() })?, "stock_level", |c| {
        let level = StockLevel {
            product_id: id.into(),
            on_hand: c.qty("on_hand_milli")?,
            oversold: c.qty("oversold_milli")?,
        };
        let fields = shared::to_fields(&level)?;
        Ok(KeptVersion { id, rev: c.count("rev")?, seq: c.count("seq")?, fields })
    })
}

fn find_conflict(conn: &Conn, id: Uuid) -> Result<Option<KeptVersion>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT data, rev, seq FROM conflict WHERE conflict_id = :id")?;
    first(statement.query(named_params! { ":id": id.into_bytes() })?, "conflict", |c| {
        Ok(KeptVersion { id, rev: c.count("rev")?, seq: c.count("seq")?, fields: c.json("data")? })
    })
}

/// Parked rows of a kind; those whose text is no object are left out and come again when the range is read.
fn list_parked(conn: &Conn, kind: EntityKind, range: KeyRange) -> Result<Vec<KeptVersion>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, rev, seq, data FROM parked_row
         WHERE entity = :entity AND deleted = 0 AND id >= :from AND (:until IS NULL OR id < :until)",
    )?;
    let rows = statement.query(named_params! {
        ":entity": kind.as_str(),
        ":from": range.from.into_bytes(),
        ":until": range.until.map(Uuid::into_bytes),
    })?;
    let parked = all(rows, "parked_row", |c| {
        let text: Option<String> = c.get("data")?;
        let Some(fields) = text.and_then(|text| serde_json::from_str(&text).ok()) else { return Ok(None) };
        Ok(Some(KeptVersion { id: c.id("id")?, rev: c.count("rev")?, seq: c.count("seq")?, fields }))
    })?;
    Ok(parked.into_iter().flatten().collect())
}

/// Lets the next version be written whatever its revision is.
fn forget_revision(tx: &Tx<'_>, kind: EntityKind, id: Uuid) -> Result<(), StoreError> {
    let sql = match kind {
        EntityKind::Setting => "UPDATE setting SET rev = 0 WHERE setting_id = :id",
        EntityKind::Category => "UPDATE category SET rev = 0 WHERE category_id = :id",
        EntityKind::Product => "UPDATE product SET rev = 0 WHERE product_id = :id",
        EntityKind::Stock => "UPDATE stock_level SET rev = 0 WHERE product_id = :id",
        EntityKind::Customer => "UPDATE customer SET rev = 0 WHERE customer_id = :id",
        EntityKind::Cashier => "UPDATE cashier SET rev = 0 WHERE cashier_id = :id",
        EntityKind::Conflict => "UPDATE conflict SET rev = 0 WHERE conflict_id = :id",
        EntityKind::HeldCart => "UPDATE held_cart SET rev = 0 WHERE cart_id = :id",
        EntityKind::AccountEntry => "UPDATE account_entry SET rev = 0 WHERE document_id = :id",
        EntityKind::SerialEvent => "UPDATE serial_event SET rev = 0 WHERE event_id = :id",
    };
    tx.prepare_cached(sql)?.execute(named_params! { ":id": id.into_bytes() })?;
    tx.prepare_cached("DELETE FROM parked_row WHERE entity = :entity AND id = :id")?
        .execute(named_params! { ":entity": kind.as_str(), ":id": id.into_bytes() })?;
    Ok(())
}
