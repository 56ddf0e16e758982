//! Rows of ledgers as registers see them: written by the server only, never edited by anybody.

use pos_domain::body::EntityKind;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::batch::{Batch, Origin};
use crate::storage::entity::{self, EntityRow};
use crate::storage::{Sql, json_value, unreadable};

/// A row that stands.
pub(super) fn find<T: DeserializeOwned>(batch: &Batch<'_>, kind: EntityKind, id: Uuid) -> Sql<Option<T>> {
    let row = entity::find(batch.tx, kind, id)?.filter(|row| !row.deleted);
    row.map(|row| json_value(Value::Object(row.fields))).transpose()
}

/// Writes a row, new or over the one that stands, at the end of the feed.
pub(super) fn put<T: Serialize>(
    batch: &mut Batch<'_>,
    origin: Origin,
    kind: EntityKind,
    id: Uuid,
    row: &T,
) -> Sql<()> {
    let before = entity::find(batch.tx, kind, id)?;
    let fields = json_value(serde_json::to_value(row).map_err(unreadable)?)?;
    let rev = before.as_ref().map_or(1, |row| row.rev + 1);
    if before.is_none_or(|row| row.deleted) {
        batch.add_total(kind, 1);
    }
    let stamps = entity::Stamps::new();
    entity::save(batch.tx, kind, id, &EntityRow { rev, deleted: false, fields, stamps })?;
    batch.touch(kind, id, rev, false, origin);
    Ok(())
}

/// Takes a row away, if it stands.
pub(super) fn take_away(batch: &mut Batch<'_>, origin: Origin, kind: EntityKind, id: Uuid) -> Sql<()> {
    let Some(row) = entity::find(batch.tx, kind, id)?.filter(|row| !row.deleted) else { return Ok(()) };
    let next = EntityRow { rev: row.rev + 1, deleted: true, ..row };
    entity::save(batch.tx, kind, id, &next)?;
    batch.touch(kind, id, next.rev, true, origin);
    batch.add_total(kind, -1);
    Ok(())
}
