//! Things that bear a number: what the lines of a document tell of them, and the events that it made.

use pos_domain::body::EntityKind;
use pos_domain::serial::SerialEvent;
use pos_domain::{CustomerId, DocumentId, ProductId, SaleDocument, SaleId, SerialEventId};
use rusqlite::named_params;
use serde_json::json;

use super::Findings;
use crate::sql::{Columns, Conn};
use crate::{StoreError, mappings, serials};

/// The events of a final document are there as it `told` them, with the ids of now.
pub(super) fn check(
    conn: &Conn,
    document_id: DocumentId,
    told: Vec<SerialEvent>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    for told in told {
        let event_id = told.event_id;
        let as_told = match serials::find(conn, event_id)? {
            Some(found) => is_as_told(conn, told, &found)?,
            None => false,
        };
        if !as_told {
            let params = json!({ "table": "serial_event", "event_id": event_id });
            findings.add("serial.differs", Some(document_id.0), params);
        }
    }
    Ok(())
}

/// No event says of a sale that is here what the sale does not tell.
pub(super) fn check_unexplained(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    let mut statement = conn.prepare(
        "SELECT e.event_id, s.sale_id, s.document FROM serial_event AS e JOIN sale AS s ON s.sale_id = e.document_id
         WHERE e.deleted = 0",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let columns = Columns::of("serial_event", row);
        let (event_id, sale_id): (SerialEventId, SaleId) = (columns.id("event_id")?, columns.id("sale_id")?);
        // A document that cannot be read is told elsewhere.
        let Ok(document) = columns.json::<SaleDocument>("document") else { continue };
        if !document.serial_events(None).iter().any(|told| told.event_id == event_id) {
            let params = json!({ "table": "serial_event", "event_id": event_id });
            findings.add("serial.unexplained", Some(sale_id.0), params);
        }
    }
    Ok(())
}

fn is_as_told(conn: &Conn, told: SerialEvent, found: &SerialEvent) -> Result<bool, StoreError> {
    let mut wanted = told;
    wanted.product_id = ProductId(mappings::resolve(conn, EntityKind::Product, wanted.product_id.0)?);
    if let Some(id) = wanted.customer_id {
        wanted.customer_id = Some(CustomerId(mappings::resolve(conn, EntityKind::Customer, id.0)?));
    }
    // A server that heard of the document before its number shows none for a while.
    if found.number.is_none() {
        wanted.number = None;
    }
    // Somebody misread a digit, and people gave the thing another number.
    if wanted.serial != found.serial && is_disputed(conn, found)? {
        wanted.serial.clone_from(&found.serial);
    }
    Ok(wanted == *found)
}

/// Whether a disagreement tells of the event.
fn is_disputed(conn: &Conn, event: &SerialEvent) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT 1 FROM conflict AS c, json_each(c.data, '$.serials') AS s
         WHERE c.kind = 'serial_twice'
           AND :event IN (s.value ->> '$.event.event_id', s.value ->> '$.before.event_id')",
    )?;
    Ok(statement.exists(named_params! { ":event": event.event_id.0.to_string() })?)
}
