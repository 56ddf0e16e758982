//! `entity.create`, `entity.update`, `entity.delete`: rows that registers share.

use pos_domain::body::{EntityCreate, EntityDelete, EntityKind, EntityUpdate, OpeningStock};
use pos_domain::merge::{FieldDispute, Fields, Hlc, merge_fields};
use pos_domain::settings::{FieldStrategy, ShopSettings};
use pos_domain::stock::MovementReason;
use pos_domain::{Customer, CustomerId, LineId, ProductId};
use serde_json::Value;
use uuid::Uuid;

use super::entity_conflict as dispute;
use super::entity_row::{check_kind, check_row, check_setting, id_field, identity_keys, key_field};
use super::ledger::{Ledger, Line, Settles};
use super::{Applied, ApplyError, Cause, already_gone, done, invalid, unknown};
use crate::batch::Batch;
use crate::storage::entity::{self, EntityRow, Stamp};
use crate::storage::identity::{self, IdentityKey};
use crate::storage::{Sql, account, unreadable};

/// Makes a row, or finds that the business has it already under another id.
pub(super) fn create(batch: &mut Batch<'_>, cause: &Cause<'_>, create: &EntityCreate) -> Applied {
    check_kind(create.entity)?;
    if create.entity == EntityKind::Setting {
        return create_setting(batch, cause, create);
    }
    let keys = check_row(batch, create.entity, create.id, &create.fields)?;
    if entity::exists(batch.tx, create.entity, create.id)?
        || identity::find_alias(batch.tx, create.entity, create.id)?.is_some()
    {
        return Err(invalid("id", "a row with this id exists"));
    }
    let mut owners = Vec::new();
    for key in &keys {
        owners.extend(identity::owner(batch.tx, create.entity, key)?.filter(|owner| !owners.contains(owner)));
    }
    if let Some((owner, others)) = owners.split_first() {
        return dispute::map_to(batch, cause, create, *owner, others.first().copied());
    }
    insert(batch, cause, create.entity, create.id, &create.fields, create.hlc, &keys)?;
    if create.entity == EntityKind::Product && is_counted(&create.fields) {
        open_stock(batch, cause, ProductId(create.id), create.opening_stock)?;
    }
    Ok(done(cause))
}

/// Changes fields of a row, merged with what others changed meanwhile.
pub(super) fn update(batch: &mut Batch<'_>, cause: &Cause<'_>, update: &EntityUpdate) -> Applied {
    check_kind(update.entity)?;
    let id = batch.resolve(update.entity, update.id)?;
    let Some(row) = entity::find(batch.tx, update.entity, id)? else {
        return Err(unknown("id", update.entity.as_str(), update.id));
    };
    if let Some(field) = id_field(update.entity).filter(|field| update.changes.contains_key(*field)) {
        return Err(invalid(&format!("changes.{field}"), "the id of a row never changes"));
    }
    if row.deleted {
        return dispute::edit_of_deleted(batch, cause, update, id);
    }
    merge(batch, cause, Edit { id, row, update })
}

/// Deletes a row, unless others changed it meanwhile.
pub(super) fn delete(batch: &mut Batch<'_>, cause: &Cause<'_>, delete: &EntityDelete) -> Applied {
    check_kind(delete.entity)?;
    if delete.entity == EntityKind::Setting {
        return Err(invalid("entity", "a setting cannot be deleted"));
    }
    let id = batch.resolve(delete.entity, delete.id)?;
    let Some(row) = entity::find(batch.tx, delete.entity, id)? else {
        return Err(unknown("id", delete.entity.as_str(), delete.id));
    };
    if row.deleted {
        return Ok(already_gone(cause));
    }
    let unseen = row
        .stamps
        .values()
        .find(|stamp| stamp.rev > delete.base_rev && stamp.device_id != Some(cause.device.device_id))
        .copied();
    if let Some(stamp) = unseen {
        return dispute::delete_of_changed(batch, cause, delete, id, &row, stamp);
    }
    if delete.entity == EntityKind::Customer && account::has_history(batch.tx, CustomerId(id))? {
        return anonymise(batch, cause, delete, CustomerId(id), row);
    }
    set_deleted(batch, cause, delete.entity, id, row, true)?;
    Ok(done(cause))
}

/// A customer whom documents name is never deleted: what says who it was is cleared, and the account stays.
fn anonymise(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    delete: &EntityDelete,
    customer_id: CustomerId,
    row: EntityRow,
) -> Applied {
    let nobody = Customer::anonymous(customer_id, &batch.settings()?.locale);
    let Value::Object(cleared) = serde_json::to_value(&nobody).map_err(unreadable)? else {
        return Ok(done(cause));
    };
    let mut fields = row.fields.clone();
    fields.extend(cleared);
    write_fields(batch, cause, EntityKind::Customer, customer_id.0, row, fields, delete.hlc)?;
    Ok(done(cause))
}

/// An edit and the row that it meets.
pub(super) struct Edit<'a> {
    pub(super) id: Uuid,
    pub(super) row: EntityRow,
    pub(super) update: &'a EntityUpdate,
}

/// Writes a row's new fields: checked, with its identities, stamps, revision and place in the feed.
pub(super) fn write_fields(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    id: Uuid,
    row: EntityRow,
    fields: Fields,
    hlc: Hlc,
) -> Result<(), ApplyError> {
    let before = if row.deleted { Vec::new() } else { identity_keys(kind, &row.fields) };
    let after = check_row(batch, kind, id, &fields)?;
    for key in before.iter().filter(|key| !after.contains(key)) {
        identity::remove(batch.tx, kind, key)?;
    }
    for key in after.iter().filter(|key| !before.contains(key)) {
        if identity::owner(batch.tx, kind, key)?.is_some() {
            return Err(invalid(
                key_field(key),
                format!("{} belongs to another {}", key.value, kind.as_str()),
            ));
        }
        // The row itself stands already, so the key's reference holds at once.
        identity::insert(batch.tx, kind, key, id)?;
    }
    let counted_before = !row.deleted && is_counted(&row.fields);
    let mut next = EntityRow { rev: row.rev + 1, deleted: false, fields, stamps: row.stamps };
    let stamp = Stamp { rev: next.rev, device_id: Some(cause.device.device_id), hlc };
    for (field, value) in &next.fields {
        if row.fields.get(field) != Some(value) {
            next.stamps.insert(field.clone(), stamp);
        }
    }
    entity::save(batch.tx, kind, id, &next)?;
    batch.touch(kind, id, next.rev, false, cause.origin());
    if row.deleted {
        batch.add_total(kind, 1);
    }
    if kind == EntityKind::Product && is_counted(&next.fields) && !counted_before {
        open_stock(batch, cause, ProductId(id), None)?;
    }
    Ok(())
}

/// Deletes a row, or brings it back as it was.
pub(super) fn set_deleted(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    id: Uuid,
    row: EntityRow,
    deleted: bool,
) -> Result<(), ApplyError> {
    for key in identity_keys(kind, &row.fields) {
        if deleted {
            identity::remove(batch.tx, kind, &key)?;
        } else if identity::owner(batch.tx, kind, &key)?.is_some() {
            return Err(invalid(key_field(&key), format!("{} belongs to another row now", key.value)));
        } else {
            identity::insert(batch.tx, kind, &key, id)?;
        }
    }
    let next = EntityRow { rev: row.rev + 1, deleted, ..row };
    entity::save(batch.tx, kind, id, &next)?;
    batch.touch(kind, id, next.rev, deleted, cause.origin());
    batch.add_total(kind, if deleted { -1 } else { 1 });
    Ok(())
}

/// Moves a row in the feed although nothing of it changed: the register whose change of it does not stand must hear
/// of that.
pub(super) fn tell_again(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    id: Uuid,
    row: &EntityRow,
) -> Sql<()> {
    let next = EntityRow { rev: row.rev + 1, ..row.clone() };
    entity::save(batch.tx, kind, id, &next)?;
    batch.touch(kind, id, next.rev, next.deleted, cause.origin());
    Ok(())
}

/// Gives a product its balance, with the first count when there is one.
pub(super) fn open_stock(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    product_id: ProductId,
    opening: Option<OpeningStock>,
) -> Result<(), ApplyError> {
    let level = batch.level(product_id)?;
    batch.set_level(product_id, level.on_hand, level.oversold, cause.origin())?;
    let Some(opening) = opening else { return Ok(()) };
    if opening.qty.is_negative() {
        return Err(invalid("opening_stock.qty", "a first count is not negative"));
    }
    let line_id = Some(LineId(opening.movement_id.0));
    let line = Line { product_id, reason: MovementReason::Opening, line_id };
    Ledger::new(cause).give(batch, line, opening.qty.milli(), Settles::Nothing)
}

/// Whether a product's row says that its stock is counted.
pub(super) fn is_counted(fields: &Fields) -> bool {
    fields.get("track_stock").and_then(Value::as_bool).unwrap_or(false)
}

/// What a row is called where people see it.
pub(super) fn title(kind: EntityKind, fields: &Fields) -> String {
    let field = if kind == EntityKind::Setting { "key" } else { "name" };
    fields.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn merge(batch: &mut Batch<'_>, cause: &Cause<'_>, edit: Edit<'_>) -> Applied {
    let Edit { id, row, update } = edit;
    let settings = batch.settings()?;
    let entity_name = update.entity.as_str();
    let mut fields = row.fields.clone();
    let mut disputes: Vec<FieldDispute> = Vec::new();
    for (field, incoming) in &update.changes {
        // One field at a time: which edit is later is asked of each field's own last change.
        let change = Fields::from_iter([(field.clone(), incoming.clone())]);
        let later = is_later(update.hlc, cause, row.stamps.get(field));
        let strategy = |field: &str| strategy(&settings, entity_name, &row.fields, field);
        let merged = merge_fields(&update.base, &change, &row.fields, strategy, later);
        fields.extend(
            merged.changed.into_iter().filter_map(|f| Some((f.clone(), merged.fields.get(&f)?.clone()))),
        );
        disputes.extend(merged.disputes);
    }
    if update.entity == EntityKind::Setting {
        check_setting(batch, id, &fields)?;
    }
    let before = row.clone();
    // An edit that lost moves the row, too: the register that made it shows its own value until the row stands in the
    // feed behind the edit.
    let lost = update.changes.iter().any(|(field, value)| fields.get(field) != Some(value));
    #[cfg(feature = "planted")]
    let lost = lost && !pos_planted::is(pos_planted::Bug::LosingEditIsNotTold);
    if fields != row.fields || lost {
        write_fields(batch, cause, update.entity, id, row, fields.clone(), update.hlc)?;
    }
    if disputes.is_empty() {
        return Ok(done(cause));
    }
    dispute::edit_met_edit(batch, cause, update.entity, id, &before, &fields, disputes)
}

/// Whether an edit is later than a field's last change by the registers' clocks; the device's id breaks ties, so that
/// every machine decides alike.
fn is_later(hlc: Hlc, cause: &Cause<'_>, last: Option<&Stamp>) -> bool {
    last.is_none_or(|last| (hlc, Some(cause.device.device_id)) > (last.hlc, last.device_id))
}

fn strategy(settings: &ShopSettings, entity_name: &str, fields: &Fields, field: &str) -> FieldStrategy {
    // A setting is one value under a key: its strategy is that of the key.
    match fields.get("key").and_then(Value::as_str).filter(|_| entity_name == "setting") {
        Some(key) => settings.strategy(entity_name, key),
        None => settings.strategy(entity_name, field),
    }
}

/// Two registers never make the same setting twice: the second creation is an edit without a base.
fn create_setting(batch: &mut Batch<'_>, cause: &Cause<'_>, create: &EntityCreate) -> Applied {
    check_setting(batch, create.id, &create.fields)?;
    let Some(row) = entity::find(batch.tx, EntityKind::Setting, create.id)? else {
        insert(batch, cause, EntityKind::Setting, create.id, &create.fields, create.hlc, &[])?;
        return Ok(done(cause));
    };
    let update = EntityUpdate {
        entity: EntityKind::Setting,
        id: create.id,
        base_rev: 0,
        base: Fields::new(),
        changes: create.fields.clone(),
        hlc: create.hlc,
    };
    merge(batch, cause, Edit { id: create.id, row, update: &update })
}

fn insert(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    id: Uuid,
    fields: &Fields,
    hlc: Hlc,
    keys: &[IdentityKey],
) -> Sql<()> {
    let stamp = Stamp { rev: 1, device_id: Some(cause.device.device_id), hlc };
    let stamps = fields.keys().map(|field| (field.clone(), stamp)).collect();
    let row = EntityRow { rev: 1, deleted: false, fields: fields.clone(), stamps };
    entity::save(batch.tx, kind, id, &row)?;
    for key in keys {
        identity::insert(batch.tx, kind, key, id)?;
    }
    batch.touch(kind, id, 1, false, cause.origin());
    batch.add_total(kind, 1);
    Ok(())
}
