//! The feed of changed rows and pages of rows in key order.

use pos_domain::body::EntityKind;
use pos_domain::stock::StockLevel;
use pos_domain::{DeviceId, OpId, ProductId, Quantity};
use pos_protocol::FeedRow;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Statement, named_params};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Sql, id, integer, natural, optional_id, unreadable};

/// A row's new place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) seq: u64,
    pub(crate) entity: EntityKind,
    pub(crate) id: Uuid,
    pub(crate) rev: u64,
    pub(crate) deleted: bool,
    pub(crate) origin_device: Option<DeviceId>,
    pub(crate) origin_op: Option<OpId>,
}

/// Most rows and bytes of a page. A page holds at least one row, however large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageBounds {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// Rows of a page, and whether the bounds cut it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<FeedRow>,
    pub(crate) cut: bool,
}

/// Moves a row to its new place, which is the end of the feed.
pub(crate) fn put(connection: &Connection, place: &Place) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO feed (seq, entity, entity_id, rev, deleted, origin_device, origin_op)
             VALUES (:seq, :entity, :entity_id, :rev, :deleted, :origin_device, :origin_op)
             ON CONFLICT (entity, entity_id) DO UPDATE SET seq = excluded.seq, rev = excluded.rev,
                deleted = excluded.deleted, origin_device = excluded.origin_device, origin_op = excluded.origin_op",
        )?
        .execute(named_params! {
            ":seq": integer(place.seq)?,
            ":entity": place.entity.as_str(),
            ":entity_id": place.id.as_bytes(),
            ":rev": integer(place.rev)?,
            ":deleted": place.deleted,
            ":origin_device": place.origin_device.as_ref().map(DeviceId::as_bytes),
            ":origin_op": place.origin_op.as_ref().map(OpId::as_bytes),
        })?;
    Ok(())
}

/// Rows above `after`, in feed order. Every row that was committed is seen: the connection's snapshot and the
/// counter, which only the one writer moves, belong together.
pub(crate) fn list_after(connection: &Connection, after: u64, bounds: PageBounds) -> Sql<Page> {
    let mut statement = connection.prepare_cached(include_str!("feed_after.sql"))?;
    let params = named_params! { ":after": integer(after)?, ":limit": row_limit(bounds) };
    collect_page(&mut statement, params, bounds)
}

/// Rows of a kind that are not deleted, in key order, above the key `after`.
pub(crate) fn list_by_key(
    connection: &Connection,
    entity: EntityKind,
    after: Option<Uuid>,
    bounds: PageBounds,
) -> Sql<Page> {
    let sql = match entity {
        EntityKind::Stock => include_str!("snapshot_stock.sql"),
        EntityKind::Conflict => include_str!("snapshot_conflict.sql"),
        EntityKind::Setting
        | EntityKind::Category
        | EntityKind::Product
        | EntityKind::Customer
        | EntityKind::Cashier => include_str!("snapshot_entity.sql"),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let after: &[u8] = after.as_ref().map_or(&[], |key| key.as_bytes().as_slice());
    let params = named_params! { ":entity": entity.as_str(), ":after": after, ":limit": row_limit(bounds) };
    collect_page(&mut statement, params, bounds)
}

/// One row as the feed shows it.
pub(crate) fn find(connection: &Connection, entity: EntityKind, id: Uuid) -> Sql<Option<FeedRow>> {
    let mut statement = connection.prepare_cached(include_str!("feed_find.sql"))?;
    let mut rows = statement.query(named_params! { ":entity": entity.as_str(), ":id": id.as_bytes() })?;
    rows.next()?.map(read_row).transpose()
}

/// A balance as JSON.
pub(crate) fn stock_data(product_id: ProductId, on_hand: i64, oversold: i64) -> Sql<Box<RawValue>> {
    let quantity = |milli| Quantity::from_milli(milli).map_err(|fault| unreadable(Type::Integer, fault));
    let level = StockLevel { product_id, on_hand: quantity(on_hand)?, oversold: quantity(oversold)? };
    serde_json::value::to_raw_value(&level).map_err(|fault| unreadable(Type::Text, fault))
}

fn row_limit(bounds: PageBounds) -> i64 {
    // One more than asked, so that a full page knows whether another follows.
    i64::try_from(bounds.rows.saturating_add(1)).unwrap_or(i64::MAX)
}

fn collect_page(
    statement: &mut Statement<'_>,
    params: &[(&str, &dyn rusqlite::ToSql)],
    bounds: PageBounds,
) -> Sql<Page> {
    let mut page = Page { rows: Vec::new(), cut: false };
    let mut bytes = 0_usize;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let row = read_row(row)?;
        bytes = bytes.saturating_add(row.data.as_ref().map_or(0, |data| data.get().len()));
        if page.rows.len() == bounds.rows || (bytes > bounds.bytes && !page.rows.is_empty()) {
            page.cut = true;
            break;
        }
        page.rows.push(row);
    }
    Ok(page)
}

fn read_row(row: &Row<'_>) -> Sql<FeedRow> {
    let entity: String = row.get("entity")?;
    let entity_id = id(row, "entity_id")?;
    let deleted = row.get("deleted")?;
    let data = if deleted {
        None
    } else if let Some(on_hand) = row.get::<_, Option<i64>>("on_hand_milli")? {
        Some(stock_data(ProductId(entity_id), on_hand, row.get("oversold_milli")?)?)
    } else {
        let text: Option<String> = row.get("data")?;
        text.map(RawValue::from_string).transpose().map_err(|fault| unreadable(Type::Text, fault))?
    };
    Ok(FeedRow {
        seq: natural(row, "seq")?,
        entity,
        id: entity_id,
        rev: natural(row, "rev")?,
        deleted,
        origin_device: optional_id(row, "origin_device")?.map(DeviceId),
        origin_op: optional_id(row, "origin_op")?.map(OpId),
        data,
    })
}
