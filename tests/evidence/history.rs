//! A few weeks of a shop in a minute: every kind of document, movement, verdict and mapping that a file can hold.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use pos_testkit::counter::{Answer, Counter};
use pos_testkit::proxy::Proxy;
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::floor;

/// How long one command may take. Only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);
/// Goods with three rates of tax; two bottles of wine for those who come first.
const SHELF: &str = "code,name,price,tax_rate,stock\nTEA,Green tea,1.99,20,50\nMILK,Milk,1.07,5.5,40\n\
                     WINE,Wine,12.00,20,2\nBREAD,Bread,0.95,5.5,100\nBOOK,Book,7.77,0,10\n";
/// A sale, a return of a part of it, goods that were lost, and a service.
const PAST: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n\
                    1,TEA,Green tea,2,2025-12-01 08:26:00,1.99,17850.0\n1,REPAIR,Repair,1,2025-12-01 08:26:00,30.00,17850.0\n\
                    C2,TEA,Green tea,-1,2025-12-01 09:00:00,1.99,17850.0\n3,BREAD,,-5,2025-12-01 10:00:00,0.0,\n";

/// The folders of a shop after all that. Nothing runs any more.
pub(crate) struct History {
    pub(crate) register: Register,
    pub(crate) server: Server,
}

/// Lives through it.
pub(crate) fn live() -> Result<History> {
    let mut server = Server::start()?;
    let mut way = Proxy::lay(server.address())?;
    let register = Register::shop("EUR", "fr-FR")?;
    register.tell(&["product", "import", &register.file("shelf.csv", SHELF)?])?;
    register.connect(&server, &way.url())?;
    register.tell(&["replay", &register.file("past.csv", PAST)?])?;
    register.tell(&["sync"])?;
    // Kept until the end: its folder goes with it.
    let second = Register::join_by(&server, &way.url(), "Second")?;
    let mut other = Counter::open(&second, 0, HANG)?;
    let mut counter = Counter::open(&register, 0, HANG)?;
    let rounding = json!({ "step": 5, "mode": "half-up", "scope": "cash" });
    tell(&mut counter, "setting.set", json!({ "key": "cash_rounding", "value": rounding }))?;
    sell_by_cart(&mut counter)?;
    for basket in [vec!["TEA"], vec!["MILK", "BREAD"], vec!["BOOK", "TEA", "BREAD"]] {
        sell(&mut counter, &basket, &[("card", "30.00")])?;
    }
    floor::trust_a_customer(&mut counter)?;
    floor::live_through_shifts(&mut counter)?;

    // The last bottles: one is sold elsewhere, two are refused here, and one more is sold on both sides at once.
    sync_both(&mut counter, &mut other)?;
    sell(&mut other, &["WINE"], &[("cash", "20.00")])?;
    counter.order("sale.sell", &basket_of(&["WINE", "WINE", "TEA"], &[("cash", "40.00")]))?;
    let refused = counter.hear(HANG)?.context("an answer")?;
    assert!(matches!(&refused, Answer::Failed(e) if e["code"] == "sale.insufficient_stock"), "{refused:?}");
    way.pull()?;
    for till in [&mut counter, &mut other] {
        // Goods that both registers make by themselves, and that are one thing.
        let product = tell(till, "product.create", json!({ "draft": goods("HONEY", "3017620422003") }))?;
        sell(till, &["WINE", "HONEY"], &[("cash", "20.00")]).with_context(|| product.to_string())?;
        // And a debt that is paid on both while neither hears of the other.
        floor::pay(till, 150)?;
    }
    way.plug()?;
    // The other one's honey comes first: this register's is mapped to it.
    sync_both(&mut other, &mut counter)?;
    sync_both(&mut other, &mut counter)?;
    decide(&mut counter)?;
    sync_both(&mut counter, &mut other)?;
    drop(other);

    // And what still waits when somebody looks.
    server.stop()?;
    tell(&mut counter, "product.create", json!({ "draft": goods("JAM", "3045320094084") }))?;
    for basket in [vec!["TEA", "HONEY"], vec!["MILK"]] {
        sell(&mut counter, &basket, &[("cash", "50.00")])?;
    }
    floor::live_on_alone(&mut counter)?;
    drop(counter);
    for side in [register.tell(&["verify"])?, server.ask(&["verify"])?] {
        assert_eq!(side["ok"], true, "before anybody touches it: {side}");
    }
    Ok(History { register, server })
}

/// The database of a folder as one file, which can be copied.
pub(crate) fn gathered(folder: &Path, name: &str) -> Result<std::path::PathBuf> {
    let gathered = folder.join("gathered.db");
    let conn = Connection::open(folder.join(name))?;
    conn.execute("VACUUM INTO ?1", [gathered.to_string_lossy()])?;
    drop(conn);
    // As the program left it, so that it opens without a change.
    Connection::open(&gathered)?.pragma_update(None, "journal_mode", "wal")?;
    Ok(gathered)
}

pub(crate) fn tell(counter: &mut Counter, name: &str, request: Value) -> Result<Value> {
    counter.tell(name, &request, HANG)
}

/// By hand: a line's discount, one on the whole, a customer, cash that is rounded, and another tender.
fn sell_by_cart(counter: &mut Counter) -> Result<()> {
    let customer = json!({ "details": { "name": "Awa", "phone": "620000001" } });
    let customer = tell(counter, "customer.create", customer)?;
    tell(counter, "cart.scan", json!({ "code": "TEA" }))?;
    let cart = tell(counter, "cart.scan", json!({ "code": "MILK" }))?;
    let line = cart["lines"][0]["item"]["line_id"].as_str().with_context(|| format!("a line: {cart}"))?;
    let discount = json!({ "line_id": line, "qty": 3000, "discount": { "kind": "amount", "value": 50 } });
    tell(counter, "cart.set_line", discount)?;
    tell(counter, "cart.set_discount", json!({ "discount": { "kind": "percent", "value": 100_000 } }))?;
    let customer_id = customer["customer"]["customer_id"].clone();
    tell(counter, "cart.set_customer", json!({ "customer_id": customer_id }))?;
    let tenders = json!([
        { "kind": "mobile", "amount": 200, "reference": "OM-77" },
        { "kind": "cash", "amount": 1000, "reference": null },
    ]);
    let sale = json!({ "request_id": Uuid::from_u128(0xCA_27), "tenders": tenders });
    tell(counter, "sale.complete", sale).map(drop)
}

pub(crate) fn sell(counter: &mut Counter, codes: &[&str], tenders: &[(&str, &str)]) -> Result<Value> {
    tell(counter, "sale.sell", basket_of(codes, tenders))
}

pub(crate) fn basket_of(codes: &[&str], tenders: &[(&str, &str)]) -> Value {
    let lines: Vec<Value> =
        codes.iter().map(|code| json!({ "code": code, "qty": null, "unit_price": null })).collect();
    // Cash gives change; a card pays exactly, so it is given for a part and cash for the rest.
    let tenders: Vec<Value> = tenders
        .iter()
        .flat_map(|(kind, amount)| match *kind {
            "card" => vec![("card", "0.50", Some("4711")), ("cash", *amount, None)],
            kind => vec![(kind, *amount, None)],
        })
        .map(|(kind, amount, reference)| json!({ "kind": kind, "amount": amount, "reference": reference }))
        .collect();
    json!({ "request_id": press(), "lines": lines, "tenders": tenders })
}

/// The id of a press of the button: another one each time.
pub(crate) fn press() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// Seven of something new.
pub(crate) fn goods(code: &str, barcode: &str) -> Value {
    json!({
        "code": code, "barcodes": [barcode], "name": code, "category_id": null, "unit": "pcs",
        "price": "4.50", "cost": "", "tax_rate": "5.5", "track_stock": true, "opening_stock": "7",
        "offline_policy": "allow", "favourite": false, "archived": false,
    })
}

fn sync_both(counter: &mut Counter, other: &mut Counter) -> Result<()> {
    for till in [counter, other] {
        tell(till, "sync.now", json!({}))?;
    }
    Ok(())
}

/// The bottle that was sold twice is accepted; whatever else people were asked stays open.
fn decide(counter: &mut Counter) -> Result<()> {
    let open = tell(counter, "conflict.list", json!({}))?;
    let conflicts = open.as_array().into_iter().flatten().map(|view| &view["conflict"]);
    let shortage = conflicts.into_iter().find(|conflict| conflict["kind"] == "oversold");
    let shortage = shortage.with_context(|| format!("a shortage: {open}"))?;
    let choice = json!({ "conflict_id": shortage["conflict_id"], "choice": "accept_count", "note": null });
    tell(counter, "conflict.resolve", choice).map(drop)
}
