//! Opening conflicts, and keeping their documents true to what they are about.

use std::collections::{BTreeSet, HashMap};

use pos_domain::body::EntityKind;
use pos_domain::conflict::{
    ChoicePreview, ConflictEvent, ConflictEventKind, ConflictStatus, PriceDifference, Shortage, StockChange,
};
use pos_domain::merge::{FieldDispute, Fields};
use pos_domain::rounding::div_round;
use pos_domain::{
    Conflict, ConflictChoice, ConflictId, ConflictKind, LineId, Money, Quantity, RoundingMode, SaleId,
};
use uuid::Uuid;

use super::ledger::Ledger;
use super::{ApplyError, Cause, invalid};
use crate::batch::{Batch, Origin};
use crate::storage::conflict::{self as store, ConflictRow, Resolution};
use crate::storage::{stock, upkeep};

/// Goods that an operation took and that were not there.
pub(super) struct Missing {
    pub(super) entity: &'static str,
    pub(super) entity_id: Uuid,
    pub(super) sale_id: Option<SaleId>,
    pub(super) title: String,
    pub(super) shortages: Vec<Shortage>,
}

/// A disagreement about a row.
pub(super) struct Disagreement {
    pub(super) kind: ConflictKind,
    pub(super) entity: EntityKind,
    pub(super) entity_id: Uuid,
    pub(super) title: String,
    pub(super) other_register: Option<String>,
    pub(super) fields: Vec<FieldDispute>,
}

/// Opens an oversold conflict with its shortages.
pub(super) fn open_oversold(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    ledger: &mut Ledger<'_>,
    subject: Missing,
) -> Result<ConflictId, ApplyError> {
    let conflict_id = cause.conflict_id(ConflictKind::Oversold);
    for shortage in &subject.shortages {
        let (line, product) = (shortage.line_id, shortage.product_id);
        let missing = shortage.missing.milli();
        stock::insert_shortage(batch.tx, conflict_id, line, product, subject.sale_id, missing)?;
        ledger.change_oversold(batch, product, missing)?;
    }
    let mut conflict = blank(batch, cause, ConflictKind::Oversold);
    conflict.entity = subject.entity.to_owned();
    conflict.entity_id = subject.entity_id;
    conflict.title = subject.title;
    conflict.sale_id = subject.sale_id;
    conflict.shortages = subject.shortages;
    refresh_shortages(batch, &mut conflict)?;
    save_new(batch, cause, conflict)?;
    Ok(conflict_id)
}

/// Opens a conflict about prices that changed during a sale.
pub(super) fn open_price_changed(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    sale_id: SaleId,
    prices: Vec<PriceDifference>,
) -> Result<ConflictId, ApplyError> {
    let mut conflict = blank(batch, cause, ConflictKind::PriceChanged);
    conflict.entity = "sale".to_owned();
    conflict.entity_id = sale_id.0;
    conflict.title = prices.first().map(|price| price.name.clone()).unwrap_or_default();
    conflict.sale_id = Some(sale_id);
    conflict.prices = prices;
    conflict.choices = vec![preview(ConflictChoice::AcceptPrice)];
    save_new(batch, cause, conflict)
}

/// Opens a conflict about a row, for a person.
pub(super) fn open_disagreement(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    about: Disagreement,
) -> Result<ConflictId, ApplyError> {
    let conflict = disagreement(batch, cause, about);
    save_new(batch, cause, conflict)
}

/// Keeps a disagreement that a strategy decided, so that people can see it and decide otherwise.
pub(super) fn record_decided(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    about: Disagreement,
    resolution: Resolution,
) -> Result<ConflictId, ApplyError> {
    let mut conflict = disagreement(batch, cause, about);
    let choice = resolution.choice;
    conflict.status = ConflictStatus::Resolved;
    conflict.events.push(ConflictEvent {
        at_ms: batch.now_ms,
        what: ConflictEventKind::Resolved,
        device_id: None,
        register: None,
        actor: None,
        choice: Some(choice),
        note: None,
    });
    save_with(batch, cause, conflict, Some(resolution))
}

/// Writes the documents of conflicts whose shortages changed. One that waits for a person and of which nothing is
/// short any more is closed: there is nothing left to decide.
pub(super) fn refresh_all(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    changed: &BTreeSet<ConflictId>,
) -> Result<(), ApplyError> {
    for conflict_id in changed {
        let Some(mut row) = store::find(batch.tx, *conflict_id)? else { continue };
        refresh_shortages(batch, &mut row.conflict)?;
        let all_settled = stock::list_shortages(batch.tx, *conflict_id)?.iter().all(|s| s.open == 0);
        if all_settled && row.conflict.status == ConflictStatus::Open {
            close(batch, cause, &mut row)?;
        }
        save(batch, cause.origin(), row)?;
    }
    Ok(())
}

/// Closes the questions about a sale that was withdrawn: there is no such sale.
pub(super) fn close_withdrawn(batch: &mut Batch<'_>, cause: &Cause<'_>) -> Result<(), ApplyError> {
    for kind in [ConflictKind::PriceChanged, ConflictKind::SerialTwice, ConflictKind::NotApproved] {
        match store::find(batch.tx, cause.conflict_id(kind))? {
            Some(mut row) if row.conflict.status == ConflictStatus::Open => {
                close(batch, cause, &mut row)?;
                save(batch, cause.origin(), row)?;
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

/// Closes a conflict without a person's choice: nothing is left to decide.
fn close(batch: &Batch<'_>, cause: &Cause<'_>, row: &mut ConflictRow) -> Result<(), ApplyError> {
    row.conflict.status = ConflictStatus::Resolved;
    let event = ConflictEvent {
        at_ms: batch.now_ms,
        what: ConflictEventKind::Resolved,
        device_id: Some(cause.device.device_id),
        register: Some(cause.device.name.clone()),
        actor: None,
        choice: None,
        note: None,
    };
    append_event(batch, row, event)
}

/// Writes a conflict and moves it to the end of the feed.
pub(super) fn save(batch: &mut Batch<'_>, origin: Origin, mut row: ConflictRow) -> Result<(), ApplyError> {
    let id = row.conflict.conflict_id;
    // One that had left the lists comes back to them.
    let comes_back =
        row.rev > 0 && !batch.has_touched(EntityKind::Conflict, id.0) && upkeep::has_left(batch.tx, id)?;
    if comes_back {
        batch.add_total(EntityKind::Conflict, 1);
    }
    row.rev += 1;
    store::save(batch.tx, &row)?;
    batch.touch(EntityKind::Conflict, id.0, row.rev, false, origin);
    Ok(())
}

/// Appends to a conflict's story, in the document and where nobody can change it.
pub(super) fn append_event(
    batch: &Batch<'_>,
    row: &mut ConflictRow,
    event: ConflictEvent,
) -> Result<(), ApplyError> {
    store::append_event(batch.tx, row.conflict.conflict_id, row.conflict.events.len(), &event)?;
    row.conflict.events.push(event);
    Ok(())
}

/// Writes into an oversold conflict what is missing still, and what each choice would do now.
pub(super) fn refresh_shortages(batch: &Batch<'_>, conflict: &mut Conflict) -> Result<(), ApplyError> {
    let open: HashMap<LineId, i64> = stock::list_shortages(batch.tx, conflict.conflict_id)?
        .into_iter()
        .map(|row| (row.line_id, row.open))
        .collect();
    let mut closing = Vec::new();
    let mut cash = Money::ZERO;
    for shortage in &mut conflict.shortages {
        let left = open.get(&shortage.line_id).copied().unwrap_or(0);
        let left = Quantity::from_milli(left).map_err(|fault| invalid("qty", fault.to_string()))?;
        shortage.open = Some(left);
        if left.is_zero() {
            continue;
        }
        closing.push(StockChange {
            product_id: shortage.product_id,
            code: shortage.code.clone(),
            name: shortage.name.clone(),
            on_hand: Quantity::ZERO,
            oversold: left.negated(),
        });
        cash = cash.minus(shortage.still_paid()).map_err(|fault| invalid("paid", fault.to_string()))?;
    }
    let accept = ChoicePreview { stock: closing.clone(), ..preview(ConflictChoice::AcceptCount) };
    // Without a sale there is no customer who waits for goods or money.
    conflict.choices = if conflict.sale_id.is_none() {
        vec![accept]
    } else {
        let refund = ChoicePreview { stock: closing, cash, ..preview(ConflictChoice::Refund) };
        vec![accept, preview(ConflictChoice::Order), refund]
    };
    Ok(())
}

/// The part of an amount that belongs to `part` of `whole`, rounded half up.
pub(super) fn share(amount: Money, part: i64, whole: i64) -> Money {
    let exact = i128::from(amount.minor()) * i128::from(part);
    // A part is never larger than the whole, so the share is never out of range.
    div_round(exact, i128::from(whole), RoundingMode::HalfUp)
        .and_then(|minor| Money::from_i128(minor).ok())
        .unwrap_or(amount)
}

/// A choice that moves nothing.
pub(super) fn preview(choice: ConflictChoice) -> ChoicePreview {
    ChoicePreview { choice, stock: Vec::new(), cash: Money::ZERO, reversible: choice.is_reversible() }
}

fn disagreement(batch: &Batch<'_>, cause: &Cause<'_>, about: Disagreement) -> Conflict {
    let mut conflict = blank(batch, cause, about.kind);
    conflict.entity = about.entity.as_str().to_owned();
    conflict.entity_id = about.entity_id;
    conflict.title = about.title;
    conflict.other_register = about.other_register;
    conflict.choices = vec![preview(ConflictChoice::KeepMine), preview(ConflictChoice::KeepTheirs)];
    // Existing or not is one question; only values can be mixed.
    if about.kind != ConflictKind::EditDelete && !about.fields.is_empty() {
        conflict.choices.push(preview(ConflictChoice::Merge));
    }
    conflict.fields = about.fields;
    conflict
}

/// A conflict that was opened just now and says nothing yet.
pub(super) fn blank(batch: &Batch<'_>, cause: &Cause<'_>, kind: ConflictKind) -> Conflict {
    Conflict {
        conflict_id: cause.conflict_id(kind),
        kind,
        status: ConflictStatus::Open,
        entity: String::new(),
        entity_id: Uuid::nil(),
        title: String::new(),
        op_id: cause.op_id,
        device_id: cause.device.device_id,
        register: cause.device.name.clone(),
        other_register: None,
        opened_at_ms: batch.now_ms,
        fields: Vec::new(),
        shortages: Vec::new(),
        prices: Vec::new(),
        refund: None,
        contested: None,
        fork: None,
        serials: Vec::new(),
        unapproved: None,
        sale_id: None,
        choices: Vec::new(),
        events: vec![ConflictEvent {
            at_ms: batch.now_ms,
            what: ConflictEventKind::Opened,
            device_id: Some(cause.device.device_id),
            register: Some(cause.device.name.clone()),
            actor: None,
            choice: None,
            note: None,
        }],
    }
}

/// Writes a new conflict.
pub(super) fn save_new(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: Conflict,
) -> Result<ConflictId, ApplyError> {
    save_with(batch, cause, conflict, None)
}

fn save_with(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: Conflict,
    resolution: Option<Resolution>,
) -> Result<ConflictId, ApplyError> {
    let conflict_id = conflict.conflict_id;
    let events = conflict.events.clone();
    save(batch, cause.origin(), ConflictRow { rev: 0, conflict, resolution })?;
    for (ordinal, event) in events.iter().enumerate() {
        store::append_event(batch.tx, conflict_id, ordinal, event)?;
    }
    batch.add_total(EntityKind::Conflict, 1);
    Ok(conflict_id)
}

/// A resolution that changed fields of a row.
pub(super) fn resolution(
    cause: &Cause<'_>,
    choice: ConflictChoice,
    before: Fields,
    after: Fields,
) -> Resolution {
    Resolution { op_id: cause.op_id, choice, before, after, was_deleted: None }
}
