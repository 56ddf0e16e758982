//! Names and words that somebody means badly, or a keyboard cannot help: kept to the letter where they are kept, refused
//! where they are refused, and harmless on every paper and in every table that leaves the shop.

use std::path::Path;

use pos_app::view::{CustomerDetails, ExportFormat, ExportScope, PersonView, ProductDraft, ReceiptFormat};
use pos_app::{AccountMoney, CashMove, Close, Counted, Days, ErrorCode};
use pos_domain::till::CashDirection;
use pos_domain::{CustomerId, Money, OfflinePolicy, Role, Tender, TenderKind};
use serde_json::json;

use crate::shop::{Business, Till, named};

/// Each stands alone as a name of a customer, of goods, of a person, of a category of expenses, and as a remark.
const KEPT: [&str; 8] = [
    "🥖 Épicerie 👩🏽‍🍳 Ɓaldé",
    "\u{202E}000 01 LATOT שלום مرحبا",
    "Robert'); DROP TABLE sale;--",
    "\" OR \"\"=\"",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://x.example\",\"Awa\")",
    "@SUM(A1:A9)",
    "{{constructor}} ${7*7} %s %n \\x1b[2J",
];
/// Drives a printer, or a terminal.
const CONTROLS: &str = "A\u{1b}@\u{1d}V\u{42}\u{0}\u{7}wa";

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn goods(code: &str, name: &str) -> ProductDraft {
    ProductDraft {
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: name.to_owned(),
        category_id: None,
        unit: "pcs".to_owned(),
        price: "1000".to_owned(),
        cost: String::new(),
        tax_rate: "18".to_owned(),
        track_stock: true,
        opening_stock: Some("5".to_owned()),
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        archived: false,
        picture: pos_app::view::PictureChange::default(),
        tracking: None,
        packs: None,
    }
}

/// A telephone number that says which name a customer has.
fn phone(n: usize) -> String {
    format!("62000000{n}")
}

/// A customer, goods, a person, a held cart, an expense and a sale with a remark, all called so; the customer.
async fn live_as(till: &Till, n: usize, name: &str) -> CustomerId {
    let app = &till.app;
    let details = CustomerDetails {
        phone: Some(phone(n)),
        note: Some(name.to_owned()),
        credit_limit: Some("9000".into()),
        ..named(name)
    };
    let customer_id = app.create_customer(details).await.unwrap().value.customer.customer_id;
    app.create_product(goods(&format!("X{n}"), name)).await.unwrap();
    app.create_person(name.to_owned(), Role::Cashier).await.unwrap();
    till.scan(&format!("X{n}"), 1).await;
    app.set_cart_customer(Some(customer_id)).await.unwrap();
    app.set_cart_note(Some(name.to_owned())).await.unwrap();
    app.hold_cart().await.unwrap();

    till.scan(&format!("X{n}"), 2).await;
    app.set_cart_customer(Some(customer_id)).await.unwrap();
    app.set_cart_note(Some(name.to_owned())).await.unwrap();
    let owed = app.cart().await.unwrap().value.payable_other;
    let tender = Tender { kind: TenderKind::Account, amount: owed, reference: None };
    let sold = app.complete_sale(app.new_id(), vec![tender]).await.unwrap().value;
    let folder = till.folder.path();
    for format in [ReceiptFormat::Pdf, ReceiptFormat::Escpos] {
        let path = folder.join(format!("{n}.receipt")).display().to_string();
        let written = app.save_receipt(sold.sale_id, format, Some(path)).await.unwrap().value;
        assert_harmless(Path::new(&written), name);
    }
    let paid = AccountMoney {
        customer_id,
        amount: money(500),
        tenders: vec![Tender { kind: TenderKind::Cash, amount: money(500), reference: None }],
        beyond_debt: pos_app::view::BeyondDebt::Refuse,
        note: Some(name.to_owned()),
    };
    app.pay_account(app.new_id(), paid).await.unwrap();
    let spent = CashMove {
        direction: CashDirection::Out,
        amount: money(10),
        expense: Some(name.to_owned()),
        note: Some(name.to_owned()),
    };
    app.move_cash(app.new_id(), spent, None).await.unwrap();
    customer_id
}

/// Paper for a printer holds the commands of the program and no other; a PDF is one.
fn assert_harmless(file: &Path, name: &str) {
    let bytes = std::fs::read(file).unwrap();
    if bytes.starts_with(b"%PDF-") {
        return;
    }
    let told = without_pictures(&bytes);
    let count = |command: &[u8]| told.windows(command.len()).filter(|found| *found == command).count();
    assert_eq!(count(b"\x1b@"), 1, "{name:?}: the printer is set up once");
    assert_eq!(count(b"\x1dV"), 1, "{name:?}: the paper is cut once");
    assert_eq!(count(b"\0\x07"), 0, "{name:?}: nothing rings");
}

/// What a printer is told beside dots: any byte may stand in a picture (`GS v 0`, then mode, width in bytes and height).
fn without_pictures(bytes: &[u8]) -> Vec<u8> {
    let mut told = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"\x1dv0") {
            let size = |from: usize| usize::from(bytes[from]) + 256 * usize::from(bytes[from + 1]);
            at += 8 + size(at + 4) * size(at + 6);
        } else {
            told.push(bytes[at]);
            at += 1;
        }
    }
    told
}

/// No cell of a table begins as a formula does.
fn assert_no_formula(table: &Path) {
    let text = std::fs::read_to_string(table).unwrap();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let mut rows = 0;
    for row in reader.records() {
        rows += 1;
        for cell in &row.unwrap() {
            let number = cell.parse::<f64>().is_ok();
            assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "a formula: {cell:?}");
        }
    }
    assert!(rows > 0, "{} has rows", table.display());
}

/// What a register knows under these names.
async fn assert_kept(till: &Till, customers: &[CustomerId]) {
    let app = &till.app;
    let people: Vec<PersonView> = app.list_people().await.unwrap().value;
    let held = app.held_carts().await.unwrap().value;
    for ((n, name), customer_id) in KEPT.iter().enumerate().zip(customers) {
        let customer = app.customer(*customer_id).await.unwrap().value.customer;
        assert_eq!((customer.name.as_str(), customer.note.as_deref()), (*name, Some(*name)));
        assert_eq!(app.find_customer(phone(n)).await.unwrap().value.customer.name, *name);
        assert_eq!(till.product(&format!("X{n}")).await.name, *name);
        assert!(people.iter().any(|view| view.person.name == *name), "somebody is called {name:?}");
        assert!(held.iter().any(|cart| cart.title == *name), "a cart is held for {name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_words_reach_server_and_second_register_to_the_letter_and_do_no_harm_on_paper() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let app = &till.app;
    app.set_setting("expense_categories", json!(KEPT)).await.unwrap();
    app.set_setting("receipt_footer", json!(KEPT.join("\n"))).await.unwrap();
    app.open_shift(app.new_id(), Counted::Sum(money(5_000)), None).await.unwrap();
    let mut customers = Vec::new();
    for (n, name) in KEPT.iter().enumerate() {
        customers.push(live_as(&till, n, name).await);
    }
    let queue = app.export_queue(ExportFormat::Csv, ExportScope::All, None).await.unwrap().value;
    assert_no_formula(Path::new(&queue.file));
    let debts = app.export_accounts(None).await.unwrap().value;
    assert_no_formula(Path::new(&debts));
    for (customer_id, name) in customers.iter().zip(KEPT) {
        let paper =
            app.save_statement(*customer_id, Days::default(), ReceiptFormat::Escpos, None).await.unwrap();
        assert_harmless(Path::new(&paper.value), name);
        let text = app.statement_text(*customer_id, Days::default()).await.unwrap().value.join("\n");
        assert!(!text.contains('\u{202E}'), "nothing turns the amounts around: {text}");
    }
    let close = Close { counted: Counted::Sum(money(9_000)), note: Some(KEPT.join(" ")) };
    let z = app.close_shift(app.new_id(), close, None).await.unwrap().value;
    assert!(z.text.iter().all(|row| !row.chars().any(char::is_control)), "a Z has no control character");
    let spent: Vec<&str> = z.totals.expenses.iter().map(|expense| expense.category.as_str()).collect();
    let mut sorted = KEPT;
    sorted.sort_unstable();
    assert_eq!(spent, sorted, "expenses stand under their categories as they are called");
    assert_kept(&till, &customers).await;
    till.verify().await;

    app.sync_now().await.unwrap();
    let status = app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead), (0, 0), "the server takes all of it");
    assert_eq!(business.records().verify().unwrap(), [], "and finds it right");
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    second.app.sync_now().await.unwrap();
    assert_kept(&second, &customers).await;
    let footer = second.app.state().await.unwrap().value.shop.unwrap().settings.receipt_footer;
    assert_eq!(footer, KEPT.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_drives_a_printer_or_fills_a_roll_is_refused_with_its_field_and_nothing_is_written() {
    let till = Till::demo().await;
    let app = &till.app;
    let long = "long ".repeat(13_108);
    assert!(long.len() > 65_536, "64 KB");
    let queued = app.sync_status().await.unwrap().value.pending;
    let products = till.count_products().await;
    for name in [CONTROLS, &long] {
        let refused = [
            app.create_customer(named(name)).await.map(|_| ()),
            app.create_product(goods("X", name)).await.map(|_| ()),
            app.create_person(name.to_owned(), Role::Cashier).await.map(|_| ()),
        ];
        for refused in refused {
            let error = refused.unwrap_err();
            assert_eq!((error.code, &error.params["field"]), (ErrorCode::InputInvalid, &json!("name")));
        }
    }
    till.scan("RIZ-5KG", 1).await;
    let error = app.set_cart_note(Some(long)).await.unwrap_err();
    assert_eq!(error.params, json!({ "field": "note", "problem": "too_long" }));
    assert_eq!(app.sync_status().await.unwrap().value.pending, queued, "nothing waits for the server");
    assert_eq!(till.count_products().await, products);

    // A remark may say anything; what a printer gets of it says nothing to a printer.
    app.set_cart_note(Some(CONTROLS.to_owned())).await.unwrap();
    let sold = till.pay().await.unwrap();
    let paper = app.save_receipt(sold.sale_id, ReceiptFormat::Escpos, None).await.unwrap().value;
    assert_harmless(Path::new(&paper), CONTROLS);
    till.verify().await;
}
