//! The life of serial numbers: the events of all registers that are known here.

use pos_domain::body::EntityKind;
use pos_domain::serial::SerialEvent;
use pos_domain::{ChainRecord, SaleDocument, SaleId, SerialEventId};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::shared::{self, Kept, Life, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first};

/// What happened to a number, oldest first. `serial` is in canonical spelling.
///
/// # Errors
/// Those of reading.
pub fn list_events(conn: &Conn, serial: &str) -> Result<Vec<SerialEvent>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT event_id, serial, product_id, change, document_id, number, customer_id, device_id, register, actor, note,
             at_ms
         FROM serial_event WHERE serial = :serial AND deleted = 0 ORDER BY at_ms, event_id",
    )?;
    all(statement.query(named_params! { ":serial": serial })?, "serial_event", read)
}

/// The event of this id.
///
/// # Errors
/// Those of reading.
pub(crate) fn find(conn: &Conn, id: SerialEventId) -> Result<Option<SerialEvent>, StoreError> {
    Ok(shared::find(conn, id.0)?.map(|event| event.row))
}

/// The last event of each number that `search` is in, in canonical spelling; the latest first. Empty finds all.
///
/// # Errors
/// Those of reading.
pub fn list_last(conn: &Conn, search: &str, limit: u32) -> Result<Vec<SerialEvent>, StoreError> {
    // Of the columns beside max() SQLite answers those of the row that has it.
    let mut statement = conn.prepare_cached(
        "SELECT event_id, serial, product_id, change, document_id, number, customer_id, device_id, register, actor, note,
             max(at_ms) AS at_ms
         FROM serial_event WHERE deleted = 0 AND instr(serial, :search) > 0
         GROUP BY serial ORDER BY max(at_ms) DESC, serial LIMIT :limit",
    )?;
    all(statement.query(named_params! { ":search": search, ":limit": limit })?, "serial_event", read)
}

/// Writes an event made here. The server brings the same row again when it has applied its operation.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, event: &SerialEvent) -> Result<(), StoreError> {
    shared::put_local(tx, event)
}

/// Writes what a sale document that became final here tells of the numbers on its lines.
pub(crate) fn record_of_sale(tx: &Tx<'_>, sale_id: SaleId, record: &ChainRecord) -> Result<(), StoreError> {
    // Few documents bear numbers, and those say so in their text: the others are not read.
    let mut statement = tx.prepare_cached(
        "SELECT document FROM sale WHERE sale_id = :id AND instr(document, '\"serials\":[') > 0",
    )?;
    let rows = statement.query(named_params! { ":id": sale_id.as_bytes() })?;
    let document: Option<SaleDocument> = first(rows, "sale", |c| c.json("document"))?;
    let number = record.printed_number();
    let events = document.map(|document| document.serial_events(Some(&number))).unwrap_or_default();
    events.iter().try_for_each(|event| put(tx, event))
}

/// Events follow their product to another id.
pub(crate) fn rename_product(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE serial_event SET product_id = :to WHERE product_id = :from")?
        .execute(named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() })?;
    Ok(())
}

/// Events follow their customer to another id.
pub(crate) fn rename_customer(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE serial_event SET customer_id = :to WHERE customer_id = :from")?
        .execute(named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() })?;
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<SerialEvent, StoreError> {
    Ok(SerialEvent {
        event_id: c.id("event_id")?,
        serial: c.get("serial")?,
        product_id: c.id("product_id")?,
        change: c.word("change")?,
        document_id: c.opt_id("document_id")?,
        number: c.get("number")?,
        customer_id: c.opt_id("customer_id")?,
        device_id: c.id("device_id")?,
        register: c.get("register")?,
        actor: c.get("actor")?,
        note: c.get("note")?,
        at_ms: c.get("at_ms")?,
    })
}

impl SharedRow for SerialEvent {
    const KIND: EntityKind = EntityKind::SerialEvent;
    const FIELDS: &'static [&'static str] = &[
        "event_id",
        "serial",
        "product_id",
        "change",
        "document_id",
        "number",
        "customer_id",
        "device_id",
        "register",
        "actor",
        "note",
        "at_ms",
    ];

    fn row_id(&self) -> Uuid {
        self.event_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT event_id, serial, product_id, change, document_id, number, customer_id, device_id, register, actor,
                 note, at_ms, rev, seq, deleted, server_fields, extra
             FROM serial_event WHERE event_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "serial_event", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO serial_event (event_id, serial, product_id, change, document_id, number, customer_id, device_id,
                 register, actor, note, at_ms, rev, seq, deleted, server_fields, extra)
             VALUES (:id, :serial, :product, :change, :document, :number, :customer, :device, :register, :actor, :note,
                 :at, :rev, :seq, :deleted, :server_fields, :extra)
             ON CONFLICT (event_id) DO UPDATE SET serial = excluded.serial, product_id = excluded.product_id,
                 change = excluded.change, document_id = excluded.document_id, number = excluded.number,
                 customer_id = excluded.customer_id, device_id = excluded.device_id, register = excluded.register,
                 actor = excluded.actor, note = excluded.note, at_ms = excluded.at_ms, rev = excluded.rev,
                 seq = excluded.seq, deleted = excluded.deleted, server_fields = excluded.server_fields,
                 extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.event_id.as_bytes(),
            ":serial": self.serial,
            ":product": self.product_id.as_bytes(),
            ":change": self.change.as_str(),
            ":document": self.document_id.map(|id| id.0.into_bytes()),
            ":number": self.number,
            ":customer": self.customer_id.map(|id| id.0.into_bytes()),
            ":device": self.device_id.as_bytes(),
            ":register": self.register,
            ":actor": self.actor,
            ":note": self.note,
            ":at": self.at_ms,
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
