//! Rows that registers share: settings, categories, products, customers, cashiers.

use std::collections::BTreeMap;

use pos_domain::DeviceId;
use pos_domain::body::EntityKind;
use pos_domain::merge::{Fields, Hlc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Row, Sql, Tx, integer, json, natural, to_json};

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
    fn read(row: Row<'_>) -> Sql<Self> {
        Ok(Self {
            rev: natural(row, "rev")?,
            deleted: row.get("deleted")?,
            fields: json(row, "fields")?,
            stamps: json(row, "stamps")?,
        })
    }
}

/// The row of an id, deleted or not.
pub(crate) fn find(tx: Tx<'_>, entity: EntityKind, id: Uuid) -> Sql<Option<EntityRow>> {
    tx.find(
        "SELECT rev, deleted, fields, stamps FROM entity_row WHERE entity = :entity AND id = :id",
        &[(":entity", entity.as_str().into()), (":id", id.as_bytes().into())],
        EntityRow::read,
    )
}

/// Some fields of a row, and whether it is deleted. Who changed each field stays unread: it is most of the row, and
/// three products of every sale are looked at.
pub(crate) fn find_fields<T: DeserializeOwned>(
    tx: Tx<'_>,
    entity: EntityKind,
    id: Uuid,
) -> Sql<Option<(T, bool)>> {
    tx.find(
        "SELECT deleted, fields FROM entity_row WHERE entity = :entity AND id = :id",
        &[(":entity", entity.as_str().into()), (":id", id.as_bytes().into())],
        |row| Ok((json(row, "fields")?, row.get("deleted")?)),
    )
}

/// Whether a row exists or ever existed.
pub(crate) fn exists(tx: Tx<'_>, entity: EntityKind, id: Uuid) -> Sql<bool> {
    tx.get(
        "SELECT EXISTS (SELECT 1 FROM entity_row WHERE entity = :entity AND id = :id) AS found",
        &[(":entity", entity.as_str().into()), (":id", id.as_bytes().into())],
        |row| row.get("found"),
    )
}

/// Writes a row as it now stands.
pub(crate) fn save(tx: Tx<'_>, entity: EntityKind, id: Uuid, row: &EntityRow) -> Sql<()> {
    tx.write(
        "INSERT INTO entity_row (entity, id, rev, deleted, fields, stamps)
         VALUES (:entity, :id, :rev, :deleted, :fields, :stamps)
         ON CONFLICT (entity, id) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted,
            fields = excluded.fields, stamps = excluded.stamps",
        &[
            (":entity", entity.as_str().into()),
            (":id", id.as_bytes().into()),
            (":rev", integer(row.rev)?.into()),
            (":deleted", row.deleted.into()),
            (":fields", to_json(&row.fields)?.into()),
            (":stamps", to_json(&row.stamps)?.into()),
        ],
    )
}

/// The settings rows as `(key, value)`.
pub(crate) fn list_settings(tx: Tx<'_>) -> Sql<Vec<(String, serde_json::Value)>> {
    /// A settings row's fields.
    #[derive(Deserialize)]
    struct Setting {
        key: String,
        value: serde_json::Value,
    }
    tx.list("SELECT fields FROM entity_row WHERE entity = 'setting' AND NOT deleted", &[], |row| {
        json::<Setting>(row, "fields").map(|setting| (setting.key, setting.value))
    })
}

/// Takes a number of rows of a kind into account, or out of it.
pub(crate) fn add_total(tx: Tx<'_>, entity: EntityKind, change: i64) -> Sql<()> {
    let change = [(":entity", entity.as_str().into()), (":change", change.into())];
    // Not an upsert: its CHECK would judge a negative change before it is added to the row.
    let known = tx
        .execute("UPDATE entity_total SET live_rows = live_rows + :change WHERE entity = :entity", &change)?;
    if known == 0 {
        tx.write("INSERT INTO entity_total (entity, live_rows) VALUES (:entity, :change)", &change)?;
    }
    Ok(())
}

/// Rows of a kind that are not deleted.
pub(crate) fn total(tx: Tx<'_>, entity: EntityKind) -> Sql<u64> {
    tx.find(
        "SELECT live_rows FROM entity_total WHERE entity = :entity",
        &[(":entity", entity.as_str().into())],
        |row| natural(row, "live_rows"),
    )
    .map(|total| total.unwrap_or(0))
}
