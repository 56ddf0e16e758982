//! The register and the server killed (kill -9) at random moments of selling and syncing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pos_testkit::chance::seeded;
use pos_testkit::process::{Running, Said};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;

/// Programs killed while they worked.
const KILLS: usize = 200;
/// Where the moments and the choices come from.
const SEED: u64 = 0xC0_FF_EE;
/// Pieces on the shelf: more than will be sold.
const STOCK: u32 = 10_000;
/// Most pieces of one sale.
const MOST_PIECES: u32 = 3;
/// In how many of a hundred rounds somebody sells; in the others the register syncs.
const SELLING_PERCENT: u32 = 75;
/// In how many of a hundred rounds that find a server, the register first syncs in peace: after an outage it asks
/// nobody until a round went well.
const CALM_PERCENT: u32 = 40;
/// In how many of a hundred rounds that find a server, the server is the victim.
const SERVER_PERCENT: u32 = 50;
/// In how many of a hundred rounds that find a dead server it is started again.
const RESTART_PERCENT: u32 = 60;

#[test]
fn whatever_is_killed_whenever_nothing_is_lost_and_nothing_doubled() -> Result<()> {
    let mut shop = Shop::open()?;
    while shop.kills_of_register + shop.kills_of_server < KILLS {
        shop.round()?;
    }
    shop.ask_again_for_all()?;
    shop.settle()?;
    let Shop { kills_of_register, kills_of_server, rounds, .. } = shop;
    let (wishes, online) = (shop.wishes.len(), shop.answered_online());
    assert!(
        online * 20 > wishes && online < wishes,
        "sales met both a server and none: {online} of {wishes}"
    );
    println!(
        "{rounds} rounds, {kills_of_register} kills of the register, {kills_of_server} of the server; \
         {wishes} sales, {online} of them answered by the server at once"
    );
    Ok(())
}

/// One press of the button. It is one sale, however often it has to be repeated.
struct Wish {
    request_id: String,
    pieces: u32,
    /// What the register said of it, once it said something.
    told: Option<Value>,
}

struct Shop {
    server: Server,
    register: Register,
    chance: StdRng,
    /// A little more than a sale takes when nobody kills it.
    whole: Duration,
    wishes: Vec<Wish>,
    kills_of_register: usize,
    kills_of_server: usize,
    rounds: usize,
}

impl Shop {
    fn open() -> Result<Self> {
        let server = Server::start()?;
        let register = Register::shop("EUR", "fr-FR")?;
        let list = format!("code,name,price,stock\nTEA,Tea,1.00,{STOCK}\n");
        register.tell(&["product", "import", &register.file("shelf.csv", &list)?])?;
        register.connect(&server, &server.url())?;
        let chance = seeded(SEED);
        let mut shop = Self {
            server,
            register,
            chance,
            whole: Duration::ZERO,
            wishes: Vec::new(),
            kills_of_register: 0,
            kills_of_server: 0,
            rounds: 0,
        };
        let wish = shop.wish();
        shop.sell_in_peace(wish)?;
        Ok(shop)
    }

    fn round(&mut self) -> Result<()> {
        self.rounds += 1;
        if !self.server.is_up() && self.happens(RESTART_PERCENT) {
            self.server.start_again()?;
        }
        if self.server.is_up() && self.happens(CALM_PERCENT) {
            self.register.tell(&["sync"])?;
        }
        let wish = self.happens(SELLING_PERCENT).then(|| self.wish());
        let mut running = match wish {
            Some(wish) => self.sell(wish)?,
            None => self.register.begin(&["sync"])?,
        };
        let moment = self.chance.random_range(Duration::ZERO..self.whole);
        // Not to wait for something: this is the moment of the fault.
        std::thread::sleep(moment);
        if self.server.is_up() && self.happens(SERVER_PERCENT) {
            self.server.kill()?;
            self.kills_of_server += 1;
            let said = running.finish()?;
            match wish {
                Some(wish) => self.hear(wish, &said)?,
                None => {
                    assert!(matches!(said.code, Some(0 | 4)), "a sync ends well or says why not: {said:?}")
                }
            }
        } else {
            running.kill()?;
            let said = running.finish()?;
            self.kills_of_register += usize::from(said.code.is_none());
            match wish {
                Some(wish) if said.find_document().is_some() => self.hear_of_dying(wish, &said)?,
                // The answer is lost. Half of the customers press the button again.
                Some(wish) if self.happens(50) => self.sell_in_peace(wish)?,
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Every wish that was never answered is repeated: in the end each is one sale.
    fn ask_again_for_all(&mut self) -> Result<()> {
        for wish in 0..self.wishes.len() {
            self.sell_in_peace(wish)?;
        }
        Ok(())
    }

    /// Brings both sides together and compares them.
    fn settle(&mut self) -> Result<()> {
        if !self.server.is_up() {
            self.server.start_again()?;
        }
        self.register.tell(&["sync"])?;
        let status = self.register.tell(&["status"])?;
        let waiting = (&status["state"], &status["pending"], &status["failed"], &status["dead"]);
        assert_eq!(waiting, (&json!("synced"), &json!(0), &json!(0), &json!(0)), "{status}");
        let agreed = books::agree(&self.server, &[&self.register])?;
        let mut told = BTreeMap::new();
        for wish in &self.wishes {
            let sale = wish.told.as_ref().context("every wish was answered in the end")?;
            let id = Uuid::parse_str(books::text(sale, "sale_id"))?;
            assert_eq!(told.insert(id, wish.request_id.as_str()), None, "two wishes are two sales: {sale}");
            let entry = &agreed.documents[&id];
            assert_eq!(
                entry,
                &("sale".to_owned(), i64::from(wish.pieces) * 100),
                "as it was reported: {sale}"
            );
        }
        assert_eq!(agreed.documents.len(), told.len(), "nothing was sold that nobody wished");
        let sold: u32 = self.wishes.iter().map(|wish| wish.pieces).sum();
        assert_eq!(
            books::balance(&self.server, "TEA")?,
            books::pieces(STOCK - sold, 0),
            "every piece counted once"
        );
        let stock = self.register.tell(&["stock", "TEA"])?;
        let left = (STOCK - sold).to_string();
        let here = (&stock["server"], &stock["pending"], &stock["shown"]);
        assert_eq!(here, (&json!(left), &json!("0"), &json!(left)), "and the register knows it");
        assert_eq!(self.register.tell(&["conflicts"])?, json!([]), "nothing was ever short");
        Ok(())
    }

    fn wish(&mut self) -> usize {
        let request_id = Uuid::from_bytes(self.chance.random()).to_string();
        let pieces = self.chance.random_range(1..=MOST_PIECES);
        self.wishes.push(Wish { request_id, pieces, told: None });
        self.wishes.len() - 1
    }

    fn sell(&self, wish: usize) -> Result<Running> {
        let Wish { request_id, pieces, .. } = &self.wishes[wish];
        let (line, tender) = (format!("TEAx{pieces}"), format!("cash:{pieces}.00"));
        self.register.begin(&["sell", "--line", &line, "--tender", &tender, "--request-id", request_id])
    }

    /// Sells, and learns within which time a kill meets the work: the machine is not always equally busy.
    fn sell_in_peace(&mut self, wish: usize) -> Result<()> {
        let begun = Instant::now();
        let said = self.sell(wish)?.finish()?;
        self.whole = begun.elapsed() * 5 / 4;
        self.hear(wish, &said)
    }

    /// A sale that nobody stopped is done, and stays what it was the first time.
    fn hear(&mut self, wish: usize, said: &Said) -> Result<()> {
        let sale = said.document(0).with_context(|| format!("wish {wish} of round {}", self.rounds))?;
        self.keep(wish, sale)
    }

    /// A register that was killed had already told of a sale: then it stands.
    fn hear_of_dying(&mut self, wish: usize, said: &Said) -> Result<()> {
        let sale = said.find_document().context("a whole document")?;
        assert!(sale.get("error").is_none(), "there is no reason to refuse: {sale}");
        self.keep(wish, sale)
    }

    fn keep(&mut self, wish: usize, sale: Value) -> Result<()> {
        assert_eq!(sale["state"], "final", "what is told is final: {sale}");
        let kept = self.wishes[wish].told.get_or_insert_with(|| sale.clone());
        for name in ["sale_id", "number", "total"] {
            assert_eq!(kept[name], sale[name], "a repeated wish is the same sale");
        }
        Ok(())
    }

    fn answered_online(&self) -> usize {
        let applied = |wish: &&Wish| wish.told.as_ref().is_some_and(|sale| sale["sync"] == "applied");
        self.wishes.iter().filter(applied).count()
    }

    fn happens(&mut self, percent: u32) -> bool {
        self.chance.random_range(0..100) < percent
    }
}
