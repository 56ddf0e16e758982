//! The feed of changed rows and pages of rows in key order.

use std::ops::ControlFlow;

use pos_domain::body::EntityKind;
use pos_domain::stock::StockLevel;
use pos_domain::{DeviceId, OpId, ProductId, Quantity};
use pos_protocol::FeedRow;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Params, Row, Sql, Tx, id, integer, natural, optional_id, seal, unreadable};

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

/// Moves a row to its new place, which is the end of the feed. Balances carry their place themselves.
pub(crate) fn put(tx: Tx<'_>, place: &Place) -> Sql<()> {
    tx.write_sealed(
        include_str!("feed_put.sql"),
        seal::FEED,
        &[
            (":seq", integer(place.seq)?.into()),
            (":entity", place.entity.as_str().into()),
            (":entity_id", place.id.as_bytes().into()),
            (":rev", integer(place.rev)?.into()),
            (":deleted", place.deleted.into()),
            (":origin_device", place.origin_device.as_ref().map(DeviceId::as_bytes).into()),
            (":origin_op", place.origin_op.as_ref().map(OpId::as_bytes).into()),
        ],
    )
}

/// Rows above `after`, in feed order. Every row that was committed is seen: the transaction's snapshot and
/// the counter, which one writer at a time moves, belong together.
pub(crate) fn list_after(tx: Tx<'_>, after: u64, bounds: PageBounds) -> Sql<Page> {
    let params = [(":after", integer(after)?.into()), (":limit", row_limit(bounds).into())];
    collect_page(tx, include_str!("feed_after.sql"), &params, bounds)
}

/// Rows of a kind that are not deleted, in key order, above the key `after`.
pub(crate) fn list_by_key(
    tx: Tx<'_>,
    entity: EntityKind,
    after: Option<Uuid>,
    bounds: PageBounds,
) -> Sql<Page> {
    // The next key after the last one: there is no key below the lowest to begin above of.
    let from = after.map_or(Some(0), |key| key.as_u128().checked_add(1)).map(Uuid::from_u128);
    let Some(from) = from else { return Ok(Page { rows: Vec::new(), cut: false }) };
    let (from, limit) = ((":from", from.as_bytes().into()), (":limit", row_limit(bounds).into()));
    let entity_name = (":entity", entity.as_str().into());
    match entity {
        EntityKind::Stock => collect_page(tx, include_str!("snapshot_stock.sql"), &[from, limit], bounds),
        EntityKind::Conflict => {
            collect_page(tx, include_str!("snapshot_conflict.sql"), &[entity_name, from, limit], bounds)
        }
        EntityKind::Setting
        | EntityKind::Category
        | EntityKind::Product
        | EntityKind::Customer
        | EntityKind::Cashier
        | EntityKind::HeldCart
        | EntityKind::AccountEntry
        | EntityKind::SerialEvent => {
            collect_page(tx, include_str!("snapshot_entity.sql"), &[entity_name, from, limit], bounds)
        }
    }
}

/// One row as the feed shows it; no balance.
pub(crate) fn find(tx: Tx<'_>, entity: EntityKind, id: Uuid) -> Sql<Option<FeedRow>> {
    let key = [(":entity", entity.as_str().into()), (":id", id.as_bytes().into())];
    tx.find(include_str!("feed_find.sql"), &key, read_row)
}

/// A balance as JSON.
pub(crate) fn stock_data(product_id: ProductId, on_hand: i64, oversold: i64) -> Sql<Box<RawValue>> {
    let quantity = |milli| Quantity::from_milli(milli).map_err(unreadable);
    let level = StockLevel { product_id, on_hand: quantity(on_hand)?, oversold: quantity(oversold)? };
    serde_json::value::to_raw_value(&level).map_err(unreadable)
}

fn row_limit(bounds: PageBounds) -> i64 {
    // One more than asked, so that a full page knows whether another follows.
    i64::try_from(bounds.rows.saturating_add(1)).unwrap_or(i64::MAX)
}

fn collect_page(tx: Tx<'_>, sql: &str, params: Params<'_>, bounds: PageBounds) -> Sql<Page> {
    let mut page = Page { rows: Vec::new(), cut: false };
    let mut bytes = 0_usize;
    tx.each(sql, params, |row| {
        let row = read_row(row)?;
        bytes = bytes.saturating_add(row.data.as_ref().map_or(0, |data| data.get().len()));
        if page.rows.len() == bounds.rows || (bytes > bounds.bytes && !page.rows.is_empty()) {
            page.cut = true;
            return Ok(ControlFlow::Break(()));
        }
        page.rows.push(row);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(page)
}

fn read_row(row: Row<'_>) -> Sql<FeedRow> {
    let entity: String = row.get("entity")?;
    let entity_id = id(row, "entity_id")?;
    let deleted = row.get("deleted")?;
    let data = if deleted {
        None
    } else if let Some(on_hand) = row.get::<Option<i64>>("on_hand_milli")? {
        Some(stock_data(ProductId(entity_id), on_hand, row.get("oversold_milli")?)?)
    } else {
        let text: Option<String> = row.get("data")?;
        text.map(RawValue::from_string).transpose().map_err(unreadable)?
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
