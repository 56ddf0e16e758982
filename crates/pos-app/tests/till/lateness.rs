//! A clock that is set while a customer waits: the claim on the sale's operation seems to have run out.
//!
//! The model of the checkout found both cases (docs/MODEL.md): the sale ended, its operation stayed behind, and nobody
//! would ever have sent it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pos_app::view::{SaleCompleted, SaleSync};
use pos_app::{App, AppError, AppOptions, Clock, ErrorCode, OpenAccess};
use pos_domain::{Tender, TenderKind};
use pos_testkit::proxy::{Fault, Proxy};
use tokio::sync::Barrier;

use crate::shop::{Business, Till, total_on};

/// A till whose clock the test sets.
async fn till_with_clock(business: &Business, proxy: &Proxy) -> (Till, Arc<AtomicI64>) {
    let folder = tempfile::tempdir().unwrap();
    let ahead_ms = Arc::new(AtomicI64::new(0));
    let (real, ahead) = (Clock::system(), Arc::clone(&ahead_ms));
    let clock = Clock::from_fn(move || real.now_ms() + ahead.load(Ordering::SeqCst));
    let options = AppOptions {
        dir: folder.path().to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock,
    };
    let app = App::open(options).await.unwrap();
    app.join_shop(&proxy.url(), &business.code(), "Caisse 2").await.unwrap();
    (Till { folder, app }, ahead_ms)
}

/// Sells the open cart; while the server is asked the clock is set two hours ahead, and a round of the sync looks at
/// the queue.
async fn sell_while_the_clock_is_set(
    till: &Till,
    proxy: &Proxy,
    ahead_ms: &AtomicI64,
) -> Result<SaleCompleted, AppError> {
    let gate = Arc::new(Barrier::new(2));
    proxy.next_push(Fault::Meet(Arc::clone(&gate)));
    let due = till.app.cart().await.unwrap().value.payable_cash;
    let tender = Tender { kind: TenderKind::Cash, amount: due, reference: None };
    let (app, request) = (till.app.clone(), till.app.new_id());
    let selling = tokio::spawn(async move { app.complete_sale(request, vec![tender]).await });
    while till.app.sync_status().await.unwrap().value.in_flight == 0 {
        tokio::task::yield_now().await;
    }
    ahead_ms.store(2 * 60 * 60 * 1_000, Ordering::SeqCst);
    till.app.sync_now().await.unwrap();
    assert_eq!(till.app.sync_status().await.unwrap().value.in_flight, 0, "the claim seems to have run out");
    gate.wait().await;
    Ok(selling.await.unwrap()?.value)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_is_admitted_after_its_claim_ran_out_leaves_no_operation_behind() {
    let business = Business::open();
    let _first = Till::joined(&business, &business.url()).await;
    let proxy = Proxy::lay(business.address).unwrap();
    let (till, ahead_ms) = till_with_clock(&business, &proxy).await;
    till.scan("RIZ-5KG", 2).await;
    let sold = sell_while_the_clock_is_set(&till, &proxy, &ahead_ms).await.unwrap();
    till.app.sync_now().await.unwrap();
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead), (0, 0), "the server's verdict was heard in the end");
    assert_eq!(till.app.receipt(sold.sale_id).await.unwrap().value.sync, SaleSync::Applied);
    assert_eq!(total_on(&business), sold.total.minor(), "and the server has it once");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_is_refused_after_its_claim_ran_out_leaves_no_operation_behind() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let proxy = Proxy::lay(business.address).unwrap();
    let (till, ahead_ms) = till_with_clock(&business, &proxy).await;
    first.scan("TABLETTE", 1).await;
    let sold = first.pay().await.unwrap();
    till.scan("TABLETTE", 1).await;
    let refused = sell_while_the_clock_is_set(&till, &proxy, &ahead_ms).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleInsufficientStock);
    till.app.sync_now().await.unwrap();
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead), (0, 0), "it is over on both sides");
    assert_eq!(total_on(&business), sold.total.minor(), "only the first till's sale stands");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}
