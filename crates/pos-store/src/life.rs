//! Lives of this file: a new one begins whenever the file may not be the one that was last worked with.
//!
//! A new life numbers its documents and operations anew, in a series of its own, so that nothing that was given out
//! before can be given out twice. What waits for the server moves along with its ids and bytes: whatever the server has
//! seen of it already, it knows again.

use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::exchange::{self, Breaker};
use crate::sql::{Conn, Tx, first};
use crate::{StoreError, device, local};

/// The life that was begun without asking the server whether it knows of one like it.
const UNCONFIRMED: &str = "life_unconfirmed";
/// The last life that was begun after the first.
const BEGUN: &str = "life_begun";

/// The series of a life: `R1`, then `R1.2`, `R1.3`. The server counts them in the same way.
pub fn series_of(base: &str, epoch: u32) -> String {
    if epoch <= 1 { base.to_owned() } else { format!("{base}.{epoch}") }
}

/// Begins a life newer than any that is known here and than `above`. Its number.
///
/// Until the server has greeted it, nothing is asked at the counter: the server may know of more lives than this file.
///
/// # Errors
/// [`StoreError::NoDevice`], or those of writing.
pub fn begin(tx: &Tx<'_>, above: u32, now_ms: i64) -> Result<u32, StoreError> {
    begin_because(tx, above, Because::ServerAhead, now_ms)
}

/// Begins a life because another copy of this file works in the same one. Its number.
///
/// # Errors
/// Those of [`begin`].
pub fn begin_forked(tx: &Tx<'_>, now_ms: i64) -> Result<u32, StoreError> {
    begin_because(tx, 0, Because::Forked, now_ms)
}

fn begin_because(tx: &Tx<'_>, above: u32, because: Because, now_ms: i64) -> Result<u32, StoreError> {
    let device = device::get(tx)?;
    let epoch = device.epoch.max(above).saturating_add(1);
    let series = series_of(&base_series(tx)?, epoch);
    device::open_epoch(tx, epoch, &series, device.public_key, now_ms)?;
    if device.server.is_some() {
        exchange::set_breaker(tx, Breaker::Open { until_ms: now_ms })?;
    }
    local::set_setting(tx, UNCONFIRMED, &json!(epoch))?;
    let begun = Begun { at_ms: now_ms, from_epoch: device.epoch, epoch, because };
    let begun =
        serde_json::to_value(begun).map_err(|e| StoreError::unwritable("device_setting.life_begun", e))?;
    local::set_setting(tx, BEGUN, &begun)?;
    Ok(epoch)
}

/// The last life that [`begin`] began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The life before it.
    pub from_epoch: u32,
    /// Its number.
    pub epoch: u32,
    /// Why, when nobody else said so.
    #[serde(default)]
    pub because: Because,
}

/// Why the exchange begins a life by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// The server knew more of this register than its file.
    #[default]
    ServerAhead,
    /// Another copy of the file works in the same life.
    Forked,
}

/// The last life that [`begin`] began, if it ever did.
///
/// # Errors
/// Those of reading.
pub fn find_begun(conn: &Conn) -> Result<Option<Begun>, StoreError> {
    let begun = local::find_setting(conn, BEGUN)?.map(serde_json::from_value).transpose();
    begun.map_err(|e| StoreError::unreadable("device_setting.life_begun", e))
}

/// Whether the current life was begun without asking the server.
///
/// # Errors
/// Those of reading.
pub fn is_unconfirmed(conn: &Conn) -> Result<bool, StoreError> {
    let epoch = device::get(conn)?.epoch;
    Ok(local::find_setting(conn, UNCONFIRMED)?.is_some_and(|unconfirmed| unconfirmed == json!(epoch)))
}

/// The server was asked, and knows of no life like this one but this one.
///
/// # Errors
/// Those of writing.
pub fn confirm(tx: &Tx<'_>) -> Result<(), StoreError> {
    local::set_setting(tx, UNCONFIRMED, &serde_json::Value::Null)
}

/// The series of the first life.
///
/// # Errors
/// [`StoreError::NoDevice`].
pub fn base_series(conn: &Conn) -> Result<String, StoreError> {
    let mut statement = conn.prepare_cached("SELECT series FROM device_epoch WHERE epoch = :first")?;
    first(statement.query(named_params! { ":first": 1 })?, "device_epoch", |c| c.get("series"))?
        .ok_or(StoreError::NoDevice)
}
