//! Whether registers and their server have the same documents, computed from what each of them holds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use uuid::Uuid;

/// Kind (`sale` or `refund`) and total of a document, in minor units.
pub(crate) type Entry = (String, i64);
/// Documents by id.
pub(crate) type Entries = BTreeMap<Uuid, Entry>;

/// A shop in which registers and server hold the same.
pub(crate) struct Agreed {
    /// All documents.
    pub(crate) documents: Entries,
    /// How many each register made, in the order in which they were given.
    pub(crate) by_register: Vec<usize>,
}

impl Agreed {
    /// Sum of the documents of one kind, in minor units.
    pub(crate) fn total(&self) -> i64 {
        self.documents.values().map(|(_, total)| total).sum()
    }
}

/// Fails unless every file is right, every register's numbers have no gap, and the server holds exactly the documents
/// that the registers hold, with the same totals.
pub(crate) fn agree(server: &Server, registers: &[&Register]) -> Result<Agreed> {
    let (mut all, mut by_register) = (Entries::new(), Vec::new());
    for register in registers {
        let verified = register.tell(&["verify"])?;
        assert_eq!(verified["ok"], true, "the register's file is right: {verified}");
        assert_eq!(register.tell(&["queue"])?, json!([]), "nothing waits for the server any more");
        let own = on_register(register)?;
        by_register.push(own.len());
        for (id, entry) in own {
            assert_eq!(all.insert(id, entry), None, "a document belongs to one register: {id}");
        }
    }
    let verified = server.ask(&["verify"])?;
    assert_eq!(verified["ok"], true, "the server's file is right: {verified}");
    let held = on_server(server)?;
    for (id, entry) in &all {
        assert_eq!(held.get(id), Some(entry), "what was sold at a register is at the server: {id}");
    }
    assert_eq!(held.len(), all.len(), "the server holds nothing that no register sold");
    assert_eq!(stated(server)?, summed(&all), "the server states these totals itself");
    Ok(Agreed { documents: all, by_register })
}

/// The final documents of a register, after a look at its numbers.
pub(crate) fn on_register(register: &Register) -> Result<Entries> {
    let listed = register.tell(&["sales"])?;
    let listed = listed.as_array().context("a list of sales")?;
    let mut numbers: Vec<u64> = listed.iter().map(|sale| number(text(sale, "number"))).collect();
    numbers.sort_unstable();
    let expected: Vec<u64> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, expected, "numbers run from 1 without a gap, and none is used twice");
    let mut documents = Entries::new();
    for sale in listed {
        let entry = (text(sale, "kind").to_owned(), minor(text(sale, "total")));
        let id = Uuid::parse_str(text(sale, "sale_id"))?;
        assert_eq!(documents.insert(id, entry), None, "a sale is listed once: {sale}");
    }
    Ok(documents)
}

/// The documents that count at the server, read from its file without its program.
fn on_server(server: &Server) -> Result<Entries> {
    let file = server.data().join("server.db");
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement =
        file.prepare("SELECT sale_id, kind, total_minor FROM sale WHERE state = 'applied'")?;
    let rows = statement.query_map([], |row| {
        let id: [u8; 16] = row.get("sale_id")?;
        Ok((Uuid::from_bytes(id), (row.get("kind")?, row.get("total_minor")?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Count and sum of each kind, as `comptoir-server totals` states them.
fn stated(server: &Server) -> Result<BTreeMap<String, (u64, i64)>> {
    let totals = server.ask(&["totals"])?;
    let listed = totals["documents"].as_array().context("totals by kind")?;
    Ok(listed
        .iter()
        .map(|sum| {
            let count = sum["count"].as_u64().unwrap();
            (text(sum, "kind").to_owned(), (count, minor(text(sum, "total"))))
        })
        .collect())
}

fn summed(documents: &Entries) -> BTreeMap<String, (u64, i64)> {
    let mut sums = BTreeMap::new();
    for (kind, total) in documents.values() {
        let sum: &mut (u64, i64) = sums.entry(kind.clone()).or_default();
        *sum = (sum.0 + 1, sum.1 + total);
    }
    sums
}

/// The server's balance of a product: on hand and oversold.
pub(crate) fn balance(server: &Server, code: &str) -> Result<(String, String)> {
    let stock = server.stock(code)?;
    Ok((text(&stock, "on_hand").to_owned(), text(&stock, "oversold").to_owned()))
}

/// A balance of nothing.
pub(crate) fn nothing() -> (String, String) {
    pieces(0, 0)
}

/// A balance of whole pieces.
pub(crate) fn pieces(on_hand: u32, oversold: u32) -> (String, String) {
    (on_hand.to_string(), oversold.to_string())
}

/// A text of a document.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or_else(|| panic!("{name} is a text: {document}"))
}

/// Minor units of an amount in its currency's own digits.
pub(crate) fn minor(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap_or_else(|_| panic!("an amount: {amount}"))
}

/// The running number at the end of a document's number.
fn number(printed: &str) -> u64 {
    let digits = printed.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or_else(|_| panic!("a number: {printed}"))
}
