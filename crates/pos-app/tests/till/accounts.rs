//! Customers who owe: sales on account up to a limit, store credit, payments, statements, and registers that do not see
//! each other meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pos_app::view::{
    AccountOrder, BeyondDebt, CustomerDetails, CustomerFate, CustomerView, Language, ReceiptFormat,
    SaleCompleted, Statement,
};
use pos_app::{AccountMoney, App, AppError, AppOptions, Clock, Days, ErrorCode};
use pos_domain::authority::Need;
use pos_domain::{CustomerId, Money, Permission, Role, Tender, TenderKind};

use crate::shop::{Business, Till, minor, named, options};

/// Price of a bag of rice in the demo shop.
const RICE: i64 = 62_000;
const DAY_MS: i64 = 86_400_000;

fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

fn tender(kind: TenderKind, amount: i64) -> Tender {
    Tender { kind, amount: money(amount), reference: None }
}

async fn customer(app: &App, name: &str, limit: i64) -> CustomerId {
    let details = CustomerDetails { credit_limit: Some(limit.to_string()), ..named(name) };
    app.create_customer(details).await.unwrap().value.customer.customer_id
}

async fn balance(app: &App, customer_id: CustomerId) -> i64 {
    minor(app.customer(customer_id).await.unwrap().value.standing.balance)
}

/// Bags of rice for a customer, paid as `tenders` say.
async fn sell(
    till: &Till,
    customer_id: CustomerId,
    bags: i64,
    tenders: Vec<Tender>,
) -> Result<SaleCompleted, AppError> {
    till.app.clear_cart().await.unwrap();
    till.scan("RIZ-5KG", bags).await;
    till.app.set_cart_customer(Some(customer_id)).await.unwrap();
    Ok(till.app.complete_sale(till.app.new_id(), tenders).await?.value)
}

fn cash(customer_id: CustomerId, amount: i64) -> AccountMoney {
    AccountMoney {
        customer_id,
        amount: money(amount),
        tenders: vec![tender(TenderKind::Cash, amount)],
        beyond_debt: BeyondDebt::Refuse,
        note: None,
    }
}

async fn pay(app: &App, wish: AccountMoney) -> Result<i64, AppError> {
    let paid = app.pay_account(app.new_id(), wish).await?.value;
    Ok(minor(paid.standing.balance))
}

async fn statement(app: &App, customer_id: CustomerId) -> Statement {
    app.statement(customer_id, Days::default()).await.unwrap().value
}

/// From now on this person sits at the register.
async fn sit_down(app: &App, role: Role) {
    let people = app.state().await.unwrap().value.cashiers;
    let person = people.into_iter().find(|person| person.role == role).unwrap();
    app.log_in(person.cashier_id, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sold_on_account_is_owed_until_it_is_paid_in_parts() {
    let till = Till::demo().await;
    let aissatou = customer(&till.app, "Aïssatou Test", 200_000).await;
    let part = vec![tender(TenderKind::Cash, 24_000), tender(TenderKind::Account, 100_000)];
    let sold = sell(&till, aissatou, 2, part).await.unwrap();
    assert_eq!(balance(&till.app, aissatou).await, 100_000, "cash is paid, the rest is owed");
    assert_eq!(pay(&till.app, cash(aissatou, 30_000)).await.unwrap(), 70_000);
    assert_eq!(pay(&till.app, cash(aissatou, 70_000)).await.unwrap(), 0);
    let Statement { entries, closing, charged, paid, .. } = statement(&till.app, aissatou).await;
    let running: Vec<i64> = entries.iter().map(|entry| minor(entry.balance)).collect();
    assert_eq!(running, [100_000, 70_000, 0], "each line says what was owed after it");
    assert_eq!(entries[0].number.as_deref(), Some(sold.number.as_str()), "the receipt is named");
    assert_eq!((minor(charged), minor(paid), minor(closing)), (100_000, 100_000, 0));
    till.verify().await;
    let till = till.reopen().await;
    assert_eq!(statement(&till.app, aissatou).await.entries, entries, "the same after a restart");
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_limit_nothing_is_sold_until_somebody_who_may_says_yes_to_that_excess() {
    let till = Till::demo().await;
    let bah = customer(&till.app, "Bah Test", RICE).await;
    sit_down(&till.app, Role::Cashier).await;
    sell(&till, bah, 1, vec![tender(TenderKind::Account, RICE)]).await.expect("the limit may be reached");
    let wish = vec![tender(TenderKind::Account, 2 * RICE)];
    let refused = sell(&till, bah, 2, wish.clone()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AccountLimitExceeded);
    assert_eq!(refused.params["balance"], RICE);
    assert_eq!(refused.params["limit"], RICE);
    assert_eq!(refused.params["excess"], 2 * RICE);
    assert_eq!(balance(&till.app, bah).await, RICE, "nothing was written");
    let cart = till.app.cart().await.unwrap().value;
    assert_eq!(cart.lines.len(), 1, "the cart is kept");
    assert_eq!(
        cart.standing.map(|s| minor(s.available)),
        Some(0),
        "the cart tells what is left of the limit"
    );

    let subject = serde_json::from_value(refused.params["subject"].clone()).unwrap();
    let people = till.app.state().await.unwrap().value.cashiers;
    let manager = people.iter().find(|person| person.role == Role::Manager).unwrap();
    let less = Need::of_amount(Permission::GiveCredit, money(2 * RICE - 1));
    till.app.give_approval(manager.cashier_id, None, subject, less).await.unwrap();
    let again = till.app.complete_sale(till.app.new_id(), wish.clone()).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::AccountLimitExceeded, "a yes to less is no yes to this");
    let enough = Need::of_amount(Permission::GiveCredit, money(2 * RICE));
    till.app.give_approval(manager.cashier_id, None, subject, enough).await.unwrap();
    let sold = till.app.complete_sale(till.app.new_id(), wish).await.unwrap().value;
    let yes = &sold.receipt.document.head.approvals;
    assert_eq!(yes.iter().map(|a| a.permission).collect::<Vec<_>>(), [Permission::GiveCredit]);
    assert_eq!(yes[0].by, manager.cashier_id, "the document says who");
    assert_eq!(balance(&till.app, bah).await, 3 * RICE);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_may_give_more_credit_and_a_cashier_no_other_limit() {
    let till = Till::demo().await;
    let conde = customer(&till.app, "Condé Test", 0).await;
    sell(&till, conde, 1, vec![tender(TenderKind::Account, RICE)]).await.expect("the owner needs nobody");
    sit_down(&till.app, Role::Cashier).await;
    let generous = CustomerDetails { credit_limit: Some("1000000".into()), ..named("Cousin") };
    let refused = till.app.create_customer(generous).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied, "who may not give credit makes no limit");
    till.app.create_customer(named("Cousin")).await.expect("a customer without a limit of their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn store_credit_pays_no_more_than_the_shop_owes() {
    let till = Till::demo().await;
    let barry = customer(&till.app, "Barry Test", 0).await;
    let ahead = AccountMoney { beyond_debt: BeyondDebt::StoreCredit, ..cash(barry, 50_000) };
    assert_eq!(pay(&till.app, ahead).await.unwrap(), -50_000, "the shop owes it");
    sit_down(&till.app, Role::Cashier).await;
    let refused = sell(&till, barry, 1, vec![tender(TenderKind::StoreCredit, RICE)]).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AccountNoCredit);
    assert_eq!(refused.params["credit"], 50_000);
    let split = vec![tender(TenderKind::StoreCredit, 50_000), tender(TenderKind::Cash, RICE - 50_000)];
    sell(&till, barry, 1, split).await.unwrap();
    assert_eq!(balance(&till.app, barry).await, 0);
    let nobody = {
        till.scan("RIZ-5KG", 1).await;
        till.app.complete_sale(till.app.new_id(), vec![tender(TenderKind::Account, RICE)]).await.unwrap_err()
    };
    assert_eq!(nobody.params["field"], "customer", "nobody buys on nobody's account");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_debt_is_asked_about_and_pressing_twice_pays_once() {
    let till = Till::demo().await;
    let sylla = customer(&till.app, "Sylla Test", 100_000).await;
    sell(&till, sylla, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    let asked = pay(&till.app, cash(sylla, 70_000)).await.unwrap_err();
    assert_eq!(asked.code, ErrorCode::AccountOverpaid);
    assert_eq!((&asked.params["debt"], &asked.params["excess"]), (&RICE.into(), &8_000.into()));
    let change = AccountMoney { amount: money(RICE), ..cash(sylla, 70_000) };
    let request = till.app.new_id();
    let paid = till.app.pay_account(request, change.clone()).await.unwrap().value;
    assert_eq!((minor(paid.change), minor(paid.standing.balance)), (8_000, 0), "the rest goes back");
    let again = till.app.pay_account(request, change).await.unwrap().value;
    assert_eq!(
        (again.document_id, again.number),
        (paid.document_id, paid.number),
        "the same press, the same paper"
    );
    assert_eq!(statement(&till.app, sylla).await.entries.len(), 2);
    for amount in [0, -1] {
        let wrong = pay(&till.app, cash(sylla, amount)).await.unwrap_err();
        assert_eq!(wrong.params["problem"], "not_positive");
    }
    let from_account = AccountMoney { tenders: vec![tender(TenderKind::Account, 1)], ..cash(sylla, 1) };
    let from_account = AccountMoney { beyond_debt: BeyondDebt::StoreCredit, ..from_account };
    assert_eq!(pay(&till.app, from_account).await.unwrap_err().params["problem"], "on_account");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_the_server_refuses_leaves_no_debt() {
    let business = Business::open();
    let till = Till::joined(&business, &business.url()).await;
    let keita = customer(&till.app, "Keïta Test", 9_000_000).await;
    till.app.sync_now().await.unwrap();
    let refused = sell(&till, keita, 41, vec![tender(TenderKind::Account, 41 * RICE)]).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SaleInsufficientStock, "there are 40 bags");
    assert_eq!(balance(&till.app, keita).await, 0, "what is taken back was never owed");
    assert_eq!(statement(&till.app, keita).await.entries, []);
    sell(&till, keita, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    assert_eq!(balance(&till.app, keita).await, RICE, "what the server took is owed once");
    till.app.sync_now().await.unwrap();
    assert_eq!(balance(&till.app, keita).await, RICE, "also when the same entry came back");
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_with_a_history_is_made_nameless_and_one_who_owes_stays() {
    let till = Till::demo().await;
    let (toure, never) =
        (customer(&till.app, "Touré Test", 100_000).await, customer(&till.app, "Jamais", 0).await);
    let sold = sell(&till, toure, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    let refused = till.app.delete_customer(toure).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::AccountNotSettled, "nobody forgets a debt by deleting a name");
    pay(&till.app, cash(toure, RICE)).await.unwrap();
    assert_eq!(till.app.delete_customer(toure).await.unwrap().value, CustomerFate::Anonymised);
    let CustomerView { customer, .. } = till.app.customer(toure).await.unwrap().value;
    assert!(customer.name.starts_with("Client supprimé"), "{}", customer.name);
    assert_eq!((customer.phone, customer.note, customer.credit_limit), (None, None, None));
    let receipt = till.app.receipt(sold.sale_id).await.unwrap().value;
    let printed = receipt.document.customer.map(|buyer| buyer.name);
    assert_eq!(printed.as_deref(), Some("Touré Test"), "the receipt stays as printed");
    assert_eq!(statement(&till.app, toure).await.entries.len(), 2, "and so does the account");
    assert_eq!(till.app.delete_customer(never).await.unwrap().value, CustomerFate::Deleted);
    assert_eq!(till.app.customer(never).await.unwrap_err().code, ErrorCode::CustomerNotFound);
    till.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_some_days_begins_with_what_was_owed_and_debts_grow_old() {
    // Noon of 2026-06-15 in UTC: far from midnight in every time zone where shops are.
    let now = Arc::new(AtomicI64::new(1_781_524_800_000));
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::clone(&now);
    let clock = Clock::from_fn(move || told.load(Ordering::SeqCst));
    let app = App::open(AppOptions { clock, ..options(folder.path()) }).await.unwrap();
    app.create_demo(Language::Fr).await.unwrap();
    let till = Till { folder, app };
    let old = customer(&till.app, "Ancienne", 900_000).await;
    let young = customer(&till.app, "Récente", 900_000).await;
    sell(&till, old, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    now.fetch_add(40 * DAY_MS, Ordering::SeqCst);
    sell(&till, old, 2, vec![tender(TenderKind::Account, 2 * RICE)]).await.unwrap();
    now.fetch_add(60 * DAY_MS, Ordering::SeqCst);
    sell(&till, young, 5, vec![tender(TenderKind::Account, 5 * RICE)]).await.unwrap();
    pay(&till.app, cash(old, 1_000)).await.unwrap();

    let days = Days { from: Some("2026-07-01".into()), to: Some("2026-08-01".into()) };
    let middle = till.app.statement(old, days).await.unwrap().value;
    assert_eq!(minor(middle.opening), RICE, "from before the first day");
    assert_eq!(middle.entries.len(), 1);
    assert_eq!(minor(middle.closing), 3 * RICE, "the payment of later is not in it");
    assert_eq!(minor(middle.standing.balance), 3 * RICE - 1_000, "how the customer stands is of now");
    assert_eq!(minor(middle.ageing.over_90), RICE - 1_000, "the oldest is paid first");
    assert_eq!(minor(middle.ageing.over_30), 2 * RICE);
    let wrong = Days { from: Some("soon".into()), to: None };
    assert_eq!(till.app.statement(old, wrong).await.unwrap_err().params["field"], "from");

    let by = async |order| till.app.list_accounts(order, 500).await.unwrap().value;
    let largest = by(AccountOrder::Amount).await;
    let names: Vec<&str> = largest.accounts.iter().map(|a| a.customer.name.as_str()).collect();
    assert_eq!(names, ["Récente", "Ancienne"]);
    let oldest = by(AccountOrder::Age).await;
    assert_eq!(oldest.accounts[0].customer.name, "Ancienne");
    assert_eq!((minor(oldest.debt), oldest.debtors), (8 * RICE - 1_000, 2), "sums of all");
    assert_eq!(minor(oldest.ageing.current), 5 * RICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_and_debts_leave_the_register_as_paper_pdf_and_a_harmless_table() {
    let till = Till::demo().await;
    let hostile = customer(&till.app, "=HYPERLINK(\"http://x\") \u{202e}évil", 900_000).await;
    sell(&till, hostile, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    let file = till.folder.path().join("relevé.pdf");
    let wanted = Some(file.display().to_string());
    let written =
        till.app.save_statement(hostile, Days::default(), ReceiptFormat::Pdf, wanted).await.unwrap().value;
    assert!(std::fs::read(&written).unwrap().starts_with(b"%PDF-"), "a PDF was written");
    let escpos =
        till.app.save_statement(hostile, Days::default(), ReceiptFormat::Escpos, None).await.unwrap().value;
    assert!(std::fs::read(escpos).unwrap().starts_with(b"\x1b@"), "bytes for a printer were written");
    let text = till.app.statement_text(hostile, Days::default()).await.unwrap().value.join("\n");
    assert!(text.contains("RELEVÉ DE COMPTE") && text.contains("RESTE À PAYER"), "{text}");
    assert!(text.contains("62\u{202f}000"), "the amount is in it as the shop writes it: {text}");
    assert!(!text.contains('\u{202e}'), "no control of direction reaches paper");
    let table = till.app.export_accounts(None).await.unwrap().value;
    let table = std::fs::read_to_string(table).unwrap();
    let row = table.lines().nth(1).unwrap();
    assert!(row.contains(",\"'=HYPERLINK("), "no cell is a formula: {row}");
    assert!(row.contains(",62000,900000,62000,0,0,0,"), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_taken_by_two_registers_apart_give_one_right_balance() {
    let mut business = Business::open();
    let first = Till::joined(&business, &business.url()).await;
    let bah = customer(&first.app, "Bah Partagé", 9_000_000).await;
    sell(&first, bah, 10, vec![tender(TenderKind::Account, 10 * RICE)]).await.unwrap();
    first.app.sync_now().await.unwrap();
    let second = Till::new().await;
    second.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    second.app.sync_now().await.unwrap();
    assert_eq!(balance(&second.app, bah).await, 10 * RICE, "the second register knows the debt");
    business.stop().await;
    // Each takes a payment and sells on account; neither knows of the other.
    pay(&first.app, cash(bah, 100_000)).await.unwrap();
    pay(&second.app, cash(bah, 250_000)).await.unwrap();
    sell(&second, bah, 1, vec![tender(TenderKind::Account, RICE)]).await.unwrap();
    assert_eq!(balance(&first.app, bah).await, 10 * RICE - 100_000, "by what is known here");
    assert_eq!(balance(&second.app, bah).await, 11 * RICE - 250_000);
    business.start();
    for till in [&first, &second, &first] {
        till.app.sync_now().await.unwrap();
    }
    for till in [&first, &second] {
        assert_eq!(balance(&till.app, bah).await, 11 * RICE - 350_000, "nothing was overwritten");
        let statement = statement(&till.app, bah).await;
        assert_eq!(statement.entries.len(), 4, "every document of both is in it");
        assert!(statement.entries.iter().all(|entry| entry.number.is_some()), "each with its number");
        let status = till.app.sync_status().await.unwrap().value;
        assert_eq!((status.pending, status.dead), (0, 0));
        till.verify().await;
    }
    assert_eq!(business.records().verify().unwrap(), []);
}
