//! The last time that everything was read from the server: what this file held before and after, and the backup that was
//! made before it. For people who want to know whether anything is missing.

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::sql::{Conn, Tx};
use crate::{StoreError, local};

/// Where it is kept.
const KEPT_AS: &str = "reading";

/// One reading of everything: the first sync, or a new one after a server was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// When it began, in milliseconds since 1970 UTC.
    pub began_at_ms: i64,
    /// When it ended; `None` while it runs.
    pub ended_at_ms: Option<i64>,
    /// Name of the backup that was made before; `None` when there was nothing to save, or no room.
    pub backup: Option<String>,
    /// What the file held before.
    pub before: Counts,
    /// What it held afterwards.
    pub after: Option<Counts>,
}

/// The last one, if there was one.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn) -> Result<Option<Reading>, StoreError> {
    // What another version wrote is no reason to stop.
    Ok(local::find_setting(conn, KEPT_AS)?.and_then(|kept| serde_json::from_value(kept).ok()))
}

/// One begins.
///
/// # Errors
/// Those of writing.
pub fn begin(tx: &Tx<'_>, now_ms: i64, backup: Option<String>, before: Counts) -> Result<(), StoreError> {
    keep(tx, &Reading { began_at_ms: now_ms, ended_at_ms: None, backup, before, after: None })
}

/// The one that runs has ended.
///
/// # Errors
/// Those of writing.
pub fn end(tx: &Tx<'_>, now_ms: i64, after: Counts) -> Result<(), StoreError> {
    let Some(begun) = find(tx)? else { return Ok(()) };
    keep(tx, &Reading { ended_at_ms: Some(now_ms), after: Some(after), ..begun })
}

fn keep(tx: &Tx<'_>, reading: &Reading) -> Result<(), StoreError> {
    let value = serde_json::to_value(reading).map_err(|e| StoreError::unwritable("reading", e))?;
    local::set_setting(tx, KEPT_AS, &value)
}
