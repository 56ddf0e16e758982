//! A business that outgrows the file it began in.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, OperationBody};
use pos_protocol::{FetchPiece, Mode, PieceGiven, PieceTaken, PushRequest, SendPiece, SyncApi, Verdict};
use pos_server::{Location, Records, Server, ServerError, move_to_postgres};

use crate::cluster::cluster;
use crate::harness::*;
use crate::store::Place;

/// A shop on an embedded database.
fn embedded() -> Shop {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let now = Arc::new(AtomicI64::new(OPENING_MS));
    let settings = ShopSettings::new("Boutique Kaloum", Currency::from_iso("GNF").unwrap(), "fr-GN");
    let place = Place {
        location: Location::embedded(folder.path()),
        folder,
        database: cluster().database().unwrap(),
    };
    let server = Server::open(&place.location, Some(&settings), clock(&now)).unwrap();
    Shop { place, server, now }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_moves_whole_and_its_registers_go_on_as_before() {
    let shop = embedded();
    let mut till = shop.join("Caisse").await;
    let milk = product("LAIT");
    till.send(product_create(&milk, 5)).await;
    let document = till.sale(&[(&milk, 7)]);
    let operation = till.operation(&OperationBody::SaleComplete(Box::new(document.clone())), Mode::Fact);
    let link = till.seal(&document, &operation);
    let push = PushRequest { chain: vec![link], ..push_of(&till, vec![operation.clone()]) };
    let sold = till.push_all(push).await.verdicts.remove(0);
    let page = till.pull(till.start().await, 3).await;
    assert!(page.has_more);
    let rest = till.pull(page.next.clone(), 5_000).await.rows;

    let (picture, hash) = {
        let picture: Vec<u8> = [0xFF, 0xD8, 0xFF].into_iter().chain(0..200).collect();
        let hash = pos_domain::AttachmentHash::of(&picture);
        (picture, hash)
    };
    let piece = SendPiece { size: 203, offset: 0, bytes: picture.clone() };
    assert_eq!(till.session.send_piece(hash, piece).await.unwrap(), PieceTaken::Stored);

    let Shop { place, server, now } = shop;
    let path = place.folder.path();
    let there = Location::postgres(path, &cluster().server_url(&place.database), None).unwrap();
    let busy = move_to_postgres(&there, None).unwrap_err();
    assert!(matches!(busy, ServerError::Lock(_)), "not while a server sells from it: {busy:?}");
    // Its session holds the server too: another shop's stands in for it meanwhile.
    drop(server);
    till.session = Shop::open().join("Bureau").await.session;
    let moved = move_to_postgres(&there, None).unwrap();
    assert_eq!(moved.business, "Boutique Kaloum");
    let again = move_to_postgres(&there, None).unwrap_err();
    assert!(matches!(again, ServerError::Moved), "{again:?}");
    let old = Server::open(path, Some(&till.joined.business.settings), clock(&now)).unwrap_err();
    assert!(matches!(old, ServerError::Moved), "two servers must not go on from one file: {old:?}");

    let server = Server::open(&there, None, clock(&now)).unwrap();
    till.session = server.authenticate(&till.token).await.expect("the same token");
    let same = till.push(vec![operation]).await.remove(0);
    assert!(same.duplicate && feed_seq(&same.verdict) == feed_seq(&sold.verdict), "the same verdict");
    assert_eq!(till.pull(page.next, 5_000).await.rows, rest, "the same cursor goes on");
    assert_eq!(till.stock(&milk).await, (0, 2));
    let fetched = till.session.fetch_piece(hash, FetchPiece { offset: 0, limit: 1_000 }).await.unwrap();
    let moved = PieceGiven::Piece { size: 203, media_type: pos_domain::MediaType::Jpeg, bytes: picture };
    assert_eq!(fetched, moved, "pictures move as well");
    assert_eq!(till.conflict().await.op_id, sold.op_id);
    let next = till.sale(&[(&milk, 1)]);
    let (_, refused) = till.ask(&next).await;
    assert!(matches!(refused, Verdict::InsufficientStock { .. }), "{refused:?}");
    assert_eq!(
        Records::open(&there).unwrap().verify().unwrap(),
        [],
        "chains, sums and balances hold there too"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_moves_nothing() {
    let shop = embedded();
    let Shop { place, server, now } = shop;
    drop(server);
    let there =
        Location::postgres(place.folder.path(), &cluster().server_url(&place.database), None).unwrap();
    let settings = ShopSettings::new("Boutique Kaloum", Currency::from_iso("GNF").unwrap(), "fr-GN");
    let other = Place::beside(&place.database, None);
    pos_server::found(&other.location, &settings, &clock(&now)).unwrap();
    let taken = move_to_postgres(&there, None).unwrap_err();
    assert!(matches!(taken, ServerError::AlreadyInitialised), "{taken:?}");
    drop(Server::open(&place.location, None, clock(&now)).expect("the business is where it was"));
    let moved = move_to_postgres(&there, Some("Boutique Kaloum 2")).unwrap();
    assert_eq!(moved.business, "Boutique Kaloum 2");
}
