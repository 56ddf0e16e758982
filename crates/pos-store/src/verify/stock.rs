//! Stock: the ledger against its causes, and what is pending against the ledger and the feed.

use serde_json::json;
use uuid::Uuid;

use super::Findings;
use crate::StoreError;
use crate::sql::{Columns, Conn};
use crate::stock::Movement;

/// Reports movements that are missing, too many, or not as their cause says.
pub(super) fn compare_movements(
    subject: Uuid,
    mut wanted: Vec<Movement>,
    mut found: Vec<Movement>,
    findings: &mut Findings,
) {
    wanted.sort_by_key(|m| m.movement_id);
    found.sort_by_key(|m| m.movement_id);
    if wanted == found {
        return;
    }
    for movement in &wanted {
        if !found.contains(movement) {
            findings.add("movement.differs", Some(subject), json!({ "movement_id": movement.movement_id }));
        }
    }
    for movement in &found {
        if !wanted.iter().any(|w| w.movement_id == movement.movement_id) {
            findings.add(
                "movement.unexplained",
                Some(subject),
                json!({ "movement_id": movement.movement_id }),
            );
        }
    }
}

/// A pending row repeats its movement.
const PENDING_DIFFERS: &str = "
    SELECT p.movement_id FROM stock_pending AS p JOIN stock_movement AS m ON m.movement_id = p.movement_id
    WHERE p.product_id <> m.product_id OR p.delta_milli <> m.delta_milli OR p.op_id <> m.op_id";

/// A movement that is contained although the server cannot have it, or that is not contained although it must be.
/// While a first sync runs, balances come in any order.
const PENDING_WRONG: &str = "
    SELECT m.movement_id FROM stock_movement AS m
        JOIN sync_queue AS q ON q.op_id = m.op_id
        LEFT JOIN stock_level AS l ON l.product_id = m.product_id
        LEFT JOIN stock_pending AS p ON p.product_id = m.product_id AND p.movement_id = m.movement_id
        LEFT JOIN sale_rollback AS r ON r.sale_id = m.sale_id
    WHERE NOT EXISTS (SELECT 1 FROM sync_snapshot)
      AND CASE
          WHEN r.sale_id IS NOT NULL THEN p.movement_id IS NOT NULL
          WHEN m.sale_id IS NULL AND q.state = 'rejected' THEN p.movement_id IS NOT NULL
          WHEN q.feed_seq IS NULL THEN p.movement_id IS NULL
          WHEN l.seq IS NULL THEN 0
          ELSE (l.seq >= q.feed_seq) = (p.movement_id IS NOT NULL)
      END";

pub(super) fn check(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    for (code, sql) in [("stock.pending_differs", PENDING_DIFFERS), ("stock.pending_wrong", PENDING_WRONG)] {
        let mut statement = conn.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            findings.add(code, Some(Columns::of("stock_movement", row).id("movement_id")?), json!({}));
        }
    }
    Ok(())
}
