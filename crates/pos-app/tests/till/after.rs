//! What happens after a sale: goods come back, a whole sale is taken back, goods are exchanged. Never more than was sold,
//! whoever asks and whatever the network or the power does.

use std::time::Duration;

use pos_app::view::{GoodsBack, RefundSource, ReturnReason, SaleCompleted, SaleSync, VoidRefusal};
use pos_app::{App, AppError, Close, Counted, ErrorCode, Permission, RefundWish, WhatBack};
use pos_domain::authority::Need;
use pos_domain::{ConflictKind, Discount, Money, Quantity, Rate, Role, SaleKind, Tender, TenderKind};
use pos_testkit::proxy::{Fault, Proxy};

use crate::shop::{Business, Till, minor, options, total_on};

fn pieces(pieces: i64) -> Quantity {
    Quantity::from_units(pieces).unwrap()
}

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn goods(code: &str, qty: i64) -> GoodsBack {
    GoodsBack {
        line_id: None,
        code: Some(code.to_owned()),
        qty: pieces(qty),
        unit_price: None,
        serials: vec![],
    }
}

fn what(number: &str, lines: Vec<GoodsBack>) -> WhatBack {
    WhatBack { number: number.to_owned(), lines, with_cart: false }
}

/// A refund with the money going back as the register proposes.
async fn wish(app: &App, what: WhatBack) -> Result<RefundWish, AppError> {
    let tenders = app.quote_refund(what.clone()).await?.value.proposed;
    let (request_id, reason) = (app.new_id(), ReturnReason::Defective);
    Ok(RefundWish { request_id, what, reason, note: None, tenders, approval_id: None, customer_id: None })
}

async fn refund(till: &Till, number: &str, code: &str, qty: i64) -> Result<SaleCompleted, AppError> {
    let wish = wish(&till.app, what(number, vec![goods(code, qty)])).await?;
    Ok(till.app.complete_refund(wish).await?.value)
}

async fn void(till: &Till, number: &str) -> Result<SaleCompleted, AppError> {
    Ok(till.app.void_sale(till.app.new_id(), number, ReturnReason::WrongItem, None).await?.value)
}

async fn shown(till: &Till, code: &str) -> i64 {
    till.app.find_stock(code.to_owned()).await.unwrap().value.stock.unwrap().shown.milli() / 1_000
}

async fn sell(till: &Till, code: &str, qty: i64) -> SaleCompleted {
    till.scan(code, qty).await;
    till.pay().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_never_comes_back_again_and_its_money_neither() {
    let till = Till::demo().await;
    let before = shown(&till, "RIZ-5KG").await;
    till.scan("RIZ-5KG", 3).await;
    till.app
        .set_cart_discount(Some(Discount::Percent(Rate::from_ppm(100_000).unwrap())), None)
        .await
        .unwrap();
    let sold = till.pay().await.unwrap();
    let wanted = wish(&till.app, what(&sold.number, vec![goods("RIZ-5KG", 1)])).await.unwrap();
    let first = till.app.complete_refund(wanted.clone()).await.unwrap().value;
    let again = till.app.complete_refund(wanted).await.unwrap().value;
    assert_eq!(again.number, first.number, "the same press gives nothing more back");
    assert_eq!(first.receipt.document.head.kind, SaleKind::Refund);
    let named = first.receipt.document.head.original.clone().unwrap();
    assert_eq!((named.sale_id, named.number.as_deref()), (Some(sold.sale_id), Some(sold.number.as_str())));
    let beyond = refund(&till, &sold.number, "RIZ-5KG", 3).await.unwrap_err();
    assert_eq!(beyond.code, ErrorCode::RefundBeyond);
    assert_eq!(beyond.params["lines"][0]["available"], 2_000, "it says how much may still come back");
    let rest = refund(&till, &sold.number, "RIZ-5KG", 2).await.unwrap();
    assert_eq!(
        minor(first.payable) + minor(rest.payable),
        -minor(sold.payable),
        "the parts give back what was paid, discount and all"
    );
    let beyond = refund(&till, &sold.number, "RIZ-5KG", 1).await.unwrap_err();
    assert_eq!(beyond.code, ErrorCode::RefundBeyond);
    assert_eq!(shown(&till, "RIZ-5KG").await, before, "all of it is on the shelf again");
    let draft = till.app.draft_refund(&sold.number).await.unwrap().value;
    assert_eq!((draft.source, draft.lines[0].left), (RefundSource::Here, Quantity::ZERO));
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_void_is_the_mirror_of_its_sale_and_happens_once() {
    let till = Till::demo().await;
    let before = shown(&till, "RIZ-5KG").await;
    till.scan("RIZ-5KG", 2).await;
    let due = till.app.cart().await.unwrap().value.payable_cash;
    let more = Tender { kind: TenderKind::Cash, amount: due.plus(money(5_000)).unwrap(), reference: None };
    let sold = till.app.complete_sale(till.app.new_id(), vec![more]).await.unwrap().value;
    assert_eq!(minor(sold.change), 5_000);
    let voided = void(&till, &sold.number).await.unwrap();
    let document = &voided.receipt.document;
    assert_eq!(document.head.kind, SaleKind::Void);
    assert_eq!((document.total, voided.payable), (sold.total.negated(), sold.payable.negated()));
    assert_eq!(
        minor(voided.tendered),
        -minor(sold.payable),
        "what stayed in the drawer leaves it, not the change"
    );
    assert_eq!(shown(&till, "RIZ-5KG").await, before);
    let refused = void(&till, &sold.number).await.unwrap_err();
    assert_eq!((refused.code, &refused.params["reason"]), (ErrorCode::SaleNotVoidable, &"refunded".into()));
    assert_eq!(refund(&till, &sold.number, "RIZ-5KG", 1).await.unwrap_err().code, ErrorCode::RefundBeyond);
    let of_void = void(&till, &voided.number).await.unwrap_err();
    assert_eq!(of_void.params["reason"], "not_a_sale");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_of_another_register_come_back_within_what_is_left_on_any_of_them() {
    let mut business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    let sold = sell(&first, "RIZ-5KG", 3).await;
    first.app.sync_now().await.unwrap();
    let draft = second.app.draft_refund(&sold.number).await.unwrap().value;
    assert_eq!((draft.source, draft.lines[0].left), (RefundSource::Server, pieces(3)));
    let back = refund(&second, &sold.number, "RIZ-5KG", 2).await.unwrap();
    assert_eq!(back.sync, SaleSync::Applied, "the server was asked");
    assert_eq!(
        void(&second, &sold.number).await.unwrap_err().params["reason"],
        "other_register",
        "whoever has the drawer voids"
    );
    let beyond = refund(&first, &sold.number, "RIZ-5KG", 2).await.unwrap_err();
    assert_eq!(beyond.code, ErrorCode::RefundBeyond, "the first register did not know, the server did");
    assert_eq!(beyond.params["lines"][0]["available"], 1_000);
    refund(&first, &sold.number, "RIZ-5KG", 1).await.unwrap();
    assert_eq!(total_on(&business), 0, "all of it was paid back");
    assert_eq!(business.records().verify().unwrap(), []);
    business.stop().await;
    let unknown = second.app.draft_refund("R1-000099").await.unwrap().value;
    assert_eq!((unknown.source, unknown.lines.len()), (RefundSource::Nobody, 0));
    for till in [first, second] {
        till.verify().await;
    }
}

/// Nobody can be asked, so the sale is typed in; the register that sold it gives it back as well. A person decides.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_typed_in_while_apart_that_goes_beyond_its_sale_becomes_a_conflict() {
    let mut business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    let sold = sell(&first, "RIZ-5KG", 2).await;
    first.app.sync_now().await.unwrap();
    refund(&first, &sold.number, "RIZ-5KG", 2).await.unwrap();
    business.stop().await;
    let typed = refund(&second, &sold.number, "RIZ-5KG", 2).await.unwrap();
    assert_eq!(typed.sync, SaleSync::Queued, "the customer has the money");
    business.start();
    second.app.sync_now().await.unwrap();
    let conflicts = second.app.list_conflicts(true).await.unwrap().value;
    let beyond = conflicts.iter().find(|c| c.conflict.kind == ConflictKind::RefundBeyondBounds).unwrap();
    assert_eq!(beyond.conflict.refund.as_ref().unwrap().beyond, typed.total.negated());
    assert_eq!(business.records().verify().unwrap(), []);
    for till in [first, second] {
        till.verify().await;
    }
}

/// The power goes while the server is asked: the refund is finished at the next start, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_was_stopped_while_the_server_was_asked_is_finished_once() {
    for fault in [Fault::SilenceAfter, Fault::Silence] {
        let business = Business::open();
        let proxy = Proxy::lay(business.address).unwrap();
        let till = Till::joined(&business, &proxy.url()).await;
        let sold = sell(&till, "RIZ-5KG", 2).await;
        let wish = wish(&till.app, what(&sold.number, vec![goods("RIZ-5KG", 2)])).await.unwrap();
        proxy.next_push(fault.clone());
        let Till { folder, app } = till;
        let asked = app.clone();
        let pressed = wish.clone();
        let refunding = tokio::spawn(async move { asked.complete_refund(pressed).await });
        tokio::task::block_in_place(|| proxy.wait_for_silences(1, Duration::from_secs(60))).unwrap();
        refunding.abort();
        assert!(refunding.await.unwrap_err().is_cancelled(), "it was stopped in the middle");
        app.close().await.unwrap();
        proxy.behave();
        let app = App::open(options(folder.path())).await.unwrap();
        let again = app.complete_refund(wish).await.unwrap().value;
        assert_eq!(again.number, "R1-000002", "the same press finds what the start finished: {fault:?}");
        app.sync_now().await.unwrap();
        assert_eq!(total_on(&business), 0, "paid back once: {fault:?}");
        assert_eq!(business.records().verify().unwrap(), []);
        Till { folder, app }.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_is_one_document_whose_difference_is_paid_and_whose_cart_is_gone() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let (rice, oil) = (shown(&till, "RIZ-5KG").await, shown(&till, "HUILE-1L").await);
    let sold = sell(&till, "HUILE-1L", 1).await;
    till.scan("RIZ-5KG", 1).await;
    let mut wanted = what(&sold.number, vec![goods("HUILE-1L", 1)]);
    wanted.with_cart = true;
    let quote = till.app.quote_refund(wanted.clone()).await.unwrap().value;
    assert!(!quote.pays_back, "rice costs more than oil");
    assert_eq!(minor(quote.payable_cash), minor(quote.instead) - minor(quote.back));
    let wish = wish(&till.app, wanted).await.unwrap();
    let done = till.app.complete_refund(wish).await.unwrap().value;
    let document = &done.receipt.document;
    assert_eq!((document.head.kind, document.lines.len()), (SaleKind::Sale, 2));
    assert_eq!(done.payable, quote.payable_cash);
    assert_eq!(till.app.cart().await.unwrap().value.lines.len(), 0, "the cart was sold");
    assert_eq!((shown(&till, "RIZ-5KG").await, shown(&till, "HUILE-1L").await), (rice - 1, oil));
    let again = refund(&till, &sold.number, "HUILE-1L", 1).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::RefundBeyond, "what was exchanged does not come back again");
    refund(&till, &done.number, "RIZ-5KG", 1).await.unwrap();
    assert_eq!(total_on(&business), 0, "the customer has it all back");
    assert_eq!(business.records().verify().unwrap(), []);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_goes_back_as_it_came_and_never_more_by_mobile_money_than_was_paid_so() {
    let till = Till::demo().await;
    till.scan("RIZ-5KG", 2).await;
    let due = till.app.cart().await.unwrap().value.payable_other;
    let part = money(10_000);
    let mobile = Tender { kind: TenderKind::Mobile, amount: part, reference: Some("OM-77".to_owned()) };
    let cash = Tender { kind: TenderKind::Cash, amount: due.minus(part).unwrap(), reference: None };
    let sold =
        till.app.complete_sale(till.app.new_id(), vec![mobile.clone(), cash.clone()]).await.unwrap().value;
    let mut wanted = wish(&till.app, what(&sold.number, vec![goods("RIZ-5KG", 2)])).await.unwrap();
    assert_eq!(wanted.tenders, [mobile.clone(), cash], "as it was paid");
    let proposed = wanted.tenders.clone();
    wanted.tenders = vec![Tender { amount: due, ..mobile }];
    let refused = till.app.complete_refund(wanted.clone()).await.unwrap_err();
    assert_eq!((refused.code, &refused.params["most"]), (ErrorCode::RefundTender, &10_000.into()));
    wanted.tenders = proposed;
    till.app.complete_refund(wanted).await.unwrap();
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_z_report_covers_is_refunded_and_never_voided() {
    let till = Till::demo().await;
    till.app.open_shift(till.app.new_id(), Counted::Sum(money(0)), None).await.unwrap();
    let sold = sell(&till, "RIZ-5KG", 1).await;
    let close = Close { counted: Counted::Sum(sold.payable), note: None };
    till.app.close_shift(till.app.new_id(), close, None).await.unwrap();
    let refused = void(&till, &sold.number).await.unwrap_err();
    assert_eq!((refused.code, &refused.params["reason"]), (ErrorCode::SaleNotVoidable, &"closed".into()));
    let draft = till.app.draft_refund(&sold.number).await.unwrap().value;
    assert_eq!(draft.void_refusal, Some(VoidRefusal::Closed), "the window does not offer it");
    refund(&till, &sold.number, "RIZ-5KG", 1).await.unwrap();
    till.verify().await;
}

/// A cashier alone gives nothing back; with another person's yes to this sale and this much, once.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_take_back_needs_a_yes_to_this_sale_and_this_amount() {
    let till = Till::demo().await;
    let state = till.app.state().await.unwrap().value;
    let of = |role| state.cashiers.iter().find(|c| c.role == role).unwrap().cashier_id;
    let owner = of(Role::Owner);
    let sold = sell(&till, "RIZ-5KG", 2).await;
    till.app.log_in(of(Role::Cashier), None).await.unwrap();
    let mut wanted = wish(&till.app, what(&sold.number, vec![goods("RIZ-5KG", 1)])).await.unwrap();
    let denied = till.app.complete_refund(wanted.clone()).await.unwrap_err();
    assert_eq!(denied.code, ErrorCode::PermissionDenied);
    assert_eq!(denied.params["subject"], serde_json::json!(sold.sale_id), "it says what to ask for");
    let need = Need::of_amount(Permission::Refund, wanted.tenders[0].amount);
    let yes = till.app.give_approval(owner, None, sold.sale_id.0, need).await.unwrap().value;
    wanted.approval_id = Some(yes.approval_id);
    let done = till.app.complete_refund(wanted.clone()).await.unwrap().value;
    assert_eq!(done.receipt.document.head.approvals, [yes], "the yes stands in the document");
    wanted.request_id = till.app.new_id();
    let used = till.app.complete_refund(wanted).await.unwrap_err();
    assert_eq!((used.code, &used.params["reason"]), (ErrorCode::ApprovalRefused, &"used".into()));
    till.verify().await;
}
