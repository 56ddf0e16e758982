//! The life of serial numbers: every event is shown as it was told, and every number is in one place, or a conflict says so.

use std::collections::{HashMap, HashSet};

use pos_domain::serial::SerialEvent;
use pos_domain::{Conflict, OperationBody};
use serde_json::Value;
use uuid::Uuid;

use super::{Faults, each_row};
use crate::storage::{Row, Sql, Tx, id, json, serial};

/// The step of each event that counts, in the order of the lives of the numbers, with what registers see of it and the
/// operation that told it first.
const STEPS: &str = "
    SELECT serial_step.event_id, serial_step.serial, serial_step.change, deleted, fields,
        operation.kind AS op_kind, kind_version, body, chain_record.series, chain_record.number
    FROM serial_step
    JOIN serial_step AS first ON first.event_id = serial_step.event_id AND NOT EXISTS (
        SELECT 1 FROM serial_step AS earlier
        WHERE earlier.event_id = first.event_id AND earlier.step_no < first.step_no
    )
    LEFT JOIN operation ON operation.op_id = first.op_id
    LEFT JOIN entity_row ON entity_row.entity = 'serial_event' AND entity_row.id = serial_step.event_id
    LEFT JOIN sale ON sale.op_id = first.op_id
    LEFT JOIN chain_record ON chain_record.document_id = sale.sale_id
    WHERE NOT EXISTS (
        SELECT 1 FROM serial_step AS later
        WHERE later.event_id = serial_step.event_id AND later.step_no > serial_step.step_no
    )
    ORDER BY serial_step.serial, serial_step.step_no";

/// Events that are shown and were never told.
const SHOWN: &str = "
    SELECT id FROM entity_row WHERE entity = 'serial_event' AND NOT deleted AND NOT EXISTS (
        SELECT 1 FROM serial_step WHERE serial_step.event_id = entity_row.id
    )";

/// Sales that count and of which an event or an entry is missing.
const MISSING: &str = "
    SELECT sale_id FROM sale WHERE state = 'applied' AND numbered_rows > 0 AND numbered_rows <> (
        SELECT count(*) FROM account_posting WHERE account_posting.op_id = sale.op_id
    ) + (
        SELECT count(*) FROM serial_step WHERE serial_step.op_id = sale.op_id
    )";

/// Numbers of which an event was taken back or corrected: their order tells nothing.
const REORDERED: &str = "SELECT DISTINCT serial FROM serial_step WHERE change = 'undone' OR EXISTS (
        SELECT 1 FROM serial_step AS other
        WHERE other.event_id = serial_step.event_id AND other.step_no <> serial_step.step_no
    )";

pub(super) fn check(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    let mut told = HashSet::new();
    each_row(
        tx,
        "SELECT document FROM conflict WHERE kind = 'serial_twice'",
        faults,
        "conflict",
        |row, _| {
            let conflict: Conflict = json(row, "document")?;
            told.extend(conflict.serials.into_iter().map(|clash| clash.event.event_id.0));
            Ok(())
        },
    )?;
    let mut reordered = HashSet::new();
    each_row(tx, REORDERED, faults, "serial_step", |row, _| {
        reordered.insert(row.get::<String>("serial")?);
        Ok(())
    })?;
    each_row(tx, MISSING, faults, "sale", |row, faults| {
        let detail = format!("sale {}: an event or an entry of it is missing", id(row, "sale_id")?);
        faults.add("serial", detail);
        Ok(())
    })?;
    each_row(tx, SHOWN, faults, "entity_row", |row, faults| {
        faults.add("serial", format!("serial_event {}: nothing told it", id(row, "id")?));
        Ok(())
    })?;
    let mut lives: HashMap<String, SerialEvent> = HashMap::new();
    each_row(tx, STEPS, faults, "serial_step", |row, faults| {
        let (event_id, serial) = (id(row, "event_id")?, row.get::<&str>("serial")?);
        let shown = match row.get::<Option<bool>>("deleted")? {
            Some(false) => Some(json::<SerialEvent>(row, "fields")?),
            Some(true) | None => None,
        };
        if !is_shown(row, event_id, shown.as_ref())? {
            let detail = format!("serial_event {event_id}: it is not shown as {serial} was told");
            faults.add("serial", detail);
        }
        let Some(event) = shown else { return Ok(()) };
        // One number at a time: the rows are in the order of the numbers.
        if !lives.contains_key(serial) {
            lives.clear();
        }
        let before = lives.insert(serial.to_owned(), event.clone()).map(|before| before.change);
        if !event.change.follows(before) && !told.contains(&event_id) && !reordered.contains(serial) {
            let detail =
                format!("serial {serial}: {} cannot follow, and no conflict says so", event.change.as_str());
            faults.add("serial", detail);
        }
        Ok(())
    })
}

/// Whether registers see an event as its last step and the operation that told it say.
fn is_shown(row: Row<'_>, event_id: Uuid, shown: Option<&SerialEvent>) -> Sql<bool> {
    let change = row.get::<&str>("change")?;
    let Some(event) = shown else { return Ok(change == serial::UNDONE) };
    if event.event_id.0 != event_id
        || event.serial != row.get::<&str>("serial")?
        || event.change.as_str() != change
    {
        return Ok(false);
    }
    let Some(body) = row.get::<Option<&str>>("body")? else { return Ok(false) };
    let number = match row.get::<Option<String>>("series")? {
        Some(series) => Some(pos_domain::chain::printed_number(&series, row.get("number")?)),
        None => None,
    };
    Ok(match OperationBody::decode(row.get("op_kind")?, row.get("kind_version")?, body) {
        Ok(OperationBody::SaleComplete(document)) => {
            let mut events = document.serial_events(number.as_deref()).into_iter();
            events.find(|told| told.event_id == event.event_id).is_some_and(|told| is_same(&told, event))
        }
        Ok(OperationBody::SerialNote(note)) => {
            (note.event_id, note.change, note.at_ms, &note.actor, &note.note, &note.register)
                == (event.event_id, event.change, event.at_ms, &event.actor, &event.note, &event.register)
        }
        Ok(_) | Err(_) => false,
    })
}

/// Apart from the number, which may be corrected, and ids, which may have been given up for others.
fn is_same(told: &SerialEvent, shown: &SerialEvent) -> bool {
    let of = |event: &SerialEvent| -> Value {
        let SerialEvent { change, document_id, number, device_id, register, actor, note, at_ms, .. } = event;
        serde_json::json!([change, document_id, number, device_id, register, actor, note, at_ms])
    };
    of(told) == of(shown)
}
