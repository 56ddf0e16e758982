//! Hot statements use their indexes. The statements are those that really run: each function is called on a file,
//! SQLite says what it was asked, and each of these statements is explained.

use std::sync::{Arc, Mutex};

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use pos_store::print_jobs::Printer;
use pos_store::products::Archived;
use pos_store::queue::{OpMode, OpState};
use pos_store::{
    Conn, FILE_NAME, StoreError, carts, chain, conflicts, customers, feed, jobs, lease, local, print_jobs,
    products, queue, sales, stock,
};
use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use tempfile::TempDir;

use crate::kit::{
    LEASE, NOW, Register, confirm, create_body, enqueue, fresh, id, incoming, limits, product, stock_row,
    stocked,
};

fn file() -> TempDir {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let sale = confirm(&[(&bread, 1)]);
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx).map(|_| ())
    });
    register.close()
}

/// Every statement that `job` runs, those that SQLite runs for them included.
fn asked(
    job: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError>,
) -> (Connection, TempDir, Vec<String>) {
    let folder = file();
    let mut conn = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let note = move |event: TraceEvent<'_>| {
        if let TraceEvent::Stmt(_, sql) = event {
            notes.lock().unwrap().push(sql.to_owned());
        }
    };
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(note)).unwrap();
    let tx = conn.transaction().unwrap();
    job(&tx).unwrap();
    tx.rollback().unwrap();
    let asked = std::mem::take(&mut *asked.lock().unwrap());
    (conn, folder, asked)
}

/// The steps of every statement that `job` runs, and the statements.
fn plan(job: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<(), StoreError>) -> Vec<(String, String)> {
    let (conn, _folder, asked) = asked(job);
    let mut steps = Vec::new();
    for sql in asked {
        // Triggers are traced as comments; FTS5 runs statements on its own tables.
        if sql.starts_with("--") || sql.contains("_fts_") || sql.starts_with("BEGIN") {
            continue;
        }
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        // A plan does not depend on the values; they stay unbound.
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().unwrap() {
            steps.push((row.get("detail").unwrap(), sql.clone()));
        }
    }
    steps
}

/// What may be walked: small tables, and indexes of which only the beginning is read or that hold only what is open.
const MAY_BE_WALKED: [&str; 10] = [
    "VIRTUAL TABLE",
    "CONSTANT ROW",
    "SCAN f",
    "SCAN category",
    "SCAN product_word",
    "SCAN sync_cursor",
    "INDEX print_job_",
    "INDEX product_",
    "INDEX queue_",
    "INDEX sale_",
];

/// No step walks a table that grows.
fn assert_quick(name: &str, steps: &[(String, String)]) {
    assert!(!steps.is_empty(), "{name}: nothing was asked");
    for (detail, sql) in steps {
        let walks = detail.starts_with("SCAN") && !MAY_BE_WALKED.iter().any(|known| detail.contains(known));
        assert!(!walks, "{name} walks: {detail}\n{sql}");
    }
}

#[test]
fn what_a_cashier_waits_for_never_walks_a_table() {
    type Lookup = fn(&Conn) -> Result<(), StoreError>;
    let lookups: [(&str, Lookup); 15] = [
        ("a scan", |c| products::find_by_code(c, "4006381333931").map(drop)),
        ("search", |c| products::search(c, "bread", 10).map(drop)),
        ("a page of the catalogue", |c| {
            products::list(c, None, Archived::Hidden, Some(id(10).into()), 10).map(drop)
        }),
        ("a category", |c| products::list(c, Some(id(30).into()), Archived::Hidden, None, 10).map(drop)),
        ("favourites", |c| products::list_favourites(c, 10).map(drop)),
        ("stock", |c| stock::shown(c, id(10).into()).map(drop)),
        ("the cart", |c| carts::find_open(c).map(drop)),
        ("a customer's code", |c| customers::find_by_code(c, "17850").map(drop)),
        ("customers", |c| customers::search(c, "diallo", 10).map(drop)),
        ("a receipt", |c| sales::find_by_number(c, "R1-000001").map(drop)),
        ("a past number", |c| sales::find_by_external_number(c, "536365").map(drop)),
        ("a press of a button", |c| local::find_request(c, id(9).into()).map(drop)),
        ("sales", |c| sales::list(c, None, 20).map(drop)),
        ("open sales", |c| sales::list_unfinished(c).map(drop)),
        ("movements", |c| stock::list_movements(c, id(10).into(), 20).map(drop)),
    ];
    for (name, lookup) in lookups {
        assert_quick(name, &plan(|tx| lookup(tx)));
    }
}

#[test]
fn a_checkout_never_walks_a_table() {
    let bread = product(10, "P10", "Bread");
    let sale = confirm(&[(&bread, 1)]);
    assert_quick(
        "checkout",
        &plan(|tx| {
            sale.insert(tx, OpMode::Admit)?;
            let claimed = queue::claim_one(tx, sale.op_id, NOW + LEASE)?.remove(0);
            assert_eq!(queue::acknowledge(tx, sale.op_id, claimed.generation, 9, NOW)?, queue::Fenced::Done);
            sale.finalise(tx).map(|_| ())
        }),
    );
    let refused = confirm(&[(&bread, 1)]);
    assert_quick(
        "rollback",
        &plan(|tx| {
            refused.insert(tx, OpMode::Admit)?;
            sales::roll_back(tx, refused.sale_id, "insufficient_stock", &serde_json::json!({}), NOW)
        }),
    );
}

#[test]
fn the_background_never_walks_a_table() {
    let op_id = OpId(fresh());
    assert_quick(
        "the drain",
        &plan(|tx| {
            lease::acquire(tx, "a", NOW, NOW + 1)?;
            queue::next_due(tx, NOW)?;
            enqueue(tx, op_id, &create_body(EntityKind::Product, id(20), &product(20, "C", "C")), &[])?;
            for claimed in queue::claim_batch(tx, limits(10))? {
                let fenced = queue::acknowledge(tx, claimed.op_id, claimed.generation, 5, NOW)?;
                assert_eq!(fenced, queue::Fenced::Done);
            }
            queue::expire_leases(tx, NOW)?;
            queue::counts(tx)?;
            queue::list(tx, OpState::Dead, None, 10)?;
            conflicts::count_open(tx)?;
            chain::list_uncountersigned(tx, 10)?;
            jobs::find(tx, pos_domain::Hash32::of(b"x")).map(drop)
        }),
    );
    assert_quick(
        "the printers",
        &plan(|tx| {
            print_jobs::claim(tx, Printer::Receipts, NOW)?;
            print_jobs::next_due_ms(tx)?;
            print_jobs::standing(tx)?;
            print_jobs::forget(tx, NOW).map(drop)
        }),
    );
    assert_quick(
        "a page",
        &plan(|tx| {
            let rows = vec![
                incoming(EntityKind::Product, id(10), 9, 9, &product(10, "P10", "Bread")),
                stock_row(id(10), 9, 9, 9),
            ];
            feed::promote(tx, &feed::Page { rows, own: vec![], next_cursor: "c".to_owned() }, NOW).map(drop)
        }),
    );
}

#[test]
fn the_right_index_serves_each_hot_query() {
    let uses = |index: &str, steps: &[(String, String)]| {
        assert!(steps.iter().any(|(detail, _)| detail.contains(index)), "{index} is not used: {steps:#?}");
    };
    uses("product_by_code", &plan(|tx| products::find_by_code(tx, "nothing").map(drop)));
    uses("queue_ready", &plan(|tx| queue::claim_batch(tx, limits(10)).map(drop)));
    uses("queue_ready", &plan(|tx| queue::next_due(tx, NOW).map(drop)));
    uses("queue_open", &plan(|tx| queue::counts(tx).map(drop)));
    uses("queue_open", &plan(|tx| queue::count_pending(tx, 5).map(drop)));
    uses("sale_unfinished", &plan(|tx| sales::list_unfinished(tx).map(drop)));
    uses("sale_by_time", &plan(|tx| sales::list(tx, None, 5).map(drop)));
    uses("queue_untrimmed", &plan(|tx| queue::trim(tx, 9, NOW, 10).map(drop)));
}

#[test]
fn loading_a_catalogue_does_not_write_the_search_index_row_by_row() {
    const ROWS: u128 = 200;
    let some = |n: u128| product(n, &format!("C{n}"), &format!("Cola {n}"));
    let written =
        |asked: &[String]| asked.iter().filter(|sql| sql.contains("INTO 'main'.'product_fts_data'")).count();
    let (_, _, pulled) = asked(|tx| {
        let rows: Vec<_> =
            (1_000..1_000 + ROWS).map(|n| incoming(EntityKind::Product, id(n), 1, 9, &some(n))).collect();
        feed::apply_rows(tx, &rows).map(drop)
    });
    let (_, _, imported) = asked(|tx| {
        (1_000..1_000 + ROWS).try_for_each(|n| {
            products::put(tx, &some(n))?;
            enqueue(tx, OpId(fresh()), &create_body(EntityKind::Product, id(n), &some(n)), &[]).map(drop)
        })
    });
    let (_, _, interrupted) = asked(|tx| {
        (1_000..1_000 + ROWS).try_for_each(|n| {
            products::put(tx, &some(n))?;
            Ok(tx.execute_batch("SAVEPOINT a; RELEASE a")?)
        })
    });
    assert!(written(&interrupted) >= 200, "what is counted here is what a savepoint costs");
    for (name, asked) in [("pulled", pulled), ("imported", imported)] {
        let written = written(&asked);
        assert!(written < 20, "{name}: {written} writes for {ROWS} rows: some statement opens a savepoint");
    }
}
