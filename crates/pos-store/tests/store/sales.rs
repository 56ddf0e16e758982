//! A sale's life: pending, then final or rolled back, and never anything else again.

use pos_domain::Quantity;
use pos_domain::chain::{ChainFault, ChainHead};
use pos_store::queue::{OpMode, OpState};
use pos_store::sales::SaleState;
use pos_store::verify::Depth;
use pos_store::{StoreError, chain, device, queue, sales, stock};
use rusqlite::Connection;
use serde_json::json;

use crate::kit::{NOW, Register, claim, confirm, qty, stocked};

#[test]
fn a_sale_that_the_server_admits_becomes_final() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 2)]);
    let (sale_id, op_id, request_id) = (sale.sale_id, sale.op_id, sale.request_id);
    register.write(move |tx| sale.insert(tx, OpMode::Admit).map(|_| sale)).finish(&register, |sale, tx| {
        let claimed = claim(tx, sale.op_id)?;
        assert_eq!(claimed.mode, OpMode::Admit);
        assert_eq!(claimed.body_hash, pos_domain::Hash32::of(claimed.body.as_bytes()));
        assert_eq!(queue::acknowledge(tx, sale.op_id, claimed.generation, 9, NOW)?, queue::Fenced::Done);
        sale.finalise(tx).map(|_| ())
    });
    let found = register.read(move |conn| sales::find_by_number(conn, "R1-000001")).unwrap();
    assert_eq!(found.summary.sale_id, sale_id);
    assert_eq!((found.summary.state, found.summary.sync), (SaleState::Final, OpState::Acknowledged));
    assert_eq!(found.summary.cashier, "Fatou");
    assert_eq!(found.summary.customer.as_deref(), Some("Mamadou"));
    let again = register.read(move |conn| sales::find_by_request(conn, request_id)).unwrap();
    assert_eq!(again.summary.op_id, op_id, "the second press of the button finds the first one's sale");
    let totals = register.read(|conn| sales::totals(conn, NOW, NOW + 1));
    assert_eq!((totals[0].documents, totals[0].total.minor(), totals[0].tax.minor()), (1, 2_360, 360));
    assert_eq!(register.store.verify(Depth::Full).unwrap(), []);
}

/// Runs a step of a sale in a transaction of its own.
trait Step: Sized {
    fn finish(
        self,
        register: &Register,
        step: impl FnOnce(&Self, &pos_store::Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self;
}

impl Step for crate::kit::Confirmed {
    fn finish(
        self,
        register: &Register,
        step: impl FnOnce(&Self, &pos_store::Tx<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        register.write(move |tx| step(&self, tx).map(|()| self))
    }
}

#[test]
fn a_rolled_back_sale_uses_no_number_and_gives_the_stock_back() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let (first, refused, second) =
        (confirm(&[(&bread, 1)]), confirm(&[(&bread, 3)]), confirm(&[(&bread, 1)]));
    let refused_id = refused.sale_id;
    register.write(move |tx| {
        first.insert(tx, OpMode::Fact)?;
        assert_eq!(first.finalise(tx)?.number, 1);
        refused.insert(tx, OpMode::Admit)?;
        assert_eq!(stock::shown(tx, bread.product_id)?.shown, qty(1));
        sales::roll_back(tx, refused.sale_id, "insufficient_stock", &json!({ "lines": [] }), NOW)?;
        assert_eq!(stock::shown(tx, bread.product_id)?.shown, qty(4), "the goods are back on the shelf");
        second.insert(tx, OpMode::Fact)?;
        assert_eq!(second.finalise(tx)?.number, 2, "the refused sale used no number");
        let reopened = refused.finalise(tx);
        assert!(matches!(reopened, Err(StoreError::WrongState { state: "rolled_back", .. })));
        Ok(())
    });
    let rollback = register.read(move |conn| sales::find_rollback(conn, refused_id)).unwrap();
    assert_eq!(rollback.code, "insufficient_stock");
    assert_eq!(register.store.verify(Depth::Full).unwrap(), []);
}

#[test]
fn a_number_that_does_not_follow_the_head_is_refused() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let (one, two) = (confirm(&[(&bread, 1)]), confirm(&[(&bread, 1)]));
    register.write(move |tx| {
        one.insert(tx, OpMode::Fact)?;
        two.insert(tx, OpMode::Fact)?;
        let stale = two.seal(tx)?;
        one.finalise(tx)?;
        let refused = sales::finalise(tx, two.sale_id, &stale);
        assert!(matches!(refused, Err(StoreError::Chain(ChainFault::Gap { expected: 2, found: 1 }))));
        let swapped = sales::finalise(tx, two.sale_id, &one.seal(tx)?);
        assert!(matches!(swapped, Err(StoreError::Chain(ChainFault::DocumentChanged { .. }))));
        two.finalise(tx).map(|_| ())
    });
}

#[test]
fn the_countersigned_head_is_a_link_of_this_chain() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        let record = sale.finalise(tx)?;
        assert_eq!(chain::list_uncountersigned(tx, 10)?, std::slice::from_ref(&record));
        let fork = ChainHead { number: 1, hash: record.previous_hash };
        assert!(matches!(chain::set_countersigned(tx, fork), Err(StoreError::Chain(_))), "a fork is no head");
        chain::set_countersigned(tx, ChainHead { number: 1, hash: record.hash })?;
        assert_eq!(chain::list_uncountersigned(tx, 10)?, []);
        chain::set_countersigned(tx, ChainHead::START)?;
        assert_eq!(chain::list_uncountersigned(tx, 10)?.len(), 1, "a restored server is told again");
        Ok(())
    });
}

#[test]
fn the_same_press_of_the_button_makes_one_sale() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let first = confirm(&[(&bread, 1)]);
    let mut second = confirm(&[(&bread, 1)]);
    second.request_id = first.request_id;
    register.write(move |tx| first.insert(tx, OpMode::Admit));
    let doubled = register.try_write(move |tx| second.insert(tx, OpMode::Admit));
    assert!(matches!(doubled, Err(StoreError::Sql(_))), "the file itself refuses the second sale");
    assert_eq!(register.read(sales::list_unfinished).len(), 1);
    assert_eq!(register.read(queue::counts).pending, 1, "nothing of the second sale is left behind");
}

#[test]
fn no_statement_changes_a_final_document() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let (sale, back) = (confirm(&[(&bread, 1)]), confirm(&[(&bread, 2)]));
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        back.insert(tx, OpMode::Admit)?;
        sales::roll_back(tx, back.sale_id, "insufficient_stock", &json!({}), NOW)?;
        sales::record_print(tx, sale.sale_id, "printer", NOW)?;
        Ok(())
    });
    let folder = register.close();
    let conn = Connection::open(folder.path().join(pos_store::FILE_NAME)).unwrap();
    conn.pragma_update(None, "recursive_triggers", true).unwrap();
    for table in [
        "sale",
        "sale_line",
        "sale_tender",
        "sale_tax",
        "sale_rollback",
        "chain_record",
        "stock_movement",
        "receipt_print",
    ] {
        let columns: Vec<String> = conn
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for column in columns {
            let update = conn.execute(&format!("UPDATE {table} SET {column} = {column}"), []);
            assert!(update.is_err(), "{table}.{column} can be updated");
        }
        assert!(conn.execute(&format!("DELETE FROM {table}"), []).is_err(), "{table} can be emptied");
        let replaced = conn.execute(&format!("INSERT OR REPLACE INTO {table} SELECT * FROM {table}"), []);
        assert!(replaced.is_err(), "{table} can be replaced");
    }
    let late_line = conn.execute(
        "INSERT INTO sale_tender SELECT sale_id, 9, kind, amount_minor, reference FROM sale_tender",
        [],
    );
    assert!(late_line.is_err(), "a tender cannot be added to a final document");
}

#[test]
fn refunds_are_found_by_the_sale_that_they_give_back() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let (one, two) = (confirm(&[(&bread, -1)]), confirm(&[(&bread, -2)]));
    let original = one.document().head.original.clone().unwrap().sale_id.unwrap();
    let given_back = register.write(move |tx| {
        one.insert(tx, OpMode::Fact)?;
        two.insert(tx, OpMode::Fact)?;
        sales::list_refunds(tx, original)
    });
    let given_back: Vec<_> = given_back.iter().map(|refund| refund.document.lines[0].item.qty).collect();
    assert_eq!(given_back, [qty(-1), qty(-2)], "pending ones count as well");
    let shown = register.read(|conn| stock::shown(conn, crate::kit::id(10).into()));
    assert_eq!((shown.pending, shown.shown, shown.oversold), (qty(3), qty(8), Quantity::ZERO));
}

#[test]
fn sales_are_listed_newest_first_page_by_page() {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let sold: Vec<_> = (0..5).map(|_| confirm(&[(&bread, 1)])).collect();
    let ids: Vec<_> = sold.iter().rev().map(|sale| sale.sale_id).collect();
    register.write(move |tx| sold.iter().try_for_each(|sale| sale.insert(tx, OpMode::Fact).map(|_| ())));
    let listed = register.read(|conn| {
        let mut all = Vec::new();
        while let page @ [_, ..] = sales::list(conn, all.last().copied(), 2)?.as_slice() {
            all.extend(page.iter().map(|summary| summary.sale_id));
        }
        Ok(all)
    });
    assert_eq!(listed, ids);
}

#[test]
fn a_sale_is_searched_by_its_numbers_and_its_customer() {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let (one, two, open) = (confirm(&[(&bread, 1)]), confirm(&[(&bread, 1)]), confirm(&[(&bread, 1)]));
    let (one_id, two_id, open_id) = (one.sale_id, two.sale_id, open.sale_id);
    let external = open.document().head.external_number.clone().unwrap();
    register.write(move |tx| {
        one.insert(tx, OpMode::Fact)?;
        one.finalise(tx)?;
        two.insert(tx, OpMode::Fact)?;
        two.finalise(tx)?;
        open.insert(tx, OpMode::Admit)
    });
    for (text, wanted) in [
        ("R1-000001".to_owned(), vec![one_id]),
        ("r1-0".to_owned(), vec![two_id, one_id]),
        (external, vec![open_id]),
        ("mamad".to_owned(), vec![open_id, two_id, one_id]),
        ("nobody".to_owned(), vec![]),
    ] {
        let asked = text.clone();
        let found = register.read(move |conn| sales::search(conn, &asked, 9));
        assert_eq!(found.iter().map(|s| s.sale_id).collect::<Vec<_>>(), wanted, "{text}");
    }
}

#[test]
fn a_new_epoch_numbers_anew_and_moves_what_the_server_does_not_have() {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let (known, open, next) = (confirm(&[(&bread, 1)]), confirm(&[(&bread, 1)]), confirm(&[(&bread, 1)]));
    let open_op = open.op_id;
    register.write(move |tx| {
        known.insert(tx, OpMode::Fact)?;
        known.finalise(tx)?;
        crate::kit::acknowledge(tx, known.op_id, 5)?;
        open.insert(tx, OpMode::Fact)?;
        open.finalise(tx)?;
        device::open_epoch(tx, 2, "R1.2", crate::kit::key().public(), NOW)?;
        next.insert(tx, OpMode::Fact)?;
        assert_eq!(next.finalise(tx)?.printed_number(), "R1.2-000001");
        Ok(())
    });
    let moved = register.read(move |conn| queue::find(conn, open_op)).unwrap();
    assert_eq!((moved.head.epoch, moved.head.seq), (2, 1), "its id and body are the same, its place is new");
    assert_eq!(register.store.verify(Depth::Full).unwrap(), [], "both chains stand");
}
