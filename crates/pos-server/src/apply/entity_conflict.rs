//! When two registers changed, deleted or made the same row.

use pos_domain::body::{EntityCreate, EntityDelete, EntityKind, EntityUpdate};
use pos_domain::merge::{FieldDispute, Fields};
use pos_domain::settings::FieldStrategy;
use pos_domain::{ConflictChoice, ConflictKind, ProductId};
use pos_protocol::MappedId;
use serde_json::Value;
use uuid::Uuid;

use super::conflict::{self, Disagreement};
use super::entity as rows;
use super::entity_row::id_field;
use super::{Applied, ApplyError, Cause, applied, disputed, done, mapping, register_name, unknown};
use crate::batch::Batch;
use crate::storage::entity::{self, EntityRow, Stamp};
use crate::storage::{audit, identity};

/// The business has this thing already: its id is used instead for ever, the first count goes to it, and differing
/// fields are for a person to decide. So is which row it is, where it bears marks of a second one.
pub(super) fn map_to(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    create: &EntityCreate,
    owner: Uuid,
    second: Option<Uuid>,
) -> Applied {
    let Some(row) = entity::find(batch.tx, create.entity, owner)? else {
        return Err(unknown("id", create.entity.as_str(), owner));
    };
    identity::insert_alias(batch.tx, create.entity, create.id, owner, cause.op_id)?;
    if create.entity == EntityKind::Product && rows::is_counted(&row.fields) {
        rows::open_stock(batch, cause, ProductId(owner), create.opening_stock)?;
        let booked = create.opening_stock.map_or(0, |opening| opening.qty.milli());
        mapping::note_booked(batch, cause, ProductId(create.id), ProductId(owner), booked)?;
    }
    let mapped =
        MappedId { entity: create.entity.as_str().to_owned(), local_id: create.id, server_id: owner };
    let detail = serde_json::json!({
        "entity": create.entity.as_str(), "local_id": create.id, "server_id": owner,
        "opening_stock": create.opening_stock,
    });
    let device = Some(cause.device.device_id);
    audit::record(batch.tx, batch.now_ms, "identity_mapped", device, Some(cause.op_id), &detail)?;
    if let Some(second) = second {
        let conflict_id = mapping::open_ambiguous(batch, cause, create, owner, second)?;
        return Ok(applied(cause, vec![mapped], Some(conflict_id)));
    }
    let fields = differing(create.entity, &create.fields, &row.fields);
    if fields.is_empty() {
        return Ok(applied(cause, vec![mapped], None));
    }
    let stamp = row.stamps.values().max_by_key(|stamp| stamp.rev).copied();
    let about = Disagreement {
        kind: ConflictKind::DuplicateIdentity,
        entity: create.entity,
        entity_id: owner,
        title: rows::title(create.entity, &row.fields),
        other_register: other_register(batch, stamp)?,
        fields,
    };
    let conflict_id = conflict::open_disagreement(batch, cause, about)?;
    Ok(applied(cause, vec![mapped], Some(conflict_id)))
}

/// An edit met fields that others changed to something else. `before` is the row that it met, `after` the merged one.
pub(super) fn edit_met_edit(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    id: Uuid,
    before: &EntityRow,
    after: &Fields,
    disputes: Vec<FieldDispute>,
) -> Applied {
    let stamp = disputes.first().and_then(|dispute| before.stamps.get(&dispute.field)).copied();
    let about = Disagreement {
        kind: ConflictKind::EditEdit,
        entity: kind,
        entity_id: id,
        title: rows::title(kind, &before.fields),
        other_register: other_register(batch, stamp)?,
        fields: disputes.clone(),
    };
    if disputes.iter().any(|dispute| dispute.strategy == FieldStrategy::Manual) {
        let conflict_id = conflict::open_disagreement(batch, cause, about)?;
        return Ok(disputed(cause, conflict_id, disputes));
    }
    let pick = |from: &Fields| {
        disputes
            .iter()
            .map(|d| (d.field.clone(), from.get(&d.field).cloned().unwrap_or(Value::Null)))
            .collect::<Fields>()
    };
    let taken = disputes.iter().filter(|d| after.get(&d.field) == Some(&d.incoming)).count();
    let choice = match taken {
        0 => ConflictChoice::KeepTheirs,
        all if all == disputes.len() => ConflictChoice::KeepMine,
        _ => ConflictChoice::Merge,
    };
    let resolution = conflict::resolution(cause, choice, pick(&before.fields), pick(after));
    conflict::record_decided(batch, cause, about, resolution)?;
    Ok(done(cause))
}

/// An edit of a row that someone deleted: it stays deleted until a person decides.
pub(super) fn edit_of_deleted(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    update: &EntityUpdate,
    id: Uuid,
) -> Applied {
    let row = entity::find(batch.tx, update.entity, id)?;
    let fields: Vec<FieldDispute> = update
        .changes
        .iter()
        .map(|(field, incoming)| FieldDispute {
            field: field.clone(),
            base: update.base.get(field).cloned().unwrap_or(Value::Null),
            incoming: incoming.clone(),
            current: Value::Null,
            strategy: FieldStrategy::Manual,
        })
        .collect();
    let about = Disagreement {
        kind: ConflictKind::EditDelete,
        entity: update.entity,
        entity_id: id,
        title: row.map(|row| rows::title(update.entity, &row.fields)).unwrap_or_default(),
        other_register: None,
        fields: fields.clone(),
    };
    let conflict_id = conflict::open_disagreement(batch, cause, about)?;
    Ok(disputed(cause, conflict_id, fields))
}

/// A deletion of a row that someone changed: it stays until a person decides.
pub(super) fn delete_of_changed(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    delete: &EntityDelete,
    id: Uuid,
    row: &EntityRow,
    unseen: Stamp,
) -> Applied {
    let about = Disagreement {
        kind: ConflictKind::EditDelete,
        entity: delete.entity,
        entity_id: id,
        title: rows::title(delete.entity, &row.fields),
        other_register: other_register(batch, Some(unseen))?,
        fields: Vec::new(),
    };
    // The register that deleted it shows it again until somebody has decided.
    rows::tell_again(batch, cause, delete.entity, id, row)?;
    let conflict_id = conflict::open_disagreement(batch, cause, about)?;
    Ok(disputed(cause, conflict_id, Vec::new()))
}

fn other_register(batch: &Batch<'_>, stamp: Option<Stamp>) -> Result<Option<String>, ApplyError> {
    match stamp.and_then(|stamp| stamp.device_id) {
        Some(device_id) => Ok(register_name(batch, device_id)?),
        None => Ok(None),
    }
}

/// Fields in which a new row and the one that stands differ, the id aside.
fn differing(kind: EntityKind, incoming: &Fields, current: &Fields) -> Vec<FieldDispute> {
    incoming
        .iter()
        .filter(|(field, _)| Some(field.as_str()) != id_field(kind))
        .filter(|(field, value)| current.get(*field).unwrap_or(&Value::Null) != *value)
        .map(|(field, value)| FieldDispute {
            field: field.clone(),
            base: Value::Null,
            incoming: value.clone(),
            current: current.get(field).cloned().unwrap_or(Value::Null),
            strategy: FieldStrategy::Manual,
        })
        .collect()
}
