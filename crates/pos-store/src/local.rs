//! What this register remembers for itself and never syncs: its own settings, presses of buttons, the audit trail.

use pos_domain::RequestId;
use rusqlite::named_params;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Conn, Tx, all, first, to_json};

/// A setting of this register alone, such as `language`, `theme` or `printer`.
///
/// # Errors
/// Those of reading.
pub fn find_setting(conn: &Conn, key: &str) -> Result<Option<Value>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT value FROM device_setting WHERE key = :key")?;
    first(statement.query(named_params! { ":key": key })?, "device_setting", |c| c.json("value"))
}

/// All settings of this register alone, by key.
///
/// # Errors
/// Those of reading.
pub fn list_settings(conn: &Conn) -> Result<Vec<(String, Value)>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT key, value FROM device_setting ORDER BY key")?;
    all(statement.query([])?, "device_setting", |c| Ok((c.get("key")?, c.json("value")?)))
}

/// Sets a setting of this register alone.
///
/// # Errors
/// Those of writing.
pub fn set_setting(tx: &Tx<'_>, key: &str, value: &Value) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO device_setting (key, value) VALUES (:key, :value)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(named_params! { ":key": key, ":value": to_json("device_setting.value", value)? })?;
    Ok(())
}

/// What a press of a button made, if it was pressed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneRequest {
    /// Name of the command.
    pub command: String,
    /// What it made, such as the sale.
    pub subject_id: Uuid,
}

/// What the press of this button made, if it was pressed before.
///
/// # Errors
/// Those of reading.
pub fn find_request(conn: &Conn, request_id: RequestId) -> Result<Option<DoneRequest>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT command, subject_id FROM request WHERE request_id = :id")?;
    first(statement.query(named_params! { ":id": request_id.as_bytes() })?, "request", |c| {
        Ok(DoneRequest { command: c.get("command")?, subject_id: c.id("subject_id")? })
    })
}

/// Remembers what a press of a button made; in the same transaction as the thing itself.
///
/// # Errors
/// [`StoreError::Sql`] when this request did something already.
pub fn record_request(
    tx: &Tx<'_>,
    request_id: RequestId,
    command: &str,
    subject_id: Uuid,
    at_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO request (request_id, command, subject_id, at_ms) VALUES (:id, :command, :subject, :at)",
    )?
    .execute(named_params! {
        ":id": request_id.as_bytes(),
        ":command": command,
        ":subject": subject_id.into_bytes(),
        ":at": at_ms,
    })?;
    Ok(())
}
