//! What only the embedded database needs to prove: its schema and the plans of its hot queries.

use crate::harness::Shop;

#[tokio::test]
async fn the_schema_is_this() {
    let shop = Shop::open();
    let connection = rusqlite::Connection::open(shop.path().join("server.db")).unwrap();
    let mut statement = connection
        .prepare("SELECT type || ' ' || name || ' on ' || tbl_name FROM sqlite_schema ORDER BY 1")
        .unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    insta::assert_snapshot!("schema", names.join("\n"));
}

#[tokio::test]
async fn no_page_scans_a_table() {
    let shop = Shop::open();
    let connection = rusqlite::Connection::open(shop.path().join("server.db")).unwrap();
    for sql in [
        include_str!("../../src/storage/feed_after.sql"),
        include_str!("../../src/storage/feed_find.sql"),
        include_str!("../../src/storage/snapshot_entity.sql"),
        include_str!("../../src/storage/snapshot_stock.sql"),
        include_str!("../../src/storage/snapshot_conflict.sql"),
    ] {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> =
            plan.raw_query().mapped(|row| row.get("detail")).map(Result::unwrap).collect();
        assert!(
            steps.iter().all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")),
            "a page of a hundred thousand rows must not read or sort them all: {steps:?}\n{sql}"
        );
    }
}

#[tokio::test]
async fn no_operation_reads_a_table_to_find_who_waits_for_it() {
    let shop = Shop::open();
    let connection = rusqlite::Connection::open(shop.path().join("server.db")).unwrap();
    let unserved = "SELECT child.name || '.' || link.\"from\"
        FROM sqlite_schema AS child, pragma_foreign_key_list(child.name) AS link
        WHERE child.type = 'table' AND link.\"table\" IN ('operation', 'conflict') AND NOT EXISTS (
            SELECT 1 FROM pragma_index_list(child.name) AS list, pragma_index_info(list.name) AS part
            WHERE part.seqno = 0 AND part.name = link.\"from\")";
    let mut statement = connection.prepare(unserved).unwrap();
    let found: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(
        found, [""; 0],
        "a deferred foreign key without an index makes each sale slower than the one before"
    );
}
