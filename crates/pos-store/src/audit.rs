//! The audit trail: who did what, when. Append-only by trigger.

use rusqlite::named_params;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, to_json};

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Milliseconds since 1970 UTC by this register's clock.
    pub at_ms: i64,
    /// Who, as shown.
    pub actor: String,
    /// Stable code, such as `sale.rolled_back`.
    pub action: String,
    /// What it was done to.
    pub subject: Option<Uuid>,
    /// Further facts, a JSON object.
    pub detail: Value,
}

/// Appends an entry; its number.
///
/// # Errors
/// Those of writing.
pub fn record(tx: &Tx<'_>, entry: &AuditEntry) -> Result<i64, StoreError> {
    tx.prepare_cached(
        "INSERT INTO audit (at_ms, actor, action, subject, detail) VALUES (:at, :actor, :action, :subject, :detail)",
    )?
    .execute(named_params! {
        ":at": entry.at_ms,
        ":actor": entry.actor,
        ":action": entry.action,
        ":subject": entry.subject.map(Uuid::into_bytes),
        ":detail": to_json("audit.detail", &entry.detail)?,
    })?;
    Ok(tx.last_insert_rowid())
}

/// Which entries are wanted; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only below this number.
    pub before: Option<i64>,
    /// Only by this person, as shown.
    pub actor: Option<String>,
    /// Only actions of this kind: what stands before the dot, such as `sale`.
    pub kind: Option<String>,
}

/// The newest entries that are wanted, newest first, with their numbers.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn, wanted: &AuditFilter, limit: u32) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT audit_no, at_ms, actor, action, subject, detail FROM audit
         WHERE audit_no < :before AND (:actor IS NULL OR actor = :actor)
             AND (:kind IS NULL OR substr(action, 1, instr(action, '.') - 1) = :kind)
         ORDER BY audit_no DESC LIMIT :limit",
    )?;
    let rows = statement.query(named_params! {
        ":before": wanted.before.unwrap_or(i64::MAX),
        ":actor": wanted.actor,
        ":kind": wanted.kind,
        ":limit": limit,
    })?;
    all(rows, "audit", read)
}

/// The story of one thing, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_of(conn: &Conn, subject: Uuid) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT audit_no, at_ms, actor, action, subject, detail FROM audit
         WHERE subject = :subject ORDER BY audit_no",
    )?;
    all(statement.query(named_params! { ":subject": subject.into_bytes() })?, "audit", read)
}

fn read(c: &Columns<'_, '_>) -> Result<(i64, AuditEntry), StoreError> {
    let entry = AuditEntry {
        at_ms: c.get("at_ms")?,
        actor: c.get("actor")?,
        action: c.get("action")?,
        subject: c.opt_id("subject")?,
        detail: c.json("detail")?,
    };
    Ok((c.get("audit_no")?, entry))
}
