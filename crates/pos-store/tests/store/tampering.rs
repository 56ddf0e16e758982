//! Whoever changes one field of the evidence with another tool is found out.

use pos_store::queue::OpMode;
use pos_store::verify::{Depth, Finding};
use pos_store::{FILE_NAME, Store, sales};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::kit::{
    NOW, Register, acknowledge, closing, confirm, create_body, debt_paid, enqueue, fresh, id, key, opening,
    product, qty, record_till, spent, stocked,
};

/// A register with a final sale, a final refund, a rolled-back sale, a stock adjustment, and two shifts with everything
/// that a drawer sees.
pub(crate) fn register_with_history() -> TempDir {
    let register = Register::new();
    let (bread, milk) = (stocked(&register, 10, 50, 1), stocked(&register, 11, 50, 2));
    let (sale, refund, refused) =
        (confirm(&[(&bread, 2), (&milk, 1)]), confirm(&[(&milk, -1)]), confirm(&[(&bread, 60)]));
    let later = confirm(&[(&bread, 3)]);
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
        enqueue(tx, fresh().into(), &body, &[])?;
        record_till(tx, Some(700), opening(1_000))?;
        record_till(tx, Some(700), spent(300))?;
        record_till(tx, Some(700), debt_paid(450))?;
        record_till(tx, Some(700), closing(tx, 1_100)?)?;
        record_till(tx, Some(701), opening(1_100))?;
        later.insert(tx, OpMode::Fact)?;
        later.finalise(tx)?;
        record_till(tx, Some(701), closing(tx, 1_100)?)?;
        record_till(tx, None, debt_paid(50)).map(|_| ())
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
    for table in
        ["sale", "sale_line", "sale_tender", "sale_tax", "stock_movement", "chain_record", "till_document"]
    {
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
        "till_document" => "document_id",
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
        "DELETE FROM till_document WHERE kind = 'cash_movement'",
        "DELETE FROM account_entry",
        "UPDATE account_entry SET amount_minor = amount_minor - 1",
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

/// Leaves of a JSON value that may be changed: numbers and texts.
fn leaves(value: &mut Json) -> Vec<&mut Json> {
    match value {
        Json::Array(items) => items.iter_mut().flat_map(leaves).collect(),
        Json::Object(fields) => fields.values_mut().flat_map(leaves).collect(),
        leaf @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => vec![leaf],
    }
}

/// Changes one leaf of a document; which one, in words.
fn change_one(document: &mut Json, random: &mut StdRng) -> String {
    let mut leaves = leaves(document);
    let at = random.random_range(0..leaves.len());
    let leaf = &mut leaves[at];
    let before = leaf.to_string();
    **leaf = match &**leaf {
        Json::Number(number) => json!(number.as_i64().unwrap() + random.random_range(1..1_000)),
        Json::String(text) => json!(format!("{text}1")),
        Json::Bool(yes) => json!(!yes),
        Json::Null | Json::Array(_) | Json::Object(_) => json!(7),
    };
    format!("leaf {at}: {before} -> {leaf}")
}

/// Somebody who holds the register's key rewrites a Z, or a document that it covers, and everything that hangs on its
/// bytes: text, hash, chain, signatures. What is left to find it by are the documents themselves.
fn rewrite(conn: &Connection, id: &[u8], text: &str) {
    let hash = pos_domain::Hash32::of(text.as_bytes());
    let bytes = i64::try_from(text.len()).unwrap();
    conn.execute(
        "UPDATE sync_queue SET body = ?1, body_hash = ?2, body_bytes = ?3
         WHERE op_id = (SELECT op_id FROM till_document WHERE document_id = ?4)",
        params![text, hash.0, bytes, id],
    )
    .unwrap();
    conn.execute(
        "UPDATE till_document SET document = ?1, document_hash = ?2 WHERE document_id = ?3",
        params![text, hash.0, id],
    )
    .unwrap();
    conn.execute("UPDATE chain_record SET document_hash = ?1 WHERE document_id = ?2", params![hash.0, id])
        .unwrap();
    let mut head = pos_domain::chain::ChainHead::START;
    for mut record in pos_store::chain::list_after(conn, 1, 0, 100).unwrap() {
        let link = pos_domain::chain::Link {
            device_id: record.device_id,
            epoch: record.epoch,
            series: &record.series.clone(),
            kind: record.kind,
            document_id: record.document_id,
            issued_at_ms: record.issued_at_ms,
            document_hash: record.document_hash,
        };
        record = pos_domain::ChainRecord::seal(head, link, &key());
        head = pos_domain::chain::ChainHead { number: record.number, hash: record.hash };
        conn.execute(
            "UPDATE chain_record SET previous_hash = ?1, hash = ?2, signature = ?3 WHERE document_id = ?4",
            params![record.previous_hash.0, record.hash.0, record.signature.0, record.document_id.as_bytes()],
        )
        .unwrap();
    }
    conn.execute("UPDATE device SET head_hash = ?1", [head.hash.0]).unwrap();
}

#[test]
fn a_thousand_random_changes_of_till_documents_are_all_found() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    let ids: Vec<Vec<u8>> = conn
        .prepare("SELECT document_id FROM till_document ORDER BY document_id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut random = StdRng::seed_from_u64(0x5EED);
    for round in 0..1_000 {
        let id = &ids[random.random_range(0..ids.len())];
        let text: String = conn
            .query_row("SELECT document FROM till_document WHERE document_id = ?1", [id], |r| r.get(0))
            .unwrap();
        let mut document: Json = serde_json::from_str(&text).unwrap();
        let changed = change_one(&mut document, &mut random);
        conn.execute_batch("SAVEPOINT tampering").unwrap();
        let update = "UPDATE till_document SET document = ?1 WHERE document_id = ?2";
        conn.execute(update, params![document.to_string(), id]).unwrap();
        assert_ne!(verify(&conn), [], "round {round}: {changed}");
        conn.execute_batch("ROLLBACK TO tampering; RELEASE tampering").unwrap();
    }
}

#[test]
fn a_z_that_was_rewritten_with_the_registers_own_key_still_contradicts_its_documents() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    let (id, text): (Vec<u8>, String) = conn
        .query_row(
            "SELECT document_id, document FROM till_document WHERE kind = 'shift_closing' LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let original: Json = serde_json::from_str(&text).unwrap();
    rewrite(&conn, &id, &text);
    assert_eq!(verify(&conn), [], "rewriting the same changes nothing");
    for (field, change) in [
        ("z_number", json!(9)),
        ("opened_at_ms", json!(NOW - 60_000)),
        ("ranges", json!([{ "series": "R1", "first": 2, "last": 5 }])),
        ("ranges", json!([])),
        ("perpetual_before", json!({ "documents": 1, "sales": 0, "refunds": 0, "voids": 0 })),
        ("perpetual", json!({ "documents": 5, "sales": 1, "refunds": 0, "voids": 0 })),
        ("expected", json!(1)),
        ("difference", json!(1)),
        ("counted", json!(1)),
    ] {
        let mut document = original.clone();
        document["content"][field] = change;
        conn.execute_batch("SAVEPOINT tampering").unwrap();
        rewrite(&conn, &id, &document.to_string());
        assert_ne!(verify(&conn), [], "{field}");
        conn.execute_batch("ROLLBACK TO tampering; RELEASE tampering").unwrap();
    }
    let mut random = StdRng::seed_from_u64(0x5EED);
    for round in 0..200 {
        let mut document = original.clone();
        let changed = change_one(&mut document["content"]["totals"], &mut random);
        conn.execute_batch("SAVEPOINT tampering").unwrap();
        rewrite(&conn, &id, &document.to_string());
        assert_ne!(verify(&conn), [], "round {round}: totals, {changed}");
        conn.execute_batch("ROLLBACK TO tampering; RELEASE tampering").unwrap();
    }
}

#[test]
fn a_movement_that_was_rewritten_with_the_registers_own_key_contradicts_its_z() {
    let folder = register_with_history();
    let conn = open_without_guards(&folder);
    let (id, text): (Vec<u8>, String) = conn
        .query_row(
            "SELECT document_id, document FROM till_document WHERE kind = 'cash_movement'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let mut document: Json = serde_json::from_str(&text).unwrap();
    document["content"]["amount"] = json!(299);
    rewrite(&conn, &id, &document.to_string());
    conn.execute("UPDATE till_document SET cash_minor = -299 WHERE document_id = ?1", [&id]).unwrap();
    let found = verify(&conn);
    let fields: Vec<_> = found.iter().map(|f| (f.code, f.params["field"].clone())).collect();
    assert_eq!(fields, [("closing.differs", json!("totals"))], "one franc kept back is missed in the Z");
}
