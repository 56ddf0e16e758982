//! A network that loses, doubles, holds, cuts and lies: one sale, and the right verdict.

use std::time::Duration;

use anyhow::Result;
use pos_testkit::chance::seeded;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rand::RngExt;
use serde_json::{Value, json};

use crate::books;

/// A delay that is shorter than what a checkout waits.
const SHORT: Duration = Duration::from_millis(300);
/// Most that a sale takes to reach the server. Only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);
/// Steps of the random journey.
const STEPS: usize = 150;
/// Where its choices come from.
const SEED: u64 = 0x5EED;
/// Pieces on each shelf of the random journey.
const PLENTY: u32 = 1_000;
/// Sales that wait when a sync meets a fault.
const WAITING: u32 = 3;

#[test]
fn a_sale_whose_reply_was_lost_stands_and_is_one_sale() -> Result<()> {
    let faults = [Fault::LoseReply, Fault::CutReply, Fault::SilenceAfter];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.into_iter().enumerate() {
        let code = shop.trouble_for(n, &fault);
        assert_eq!(shop.sell(&code)?["sync"], "queued", "{fault:?}: unknown is not refused");
        assert_eq!(
            books::balance(&shop.server, &code)?,
            books::nothing(),
            "{fault:?}: the server has it already"
        );
        shop.catches_up(1, &format!("{fault:?}"))?;
        assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "{fault:?}: and took it once");
    }
    shop.ends_with(3)
}

#[test]
fn a_sale_that_never_arrived_is_sent_later() -> Result<()> {
    let faults = [Fault::LoseRequest, Fault::CutRequest, Fault::Silence, Fault::Portal];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.into_iter().enumerate() {
        let code = shop.trouble_for(n, &fault);
        assert_eq!(shop.sell(&code)?["sync"], "queued", "{fault:?}: unknown is not refused");
        assert_eq!(shop.first.tell(&["status"])?["state"], "offline", "{fault:?}: and the indicator says so");
        assert_eq!(
            books::balance(&shop.server, &code)?,
            books::pieces(1, 0),
            "{fault:?}: the server knows nothing"
        );
        shop.catches_up(1, &format!("{fault:?}"))?;
        assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "{fault:?}: now it does");
    }
    shop.ends_with(4)
}

#[test]
fn a_doubled_or_late_request_is_one_sale() -> Result<()> {
    let faults = [Fault::Twice, Fault::TwiceAtOnce, Fault::Delay(SHORT)];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.into_iter().enumerate() {
        let code = shop.trouble_for(n, &fault);
        assert_eq!(shop.sell(&code)?["sync"], "applied", "{fault:?}: the same verdict for the same sale");
        assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "{fault:?}: sold once");
    }
    shop.ends_with(3)
}

#[test]
fn a_doubled_request_that_lacks_stock_is_refused_once_and_for_all() -> Result<()> {
    let faults = [Fault::Twice, Fault::TwiceAtOnce];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.into_iter().enumerate() {
        let code = shop.trouble_for(n, &fault);
        shop.second.tell(&sell(&code).each_ref().map(String::as_str))?;
        let error = shop.first.refused(&sell(&code).each_ref().map(String::as_str))?;
        assert_eq!(error["code"], "sale.insufficient_stock", "{fault:?}");
        assert_eq!(error["params"]["lines"][0]["available"], "0");
        shop.catches_up(0, &format!("{fault:?}"))?;
    }
    shop.ends_with(2)
}

#[test]
fn a_request_that_arrives_after_its_own_fact_changes_nothing() -> Result<()> {
    let shop = Shop::open(1, 1)?;
    let code = shop.trouble_for(0, &Fault::Hold);
    assert_eq!(shop.sell(&code)?["sync"], "queued");
    shop.catches_up(1, "the fact overtakes the question")?;
    assert_eq!(shop.way.deliver_held()?, 1, "the question arrives at last");
    assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "it is the same sale");
    shop.catches_up(0, "nothing is new")?;
    shop.ends_with(1)
}

#[test]
fn a_lost_refusal_does_not_take_a_printed_sale_back() -> Result<()> {
    let faults = [Fault::LoseReply, Fault::Hold];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.iter().enumerate() {
        let code = shop.trouble_for(n, fault);
        let elsewhere = shop.second.tell(&sell(&code).each_ref().map(String::as_str))?;
        assert_eq!(elsewhere["sync"], "applied", "the other register has the last one");
        assert_eq!(
            shop.sell(&code)?["sync"],
            "queued",
            "{fault:?}: this one cannot know, and the customer leaves"
        );
        shop.way.deliver_held()?;
        assert_eq!(
            books::balance(&shop.server, &code)?,
            books::nothing(),
            "{fault:?}: the server has refused it"
        );
        let round = shop.first.tell(&["sync"])?;
        let told = (&round["pushed"], &round["refused"], &round["conflicts"]);
        assert_eq!(told, (&json!(1), &json!(0), &json!(1)), "{fault:?}: the fact stands, people are told");
        assert_eq!(books::balance(&shop.server, &code)?, books::pieces(0, 1), "{fault:?}: one is missing");
    }
    shop.second.tell(&["sync"])?;
    let seen = shop.second.tell(&["conflicts"])?;
    assert_eq!(seen.as_array().map(Vec::len), Some(faults.len()), "the other register sees it too: {seen}");
    shop.ends_with(4)
}

#[test]
fn a_sync_that_meets_a_fault_says_so_and_the_next_one_finishes() -> Result<()> {
    let faults = [
        (Fault::LoseRequest, "sync.unreachable"),
        (Fault::LoseReply, "sync.unreachable"),
        (Fault::CutRequest, "sync.unreachable"),
        (Fault::CutReply, "sync.unreachable"),
        (Fault::Hold, "sync.unreachable"),
        (Fault::Portal, "sync.not_the_server"),
    ];
    let mut shop = Shop::open(1, PLENTY)?;
    let code = code(0);
    for (fault, error) in &faults {
        shop.way.pull()?;
        for _ in 0..WAITING {
            assert_eq!(shop.sell(&code)?["sync"], "queued");
        }
        shop.way.plug()?;
        shop.way.next_push(fault.clone());
        assert_eq!(shop.first.fails(&["sync"], 4)?["code"], *error, "{fault:?}");
        let status = shop.first.tell(&["status"])?;
        let waiting = (&status["state"], &status["pending"], &status["dead"]);
        assert_eq!(
            waiting,
            (&json!("offline"), &json!(WAITING), &json!(0)),
            "{fault:?}: trouble is not refusal"
        );
        shop.catches_up(WAITING, &format!("{fault:?}"))?;
        shop.way.deliver_held()?;
    }
    shop.ends_with(faults.len() * usize::try_from(WAITING)?)
}

#[test]
fn a_doubled_sync_counts_once() -> Result<()> {
    let faults = [Fault::Twice, Fault::TwiceAtOnce];
    let mut shop = Shop::open(1, PLENTY)?;
    for fault in &faults {
        shop.way.pull()?;
        for _ in 0..WAITING {
            assert_eq!(shop.sell(&code(0))?["sync"], "queued");
        }
        shop.way.plug()?;
        shop.way.next_push(fault.clone());
        shop.catches_up(WAITING, &format!("{fault:?}"))?;
    }
    let sold = u32::try_from(faults.len())? * WAITING;
    assert_eq!(books::balance(&shop.server, &code(0))?, books::pieces(PLENTY - sold, 0), "each piece once");
    shop.ends_with(usize::try_from(sold)?)
}

#[test]
fn a_register_killed_while_it_waits_for_the_answer_finishes_that_sale_once() -> Result<()> {
    let faults = [Fault::Silence, Fault::SilenceAfter];
    let shop = Shop::open(faults.len(), 1)?;
    for (n, fault) in faults.iter().enumerate() {
        let code = shop.trouble_for(n, fault);
        shop.dies_waiting(&code, n)?;
        assert_eq!(
            shop.first.tell(&["sales"])?.as_array().map(Vec::len),
            Some(n),
            "{fault:?}: no number yet"
        );
        shop.catches_up(0, &format!("{fault:?}: the start asked for the verdict"))?;
        assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "{fault:?}: sold once");
        assert_eq!(
            shop.first.tell(&["sales"])?.as_array().map(Vec::len),
            Some(n + 1),
            "{fault:?}: and final"
        );
    }
    shop.ends_with(2)
}

#[test]
fn a_register_killed_before_it_heard_a_refusal_takes_the_sale_back_at_its_next_start() -> Result<()> {
    let shop = Shop::open(1, 1)?;
    let code = shop.trouble_for(0, &Fault::SilenceAfter);
    shop.second.tell(&sell(&code).each_ref().map(String::as_str))?;
    shop.dies_waiting(&code, 0)?;
    shop.catches_up(0, "the start asked for the verdict")?;
    assert_eq!(shop.first.tell(&["sales"])?, json!([]), "no document, no number");
    assert_eq!(books::balance(&shop.server, &code)?, books::nothing(), "and nothing is missing");
    let audit = shop.first.tell(&["audit"])?;
    let told = audit.as_array().into_iter().flatten().any(|entry| entry["what"] == "sale.rolled_back");
    assert!(told, "the audit trail keeps it: {audit}");
    shop.ends_with(1)
}

#[test]
fn behind_a_portal_the_register_sells_and_takes_no_page_for_an_answer() -> Result<()> {
    let shop = Shop::open(1, PLENTY)?;
    shop.way.always(Some(Fault::Portal));
    assert_eq!(shop.sell(&code(0))?["sync"], "queued", "a page is no verdict");
    let before = shop.way.requests();
    assert_eq!(shop.sell(&code(0))?["sync"], "queued");
    assert_eq!(
        shop.way.requests(),
        before,
        "the register knows that this is not its server, and asks no more"
    );
    assert_eq!(shop.first.fails(&["sync"], 4)?["code"], "sync.not_the_server");
    assert_eq!(shop.first.tell(&["status"])?["state"], "offline");
    shop.way.behave();
    shop.catches_up(2, "logged in at the portal")?;
    shop.ends_with(2)
}

#[test]
fn after_any_sequence_of_faults_one_sync_makes_both_sides_equal() -> Result<()> {
    let mut chance = seeded(SEED);
    let mut shop = Shop::open(3, PLENTY)?;
    let (mut sold, mut met) = (0, 0);
    for _ in 0..STEPS {
        // A register that met a fault asks nobody until a round went well.
        if chance.random_range(0..3) > 0 {
            shop.first.tell(&["sync"])?;
        }
        let fault = fault(chance.random_range(0..10));
        let ordered = usize::from(fault.is_some());
        if let Some(fault) = fault {
            shop.way.next_push(fault);
        }
        let shelf = code(chance.random_range(0..3));
        match chance.random_range(0..6) {
            // It ends well or says why not; what it says is proved above.
            0 => drop(shop.first.run(&["sync"])?),
            1 => drop(shop.way.deliver_held()?),
            2 => {
                shop.way.pull()?;
                shop.sell(&shelf)?;
                shop.way.plug()?;
                sold += 1;
            }
            3 => {
                shop.second.tell(&sell(&shelf).each_ref().map(String::as_str))?;
                sold += 1;
            }
            _ => {
                shop.sell(&shelf)?;
                sold += 1;
            }
        }
        met += ordered - shop.way.orders_left();
        shop.way.behave();
    }
    shop.first.tell(&["sync"])?;
    shop.way.next_push(Fault::Hold);
    shop.sell(&code(0))?;
    sold += 1;
    shop.first.tell(&["sync"])?;
    shop.way.deliver_held()?;
    assert!(met * 10 > STEPS, "the faults were really met: {met}");
    println!("{STEPS} steps, {met} faults met, {sold} sales");
    shop.ends_with(sold)
}

/// What happens to a push, by chance.
fn fault(throw: u32) -> Option<Fault> {
    match throw {
        0 => Some(Fault::LoseRequest),
        1 => Some(Fault::LoseReply),
        2 => Some(Fault::Twice),
        3 => Some(Fault::TwiceAtOnce),
        4 => Some(Fault::Hold),
        5 => Some(Fault::CutRequest),
        6 => Some(Fault::CutReply),
        7 => Some(Fault::Portal),
        _ => None,
    }
}

/// A register behind an unreliable way, another one beside the server, and shelves that both know.
struct Shop {
    server: Server,
    way: Proxy,
    first: Register,
    second: Register,
}

impl Shop {
    fn open(shelves: usize, pieces: u32) -> Result<Self> {
        let server = Server::start()?;
        let way = Proxy::lay(server.address())?;
        let first = Register::shop("EUR", "fr-FR")?;
        let rows: String = (0..shelves).map(|n| format!("{},Goods {n},1.00,{pieces}\n", code(n))).collect();
        let list = first.file("shelf.csv", &format!("code,name,price,stock\n{rows}"))?;
        first.tell(&["product", "import", &list])?;
        first.connect(&server, &way.url())?;
        let second = Register::join(&server, "Second")?;
        Ok(Self { server, way, first, second })
    }

    /// Orders the fault for the next sale, and gives the goods for it.
    fn trouble_for(&self, shelf: usize, fault: &Fault) -> String {
        self.way.next_push(fault.clone());
        code(shelf)
    }

    /// Sells one at the register behind the unreliable way. Nothing may refuse it.
    fn sell(&self, code: &str) -> Result<Value> {
        self.first.tell(&sell(code).each_ref().map(String::as_str))
    }

    /// Kills the register in a sale that the network keeps waiting for its answer.
    fn dies_waiting(&self, code: &str, silences_before: usize) -> Result<()> {
        let waiting = self.first.begin(&sell(code).each_ref().map(String::as_str))?;
        self.way.wait_for_silences(u64::try_from(silences_before)? + 1, HANG)?;
        let said = waiting.cut_short()?;
        assert_eq!((said.code, said.find_document()), (None, None), "it was killed before it knew: {said:?}");
        Ok(())
    }

    /// A plain sync brings both sides together.
    fn catches_up(&self, waiting: u32, after: &str) -> Result<()> {
        let round = self.first.tell(&["sync"])?;
        assert_eq!(self.way.orders_left(), 0, "{after}: it happened");
        let told = (&round["pushed"], &round["refused"], &round["conflicts"]);
        assert_eq!(told, (&json!(waiting), &json!(0), &json!(0)), "{after}: {round}");
        let status = self.first.tell(&["status"])?;
        assert_eq!(
            (&status["state"], &status["pending"]),
            (&json!("synced"), &json!(0)),
            "{after}: {status}"
        );
        Ok(())
    }

    /// Both registers and the server hold exactly so many sales.
    fn ends_with(&self, sales: usize) -> Result<()> {
        self.second.tell(&["sync"])?;
        let agreed = books::agree(&self.server, &[&self.first, &self.second])?;
        assert_eq!(agreed.documents.len(), sales, "each sale exists once");
        Ok(())
    }
}

fn code(shelf: usize) -> String {
    format!("GOODS{shelf}")
}

fn sell(code: &str) -> [String; 5] {
    ["sell", "--line", code, "--tender", "cash:1.00"].map(str::to_owned)
}
