//! Registers and the real server over real sockets.

use std::net::SocketAddr;

use pos_protocol::{ApiError, ProblemCode};
use pos_server::http::{HttpServer, Listen};
use pos_sync::backoff::Jitter;
use pos_sync::status::SyncState;
use pos_sync::transport::{DeviceToken, HttpApi, PairError, ServerAddress, pair};
use pos_sync::{Background, CheckoutAnswer};

use crate::town::{DEADLINE, Register, Town, wait_for, wait_synced};

fn listen(town: &Town, address: &str, tls: bool) -> HttpServer {
    let address: SocketAddr = address.parse().expect("an address");
    let listen = Listen { address, data: town.folder.path().to_owned(), tls };
    HttpServer::start(town.server.clone(), &listen).expect("it listens")
}

/// Joins as a person does: address and code, nothing else.
async fn join(town: &Town, url: &str, name: &str) -> (Register, HttpApi) {
    let register = Register::new(name);
    let address = ServerAddress::parse(url).expect("an address");
    let answer = pair(&address, &register.pair_request(town.code())).await.expect("joined");
    register.joined(url, &answer);
    let token = DeviceToken::new(&answer.token).expect("a token");
    let api = HttpApi::new(address, token).expect("a transport");
    (register, api)
}

#[tokio::test]
async fn a_register_joins_by_code_and_pinned_key_and_sells() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", true);
    assert!(http.url().starts_with("https://"), "{}", http.url());
    let (till, api) = join(&town, http.url(), "till").await;
    till.hire("Aissatou");
    let bread = till.create_product("BREAD", 500, 5);
    let sync = till.start(api.clone(), Background::On).await;
    sync.wrote();
    wait_synced(&sync).await;
    let sold = till.sell(&sync, &bread, 2, DEADLINE).await;
    assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "{:?}", sold.answer);
    assert_eq!(till.stock_of(&bread).server.milli(), 3_000);
    assert!(api.traffic().up > 0 && api.traffic().down > 0);
    sync.shut_down(DEADLINE).await;
    http.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_wrong_code_joins_nothing() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", false);
    let register = Register::new("till");
    let address = ServerAddress::parse(http.url()).expect("an address");
    let refused = pair(&address, &register.pair_request("0000-0000".to_owned())).await;
    let Err(PairError::Api(ApiError::Refused { problem })) = refused else { panic!("{refused:?}") };
    assert_eq!(problem.code, ProblemCode::PairingRefused);
}

#[tokio::test]
async fn a_token_that_the_server_does_not_know_stops_the_exchange_and_shows() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", false);
    let (till, _) = join(&town, http.url(), "till").await;
    let address = ServerAddress::parse(http.url()).expect("an address");
    let api =
        HttpApi::new(address, DeviceToken::new(&"00".repeat(32)).expect("a token")).expect("a transport");
    let sync = till.start(api, Background::On).await;
    let status = wait_for(&sync, "a person is called", |s| s.state == SyncState::Attention).await;
    assert_eq!(status.alarm.map(|alarm| alarm.as_str()), Some("alarm.denied"));
    assert!(!sync.is_in_reach(), "no checkout asks a server that turns it away");
}

#[tokio::test]
async fn the_queue_drains_by_itself_when_a_stopped_server_listens_again() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", false);
    let (till, api) = join(&town, http.url(), "till").await;
    till.hire("Aissatou");
    let bread = till.create_product("BREAD", 500, 5);
    let sync = till.start(api, Background::On).await;
    sync.wrote();
    wait_synced(&sync).await;
    let address = http.address();
    http.stop().await.expect("stopped");
    for _ in 0..3 {
        let sold = till.sell(&sync, &bread, 1, DEADLINE).await;
        assert!(
            matches!(sold.answer, CheckoutAnswer::Offline | CheckoutAnswer::Unknown(_)),
            "no refusal without a server: {:?}",
            sold.answer
        );
    }
    wait_for(&sync, "offline is shown", |s| s.state == SyncState::Offline && s.pending == 3).await;
    let http = listen(&town, &address.to_string(), false);
    wait_synced(&sync).await;
    sync.sync_now().await.expect("a round");
    assert_eq!(till.stock_of(&bread).server.milli(), 2_000);
    sync.shut_down(DEADLINE).await;
    http.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_hint_brings_what_another_register_did_without_waiting_for_the_minute() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", false);
    let (one, api) = join(&town, http.url(), "one").await;
    one.hire("Aissatou");
    let bread = one.create_product("BREAD", 500, 5);
    let here = one.start(api, Background::On).await;
    here.wrote();
    wait_synced(&here).await;
    let (two, api) = join(&town, http.url(), "two").await;
    let there = two.start(api, Background::On).await;
    there.follow_hints(Jitter::from_seed(1));
    wait_for(&there, "a first sync", |s| s.last_success_ms.is_some() && s.progress.is_none()).await;
    let mut changes = there.subscribe();
    one.sell(&here, &bread, 2, DEADLINE).await;
    let seen = async {
        while two.stock_of(&bread).server.milli() != 3_000 {
            // A listener that fell behind looks again, too.
            drop(changes.recv().await);
        }
    };
    tokio::time::timeout(DEADLINE, seen).await.expect("well before the next round");
}

#[tokio::test]
async fn an_idle_register_notices_that_the_server_went_away() {
    let town = Town::found();
    let http = listen(&town, "127.0.0.1:0", false);
    let (till, api) = join(&town, http.url(), "till").await;
    let sync = till.start(api, Background::On).await;
    sync.follow_hints(Jitter::from_seed(1));
    wait_for(&sync, "a first sync", |s| s.last_success_ms.is_some() && s.progress.is_none()).await;
    http.stop().await.expect("stopped");
    let noticed = wait_for(&sync, "offline is shown", |s| s.state == SyncState::Offline);
    tokio::time::timeout(DEADLINE, noticed).await.expect("well before the next round");
}
