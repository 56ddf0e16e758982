//! Operations: seqs without gaps, bodies that give their hash, adjustments with their movements.

use pos_domain::body::EntityKind;
use pos_domain::{Hash32, OpId, OperationBody};
use rusqlite::named_params;
use serde_json::json;

use super::Findings;
use super::stock::compare_movements;
use crate::device::Device;
use crate::queue::{self, OpMode, OpState};
use crate::sql::{Columns, Conn, first};
use crate::{StoreError, mappings, stock};

/// Every seq of the current epoch is there once, and the next one follows.
pub(super) fn check_seqs(conn: &Conn, device: &Device, findings: &mut Findings) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) AS n, coalesce(max(seq), 0) AS last FROM sync_queue WHERE epoch = :epoch",
    )?;
    let rows = statement.query(named_params! { ":epoch": device.epoch })?;
    let (count, last): (u64, u64) =
        first(rows, "sync_queue", |c| Ok((c.count("n")?, c.count("last")?)))?.unwrap_or_default();
    if count != last || last.checked_add(1) != Some(device.next_seq) {
        findings.add(
            "operation.gap",
            Some(device.device_id.0),
            json!({ "operations": count, "last_seq": last, "next_seq": device.next_seq }),
        );
    }
    Ok(())
}

/// No two operations wait for each other: neither would ever be sent.
pub(super) fn check_circles(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    for circle in queue::find_circles(conn)? {
        findings.add("operation.circle", Some(circle.op_id.0), json!({ "depends_on": circle.depends_on }));
    }
    Ok(())
}

/// Bodies give their hashes; what moves stock has exactly its movements.
pub(super) fn check_bodies(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    let mut statement = conn.prepare(
        "SELECT op_id, kind, kind_version, mode, made_at_ms, body_hash, body_bytes, state, finished_at_ms,
             coalesce(q.body, (SELECT s.document FROM sale AS s WHERE s.op_id = q.op_id),
                 (SELECT t.document FROM till_document AS t WHERE t.op_id = q.op_id)) AS body,
             EXISTS (SELECT 1 FROM stock_movement AS m WHERE m.op_id = q.op_id) AS moves
         FROM sync_queue AS q ORDER BY epoch, seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        findings.attempt(None, |findings| check_body(conn, &Columns::of("sync_queue", row), findings))?;
    }
    Ok(())
}

fn check_body(conn: &Conn, c: &Columns<'_, '_>, findings: &mut Findings) -> Result<(), StoreError> {
    let op_id: OpId = c.id("op_id")?;
    let subject = Some(op_id.0);
    let kind: String = c.get("kind")?;
    let moves: bool = c.get("moves")?;
    let Some(body) = c.get::<Option<String>>("body")? else {
        if matches!(kind.as_str(), "sale.complete" | "till.record") {
            findings.add("document.missing", subject, json!({}));
        } else if moves {
            findings.add("movement.unexplained", subject, json!({ "kind": kind }));
        }
        return Ok(());
    };
    let length = c.count::<usize>("body_bytes")?;
    if Hash32::of(body.as_bytes()) != c.hash("body_hash")? || body.len() != length {
        findings.add("operation.changed", subject, json!({ "kind": kind }));
    }
    // These are compared with their documents.
    let document = match kind.as_str() {
        "sale.complete" => Some("SELECT 1 FROM sale WHERE op_id = :op"),
        "till.record" => Some("SELECT 1 FROM till_document WHERE op_id = :op"),
        _ => None,
    };
    if let Some(document) = document {
        if !conn.prepare_cached(document)?.exists(named_params! { ":op": op_id.as_bytes() })? {
            findings.add("document.missing", subject, json!({}));
        }
        return Ok(());
    }
    let decoded = match OperationBody::decode(&kind, c.count("kind_version")?, &body) {
        Ok(decoded) => decoded,
        Err(fault) => {
            findings.add("operation.unreadable", subject, json!({ "detail": fault.to_string() }));
            return Ok(());
        }
    };
    if c.get::<String>("mode")? != OpMode::Fact.as_str() {
        // Only a sale asks; anything else would wait for ever.
        findings.add("operation.differs", subject, json!({ "table": "sync_queue", "column": "mode" }));
    }
    let mut wanted = stock::movements_of_body(&decoded, op_id, c.get("made_at_ms")?);
    if wanted.is_empty() && !moves {
        return Ok(());
    }
    for movement in &mut wanted {
        movement.product_id = mappings::resolve(conn, EntityKind::Product, movement.product_id.0)?.into();
    }
    // What a person gave up or replaced was undone at that moment.
    if c.get::<String>("state")? == OpState::Rejected.as_str() {
        let undone_at_ms = c.get::<Option<i64>>("finished_at_ms")?.unwrap_or_default();
        let undone: Vec<_> = wanted.iter().map(|m| stock::reversal_of(m, undone_at_ms)).collect();
        wanted.extend(undone);
    }
    compare_movements(op_id.0, wanted, stock::list_of(conn, op_id)?, findings);
    Ok(())
}
