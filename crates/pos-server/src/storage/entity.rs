//! Rows that registers share: settings, categories, products, customers, cashiers.

use std::collections::BTreeMap;

use pos_domain::DeviceId;
use pos_domain::body::EntityKind;
use pos_domain::merge::{Fields, Hlc};
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Sql, integer, json, natural, to_json};

/// Who changed a field last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The row's revision that this change made.
    pub(crate) rev: u64,
    /// The register, unless the server itself wrote it.
    pub(crate) device_id: Option<DeviceId>,
    /// The register's clock, for last-write-wins only.
    pub(crate) hlc: Hlc,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityRow {
    pub(crate) rev: u64,
    pub(crate) deleted: bool,
    pub(crate) fields: Fields,
    pub(crate) stamps: BTreeMap<String, Stamp>,
}

impl EntityRow {
    fn read(row: &Row<'_>) -> Sql<Self> {
        Ok(Self {
            rev: natural(row, "rev")?,
            deleted: row.get("deleted")?,
            fields: json(row, "fields")?,
            stamps: json(row, "stamps")?,
        })
    }
}

/// The row of an id, deleted or not.
pub(crate) fn find(connection: &Connection, entity: EntityKind, id: Uuid) -> Sql<Option<EntityRow>> {
    connection
        .prepare_cached(
            "SELECT rev, deleted, fields, stamps FROM entity_row WHERE entity = :entity AND id = :id",
        )?
        .query_row(named_params! { ":entity": entity.as_str(), ":id": id.as_bytes() }, EntityRow::read)
        .optional()
}

/// Whether a row exists or ever existed.
pub(crate) fn exists(connection: &Connection, entity: EntityKind, id: Uuid) -> Sql<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entity_row WHERE entity = :entity AND id = :id) AS found",
        )?
        .query_row(named_params! { ":entity": entity.as_str(), ":id": id.as_bytes() }, |row| row.get("found"))
}

/// Writes a row as it now stands.
pub(crate) fn save(connection: &Connection, entity: EntityKind, id: Uuid, row: &EntityRow) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO entity_row (entity, id, rev, deleted, fields, stamps)
             VALUES (:entity, :id, :rev, :deleted, :fields, :stamps)
             ON CONFLICT (entity, id) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted,
                fields = excluded.fields, stamps = excluded.stamps",
        )?
        .execute(named_params! {
            ":entity": entity.as_str(),
            ":id": id.as_bytes(),
            ":rev": integer(row.rev)?,
            ":deleted": row.deleted,
            ":fields": to_json(&row.fields)?,
            ":stamps": to_json(&row.stamps)?,
        })?;
    Ok(())
}

/// The settings rows as `(key, value)`.
pub(crate) fn list_settings(connection: &Connection) -> Sql<Vec<(String, serde_json::Value)>> {
    /// A settings row's fields.
    #[derive(Deserialize)]
    struct Setting {
        key: String,
        value: serde_json::Value,
    }
    connection
        .prepare_cached("SELECT fields FROM entity_row WHERE entity = 'setting' AND deleted = 0")?
        .query_map([], |row| json::<Setting>(row, "fields").map(|setting| (setting.key, setting.value)))?
        .collect()
}

/// Takes a number of rows of a kind into account, or out of it.
pub(crate) fn add_total(connection: &Connection, entity: EntityKind, change: i64) -> Sql<()> {
    let change = named_params! { ":entity": entity.as_str(), ":change": change };
    // Not an upsert: its CHECK would judge a negative change before it is added to the row.
    let known = connection
        .prepare_cached("UPDATE entity_total SET live_rows = live_rows + :change WHERE entity = :entity")?
        .execute(change)?;
    if known == 0 {
        connection
            .prepare_cached("INSERT INTO entity_total (entity, live_rows) VALUES (:entity, :change)")?
            .execute(change)?;
    }
    Ok(())
}

/// Rows of a kind that are not deleted.
pub(crate) fn total(connection: &Connection, entity: EntityKind) -> Sql<u64> {
    connection
        .prepare_cached("SELECT live_rows FROM entity_total WHERE entity = :entity")?
        .query_row(named_params! { ":entity": entity.as_str() }, |row| natural(row, "live_rows"))
        .optional()
        .map(|total| total.unwrap_or(0))
}
