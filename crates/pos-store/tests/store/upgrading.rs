//! A register that comes from an older program loses nothing on its way.

use std::path::Path;

use pos_sqlite::{Database, OpenOptions};
use pos_store::{FILE_NAME, MIGRATIONS, OpenMode, Store};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::tampering::register_with_history;

/// From this step on a register has documents, a ledger of its stock and a queue.
const WITH_SALES: usize = 4;

/// From this step on the chain has documents of the drawer, too.
const WITH_TILL: usize = 13;

/// What a register never forgets.
const LEDGERS: [&str; 14] = [
    "device",
    "device_epoch",
    "audit",
    "sync_queue",
    "sync_dependency",
    "id_mapping",
    "stock_movement",
    "stock_pending",
    "sale",
    "sale_line",
    "sale_tender",
    "sale_tax",
    "sale_rollback",
    "chain_record",
];

/// The columns of a table that both files have, but the body: where it is kept has changed, its hash stays.
fn columns(old: &Connection, table: &str) -> String {
    let sql = format!(
        "SELECT group_concat(a.name, ', ') FROM pragma_table_info('{table}', 'main') AS a
             JOIN pragma_table_info('{table}', 'new') AS b ON b.name = a.name WHERE a.name <> 'body'"
    );
    old.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The body of each operation of today's file: a sale's is its document.
const BODIES: &str = "SELECT coalesce(q.body, (SELECT s.document FROM new.sale AS s WHERE s.op_id = q.op_id)) FROM new.sync_queue AS q";

/// Every row of a table, as text, in an order of its own.
fn rows(file: &Connection, columns: &str, table: &str) -> Vec<String> {
    let mut statement = file.prepare(&format!("SELECT {columns} FROM {table}")).unwrap();
    let width = statement.column_count();
    let read = |row: &rusqlite::Row<'_>| {
        let values: rusqlite::Result<Vec<Value>> = (0..width).map(|place| row.get(place)).collect();
        values.map(|values| format!("{values:?}"))
    };
    let mut rows: Vec<String> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

/// Makes a file as the program of that step made it, with the rows of a register of today.
fn fill(path: &Path, version: usize, today: &Path) -> Vec<(&'static str, String, Vec<String>)> {
    let older = OpenOptions {
        path: path.to_owned(),
        application_id: 0x434d_5052,
        migrations: &MIGRATIONS[..version],
        snapshot_dir: None,
        readers: 2,
        wal_pages: 1_000,
        mode: OpenMode::ReadWrite,
    };
    Database::open(older).unwrap().close().unwrap();
    let file = Connection::open(path).unwrap();
    file.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
    file.execute("ATTACH DATABASE ? AS new", [today.to_str().unwrap()]).unwrap();
    let triggers: Vec<(String, String)> = file
        .prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        file.execute_batch(&format!("DROP TRIGGER main.{name}")).unwrap();
    }
    let mut filled = Vec::new();
    for table in LEDGERS {
        let columns = columns(&file, table);
        // Until that step the chain was of sales alone.
        let of_sales = if table == "chain_record" && version < WITH_TILL {
            " WHERE document_id IN (SELECT sale_id FROM new.sale)"
        } else {
            ""
        };
        let copy =
            format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}{of_sales}");
        file.execute(&copy, []).unwrap();
        filled.push((table, columns.clone(), rows(&file, &columns, &format!("main.{table}"))));
    }
    // Each operation had its body in the queue then.
    file.execute(
        &format!("UPDATE main.sync_queue SET body = ({BODIES} WHERE q.op_id = main.sync_queue.op_id)"),
        [],
    )
    .unwrap();
    for (_, sql) in triggers {
        file.execute_batch(&sql).unwrap();
    }
    filled
}

#[test]
fn no_step_forgets_a_ledger_or_the_queue() {
    let today = register_with_history();
    let today = today.path().join(FILE_NAME);
    for version in WITH_SALES..MIGRATIONS.len() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let filled = fill(&path, version, &today);
        Store::open(folder.path(), OpenMode::ReadWrite).unwrap().close().unwrap();
        let file = Connection::open(&path).unwrap();
        file.execute("ATTACH DATABASE ? AS new", [today.to_str().unwrap()]).unwrap();
        let bodies = |file: &Connection, schema: &str| {
            let sql = BODIES.replace("new.", &format!("{schema}.")) + " ORDER BY q.op_id";
            let mut statement = file.prepare(&sql).unwrap();
            let bodies = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
            bodies.map(Result::unwrap).collect::<Vec<_>>()
        };
        assert_eq!(bodies(&file, "main"), bodies(&file, "new"), "brought forward from step {version}");
        for (table, columns, before) in filled {
            assert!(
                !before.is_empty() || matches!(table, "audit" | "sync_dependency" | "id_mapping"),
                "{table} is filled"
            );
            assert_eq!(rows(&file, &columns, table), before, "{table}, brought forward from step {version}");
        }
    }
}
