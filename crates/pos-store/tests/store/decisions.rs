//! What a person decides about refused operations, and circles of operations that wait for each other.

use pos_domain::body::{EntityCreate, EntityKind, OpeningStock};
use pos_domain::{OpId, OperationBody};
use pos_store::queue::{
    self, Circle, ClaimLimits, Decision, ErrorClass, Hold, Lane, NewOperation, OpFault, OpMode, OpState,
};
use pos_store::verify::Depth;
use pos_store::{StoreError, Tx, audit, products, stock};
use serde_json::json;

use crate::kit::{
    NOW, Register, acknowledge, claim, confirm, create_body, enqueue, fields, fresh, id, limits, product,
    qty, shown_product, stocked, update,
};

const WHY: Decision<'static> = Decision { reason: "typed twice", at_ms: NOW + 5 };

fn refuse(tx: &Tx<'_>, op_id: OpId, class: ErrorClass) -> Result<(), StoreError> {
    let claimed = claim(tx, op_id)?;
    let params = json!({ "field": "fields.price", "detail": "negative" }).as_object().unwrap().clone();
    let fault = OpFault { class, code: "rejected.validation".to_owned(), params };
    let fenced = queue::dead_letter(tx, op_id, claimed.generation, &fault, NOW)?;
    assert_eq!(fenced, queue::Fenced::Done);
    Ok(())
}

/// Queues a product with a first count; its operation.
fn create(register: &Register, n: u128, depends_on: &[OpId]) -> OpId {
    let op_id = OpId(fresh());
    let depends_on = depends_on.to_vec();
    register.write(move |tx| {
        let row = product(n, &format!("C{n}"), "Cola");
        products::put(tx, &row)?;
        let body = OperationBody::EntityCreate(EntityCreate {
            entity: EntityKind::Product,
            id: id(n),
            fields: fields(&row),
            opening_stock: Some(OpeningStock { movement_id: fresh().into(), qty: qty(3) }),
            hlc: Default::default(),
        });
        enqueue(tx, op_id, &body, &depends_on)
    });
    op_id
}

fn row(register: &Register, op_id: OpId) -> queue::QueueRow {
    register.read(move |conn| queue::find(conn, op_id)).unwrap()
}

fn sound(register: &Register) {
    assert_eq!(register.store.verify(Depth::Full).unwrap(), [], "the file agrees with itself");
}

#[test]
fn what_is_given_up_is_taken_back_and_stays_with_its_reason() {
    let register = Register::new();
    let op_id = create(&register, 20, &[]);
    let near = create(&register, 21, &[op_id]);
    let far = create(&register, 22, &[near]);
    register.write(move |tx| refuse(tx, op_id, ErrorClass::Permanent));
    assert_eq!(row(&register, far).state, OpState::Parked);
    assert_eq!(register.write(move |tx| queue::discard(tx, op_id, WHY)), 2, "those that waited go on");

    let given_up = row(&register, op_id);
    assert_eq!(given_up.state, OpState::Rejected);
    let (_, code, params) = given_up.fault.unwrap();
    assert_eq!(code, queue::DISCARDED);
    assert_eq!(
        (&params["reason"], &params["was"]["code"]),
        (&json!("typed twice"), &json!("rejected.validation"))
    );
    assert!(register.read(move |conn| queue::find_body(conn, op_id)).is_some(), "nothing is erased");
    assert_eq!(shown_product(&register, 20), None, "the row that it had made is gone");
    let shown = register.read(|conn| stock::shown(conn, id(20).into()));
    assert_eq!(shown.shown, qty(0), "and so is its first count");
    let claimed = register.write(|tx| queue::claim_batch(tx, ClaimLimits { now_ms: NOW + 5, ..limits(10) }));
    let claimed: Vec<_> = claimed.into_iter().map(|c| (c.op_id, c.depends_on)).collect();
    assert_eq!(claimed, [(near, vec![]), (far, vec![near])], "the server is not told of what it never gets");
    sound(&register);
}

#[test]
fn a_refused_edit_that_is_given_up_leaves_the_row_as_the_server_has_it() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let op_id = OpId(fresh());
    let before = shown_product(&register, 10).unwrap();
    let renamed = pos_domain::Product { name: "Typo".to_owned(), ..before.row.clone() };
    register.write(move |tx| {
        products::put(tx, &renamed)?;
        let edit = update(EntityKind::Product, id(10), 1, json!({"name": "Bread"}), json!({"name": "Typo"}));
        enqueue(tx, op_id, &OperationBody::EntityUpdate(edit), &[])?;
        refuse(tx, op_id, ErrorClass::Permanent)?;
        queue::discard(tx, op_id, WHY)
    });
    assert_eq!(shown_product(&register, 10).unwrap().row, before.row);
    sound(&register);
}

#[test]
fn a_corrected_operation_takes_the_place_of_the_refused_one() {
    let register = Register::new();
    let old = create(&register, 20, &[]);
    let sale = confirm(&[(&product(20, "C20", "Cola"), 1)]);
    let sale_op = sale.op_id;
    register.write(move |tx| {
        sale.insert_after(tx, OpMode::Fact, &[old])?;
        sale.finalise(tx)?;
        refuse(tx, old, ErrorClass::Permanent)
    });
    let held = register.read(move |conn| queue::find_hold(conn, &queue::find(conn, old)?.unwrap()));
    assert_eq!(held, Some(Hold::Awaited), "a sale needs the row: giving the creation up would strand it");
    let refused = register.try_write(move |tx| queue::discard(tx, old, WHY));
    assert!(matches!(refused, Err(StoreError::WrongState { state: "awaited", .. })), "{refused:?}");

    let new = OpId(fresh());
    let waiting = register.write(move |tx| {
        let row = product(20, "C20", "Cola light");
        let body = OperationBody::EntityCreate(EntityCreate {
            entity: EntityKind::Product,
            id: id(20),
            fields: fields(&row),
            opening_stock: Some(OpeningStock { movement_id: fresh().into(), qty: qty(3) }),
            hlc: Default::default(),
        });
        let operation = NewOperation {
            op_id: new,
            body: &body,
            mode: OpMode::Fact,
            lane: Lane::Edit,
            depends_on: &[],
            made_at_ms: NOW + 5,
        };
        queue::replace(tx, old, &operation, WHY)
    });
    assert_eq!(waiting, 1, "the sale waits for the new one now, and says nothing of a failure");
    assert_eq!(row(&register, old).state, OpState::Rejected, "the old one is kept");
    assert_eq!(row(&register, old).fault.unwrap().2["successor"], json!(new));
    assert_eq!(row(&register, sale_op).state, OpState::Pending);
    let shown = register.read(|conn| stock::shown(conn, id(20).into()));
    assert_eq!(shown.shown, qty(2), "three counted once, one sold");
    let claimed = register.write(|tx| queue::claim_batch(tx, ClaimLimits { now_ms: NOW + 5, ..limits(10) }));
    assert_eq!(claimed.iter().map(|c| c.op_id).collect::<Vec<_>>(), [new, sale_op]);
    assert_eq!(claimed[1].depends_on, [new]);
    sound(&register);
}

#[test]
fn a_sale_and_what_the_server_may_hold_are_never_given_up() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let sale_op = sale.op_id;
    let alarmed = create(&register, 20, &[]);
    let waits = create(&register, 21, &[]);
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        refuse(tx, sale_op, ErrorClass::Permanent)?;
        refuse(tx, alarmed, ErrorClass::Alarm)
    });
    for (op_id, hold) in [(sale_op, Hold::Document), (alarmed, Hold::Alarm), (waits, Hold::NotDead)] {
        let refused = register.try_write(move |tx| queue::discard(tx, op_id, WHY));
        assert!(
            matches!(&refused, Err(StoreError::WrongState { state, .. }) if *state == hold.as_str()),
            "{hold:?}: {refused:?}"
        );
        let body = create_body(EntityKind::Product, id(99), &product(99, "X", "X"));
        let refused = register.try_write(move |tx| {
            let (mode, lane) = (OpMode::Fact, Lane::Edit);
            let new = NewOperation {
                op_id: OpId(fresh()),
                body: &body,
                mode,
                lane,
                depends_on: &[],
                made_at_ms: NOW,
            };
            queue::replace(tx, op_id, &new, WHY)
        });
        assert!(refused.is_err(), "{hold:?}: a sale is never edited either");
    }
    assert_eq!(row(&register, sale_op).state, OpState::Dead, "it waits for a person, with its reason");
    assert_eq!(register.write(move |tx| queue::retry(tx, sale_op, NOW)), 1, "who can try it again");
    sound(&register);
}

#[test]
fn one_that_waits_for_two_failures_goes_on_after_the_second_is_dealt_with() {
    let register = Register::new();
    let first = create(&register, 20, &[]);
    let second = create(&register, 21, &[]);
    let both = create(&register, 22, &[first, second]);
    let after = create(&register, 23, &[both]);
    register.write(move |tx| {
        refuse(tx, first, ErrorClass::Permanent)?;
        refuse(tx, second, ErrorClass::Permanent)
    });
    assert_eq!(register.write(move |tx| queue::retry(tx, first, NOW)), 1);
    assert_eq!(row(&register, both).state, OpState::Parked, "the other failure still stands");
    assert_eq!(row(&register, after).state, OpState::Parked);
    assert_eq!(register.write(move |tx| queue::discard(tx, second, WHY)), 2);
    let waiting = register.read(move |conn| queue::count_waiting_for(conn, first));
    assert_eq!(waiting, 2, "near and far");
    let claimed = register.write(|tx| queue::claim_batch(tx, ClaimLimits { now_ms: NOW + 5, ..limits(10) }));
    assert_eq!(claimed.iter().map(|c| c.op_id).collect::<Vec<_>>(), [first, both, after]);
}

#[test]
fn an_operation_cannot_depend_on_itself_or_on_one_that_was_never_queued() {
    let register = Register::new();
    let op_id = OpId(fresh());
    for cause in [op_id, OpId(fresh())] {
        let body = create_body(EntityKind::Product, id(20), &product(20, "A", "A"));
        let refused = register.try_write(move |tx| enqueue(tx, op_id, &body, &[cause]));
        assert!(matches!(refused, Err(StoreError::Missing { .. })), "{refused:?}");
    }
}

#[test]
fn operations_that_wait_for_each_other_are_found_and_set_free_at_the_start() {
    let register = Register::new();
    let one = create(&register, 20, &[]);
    let two = create(&register, 21, &[one]);
    let three = create(&register, 22, &[two]);
    let beside = create(&register, 23, &[three]);
    register.write(move |tx| {
        tx.execute(
            "INSERT INTO sync_dependency (op_id, depends_on) VALUES (?1, ?2)",
            (one.as_bytes(), three.as_bytes()),
        )?;
        tx.execute("UPDATE sync_queue SET waits_for = 1 WHERE op_id = ?1", (one.as_bytes(),))?;
        Ok(())
    });
    assert_eq!(
        register.write(|tx| queue::claim_batch(tx, limits(10))).len(),
        0,
        "a file that was damaged like this sends nothing, without a word"
    );
    let found = register.read(queue::find_circles);
    assert_eq!(found, [Circle { op_id: one, depends_on: three }]);
    let finding = register.store.verify(Depth::Full).unwrap();
    assert!(finding.iter().any(|f| f.code == "operation.circle"), "{finding:?}");

    register.write(|tx| queue::recover_at_start(tx, NOW));
    let claimed = register.write(|tx| queue::claim_batch(tx, limits(10)));
    assert_eq!(claimed.iter().map(|c| c.op_id).collect::<Vec<_>>(), [one, two, three, beside]);
    let told = register.read(move |conn| audit::list_of(conn, one.0));
    assert_eq!(told[0].1.action, "sync.circle_opened", "and it is on the record");
    sound(&register);
}

#[test]
fn edits_apart_from_bodies_that_left_are_the_only_ones_ever_drawn_together() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let sale_op = sale.op_id;
    let made = create(&register, 20, &[]);
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        let edit = update(EntityKind::Product, id(20), 0, json!({"name": "Cola"}), json!({"name": "Fanta"}));
        assert_eq!(queue::coalesce(tx, &edit)?, None, "a creation moves stock: it stays as it is");
        Ok(())
    });
    for op_id in [sale_op, made] {
        let changed = register.try_write(move |tx| {
            Ok(tx.execute("UPDATE sync_queue SET body = '{}' WHERE op_id = ?1", (op_id.as_bytes(),))?)
        });
        assert!(changed.is_err(), "the file itself refuses to change a sale or a stock movement");
    }
    register.write(move |tx| acknowledge(tx, made, 4));
}
