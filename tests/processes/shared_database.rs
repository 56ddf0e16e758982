//! Two servers on one PostgreSQL database, each with a register of its own.

use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use pos_testkit::postgres::{Disk, Postgres};
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::json;
use tokio::sync::Barrier;

use crate::books;

/// How often the two race.
const ROUNDS: usize = 25;
/// Units of each product on the shelf.
const UNITS: u32 = 5;

#[test]
fn two_servers_on_one_database_are_one_shop() -> Result<()> {
    let Some(postgres) = Postgres::shared(Disk::Trusted)? else {
        eprintln!("SKIPPED: no PostgreSQL is installed (Debian: apt-get install postgresql)");
        return Ok(());
    };
    let database = postgres.server_url(&postgres.database()?);
    let here = Server::start_on(&database)?;
    let mut there = Server::start_on(&database)?;
    let ways = [Proxy::lay(here.address())?, Proxy::lay(there.address())?];
    let first = Register::shop("EUR", "fr-FR")?;
    first.tell(&["product", "import", &first.file("shelf.csv", &shelf())?])?;
    first.connect(&here, &ways[0].url())?;
    let second = Register::join_by(&there, &ways[1].url(), "Second")?;

    for round in 0..ROUNDS {
        let code = code(round);
        let door = Arc::new(Barrier::new(ways.len()));
        ways.iter().for_each(|way| way.next_push(Fault::Meet(Arc::clone(&door))));
        let (line, tender) = (format!("{code}x{UNITS}"), "cash:5.00");
        let sell = ["sell", "--line", &line, "--tender", tender];
        let said = [&first, &second].map(|register| register.begin(&sell));
        let [ours, theirs] = said;
        let said = [ours?.finish()?, theirs?.finish()?];
        let winner = said.iter().position(|s| s.code == Some(0)).context("one of them sells")?;
        assert_eq!(said[winner].document(0)?["sync"], "applied", "round {round}: a server has decided");
        let error = &said[1 - winner].document(3).with_context(|| format!("round {round}"))?["error"];
        assert_eq!(error["code"], "sale.insufficient_stock", "round {round}: the other server knows of it");
        assert_eq!(books::balance(&here, &code)?, books::nothing());
        assert_eq!(books::balance(&there, &code)?, books::nothing(), "round {round}: one balance for both");
    }

    there.kill()?;
    let sold = second.tell(&["sell", "--line", "APART", "--tender", "cash:1.00"])?;
    assert_eq!(sold["sync"], "queued", "its register sells on: {sold}");
    first.tell(&["sell", "--line", "APART", "--tender", "cash:1.00"])?;
    there.start_again()?;
    second.tell(&["sync"])?;
    assert_eq!(books::balance(&here, "APART")?, books::pieces(UNITS - 2, 0));
    let mut sold = 0;
    for register in [&first, &second] {
        assert_eq!(register.tell(&["verify"])?["ok"], true);
        assert_eq!(register.tell(&["queue"])?, json!([]), "nothing waits any more");
        sold += books::on_register(register)?.len();
    }
    assert_eq!(sold, ROUNDS + 2, "each round one sale, and two apart");
    for server in [&here, &there] {
        assert_eq!(server.ask(&["totals"])?["documents"][0]["count"], sold, "all of them, each once");
        assert_eq!(server.ask(&["verify"])?, json!({ "ok": true, "findings": [] }));
    }
    Ok(())
}

fn code(round: usize) -> String {
    format!("RACE{round}")
}

fn shelf() -> String {
    let mut list = format!("code,name,price,stock\nAPART,Apart,1.00,{UNITS}\n");
    for round in 0..ROUNDS {
        writeln!(list, "{},Race {round},1.00,{UNITS}", code(round)).unwrap();
    }
    list
}
