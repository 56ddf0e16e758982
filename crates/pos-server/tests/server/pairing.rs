//! Joining: codes, tokens, series, and a business that a register brings.

use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, OutletId, TenantId};
use pos_protocol::{ApiError, Business, PairResponse, ProblemCode, SyncApi};
use pos_server::{CODE_LIFETIME_MS, invite};

use crate::harness::*;

fn code_of(answer: Result<PairResponse, ApiError>) -> ProblemCode {
    match answer {
        Err(ApiError::Refused { problem }) => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

async fn try_code(shop: &Shop, code: &str) -> Result<PairResponse, ApiError> {
    let (request, _) = shop.request("Caisse", code.to_owned());
    shop.server.pair(request).await
}

#[tokio::test]
async fn a_code_is_used_once() {
    let shop = Shop::open();
    let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    let joined = try_code(&shop, &code.to_lowercase().replace('-', " ")).await.unwrap();
    assert_eq!(joined.token.len(), 64, "256 random bits as hex");
    assert_eq!(code_of(try_code(&shop, &code).await), ProblemCode::PairingRefused);
    let stored: Vec<u8> = shop.place.query("SELECT token_hash FROM device");
    assert_ne!(hex::encode(stored), joined.token, "the token itself is nowhere on the server");
}

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let shop = Shop::open();
    let made = invite(&shop.place.location, &shop.clock()).unwrap();
    assert_eq!(made.expires_at_ms, OPENING_MS + CODE_LIFETIME_MS);
    shop.pass_ms(CODE_LIFETIME_MS);
    assert_eq!(code_of(try_code(&shop, &made.code).await), ProblemCode::PairingRefused);
}

#[tokio::test]
async fn the_sixth_try_finds_the_code_closed() {
    for wrong in [4, 5] {
        let shop = Shop::open();
        let made = invite(&shop.place.location, &shop.clock()).unwrap();
        for n in 0..wrong {
            let guess = if n == 0 { "no code at all".to_owned() } else { format!("0000-000{n}") };
            assert_eq!(code_of(try_code(&shop, &guess).await), ProblemCode::PairingRefused);
        }
        let right = try_code(&shop, &made.code).await;
        assert_eq!(right.is_ok(), wrong < 5, "after {wrong} wrong codes");
        assert_eq!(
            shop.place.query::<i64>("SELECT count(*) FROM audit WHERE what = 'pairing_refused'"),
            if wrong < 5 { 4 } else { 6 }
        );
    }
}

#[tokio::test]
async fn a_register_that_lost_the_answer_joins_again_as_itself() {
    let shop = Shop::open();
    let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    let (mut request, _) = shop.request("Caisse 1", code);
    let lost = shop.server.pair(request.clone()).await.unwrap();
    let old = shop.server.authenticate(&lost.token).await.unwrap();
    request.code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    let joined = shop.server.pair(request.clone()).await.unwrap();
    assert_eq!(joined.series, lost.series, "its documents go on in their series");
    assert!(shop.server.authenticate(&lost.token).await.is_err(), "the lost token is worth nothing");
    assert_eq!(old.device_id(), request.device_id);
    let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    let (other, _) = shop.request("Voleur", code);
    let thief = pos_protocol::PairRequest { device_id: request.device_id, ..other };
    assert_eq!(code_of(shop.server.pair(thief.clone()).await), ProblemCode::PairingRefused, "another key");
    assert!(try_code(&shop, &thief.code).await.is_ok(), "the code was not used up by it");
}

#[tokio::test]
async fn each_register_has_a_series_of_its_own_and_keeps_the_one_it_brings() {
    let shop = Shop::open();
    let mut series = Vec::new();
    for wanted in [None, Some("K7"), Some("K7"), Some("R3"), None, Some("../etc")] {
        let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
        let (mut request, _) = shop.request("Caisse", code);
        request.series = wanted.map(str::to_owned);
        series.push(shop.server.pair(request).await.unwrap().series);
    }
    assert_eq!(series, ["R1", "K7", "R2", "R3", "R4", "R5"], "no two registers number in one series");
}

#[tokio::test]
async fn only_an_empty_business_takes_another_s_place() {
    let shop = Shop::open();
    let currency = Currency::from_iso("GBP").unwrap();
    let brought = Business {
        tenant_id: TenantId(next_id()),
        outlet_id: OutletId(next_id()),
        settings: ShopSettings::new("Corner Shop", currency, "en-GB"),
    };
    let join = |business: Business| {
        let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
        let (mut request, _) = shop.request("Till", code);
        request.bring = Some(business);
        request
    };
    let before = shop.server.watch_feed();
    let first = shop.server.pair(join(brought.clone())).await.unwrap();
    assert_eq!(first.business, brought);
    assert!(before.has_changed().unwrap(), "registers that listen hear of the new settings");
    let other = Business { tenant_id: TenantId(next_id()), ..brought.clone() };
    assert_eq!(code_of(shop.server.pair(join(other)).await), ProblemCode::BusinessNotEmpty);
    assert_eq!(
        shop.server.pair(join(brought.clone())).await.unwrap().business,
        brought,
        "the same one is welcome"
    );
}

#[tokio::test]
async fn a_nameless_register_and_an_unknown_token_are_refused() {
    let shop = Shop::open();
    let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    for name in ["", "  ", "Caisse\u{1b}[2J", &"x".repeat(101)] {
        let (request, _) = shop.request(name, code.clone());
        assert_eq!(code_of(shop.server.pair(request).await), ProblemCode::BadRequest);
    }
    assert!(shop.server.authenticate(&"0".repeat(64)).await.is_err());
    assert!(try_code(&shop, &code).await.is_ok(), "the code was not touched");
}

#[tokio::test]
async fn a_revoked_register_cannot_join_again_and_stays_revoked() {
    let shop = Shop::open();
    let till = shop.join("Caisse 1").await;
    assert!(pos_server::revoke(&shop.place.location, till.device_id, &shop.clock()).unwrap());
    assert!(till.session.hello().await.is_err(), "at once, though the server knew the token");
    let code = invite(&shop.place.location, &shop.clock()).unwrap().code;
    let (request, _) = shop.request("Caisse 1", code);
    let again =
        pos_protocol::PairRequest { device_id: till.device_id, public_key: till.key.public(), ..request };
    assert_eq!(code_of(shop.server.pair(again).await), ProblemCode::PairingRefused);
    assert!(
        !pos_server::revoke(&shop.place.location, pos_domain::DeviceId(next_id()), &shop.clock()).unwrap()
    );
}
