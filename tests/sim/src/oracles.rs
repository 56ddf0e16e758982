//! What must hold although no check of the product looks for it: each stands here because a planted bug went unseen.

use rusqlite::Connection;

use crate::invariants::{Faults, id, rows};

/// Nothing is given up because of the network, and no sale that was shown as sold waits for a person in vain: whatever
/// was refused for good has a reason that does not pass. A sale of what nobody has any more is excused: a file or a server
/// that went back may have been the only place where it was.
pub(crate) fn of_the_dead(
    number: usize,
    file: &Connection,
    (server, alarms_have_a_cause): (&Connection, bool),
    faults: &mut Faults,
) {
    let sql = "SELECT kind, error_class, error_code FROM sync_queue
        WHERE state = 'dead' AND (error_class NOT IN ('permanent', 'alarm') OR error_code LIKE 'sync.%')";
    for (kind, class, code) in rows(file, sql, |row| {
        let (class, code): (Option<String>, Option<String>) =
            (row.get("error_class")?, row.get("error_code")?);
        Ok((row.get::<_, String>("kind")?, class, code))
    }) {
        faults.push((2, format!("till {number}: {kind} was given up because of {class:?} {code:?}")));
    }
    let sql = "SELECT document, printed_number, error_code FROM sale JOIN sync_queue USING (op_id)
        WHERE sale.state = 'final' AND sync_queue.state IN ('dead', 'parked')";
    for (document, printed, code) in rows(file, sql, |row| {
        let (printed, code): (Option<String>, Option<String>) =
            (row.get("printed_number")?, row.get("error_code")?);
        Ok((row.get::<_, String>("document")?, printed, code))
    }) {
        let unknown = code.as_deref() == Some("rejected.unknown_reference");
        if unknown && refers_to_nothing(server, &document) {
            continue;
        }
        // Of two copies that began the same life one is kept aside, and a person decides about it.
        if alarms_have_a_cause && code.as_deref() == Some("alarm.body_mismatch") {
            continue;
        }
        faults.push((2, format!("till {number}: {printed:?} was sold and is refused for good: {code:?}")));
    }
}

/// Whether something that a sale names is not on the server even now. A server that was put back may have forgotten that it
/// had refused the sale.
fn refers_to_nothing(server: &Connection, document: &str) -> bool {
    let sql = "WITH body AS (SELECT ? AS body),
        named AS (SELECT value ->> '$.item.product_id' AS id FROM body, json_each(body, '$.lines')
            UNION SELECT body ->> '$.customer.customer_id' FROM body
            UNION SELECT body ->> '$.head.cashier_id' FROM body)
        SELECT EXISTS (SELECT 1 FROM named WHERE id IS NOT NULL
            AND unhex(replace(id, '-', '')) NOT IN (SELECT id FROM entity_row UNION SELECT local_id FROM id_alias))";
    server.query_row(sql, [document], |row| row.get(0)).unwrap()
}

/// A sale changes no row of the catalogue, and what was asked for at the counter takes no more than there is.
pub(crate) fn of_sales_on_server(server: &Connection, faults: &mut Faults) {
    let sql =
        "SELECT feed.entity_id, operation.kind FROM feed JOIN operation ON operation.op_id = feed.origin_op
        WHERE feed.entity IN ('product', 'category', 'customer', 'cashier', 'setting')
          AND operation.kind IN ('sale.complete', 'stock.adjust')";
    for (row, kind) in rows(server, sql, |row| Ok((id(row, "entity_id")?, row.get::<_, String>("kind")?))) {
        faults.push((3, format!("{row}: {kind} wrote into the catalogue")));
    }
    let sql = "SELECT shortage.product_id FROM shortage JOIN sale ON sale.sale_id = shortage.sale_id
        JOIN operation ON operation.op_id = sale.op_id WHERE operation.mode = 'admit'";
    for product in rows(server, sql, |row| id(row, "product_id")) {
        faults.push((5, format!("{product}: sold beyond what was there, and the customer had been asked")));
    }
}
