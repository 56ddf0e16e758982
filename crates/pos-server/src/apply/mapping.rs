//! Ids that two rows answer to.
//!
//! An id that a register made is mapped to the row that the business had already, for ever. Two things contradict such a
//! mapping: what was made bears marks of two rows, such as the barcode of one and the code of another; or a register was
//! told another row before, by a server that was put back since. The mapping stands, so that nobody waits, and a person
//! decides which row it is. What was booked under the id then moves to that row.

use pos_domain::body::{EntityCreate, EntityKind, MappingDispute};
use pos_domain::conflict::{ChoicePreview, ConflictStatus, StockChange};
use pos_domain::contested::{ContestedId, MappedRow};
use pos_domain::stock::MovementReason;
use pos_domain::{
    Conflict, ConflictChoice, ConflictId, ConflictKind, CustomerId, Hash32, ProductId, Quantity,
};
use pos_protocol::MappedId;
use serde_json::Value;
use uuid::Uuid;

use super::ledger::{Ledger, Line, Settles};
use super::{
    Applied, ApplyError, Cause, accounts, applied, conflict as conflicts, done, entity as rows, invalid,
    unknown,
};
use crate::batch::Batch;
use crate::storage::conflict::{self as store, Resolution};
use crate::storage::{Sql, audit, entity, identity, stock};

/// Opens the question which of two rows a new row is: it is mapped to `current` meanwhile.
pub(super) fn open_ambiguous(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    create: &EntityCreate,
    current: Uuid,
    other: Uuid,
) -> Result<ConflictId, ApplyError> {
    let name = rows::title(create.entity, &create.fields);
    open(batch, cause, create.entity, create.id, name, (current, other))
}

/// A register says that it knows an id as another row than the one that it was told now.
pub(super) fn dispute(batch: &mut Batch<'_>, cause: &Cause<'_>, dispute: &MappingDispute) -> Applied {
    let (kind, local_id) = (dispute.entity, dispute.local_id);
    let Some(alias) = identity::find_alias(batch.tx, kind, local_id)? else {
        return Err(unknown("local_id", "given-up id", local_id));
    };
    let known = batch.resolve(kind, dispute.known)?;
    if known == alias {
        // Both names lead to one row: the register had not heard of the second step.
        let mapped = MappedId { entity: kind.as_str().to_owned(), local_id: dispute.known, server_id: known };
        let mapped = if dispute.known == known { Vec::new() } else { vec![mapped] };
        return Ok(applied(cause, mapped, None));
    }
    let detail =
        serde_json::json!({ "entity": kind.as_str(), "local_id": local_id, "known": known, "mapped": alias });
    let device = Some(cause.device.device_id);
    audit::record(batch.tx, batch.now_ms, "mapping_disputed", device, Some(cause.op_id), &detail)?;
    // Whatever is being asked, or was decided, about this id already goes before a second question.
    if store::find(batch.tx, conflict_id(kind, local_id))?.is_some() {
        return Ok(done(cause));
    }
    let Some(row) = entity::find(batch.tx, kind, known)? else {
        return Err(unknown("known", kind.as_str(), known));
    };
    let name = rows::title(kind, &row.fields);
    let conflict_id = open(batch, cause, kind, local_id, name, (alias, known))?;
    Ok(applied(cause, Vec::new(), Some(conflict_id)))
}

/// Remembers what was booked under an id that was given up, and tells it to whoever is asked about that id. A line that
/// names its product by the product's own id, as nearly all do, costs a comparison.
pub(super) fn note_booked(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    asked: ProductId,
    product: ProductId,
    milli: i64,
) -> Result<(), ApplyError> {
    if asked == product || milli == 0 {
        return Ok(());
    }
    identity::add_booked(batch.tx, EntityKind::Product, asked.0, milli)?;
    let Some(mut row) = store::find(batch.tx, conflict_id(EntityKind::Product, asked.0))? else {
        return Ok(());
    };
    if row.conflict.status == ConflictStatus::Open {
        row.conflict.choices = choices(batch, &row.conflict)?;
        conflicts::save(batch, cause.origin(), row)?;
    }
    Ok(())
}

/// Leaves the id where it is, or moves it and what was booked under it to the other row.
pub(super) fn resolve(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &mut Conflict,
    choice: ConflictChoice,
) -> Result<(), ApplyError> {
    let Some(contested) = conflict.contested.as_mut().filter(|_| choice == ConflictChoice::MoveMapping)
    else {
        return Ok(());
    };
    let kind = swap(batch, cause, contested)?;
    let (from, to) = (ProductId(contested.other.id), ProductId(contested.current.id));
    let booked = identity::booked(batch.tx, kind, contested.local_id)?;
    let mut ledger = Ledger::new(cause);
    if booked >= 0 {
        shift(batch, &mut ledger, from, to, booked)
    } else {
        shift(batch, &mut ledger, to, from, -booked)
    }
}

/// Takes a move back.
pub(super) fn reopen(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &mut Conflict,
    resolution: &Resolution,
) -> Result<(), ApplyError> {
    if resolution.choice == ConflictChoice::MoveMapping
        && let Some(contested) = conflict.contested.as_mut()
    {
        swap(batch, cause, contested)?;
        let mut ledger = Ledger::new(cause);
        for (product_id, line_id, delta) in stock::list_movements(batch.tx, resolution.op_id)? {
            let line = Line { product_id, reason: MovementReason::Reversal, line_id };
            if delta < 0 {
                ledger.give(batch, line, -delta, Settles::Nothing)?;
            } else {
                // What was sold on since is not there to be moved back.
                ledger.take(batch, line, delta)?;
            }
        }
    }
    conflict.choices = choices(batch, conflict)?;
    Ok(())
}

fn open(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    kind: EntityKind,
    local_id: Uuid,
    name: String,
    (current, other): (Uuid, Uuid),
) -> Result<ConflictId, ApplyError> {
    let mut conflict = conflicts::blank(batch, cause, ConflictKind::MappingContradiction);
    conflict.conflict_id = conflict_id(kind, local_id);
    conflict.entity = kind.as_str().to_owned();
    conflict.entity_id = local_id;
    conflict.title.clone_from(&name);
    conflict.contested = Some(ContestedId {
        entity: kind.as_str().to_owned(),
        local_id,
        name,
        current: mapped_row(batch, kind, current)?,
        other: mapped_row(batch, kind, other)?,
    });
    conflict.choices = choices(batch, &conflict)?;
    conflicts::save_new(batch, cause, conflict)
}

/// One question per id, whoever asks it.
fn conflict_id(kind: EntityKind, local_id: Uuid) -> ConflictId {
    let text = format!("comptoir.conflict.v1.mapping.{}.{local_id}", kind.as_str());
    ConflictId(Hash32::of(text.as_bytes()).to_id())
}

fn mapped_row(batch: &Batch<'_>, kind: EntityKind, id: Uuid) -> Sql<MappedRow> {
    let fields = entity::find(batch.tx, kind, id)?.map(|row| row.fields).unwrap_or_default();
    let code = fields.get("code").and_then(Value::as_str).map(str::to_owned);
    Ok(MappedRow { id, name: rows::title(kind, &fields), code })
}

fn choices(batch: &mut Batch<'_>, conflict: &Conflict) -> Result<Vec<ChoicePreview>, ApplyError> {
    let keep = conflicts::preview(ConflictChoice::KeepMapping);
    let mut moved = conflicts::preview(ConflictChoice::MoveMapping);
    if let Some(contested) = &conflict.contested
        && let Some(kind) = EntityKind::parse(&contested.entity)
    {
        let booked = identity::booked(batch.tx, kind, contested.local_id)?;
        for (row, milli) in [(&contested.current, -booked), (&contested.other, booked)] {
            if milli == 0 || !is_counted(batch, ProductId(row.id))? {
                continue;
            }
            moved.stock.push(StockChange {
                product_id: ProductId(row.id),
                code: row.code.clone().unwrap_or_default(),
                name: row.name.clone(),
                on_hand: Quantity::from_milli(milli).map_err(|fault| invalid("qty", fault.to_string()))?,
                oversold: Quantity::ZERO,
            });
        }
    }
    Ok(vec![keep, moved])
}

/// Maps the id to the other row. What a customer owes under it goes along.
fn swap(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    contested: &mut ContestedId,
) -> Result<EntityKind, ApplyError> {
    let missing = || unknown("conflict_id", &contested.entity, contested.local_id);
    let kind = EntityKind::parse(&contested.entity).ok_or_else(missing)?;
    identity::set_alias(batch.tx, kind, contested.local_id, contested.other.id)?;
    std::mem::swap(&mut contested.current, &mut contested.other);
    if kind == EntityKind::Customer {
        accounts::follow(batch, cause, contested.local_id, CustomerId(contested.current.id))?;
    }
    Ok(kind)
}

/// Moves goods from one product to another: no more than are there leave, all of them arrive.
fn shift(
    batch: &mut Batch<'_>,
    ledger: &mut Ledger<'_>,
    from: ProductId,
    to: ProductId,
    milli: i64,
) -> Result<(), ApplyError> {
    let line = |product_id| Line { product_id, reason: MovementReason::Transfer, line_id: None };
    if is_counted(batch, from)? {
        ledger.take(batch, line(from), milli)?;
    }
    if is_counted(batch, to)? {
        ledger.give(batch, line(to), milli, Settles::Nothing)?;
    }
    Ok(())
}

fn is_counted(batch: &mut Batch<'_>, product_id: ProductId) -> Sql<bool> {
    Ok(batch.product(product_id)?.is_some_and(|product| product.track_stock))
}
