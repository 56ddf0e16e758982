//! Circles of operations that wait for each other. They cannot be made: an operation depends on older ones, and a
//! corrected one takes the place of the one it corrects. A damaged file may hold one all the same, and then nobody in
//! it would ever be sent, without a word.

use pos_domain::OpId;
use rusqlite::named_params;
use serde_json::json;

use super::upkeep::go_on;
use crate::StoreError;
use crate::audit::{self, AuditEntry};
use crate::sql::{Conn, Tx, all};

/// An operation that depends on a younger one which, near or far, depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circle {
    /// The older operation.
    pub op_id: OpId,
    /// The younger one that it must not wait for.
    pub depends_on: OpId,
}

/// Circles among the operations that the server does not have. Each circle has at least one edge from older to
/// younger; those are looked at, so this costs as much as the operations that wait for others.
///
/// # Errors
/// Those of reading.
pub fn find_circles(conn: &Conn) -> Result<Vec<Circle>, StoreError> {
    let mut upward = conn.prepare_cached(
        "SELECT d.op_id, d.depends_on FROM sync_queue AS q
             JOIN sync_dependency AS d ON d.op_id = q.op_id
             JOIN sync_queue AS c ON c.op_id = d.depends_on
         WHERE q.state <> 'acknowledged' AND q.state IN ('pending', 'in_flight', 'parked') AND q.waits_for > 0
           AND c.state <> 'acknowledged' AND (c.epoch, c.seq) >= (q.epoch, q.seq)
         ORDER BY q.epoch, q.seq, d.depends_on",
    )?;
    let edges = all(upward.query([])?, "sync_dependency", |c| {
        Ok(Circle { op_id: c.id("op_id")?, depends_on: c.id("depends_on")? })
    })?;
    let mut closes = conn.prepare_cached(
        "WITH RECURSIVE below (op_id) AS (
             SELECT :from
             UNION
             SELECT d.depends_on FROM sync_dependency AS d JOIN below ON d.op_id = below.op_id
                 JOIN sync_queue AS q ON q.op_id = d.depends_on
             WHERE q.state <> 'acknowledged'
         )
         SELECT 1 FROM below WHERE op_id = :to LIMIT 1",
    )?;
    let mut circles = Vec::new();
    for edge in edges {
        let ends = named_params! { ":from": edge.depends_on.as_bytes(), ":to": edge.op_id.as_bytes() };
        if closes.exists(ends)? {
            circles.push(edge);
        }
    }
    Ok(circles)
}

/// Opens every circle: the older operation waits for the younger one no longer, the server decides about it as about
/// any other. How many were opened; each leaves an entry in the audit trail.
///
/// # Errors
/// Those of writing.
pub fn open_circles(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    let circles = find_circles(tx)?;
    for Circle { op_id, depends_on } in &circles {
        tracing::error!(%op_id, %depends_on, "two operations wait for each other");
        tx.prepare_cached("DELETE FROM sync_dependency WHERE op_id = :op_id AND depends_on = :cause")?
            .execute(named_params! { ":op_id": op_id.as_bytes(), ":cause": depends_on.as_bytes() })?;
        tx.prepare_cached("UPDATE sync_queue SET waits_for = waits_for - 1 WHERE op_id = :op_id")?
            .execute(named_params! { ":op_id": op_id.as_bytes() })?;
        let entry = AuditEntry {
            at_ms: now_ms,
            actor: "comptoir".to_owned(),
            action: "sync.circle_opened".to_owned(),
            subject: Some(op_id.0),
            detail: json!({ "no_longer_waits_for": depends_on }),
        };
        audit::record(tx, &entry)?;
        go_on(tx, vec![*op_id], now_ms)?;
    }
    Ok(circles.len())
}
