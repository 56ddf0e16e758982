//! Documents of the shop floor: accounts, drawers, serial numbers, and who said yes.

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::cart::{Cart, CartLine};
use pos_domain::catalogue::{HeldCart, Pack};
use pos_domain::chain::{ChainHead, ChainRecord, Link};
use pos_domain::document::{DocumentCustomer, OriginalSale};
use pos_domain::serial::{SerialChange, SerialEvent, SerialNote};
use pos_domain::shift::{NumberRange, PerpetualTotals, ShiftReport, ShiftTotals};
use pos_domain::till::{AccountPayment, CashDirection, CashMovement, ShiftOpening, TillHead};
use pos_domain::{
    Approval, ApprovalId, CartId, Cashier, CashierId, ConflictChoice, ConflictKind, Customer, CustomerId,
    DocumentId, Money, OperationBody, Permission, Product, Role, SaleDocument, SaleKind, SerialEventId,
    ShiftId, Tender, TenderKind, TillContent, TillDocument,
};
use pos_protocol::{Mode, Operation, PushRequest, Verdict};

use crate::harness::*;

fn verified(shop: &Shop) {
    assert_eq!(pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap(), []);
}

fn customer(name: &str, limit: i64) -> Customer {
    Customer {
        customer_id: CustomerId(next_id()),
        code: None,
        name: name.to_owned(),
        phone: None,
        note: None,
        credit_limit: Some(money(limit)),
    }
}

async fn shop() -> (Shop, Register, Register, Product) {
    let shop = Shop::open();
    let (mut one, two) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    one.send(product_create(&milk, 100)).await;
    (shop, one, two, milk)
}

async fn add(till: &mut Register, customer: &Customer) {
    till.send(register_create(EntityKind::Customer, customer.customer_id.0, customer)).await;
}

/// A person of a role, who works at this register from now on.
async fn hire(till: &mut Register, role: Role) -> CashierId {
    let cashier = Cashier { cashier_id: CashierId(next_id()), name: "Fanta".to_owned(), role };
    till.send(register_create(EntityKind::Cashier, cashier.cashier_id.0, &cashier)).await;
    cashier.cashier_id
}

fn named(customer: &Customer) -> DocumentCustomer {
    DocumentCustomer { customer_id: customer.customer_id, name: customer.name.clone() }
}

/// A sale whose whole total goes on a customer's account.
fn on_account(till: &Register, customer: &Customer, milk: &Product, qty: i64) -> SaleDocument {
    let cash = till.sale(&[(milk, qty)]);
    let tenders = vec![Tender { kind: TenderKind::Account, amount: cash.total, reference: None }];
    rebuilt(&cash, Some(named(customer)), tenders, |_| ())
}

/// The same document with other tenders, lines or buyer.
fn rebuilt(
    document: &SaleDocument,
    customer: Option<DocumentCustomer>,
    tenders: Vec<Tender>,
    change: impl Fn(&mut CartLine),
) -> SaleDocument {
    let mut lines: Vec<CartLine> = document.lines.iter().map(|line| line.item.clone()).collect();
    lines.iter_mut().for_each(change);
    let cart = Cart { cart_id: CartId(next_id()), lines, discount: None, customer_id: None, note: None };
    SaleDocument::build(document.head.clone(), customer, &cart, tenders).unwrap()
}

fn with_serial(document: &SaleDocument, serial: &str) -> SaleDocument {
    rebuilt(document, None, document.tenders.clone(), |line| line.serials = vec![serial.to_owned()])
}

fn till_document(till: &Register, shift: Option<ShiftId>, content: TillContent) -> TillDocument {
    let head = till.head(SaleKind::Sale);
    TillDocument {
        head: TillHead {
            document_id: DocumentId(next_id()),
            business: head.business,
            outlet_id: head.outlet_id,
            outlet: head.outlet,
            device_id: head.device_id,
            register: head.register,
            cashier_id: head.cashier_id,
            cashier: head.cashier,
            currency: head.currency,
            shift_id: shift,
            made_at_ms: OPENING_MS + 7_000,
            approvals: Vec::new(),
        },
        content,
    }
}

fn payment(till: &Register, customer: &Customer, amount: i64) -> TillDocument {
    let tenders = vec![Tender { kind: TenderKind::Cash, amount: money(amount), reference: None }];
    let paid = AccountPayment::build(named(customer), money(amount), tenders, None, None).unwrap();
    till_document(till, None, TillContent::AccountPayment(paid))
}

fn recorded(document: &TillDocument) -> OperationBody {
    OperationBody::TillRecord(Box::new(document.clone()))
}

/// What registers see of a customer's account: the sum of the entries that a first sync brings.
async fn balance(shop: &Shop, till: &Register, customer: &Customer) -> i64 {
    let (rows, _) = shop.snapshot(till, 5_000).await;
    let entries = rows.iter().filter(|row| row.entity == "account_entry");
    let entries =
        entries.map(|row| serde_json::from_str::<AccountEntry>(row.data.as_ref().unwrap().get()).unwrap());
    entries.filter(|e| e.customer_id == customer.customer_id).map(|e| e.amount.minor()).sum()
}

async fn kinds(till: &Register) -> Vec<ConflictKind> {
    till.conflicts().await.into_iter().map(|conflict| conflict.kind).collect()
}

fn yes(permission: Permission, by: CashierId, amount: i64) -> Approval {
    Approval {
        approval_id: ApprovalId(next_id()),
        permission,
        line_id: None,
        amount: Some(money(amount)),
        by,
        by_name: "Mamadou".to_owned(),
        at_ms: OPENING_MS,
    }
}

#[tokio::test]
async fn one_debt_paid_on_two_registers_apart_is_the_same_for_both_and_the_server() {
    let (shop, mut one, mut two, milk) = shop().await;
    let binta = customer("Binta", 6_000);
    add(&mut one, &binta).await;
    assert!(is_applied(&one.tell(&on_account(&one, &binta, &milk, 5)).await));
    // Neither has heard of the other's payment.
    assert!(is_applied(&one.send(recorded(&payment(&one, &binta, 1_000))).await));
    let there = payment(&two, &binta, 2_000);
    let operation = two.operation(&recorded(&there), Mode::Fact);
    for _ in 0..2 {
        assert!(
            is_applied(&two.push(vec![operation.clone()]).await[0].verdict),
            "said twice it is one payment"
        );
    }
    for till in [&one, &two] {
        assert_eq!(balance(&shop, till, &binta).await, 2_000);
    }
    one.cashier_id = hire(&mut one, Role::Cashier).await;
    two.cashier_id = one.cashier_id;
    let (_, refused) = one.ask(&on_account(&one, &binta, &milk, 5)).await;
    assert_eq!(rejection(&refused), ("forbidden".to_owned(), "tenders".to_owned()), "7,000 are beyond 6,000");
    assert!(
        is_applied(&one.ask(&on_account(&one, &binta, &milk, 4)).await.1),
        "the limit itself is within it"
    );
    assert!(is_applied(&two.tell(&on_account(&two, &binta, &milk, 1)).await), "what has happened stands");
    let shown = one.conflict().await;
    let unapproved = shown.unapproved.unwrap();
    assert_eq!((shown.kind, unapproved.customer.as_deref()), (ConflictKind::NotApproved, Some("Binta")));
    assert_eq!(unapproved.needs[0].amount, Some(money(1_000)), "so much goes beyond");
    assert_eq!(balance(&shop, &two, &binta).await, 7_000);
    verified(&shop);
}

#[tokio::test]
async fn a_withdrawn_credit_sale_owes_nothing_and_a_moved_customer_takes_the_debt_along() {
    let (shop, mut one, mut two, milk) = shop().await;
    let mut binta = customer("Binta", 90_000);
    binta.phone = Some("620 00 00 01".to_owned());
    add(&mut one, &binta).await;
    let (asked, verdict) = one.ask(&on_account(&one, &binta, &milk, 5)).await;
    assert!(is_applied(&verdict));
    assert_eq!(balance(&shop, &two, &binta).await, 5_000);
    one.push(vec![again(&asked, Mode::Withdraw)]).await;
    assert_eq!(balance(&shop, &two, &binta).await, 0, "the cart was given back");
    // The same person, made on the other register under another id.
    let same = Customer { customer_id: CustomerId(next_id()), ..binta.clone() };
    add(&mut two, &same).await;
    assert!(is_applied(&two.tell(&on_account(&two, &same, &milk, 3)).await));
    assert_eq!(balance(&shop, &one, &binta).await, 3_000, "one person, one account");
    verified(&shop);
}

#[tokio::test]
async fn a_customer_with_history_is_forgotten_and_not_deleted() {
    let (shop, mut one, _two, milk) = shop().await;
    let (binta, idle) = (customer("Binta", 90_000), customer("Idrissa", 0));
    add(&mut one, &binta).await;
    add(&mut one, &idle).await;
    one.tell(&on_account(&one, &binta, &milk, 3)).await;
    for gone in [&binta, &idle] {
        assert!(is_applied(&one.send(delete(EntityKind::Customer, gone.customer_id.0, 1)).await));
    }
    let name = one.field(EntityKind::Customer, binta.customer_id.0, "name").await;
    assert!(name.as_str().unwrap().starts_with("Client supprimé"), "{name}");
    assert!(
        one.row(EntityKind::Customer, idle.customer_id.0).await.unwrap().deleted,
        "nobody names this one"
    );
    assert_eq!(balance(&shop, &one, &binta).await, 3_000, "the account stays");
    verified(&shop);
}

#[tokio::test]
async fn what_a_cashier_may_not_do_alone_takes_one_yes_of_another_person_who_may() {
    let (shop, mut till, _two, milk) = shop().await;
    let manager = till.cashier_id;
    let sale = till.sale(&[(&milk, 5)]);
    till.tell(&sale).await;
    till.cashier_id = hire(&mut till, Role::Cashier).await;
    let refund = |till: &Register, approvals: Vec<Approval>| {
        let mut document = till.refund(&sale, &[(&milk, 1)]);
        document.head.approvals = approvals;
        document
    };
    let (_, refused) = till.ask(&refund(&till, vec![])).await;
    assert_eq!(rejection(&refused).0, "forbidden");
    let own = yes(Permission::Refund, till.cashier_id, 1_000);
    let other = yes(Permission::VoidSale, manager, 1_000);
    let little = yes(Permission::Refund, manager, 999);
    for useless in [own, other, little] {
        let (_, refused) = till.ask(&refund(&till, vec![useless])).await;
        assert_eq!(rejection(&refused).0, "forbidden", "a yes is of another person, to this, and to so much");
    }
    let given = yes(Permission::Refund, manager, 1_000);
    assert!(is_applied(&till.ask(&refund(&till, vec![given.clone()])).await.1));
    let (_, refused) = till.ask(&refund(&till, vec![given])).await;
    assert_eq!(rejection(&refused).0, "forbidden", "a yes counts once");
    assert!(till.conflicts().await.is_empty());
    let Verdict::Applied { conflict_id: Some(shown), .. } = till.tell(&refund(&till, vec![])).await else {
        panic!("what has happened stands, and is shown");
    };
    let choice = resolve(shown, ConflictChoice::Acknowledge);
    assert!(is_applied(&till.send(OperationBody::ConflictResolve(choice)).await));
    let mut cheap = till.sale(&[(&milk, 1)]);
    cheap = rebuilt(
        &cheap,
        None,
        vec![Tender { kind: TenderKind::Cash, amount: money(900), reference: None }],
        |l| {
            l.unit_price = money(900);
        },
    );
    let (_, refused) = till.ask(&cheap).await;
    assert_eq!(rejection(&refused), ("forbidden".to_owned(), "lines[0].item.unit_price".to_owned()));
    let cash = CashMovement { direction: CashDirection::Out, amount: money(500), expense: None, note: None };
    till.send(recorded(&till_document(&till, None, TillContent::CashMovement(cash)))).await;
    assert_eq!(kinds(&till).await, [ConflictKind::NotApproved; 2]);
    verified(&shop);
}

#[tokio::test]
async fn a_void_takes_a_whole_sale_once_and_never_after_a_refund() {
    let (shop, mut till, _two, milk) = shop().await;
    let void_of = |till: &Register, sale: &SaleDocument, qty: i64| {
        let mut head = till.head(SaleKind::Void);
        head.original = Some(OriginalSale { sale_id: Some(sale.head.sale_id), number: None });
        till.document(head, &[(&milk, -qty)])
    };
    let sale = till.sale(&[(&milk, 5)]);
    till.tell(&sale).await;
    let (_, part) = till.ask(&void_of(&till, &sale, 4)).await;
    assert_eq!(rejection(&part), ("validation".to_owned(), "lines".to_owned()), "a void is of a whole sale");
    assert!(is_applied(&till.ask(&void_of(&till, &sale, 5)).await.1));
    assert_eq!(till.stock(&milk).await, (100, 0), "the goods are back");
    assert!(matches!(till.ask(&void_of(&till, &sale, 5)).await.1, Verdict::InsufficientStock { .. }));
    let refunded = till.sale(&[(&milk, 5)]);
    till.tell(&refunded).await;
    till.tell(&till.refund(&refunded, &[(&milk, 1)])).await;
    assert!(matches!(till.ask(&void_of(&till, &refunded, 5)).await.1, Verdict::InsufficientStock { .. }));
    till.tell(&void_of(&till, &refunded, 5)).await;
    assert_eq!(kinds(&till).await, [ConflictKind::RefundBeyondBounds]);
    assert_eq!(till.stock(&milk).await, (100, 0), "no more came back than was sold");
    verified(&shop);
}

#[tokio::test]
async fn goods_of_packs_and_exchanges_are_measured_in_units_of_the_sale_that_they_come_from() {
    let (shop, mut till, _two, _milk) = shop().await;
    let mut eggs = product("OEUFS");
    let size = units(12);
    eggs.packs = vec![Pack { unit: "carton".to_owned(), size, price: money(1_000), barcode: None }];
    till.send(product_create(&eggs, 100)).await;
    let cartons = |document: SaleDocument| {
        rebuilt(&document, None, document.tenders.clone(), |line| line.pack_size = Some(size))
    };
    let sale = cartons(till.sale(&[(&eggs, 2)]));
    assert!(is_applied(&till.ask(&sale).await.1));
    assert_eq!(till.stock(&eggs).await, (76, 0), "two cartons are 24 eggs");
    assert!(till.conflicts().await.is_empty(), "the price of a carton is the catalogue's");
    let Verdict::InsufficientStock { lines } = till.ask(&cartons(till.sale(&[(&eggs, 7)]))).await.1 else {
        panic!("84 eggs are more than 76");
    };
    assert_eq!((lines[0].asked, lines[0].available), (units(84), units(76)));
    let exchange = |till: &Register, back: i64| {
        let mut head = till.head(SaleKind::Sale);
        head.original = Some(OriginalSale { sale_id: Some(sale.head.sale_id), number: None });
        let document = till.document(head, &[(&eggs, back), (&eggs, -back)]);
        cartons(document)
    };
    assert!(is_applied(&till.ask(&exchange(&till, 2)).await.1));
    assert!(
        matches!(till.ask(&exchange(&till, 1)).await.1, Verdict::InsufficientStock { .. }),
        "both cartons have come back already"
    );
    verified(&shop);
}

#[tokio::test]
async fn one_number_sold_on_two_registers_is_shown_to_both_and_a_person_decides() {
    let (shop, mut one, mut two, phone) = shop().await;
    let note = |change, serial: &str| {
        OperationBody::SerialNote(SerialNote {
            event_id: SerialEventId(next_id()),
            serial: serial.to_owned(),
            product_id: phone.product_id,
            change,
            register: "Caisse 1".to_owned(),
            actor: "Fanta".to_owned(),
            note: None,
            at_ms: OPENING_MS,
        })
    };
    one.send(note(SerialChange::Received, "IMEI-1")).await;
    one.send(note(SerialChange::Received, "IMEI-2")).await;
    let (asked, verdict) = one.ask(&with_serial(&one.sale(&[(&phone, 1)]), "IMEI-1")).await;
    assert!(is_applied(&verdict));
    one.push(vec![again(&asked, Mode::Withdraw)]).await;
    one.tell(&with_serial(&one.sale(&[(&phone, 1)]), "IMEI-1")).await;
    assert!(one.conflicts().await.is_empty(), "a sale that was given back is no sale of the number");
    two.tell(&with_serial(&two.sale(&[(&phone, 1)]), "IMEI-1")).await;
    let conflict = one.conflict().await;
    let clash = &conflict.serials[0];
    assert_eq!((conflict.kind, conflict.title.as_str()), (ConflictKind::SerialTwice, "IMEI-1"));
    assert_eq!(
        (&clash.event.register, &clash.before.register),
        (&two.name, &one.name),
        "both sides are shown"
    );
    let decide = |choice, serial: Option<&str>, note: Option<&str>| {
        let mut resolution = resolve(conflict.conflict_id, choice);
        resolution.fields.extend(serial.map(|serial| ("serial".to_owned(), serial.into())));
        resolution.note = note.map(str::to_owned);
        OperationBody::ConflictResolve(resolution)
    };
    let silent = one.send(decide(ConflictChoice::KeepBoth, None, None)).await;
    assert_eq!(rejection(&silent).1, "note", "somebody has to say how");
    let wrong = one.send(decide(ConflictChoice::CorrectSerial, Some("IMEI-1"), None)).await;
    assert_eq!(rejection(&wrong).1, "fields.serial", "the same number fits no better");
    let id = clash.event.event_id.0;
    assert!(is_applied(&one.send(decide(ConflictChoice::CorrectSerial, Some("imei-2"), None)).await));
    assert_eq!(one.field(EntityKind::SerialEvent, id, "serial").await, "IMEI-2", "in its one spelling");
    verified(&shop);
    assert!(is_applied(&one.send(reopen(conflict.conflict_id)).await));
    assert_eq!(one.field(EntityKind::SerialEvent, id, "serial").await, "IMEI-1");
    assert!(is_applied(&two.send(decide(ConflictChoice::KeepBoth, None, Some("revendu"))).await));
    verified(&shop);
}

#[tokio::test]
async fn of_two_registers_that_recall_one_held_cart_the_second_is_told_that_it_was_gone() {
    let (_shop, mut one, mut two, milk) = shop().await;
    let lines = one.sale(&[(&milk, 1)]).lines.into_iter().map(|line| line.item).collect();
    let cart = Cart { cart_id: CartId(next_id()), lines, discount: None, customer_id: None, note: None };
    let held = HeldCart {
        cart_id: cart.cart_id,
        label: Some("table 4".to_owned()),
        cart,
        device_id: one.device_id,
        register: one.name.clone(),
        cashier: "Fanta".to_owned(),
        held_at_ms: OPENING_MS,
    };
    one.send(register_create(EntityKind::HeldCart, held.cart_id.0, &held)).await;
    let gone = |verdict: &Verdict| matches!(verdict, Verdict::Applied { already_gone: true, .. });
    let recall = || delete(EntityKind::HeldCart, held.cart_id.0, 1);
    let first = two.operation(&recall(), Mode::Fact);
    assert!(!gone(&two.push(vec![first.clone()]).await[0].verdict), "the first one has it");
    assert!(gone(&one.send(recall()).await), "the second one hears that it was taken");
    assert!(!gone(&two.push(vec![first]).await[0].verdict), "and the first one hears the same as before");
}

/// A register's drawer: documents with their links, as registers send them.
struct Drawer {
    operations: Vec<Operation>,
    chain: Vec<ChainRecord>,
}

impl Drawer {
    fn add(&mut self, till: &mut Register, document: &TillDocument) {
        let operation = till.operation(&recorded(document), Mode::Fact);
        let link = Link {
            device_id: till.device_id,
            epoch: 1,
            series: &till.joined.series,
            kind: document.kind(),
            document_id: document.head.document_id,
            issued_at_ms: OPENING_MS + 8_000,
            document_hash: operation.body_hash,
        };
        let record = ChainRecord::seal(till.chain, link, &till.key);
        till.chain = ChainHead { number: record.number, hash: record.hash };
        self.operations.push(operation);
        self.chain.push(record);
    }
}

/// A day: opening, a sale, a payment, and a Z whose totals `spoil` may change.
async fn day(
    till: &mut Register,
    milk: &Product,
    binta: &Customer,
    spoil: impl Fn(&mut ShiftReport),
) -> String {
    let shift = Some(ShiftId(next_id()));
    let mut drawer = Drawer { operations: vec![], chain: vec![] };
    let first = till.chain.number + 1;
    let opening = ShiftOpening { float: money(500), count: vec![] };
    let opening = till_document(till, shift, TillContent::ShiftOpening(opening));
    drawer.add(till, &opening);
    let sale = till.sale(&[(milk, 1)]);
    let operation = till.operation(&OperationBody::SaleComplete(Box::new(sale.clone())), Mode::Fact);
    let link = till.seal(&sale, &operation);
    drawer.operations.push(operation);
    drawer.chain.push(link);
    let paid = payment(till, binta, 300);
    drawer.add(till, &paid);
    let mut totals = ShiftTotals::default();
    totals.add_sale(&sale).unwrap();
    for document in [&opening, &paid] {
        totals.add(document).unwrap();
    }
    let expected = totals.cash.expected().unwrap();
    let perpetual = PerpetualTotals::default().plus(3, &totals).unwrap();
    let mut report = ShiftReport {
        z_number: 1,
        opened_at_ms: Some(OPENING_MS),
        ranges: vec![NumberRange { series: till.joined.series.clone(), first, last: first + 2 }],
        totals,
        perpetual_before: PerpetualTotals::default(),
        perpetual,
        count: vec![],
        counted: expected,
        expected,
        difference: Money::ZERO,
        open_carts: 0,
        unsynced: 0,
        note: None,
    };
    spoil(&mut report);
    let closing = till_document(till, shift, TillContent::ShiftClosing(Box::new(report)));
    drawer.add(till, &closing);
    let push = PushRequest { chain: drawer.chain.clone(), ..push_of(till, drawer.operations) };
    let answer = till.push_all(push).await;
    assert_eq!(answer.chain_fault, None);
    assert_eq!(answer.chain_head, Some(till.chain), "documents of every kind are countersigned");
    assert!(answer.verdicts.iter().all(|v| is_applied(&v.verdict)), "{:?}", answer.verdicts);
    let entry = till.row(EntityKind::AccountEntry, paid.head.document_id.0).await.unwrap();
    let entry: AccountEntry = serde_json::from_str(entry.data.unwrap().get()).unwrap();
    assert_eq!(entry.number, Some(drawer.chain[2].printed_number()), "the entry bears its number at once");
    entry.number.unwrap()
}

fn alarms(shop: &Shop) -> i64 {
    shop.place.query("SELECT count(*) FROM audit WHERE what = 'z_does_not_follow'")
}

#[tokio::test]
async fn a_drawer_is_countersigned_and_its_z_is_what_its_documents_give() {
    let (shop, mut till, _two, milk) = shop().await;
    let binta = customer("Binta", 0);
    add(&mut till, &binta).await;
    day(&mut till, &milk, &binta, |_| ()).await;
    assert_eq!(alarms(&shop), 0);
    verified(&shop);
}

#[tokio::test]
async fn a_z_that_is_not_what_its_documents_give_stands_and_is_found() {
    let (shop, mut till, _two, milk) = shop().await;
    let binta = customer("Binta", 0);
    add(&mut till, &binta).await;
    day(&mut till, &milk, &binta, |report| {
        // It contradicts nothing in itself.
        report.z_number = 3;
        report.totals.sales.amount = money(5_000);
        report.perpetual = PerpetualTotals::default().plus(3, &report.totals).unwrap();
    })
    .await;
    assert_eq!(alarms(&shop), 1, "no Z came before a third one");
    let faults = pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap();
    let closing: Vec<_> =
        faults.iter().filter(|fault| fault.check == "closing").map(|f| f.detail.clone()).collect();
    for part in ["z_number", "totals", "perpetual"] {
        assert!(closing.iter().any(|detail| detail.contains(part)), "{part}: {closing:?}");
    }
}

#[tokio::test]
async fn a_till_document_that_contradicts_itself_is_refused_and_keeps_its_number() {
    let (shop, mut till, _two, _milk) = shop().await;
    let cash = CashMovement { direction: CashDirection::In, amount: money(-5), expense: None, note: None };
    let wrong = till_document(&till, None, TillContent::CashMovement(cash));
    let mut drawer = Drawer { operations: vec![], chain: vec![] };
    drawer.add(&mut till, &wrong);
    let asked = Operation {
        mode: Mode::Admit,
        ..till.operation(&recorded(&payment(&till, &customer("?", 0), 5)), Mode::Fact)
    };
    drawer.operations.push(asked);
    let push = PushRequest { chain: drawer.chain, ..push_of(&till, drawer.operations) };
    let answer = till.push_all(push).await;
    assert_eq!(
        rejection(&answer.verdicts[0].verdict),
        ("validation".to_owned(), "content.amount".to_owned())
    );
    assert_eq!(rejection(&answer.verdicts[1].verdict).1, "mode", "nobody asks whether cash may have moved");
    assert_eq!(answer.chain_head, Some(till.chain), "the number was given");
    verified(&shop);
}

#[tokio::test]
async fn planted_discrepancies_in_accounts_and_numbers_are_found() {
    let (shop, mut till, _two, milk) = shop().await;
    let binta = customer("Binta", 90_000);
    add(&mut till, &binta).await;
    till.tell(&on_account(&till, &binta, &milk, 3)).await;
    till.tell(&with_serial(&till.sale(&[(&milk, 1)]), "SN-1")).await;
    verified(&shop);
    let events: Vec<SerialEvent> = {
        let (rows, _) = shop.snapshot(&till, 5_000).await;
        let of_kind = rows.iter().filter(|row| row.entity == "serial_event");
        of_kind.map(|row| serde_json::from_str(row.data.as_ref().unwrap().get()).unwrap()).collect()
    };
    assert_eq!(events.len(), 1);
    for (entity, from, to, check) in [
        ("account_entry", "\"amount\":3000", "\"amount\":300", "account"),
        ("serial_event", "SN-1", "SN-2", "serial"),
    ] {
        let change = |from: &str, to: &str| {
            format!(
                "UPDATE entity_row SET fields = replace(fields, '{from}', '{to}') WHERE entity = '{entity}'"
            )
        };
        shop.place.execute(&change(from, to));
        let faults = pos_server::Records::open(&shop.place.location).unwrap().verify().unwrap();
        assert!(faults.iter().any(|fault| fault.check == check), "{entity}: {faults:?}");
        shop.place.execute(&change(to, from));
    }
    verified(&shop);
}
