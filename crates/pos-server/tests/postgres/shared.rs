//! Several servers and several businesses on one database.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use pos_domain::body::EntityKind;
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, Product};
use pos_protocol::{ApiError, ProblemCode, SyncApi, Verdict};
use pos_server::{PostgresError, Records, Server, ServerError};

use crate::cluster::{cluster, with};
use crate::harness::*;
use crate::store::Place;

/// Another server of the same business, on another machine as it were.
fn beside(shop: &Shop) -> Shop {
    let place = Place::beside(&shop.place.database, None);
    let server = Server::open(&place.location, None, shop.clock()).unwrap();
    Shop { place, server, now: Arc::clone(&shop.now) }
}

/// The same shop, its business named: its database holds another one now.
fn named(shop: Shop) -> Shop {
    let place = Place::beside(&shop.place.database, Some("Boutique Kaloum"));
    Shop { place, ..shop }
}

fn settings(business: &str) -> ShopSettings {
    ShopSettings::new(business, Currency::from_iso("GNF").unwrap(), "fr-GN")
}

fn verified(shop: &Shop) {
    assert_eq!(Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_servers_that_sell_the_last_units_at_once_exactly_one_is_admitted() {
    let first = Shop::open();
    let second = beside(&first);
    let (mut here, mut there) = (first.join("Caisse 1").await, second.join("Caisse 2").await);
    let (mut won_here, mut won_there) = (0, 0);
    for round in 0..20 {
        let milk = product(&format!("LAIT{round}"));
        here.send(product_create(&milk, 5)).await;
        let (ours, theirs) = (here.sale(&[(&milk, 5)]), there.sale(&[(&milk, 5)]));
        let ((_, ours), (_, theirs)) = tokio::join!(here.ask(&ours), there.ask(&theirs));
        let refusal = match (&ours, &theirs) {
            (Verdict::Applied { .. }, refusal) => {
                won_here += 1;
                refusal
            }
            (refusal, Verdict::Applied { .. }) => {
                won_there += 1;
                refusal
            }
            neither => panic!("nobody sold: {neither:?}"),
        };
        let Verdict::InsufficientStock { lines } = refusal else { panic!("sold twice: {refusal:?}") };
        assert_eq!(lines[0].available, units(0), "the loser hears what is left");
        assert_eq!(there.stock(&milk).await, (0, 0), "both servers see the same balance");
    }
    assert_eq!(won_here + won_there, 20);
    verified(&first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_on_two_servers_leave_one_feed_without_gaps() {
    let first = Shop::open();
    let second = beside(&first);
    let mut office = first.join("Bureau").await;
    let products: Vec<Product> = (0..3).map(|n| product(&format!("P{n}"))).collect();
    for row in &products {
        office.send(product_create(row, 1_000)).await;
    }
    let mut sellers = Vec::new();
    for (n, shop) in [&first, &second, &second].into_iter().enumerate() {
        let mut till = shop.join(&format!("Caisse {n}")).await;
        let products = products.clone();
        sellers.push(tokio::spawn(async move {
            for round in 0..30 {
                assert!(is_applied(&till.tell(&till.sale(&[(&products[(n + round) % 3], 1)])).await));
            }
        }));
    }
    let watcher = second.join("Suiveur").await;
    let mut cursor = watcher.start().await;
    let mut seen = std::collections::HashMap::new();
    loop {
        let over = sellers.iter().all(tokio::task::JoinHandle::is_finished);
        let page = watcher.pull(cursor.clone(), 2).await;
        let caught_up = !page.has_more;
        cursor = page.next;
        for row in page.rows {
            let before = seen.insert(row.id, row.rev);
            assert!(before.is_none_or(|rev| rev <= row.rev), "a row never goes back");
        }
        if over && caught_up {
            break;
        }
    }
    for seller in sellers {
        seller.await.unwrap();
    }
    for row in &products {
        let stands = watcher.row(EntityKind::Stock, row.product_id.0).await.unwrap();
        assert_eq!(seen[&row.product_id.0], stands.rev, "whoever sees n has seen everything below n");
    }
    let sold: i64 = first.place.query("SELECT CAST(3000000 - sum(on_hand_milli) AS BIGINT) FROM stock_level");
    assert_eq!(sold, 90_000);
    verified(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_on_one_server_wakes_the_registers_of_another() {
    let first = Shop::open();
    let second = beside(&first);
    let mut till = first.join("Caisse 1").await;
    let mut feed = second.server.watch_feed();
    feed.borrow_and_update();
    let milk = product("LAIT");
    let verdict = till.send(product_create(&milk, 5)).await;
    // A hint of an earlier write may still be on its way.
    while *feed.borrow_and_update() < feed_seq(&verdict) {
        feed.changed().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_replaced_on_one_server_is_dead_on_the_other() {
    let first = Shop::open();
    let second = beside(&first);
    let till = first.join("Caisse 1").await;
    second.server.authenticate(&till.token).await.expect("known on both");
    let code = pos_server::invite(&first.place.location, &first.clock()).unwrap().code;
    let (mut again, _) = first.request("Caisse 1", code);
    (again.device_id, again.public_key) = (till.device_id, till.key.public());
    let joined = first.server.pair(again).await.unwrap();
    let refused = second.server.authenticate(&till.token).await.err();
    assert!(
        matches!(&refused, Some(ApiError::Refused { problem }) if problem.code == ProblemCode::Unauthorised),
        "nothing is remembered that another server can change: {refused:?}"
    );
    let session = second.server.authenticate(&joined.token).await.unwrap();
    assert!(pos_server::revoke(&second.place.location, till.device_id, &first.clock()).unwrap());
    let refused = session.hello().await.unwrap_err();
    assert!(matches!(refused, ApiError::Refused { problem } if problem.code == ProblemCode::Revoked));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_businesses_in_one_database_never_meet() {
    let first = Shop::open();
    pos_server::found(&first.place.location, &settings("Boutique Matam"), &first.clock()).unwrap_err();
    let other = Place::beside(&first.place.database, None);
    pos_server::found(&other.location, &settings("Boutique Matam"), &first.clock()).unwrap();
    let unnamed = Server::open(&other.location, None, first.clock()).unwrap_err();
    assert!(
        matches!(unnamed, ServerError::Postgres(PostgresError::SeveralBusinesses { known }) if known.len() == 2)
    );
    let unknown = Place::beside(&first.place.database, Some("Boutique Dixinn"));
    let unknown = Server::open(&unknown.location, Some(&settings("X")), first.clock()).unwrap_err();
    assert!(
        matches!(unknown, ServerError::Postgres(PostgresError::NoSuchBusiness { .. })),
        "a typo founds nothing"
    );
    let place = Place::beside(&first.place.database, Some("Boutique Matam"));
    let server = Server::open(&place.location, None, first.clock()).unwrap();
    let second = Shop { place, server, now: Arc::new(AtomicI64::new(OPENING_MS)) };

    let first = named(first);
    let (mut here, mut there) = (first.join("Caisse").await, second.join("Caisse").await);
    let (ours, theirs) = (product("LAIT"), product("LAIT"));
    here.send(product_create(&ours, 7)).await;
    let made = there.send(product_create(&theirs, 3)).await;
    assert!(
        matches!(&made, Verdict::Applied { mapped_ids, .. } if mapped_ids.is_empty()),
        "codes are each one's own"
    );
    assert_eq!((here.stock(&ours).await, there.stock(&theirs).await), ((7, 0), (3, 0)));
    let sale = there.sale(&[(&ours, 1)]);
    assert_eq!(rejection(&there.tell(&sale).await).0, "unknown_reference", "another's product is unknown");
    assert!(second.server.authenticate(&here.token).await.is_err(), "a token opens one business");
    assert!(second.server.session(here.device_id).await.is_err());
    verified(&first);
    verified(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_another_business_is_neither_seen_nor_touched_whatever_is_asked() {
    let first = Shop::open();
    let other = Place::beside(&first.place.database, None);
    pos_server::found(&other.location, &settings("Boutique Matam"), &first.clock()).unwrap();
    let place = Place::beside(&first.place.database, Some("Boutique Matam"));
    let server = Server::open(&place.location, None, first.clock()).unwrap();
    let second = Shop { place, server, now: Arc::clone(&first.now) };
    let first = named(first);
    let (mut here, mut there) = (first.join("Caisse").await, second.join("Caisse").await);
    for till in [&mut here, &mut there] {
        let milk = product("LAIT");
        till.send(product_create(&milk, 5)).await;
        till.tell(&till.sale(&[(&milk, 6)])).await;
    }
    let tables = tables_of_businesses(&first.place);
    assert!(tables.len() >= 18, "{tables:?}");
    for table in tables {
        let secured: bool = first.place.query(&format!(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = '{table}'::regclass"
        ));
        assert!(secured, "{table} is open to its owner");
        let counts =
            as_server(&first.place, &format!("SELECT count(*) FROM {table}"), &[None, Some(1), Some(2)]);
        let of = |key: i64| {
            first.place.query::<i64>(&format!("SELECT count(*) FROM {table} WHERE tenant_key = {key}"))
        };
        assert_eq!(
            counts,
            [Ok(0), Ok(of(1)), Ok(of(2))],
            "{table}: nobody's, ours, theirs, and nothing more"
        );
        let moved = as_server(
            &first.place,
            &format!(
                "WITH moved AS (UPDATE {table} SET tenant_key = 1 WHERE tenant_key = 2 RETURNING 1)
                    SELECT count(*) FROM moved"
            ),
            &[Some(1)],
        );
        assert!(matches!(moved.as_slice(), [Ok(0) | Err(_)]), "{table}: {moved:?}");
        let given = as_server(
            &first.place,
            &format!(
                "WITH given AS (UPDATE {table} SET tenant_key = 2 RETURNING 1) SELECT count(*) FROM given"
            ),
            &[Some(1)],
        );
        assert!(matches!(given.as_slice(), [Ok(0) | Err(_)]), "{table}: nothing is given away: {given:?}");
    }
    verified(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_changes_what_happened() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    till.tell(&till.sale(&[(&milk, 6)])).await;
    for statement in [
        "UPDATE stock_movement SET delta_milli = 1",
        "DELETE FROM stock_movement",
        "TRUNCATE stock_movement CASCADE",
        "UPDATE operation SET body = '{}'",
        "DELETE FROM operation",
        "UPDATE chain_record SET number = 1",
        "DELETE FROM conflict_event",
        "UPDATE audit SET what = ''",
        "UPDATE stock_level SET on_hand_milli = -1",
    ] {
        let sql = statement.to_owned();
        let refused = with(&shop.place.database, move |client| {
            Box::pin(async move { client.batch_execute(&sql).await.is_err() })
        });
        assert!(refused, "{statement} as somebody whom no other rule binds");
    }
    verified(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_has_to_read_a_table() {
    let shop = Shop::open();
    for sql in [
        include_str!("../../src/storage/feed_after.sql"),
        include_str!("../../src/storage/feed_find.sql"),
        include_str!("../../src/storage/snapshot_entity.sql"),
        include_str!("../../src/storage/snapshot_stock.sql"),
        include_str!("../../src/storage/snapshot_conflict.sql"),
    ] {
        let values = [
            (":after", "$1::bigint"),
            (":limit", "$2::bigint"),
            (":entity", "$3::text"),
            (":from", "$4::uuid"),
            (":id", "$5::uuid"),
        ];
        let sql = values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value));
        let plan = plan_as_server(&shop.place, &sql);
        assert!(
            !plan.contains("Seq Scan"),
            "row-level security must leave the keys usable: a page of a hundred thousand rows reads no table\n{plan}"
        );
    }
}

/// How the serving role's statement would run if reading whole tables were dear, as it is where they are large.
fn plan_as_server(place: &Place, sql: &str) -> String {
    let (url, sql) = (cluster().server_url(&place.database), sql.to_owned());
    let ask = async move {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let prepare = format!(
            "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET comptoir.tenant = '1';
             PREPARE page (bigint, bigint, text, uuid, uuid) AS {sql}"
        );
        client.batch_execute(&prepare).await.unwrap();
        let zero = "'00000000-0000-0000-0000-000000000000'";
        let explain = format!("EXPLAIN EXECUTE page (0, 10, 'product', {zero}, {zero})");
        let plan = client.query(&explain, &[]).await.unwrap();
        plan.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime().block_on(ask)).join().unwrap()
}

fn tables_of_businesses(place: &Place) -> Vec<String> {
    let listed: String = place.query(
        "SELECT string_agg(table_name, ' ') FROM information_schema.columns
         WHERE table_schema = 'public' AND column_name = 'tenant_key' AND table_name <> 'tenant'",
    );
    listed.split(' ').map(str::to_owned).collect()
}

/// Counts as the serving role, once for each business that it says it works for.
fn as_server(place: &Place, sql: &str, keys: &[Option<i64>]) -> Vec<Result<i64, String>> {
    let (url, sql, keys) = (cluster().server_url(&place.database), sql.to_owned(), keys.to_owned());
    let ask = async move {
        let (mut client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let mut counts = Vec::new();
        for key in keys {
            let transaction = client.transaction().await.unwrap();
            if let Some(key) = key {
                let set = format!("SET LOCAL comptoir.tenant = '{key}'");
                transaction.batch_execute(&set).await.unwrap();
            }
            let counted = transaction.query_one(&sql, &[]).await;
            counts.push(counted.map(|row| row.get(0)).map_err(|error| error.to_string()));
        }
        counts
    };
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    std::thread::spawn(move || runtime().block_on(ask)).join().unwrap()
}

/// Where the feed of a register's server ends.
async fn end_of_feed(till: &Register) -> pos_protocol::Cursor {
    let mut page = till.pull(till.start().await, 5_000).await;
    while page.has_more {
        page = till.pull(page.next, 5_000).await;
    }
    page.next
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_take_turns_start_again_and_lose_their_connections_raise_no_false_alarm() {
    let first = Shop::open();
    let mut second = beside(&first);
    let (mut here, mut there) = (first.join("Caisse 1").await, second.join("Caisse 2").await);
    let milk = product("LAIT");
    here.send(product_create(&milk, 1_000)).await;
    let mut cursors = Vec::new();
    for round in 0..12 {
        here.tell(&here.sale(&[(&milk, 1)])).await;
        cursors.push(end_of_feed(&here).await);
        there.tell(&there.sale(&[(&milk, 1)])).await;
        cursors.push(end_of_feed(&there).await);
        match round % 4 {
            1 => {
                let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = 'comptoir'";
                let ended: i64 = first.place.query(others);
                assert!(ended > 0);
            }
            3 => {
                second = beside(&first);
                there.session = second.server.authenticate(&there.token).await.unwrap();
            }
            _ => {}
        }
        for cursor in &cursors {
            // Whichever server is asked, whichever gave it.
            for till in [&here, &there] {
                till.pull(cursor.clone(), 10).await;
            }
        }
    }
    assert_eq!(here.session.hello().await.unwrap().server_epoch, 1);
    let kept: i64 = first.place.query("SELECT count(*) FROM incarnation");
    assert!(kept < 20, "turns leave nothing behind, connections do: {kept}");
    verified(&second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_put_back_beneath_servers_that_go_on_is_noticed() {
    let first = Shop::open();
    let mut till = first.join("Caisse 1").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 1_000)).await;
    let shop = {
        // The copy is made while nobody is connected, and both servers begin behind it.
        let aside = Shop::open();
        till.session = aside.join("Ailleurs").await.session;
        let Shop { place, server, now } = first;
        drop(server);
        let kept = place.keep();
        let server = Server::open(&place.location, None, clock(&now)).unwrap();
        till.session = server.authenticate(&till.token).await.unwrap();
        (Shop { place, server, now }, kept)
    };
    let (first, kept) = shop;
    let second = beside(&first);
    till.tell(&till.sale(&[(&milk, 1)])).await;
    let cursor = end_of_feed(&till).await;
    let mut other = second.join("Caisse 2").await;
    first.place.put_back(&kept);
    other = second.join(&other.name).await;
    for _ in 0..5 {
        other.tell(&other.sale(&[(&milk, 1)])).await;
    }
    let hello = till.session.hello().await.unwrap();
    assert!(hello.feed_seq > cursor.seq && hello.server_epoch == 1, "{hello:?}");
    let asked = till.session.pull(pos_protocol::PullRequest { cursor, limit: 10 }).await;
    assert!(asked.is_err(), "the line broke in between, and so did the history: {asked:?}");
    assert_eq!(other.session.hello().await.unwrap().server_epoch, 2, "on both servers");
}
