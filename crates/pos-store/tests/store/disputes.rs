//! What a register does about ids with two meanings, copies of itself, and servers that forgot its earlier lives.

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ConflictEventKind, ConflictStatus};
use pos_domain::contested::{Branch, ContestedId, ForkedRegister, MappedRow};
use pos_domain::{Conflict, ConflictChoice, ConflictKind, OpId, OperationBody};
use pos_store::forks::{self, Followed};
use pos_store::mappings::{self, Mapped};
use pos_store::queue::{self, ErrorClass, OpFault, OpMode, OpState, SeenLife};
use pos_store::{audit, chain, device, feed, life, sales, stock};
use serde_json::json;

use crate::kit::{NOW, Register, acknowledge, claim, confirm, id, incoming, qty, stocked};
use crate::sync::oversold;

/// Operations of a kind that wait to be sent.
fn queued(register: &Register, kind: &'static str) -> Vec<OpId> {
    let rows = register.read(|conn| queue::list(conn, OpState::Pending, None, 99));
    rows.into_iter().filter(|row| row.head.kind == kind).map(|row| row.head.op_id).collect()
}

fn contested(current: u128, other: u128, status: ConflictStatus) -> Conflict {
    let row = |n| MappedRow { id: id(n), name: String::new(), code: None };
    Conflict {
        kind: ConflictKind::MappingContradiction,
        entity: "product".to_owned(),
        entity_id: id(10),
        contested: Some(ContestedId {
            entity: "product".to_owned(),
            local_id: id(10),
            name: String::new(),
            current: row(current),
            other: row(other),
        }),
        sale_id: None,
        ..oversold(status, vec![ConflictEventKind::Opened])
    }
}

#[test]
fn a_contradiction_is_told_to_the_server_once() {
    let register = Register::new();
    let outcomes = register.write(|tx| {
        mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW)?;
        Ok([
            mappings::apply(tx, EntityKind::Product, id(10), id(91), NOW)?,
            mappings::apply(tx, EntityKind::Product, id(10), id(91), NOW)?,
        ])
    });
    assert_eq!(outcomes, [Mapped::Orphaned, Mapped::Orphaned]);
    let told = queued(&register, "mapping.dispute");
    assert_eq!(told.len(), 1, "however often the server says it");
    let body = register.read(move |conn| queue::find_body(conn, told[0])).unwrap();
    let Ok(OperationBody::MappingDispute(dispute)) = OperationBody::decode("mapping.dispute", 1, &body)
    else {
        panic!("{body}")
    };
    assert_eq!((dispute.local_id, dispute.known, dispute.told), (id(10), id(90), id(91)));
}

#[test]
fn an_id_follows_what_was_decided_about_it_and_goes_back_when_that_is_taken_back() {
    let register = Register::new();
    register.write(|tx| mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW));
    for (rev, current, other) in [(1, 90, 91), (2, 91, 90), (3, 90, 91), (4, 91, 90)] {
        let conflict = contested(current, other, ConflictStatus::Resolved);
        let row = incoming(EntityKind::Conflict, id(70), rev, 10 + rev, &conflict);
        register.write(move |tx| feed::apply_rows(tx, &[row]));
        let means = register.read(|conn| mappings::resolve(conn, EntityKind::Product, id(10)));
        assert_eq!(means, id(current));
    }
    let again = register.write(|tx| mappings::apply(tx, EntityKind::Product, id(10), id(90), NOW));
    assert_eq!(again, Mapped::Known, "the first answer, said again, is older than the decision");
    assert_eq!(queued(&register, "mapping.dispute"), [], "nobody is asked twice");
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

/// A register whose two sales another copy has overtaken: both are refused, and the second waits for a third thing.
fn overtaken() -> (Register, [OpId; 2]) {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sales = [confirm(&[(&bread, 1)]), confirm(&[(&bread, 2)])];
    let ids = [sales[0].op_id, sales[1].op_id];
    register.write(move |tx| {
        for sale in &sales {
            sale.insert(tx, OpMode::Fact)?;
            sale.finalise(tx)?;
            let claimed = claim(tx, sale.op_id)?;
            let params = json!({ "epoch": device::get(tx)?.epoch }).as_object().cloned().unwrap_or_default();
            let fault = OpFault { class: ErrorClass::Alarm, code: forks::TAKEN.to_owned(), params };
            let _ = queue::dead_letter(tx, sale.op_id, claimed.generation, &fault, NOW)?;
        }
        Ok(())
    });
    (register, ids)
}

fn tell(register: &Register, rev: u64, choice: Option<ConflictChoice>) -> Followed {
    let device_id = register.read(device::get).device_id;
    let status = if choice.is_some() { ConflictStatus::Resolved } else { ConflictStatus::Open };
    let mut conflict = Conflict {
        kind: ConflictKind::Fork,
        entity: "register".to_owned(),
        entity_id: device_id.0,
        device_id,
        fork: Some(ForkedRegister { epoch: 1, standing: Branch::default(), aside: Branch::default() }),
        serials: Vec::new(),
        unapproved: None,
        sale_id: None,
        ..oversold(status, vec![ConflictEventKind::Opened, ConflictEventKind::Resolved])
    };
    if let Some(event) = conflict.events.last_mut() {
        event.choice = choice;
        event.note = Some("essais".to_owned());
    }
    let row = incoming(EntityKind::Conflict, id(70), rev, 10 + rev, &conflict);
    register.write(move |tx| {
        feed::apply_rows(tx, &[row])?;
        forks::follow(tx, NOW)
    })
}

#[test]
fn a_copy_that_learns_of_the_other_begins_one_new_life_and_waits_for_the_decision() {
    let (register, ids) = overtaken();
    assert_eq!(tell(&register, 1, None), Followed { begun: Some(2), ..Followed::default() });
    assert_eq!(tell(&register, 2, None), Followed::default(), "once");
    let (device, begun) = register.read(|conn| Ok((device::get(conn)?, life::find_begun(conn)?)));
    assert_eq!(
        (device.epoch, device.series.as_str()),
        (2, "R1.2"),
        "no number stands on two papers from here on"
    );
    assert_eq!(begun.unwrap().because, life::Because::Forked);
    let owed = register.read(|conn| chain::list_to_countersign(conn, 9));
    assert_eq!(owed, [], "links that can never follow are not shown again and again");
    for op_id in ids {
        let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
        assert_eq!(row.state, OpState::Dead, "nothing is sent before a person has decided");
    }
    let story = register.read(|conn| audit::list(conn, &audit::AuditFilter::default(), 9));
    assert!(story.iter().any(|(_, entry)| entry.action == "life.begun" && entry.detail["cause"] == "forked"));
}

#[test]
fn what_is_recorded_is_sent_again_and_what_is_left_out_is_over_with_its_goods_back() {
    let shown = |register: &Register| register.read(|conn| stock::shown(conn, id(10).into())).shown;
    let (register, ids) = overtaken();
    assert_eq!(shown(&register), qty(2));
    let followed = tell(&register, 1, Some(ConflictChoice::RecordBranch));
    assert_eq!((followed.begun, followed.sent_again), (Some(2), 2));
    assert_eq!(queued(&register, "sale.complete").len(), 2);
    let next = register.write(|tx| queue::claim_batch(tx, crate::kit::limits(9)));
    assert_eq!(next.iter().map(|c| c.op_id).collect::<Vec<_>>(), ids, "in their order, in the new life");

    let (register, ids) = overtaken();
    let followed = tell(&register, 1, Some(ConflictChoice::LeaveBranch));
    assert_eq!((followed.begun, followed.left_out), (Some(2), 2));
    assert_eq!(shown(&register), qty(5), "the books do not hold these sales");
    let row = register.read(move |conn| queue::find(conn, ids[0])).unwrap();
    assert_eq!(row.state, OpState::Rejected);
    let (_, code, params) = row.fault.unwrap();
    assert_eq!((code.as_str(), params["reason"].as_str()), (queue::LEFT_OUT, Some("essais")));
    assert_eq!(register.read(|conn| sales::list(conn, None, 9)).len(), 2, "their documents stay");
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn a_server_that_was_put_back_is_told_of_earlier_lives_as_far_as_it_lacks_them() {
    let register = Register::new();
    let bread = stocked(&register, 10, 9, 1);
    let made: Vec<_> = (0..4).map(|_| confirm(&[(&bread, 1)])).collect();
    let ids: Vec<OpId> = made.iter().map(|sale| sale.op_id).collect();
    register.write(move |tx| {
        for (sale, seq) in made.iter().zip(20..) {
            if seq == 23 {
                life::begin(tx, 0, NOW)?;
            }
            sale.insert(tx, OpMode::Fact)?;
            sale.finalise(tx)?;
            acknowledge(tx, sale.op_id, seq)?;
        }
        Ok(())
    });
    let first = register.read({
        let op_id = ids[0];
        move |conn| queue::find(conn, op_id)
    });
    let seq = first.unwrap().head.seq;
    let requeued = register.write(move |tx| {
        let above = [seq + 2];
        let seen = [SeenLife { epoch: 1, seq, above: &above }, SeenLife { epoch: 2, seq: 1, above: &[] }];
        queue::requeue_above(tx, 1, &[], NOW)?;
        queue::requeue_earlier(tx, &seen, NOW)
    });
    assert_eq!(requeued, 1, "it lacks one of the first life");
    let again = register.read({
        let op_id = ids[1];
        move |conn| queue::find(conn, op_id)
    });
    let again = again.unwrap();
    assert_eq!(
        (again.state, again.head.epoch, again.head.seq),
        (OpState::Pending, 2, 2),
        "in this life, behind what it gave"
    );
    let next = register.read(device::get).next_seq;
    assert_eq!(next, 3, "the place is taken");
    let all = register.write(|tx| queue::requeue_earlier(tx, &[], NOW));
    assert_eq!(all, 2, "of a life that it does not know it lacks everything");
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}
