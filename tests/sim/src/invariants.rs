//! What must never be, checked on the files themselves and on the books.
//!
//! The numbers are those of the table in docs/SIMULATOR.md. Nothing here asks the product what it thinks, except where
//! the product's own check is one of the two that must agree.

use std::collections::{BTreeMap, BTreeSet};

use pos_app::App;
use rusqlite::Connection;
use uuid::Uuid;

use crate::books::Books;
use crate::oracles;
use crate::task::finish;
use crate::till::Till;
use crate::town::Town;

/// What does not hold: the number of the invariant, and what was found.
pub(crate) type Faults = Vec<(u8, String)>;

/// The invariants in words, by number.
pub(crate) const WORDS: [&str; 12] = [
    "a sale shown as sold is on the register after any crash, with the same bytes",
    "at rest each acknowledged operation is applied once on the server, or stands where a person sees it",
    "nothing is on the server that no register made, and a refused sale never changes anything later",
    "a verdict never changes for the same operation, and another body is an alarm",
    "on hand is the sum of the movements and never negative, oversold the sum of the open shortages",
    "lines and tax come to the total, and the total is what was paid; no more comes back than was sold",
    "closures cover the numbers without gap or double",
    "the chain of documents is unbroken and signed, and no fork stays unseen",
    "numbers are unique for ever and without gaps, and a sale that was rolled back has none",
    "once faults stop everything converges within bounded time, and nothing waits without a due time",
    "every effect has an actor whose role allowed it",
    "what is computed can be computed again from what happened, whatever the clocks said",
];

pub(crate) fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = connection.prepare_cached(sql).unwrap();
    statement.query_map([], |row| read(row)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The ids that a statement names `id`.
pub(crate) fn ids(connection: &Connection, sql: &str) -> BTreeSet<Uuid> {
    rows(connection, sql, |row| id(row, "id")).into_iter().collect()
}

pub(crate) fn id(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

/// On the server, after each push that it answered.
pub(crate) fn of_balances(server: &Connection, faults: &mut Faults) {
    let sql = "SELECT level.product_id, on_hand_milli, oversold_milli,
            (SELECT coalesce(sum(delta_milli), 0) FROM stock_movement AS m WHERE m.product_id = level.product_id) AS moved,
            (SELECT coalesce(sum(open_milli), 0) FROM shortage AS s WHERE s.product_id = level.product_id) AS open
        FROM stock_level AS level
        WHERE on_hand_milli < 0 OR on_hand_milli <> moved OR oversold_milli <> open";
    faults.extend(rows(server, sql, |row| {
        let (on_hand, oversold): (i64, i64) = (row.get("on_hand_milli")?, row.get("oversold_milli")?);
        let (moved, open): (i64, i64) = (row.get("moved")?, row.get("open")?);
        let product = id(row, "product_id")?;
        Ok((5, format!("{product}: on hand {on_hand}, moved {moved}; oversold {oversold}, open {open}")))
    }));
}

/// On a register, after each of its starts and at the end: what the books say is there.
pub(crate) fn of_register(till: &Till, books: &Books, faults: &mut Faults) {
    let file = till.look();
    let sql = "SELECT sale.sale_id, sale.state, printed_number, total_minor, body_hash, document_hash
        FROM sale JOIN sync_queue USING (op_id)";
    let there: BTreeMap<Uuid, (String, Option<String>, i64, [u8; 32], [u8; 32])> = rows(&file, sql, |row| {
        let value = (
            row.get("state")?,
            row.get("printed_number")?,
            row.get("total_minor")?,
            row.get("body_hash")?,
            row.get("document_hash")?,
        );
        Ok((id(row, "sale_id")?, value))
    })
    .into_iter()
    .collect();
    for (sale_id, sold) in books.sold.iter().filter(|(_, sold)| sold.till == till.number) {
        let shown = &sold.number;
        match there.get(&sale_id.0) {
            None => faults.push((1, format!("{shown} was shown as sold and is gone"))),
            Some((state, number, total, queued, document)) => {
                if state != "final" || number.as_deref() != Some(shown) || *total != sold.total {
                    faults.push((1, format!("{shown} is now {state}, {number:?}, {total}")));
                }
                if *queued != sold.body_hash.0 || *document != sold.body_hash.0 {
                    faults.push((1, format!("{shown} has other bytes than were shown")));
                }
            }
        }
    }
    let refused = "SELECT request_id, state FROM request JOIN sale ON sale.sale_id = request.subject_id";
    for (request, state) in
        rows(&file, refused, |row| Ok((id(row, "request_id")?, row.get::<_, String>("state")?)))
    {
        if books.refused.contains(&(till.number, request.into())) && state != "rolled_back" {
            faults.push((3, format!("the press {request} was answered as refused, its sale is {state}")));
        }
    }
    of_numbers(till, &file, faults);
}

fn of_numbers(till: &Till, file: &Connection, faults: &mut Faults) {
    let sql = "SELECT series, count(*) AS documents, min(number) AS first, max(number) AS last
        FROM sale WHERE state = 'final' GROUP BY series";
    for (series, documents, first, last) in rows(file, sql, |row| {
        let (first, last): (i64, i64) = (row.get("first")?, row.get("last")?);
        Ok((row.get::<_, String>("series")?, row.get::<_, i64>("documents")?, first, last))
    }) {
        if first != 1 || last != documents {
            let words =
                format!("till {}: {series} has {documents} documents from {first} to {last}", till.number);
            faults.push((9, words));
        }
    }
    let sql = "SELECT op_id FROM sync_queue WHERE state = 'pending' AND waits_for > 0 AND op_id NOT IN (
            SELECT d.op_id FROM sync_dependency AS d JOIN sync_queue AS other ON other.op_id = d.depends_on
            WHERE other.state IN ('pending', 'in_flight', 'parked', 'dead'))";
    for op_id in rows(file, sql, |row| id(row, "op_id")) {
        faults.push((10, format!("till {}: {op_id} waits for nothing that could come", till.number)));
    }
}

/// What the register's and the server's own checks find: signatures, chains, sums, projections.
pub(crate) fn of_own_checks(app: &App, number: usize, faults: &mut Faults) {
    let report = finish(app.verify(true)).unwrap().value;
    faults.extend(report.findings.iter().map(|f| (12, format!("till {number}: {f:?}"))));
}

/// When all has come to rest: the books, every register and the server say the same.
pub(crate) fn of_rest(town: &Town, tills: &[&Till], books: &Books, faults: &mut Faults) {
    let server = town.look();
    of_balances(&server, faults);
    faults.extend(town.verify().into_iter().map(|words| (12, format!("server: {words}"))));
    let on_server = operations_on(&server);
    let mut made = books.gone.clone();
    for till in tills {
        of_register(till, books, faults);
        let file = till.look();
        of_queue(till.number, &file, (&on_server, town.alarms_have_a_cause), &mut made, faults);
        of_sales(till.number, &file, &server, faults);
        oracles::of_the_dead(till.number, &file, (&server, town.alarms_have_a_cause), faults);
        of_shared_rows(till.number, &file, &server, faults);
        if let Some(app) = &till.app {
            of_own_checks(app, till.number, faults);
        }
    }
    for op_id in on_server.keys().filter(|op_id| !made.contains(*op_id)) {
        faults.push((3, format!("{op_id} is on the server and no register made it")));
    }
    of_goods(&server, faults);
    oracles::of_sales_on_server(&server, faults);
}

/// What the server holds of an operation: the hash of its body, and the first word of its verdict.
type OnServer = BTreeMap<Uuid, ([u8; 32], String)>;

fn operations_on(server: &Connection) -> OnServer {
    let sql =
        "SELECT op_id, body_hash, (SELECT key FROM json_each(operation.verdict)) AS verdict FROM operation";
    rows(server, sql, |row| Ok((id(row, "op_id")?, (row.get("body_hash")?, row.get("verdict")?))))
        .into_iter()
        .collect()
}

fn of_queue(
    number: usize,
    file: &Connection,
    (on_server, alarms_have_a_cause): (&OnServer, bool),
    made: &mut BTreeSet<Uuid>,
    faults: &mut Faults,
) {
    let sql = "SELECT op_id, state, body_hash, kind, error_code FROM sync_queue";
    for (op_id, state, hash, kind, code) in rows(file, sql, |row| {
        let hash: [u8; 32] = row.get("body_hash")?;
        let code: Option<String> = row.get("error_code")?;
        Ok((id(row, "op_id")?, row.get::<_, String>("state")?, hash, row.get::<_, String>("kind")?, code))
    }) {
        made.insert(op_id);
        // An edit that was drawn into a waiting one after the folder was copied: the copy has the waiting one as it was.
        if alarms_have_a_cause && code.as_deref() == Some("alarm.body_mismatch") {
            continue;
        }
        let there = on_server.get(&op_id);
        if there.is_some_and(|(other, _)| *other != hash) {
            faults.push((4, format!("till {number}: {kind} {op_id} has another body on the server")));
        }
        let applied = there.is_some_and(|(_, verdict)| verdict == "applied" || verdict == "conflict");
        match state.as_str() {
            "pending" | "in_flight" => {
                faults.push((10, format!("till {number}: {kind} {op_id} is still {state} ({code:?})")));
            }
            "acknowledged" if !applied => {
                faults.push((
                    2,
                    format!("till {number}: {kind} {op_id} is acknowledged; the server: {there:?}"),
                ));
            }
            "dead" | "parked" | "rejected" if applied => {
                faults.push((2, format!("till {number}: {kind} {op_id} is {state} ({code:?}) and applied")));
            }
            _ => {}
        }
    }
}

fn of_sales(number: usize, file: &Connection, server: &Connection, faults: &mut Faults) {
    let sql = "SELECT sale_id, state FROM sale";
    let there: BTreeMap<Uuid, String> =
        rows(server, sql, |row| Ok((id(row, "sale_id")?, row.get("state")?))).into_iter().collect();
    let sql = "SELECT sale_id, printed_number, sale.state, sync_queue.state AS sent FROM sale JOIN sync_queue USING (op_id)";
    for (sale_id, printed, state, sent) in rows(file, sql, |row| {
        let printed: Option<String> = row.get("printed_number")?;
        Ok((id(row, "sale_id")?, printed, row.get::<_, String>("state")?, row.get::<_, String>("sent")?))
    }) {
        let applied = there.get(&sale_id).is_some_and(|state| state == "applied");
        match state.as_str() {
            "final" if !applied && !matches!(sent.as_str(), "dead" | "parked") => {
                let words = format!(
                    "till {number}: {printed:?} is final, {sent}, and the server has {:?}",
                    there.get(&sale_id)
                );
                faults.push((2, words));
            }
            "rolled_back" if applied => {
                faults.push((3, format!("till {number}: {sale_id} was given back and is applied")));
            }
            "pending" => faults.push((10, format!("till {number}: {sale_id} never ended"))),
            _ => {}
        }
    }
}

/// Shared rows and balances are the server's on every register.
fn of_shared_rows(number: usize, file: &Connection, server: &Connection, faults: &mut Faults) {
    let text = |row: &rusqlite::Row<'_>| {
        let values: rusqlite::Result<Vec<String>> = (0..row.as_ref().column_count())
            .map(|place| row.get::<_, rusqlite::types::Value>(place).map(|value| format!("{value:?}")))
            .collect();
        values.map(|values| values.join(" "))
    };
    for (what, here, there) in SHARED {
        let here: BTreeSet<String> = rows(file, here, text).into_iter().collect();
        let there: BTreeSet<String> = rows(server, there, text).into_iter().collect();
        for row in here.difference(&there) {
            faults.push((10, format!("till {number}: {what} only here: {row}")));
        }
        for row in there.difference(&here) {
            faults.push((10, format!("till {number}: {what} only on the server: {row}")));
        }
    }
    let left: i64 = file.query_row("SELECT count(*) FROM stock_pending", [], |row| row.get(0)).unwrap();
    let dead = "SELECT count(*) FROM sync_queue WHERE state IN ('dead', 'parked')";
    let dead: i64 = file.query_row(dead, [], |row| row.get(0)).unwrap();
    if left > 0 && dead == 0 {
        faults.push((10, format!("till {number}: {left} movements are still shown as not sent")));
    }
}

/// The same rows on a register and on the server.
const SHARED: [(&str, &str, &str); 5] = [
    (
        "product",
        "SELECT hex(product_id), code, name, price_minor, archived, rev FROM product WHERE deleted = 0",
        "SELECT hex(id), fields ->> 'code', fields ->> 'name', fields ->> 'price', fields ->> 'archived', rev
            FROM entity_row WHERE entity = 'product' AND deleted = 0",
    ),
    (
        "customer",
        "SELECT hex(customer_id), name, phone, note, rev FROM customer WHERE deleted = 0",
        "SELECT hex(id), fields ->> 'name', fields ->> 'phone', fields ->> 'note', rev
            FROM entity_row WHERE entity = 'customer' AND deleted = 0",
    ),
    (
        "setting",
        "SELECT hex(setting_id), key, json(value) FROM setting WHERE deleted = 0",
        "SELECT hex(id), fields ->> 'key', json(fields -> 'value') FROM entity_row WHERE entity = 'setting' AND deleted = 0",
    ),
    (
        "balance",
        "SELECT hex(product_id), on_hand_milli, oversold_milli FROM stock_level WHERE on_hand_milli <> 0 OR oversold_milli <> 0",
        "SELECT hex(product_id), on_hand_milli, oversold_milli FROM stock_level WHERE on_hand_milli <> 0 OR oversold_milli <> 0",
    ),
    (
        "conflict",
        // What a server that was put back does not know any more is history here, and nobody is asked about it.
        "SELECT hex(conflict_id), status, rev FROM conflict WHERE rev > 0",
        "SELECT hex(conflict_id), status, rev FROM conflict",
    ),
];

/// What was sold has left the shelf or stands as missing: summed from the documents that the server applied.
fn of_goods(server: &Connection, faults: &mut Faults) {
    let sql = "SELECT coalesce(alias.server_id, unhex(replace(line.value ->> '$.item.product_id', '-', ''))) AS product_id,
            sum(CAST(line.value ->> '$.item.qty' AS INTEGER)) AS sold
        FROM sale JOIN operation USING (op_id), json_each(operation.body, '$.lines') AS line
            LEFT JOIN id_alias AS alias ON alias.entity = 'product'
                AND alias.local_id = unhex(replace(line.value ->> '$.item.product_id', '-', ''))
        WHERE sale.state = 'applied' AND sale.kind = 'sale'
        GROUP BY 1 HAVING product_id IN (SELECT product_id FROM stock_level)";
    let sold = rows(server, sql, |row| Ok((id(row, "product_id")?, row.get::<_, i64>("sold")?)));
    for (product, sold) in sold {
        let key = product.as_bytes().to_vec();
        // What a reopened decision takes off the shelf again had been counted, not sold.
        let moved = "SELECT coalesce(-sum(delta_milli), 0) FROM stock_movement
            WHERE product_id = ? AND (reason = 'sale' OR reason = 'reversal' AND delta_milli > 0)";
        let moved: i64 = server.query_row(moved, [&key], |row| row.get(0)).unwrap();
        let missing = "SELECT coalesce(sum(missing_milli), 0) FROM shortage WHERE product_id = ? AND sale_id IS NOT NULL";
        let missing: i64 = server.query_row(missing, [&key], |row| row.get(0)).unwrap();
        // What is missing may have been settled by a movement since, or written off by a person.
        if moved > sold || moved + missing < sold {
            faults.push((5, format!("{product}: {sold} sold, {moved} moved, {missing} missing")));
        }
    }
}
