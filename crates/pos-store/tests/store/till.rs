//! Documents of the drawer: one shift at a time, each document in one Z, in the order of the chain alone.

use pos_domain::TillContent;
use pos_domain::body::EntityKind;
use pos_store::journal::{self, Journal};
use pos_store::queue::{self, ErrorClass, Hold, OpFault, OpMode};
use pos_store::verify::Depth;
use pos_store::{StoreError, accounts, chain, device, till};

use crate::kit::{
    NOW, Register, acknowledge, claim, closing, confirm, debt_paid, id, key, money, opening, record_till,
    spent, stocked,
};

fn closed(stored: &till::StoredTillDocument) -> &pos_domain::ShiftReport {
    let TillContent::ShiftClosing(report) = &stored.document.content else { panic!("a closing") };
    report
}

#[test]
fn a_second_shift_is_not_opened_and_no_other_one_is_closed() {
    let register = Register::new();
    register.write(|tx| record_till(tx, Some(700), opening(500)).map(|_| ()));
    let twice = register.try_write(|tx| record_till(tx, Some(701), opening(500)).map(|_| ()));
    assert!(matches!(twice, Err(StoreError::WrongState { what: "shift", .. })), "{twice:?}");
    let other = register.try_write(|tx| record_till(tx, Some(702), closing(tx, 500)?).map(|_| ()));
    assert!(matches!(other, Err(StoreError::WrongState { what: "shift", .. })), "{other:?}");
    let count = register.read(chain::count);
    assert_eq!(count, 1, "what was refused used no number");
    register.write(|tx| record_till(tx, Some(700), closing(tx, 500)?).map(|_| ()));
    assert_eq!(register.read(till::find_open_id), None, "closed");
    register.write(|tx| record_till(tx, Some(703), opening(500)).map(|_| ()));
    assert_eq!(register.read(till::find_open_id), Some(id(703).into()), "and the next one opens");
}

#[test]
fn each_document_stands_in_one_z_across_lives_of_the_file_whatever_the_clock_says() {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let sales: Vec<_> = (0..3).map(|_| confirm(&[(&bread, 1)])).collect();
    register.write(move |tx| {
        sales[0].insert(tx, OpMode::Fact)?;
        sales[0].finalise(tx)?;
        record_till(tx, Some(700), opening(500))?;
        record_till(tx, Some(700), closing(tx, 500)?)?;
        sales[1].insert(tx, OpMode::Fact)?;
        sales[1].finalise(tx)?;
        device::open_epoch(tx, 2, "R1B", key().public(), NOW - 1_000_000)?;
        sales[2].insert(tx, OpMode::Fact)?;
        sales[2].finalise(tx)?;
        record_till(tx, Some(701), closing(tx, 0)?).map(|_| ())
    });
    let all = register.read(|conn| till::list_closings(conn, 0, 10));
    let ranges: Vec<Vec<(String, u64, u64)>> = all
        .iter()
        .rev()
        .map(|z| closed(z).ranges.iter().map(|r| (r.series.clone(), r.first, r.last)).collect())
        .collect();
    let expected = [vec![("R1".to_owned(), 1, 2)], vec![("R1".to_owned(), 4, 4), ("R1B".to_owned(), 1, 1)]];
    assert_eq!(ranges, expected, "number 3 is the first Z itself");
    let numbers: Vec<u64> = all.iter().map(|z| closed(z).z_number).collect();
    assert_eq!(numbers, [2, 1]);
    let (first, second) = (closed(&all[1]), closed(&all[0]));
    assert_eq!(second.perpetual_before, first.perpetual, "all Zs add up");
    assert_eq!(second.perpetual.documents, 4, "five documents and two closings, less the closings");
    assert_eq!(register.read(|conn| till::find_closing(conn, 2)).unwrap().number, "R1B-000002");
    assert_eq!(register.read(|conn| till::find_closing(conn, 3)), None);
    assert_eq!(register.store.verify(Depth::Full).unwrap(), []);
}

#[test]
fn a_payment_lowers_the_debt_and_follows_its_customer_to_another_id() {
    let register = Register::new();
    register.write(|tx| record_till(tx, None, debt_paid(450)).map(|_| ()));
    let owed = register.read(|conn| accounts::balance(conn, id(500).into()));
    assert_eq!(owed, money(-450));
    register.write(|tx| {
        let server = [(EntityKind::Customer, id(500), id(600))];
        for (kind, local, server) in server {
            pos_store::mappings::apply(tx, kind, local, server, NOW)?;
        }
        Ok(())
    });
    let owed = register.read(|conn| accounts::balance(conn, id(600).into()));
    assert_eq!(owed, money(-450), "the account is the server's now");
    let findings = register.store.verify(Depth::Full).unwrap();
    assert_eq!(findings, [], "the document keeps the id as printed");
}

#[test]
fn the_journal_holds_till_documents_and_their_links_reach_the_server_in_order() {
    let register = Register::new();
    let bread = stocked(&register, 10, 50, 1);
    let sale = confirm(&[(&bread, 1)]);
    register.write(move |tx| {
        let opened = record_till(tx, Some(700), opening(500))?;
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        record_till(tx, Some(700), spent(100))?;
        let opened = till::find(tx, opened.document_id)?.unwrap();
        acknowledge(tx, opened.op_id, 3)?;
        acknowledge(tx, sale.op_id, 4)
    });
    let device_id = id(1).into();
    let mut log = Journal::open(register.store.folder(), device_id).unwrap();
    assert_eq!(log.catch_up(&register.store).unwrap(), 3, "every final document, of whatever kind");
    let held = journal::read_from(register.store.folder(), device_id, None).unwrap();
    let kinds: Vec<&str> = held.documents.iter().map(|d| d.link.kind.as_str()).collect();
    assert_eq!(kinds, ["shift_opening", "sale", "cash_movement"]);
    assert!(held.documents.iter().all(|d| d.request_id.is_some()), "pressed again, each finds itself");
    assert_eq!(journal::verify(&register.store).unwrap(), []);
    let shown = register.read(|conn| chain::list_to_countersign(conn, 10));
    assert_eq!(shown.len(), 2, "the server is shown what it has, and not the movement that it lacks");
}

#[test]
fn what_the_server_refuses_for_good_is_a_document_that_nobody_gives_up() {
    let register = Register::new();
    register.write(|tx| record_till(tx, Some(700), opening(500)).map(|_| ()));
    let opened = register.read(till::find_open).unwrap();
    let op_id = opened.op_id;
    register.write(move |tx| {
        let claimed = claim(tx, op_id)?;
        let fault = OpFault {
            class: ErrorClass::Permanent,
            code: "unknown_kind".to_owned(),
            params: serde_json::Map::new(),
        };
        queue::dead_letter(tx, op_id, claimed.generation, &fault, NOW).map(drop)
    });
    let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
    assert_eq!(queue::hold_of(&row), Some(Hold::Document), "money was counted");
    let body = register.read(move |conn| queue::find_body(conn, op_id));
    assert_eq!(body, Some(opened.text), "the body of the operation is the document");
}
