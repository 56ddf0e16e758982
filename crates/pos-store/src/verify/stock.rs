//! Stock: the ledger against its causes, and what is pending against the ledger and the feed.

use serde_json::json;
use uuid::Uuid;

use super::Findings;
use crate::StoreError;
use crate::sql::{Columns, Conn, first};
use crate::stock::{Balance, Movement};

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
        let movement_id = movement.movement_id;
        let column = match found.iter().find(|f| f.movement_id == movement_id) {
            None => {
                findings.add("movement.missing", Some(subject), json!({ "movement_id": movement_id }));
                continue;
            }
            Some(found) => column_that_differs(movement, found),
        };
        if let Some(column) = column {
            findings.add(
                "movement.differs",
                Some(subject),
                json!({ "table": "stock_movement", "column": column, "movement_id": movement_id }),
            );
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

/// The first column in which a movement is not as its cause says.
fn column_that_differs(wanted: &Movement, found: &Movement) -> Option<&'static str> {
    let differs = [
        ("product_id", wanted.product_id != found.product_id),
        ("delta_milli", wanted.delta != found.delta),
        ("reason", wanted.reason != found.reason),
        ("op_id", wanted.op_id != found.op_id),
        ("line_id", wanted.line != found.line),
        ("at_ms", wanted.at_ms != found.at_ms),
    ];
    differs.into_iter().find_map(|(column, differs)| differs.then_some(column))
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
          WHEN q.state = 'rejected' AND (m.sale_id IS NULL OR q.error_code = 'left_out') THEN p.movement_id IS NOT NULL
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
    check_balances(conn, findings)
}

/// Each balance as the server sent it, and none lost. While a first sync runs, those that it has not reached yet wait
/// with revision 0.
fn check_balances(conn: &Conn, findings: &mut Findings) -> Result<(), StoreError> {
    let syncing = conn.prepare("SELECT 1 FROM sync_snapshot")?.exists([])?;
    let mut statement =
        conn.prepare("SELECT product_id, on_hand_milli, oversold_milli, rev, seq, seal FROM stock_level")?;
    let mut rows = statement.query([])?;
    let mut found: u64 = 0;
    while let Some(row) = rows.next()? {
        found = found.saturating_add(1);
        let columns = Columns::of("stock_level", row);
        let waits = syncing && columns.get::<i64>("rev")? == 0;
        let seal: Option<Vec<u8>> = columns.get("seal")?;
        if !waits && seal.as_deref() != Some(Balance::read(&columns)?.seal().as_slice()) {
            findings.add(
                "stock.balance_changed",
                Some(columns.id("product_id")?),
                json!({ "table": "stock_level" }),
            );
        }
    }
    let mut statement = conn.prepare("SELECT rows FROM row_count WHERE table_name = 'stock_level'")?;
    let expected: Option<u64> = first(statement.query([])?, "row_count", |c| c.count("rows"))?;
    if expected != Some(found) {
        findings.add(
            "stock.balances_counted",
            None,
            json!({ "table": "stock_level", "found": found, "expected": expected, "counted_in": "row_count" }),
        );
    }
    Ok(())
}
