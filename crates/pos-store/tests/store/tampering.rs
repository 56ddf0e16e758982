//! Whoever changes one field of the evidence with another tool is found out.

use pos_store::queue::OpMode;
use pos_store::verify::{Depth, Finding};
use pos_store::{FILE_NAME, Store, sales};
use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::kit::{
    NOW, Register, acknowledge, confirm, create_body, enqueue, fresh, id, product, qty, stocked,
};

/// A register with a final sale, a final refund, a rolled-back sale and a stock adjustment.
pub(crate) fn register_with_history() -> TempDir {
    let register = Register::new();
    let (bread, milk) = (stocked(&register, 10, 50, 1), stocked(&register, 11, 50, 2));
    let (sale, refund, refused) =
        (confirm(&[(&bread, 2), (&milk, 1)]), confirm(&[(&milk, -1)]), confirm(&[(&bread, 60)]));
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        acknowledge(tx, sale.op_id, 7)?;
        refund.insert(tx, OpMode::Fact)?;
        refund.finalise(tx)?;
        refused.insert(tx, OpMode::Admit)?;
        sales::roll_back(tx, refused.sale_id, "insufficient_stock", &json!({}), NOW)?;
        let salt = product(12, "SALT", "Salt");
        let mut body = create_body(pos_domain::body::EntityKind::Product, id(12), &salt);
        if let pos_domain::OperationBody::EntityCreate(create) = &mut body {
            create.opening_stock =
                Some(pos_domain::body::OpeningStock { movement_id: fresh().into(), qty: qty(3) });
        }
        enqueue(tx, fresh().into(), &body, &[]).map(|_| ())
    });
    assert_eq!(register.store.verify(Depth::Full).unwrap(), [], "before anybody touches it");
    register.close()
}

/// A value of the same type that is not the same.
fn another(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![Value::Text("x".to_owned()), Value::Integer(3), Value::Blob(vec![9; 16])],
        Value::Integer(n) => vec![Value::Integer(n + 1), Value::Integer(1 - n)],
        Value::Real(n) => vec![Value::Real(n + 1.0)],
        Value::Text(text) => vec![
            Value::Text(format!("{text}x")),
            Value::Text(text.replacen('1', "2", 1)),
            Value::Text("refund".to_owned()),
            Value::Text("cash".to_owned()),
            Value::Text("pending".to_owned()),
            Value::Text("loss".to_owned()),
        ],
        Value::Blob(bytes) => {
            let mut changed = bytes.clone();
            changed[0] ^= 1;
            vec![Value::Blob(changed)]
        }
    }
}

fn open_without_guards(folder: &TempDir) -> Connection {
    let conn = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.pragma_update(None, "ignore_check_constraints", true).unwrap();
    let triggers: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        conn.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    conn
}

/// What the rows say, leaving out what SQLite itself would notice (foreign keys, CHECKs).
fn verify(conn: &Connection) -> Vec<Finding> {
    pos_store::verify::rows(conn, Depth::Full).unwrap_or_else(|error| {
        vec![Finding { code: "unreadable", subject: None, params: json!({ "detail": error.to_string() }) }]
    })
}

#[test]
fn every_single_field_of_the_evidence_is_guarded() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    assert_eq!(verify(&conn), [], "dropping the triggers alone changes no row");
    let mut changes = 0;
    for table in ["sale", "sale_line", "sale_tender", "sale_tax", "stock_movement", "chain_record"] {
        let columns: Vec<String> = conn
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let count: i64 = conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap();
        for column in &columns {
            for row in 0..count {
                let pick =
                    format!("SELECT {column} FROM {table} ORDER BY {} LIMIT 1 OFFSET {row}", key_of(table));
                let before: Value = conn.query_row(&pick, [], |r| r.get(0)).unwrap();
                for after in another(&before) {
                    if after == before {
                        continue;
                    }
                    conn.execute_batch("SAVEPOINT tampering").unwrap();
                    let changed = conn.execute(&tamper(table, column, row), [&after]);
                    // A unique index refuses the change by itself.
                    if changed.is_ok_and(|n| n == 1) {
                        assert_ne!(
                            verify(&conn),
                            [],
                            "{table}.{column} of row {row}: {before:?} -> {after:?}"
                        );
                        changes += 1;
                    }
                    conn.execute_batch("ROLLBACK TO tampering; RELEASE tampering").unwrap();
                }
            }
        }
    }
    assert!(changes > 300, "only {changes} changes were tried");
}

/// Changes one column of the nth row in the order of the table's key.
fn tamper(table: &str, column: &str, row: i64) -> String {
    let key = key_of(table);
    format!(
        "UPDATE {table} SET {column} = ?1
         WHERE ({key}) IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row})"
    )
}

fn key_of(table: &str) -> &'static str {
    match table {
        "sale" => "sale_id",
        "sale_line" | "sale_tender" => "sale_id, position",
        "sale_tax" => "sale_id, rate_ppm",
        "stock_movement" => "movement_id",
        "chain_record" => "epoch, number",
        other => panic!("{other} has no key here"),
    }
}

#[test]
fn a_missing_row_is_noticed() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    for sql in [
        "DELETE FROM sale_line WHERE position = 1",
        "DELETE FROM sale_tender",
        "DELETE FROM sale_tax",
        "DELETE FROM stock_movement WHERE reason = 'opening'",
        "DELETE FROM stock_movement WHERE reason = 'reversal'",
        "DELETE FROM chain_record WHERE number = 2",
        "DELETE FROM sale WHERE number = 2",
        "DELETE FROM sale_rollback",
        "DELETE FROM sync_queue WHERE seq = 4",
        "DELETE FROM stock_pending",
        "UPDATE sync_queue SET body = body || ' '",
        "UPDATE sync_queue SET seq = 17 WHERE seq = 4",
        "UPDATE device SET next_seq = 9",
        "UPDATE device SET head_number = 3",
        "UPDATE stock_pending SET delta_milli = delta_milli + 1",
    ] {
        conn.execute_batch("SAVEPOINT tampering").unwrap();
        conn.execute_batch(sql).unwrap();
        assert_ne!(verify(&conn), [], "{sql}");
        conn.execute_batch("ROLLBACK TO tampering; RELEASE tampering").unwrap();
    }
}

#[test]
fn a_quick_check_reads_the_last_links() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    conn.execute("UPDATE sale_line SET name = 'Gold' WHERE position = 0", []).unwrap();
    let found = pos_store::verify::rows(&conn, Depth::Quick).unwrap();
    assert!(found.iter().any(|f| f.code == "document.differs"), "{found:?}");
}

#[test]
fn a_damaged_page_is_named_as_damage() {
    let folder = register_with_history();
    let path = folder.path().join(FILE_NAME);
    // A page that no opening looks at.
    let page: u32 = open_without_guards(&folder)
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = 'sale_tender'", [], |row| row.get(0))
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = usize::try_from(page - 1).unwrap() * 4096;
    bytes[at..at + 64].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    let store = Store::open(folder.path(), pos_store::OpenMode::ReadOnly).unwrap();
    let found = store.verify(Depth::Full).unwrap();
    assert!(found.iter().all(|f| f.code == "file.damaged") && !found.is_empty(), "{found:?}");
}
