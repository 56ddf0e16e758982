//! The register's own memory: identity, settings, carts, audit, lease, exchange, jobs.

use pos_domain::merge::Hlc;
use pos_domain::{Cart, CartId, Hash32, RequestId};
use pos_store::audit::{self, AuditEntry};
use pos_store::carts::{self, SavedCart};
use pos_store::device::JoinedServer;
use pos_store::exchange::{self, Breaker, Run, RunOutcome};
use pos_store::jobs::{self, JobKind, ReplayOutcome};
use pos_store::{StoreError, cashiers, device, health, lease, local};
use serde_json::json;

use crate::kit::{NOW, Register, fresh, id, money};

#[test]
fn a_register_remembers_who_it_is() {
    let register = Register::new();
    let server = JoinedServer {
        url: "https://192.168.1.4:8443".to_owned(),
        pins: vec!["cGlu".to_owned()],
        authority: Some(id(60)),
        server_epoch: 2,
    };
    let joined = server.clone();
    register.write(move |tx| {
        device::set_server(tx, &joined)?;
        device::set_business(tx, id(8).into(), id(9).into())?;
        device::set_series(tx, "R7")?;
        device::set_cashier(tx, Some(id(4).into()))
    });
    let found = register.read(device::get);
    assert_eq!(found.server, Some(server));
    assert_eq!((found.tenant_id, found.outlet_id), (id(8).into(), id(9).into()));
    assert_eq!((found.series.as_str(), found.cashier_id), ("R7", Some(id(4).into())));
    assert_eq!((found.epoch, found.next_seq, found.head.number), (1, 1, 0));
}

#[test]
fn a_series_is_not_renamed_once_it_has_numbers() {
    let register = Register::new();
    let bread = crate::kit::stocked(&register, 10, 5, 1);
    let sale = crate::kit::confirm(&[(&bread, 1)]);
    register.write(move |tx| {
        sale.insert(tx, pos_store::queue::OpMode::Fact)?;
        sale.finalise(tx).map(|_| ())
    });
    let renamed = register.try_write(|tx| device::set_series(tx, "R2"));
    assert!(matches!(renamed, Err(StoreError::WrongState { .. })));
    register.write(|tx| device::set_series(tx, "R1"));
}

#[test]
fn the_hybrid_clock_never_runs_back() {
    let register = Register::new();
    let readings = register.write(|tx| {
        Ok([
            device::tick_hlc(tx, NOW)?,
            device::tick_hlc(tx, NOW - 5_000)?,
            device::receive_hlc(tx, Hlc { wall_ms: NOW + 9, counter: 3 }, NOW)?,
            device::tick_hlc(tx, NOW)?,
        ])
    });
    assert!(readings.is_sorted_by(|a, b| a < b), "{readings:?}");
}

#[test]
fn own_settings_and_requests_are_remembered() {
    let register = Register::new();
    let request = RequestId(fresh());
    register.write(move |tx| {
        local::set_setting(tx, "theme", &json!("dark"))?;
        local::set_setting(tx, "theme", &json!("light"))?;
        local::record_request(tx, request, "product.save", id(10), NOW)
    });
    assert_eq!(register.read(|conn| local::find_setting(conn, "theme")), Some(json!("light")));
    assert_eq!(register.read(local::list_settings).len(), 1);
    let done = register.read(move |conn| local::find_request(conn, request)).unwrap();
    assert_eq!((done.command.as_str(), done.subject_id), ("product.save", id(10)));
    assert!(
        register
            .try_write(move |tx| local::record_request(tx, request, "product.save", id(11), NOW))
            .is_err()
    );
}

fn cart() -> Cart {
    Cart { cart_id: fresh().into(), lines: vec![], discount: None, customer_id: None, note: None }
}

#[test]
fn a_power_cut_brings_the_carts_back() {
    let register = Register::new();
    let (open, from) = (cart(), CartId(fresh()));
    let open_id = open.cart_id;
    let save = |cart: Cart| SavedCart {
        undo: vec![cart.clone()],
        cart,
        recalled_from: Some(from),
        taken_elsewhere: false,
        updated_at_ms: NOW,
    };
    let on_counter = save(open);
    let wanted = on_counter.clone();
    register.write(move |tx| carts::save(tx, &on_counter));
    let second = save(cart());
    assert!(register.try_write(move |tx| carts::save(tx, &second)).is_err(), "one cart on the counter");
    assert_eq!(register.read(carts::find_open), Some(wanted.clone()));
    let other = CartId(fresh());
    assert!(!register.write(move |tx| carts::mark_taken_elsewhere(tx, other)), "not the one it came from");
    assert!(register.write(move |tx| carts::mark_taken_elsewhere(tx, from)));
    assert_eq!(register.read(carts::find_open), Some(SavedCart { taken_elsewhere: true, ..wanted }));
    register.write(move |tx| carts::remove(tx, open_id));
    assert_eq!(register.read(carts::find_open), None);
    assert!(!register.write(move |tx| carts::mark_taken_elsewhere(tx, from)), "it was sold meanwhile");
}

#[test]
fn the_audit_trail_only_grows() {
    let register = Register::new();
    let entry = |action: &str| AuditEntry {
        at_ms: NOW,
        actor: "Fatou".to_owned(),
        action: action.to_owned(),
        subject: Some(id(10)),
        detail: json!({}),
    };
    let (one, two) = (entry("price.changed"), entry("price.approved"));
    register.write(move |tx| {
        audit::record(tx, &one)?;
        audit::record(tx, &two)
    });
    let newest = register.read(|conn| audit::list(conn, &audit::AuditFilter::default(), 1));
    assert_eq!(newest[0].1.action, "price.approved");
    let older = register.read(move |conn| {
        audit::list(conn, &audit::AuditFilter { before: Some(newest[0].0), ..Default::default() }, 5)
    });
    assert_eq!(older[0].1.action, "price.changed");
    let folder = register.close();
    let conn = rusqlite::Connection::open(folder.path().join(pos_store::FILE_NAME)).unwrap();
    for sql in ["DELETE FROM audit", "UPDATE audit SET actor = 'Nobody'"] {
        assert!(conn.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn one_drainer_at_a_time() {
    let register = Register::new();
    register.write(|tx| {
        let first = lease::acquire(tx, "a", NOW, NOW + 1_000)?.unwrap();
        assert!(lease::acquire(tx, "b", NOW + 999, NOW + 2_000)?.is_none(), "it is held");
        let renewed = lease::acquire(tx, "a", NOW + 500, NOW + 1_500)?.unwrap();
        assert_eq!(renewed.generation, first.generation, "the same holder");
        let second = lease::acquire(tx, "b", NOW + 1_500, NOW + 3_000)?.unwrap();
        assert!(second.generation > first.generation, "a late writer of the first holder is fenced");
        assert!(!lease::is_held(tx, &renewed, NOW + 1_500)?);
        lease::release(tx, &renewed)?;
        assert!(lease::is_held(tx, &second, NOW + 1_500)?, "what is lost cannot be given back");
        lease::release(tx, &second)?;
        assert!(lease::acquire(tx, "c", NOW + 1_501, NOW + 9_000)?.is_some());
        let year = 400 * 24 * 60 * 60 * 1_000;
        assert!(lease::acquire(tx, "d", NOW - year, NOW)?.is_some(), "a clock that ran wrong blocks nobody");
        Ok(())
    });
}

fn run(outcome: RunOutcome) -> Run {
    Run {
        cause: "timer".to_owned(),
        began_at_ms: NOW,
        ended_at_ms: NOW + 50,
        outcome,
        error_code: (outcome == RunOutcome::Failed).then(|| "timeout".to_owned()),
        pushed: 3,
        pulled: 4,
        refused: 0,
        conflicts: 0,
        duplicates: 1,
        calls: 2,
        retries: 0,
        bytes_up: 100,
        bytes_down: 200,
    }
}

#[test]
fn the_exchange_remembers_how_it_went() {
    let register = Register::new();
    register.write(|tx| {
        exchange::set_paused(tx, true)?;
        exchange::set_breaker(tx, Breaker::Open { until_ms: NOW + 5 })?;
        exchange::record_push_ok(tx, NOW)?;
        exchange::record_pull_ok(tx, NOW + 1)?;
        exchange::record_error(tx, "timeout", NOW + 2)?;
        exchange::record_hello(tx, -130_000, 17)?;
        exchange::record_run(tx, &run(RunOutcome::Done))?;
        exchange::record_run(tx, &run(RunOutcome::Failed))
    });
    let state = register.read(exchange::get);
    assert!(state.paused);
    assert_eq!(state.breaker, Breaker::Open { until_ms: NOW + 5 });
    assert_eq!((state.last_push_ok_ms, state.last_pull_ok_ms), (Some(NOW), Some(NOW + 1)));
    assert_eq!(state.last_error, Some(("timeout".to_owned(), NOW + 2)));
    assert_eq!((state.clock_offset_ms, state.backup_seq), (Some(-130_000), 17));
    let runs = register.read(|conn| exchange::list_runs(conn, None, 9));
    assert_eq!(runs[0].1, run(RunOutcome::Failed));
    assert_eq!(runs[1].1, run(RunOutcome::Done));
    let health = register.read(|conn| health::get(conn, NOW));
    assert_eq!((health.failed_runs, health.rated_runs), (1, 2));
    assert_eq!((health.unfinished_sales, health.stuck_leases), (0, 0));
}

#[test]
fn a_replay_rings_each_document_up_once() {
    let register = Register::new();
    let file = Hash32::of(b"retail.csv");
    register.write(move |tx| {
        let job = jobs::begin(tx, file, JobKind::Replay, "retail.csv", 4, NOW)?;
        assert_eq!((job.done, job.ended_at_ms), (0, None));
        let sale = ReplayOutcome::Sale(id(20).into());
        jobs::record_replayed(tx, file, "536365", &sale, money(13_912))?;
        jobs::record_replayed(tx, file, "C536379", &ReplayOutcome::Return(id(21).into()), money(-2_750))?;
        jobs::record_replayed(tx, file, "536414", &ReplayOutcome::Adjustment, money(0))?;
        jobs::record_replayed(tx, file, "536999", &ReplayOutcome::Refused("no_lines".to_owned()), money(0))?;
        jobs::set_done(tx, file, 4)
    });
    let again = register
        .try_write(move |tx| jobs::record_replayed(tx, file, "536365", &ReplayOutcome::Adjustment, money(0)));
    assert!(again.is_err(), "the file itself refuses the second time");
    assert!(register.try_write(move |tx| jobs::set_done(tx, file, 5)).is_err(), "more than the file has");
    let resumed =
        register.write(move |tx| jobs::begin(tx, file, JobKind::Replay, "other name.csv", 4, NOW + 9));
    assert_eq!(
        (resumed.done, resumed.file_name.as_str()),
        (4, "retail.csv"),
        "the same bytes are the same job"
    );
    let known = register.read(move |conn| jobs::find_replayed(conn, file, "C536379"));
    assert_eq!(known, Some(ReplayOutcome::Return(id(21).into())));
    let sums = register.read(move |conn| jobs::sums(conn, file));
    assert_eq!((sums.sales, sums.returns, sums.adjustments, sums.refused), (1, 1, 1, 1));
    assert_eq!(sums.total, money(11_162));
    let refused = register.read(move |conn| jobs::list_refused(conn, file));
    assert_eq!(refused, [("536999".to_owned(), "no_lines".to_owned())]);
    register.write(move |tx| jobs::finish(tx, file, NOW + 10));
    let job = register.read(move |conn| jobs::find(conn, file)).unwrap();
    assert_eq!(job.ended_at_ms, Some(NOW + 10));
}

#[test]
fn people_are_listed_by_name() {
    let register = Register::new();
    register.write(|tx| {
        for (n, name, role) in
            [(40, "Sékou", pos_domain::Role::Owner), (41, "Awa", pos_domain::Role::Cashier)]
        {
            let cashier = pos_domain::Cashier { cashier_id: id(n).into(), name: name.to_owned(), role };
            cashiers::put(tx, &cashier)?;
        }
        Ok(())
    });
    let names: Vec<_> = register.read(cashiers::list).into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["Awa", "Sékou"]);
    register.write(|tx| cashiers::remove(tx, id(41).into()));
    assert!(register.read(|conn| cashiers::find(conn, id(41).into())).is_none());
    assert_eq!(
        register.read(|conn| cashiers::find(conn, id(40).into())).unwrap().row.role,
        pos_domain::Role::Owner
    );
}

#[test]
fn an_empty_file_is_no_register() {
    let folder = tempfile::tempdir().unwrap();
    let store = pos_store::Store::open(folder.path(), pos_store::OpenMode::ReadWrite).unwrap();
    assert!(matches!(store.read(device::get), Err(StoreError::NoDevice)));
    assert_eq!(store.read(device::find).unwrap(), None);
}
