//! A phone that a customer gives in payment: netted in the sale, numbered as a swap, in stock with its identity.

use pos_app::view::{GoodsBack, LineNotice, ProductDraft, ReturnReason};
use pos_app::{ErrorCode, RefundWish, TradeIn, WhatBack};
use pos_domain::authority::Need;
use pos_domain::serial::{SerialChange, SerialTracking};
use pos_domain::{
    CashierId, Money, OfflinePolicy, Permission, Product, Quantity, Role, SaleKind, Tender, TenderKind,
};

use crate::shop::{Business, Till, named};

/// Luhn holds for both.
const OLD: &str = "490154203237518";
const NEW: &str = "356938035643809";

fn phone(code: &str, price: &str) -> ProductDraft {
    ProductDraft {
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: code.to_owned(),
        category_id: None,
        unit: "pcs".to_owned(),
        price: price.to_owned(),
        cost: String::new(),
        tax_rate: "18".to_owned(),
        track_stock: true,
        opening_stock: Some("5".to_owned()),
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        archived: false,
        picture: Default::default(),
        tracking: Some(SerialTracking::Imei),
        packs: None,
    }
}

impl Till {
    async fn sells_phones(&self) -> (Product, Product) {
        let new = self.app.create_product(phone("PHONE", "1000000")).await.unwrap().value.product;
        let used = self.app.create_product(phone("USED", "600000")).await.unwrap().value.product;
        (new, used)
    }

    async fn takes_in(&self, product: &Product, serial: &str, given: &str) {
        self.app.trade_in(taken(product, serial, given)).await.unwrap();
    }

    /// Puts a number on the last line of the cart.
    async fn bears(&self, serial: &str) {
        let line = self.app.cart().await.unwrap().value.lines.last().unwrap().item.line_id;
        self.app.set_serials(line, vec![serial.to_owned()]).await.unwrap();
    }

    async fn person(&self, role: Role) -> CashierId {
        let people = self.app.state().await.unwrap().value.cashiers;
        people.into_iter().find(|person| person.role == role).unwrap().cashier_id
    }

    async fn life(&self, serial: &str) -> Vec<SerialChange> {
        let life = self.app.find_serial(serial).await.unwrap().value;
        life.events.iter().map(|event| event.change).collect()
    }

    async fn stock_of(&self, code: &str) -> i64 {
        self.app.find_stock(code.to_owned()).await.unwrap().value.stock.unwrap().shown.milli() / 1_000
    }
}

fn taken(product: &Product, serial: &str, given: &str) -> TradeIn {
    TradeIn {
        product_id: product.product_id,
        serial: serial.to_owned(),
        unit_price: given.to_owned(),
        note: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_taken_in_is_netted_and_is_in_stock_with_its_identity_on_every_register() {
    let business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let (_, used) = first.sells_phones().await;
    first.app.sync_now().await.unwrap();
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    first.scan("PHONE", 1).await;
    first.bears(NEW).await;
    first.takes_in(&used, "49-015420-323751-8", "350000").await;
    let cart = first.app.cart().await.unwrap().value;
    assert_eq!(cart.total.minor(), 650_000, "what was given for the phone is taken off, without tax");
    let sold = first.pay().await.unwrap();
    let document = &sold.receipt.document;
    assert_eq!(document.head.kind, SaleKind::Sale);
    assert_eq!(document.head.swap_number.as_deref(), Some("R1-T000001"));
    assert!(document.lines[1].item.trade_in, "the line says what it is");
    for till in [&first, &second] {
        till.app.sync_now().await.unwrap();
        assert_eq!(till.life(OLD).await, [SerialChange::TradedIn]);
        assert_eq!(till.stock_of("USED").await, 6, "it is on the shelf of every register");
        assert_eq!(till.stock_of("PHONE").await, 4);
    }
    // The other register sells it by its number alone.
    let rung = second.app.scan(OLD).await.unwrap().value;
    assert_eq!(
        (rung.lines[0].item.code.as_str(), &rung.lines[0].item.serials[..]),
        ("USED", &[OLD.to_owned()][..])
    );
    second.pay().await.unwrap();
    second.app.sync_now().await.unwrap();
    first.app.sync_now().await.unwrap();
    assert_eq!(first.life(OLD).await, [SerialChange::TradedIn, SerialChange::Sold]);
    let gone = first.app.scan(OLD).await.unwrap_err();
    assert_eq!((gone.code, &gone.params["last"]), (ErrorCode::SerialNotThere, &"sold".into()));
    assert_eq!(business.records().verify().unwrap(), []);
    first.verify().await;
    second.verify().await;
}

#[tokio::test]
async fn swaps_are_numbered_without_gaps_and_a_refused_one_uses_no_number() {
    let till = Till::demo().await;
    let (_, used) = till.sells_phones().await;
    for (serial, expected) in [(OLD, "R1-T000001"), (NEW, "R1-T000002")] {
        till.scan("RIZ-5KG", 1).await;
        till.takes_in(&used, serial, "1000").await;
        let short = till.app.complete_sale(till.app.new_id(), Vec::new()).await.unwrap_err();
        assert_eq!(short.code, ErrorCode::SaleUnderpaid, "a refused sale between the two");
        let sold = till.pay().await.unwrap();
        assert_eq!(sold.receipt.document.head.swap_number.as_deref(), Some(expected));
    }
    till.scan("RIZ-5KG", 1).await;
    assert_eq!(till.pay().await.unwrap().receipt.document.head.swap_number, None, "a sale alone is no swap");
    till.verify().await;
}

#[tokio::test]
async fn what_must_bear_a_number_is_not_paid_without_one() {
    let till = Till::demo().await;
    till.sells_phones().await;
    till.scan("PHONE", 2).await;
    assert_eq!(till.app.cart().await.unwrap().value.lines[0].missing_serials, 2);
    till.bears(NEW).await;
    let refused = till.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleSerialMissing);
    assert_eq!(refused.params["lines"][0]["pieces"], 1, "one of the two is known");
    let line = till.app.cart().await.unwrap().value.lines[0].item.line_id;
    let unlike =
        till.app.set_serials(line, vec![NEW.to_owned(), "490154203237519".to_owned()]).await.unwrap_err();
    assert_eq!(
        (&unlike.params["field"], &unlike.params["problem"]),
        (&"serial".into(), &"check_digit".into())
    );
    till.app.set_serials(line, vec![NEW.to_owned(), OLD.to_owned()]).await.unwrap();
    till.app.undo_cart().await.unwrap();
    assert_eq!(
        till.app.cart().await.unwrap().value.lines[0].missing_serials,
        1,
        "undo takes numbers back too"
    );
    // One piece less: its number goes with it.
    let qty = Some(pos_domain::Quantity::ONE);
    let cart = till.app.set_line(line, qty, None, false, None).await.unwrap().value;
    assert_eq!((cart.lines[0].missing_serials, cart.lines[0].item.serials.len()), (0, 1));
    till.pay().await.unwrap();
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_phone_is_worth_more_the_shop_pays_out_and_a_cashier_asks_first() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let (_, used) = till.sells_phones().await;
    till.scan("RIZ-5KG", 1).await;
    let rice = till.app.cart().await.unwrap().value.total.minor();
    till.takes_in(&used, OLD, "900000").await;
    assert_eq!(till.app.cart().await.unwrap().value.payable_cash.minor(), rice - 900_000);
    till.app.log_in(till.person(Role::Cashier).await, None).await.unwrap();
    let refused = till.pay().await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied, "money leaves the drawer");
    assert_eq!(refused.params["amount"], 900_000 - rice);
    let subject = refused.params["subject"].as_str().unwrap().parse().unwrap();
    let need = Need::of_amount(Permission::Refund, Money::from_minor(900_000 - rice).unwrap());
    till.app.give_approval(till.person(Role::Owner).await, None, subject, need).await.unwrap();
    let paid = till.pay().await.unwrap();
    assert_eq!(paid.receipt.document.head.kind, SaleKind::Refund);
    assert_eq!(paid.receipt.document.head.approvals.len(), 1, "the document says who said yes");
    assert_eq!(paid.receipt.document.tenders[0].amount.minor(), rice - 900_000, "out of the drawer");
    assert_eq!(till.life(OLD).await, [SerialChange::TradedIn]);
    assert_eq!(till.stock_of("USED").await, 6);
    till.app.sync_now().await.unwrap();
    assert_eq!(business.records().verify().unwrap(), [], "the server took it with the same yes");
    till.verify().await;
}

#[tokio::test]
async fn what_is_paid_out_may_stay_as_store_credit() {
    let till = Till::demo().await;
    let (_, used) = till.sells_phones().await;
    let mariam = till.app.create_customer(named("Mariam")).await.unwrap().value.customer.customer_id;
    till.takes_in(&used, OLD, "400000").await;
    till.app.set_cart_customer(Some(mariam)).await.unwrap();
    let due = till.app.cart().await.unwrap().value.payable_other;
    let tender = Tender { kind: TenderKind::Account, amount: due, reference: None };
    till.app.complete_sale(till.app.new_id(), vec![tender]).await.unwrap();
    till.app.set_cart_customer(Some(mariam)).await.unwrap();
    let standing = till.app.cart().await.unwrap().value.standing.unwrap();
    assert_eq!(standing.credit.minor(), 400_000);
    till.verify().await;
}

#[tokio::test]
async fn a_phone_that_is_here_already_is_shown_before_it_is_taken_in_and_never_twice_in_one_cart() {
    let till = Till::demo().await;
    let (_, used) = till.sells_phones().await;
    till.app.note_serial(OLD, Some("USED".to_owned()), SerialChange::Received, None).await.unwrap();
    till.takes_in(&used, OLD, "1000").await;
    let line = till.app.cart().await.unwrap().value.lines[0].clone();
    assert_eq!(line.notice, Some(LineNotice::SerialTwice { last: SerialChange::Received }));
    let again = till.app.trade_in(taken(&used, OLD, "1000")).await.unwrap_err();
    assert_eq!((&again.params["field"], &again.params["problem"]), (&"serial".into(), &"duplicate".into()));
    let nothing = till.app.trade_in(taken(&used, " ", "1000")).await.unwrap_err();
    assert_eq!(&nothing.params["problem"], "empty");
    let more = till.app.set_line(line.item.line_id, Some(pos_domain::Quantity::ONE), None, false, None).await;
    assert_eq!(&more.unwrap_err().params["problem"], "fixed", "one thing with one number");
    till.app.undo_cart().await.unwrap();
    assert_eq!(till.app.cart().await.unwrap().value.lines, []);
}

#[tokio::test]
async fn of_two_phones_sold_together_the_cashier_says_which_comes_back_and_each_comes_back_once() {
    let till = Till::demo().await;
    till.sells_phones().await;
    till.scan("PHONE", 2).await;
    let line = till.app.cart().await.unwrap().value.lines[0].item.line_id;
    till.app.set_serials(line, vec![OLD.to_owned(), NEW.to_owned()]).await.unwrap();
    let number = till.pay().await.unwrap().number;
    let back = async |serials: &[&str]| {
        let goods = GoodsBack {
            line_id: None,
            code: Some("PHONE".to_owned()),
            qty: Quantity::ONE,
            unit_price: None,
            serials: serials.iter().map(|serial| (*serial).to_owned()).collect(),
        };
        let what = WhatBack { number: number.clone(), lines: vec![goods], with_cart: false };
        let tenders = till.app.quote_refund(what.clone()).await?.value.proposed;
        let (request_id, reason) = (till.app.new_id(), ReturnReason::Defective);
        let wish = RefundWish {
            request_id,
            what,
            reason,
            note: None,
            tenders,
            approval_id: None,
            customer_id: None,
        };
        till.app.complete_refund(wish).await
    };
    let unsaid = back(&[]).await.unwrap_err();
    assert_eq!(&unsaid.params["problem"], "count", "one of two comes back: which?");
    back(&[OLD]).await.unwrap();
    assert_eq!(till.life(OLD).await, [SerialChange::Sold, SerialChange::Returned]);
    let draft = till.app.draft_refund(&number).await.unwrap().value;
    assert_eq!(draft.lines[0].serials, [NEW], "the other is left");
    assert_eq!(&back(&[OLD]).await.unwrap_err().params["problem"], "not_sold");
    back(&[]).await.unwrap();
    assert_eq!(
        till.life(NEW).await,
        [SerialChange::Sold, SerialChange::Returned],
        "the last one needs no words"
    );
    till.verify().await;
}

#[tokio::test]
async fn a_refund_of_a_nameless_sale_may_become_store_credit_of_somebody() {
    let till = Till::demo().await;
    till.scan("RIZ-5KG", 1).await;
    let sold = till.pay().await.unwrap();
    let mariam = till.app.create_customer(named("Mariam")).await.unwrap().value.customer.customer_id;
    let goods = GoodsBack {
        line_id: None,
        code: Some("RIZ-5KG".to_owned()),
        qty: Quantity::ONE,
        unit_price: None,
        serials: Vec::new(),
    };
    let wish = |customer_id| RefundWish {
        request_id: till.app.new_id(),
        what: WhatBack { number: sold.number.clone(), lines: vec![goods.clone()], with_cart: false },
        reason: ReturnReason::NotWanted,
        note: None,
        tenders: vec![Tender { kind: TenderKind::Account, amount: sold.total, reference: None }],
        approval_id: None,
        customer_id,
    };
    assert!(till.app.complete_refund(wish(None)).await.is_err(), "credit is somebody's");
    till.app.complete_refund(wish(Some(mariam))).await.unwrap();
    till.app.set_cart_customer(Some(mariam)).await.unwrap();
    let standing = till.app.cart().await.unwrap().value.standing.unwrap();
    assert_eq!(standing.credit, sold.total);
    till.verify().await;
}
