//! From the cart to the receipt, whatever the network does.

use pos_app::view::SaleSync;
use pos_app::{App, ErrorCode};
use pos_domain::{Tender, TenderKind};
use pos_testkit::proxy::{Fault, Proxy};
use serde_json::json;

use crate::shop::{Business, Till, options, total_on};

#[tokio::test(flavor = "multi_thread")]
async fn pressing_twice_at_once_sells_once() {
    let till = Till::demo().await;
    till.scan("RIZ-5KG", 1).await;
    let due = till.app.cart().await.unwrap().value.payable_cash;
    let (request, tender) =
        (till.app.new_id(), Tender { kind: TenderKind::Cash, amount: due, reference: None });
    let press = || till.app.complete_sale(request, vec![tender.clone()]);
    let (first, second) = tokio::join!(press(), press());
    let (first, second) = (first.unwrap().value, second.unwrap().value);
    assert_eq!(first.number, second.number, "the second press finds what the first one did");
    let sales = till.app.list_sales(String::new(), None, 10).await.unwrap().value;
    assert_eq!(sales.items.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_gives_the_cart_back_and_uses_no_number() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    first.scan("TABLETTE", 1).await;
    first.pay().await.unwrap();
    second.scan("TABLETTE", 1).await;
    second.scan("RIZ-5KG", 1).await;
    let before = second.app.cart().await.unwrap().value;
    let refused = second.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleInsufficientStock);
    assert_eq!(refused.params["lines"][0]["code"], "TABLETTE");
    assert_eq!(refused.params["lines"][0]["available"], json!(0));
    let after = second.app.cart().await.unwrap().value;
    assert_eq!(after.lines.len(), before.lines.len(), "the cart is given back");
    let tablet = after.lines.iter().find(|l| l.item.code == "TABLETTE").unwrap().item.line_id;
    second.app.set_line(tablet, Some(pos_domain::Quantity::ZERO), None, false, None).await.unwrap();
    assert_eq!(second.pay().await.unwrap().number, "R2-000001", "the refused sale used no number");
    second.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_leaves_a_sale_that_stands_and_is_sent_once() {
    let business = Business::open();
    let proxy = Proxy::lay(business.address).unwrap();
    let till = Till::joined(&business, &proxy.url()).await;
    till.scan("RIZ-5KG", 2).await;
    proxy.next_push(Fault::LoseReply);
    let sold = till.pay().await.unwrap();
    assert_eq!(sold.sync, SaleSync::Queued, "unknown is not refused");
    till.app.sync_now().await.unwrap();
    assert_eq!(total_on(&business), sold.total.minor(), "the server had it already and has it once");
    assert_eq!(till.app.receipt(sold.sale_id).await.unwrap().value.sync, SaleSync::Applied);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_whose_sales_need_the_server_gets_its_cart_back_and_the_server_forgets_the_sale() {
    let business = Business::open();
    let proxy = Proxy::lay(business.address).unwrap();
    let till = Till::joined(&business, &proxy.url()).await;
    till.app.set_setting("sales_need_server", json!(true)).await.unwrap();
    till.app.sync_now().await.unwrap();
    till.scan("RIZ-5KG", 2).await;
    proxy.next_push(Fault::LoseReply);
    let refused = till.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleNeedsServer);
    assert_eq!(till.app.cart().await.unwrap().value.lines.len(), 1, "the cart is kept");
    till.app.sync_now().await.unwrap();
    assert_eq!(total_on(&business), 0, "the server had taken it and took it back");
    let stock = business.records().stock("RIZ-5KG").unwrap().unwrap();
    assert_eq!(stock.on_hand.milli(), 40_000);
    assert_eq!(
        till.app.find_stock("RIZ-5KG".into()).await.unwrap().value.stock.unwrap().shown.milli(),
        40_000
    );
    assert_eq!(till.pay().await.unwrap().number, "R1-000001", "with the server back it sells");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

/// The program ends between the question and its end: the sale is finished at the next start, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_was_stopped_while_the_server_was_asked_is_finished_at_the_next_start() {
    for (fault, server_back) in
        [(Fault::SilenceAfter, true), (Fault::Silence, true), (Fault::SilenceAfter, false)]
    {
        let mut business = Business::open();
        let proxy = Proxy::lay(business.address).unwrap();
        let till = Till::joined(&business, &proxy.url()).await;
        till.scan("RIZ-5KG", 2).await;
        proxy.next_push(fault.clone());
        let Till { folder, app } = till;
        let due = app.cart().await.unwrap().value.payable_cash;
        let tender = Tender { kind: TenderKind::Cash, amount: due, reference: None };
        let (asked, request) = (app.clone(), app.new_id());
        let selling = tokio::spawn(async move { asked.complete_sale(request, vec![tender]).await });
        tokio::task::block_in_place(|| proxy.wait_for_silences(1, std::time::Duration::from_secs(60)))
            .unwrap();
        selling.abort();
        assert!(selling.await.unwrap_err().is_cancelled(), "it was stopped in the middle");
        app.close().await.unwrap();
        proxy.behave();
        if !server_back {
            business.stop().await;
        }
        let app = App::open(options(folder.path())).await.unwrap();
        let sales = app.list_sales(String::new(), None, 10).await.unwrap().value.items;
        assert_eq!(sales.len(), 1, "finished once: {fault:?}");
        assert_eq!(app.cart().await.unwrap().value.lines.len(), 0, "its cart is gone");
        if !server_back {
            business.start();
        }
        app.sync_now().await.unwrap();
        assert_eq!(total_on(&business), due.minor(), "and the server has it once: {fault:?}");
        assert_eq!(business.records().verify().unwrap(), []);
        Till { folder, app }.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_that_may_not_be_sold_offline_are_refused_before_anything_is_written() {
    let till = Till::demo().await;
    till.scan("TABLETTE", 2).await;
    let refused = till.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleBlockedOffline);
    assert_eq!(refused.params["lines"][0]["available"], json!(1_000));
    assert_eq!(till.app.list_sales(String::new(), None, 10).await.unwrap().value.items, []);
    let line = till.app.cart().await.unwrap().value.lines[0].item.line_id;
    till.app.set_line(line, Some(pos_domain::Quantity::ONE), None, false, None).await.unwrap();
    assert_eq!(till.pay().await.unwrap().number, "R1-000001");
}
