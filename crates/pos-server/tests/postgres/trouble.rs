//! A database that breaks off, is slow to agree, or is not the one that was expected.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

use pos_domain::Currency;
use pos_domain::OperationBody;
use pos_domain::settings::ShopSettings;
use pos_protocol::{ApiError, Mode, OpVerdict, Operation, ProblemCode, SyncApi};
use pos_server::{Clock, Location, PostgresError, Records, Server, ServerError};

use crate::cluster::{PASSWORD, cluster, with};
use crate::harness::*;
use crate::store::Place;

/// What the line between a server and its database does at the next COMMIT.
const PASS: u8 = 0;
const CUT_BEFORE_COMMIT: u8 = 1;
const CUT_BEFORE_ANSWER: u8 = 2;

/// A line to the database that can be cut at a chosen moment.
struct Line {
    folder: tempfile::TempDir,
    plan: Arc<AtomicU8>,
}

impl Line {
    fn to(database: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let plan = Arc::new(AtomicU8::new(PASS));
        let (plans, database) = (Arc::clone(&plan), database.to_owned());
        thread::spawn(move || {
            for near in listener.incoming() {
                let far = UnixStream::connect(&database).unwrap();
                carry(near.unwrap(), far, &plans);
            }
        });
        Self { folder, plan }
    }

    fn url(&self, database: &str) -> String {
        let host = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://comptoir:{PASSWORD}@{host}/{database}")
    }
}

/// Carries bytes both ways on threads of their own, and cuts the line as planned.
fn carry(near: UnixStream, far: UnixStream, plan: &Arc<AtomicU8>) {
    let silent = Arc::new(AtomicBool::new(false));
    let (mut from_near, mut to_far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let (plan, muted) = (Arc::clone(plan), Arc::clone(&silent));
    thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = from_near.read(&mut bytes) {
            if holds_commit(&bytes[..count]) {
                match plan.swap(PASS, Ordering::SeqCst) {
                    CUT_BEFORE_COMMIT => break,
                    CUT_BEFORE_ANSWER => muted.store(true, Ordering::SeqCst),
                    _ => {}
                }
            }
            if to_far.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        drop(from_near.shutdown(std::net::Shutdown::Both));
        drop(to_far.shutdown(std::net::Shutdown::Both));
    });
    let (mut from_far, mut to_near) = (far, near);
    thread::spawn(move || {
        let mut bytes = [0; 65_536];
        while let Ok(count @ 1..) = from_far.read(&mut bytes) {
            if silent.load(Ordering::SeqCst) {
                // The answer to COMMIT exists, so it stands; nobody hears of it.
                if holds_commit(&bytes[..count]) {
                    break;
                }
            } else if to_near.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        drop(to_near.shutdown(std::net::Shutdown::Both));
        drop(from_far.shutdown(std::net::Shutdown::Both));
    });
}

/// Asked and answered, a commit is the same word on the wire.
fn holds_commit(bytes: &[u8]) -> bool {
    bytes.windows(7).any(|seven| seven == b"COMMIT\0")
}

/// A shop whose line can be cut.
fn shop_on_a_line() -> (Shop, Line) {
    let shop = Shop::open();
    let line = Line::to(&cluster().socket());
    let Shop { place, server, now } = shop;
    drop(server);
    let location = Location::postgres(place.folder.path(), &line.url(&place.database), None).unwrap();
    let place = Place { location, ..place };
    let server = Server::open(&place.location, None, clock(&now)).unwrap();
    (Shop { place, server, now }, line)
}

async fn push_once(till: &mut Register, milk: &pos_domain::Product) -> (Operation, OpVerdict) {
    let body = OperationBody::SaleComplete(Box::new(till.sale(&[(milk, 1)])));
    let operation = till.operation(&body, Mode::Admit);
    let verdict = till.push(vec![operation.clone()]).await.remove(0);
    (operation, verdict)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_was_lost_is_looked_up_before_anybody_hears_of_it() {
    let (shop, line) = shop_on_a_line();
    let mut till = shop.join("Caisse").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    line.plan.store(CUT_BEFORE_ANSWER, Ordering::SeqCst);
    let (_, verdict) = push_once(&mut till, &milk).await;
    assert_eq!(line.plan.load(Ordering::SeqCst), PASS, "the line was cut");
    assert!(is_applied(&verdict.verdict) && verdict.duplicate, "it stood, and was found: {verdict:?}");
    assert_eq!(till.stock(&milk).await, (9, 0), "once");

    line.plan.store(CUT_BEFORE_COMMIT, Ordering::SeqCst);
    let (operation, verdict) = push_once(&mut till, &milk).await;
    assert_eq!(line.plan.load(Ordering::SeqCst), PASS, "the line was cut again");
    assert!(
        is_applied(&verdict.verdict) && !verdict.duplicate,
        "it did not stand, and was made: {verdict:?}"
    );
    assert!(till.push(vec![operation]).await[0].duplicate);
    assert_eq!(till.stock(&milk).await, (8, 0), "once");
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_killed_in_the_middle_of_batches_lose_and_double_nothing() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 100_000)).await;
    let over = Arc::new(AtomicBool::new(false));
    let (ended, database) = (Arc::clone(&over), shop.place.database.clone());
    let killer = thread::spawn(move || {
        let mut killed: i64 = 0;
        while !ended.load(Ordering::SeqCst) {
            killed += with(&database, |client| {
                Box::pin(async move {
                    let sql = "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
                        WHERE usename = 'comptoir' AND datname = current_database() AND query NOT LIKE 'LISTEN%'";
                    client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
                })
            });
        }
        killed
    });
    let (mut sold, mut repeated) = (0, 0);
    for _ in 0..10 {
        let bodies: Vec<_> =
            (0..20).map(|_| OperationBody::SaleComplete(Box::new(till.sale(&[(&milk, 1)])))).collect();
        let operations: Vec<_> = bodies.iter().map(|body| till.operation(body, Mode::Fact)).collect();
        // A register sends the same again until it is answered.
        loop {
            match till.session.push(push_of(&till, operations.clone())).await {
                Ok(answer) => {
                    assert!(answer.verdicts.iter().all(|verdict| is_applied(&verdict.verdict)));
                    break;
                }
                Err(ApiError::Refused { problem }) if problem.code == ProblemCode::Unavailable => {
                    repeated += 1
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        sold += 20;
    }
    over.store(true, Ordering::SeqCst);
    let killed = killer.join().unwrap();
    assert!(killed > 0, "nothing was tried");
    println!("{killed} connections killed, {repeated} pushes repeated");
    assert_eq!(shop.place.query::<i64>("SELECT count(*) FROM sale WHERE state = 'applied'"), sold);
    let left: i64 = shop.place.query("SELECT on_hand_milli FROM stock_level");
    assert_eq!(left, (100_000 - sold) * 1_000, "nothing lost, nothing doubled");
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deadlock_with_a_stranger_is_survived_inside() {
    let shop = Shop::open();
    // Our side looks for a circle after five seconds; the stranger would only after an hour, so ours is the one chosen.
    cluster()
        .run(
            &shop.place.database,
            &format!("ALTER DATABASE {} SET deadlock_timeout = '5s'", shop.place.database),
        )
        .unwrap();
    let shop = shop.reopen();
    let mut till = shop.join("Caisse").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 10)).await;
    let (locked, is_locked) = std::sync::mpsc::channel();
    let database = shop.place.database.clone();
    let stranger = thread::spawn(move || {
        with(&database, move |client| {
            Box::pin(async move {
                let begin = "SET deadlock_timeout = '1h'; BEGIN; UPDATE stock_level SET rev = rev";
                client.batch_execute(begin).await.unwrap();
                locked.send(()).unwrap();
                let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks
                    WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))";
                while !client.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {}
                // Now each waits for the other.
                client.batch_execute("SELECT 1 FROM tenant FOR UPDATE; ROLLBACK").await.unwrap();
            })
        });
    });
    is_locked.recv().unwrap();
    let (_, verdict) = push_once(&mut till, &milk).await;
    stranger.join().unwrap();
    assert!(is_applied(&verdict.verdict), "the register hears nothing of it: {verdict:?}");
    let deadlocks =
        shop.place.query::<i64>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert_eq!(deadlocks, 1, "there was one");
    assert_eq!(till.stock(&milk).await, (9, 0));
}

#[test]
fn servers_that_start_together_make_one_schema_and_one_business() {
    let database = cluster().database().unwrap();
    let places: Vec<_> = (0..6).map(|_| Place::beside(&database, None)).collect();
    let settings = ShopSettings::new("Boutique Kaloum", Currency::from_iso("GNF").unwrap(), "fr-GN");
    thread::scope(|scope| {
        for place in &places {
            let settings = &settings;
            scope.spawn(move || Server::open(&place.location, Some(settings), Clock::from_fn(|| 0)).unwrap());
        }
    });
    let dense = "SELECT count(*) = max(version) FROM schema_migration";
    assert!(places[0].query::<bool>(dense), "each migration once");
    assert_eq!(places[0].query::<i64>("SELECT count(*) FROM business"), 1);
    assert_eq!(places[0].query::<i64>("SELECT count(*) FROM tenant"), 1);
}

#[test]
fn a_schema_of_another_program_is_left_alone() {
    let shop = Shop::open();
    let Shop { place, server, .. } = shop;
    drop(server);
    let open = || Server::open(&place.location, None, Clock::from_fn(|| 0)).unwrap_err();
    let later = "INSERT INTO schema_migration (version, checksum)
        SELECT max(version) + 1, sha256('later') FROM schema_migration";
    cluster().run(&place.database, later).unwrap();
    assert!(
        matches!(open(), ServerError::Postgres(PostgresError::OtherSchema { found, known }) if found == known + 1)
    );
    let beside = pos_server::invite(&place.location, &Clock::from_fn(|| 0)).unwrap_err();
    assert!(matches!(beside, ServerError::Postgres(PostgresError::OtherSchema { .. })));
    let changed = "DELETE FROM schema_migration WHERE checksum = sha256('later');
        UPDATE schema_migration SET checksum = sha256('x')";
    cluster().run(&place.database, changed).unwrap();
    assert!(matches!(open(), ServerError::Postgres(PostgresError::ChangedMigration { version: 1 })));
}

#[test]
fn each_trouble_says_what_to_do_and_no_secret() {
    let database = cluster().database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let fault = |url: &str| {
        let location = Location::postgres(folder.path(), url, None);
        let fault =
            location.and_then(|location| Server::open(&location, None, Clock::from_fn(|| 0))).unwrap_err();
        let words = format!("{:#}", anyhow::Error::from(fault));
        assert!(!words.contains(PASSWORD) && !words.contains("geheim"), "{words}");
        words
    };
    assert!(
        fault(&cluster().url("comptoir", "geheim", &database)).contains("check the name and the password")
    );
    assert!(fault(&cluster().url("nobody", "geheim", &database)).contains("refuses the user nobody"));
    assert!(
        fault(&cluster().url("comptoir", PASSWORD, "elsewhere"))
            .contains("CREATE DATABASE elsewhere OWNER comptoir")
    );
    assert!(fault(&cluster().url("admin", PASSWORD, &database)).contains("not bound by row-level security"));
    let nobody: PathBuf = folder.path().to_owned();
    let nobody = format!("postgres://comptoir:geheim@{}/x", nobody.display().to_string().replace('/', "%2F"));
    assert!(fault(&nobody).contains("PostgreSQL does not answer"));
    assert!(fault("mysql://comptoir:geheim@localhost/x").contains("looks like postgres://"));
    assert!(fault("postgres://comptoir:geheim@192.0.2.1/x?sslmode=disable").contains("plain text"));
    cluster()
        .run(&database, "ALTER SCHEMA public OWNER TO admin; REVOKE ALL ON SCHEMA public FROM public")
        .unwrap();
    assert!(fault(&cluster().server_url(&database)).contains("own the database"));
}
