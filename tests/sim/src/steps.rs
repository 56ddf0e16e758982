//! What is checked after every step, by what the step touched.
//!
//! After each answer of the server to a push: the operations of that push, the documents and movements that they made,
//! and the balances of the products that these moved. After each deed at a register: the documents that were numbered
//! since the last look. The rest of a file is looked at by [`crate::invariants`], at intervals and at rest.

use std::collections::{BTreeMap, BTreeSet};

use pos_domain::OpId;
use rusqlite::{Connection, named_params};
use uuid::Uuid;

use crate::invariants::{Faults, id};

/// What an operation did to the stock.
const MOVED: &str = "SELECT DISTINCT product_id FROM stock_movement WHERE op_id = :op_id
    UNION SELECT product_id FROM shortage JOIN conflict USING (conflict_id) WHERE conflict.op_id = :op_id";

/// A balance with what it must be.
const BALANCE: &str = "SELECT on_hand_milli, oversold_milli,
        (SELECT coalesce(sum(delta_milli), 0) FROM stock_movement AS m WHERE m.product_id = level.product_id) AS moved,
        (SELECT coalesce(sum(open_milli), 0) FROM shortage AS s WHERE s.product_id = level.product_id) AS open
    FROM stock_level AS level WHERE product_id = :product_id";

/// A document as the server keeps it, with the sums of its text.
const DOCUMENT: &str = "SELECT sale.sale_id, sale.state, net_minor, tax_minor, total_minor,
        body ->> '$.total' AS told,
        (SELECT sum(value ->> '$.amounts.gross') FROM json_each(body, '$.lines')) AS lines,
        (SELECT coalesce(sum(value ->> '$.amount'), 0) FROM json_each(body, '$.tenders')) AS tendered,
        body ->> '$.settlement.change' AS change_given, body ->> '$.settlement.payable' AS payable,
        (SELECT coalesce(sum(delta_milli), 0) FROM stock_movement AS m WHERE m.op_id = sale.op_id) AS moved
    FROM sale JOIN operation USING (op_id) WHERE sale.op_id = :op_id";

/// After a push: whatever its operations touched holds.
pub(crate) fn of_push(server: &Connection, pushed: &[OpId], faults: &mut Faults) {
    let mut products = BTreeSet::new();
    for op_id in pushed {
        let key = named_params! { ":op_id": op_id.0.as_bytes() };
        let mut statement = server.prepare_cached(MOVED).unwrap();
        let moved = statement.query_map(key, |row| id(row, "product_id")).unwrap();
        products.extend(moved.map(Result::unwrap));
        of_document(server, *op_id, faults);
    }
    for product in products {
        let mut statement = server.prepare_cached(BALANCE).unwrap();
        let key = named_params! { ":product_id": product.as_bytes() };
        let (on_hand, oversold, moved, open): (i64, i64, i64, i64) = statement
            .query_row(key, |row| {
                Ok((
                    row.get("on_hand_milli")?,
                    row.get("oversold_milli")?,
                    row.get("moved")?,
                    row.get("open")?,
                ))
            })
            .unwrap();
        if on_hand < 0 || on_hand != moved || oversold != open {
            let words =
                format!("{product}: on hand {on_hand}, moved {moved}; oversold {oversold}, open {open}");
            faults.push((5, words));
        }
    }
}

fn of_document(server: &Connection, op_id: OpId, faults: &mut Faults) {
    let mut statement = server.prepare_cached(DOCUMENT).unwrap();
    let found = statement.query_map(named_params! { ":op_id": op_id.0.as_bytes() }, |row| {
        let number = |column: &str| row.get::<_, i64>(column);
        let (sale, state): (Uuid, String) = (id(row, "sale_id")?, row.get("state")?);
        let total = number("total_minor")?;
        let sums = number("net_minor")? + number("tax_minor")? == total
            && number("told")? == total
            && number("lines")? == total
            && number("tendered")? - number("change_given")? == number("payable")?;
        Ok((sale, state, sums, number("moved")?))
    });
    for (sale, state, sums, moved) in found.unwrap().map(Result::unwrap) {
        if !sums {
            faults.push((6, format!("the document {sale} does not add up on the server")));
        }
        if state != "applied" && moved != 0 {
            faults.push((3, format!("the {state} document {sale} has moved {moved} thousandths")));
        }
    }
}

/// The numbers of one register, as far as they were seen.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Life, last number in it, hash of that link.
    last: BTreeMap<i64, (i64, [u8; 32])>,
}

/// The links of a life after a number, with what they must bind.
const LINKS: &str = "SELECT link.number, link.hash, link.previous_hash, link.document_hash,
        sale.state, sale.number AS given, sale.document_hash AS sold_hash, sync_queue.body_hash
    FROM chain_record AS link LEFT JOIN sale ON sale.sale_id = link.document_id
        LEFT JOIN sync_queue USING (op_id)
    WHERE link.epoch = :epoch AND link.number > :number ORDER BY link.number";

impl Numbers {
    /// After a deed: each new number follows the one before, is bound to it, and is that of a final document with the
    /// bytes that are queued.
    pub(crate) fn follow(&mut self, till: usize, file: &Connection, faults: &mut Faults) {
        let sql = "SELECT epoch FROM device";
        let Ok(epoch) = file.query_row(sql, [], |row| row.get::<_, i64>(0)) else { return };
        let (mut number, mut hash) = self.last.get(&epoch).copied().unwrap_or((0, [0; 32]));
        let mut statement = file.prepare_cached(LINKS).unwrap();
        let mut links = statement.query(named_params! { ":epoch": epoch, ":number": number }).unwrap();
        while let Some(link) = links.next().unwrap() {
            let (next, previous): (i64, [u8; 32]) =
                (link.get("number").unwrap(), link.get("previous_hash").unwrap());
            let bytes = |column: &str| link.get::<_, Option<[u8; 32]>>(column).unwrap();
            let state: Option<String> = link.get("state").unwrap();
            let given: Option<i64> = link.get("given").unwrap();
            if next != number + 1 {
                faults.push((9, format!("till {till}: {next} follows {number} in life {epoch}")));
            }
            if number > 0 && previous != hash {
                faults.push((8, format!("till {till}: {next} of life {epoch} is not bound to {number}")));
            }
            if state.as_deref() != Some("final") || given != Some(next) {
                let words = format!("till {till}: {next} of life {epoch} is of a document that is {state:?}");
                faults.push((9, words));
            }
            let document = bytes("document_hash");
            if bytes("sold_hash") != document || bytes("body_hash") != document {
                faults.push((
                    1,
                    format!("till {till}: {next} of life {epoch} has other bytes than are queued"),
                ));
            }
            (number, hash) = (next, link.get("hash").unwrap());
        }
        self.last.insert(epoch, (number, hash));
    }

    /// The file may have gone back.
    pub(crate) fn forget(&mut self) {
        self.last.clear();
    }
}
