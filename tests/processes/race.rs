//! The last units of a product, wanted by two registers at the same moment.

use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use pos_testkit::process::Said;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::json;
use tokio::sync::Barrier;

use crate::books;

/// How often two registers race.
const ROUNDS: usize = 200;
/// Units on the shelf, all of which both want.
const UNITS: u32 = 5;
/// Price of all of them.
const ALL: &str = "5.00";

#[test]
fn of_two_registers_that_sell_the_last_units_at_once_exactly_one_succeeds() -> Result<()> {
    let server = Server::start()?;
    let way = Proxy::lay(server.address())?;
    let first = Register::shop("EUR", "fr-FR")?;
    first.tell(&["product", "import", &first.file("shelf.csv", &shelf())?])?;
    first.connect(&server, &way.url())?;
    let second = Register::join_by(&server, &way.url(), "Second")?;

    let mut won = [0; 2];
    for round in 0..ROUNDS {
        let code = code(round);
        let said = race(&way, [&first, &second], &code)?;
        let winner = said.iter().position(|s| s.code == Some(0)).context("one of them sells")?;
        let [sold, refused] = [&said[winner], &said[1 - winner]];
        assert_eq!(sold.document(0)?["sync"], "applied", "round {round}: the server has decided");
        let error = &refused.document(3).with_context(|| format!("round {round}"))?["error"];
        assert_eq!(error["code"], "sale.insufficient_stock", "round {round}");
        let line = &error["params"]["lines"][0];
        let told = (&line["code"], &line["asked"], &line["available"]);
        assert_eq!(told, (&json!(code), &json!(UNITS.to_string()), &json!("0")), "with what is available");
        assert_eq!(books::balance(&server, &code)?, books::nothing(), "round {round}: all sold, none twice");
        won[winner] += 1;
    }
    for register in [&first, &second] {
        register.tell(&["sync"])?;
        assert_eq!(register.tell(&["status"])?["state"], "synced", "a refused sale leaves nothing behind");
    }
    let agreed = books::agree(&server, &[&first, &second])?;
    assert_eq!(agreed.by_register, won, "a sale that was rolled back has no document and used no number");
    assert_eq!(agreed.total(), i64::try_from(ROUNDS)? * books::minor(ALL), "every unit was paid once");
    println!("{ROUNDS} rounds of two registers at the same door: {} and {} won", won[0], won[1]);
    Ok(())
}

/// Lets both ask for all units. Their requests reach the server together.
fn race(way: &Proxy, registers: [&Register; 2], code: &str) -> Result<[Said; 2]> {
    let door = Arc::new(Barrier::new(registers.len()));
    for _ in registers {
        way.next_push(Fault::Meet(Arc::clone(&door)));
    }
    let line = format!("{code}x{UNITS}");
    let tender = format!("cash:{ALL}");
    let sell = ["sell", "--line", &line, "--tender", &tender];
    let [first, second] = registers.map(|register| register.begin(&sell));
    let said = [first?.finish()?, second?.finish()?];
    assert_eq!(way.orders_left(), 0, "both asked the server: {said:?}");
    Ok(said)
}

fn code(round: usize) -> String {
    format!("RACE{round}")
}

fn shelf() -> String {
    let mut list = "code,name,price,stock\n".to_owned();
    for round in 0..ROUNDS {
        writeln!(list, "{},Race {round},1.00,{UNITS}", code(round)).unwrap();
    }
    list
}
