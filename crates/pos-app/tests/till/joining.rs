//! Shops that begin alone and join later.

use pos_app::view::SyncStateWord;

use crate::shop::{Business, Till, total_on};

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_begun_alone_uploads_everything_in_an_order_that_the_server_takes() {
    let business = Business::open();
    let till = Till::demo().await;
    till.scan("RIZ-5KG", 2).await;
    let sold = till.pay().await.unwrap();
    till.app.connect_shop(&business.url(), &business.code()).await.unwrap();
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.dead, status.failed, status.pending), (0, 0, 0), "nothing came before what it names");
    assert_eq!(status.state, SyncStateWord::Synced);
    assert_eq!(total_on(&business), sold.total.minor());
    let stock = business.records().stock("RIZ-5KG").unwrap().unwrap();
    assert_eq!(stock.on_hand.milli(), 38_000, "forty were there");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_register_gets_the_catalogue_and_somebody_who_sells() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    let state = second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap().value;
    assert_eq!(state.shop.unwrap().series, "R2");
    assert!(state.cashier.is_some(), "somebody stands at the register");
    assert_eq!(second.count_products().await, first.count_products().await);
    second.scan("RIZ-5KG", 1).await;
    assert_eq!(second.pay().await.unwrap().number, "R2-000001");
}
