//! Pictures: whatever pieces come in whatever order, what is stored under a name has that digest.

use pos_domain::body::EntityKind;
use pos_domain::{AttachmentHash, MAX_ATTACHMENT_BYTES, MediaType, Product};
use pos_protocol::{
    ApiError, AttachmentRefusal, FetchPiece, MAX_PIECE_BYTES, PieceGiven, PieceTaken, Problem, ProblemCode,
    SendPiece, SyncApi,
};
use serde_json::json;

use crate::client::{Ask, get};
use crate::harness::*;
use crate::http::{ask, listen};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Bytes that begin like a JPEG; the server looks at no more of them.
fn picture(bytes: usize, seed: u8) -> Vec<u8> {
    let noise = (0..bytes).map(|n| u8::try_from((n * 31 + usize::from(seed) * 7) % 251).unwrap());
    let mut picture: Vec<u8> = [0xFF, 0xD8, 0xFF, 0xE0].into_iter().chain(noise).collect();
    picture.truncate(bytes);
    picture
}

fn piece(whole: &[u8], from: usize, until: usize) -> SendPiece {
    SendPiece {
        size: u32::try_from(whole.len()).unwrap(),
        offset: u32::try_from(from).unwrap(),
        bytes: whole[from..until.min(whole.len())].to_vec(),
    }
}

async fn sent(till: &Register, whole: &[u8], from: usize, until: usize) -> PieceTaken {
    till.session.send_piece(AttachmentHash::of(whole), piece(whole, from, until)).await.unwrap()
}

fn held(bytes: u32) -> PieceTaken {
    PieceTaken::Held { bytes }
}

fn refused(reason: AttachmentRefusal) -> PieceTaken {
    PieceTaken::Refused { reason }
}

/// Everything that the server gives, in pieces of `limit` bytes.
async fn fetched(till: &Register, hash: AttachmentHash, limit: u32) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let offset = u32::try_from(whole.len()).unwrap();
        match till.session.fetch_piece(hash, FetchPiece { offset, limit }).await.unwrap() {
            PieceGiven::NotHere => return None,
            PieceGiven::Piece { size, media_type, bytes } => {
                assert_eq!(media_type, MediaType::Jpeg);
                assert!(bytes.len() <= usize::try_from(limit).unwrap(), "no more than was asked for");
                whole.extend(bytes);
                if whole.len() >= usize::try_from(size).unwrap() {
                    return Some(whole);
                }
            }
        }
    }
}

/// A product of this picture on the server.
async fn pictured(till: &mut Register, code: &str, whole: &[u8]) -> Product {
    let mut product = product(code);
    product.picture = Some(AttachmentHash::of(whole).to_string());
    till.send(product_create(&product, 1)).await;
    product
}

#[tokio::test]
async fn a_picture_sent_in_pieces_is_given_back_in_any_pieces() {
    let shop = Shop::open();
    let (till, other) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let whole = picture(150_000, 1);
    let hash = AttachmentHash::of(&whole);
    assert_eq!(fetched(&other, hash, 9_000).await, None, "nobody has sent it yet");
    assert_eq!(sent(&till, &whole, 0, 0).await, held(0), "a piece without bytes asks how far the server is");
    assert_eq!(sent(&till, &whole, 0, 60_000).await, held(60_000));
    assert_eq!(fetched(&other, hash, 9_000).await, None, "half a picture is none");
    assert_eq!(sent(&till, &whole, 60_000, 120_000).await, held(120_000));
    assert_eq!(sent(&till, &whole, 120_000, 150_000).await, PieceTaken::Stored);
    for limit in [1_000, 33_333, MAX_PIECE_BYTES] {
        assert_eq!(fetched(&other, hash, limit).await.as_ref(), Some(&whole), "in pieces of {limit}");
    }
    let past_the_end = FetchPiece { offset: 150_000, limit: 10 };
    let PieceGiven::Piece { bytes, .. } = other.session.fetch_piece(hash, past_the_end).await.unwrap() else {
        panic!("it is here")
    };
    assert!(bytes.is_empty(), "nothing lies behind the end");
}

#[tokio::test]
async fn after_any_lost_or_doubled_piece_the_sender_hears_where_to_go_on() {
    let shop = Shop::open();
    let till = shop.join("Caisse").await;
    let whole = picture(100_000, 2);
    assert_eq!(
        sent(&till, &whole, 40_000, 80_000).await,
        held(0),
        "the first piece never came: no hole is made"
    );
    assert_eq!(sent(&till, &whole, 0, 40_000).await, held(40_000));
    assert_eq!(sent(&till, &whole, 0, 40_000).await, held(40_000), "its answer was lost, and it came twice");
    assert_eq!(sent(&till, &whole, 20_000, 60_000).await, held(40_000), "an overlapping piece is not taken");
    assert_eq!(sent(&till, &whole, 90_000, 100_000).await, held(40_000), "nor one behind a hole");
    drop(till);
    let shop = shop.reopen();
    let till = shop.join("Caisse 2").await;
    assert_eq!(
        sent(&till, &whole, 0, 0).await,
        held(40_000),
        "a server that was killed goes on where it was"
    );
    assert_eq!(sent(&till, &whole, 40_000, 100_000).await, PieceTaken::Stored);
    assert_eq!(sent(&till, &whole, 40_000, 100_000).await, PieceTaken::Stored, "the last answer was lost");
    assert_eq!(fetched(&till, AttachmentHash::of(&whole), 50_000).await, Some(whole));
}

#[tokio::test]
async fn two_registers_that_add_the_same_picture_store_it_once() {
    let shop = Shop::open();
    let (first, second) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let whole = picture(90_000, 3);
    assert_eq!(sent(&first, &whole, 0, 30_000).await, held(30_000));
    assert_eq!(sent(&second, &whole, 0, 0).await, held(30_000), "what the other sent need not be sent again");
    assert_eq!(sent(&second, &whole, 30_000, 90_000).await, PieceTaken::Stored);
    assert_eq!(sent(&first, &whole, 30_000, 60_000).await, PieceTaken::Stored);
    assert_eq!(fetched(&first, AttachmentHash::of(&whole), 64_000).await, Some(whole));
}

#[tokio::test]
async fn bytes_that_do_not_have_the_digest_are_never_stored_under_it() {
    let shop = Shop::open();
    let till = shop.join("Caisse").await;
    let (whole, mut spoilt) = (picture(50_000, 4), picture(50_000, 4));
    spoilt[30_000] ^= 1;
    let hash = AttachmentHash::of(&whole);
    let first = till.session.send_piece(hash, piece(&spoilt, 0, 40_000)).await.unwrap();
    assert_eq!(first, held(40_000));
    let last = till.session.send_piece(hash, piece(&spoilt, 40_000, 50_000)).await.unwrap();
    assert_eq!(last, refused(AttachmentRefusal::WrongHash));
    assert_eq!(fetched(&till, hash, 64_000).await, None, "nothing of it was kept");
    assert_eq!(sent(&till, &whole, 0, 50_000).await, PieceTaken::Stored, "the right bytes are still welcome");
}

#[tokio::test]
async fn a_sender_who_is_wrong_about_the_length_does_not_stop_the_one_who_is_right() {
    let shop = Shop::open();
    let till = shop.join("Caisse").await;
    let whole = picture(50_000, 5);
    let hash = AttachmentHash::of(&whole);
    let longer = SendPiece { size: 60_000, ..piece(&whole, 0, 40_000) };
    assert_eq!(till.session.send_piece(hash, longer).await.unwrap(), held(40_000));
    assert_eq!(sent(&till, &whole, 40_000, 50_000).await, held(40_000));
    assert_eq!(sent(&till, &whole, 0, 50_000).await, PieceTaken::Stored, "whoever begins anew is believed");
}

#[tokio::test]
async fn only_pictures_of_a_bearable_size_are_taken() {
    let shop = Shop::open();
    let till = shop.join("Caisse").await;
    let page = b"<!doctype html><script>alert(1)</script>".to_vec();
    assert_eq!(sent(&till, &page, 0, page.len()).await, refused(AttachmentRefusal::NotAPicture));
    let whole = picture(1_000, 6);
    let hash = AttachmentHash::of(&whole);
    for (size, offset) in [(0, 0), (MAX_ATTACHMENT_BYTES + 1, 0), (500, 0), (1_000, 10), (1_000, u32::MAX)] {
        let sent = SendPiece { size, offset, bytes: whole.clone() };
        let taken = till.session.send_piece(hash, sent).await.unwrap();
        assert_eq!(taken, refused(AttachmentRefusal::WrongSize), "{size} bytes from {offset}");
    }
    let large = picture(usize::try_from(MAX_ATTACHMENT_BYTES).unwrap(), 7);
    let piece_bytes = usize::try_from(MAX_PIECE_BYTES).unwrap();
    assert_eq!(
        sent(&till, &large, 0, piece_bytes + 1).await,
        refused(AttachmentRefusal::WrongSize),
        "a piece has a bound too"
    );
    for from in (0..large.len()).step_by(piece_bytes) {
        sent(&till, &large, from, from + piece_bytes).await;
    }
    assert_eq!(fetched(&till, AttachmentHash::of(&large), MAX_PIECE_BYTES).await, Some(large));
}

#[tokio::test]
async fn a_picture_goes_when_no_product_has_named_it_for_ninety_days_and_not_before() {
    let shop = Shop::open();
    let mut till = shop.join("Caisse").await;
    let (milk, bread) = (picture(10_000, 8), picture(10_000, 9));
    let product = pictured(&mut till, "LAIT", &milk).await;
    for whole in [&milk, &bread] {
        assert_eq!(sent(&till, whole, 0, 10_000).await, PieceTaken::Stored);
    }
    let begun = picture(10_000, 10);
    assert_eq!(sent(&till, &begun, 0, 5_000).await, held(5_000));

    let swept = shop.server.sweep_attachments().await.unwrap();
    assert_eq!((swept.removed, swept.unnamed), (0, 1), "bread is named by nobody from now on");
    shop.pass_ms(8 * DAY_MS);
    let swept = shop.server.sweep_attachments().await.unwrap();
    assert_eq!((swept.removed, swept.unnamed), (1, 1), "the beginning whose rest never came is gone");
    assert_eq!(sent(&till, &begun, 0, 0).await, held(0));
    shop.pass_ms(83 * DAY_MS);
    let swept = shop.server.sweep_attachments().await.unwrap();
    assert_eq!((swept.removed, swept.unnamed), (1, 0));
    assert_eq!(
        fetched(&till, AttachmentHash::of(&bread), 64_000).await,
        None,
        "bread has been gone for long"
    );
    assert_eq!(fetched(&till, AttachmentHash::of(&milk), 64_000).await.as_ref(), Some(&milk), "milk is sold");

    let before = json!(product.picture);
    let id = product.product_id.0;
    till.send(edit(EntityKind::Product, id, 1, "picture", (before.clone(), json!(null)), 10)).await;
    let swept = shop.server.sweep_attachments().await.unwrap();
    assert_eq!((swept.removed, swept.unnamed), (0, 1));
    till.send(edit(EntityKind::Product, id, 2, "picture", (json!(null), before), 20)).await;
    let swept = shop.server.sweep_attachments().await.unwrap();
    assert_eq!((swept.removed, swept.unnamed), (0, 0), "who is named again starts anew");
    shop.pass_ms(91 * DAY_MS);
    shop.server.sweep_attachments().await.unwrap();
    assert_eq!(fetched(&till, AttachmentHash::of(&milk), 64_000).await, Some(milk));
}

#[tokio::test]
async fn a_revoked_register_neither_sends_nor_fetches() {
    let shop = Shop::open();
    let till = shop.join("Caisse").await;
    let whole = picture(10_000, 11);
    assert_eq!(sent(&till, &whole, 0, 5_000).await, held(5_000));
    pos_server::revoke(&shop.place.location, till.device_id, &shop.clock()).unwrap();
    let hash = AttachmentHash::of(&whole);
    let send = till.session.send_piece(hash, piece(&whole, 5_000, 10_000)).await.unwrap_err();
    let fetch = till.session.fetch_piece(hash, FetchPiece { offset: 0, limit: 10 }).await.unwrap_err();
    for refusal in [send, fetch] {
        let ApiError::Refused { problem } = refusal else { panic!("{refusal:?}") };
        assert_eq!(problem.code, ProblemCode::Revoked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_crosses_the_wire_and_a_name_that_is_no_digest_is_refused() {
    let shop = Shop::open();
    let http = listen(&shop, false);
    let till = shop.join("Caisse").await;
    let whole = picture(100_000, 12);
    let path = format!("/v1/attachments/{}", AttachmentHash::of(&whole));
    for (from, until) in [(0, 50_000), (50_000, 100_000)] {
        let body = serde_json::to_vec(&piece(&whole, from, until)).unwrap();
        let put = Ask { method: "PUT", body, ..get(&path, &till.token) };
        let taken: PieceTaken = ask(http.address(), put).await.json();
        assert_eq!(taken, if until < 100_000 { held(50_000) } else { PieceTaken::Stored });
    }
    let given: PieceGiven =
        ask(http.address(), get(&format!("{path}?offset=49990&limit=64"), &till.token)).await.json();
    let bytes = whole[49_990..50_000].to_vec();
    assert_eq!(
        given,
        PieceGiven::Piece { size: 100_000, media_type: MediaType::Jpeg, bytes },
        "to the piece's end"
    );
    for name in ["..%2f..%2fetc", "0", &"F".repeat(64)] {
        let reply =
            ask(http.address(), get(&format!("/v1/attachments/{name}?offset=0&limit=1"), &till.token)).await;
        assert_eq!((reply.status, reply.json::<Problem>().code), (400, ProblemCode::BadRequest), "{name}");
    }
    let stranger = ask(http.address(), get(&format!("{path}?offset=0&limit=1"), "nobody")).await;
    assert_eq!(stranger.status, 401);
    http.stop().await.unwrap();
}
