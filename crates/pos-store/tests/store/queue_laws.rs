//! The queue under any order of events, against a model: no operation has two holders, none leaves before those it
//! depends on, seqs are dense, nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use pos_store::queue::{self, ClaimLimits, ErrorClass, Fenced, OpFault, OpState};
use pos_store::{OpenMode, Store};
use proptest::prelude::*;

use crate::kit::{NOW, Register, create_body, enqueue, fresh, id, product};

#[derive(Debug, Clone)]
enum Event {
    /// A new operation that depends on earlier ones (by place from the end).
    Enqueue(Vec<usize>),
    Claim(u32),
    ClaimOne(usize),
    /// Answers a claim (by place among all claims ever made, also stale ones).
    Acknowledge(usize),
    Release(usize),
    Kill(usize),
    Retry(usize),
    Expire,
    Crash,
    TimePasses(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop::collection::vec(1_usize..6, 0..3).prop_map(Event::Enqueue),
        4 => (1_u32..5).prop_map(Event::Claim),
        1 => (0_usize..30).prop_map(Event::ClaimOne),
        5 => (0_usize..30).prop_map(Event::Acknowledge),
        3 => (0_usize..30).prop_map(Event::Release),
        1 => (0_usize..30).prop_map(Event::Kill),
        1 => (0_usize..30).prop_map(Event::Retry),
        1 => Just(Event::Expire),
        1 => Just(Event::Crash),
        2 => (0_i64..3_000).prop_map(Event::TimePasses),
    ]
}

/// What the test knows of the queue.
#[derive(Default)]
struct Model {
    order: Vec<OpId>,
    depends_on: BTreeMap<OpId, Vec<OpId>>,
    acknowledged: BTreeSet<OpId>,
    /// The claim that may answer, by operation.
    holder: BTreeMap<OpId, u64>,
    /// Every claim ever made.
    claims: Vec<(OpId, u64)>,
    now: i64,
}

const LEASE_MS: i64 = 2_000;

impl Model {
    fn check_claim(&mut self, claimed: &[queue::Claimed]) {
        let mut before: BTreeSet<OpId> = self.acknowledged.clone();
        for operation in claimed {
            assert!(!self.acknowledged.contains(&operation.op_id), "what the server has never leaves again");
            assert!(!self.holder.contains_key(&operation.op_id), "one holder at a time");
            assert!(
                !self.claims.contains(&(operation.op_id, operation.generation)),
                "a generation is given once"
            );
            for cause in &self.depends_on[&operation.op_id] {
                assert!(
                    before.contains(cause) || self.holder.contains_key(cause),
                    "a dependency is there, on its way, or earlier in the same push"
                );
            }
            before.insert(operation.op_id);
        }
        for operation in claimed {
            self.holder.insert(operation.op_id, operation.generation);
            self.claims.push((operation.op_id, operation.generation));
        }
    }

    fn pick(&self, n: usize) -> Option<(OpId, u64, bool)> {
        let (op_id, generation) = *self.claims.get(n % self.claims.len().max(1))?;
        Some((op_id, generation, self.holder.get(&op_id) == Some(&generation)))
    }

    /// What a stale answer must do: nothing.
    fn expect(&mut self, op_id: OpId, live: bool, fenced: Fenced) {
        assert_eq!(fenced == Fenced::Done, live, "only the last claim may answer");
        if live {
            self.holder.remove(&op_id);
        }
    }
}

fn fault(class: ErrorClass) -> OpFault {
    OpFault { class, code: "test".to_owned(), params: serde_json::Map::new() }
}

fn put_in(register: &Register, model: &mut Model, back: &[usize]) {
    let mut causes: Vec<OpId> =
        back.iter().filter_map(|n| model.order.iter().rev().nth(*n)).copied().collect();
    causes.sort_unstable();
    causes.dedup();
    let op_id = OpId(fresh());
    let depends_on = causes.clone();
    let n = 10_000 + u128::try_from(model.order.len()).unwrap();
    let seq = register.write(move |tx| {
        let body = create_body(EntityKind::Product, id(n), &product(n, "C", "Cola"));
        enqueue(tx, op_id, &body, &depends_on)
    });
    model.order.push(op_id);
    assert_eq!(usize::try_from(seq).unwrap(), model.order.len(), "seqs are dense");
    model.depends_on.insert(op_id, causes);
}

fn step(register: &mut Register, model: &mut Model, event: Event) {
    let now = model.now;
    match event {
        Event::Enqueue(back) => put_in(register, model, &back),
        Event::Claim(ops) => {
            let limits = ClaimLimits {
                ops,
                bytes: 1 << 20,
                envelope_bytes: 0,
                now_ms: now,
                lease_until_ms: now + LEASE_MS,
            };
            let claimed = register.write(move |tx| queue::claim_batch(tx, limits));
            assert!(claimed.len() <= usize::try_from(ops).unwrap());
            model.check_claim(&claimed);
        }
        Event::ClaimOne(n) => {
            let Some(op_id) = model.order.get(n % model.order.len().max(1)).copied() else { return };
            let claimed = register.write(move |tx| queue::claim_one(tx, op_id, now + LEASE_MS));
            model.check_claim(&claimed);
        }
        Event::Acknowledge(n) => {
            let Some((op_id, generation, live)) = model.pick(n) else { return };
            let fenced = register.write(move |tx| queue::acknowledge(tx, op_id, generation, 1, now));
            model.expect(op_id, live, fenced);
            if live {
                model.acknowledged.insert(op_id);
            }
        }
        Event::Release(n) => {
            let Some((op_id, generation, live)) = model.pick(n) else { return };
            let fenced = register.write(move |tx| {
                queue::release(tx, op_id, generation, &fault(ErrorClass::Transient), now + 500, now)
            });
            model.expect(op_id, live, fenced);
        }
        Event::Kill(n) => {
            let Some((op_id, generation, live)) = model.pick(n) else { return };
            let fenced = register.write(move |tx| {
                queue::dead_letter(tx, op_id, generation, &fault(ErrorClass::Permanent), now)
            });
            model.expect(op_id, live, fenced);
            drop_parked_holders(register, model);
        }
        Event::Retry(n) => {
            let Some(op_id) = model.order.get(n % model.order.len().max(1)).copied() else { return };
            // Refused when it has not failed, which is as good.
            let _ = register.try_write(move |tx| queue::retry(tx, op_id, now));
        }
        Event::Expire => {
            register.write(move |tx| queue::expire_leases(tx, now));
            drop_parked_holders(register, model);
        }
        Event::Crash => {
            register.store.close().unwrap();
            register.store = Store::open(&register.path(), OpenMode::ReadWrite).unwrap();
            register.write(move |tx| queue::recover_at_start(tx, now));
            model.holder.clear();
        }
        Event::TimePasses(ms) => model.now += ms,
    }
}

/// Claims that the queue has taken back: expired, or waiting for one that failed meanwhile.
fn drop_parked_holders(register: &Register, model: &mut Model) {
    let held: Vec<OpId> = model.holder.keys().copied().collect();
    for op_id in held {
        let row = register.read(move |conn| queue::find(conn, op_id)).unwrap();
        if row.state != OpState::InFlight {
            model.holder.remove(&op_id);
        }
    }
}

/// Brings everything to rest: what failed is tried again, what is claimed is acknowledged.
fn drain(register: &Register, model: &mut Model) {
    let now = model.now + 60_000;
    register.write(move |tx| queue::recover_at_start(tx, now));
    model.holder.clear();
    for op_id in model.order.clone() {
        let _ = register.try_write(move |tx| queue::retry(tx, op_id, now));
    }
    for round in 0..=model.order.len() {
        let limits = ClaimLimits {
            ops: 7,
            bytes: 1 << 20,
            envelope_bytes: 0,
            now_ms: now,
            lease_until_ms: now + LEASE_MS,
        };
        let claimed = register.write(move |tx| queue::claim_batch(tx, limits));
        if claimed.is_empty() {
            break;
        }
        assert!(round < model.order.len(), "each round acknowledges something");
        model.check_claim(&claimed);
        for operation in claimed {
            let fenced = register
                .write(move |tx| queue::acknowledge(tx, operation.op_id, operation.generation, 1, now));
            assert_eq!(fenced, Fenced::Done);
            model.holder.remove(&operation.op_id);
            model.acknowledged.insert(operation.op_id);
        }
    }
    assert_eq!(model.acknowledged.len(), model.order.len(), "nothing is lost");
    assert_eq!(register.read(queue::counts).unsynced(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_keeps_its_laws_under_any_events(events in prop::collection::vec(event(), 1..60)) {
        let mut register = Register::new();
        let mut model = Model { now: NOW, ..Model::default() };
        for event in events {
            step(&mut register, &mut model, event);
        }
        drain(&register, &mut model);
    }
}
