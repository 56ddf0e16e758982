//! The life of serial numbers: events told by lines of documents, and by people's notes.
//!
//! What happened stands, whatever was there before. A thing that comes in while it is here, or goes out while it is away,
//! is in two places at once: two registers sold it without seeing each other, or somebody misread a digit. A person sees
//! both records and decides.

use pos_domain::body::{ConflictResolution, EntityKind};
use pos_domain::contested::SerialClash;
use pos_domain::merge::Fields;
use pos_domain::serial::{SerialEvent, SerialNote, SerialTracking, canonical};
use pos_domain::{
    Conflict, ConflictChoice, ConflictId, ConflictKind, CustomerId, SaleDocument, SaleId, SerialEventId,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Applied, ApplyError, Cause, applied, conflict as conflicts, invalid, shown, unknown};
use crate::batch::{Batch, Origin};
use crate::storage::Sql;
use crate::storage::conflict::Resolution;
use crate::storage::serial::{self, Step};

/// Records what a document tells of the numbers on its lines.
pub(super) fn record(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
) -> Result<Option<ConflictId>, ApplyError> {
    let events = document.serial_events(None);
    append_all(batch, cause, events, Some(document.head.sale_id))
}

/// `serial.note`
pub(super) fn note(batch: &mut Batch<'_>, cause: &Cause<'_>, note: &SerialNote) -> Applied {
    note.check().map_err(|fault| invalid("serial", fault.to_string()))?;
    if !batch.exists(EntityKind::Product, note.product_id.0)?
        && batch.resolve(EntityKind::Product, note.product_id.0)? == note.product_id.0
    {
        return Err(unknown("product_id", "product", note.product_id.0));
    }
    if find_event(batch, note.event_id)?.is_some() {
        return Err(invalid("event_id", "an event with this id exists"));
    }
    let event = SerialEvent {
        event_id: note.event_id,
        serial: note.serial.clone(),
        product_id: note.product_id,
        change: note.change,
        document_id: None,
        number: None,
        customer_id: None,
        device_id: cause.device.device_id,
        register: note.register.clone(),
        actor: note.actor.clone(),
        note: note.note.clone(),
        at_ms: note.at_ms,
    };
    let conflict_id = append_all(batch, cause, vec![event], None)?;
    Ok(applied(cause, Vec::new(), conflict_id))
}

/// Takes the events of a document back: the register gave the cart back.
pub(super) fn take_back(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
) -> Result<(), ApplyError> {
    for SerialEvent { event_id, .. } in document.serial_events(None) {
        let Some(event) = find_event(batch, event_id)? else { continue };
        let step = Step { event_id, serial: &event.serial, change: serial::UNDONE };
        serial::append(batch.tx, cause.op_id, step, batch.now_ms)?;
        shown::take_away(batch, cause.origin(), EntityKind::SerialEvent, event_id.0)?;
    }
    Ok(())
}

/// Writes a document's printed number into its events.
pub(super) fn tell_number(
    batch: &mut Batch<'_>,
    origin: Origin,
    document: &SaleDocument,
    number: &str,
) -> Sql<()> {
    for SerialEvent { event_id, .. } in document.serial_events(None) {
        let Some(event) = find_event(batch, event_id)? else { continue };
        if event.number.as_deref() != Some(number) {
            put(batch, origin, &SerialEvent { number: Some(number.to_owned()), ..event })?;
        }
    }
    Ok(())
}

/// Leaves both records as they are, with a remark, or gives the one that does not fit another number.
pub(super) fn resolve(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    asked: &ConflictResolution,
) -> Result<Resolution, ApplyError> {
    if asked.choice.needs_note() && asked.note.as_deref().is_none_or(|note| note.trim().is_empty()) {
        return Err(invalid("note", "one thing was in two places: somebody has to say how"));
    }
    if asked.choice != ConflictChoice::CorrectSerial {
        return Ok(conflicts::resolution(cause, asked.choice, Fields::new(), Fields::new()));
    }
    let text = asked.fields.get("serial").and_then(Value::as_str).unwrap_or_default();
    let right = canonical(SerialTracking::Serial, text)
        .map_err(|fault| invalid("fields.serial", fault.to_string()))?;
    let event_id = chosen_event(conflict, &asked.fields)?;
    let event =
        find_event(batch, event_id)?.ok_or_else(|| unknown("fields.event_id", "event", event_id.0))?;
    if let Some(before) = find_last(batch, &right)?
        && !event.change.follows(Some(before.change))
    {
        return Err(invalid("fields.serial", format!("{right} does not fit either")));
    }
    let told = |serial: &str| {
        Fields::from_iter([("event_id".to_owned(), json!(event_id)), ("serial".to_owned(), json!(serial))])
    };
    let resolution = conflicts::resolution(cause, asked.choice, told(&event.serial), told(&right));
    correct(batch, cause, event, &right)?;
    Ok(resolution)
}

/// Gives a corrected record the number back that it had.
pub(super) fn reopen(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    resolution: &Resolution,
) -> Result<(), ApplyError> {
    let Some(serial) = resolution.before.get("serial").and_then(Value::as_str) else { return Ok(()) };
    let event_id = chosen_event(conflict, &resolution.before)?;
    match find_event(batch, event_id)? {
        Some(event) => correct(batch, cause, event, serial),
        None => Ok(()),
    }
}

/// The record that a decision is about: the one that it names, else the first that does not fit.
fn chosen_event(conflict: &Conflict, fields: &Fields) -> Result<SerialEventId, ApplyError> {
    let named = fields.get("event_id").and_then(Value::as_str).map(str::parse::<Uuid>);
    let mut known = conflict.serials.iter().flat_map(|clash| [clash.event.event_id, clash.before.event_id]);
    let chosen = match named {
        Some(Ok(id)) => known.find(|event_id| event_id.0 == id),
        Some(Err(_)) => None,
        None => known.next(),
    };
    chosen.ok_or_else(|| invalid("fields.event_id", "this record is not in dispute"))
}

fn correct(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    event: SerialEvent,
    serial: &str,
) -> Result<(), ApplyError> {
    let step = Step { event_id: event.event_id, serial, change: event.change.as_str() };
    serial::append(batch.tx, cause.op_id, step, batch.now_ms)?;
    Ok(put(batch, cause.origin(), &SerialEvent { serial: serial.to_owned(), ..event })?)
}

fn append_all(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    events: Vec<SerialEvent>,
    sale_id: Option<SaleId>,
) -> Result<Option<ConflictId>, ApplyError> {
    let mut clashes = Vec::new();
    for event in events {
        let event = under_known_ids(batch, event)?;
        let before = find_last(batch, &event.serial)?;
        let step = Step { event_id: event.event_id, serial: &event.serial, change: event.change.as_str() };
        serial::append(batch.tx, cause.op_id, step, batch.now_ms)?;
        put(batch, cause.origin(), &event)?;
        if let Some(before) = before.filter(|before| !event.change.follows(Some(before.change))) {
            clashes.push(SerialClash { event, before });
        }
    }
    let Some(first) = clashes.first() else { return Ok(None) };
    let mut conflict = conflicts::blank(batch, cause, ConflictKind::SerialTwice);
    conflict.entity = EntityKind::SerialEvent.as_str().to_owned();
    conflict.entity_id = first.event.event_id.0;
    conflict.title = first.event.serial.clone();
    conflict.other_register = Some(first.before.register.clone());
    conflict.sale_id = sale_id;
    conflict.choices =
        [ConflictChoice::CorrectSerial, ConflictChoice::KeepBoth].map(conflicts::preview).into();
    conflict.serials = clashes;
    conflicts::save_new(batch, cause, conflict).map(Some)
}

/// An event as the business knows its product and customer.
fn under_known_ids(batch: &Batch<'_>, event: SerialEvent) -> Result<SerialEvent, ApplyError> {
    let product_id = batch.resolve(EntityKind::Product, event.product_id.0)?.into();
    let customer_id = match event.customer_id {
        Some(id) => Some(CustomerId(batch.resolve(EntityKind::Customer, id.0)?)),
        None => None,
    };
    Ok(SerialEvent { product_id, customer_id, ..event })
}

fn find_last(batch: &Batch<'_>, serial: &str) -> Sql<Option<SerialEvent>> {
    match serial::find_last(batch.tx, serial)? {
        Some(event_id) => find_event(batch, SerialEventId(event_id)),
        None => Ok(None),
    }
}

fn find_event(batch: &Batch<'_>, event_id: SerialEventId) -> Sql<Option<SerialEvent>> {
    shown::find(batch, EntityKind::SerialEvent, event_id.0)
}

fn put(batch: &mut Batch<'_>, origin: Origin, event: &SerialEvent) -> Sql<()> {
    shown::put(batch, origin, EntityKind::SerialEvent, event.row_id(), event)
}
