//! `conflict.resolve` and `conflict.reopen`: a person decides, or takes the decision back.
//!
//! The same decision twice is no matter, whoever sends it. Another decision on a conflict that is decided already is
//! refused: the person sees on the next pull what was decided, and can reopen it. A conflict that closed by itself,
//! because what was missing came in or was refunded, takes a decision late: it then only tells why.

use pos_domain::body::{ConflictReopening, ConflictResolution, EntityKind};
use pos_domain::conflict::{ConflictEvent, ConflictEventKind, ConflictStatus};
use pos_domain::merge::{Fields, Hlc};
use pos_domain::stock::MovementReason;
use pos_domain::{Conflict, ConflictChoice, ConflictKind, SaleId, SaleKind};
use serde_json::Value;

use super::ledger::{Ledger, Line};
use super::{
    Applied, ApplyError, Cause, conflict as conflicts, done, entity as rows, fork, invalid, mapping, refund,
    serials, unknown,
};
use crate::batch::Batch;
use crate::storage::conflict::{self as store, ConflictRow, Resolution};
use crate::storage::{entity, operation, sale, stock};

/// Decides a conflict.
pub(super) fn resolve(batch: &mut Batch<'_>, cause: &Cause<'_>, asked: &ConflictResolution) -> Applied {
    let Some(mut row) = store::find(batch.tx, asked.conflict_id)? else {
        return Err(unknown("conflict_id", "conflict", asked.conflict_id.0));
    };
    if let Some(standing) = &row.resolution {
        if standing.choice == asked.choice {
            return Ok(done(cause));
        }
        return Err(invalid("choice", format!("it was decided already: {}", standing.choice.as_str())));
    }
    if !row.conflict.choices.iter().any(|preview| preview.choice == asked.choice) {
        return Err(invalid("choice", format!("{} is no choice here", asked.choice.as_str())));
    }
    let resolution = match row.conflict.kind {
        ConflictKind::Oversold => resolve_oversold(batch, cause, &mut row, asked)?,
        ConflictKind::PriceChanged => unchanged(cause, asked.choice),
        ConflictKind::EditEdit | ConflictKind::DuplicateIdentity => {
            resolve_fields(batch, cause, &row.conflict, asked)?
        }
        ConflictKind::EditDelete => resolve_existence(batch, cause, &row.conflict, asked)?,
        ConflictKind::RefundBeyondBounds => {
            refund::resolve(batch, cause, &row.conflict, asked.choice)?;
            unchanged(cause, asked.choice)
        }
        ConflictKind::MappingContradiction => {
            mapping::resolve(batch, cause, &mut row.conflict, asked.choice)?;
            unchanged(cause, asked.choice)
        }
        ConflictKind::Fork => {
            fork::resolve(batch, cause, &row.conflict, asked.choice, asked.note.as_deref())?;
            unchanged(cause, asked.choice)
        }
        ConflictKind::SerialTwice => serials::resolve(batch, cause, &row.conflict, asked)?,
        ConflictKind::NotApproved => unchanged(cause, asked.choice),
    };
    row.resolution = Some(resolution);
    row.conflict.status = ConflictStatus::Resolved;
    let event = event(batch, cause, ConflictEventKind::Resolved, &asked.actor, asked.note.clone());
    conflicts::append_event(batch, &mut row, ConflictEvent { choice: Some(asked.choice), ..event })?;
    conflicts::save(batch, cause.origin(), row)?;
    Ok(done(cause))
}

/// Takes the standing decision of a conflict back.
pub(super) fn reopen(batch: &mut Batch<'_>, cause: &Cause<'_>, asked: &ConflictReopening) -> Applied {
    let Some(mut row) = store::find(batch.tx, asked.conflict_id)? else {
        return Err(unknown("conflict_id", "conflict", asked.conflict_id.0));
    };
    if row.conflict.status == ConflictStatus::Open {
        return Ok(done(cause));
    }
    let Some(resolution) = row.resolution.take() else {
        return Err(invalid("conflict_id", "nobody decided it: what was missing came in"));
    };
    if !resolution.choice.is_reversible() {
        return Err(invalid("conflict_id", format!("{} cannot be taken back", resolution.choice.as_str())));
    }
    match row.conflict.kind {
        ConflictKind::Oversold => reopen_oversold(batch, cause, &mut row, &resolution)?,
        ConflictKind::PriceChanged | ConflictKind::Fork | ConflictKind::NotApproved => {}
        ConflictKind::SerialTwice => serials::reopen(batch, cause, &row.conflict, &resolution)?,
        ConflictKind::RefundBeyondBounds => refund::reopen(batch, cause, &resolution)?,
        ConflictKind::MappingContradiction => mapping::reopen(batch, cause, &mut row.conflict, &resolution)?,
        ConflictKind::EditEdit | ConflictKind::DuplicateIdentity | ConflictKind::EditDelete => {
            reopen_row(batch, cause, &row.conflict, &resolution, asked.hlc)?;
        }
    }
    row.conflict.status = ConflictStatus::Open;
    let event = event(batch, cause, ConflictEventKind::Reopened, &asked.actor, asked.note.clone());
    conflicts::append_event(batch, &mut row, event)?;
    conflicts::save(batch, cause.origin(), row)?;
    Ok(done(cause))
}

fn event(
    batch: &Batch<'_>,
    cause: &Cause<'_>,
    what: ConflictEventKind,
    actor: &str,
    note: Option<String>,
) -> ConflictEvent {
    ConflictEvent {
        at_ms: batch.now_ms,
        what,
        device_id: Some(cause.device.device_id),
        register: Some(cause.device.name.clone()),
        actor: Some(actor.to_owned()),
        choice: None,
        note,
    }
}

fn unchanged(cause: &Cause<'_>, choice: ConflictChoice) -> Resolution {
    conflicts::resolution(cause, choice, Fields::new(), Fields::new())
}

fn resolve_oversold(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    row: &mut ConflictRow,
    asked: &ConflictResolution,
) -> Result<Resolution, ApplyError> {
    match asked.choice {
        ConflictChoice::AcceptCount => {
            let mut ledger = Ledger::new(cause);
            for shortage in open_shortages(batch, &row.conflict)? {
                // The goods were there after all: they come in by a correction and leave with the sale.
                let line = Line {
                    product_id: shortage.product_id,
                    reason: MovementReason::Correction,
                    line_id: Some(shortage.line_id),
                };
                ledger.append(batch, line, shortage.open)?;
                ledger.settle(batch, &shortage, shortage.open)?;
            }
        }
        ConflictChoice::Refund => {
            check_refund(batch, asked.refund_sale_id, row.conflict.sale_id)?;
            let mut ledger = Ledger::new(cause);
            // The refund's own lines settled what they brought back; the rest was never there.
            for shortage in open_shortages(batch, &row.conflict)? {
                ledger.change_open(batch, &shortage, -shortage.open)?;
            }
        }
        // An order waits for goods; the others are no choices of this kind and were refused before.
        ConflictChoice::Order
        | ConflictChoice::KeepMine
        | ConflictChoice::KeepTheirs
        | ConflictChoice::Merge
        | ConflictChoice::AcceptPrice
        | ConflictChoice::TakeGoods
        | ConflictChoice::AcceptLoss
        | ConflictChoice::CashierOwes
        | ConflictChoice::KeepMapping
        | ConflictChoice::MoveMapping
        | ConflictChoice::RecordBranch
        | ConflictChoice::LeaveBranch
        | ConflictChoice::KeepBoth
        | ConflictChoice::CorrectSerial
        | ConflictChoice::Acknowledge => {}
    }
    conflicts::refresh_shortages(batch, &mut row.conflict)?;
    Ok(unchanged(cause, asked.choice))
}

fn open_shortages(batch: &Batch<'_>, conflict: &Conflict) -> Result<Vec<stock::ShortageRow>, ApplyError> {
    let mut shortages = stock::list_shortages(batch.tx, conflict.conflict_id)?;
    shortages.retain(|shortage| shortage.open > 0);
    Ok(shortages)
}

fn check_refund(
    batch: &Batch<'_>,
    refund: Option<SaleId>,
    sale_id: Option<SaleId>,
) -> Result<(), ApplyError> {
    let Some(refund) = refund else {
        return Err(invalid("refund_sale_id", "the refund document is missing"));
    };
    let Some(document) = sale::find_applied(batch.tx, refund)? else {
        return Err(unknown("refund_sale_id", "refund", refund.0));
    };
    let original = document.head.original.and_then(|original| original.sale_id);
    if document.head.kind != SaleKind::Refund || original != sale_id {
        return Err(invalid("refund_sale_id", "this document is no refund of the oversold sale"));
    }
    Ok(())
}

/// Undoes an accepted count: the movements of that resolution, the other way round.
fn reopen_oversold(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    row: &mut ConflictRow,
    resolution: &Resolution,
) -> Result<(), ApplyError> {
    let shortages = stock::list_shortages(batch.tx, row.conflict.conflict_id)?;
    let mut ledger = Ledger::new(cause);
    // A correction and a sale for each line: the correction names what was missing.
    let corrections = stock::list_movements(batch.tx, resolution.op_id)?;
    for (product_id, line_id, delta) in corrections.into_iter().filter(|(_, _, delta)| *delta > 0) {
        let line = Line { product_id, reason: MovementReason::Reversal, line_id };
        let Some(shortage) = shortages.iter().find(|s| Some(s.line_id) == line_id) else { continue };
        // The sale's part first, so that the balance never goes below zero in between.
        ledger.append(batch, line, delta)?;
        ledger.append(batch, line, -delta)?;
        ledger.change_open(batch, shortage, delta)?;
    }
    conflicts::refresh_shortages(batch, &mut row.conflict)?;
    let still_short = stock::list_shortages(batch.tx, row.conflict.conflict_id)?.iter().any(|s| s.open > 0);
    if still_short { Ok(()) } else { Err(invalid("conflict_id", "nothing is short any more")) }
}

fn resolve_fields(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    asked: &ConflictResolution,
) -> Result<Resolution, ApplyError> {
    let (kind, row) = find_row(batch, conflict)?;
    let mut values = Fields::new();
    for dispute in &conflict.fields {
        let field = &dispute.field;
        let value = match asked.choice {
            ConflictChoice::KeepMine => Some(&dispute.incoming),
            // Their value stands unless mine was taken meanwhile; a later edit is nobody's business here.
            ConflictChoice::KeepTheirs => {
                (row.fields.get(field) == Some(&dispute.incoming)).then_some(&dispute.current)
            }
            ConflictChoice::Merge => match asked.fields.get(field) {
                Some(value) => Some(value),
                None => {
                    return Err(invalid(&format!("fields.{field}"), "a merge needs a value for each field"));
                }
            },
            ConflictChoice::AcceptCount
            | ConflictChoice::Order
            | ConflictChoice::Refund
            | ConflictChoice::AcceptPrice
            | ConflictChoice::TakeGoods
            | ConflictChoice::AcceptLoss
            | ConflictChoice::CashierOwes
            | ConflictChoice::KeepMapping
            | ConflictChoice::MoveMapping
            | ConflictChoice::RecordBranch
            | ConflictChoice::LeaveBranch
            | ConflictChoice::KeepBoth
            | ConflictChoice::CorrectSerial
            | ConflictChoice::Acknowledge => None,
        };
        if let Some(value) = value {
            values.insert(field.clone(), value.clone());
        }
    }
    let disputed = |field: &String| conflict.fields.iter().any(|dispute| dispute.field == *field);
    if let Some(other) = asked.fields.keys().find(|field| !disputed(field)) {
        return Err(invalid(&format!("fields.{other}"), "this field is not in dispute"));
    }
    set_fields(batch, cause, conflict, kind, row, (asked.choice, values, asked.hlc))
}

fn set_fields(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    kind: EntityKind,
    row: entity::EntityRow,
    (choice, values, hlc): (ConflictChoice, Fields, Hlc),
) -> Result<Resolution, ApplyError> {
    let before = values
        .keys()
        .map(|field| (field.clone(), row.fields.get(field).cloned().unwrap_or(Value::Null)))
        .collect::<Fields>();
    if before != values {
        if row.deleted {
            return Err(invalid("conflict_id", "the row was deleted meanwhile"));
        }
        let mut fields = row.fields.clone();
        fields.extend(values.clone());
        rows::write_fields(batch, cause, kind, conflict.entity_id, row, fields, hlc)?;
    }
    Ok(conflicts::resolution(cause, choice, before, values))
}

/// `keep_mine` does what the operation asked: brings the row back with the edit, or deletes it.
fn resolve_existence(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    asked: &ConflictResolution,
) -> Result<Resolution, ApplyError> {
    if asked.choice != ConflictChoice::KeepMine {
        return Ok(unchanged(cause, asked.choice));
    }
    let (kind, row) = find_row(batch, conflict)?;
    let id = conflict.entity_id;
    let was_deleted = row.deleted;
    let wanted_deletion =
        operation::body(batch.tx, conflict.op_id)?.is_some_and(|(kind, ..)| kind == "entity.delete");
    let mut resolution = unchanged(cause, asked.choice);
    resolution.was_deleted = Some(was_deleted);
    if wanted_deletion {
        if !was_deleted {
            rows::set_deleted(batch, cause, kind, id, row, true)?;
        }
        return Ok(resolution);
    }
    let mut fields = row.fields.clone();
    for dispute in &conflict.fields {
        let before = fields.insert(dispute.field.clone(), dispute.incoming.clone()).unwrap_or(Value::Null);
        resolution.before.insert(dispute.field.clone(), before);
        resolution.after.insert(dispute.field.clone(), dispute.incoming.clone());
    }
    rows::write_fields(batch, cause, kind, id, row, fields, asked.hlc)?;
    Ok(resolution)
}

/// Puts back what the resolution changed, unless someone changed it since.
fn reopen_row(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    resolution: &Resolution,
    hlc: Hlc,
) -> Result<(), ApplyError> {
    let (kind, row) = find_row(batch, conflict)?;
    let id = conflict.entity_id;
    let mut fields = row.fields.clone();
    for (field, value) in &resolution.before {
        if row.fields.get(field) == resolution.after.get(field) {
            fields.insert(field.clone(), value.clone());
        }
    }
    let deleted = row.deleted;
    if fields != row.fields && !deleted {
        rows::write_fields(batch, cause, kind, id, row, fields, hlc)?;
    }
    if let Some(was_deleted) = resolution.was_deleted
        && deleted != was_deleted
    {
        let (_, row) = find_row(batch, conflict)?;
        rows::set_deleted(batch, cause, kind, id, row, was_deleted)?;
    }
    Ok(())
}

fn find_row(batch: &Batch<'_>, conflict: &Conflict) -> Result<(EntityKind, entity::EntityRow), ApplyError> {
    let missing = || unknown("conflict_id", &conflict.entity, conflict.entity_id);
    let kind = EntityKind::parse(&conflict.entity).ok_or_else(missing)?;
    let row = entity::find(batch.tx, kind, conflict.entity_id)?.ok_or_else(missing)?;
    Ok((kind, row))
}
