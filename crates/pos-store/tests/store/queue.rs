//! The queue, law by law.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use pos_store::queue::{self, ClaimLimits, ErrorClass, Fenced, OpFault, OpMode, OpState};
use pos_store::{StoreError, products, stock};
use serde_json::json;

use crate::kit::{
    LEASE, NOW, Register, acknowledge, claim, confirm, create_body, enqueue, fields, fresh, id, incoming,
    limits, product, qty, stocked, update,
};

const DAY: i64 = 24 * 60 * 60 * 1_000;

fn fault(class: ErrorClass) -> OpFault {
    OpFault {
        class,
        code: "test".to_owned(),
        params: json!({ "field": "name" }).as_object().unwrap().clone(),
    }
}

/// Queues the creation of a product; its operation.
fn create(register: &Register, n: u128, depends_on: &[OpId]) -> OpId {
    let op_id = OpId(fresh());
    let depends_on = depends_on.to_vec();
    register.write(move |tx| {
        let product = product(n, &format!("C{n}"), "Cola");
        enqueue(tx, op_id, &create_body(EntityKind::Product, id(n), &product), &depends_on)
    });
    op_id
}

fn state(register: &Register, op_id: OpId) -> OpState {
    register.read(move |conn| queue::find(conn, op_id)).unwrap().state
}

fn claim_ids(register: &Register, limits: ClaimLimits) -> Vec<OpId> {
    register.write(move |tx| queue::claim_batch(tx, limits)).iter().map(|c| c.op_id).collect()
}

#[test]
fn a_claim_goes_by_dependency_then_lane_then_age() {
    let register = Register::new();
    let old_edit = create(&register, 20, &[]);
    let dependant = create(&register, 21, &[old_edit]);
    let bread = product(10, "BREAD", "Bread");
    let sale = confirm(&[(&bread, 1)]);
    let sale_op = sale.op_id;
    register.write(move |tx| sale.insert(tx, OpMode::Fact));
    assert_eq!(
        claim_ids(&register, limits(10)),
        [sale_op, old_edit, dependant],
        "a sale overtakes a backlog; a dependant goes in the same push, after what it depends on"
    );
}

#[test]
fn a_dependant_never_leaves_without_its_dependency() {
    let register = Register::new();
    let first = create(&register, 20, &[]);
    let second = create(&register, 21, &[first]);
    assert_eq!(claim_ids(&register, limits(1)), [first]);
    assert_eq!(claim_ids(&register, limits(10)), [], "the first one is on its way, not there");
    register.write(move |tx| {
        let generation = queue::find(tx, first)?.unwrap().generation;
        assert_eq!(queue::acknowledge(tx, first, generation, 5, NOW)?, Fenced::Done);
        Ok(())
    });
    assert_eq!(claim_ids(&register, limits(10)), [second]);
}

#[test]
fn a_live_checkout_brings_its_dependencies_along() {
    let register = Register::new();
    let create_op = create(&register, 20, &[]);
    let cola = product(20, "C20", "Cola");
    let sale = confirm(&[(&cola, 1)]);
    let sale_op = sale.op_id;
    register.write(move |tx| sale.insert_after(tx, OpMode::Admit, &[create_op]));
    let claimed = register.write(move |tx| queue::claim_one(tx, sale_op, NOW + LEASE));
    let order: Vec<_> = claimed.iter().map(|c| c.op_id).collect();
    assert_eq!(order, [create_op, sale_op]);
    assert_eq!(claimed[1].depends_on, [create_op]);
    let second = register.write(move |tx| queue::claim_one(tx, sale_op, NOW + LEASE));
    assert!(second.is_empty(), "one claim at a time");
}

#[test]
fn the_background_never_asks_for_admission() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let op_id = sale.op_id;
    register.write(move |tx| sale.insert(tx, OpMode::Admit));
    assert_eq!(register.read(|conn| queue::next_due(conn, NOW)), None);
    assert_eq!(claim_ids(&register, limits(10)), [], "the customer is still at the counter");
    register.write(move |tx| queue::latch_to_fact(tx, op_id, NOW));
    assert_eq!(claim_ids(&register, limits(10)), [op_id]);
}

#[test]
fn a_late_refusal_changes_nothing_once_the_sale_is_a_fact() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let op_id = sale.op_id;
    register.write(move |tx| {
        sale.insert(tx, OpMode::Admit)?;
        let asked = claim(tx, op_id)?;
        queue::latch_to_fact(tx, op_id, NOW)?;
        let late = queue::reject(tx, op_id, asked.generation, &fault(ErrorClass::Permanent), NOW)?;
        assert_eq!(late, Fenced::Stale);
        let late = queue::acknowledge(tx, op_id, asked.generation, 3, NOW)?;
        assert_eq!(late, Fenced::Stale, "the fact is pushed all the same, and answered as a duplicate");
        assert!(matches!(queue::latch_to_withdraw(tx, op_id, NOW), Err(StoreError::WrongState { .. })));
        Ok(())
    });
    let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
    assert_eq!((row.state, row.mode), (OpState::Pending, OpMode::Fact));
}

#[test]
fn a_poison_operation_stops_its_dependants_and_nobody_else() {
    let register = Register::new();
    let poison = create(&register, 20, &[]);
    let near = create(&register, 21, &[poison]);
    let far = create(&register, 22, &[near]);
    let other = create(&register, 23, &[]);
    register.write(move |tx| {
        let claimed = claim(tx, poison)?;
        assert_eq!(
            queue::dead_letter(tx, poison, claimed.generation, &fault(ErrorClass::Permanent), NOW)?,
            Fenced::Done
        );
        Ok(())
    });
    assert_eq!(state(&register, poison), OpState::Dead);
    for dependant in [near, far] {
        let row = register.read(move |conn| queue::find(conn, dependant)).unwrap();
        assert_eq!(row.state, OpState::Parked);
        assert_eq!(row.fault.unwrap().1, "dependency_failed", "it says why it waits");
    }
    let later = create(&register, 24, &[far]);
    assert_eq!(state(&register, later), OpState::Parked, "what comes later waits too, and says so");
    assert_eq!(claim_ids(&register, limits(10)), [other]);
    let revived = register.write(move |tx| queue::retry(tx, poison, NOW));
    assert_eq!(revived, 4, "a second try takes all of them up again");
    assert_eq!(claim_ids(&register, limits(10)), [poison, near, far, later]);
}

#[test]
fn trouble_that_passes_is_tried_for_ever() {
    let register = Register::new();
    let op_id = create(&register, 20, &[]);
    for attempt in 1..=200_u32 {
        register.write(move |tx| {
            let claimed = claim(tx, op_id)?;
            let far = NOW + 30 * DAY;
            assert_eq!(
                queue::release(tx, op_id, claimed.generation, &fault(ErrorClass::Transient), far, NOW)?,
                Fenced::Done
            );
            Ok(())
        });
        let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
        assert_eq!((row.state, row.attempts), (OpState::Pending, attempt));
        assert_eq!(row.next_due_at_ms, NOW + queue::MAX_WAIT_MS, "nothing is put off for longer");
    }
}

#[test]
fn a_clock_that_ran_wrong_delays_nothing() {
    let register = Register::new();
    let op_id = create(&register, 20, &[]);
    let future = NOW + 400 * DAY;
    register.write(move |tx| {
        let claimed = queue::claim_one(tx, op_id, future + LEASE)?.remove(0);
        let back =
            queue::release(tx, op_id, claimed.generation, &fault(ErrorClass::Transient), future, future)?;
        assert_eq!(back, Fenced::Done);
        Ok(())
    });
    assert_eq!(
        register.read(|conn| queue::next_due(conn, NOW)),
        Some(NOW),
        "the due time is of another year"
    );
    assert_eq!(claim_ids(&register, ClaimLimits { lease_until_ms: future, ..limits(10) }), [op_id]);
    assert_eq!(register.write(|tx| queue::expire_leases(tx, NOW)), 1, "so is the lease");
}

#[test]
fn next_due_is_the_earliest_time_that_something_can_leave() {
    let register = Register::new();
    assert_eq!(register.read(|conn| queue::next_due(conn, NOW)), None);
    let op_id = create(&register, 20, &[]);
    assert_eq!(register.read(|conn| queue::next_due(conn, NOW)), Some(NOW));
    register.write(move |tx| {
        let claimed = claim(tx, op_id)?;
        let back =
            queue::release(tx, op_id, claimed.generation, &fault(ErrorClass::Transient), NOW + 700, NOW)?;
        assert_eq!(back, Fenced::Done);
        Ok(())
    });
    assert_eq!(register.read(|conn| queue::next_due(conn, NOW)), Some(NOW + 700));
}

#[test]
fn a_claim_is_bounded_by_bytes_but_always_moves() {
    let register = Register::new();
    let first = create(&register, 20, &[]);
    create(&register, 21, &[]);
    let tiny = ClaimLimits { bytes: 1, ..limits(10) };
    assert_eq!(claim_ids(&register, tiny), [first], "a body larger than the limit still leaves, alone");
}

#[test]
fn unsent_edits_of_one_row_become_one_operation() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let (first, sent) = (OpId(fresh()), OpId(fresh()));
    register.write(move |tx| {
        let edit = |base, changes| update(EntityKind::Product, id(10), 1, base, changes);
        let one =
            pos_domain::OperationBody::EntityUpdate(edit(json!({"price": 1180}), json!({"price": 1200})));
        enqueue(tx, first, &one, &[])?;
        let two = edit(json!({"price": 1200, "name": "Bread"}), json!({"price": 1300, "name": "Pain"}));
        assert_eq!(queue::coalesce(tx, &two)?, Some(first));
        let drawn = claim(tx, first)?;
        let body = pos_domain::OperationBody::decode(&drawn.kind, drawn.kind_version, &drawn.body)?;
        let pos_domain::OperationBody::EntityUpdate(body) = body else { panic!("an edit stays one") };
        assert_eq!(
            json!(body.base),
            json!({"price": 1180, "name": "Bread"}),
            "as it was before the first edit"
        );
        assert_eq!(json!(body.changes), json!({"price": 1300, "name": "Pain"}));
        assert_eq!(drawn.body_hash, pos_domain::Hash32::of(drawn.body.as_bytes()));
        assert_eq!(queue::coalesce(tx, &two)?, None, "it is on its way");
        queue::recover_at_start(tx, NOW)?;
        assert_eq!(queue::coalesce(tx, &two)?, None, "it may have left before the crash");
        enqueue(tx, sent, &pos_domain::OperationBody::EntityUpdate(two.clone()), &[])?;
        let other_base = pos_domain::body::EntityUpdate { base_rev: 2, ..two.clone() };
        assert_eq!(queue::coalesce(tx, &other_base)?, None, "it was made on another revision");
        create_dependant(tx, sent)?;
        assert_eq!(queue::coalesce(tx, &two)?, None, "another operation relies on it as it is");
        Ok(())
    });
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn an_answer_to_an_earlier_claim_changes_nothing() {
    let register = Register::new();
    let op_id = create(&register, 20, &[]);
    register.write(move |tx| {
        let earlier = claim(tx, op_id)?.generation;
        queue::expire_leases(tx, NOW + 24 * 3_600_000)?;
        let later = claim(tx, op_id)?.generation;
        assert_eq!(queue::acknowledge(tx, op_id, earlier, 5, NOW)?, Fenced::Stale, "somebody else asks now");
        let fault = fault(ErrorClass::Permanent);
        assert_eq!(queue::dead_letter(tx, op_id, earlier, &fault, NOW)?, Fenced::Stale);
        assert_eq!(queue::acknowledge(tx, op_id, later, 5, NOW)?, Fenced::Done);
        Ok(())
    });
    assert_eq!(state(&register, op_id), OpState::Acknowledged);
}

#[test]
fn an_acknowledgement_covers_no_later_edit_of_its_row() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let (first, later) = (OpId(fresh()), OpId(fresh()));
    register.write(move |tx| {
        let edit = |from, to| {
            let edit =
                update(EntityKind::Product, id(10), 1, json!({ "price": from }), json!({ "price": to }));
            pos_domain::OperationBody::EntityUpdate(edit)
        };
        enqueue(tx, first, &edit(1180, 1200), &[])?;
        let generation = claim(tx, first)?.generation;
        enqueue(tx, later, &edit(1200, 1300), &[first])?;
        assert_eq!(queue::acknowledge(tx, first, generation, 5, NOW)?, Fenced::Done);
        Ok(())
    });
    assert_eq!(claim_ids(&register, limits(10)), [later], "it was made while the first one was under way");
}

fn create_dependant(tx: &pos_store::Tx<'_>, cause: OpId) -> Result<(), StoreError> {
    let body = create_body(EntityKind::Product, id(77), &product(77, "D", "Dependant"));
    enqueue(tx, OpId(fresh()), &body, &[cause]).map(|_| ())
}

#[test]
fn an_operation_cannot_be_changed_or_deleted() {
    let register = Register::new();
    create(&register, 20, &[]);
    let folder = register.close();
    let conn = rusqlite::Connection::open(folder.path().join(pos_store::FILE_NAME)).unwrap();
    for sql in [
        "DELETE FROM sync_queue",
        "UPDATE sync_queue SET body = '{}'",
        "UPDATE sync_queue SET kind = 'sale.complete'",
        "UPDATE sync_queue SET op_id = zeroblob(16)",
        "UPDATE sync_queue SET state = 'acknowledged'",
        "UPDATE sync_queue SET state = 'in_flight'",
    ] {
        assert!(conn.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn a_server_that_never_makes_a_backup_does_not_fill_the_disks_of_its_registers() {
    let register = Register::new();
    let edit = create(&register, 20, &[]);
    register.write(move |tx| acknowledge(tx, edit, 9));
    let trim = |now| register.write(move |tx| queue::trim(tx, 0, now, 100));
    assert_eq!(
        trim(NOW + 91 * DAY),
        0,
        "a shop that was shut for a season can tell a server that was put back what it has forgotten"
    );
    // As many as a busy register makes in a few weeks.
    register.write(|tx| Ok(tx.execute("UPDATE device SET next_seq = next_seq + 20000", [])?));
    assert_eq!(trim(NOW + 89 * DAY), 0);
    assert_eq!(trim(NOW + 91 * DAY), 1, "three months are enough to notice that nothing is saved");
}

#[test]
fn bodies_are_dropped_a_week_after_the_backup_has_them_and_not_before() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let sale_op = sale.op_id;
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        acknowledge(tx, sale.op_id, 8)
    });
    let edit = create(&register, 20, &[]);
    register.write(move |tx| acknowledge(tx, edit, 9));
    let trim = |backup, now| register.write(move |tx| queue::trim(tx, backup, now, 100));
    assert_eq!(trim(2, NOW + 6 * DAY), 0, "less than a week");
    assert_eq!(trim(0, NOW + 8 * DAY), 0, "the server's backup does not hold them");
    assert_eq!(trim(0, NOW + 89 * DAY), 0, "it may not have made one yet");
    assert_eq!(trim(2, NOW + 8 * DAY), 1, "the edit's; a sale's is its document, which stays for ever");
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
    let again = register.write(|tx| queue::requeue_above(tx, 0, &[], NOW));
    assert_eq!(again, 1, "the sale goes again; the edit's body is gone");
    let claimed = register.write(move |tx| claim(tx, sale_op));
    assert_eq!(claimed.body_hash, pos_domain::Hash32::of(claimed.body.as_bytes()));
}

#[test]
fn a_restored_server_is_told_again_and_the_stock_shown_stays() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let sale = confirm(&[(&bread, 2)]);
    let (op_id, product_id) = (sale.op_id, bread.product_id);
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)?;
        acknowledge(tx, op_id, 8)?;
        pos_store::feed::apply_rows(tx, &[crate::kit::stock_row(id(10), 3, 2, 8)])
    });
    let before = register.read(move |conn| stock::shown(conn, product_id));
    assert_eq!((before.server, before.pending, before.shown), (qty(3), qty(0), qty(3)));
    assert_eq!(register.write(|tx| queue::requeue_above(tx, 1, &[], NOW)), 0, "the server still has it");
    assert_eq!(
        register.write(|tx| queue::requeue_above(tx, 0, &[1], NOW)),
        0,
        "it has it above its watermark"
    );
    assert_eq!(register.write(|tx| queue::requeue_above(tx, 0, &[], NOW)), 1);
    let after = register.read(move |conn| stock::shown(conn, product_id));
    assert_eq!((after.server, after.pending, after.shown), (qty(5), qty(-2), qty(3)));
    assert_eq!(claim_ids(&register, limits(9)), [op_id]);
}

#[test]
fn after_a_server_was_put_back_what_it_still_holds_is_in_every_balance_that_it_sends() {
    let register = Register::new();
    let bread = stocked(&register, 10, 5, 1);
    let (read, unread) = (confirm(&[(&bread, 2)]), confirm(&[(&bread, 1)]));
    let (read_op, unread_op, product_id) = (read.op_id, unread.op_id, bread.product_id);
    register.write(move |tx| {
        for sale in [&read, &unread] {
            sale.insert(tx, OpMode::Fact)?;
            sale.finalise(tx)?;
        }
        acknowledge(tx, read_op, 80)?;
        pos_store::feed::apply_rows(tx, &[crate::kit::stock_row(id(10), 3, 2, 80)])?;
        acknowledge(tx, unread_op, 90)
    });
    let shown = |register: &Register| register.read(move |conn| stock::shown(conn, product_id));
    assert_eq!((shown(&register).pending, shown(&register).shown), (qty(-1), qty(2)));

    // It was put back to a copy that holds both sales, at other places of a feed that is shorter now.
    register.write(queue::forget_places);
    assert_eq!((shown(&register).pending, shown(&register).shown), (qty(0), qty(2)));
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
    register.write(|tx| pos_store::feed::apply_rows(tx, &[crate::kit::stock_row(id(10), 2, 3, 60)]));
    assert_eq!((shown(&register).pending, shown(&register).shown), (qty(0), qty(2)));
    assert_eq!(register.store.verify(pos_store::verify::Depth::Full).unwrap(), []);
}

#[test]
fn what_another_file_of_this_register_may_have_sent_is_not_edited_any_more() {
    let register = Register::new();
    stocked(&register, 10, 5, 1);
    let op_id = OpId(fresh());
    let edit = |from: i64, to: i64| {
        update(EntityKind::Product, id(10), 1, json!({ "price": from }), json!({ "price": to }))
    };
    let one = pos_domain::OperationBody::EntityUpdate(edit(1180, 1200));
    register.write(move |tx| enqueue(tx, op_id, &one, &[]));
    // An older copy of the file took the place of the one that had sent it.
    register.write(|tx| pos_store::life::begin(tx, 0, NOW));
    let drawn = register.write(move |tx| queue::coalesce(tx, &edit(1200, 1300)));
    assert_eq!(drawn, None, "the server may have it as it is: another body would be an alarm");
}

#[test]
fn a_server_that_forgot_an_earlier_life_of_this_register_is_found_out_although_it_knows_this_one() {
    let register = Register::new();
    let edit = create(&register, 20, &[]);
    register.write(move |tx| acknowledge(tx, edit, 9));
    register.write(|tx| pos_store::life::begin(tx, 0, NOW));
    let knows = |epoch, seq| {
        register.read(move |conn| {
            let seen = [queue::SeenLife { epoch, seq, above: &[] }];
            queue::is_earlier_forgotten(conn, &seen, NOW + DAY)
        })
    };
    assert!(!knows(1, 1), "it knows all of that life");
    assert!(knows(2, 7), "it knows nothing of the first life");
    assert!(knows(1, 0), "it has met that life and forgotten what was sent in it");
}

#[test]
fn a_refused_edit_gives_the_row_back_as_the_server_has_it() {
    let register = Register::new();
    let mut bread = stocked(&register, 10, 5, 1);
    let op_id = OpId(fresh());
    bread.name = "Pain".to_owned();
    register.write(move |tx| {
        products::put(tx, &bread)?;
        let edit =
            update(EntityKind::Product, id(10), 1, json!({"name": "Product 10"}), json!({"name": "Pain"}));
        enqueue(tx, op_id, &pos_domain::OperationBody::EntityUpdate(edit), &[]).map(|_| ())
    });
    let name = |register: &Register| crate::kit::shown_product(register, 10).unwrap().row.name;
    assert_eq!(name(&register), "Pain");
    register.write(move |tx| {
        let claimed = claim(tx, op_id)?;
        let fenced = queue::dead_letter(tx, op_id, claimed.generation, &fault(ErrorClass::Permanent), NOW)?;
        assert_eq!(fenced, Fenced::Done);
        Ok(())
    });
    assert_eq!(name(&register), "Product 10", "what the server refused is not shown as if it stood");
    register.write(move |tx| queue::retry(tx, op_id, NOW));
    assert_eq!(name(&register), "Pain");
    register.write(move |tx| {
        acknowledge(tx, op_id, 12)?;
        let mut server = fields(&product(10, "P10", "Pain"));
        server.insert("price".to_owned(), json!(1250));
        pos_store::feed::apply_rows(tx, &[incoming(EntityKind::Product, id(10), 2, 12, &server)])
    });
    let after = crate::kit::shown_product(&register, 10).unwrap();
    assert_eq!((after.row.name.as_str(), after.row.price.minor(), after.rev), ("Pain", 1250, 2));
}

#[test]
fn counts_tell_what_the_server_does_not_have() {
    let register = Register::new();
    let first = create(&register, 20, &[]);
    create(&register, 21, &[]);
    register.write(move |tx| claim(tx, first));
    let counts = register.read(queue::counts);
    assert_eq!((counts.pending, counts.in_flight, counts.unsynced()), (1, 1, 2));
    assert_eq!(counts.oldest_made_at_ms, Some(NOW));
    let kinds = register.read(queue::count_by_kind);
    assert_eq!((kinds[0].kind.as_str(), kinds[0].operations), ("entity.create", 2));
    let page = register.read(|conn| queue::list(conn, OpState::Pending, None, 10));
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].entity, Some(("product".to_owned(), id(21))));
    let rest = register.read(move |conn| queue::list(conn, OpState::Pending, Some(page[0].head.op_id), 10));
    assert!(rest.is_empty());
}

#[test]
fn what_waits_for_an_update_is_tried_after_it() {
    let register = Register::new();
    let op_id = create(&register, 20, &[]);
    register.write(move |tx| {
        let claimed = claim(tx, op_id)?;
        assert_eq!(queue::park(tx, op_id, claimed.generation, &fault(ErrorClass::Upgrade))?, Fenced::Done);
        Ok(())
    });
    assert_eq!(claim_ids(&register, limits(9)), []);
    assert_eq!(register.write(|tx| queue::retry_parked(tx, NOW)), 1);
    assert_eq!(claim_ids(&register, limits(9)), [op_id]);
}
