//! The health of the exchange: measures from the tables, alerts from measures, samples over time.

use pos_store::exchange::{self, Run, RunOutcome};
use pos_store::health::{self, Alert, Direction, KEEP_SAMPLES_MS, SAMPLE_EVERY_MS, Thresholds};
use pos_store::queue::{self, ErrorClass, OpFault};
use serde_json::json;

use crate::kit::{LEASE, NOW, Register, claim, create_body, enqueue, fresh, id, product};

const HOUR: i64 = 60 * 60 * 1_000;

fn run(at_ms: i64, outcome: RunOutcome, error: Option<&str>) -> Run {
    Run {
        cause: "push".to_owned(),
        began_at_ms: at_ms,
        ended_at_ms: at_ms,
        outcome,
        error_code: error.map(str::to_owned),
        pushed: 1,
        pulled: 0,
        refused: 0,
        conflicts: 0,
        duplicates: 2,
        calls: 1,
        retries: 0,
        bytes_up: 1,
        bytes_down: 1,
    }
}

/// Keeps a sample when one is due; whether it was.
fn sample(register: &Register, at_ms: i64) -> bool {
    register.write(move |tx| {
        let due = health::measure(tx, true, at_ms)?;
        due.as_ref().map(|sample| health::keep(tx, sample)).transpose()?;
        Ok(due.is_some())
    })
}

fn alerts(register: &Register, online: bool, now_ms: i64) -> Vec<Alert> {
    register
        .read(move |conn| Ok(health::get(conn, now_ms)?.alerts(&health::thresholds(conn)?, online, now_ms)))
}

/// Queues `n` operations and claims them.
fn claimed(register: &Register, n: u128) {
    register.write(move |tx| {
        for i in 0..n {
            let op_id = fresh().into();
            enqueue(
                tx,
                op_id,
                &create_body(pos_domain::body::EntityKind::Product, id(50 + i), &product(50 + i, "C", "C")),
                &[],
            )?;
            claim(tx, op_id)?;
        }
        Ok(())
    });
}

#[test]
fn a_quiet_register_rings_no_alert() {
    let register = Register::new();
    assert_eq!(alerts(&register, true, NOW), []);
    assert_eq!(alerts(&register, false, NOW + 900 * HOUR), [], "offline for weeks is no fault of anybody");
}

#[test]
fn each_measure_rings_beyond_its_threshold_and_not_at_it() {
    let register = Register::new();
    register.write(|tx| {
        for n in 0..8 {
            exchange::record_run(tx, &run(NOW, RunOutcome::Done, None))?;
            if n < 2 {
                exchange::record_run(tx, &run(NOW, RunOutcome::Failed, Some("sync.no_answer")))?;
            }
        }
        exchange::record_run(tx, &run(NOW, RunOutcome::Cancelled, Some("sync.cancelled")))
    });
    assert_eq!(
        alerts(&register, true, NOW),
        [],
        "two of ten are twenty percent; what a person stopped counts not"
    );
    register.write(|tx| exchange::record_run(tx, &run(NOW, RunOutcome::Failed, Some("sync.unreachable"))));
    assert_eq!(alerts(&register, true, NOW), [Alert::ErrorRate]);

    let register = Register::new();
    claimed(&register, 5);
    assert_eq!(alerts(&register, true, NOW + LEASE), [], "five");
    claimed(&register, 1);
    assert_eq!(alerts(&register, true, NOW + LEASE - 1), [], "not before their time has passed");
    assert_eq!(alerts(&register, true, NOW + LEASE), [Alert::Stuck]);

    let register = Register::new();
    register.write(|tx| exchange::record_pull_ok(tx, NOW));
    assert_eq!(alerts(&register, true, NOW + HOUR / 2), [], "half an hour");
    assert_eq!(alerts(&register, true, NOW + HOUR / 2 + 1), [Alert::Silence]);
    assert_eq!(alerts(&register, false, NOW + HOUR / 2 + 1), [], "silence is normal while offline");

    let register = Register::new();
    register.write(|tx| exchange::record_hello(tx, -120_000, 0));
    assert_eq!(alerts(&register, true, NOW), [], "two minutes");
    register.write(|tx| exchange::record_hello(tx, -120_001, 0));
    assert_eq!(alerts(&register, true, NOW), [Alert::Clock], "in either direction");
}

#[test]
fn one_refused_operation_rings_until_somebody_raises_the_threshold() {
    let register = Register::new();
    claimed(&register, 1);
    register.write(|tx| {
        let row = queue::list(tx, queue::OpState::InFlight, None, 1)?.remove(0);
        let fault =
            OpFault { class: ErrorClass::Permanent, code: "x".to_owned(), params: Default::default() };
        assert_eq!(queue::dead_letter(tx, row.head.op_id, row.generation, &fault, NOW)?, queue::Fenced::Done);
        Ok(())
    });
    assert_eq!(alerts(&register, true, NOW), [Alert::Dead]);
    register.write(|tx| health::set_thresholds(tx, &Thresholds { dead: 1, ..Thresholds::default() }));
    assert_eq!(alerts(&register, true, NOW), []);
}

#[test]
fn lost_replies_and_timeouts_of_a_day_are_counted() {
    let register = Register::new();
    register.write(|tx| {
        exchange::record_run(tx, &run(NOW - 25 * HOUR, RunOutcome::Failed, Some("sync.no_answer")))?;
        exchange::record_run(tx, &run(NOW - HOUR, RunOutcome::Failed, Some("sync.no_answer")))?;
        exchange::record_run(tx, &run(NOW - HOUR, RunOutcome::Failed, Some("sync.unreachable")))
    });
    let health = register.read(|conn| health::get(conn, NOW));
    assert_eq!((health.duplicates_24h, health.timeouts_24h), (4, 1), "yesterday's are yesterday's");
}

#[test]
fn each_table_remembers_its_last_success_in_each_direction() {
    let register = Register::new();
    register.write(|tx| {
        health::record_success(tx, Direction::Push, ["sale", "product"], NOW)?;
        health::record_success(tx, Direction::Pull, ["product"], NOW + 1)?;
        health::record_success(tx, Direction::Push, ["sale"], NOW + 2)
    });
    let told: Vec<_> =
        register.read(health::list_successes).into_iter().map(|s| (s.entity, s.direction, s.at_ms)).collect();
    let row = |entity: &str, direction: &str, at_ms| (entity.to_owned(), direction.to_owned(), at_ms);
    assert_eq!(
        told,
        [row("product", "pull", NOW + 1), row("product", "push", NOW), row("sale", "push", NOW + 2)]
    );
}

#[test]
fn samples_are_taken_once_a_minute_and_kept_for_a_week() {
    let register = Register::new();
    claimed(&register, 2);
    let sample = |at_ms: i64| sample(&register, at_ms);
    assert!(sample(NOW));
    assert!(!sample(NOW + SAMPLE_EVERY_MS - 1), "not twice in a minute");
    assert!(sample(NOW + SAMPLE_EVERY_MS));
    let first = register.read(|conn| health::list_samples(conn, NOW, 10)).remove(0);
    assert_eq!((first.in_flight, first.pending, first.online, first.oldest_age_ms), (2, 0, true, Some(0)));
    assert!(sample(NOW + KEEP_SAMPLES_MS + 1));
    let kept = register.read(|conn| health::list_samples(conn, i64::MIN, 10));
    assert_eq!(kept.len(), 2, "the first one is a week old");
    assert!(sample(NOW - HOUR), "a clock that was set back goes on sampling");
    let kept = register.read(|conn| health::list_samples(conn, i64::MIN, 10));
    assert_eq!(kept.len(), 1, "and samples of the future are dropped");
}

#[test]
fn a_long_history_is_thinned_out_evenly_and_keeps_its_latest_sample() {
    let register = Register::new();
    for minute in 0..101 {
        assert!(sample(&register, NOW + minute * SAMPLE_EVERY_MS));
    }
    let thin = register.read(|conn| health::list_samples(conn, i64::MIN, 11));
    let minutes: Vec<i64> = thin.iter().map(|s| (s.at_ms - NOW) / SAMPLE_EVERY_MS).collect();
    assert_eq!(minutes, (0..=100).step_by(10).collect::<Vec<_>>());
    assert_eq!(thin[0].alerts, Vec::<String>::new());
    assert_eq!(json!(thin.len()), json!(11));
}
