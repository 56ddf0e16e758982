//! Two registers that run all day, a server, and two ways between them: everything that can fail does, at random
//! moments. Whenever the trouble stops, all three agree within a few rounds.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use pos_testkit::chance::{rounds, seeded};
use pos_testkit::counter::{Answer, Counter};
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books;
use crate::chaos_trouble::{FAULTS, Trouble};

/// Rounds of trouble in every run of the tests; `cargo xtask test --rounds 500` for more.
const ROUNDS: u64 = 50;
/// Rounds from one peace to the next.
const BLOCK: u64 = 10;
/// Where the choices and the moments come from.
const SEED: u64 = 0xBAD_DA7;
/// The shelves: one that never ends, and one that ends early, so that sales are refused and oversold as well.
const SHELVES: [(&str, u32); 2] = [("TEA", 100_000), ("WINE", 60)];
/// In how many of a hundred sales the second shelf is meant.
const SCARCE_PERCENT: u32 = 25;
/// Most pieces of one sale.
const MOST_PIECES: u32 = 3;
/// What a checkout waits for the server here, in milliseconds: silence is tried often.
const DEADLINE_MS: u32 = 600;
/// Trouble meets the work within so long.
const MOMENT: Duration = Duration::from_millis(120);
/// How long an answer may take while there is trouble; then the silence is broken.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long anything may take in peace. Only a hang reaches it.
const HANG: Duration = Duration::from_secs(120);
/// Within so many rounds of peace all agree.
const ROUNDS_OF_PEACE: usize = 3;

#[test]
fn whatever_fails_everything_agrees_again_once_it_stops() -> Result<()> {
    let rounds = rounds(ROUNDS);
    let mut shop = Shop::open()?;
    for round in 1..=rounds {
        shop.round().with_context(|| format!("round {round}"))?;
        if round % BLOCK == 0 || round == rounds {
            shop.make_peace().with_context(|| format!("peace after round {round}"))?;
        }
    }
    let Shop { met, tills, .. } = &shop;
    let (mut sold, mut refused, mut online) = (0, 0, 0);
    for wish in tills.iter().flat_map(|till| &till.wishes) {
        match &wish.told {
            Told::Sold(sale) => {
                sold += 1;
                online += u32::from(sale["sync"] == "applied");
            }
            Told::Refused => refused += 1,
            Told::Nothing => unreachable!("peace asks again for all"),
        }
    }
    println!(
        "{rounds} rounds: {sold} sales, {online} of them answered by the server at once, {refused} refused"
    );
    for (trouble, times) in met {
        println!("  {times:4} {trouble}");
    }
    assert!(online > 0 && online < sold, "sales met both a server and none");
    Ok(())
}

/// One press of the button.
struct Wish {
    request_id: String,
    shelf: usize,
    pieces: u32,
    told: Told,
}

/// What the register said of a wish.
enum Told {
    Nothing,
    Sold(Value),
    Refused,
}

/// What a running register was asked and has not answered.
enum Open {
    Sale(usize),
    Round,
}

/// A counter in the shop.
struct Till {
    register: Register,
    way: Proxy,
    counter: Option<Counter>,
    frozen: bool,
    ahead_ms: i64,
    open: Option<Open>,
    wishes: Vec<Wish>,
}

struct Shop {
    server: Server,
    server_frozen: bool,
    tills: [Till; 2],
    chance: StdRng,
    met: BTreeMap<String, usize>,
}

impl Shop {
    fn open() -> Result<Self> {
        let chance = seeded(SEED);
        let server = Server::start()?;
        let ways = [Proxy::lay(server.address())?, Proxy::lay_sealed(server.address())?];
        let first = Register::shop("EUR", "fr-FR")?;
        let rows: String =
            SHELVES.iter().map(|(code, stock)| format!("{code},{code},1.00,{stock}\n")).collect();
        first.tell(&[
            "product",
            "import",
            &first.file("shelf.csv", &format!("code,name,price,stock\n{rows}"))?,
        ])?;
        first.connect(&server, &ways[0].url())?;
        let deadline = json!({ "key": "checkout_deadline_ms", "value": DEADLINE_MS });
        let mut counter = Counter::open(&first, 0, HANG)?;
        counter.tell("setting.set", &deadline, HANG)?;
        counter.tell("sync.now", &json!({}), HANG)?;
        drop(counter);
        let second = Register::join_by(&server, &ways[1].url(), "Second")?;
        let [first_way, second_way] = ways;
        let tills = [Till::begin(first, first_way)?, Till::begin(second, second_way)?];
        Ok(Self { server, server_frozen: false, tills, chance, met: BTreeMap::new() })
    }

    /// People work, something happens to somebody, and whoever can answers.
    fn round(&mut self) -> Result<()> {
        self.some_recover()?;
        let trouble = Trouble::draw(&mut self.chance);
        let unlucky = self.chance.random_range(0..self.tills.len());
        if let Trouble::Network(which) = trouble {
            let fault = FAULTS[which].1.clone();
            let way = &self.tills[unlucky].way;
            // Either the next push, or whatever comes until it is over.
            if matches!(fault, Fault::Impostor) || self.chance.random_bool(0.4) {
                way.always(Some(fault));
            } else {
                way.next_push(fault);
            }
        }
        for till in 0..self.tills.len() {
            self.work(till)?;
        }
        // Not to wait for something: this is the moment of the fault.
        std::thread::sleep(self.chance.random_range(Duration::ZERO..MOMENT));
        let name = self.befall(trouble, unlucky)?;
        *self.met.entry(name).or_default() += 1;
        for till in 0..self.tills.len() {
            self.hear(till)?;
        }
        Ok(())
    }

    /// What is dead or frozen comes back by chance, and so does the network.
    fn some_recover(&mut self) -> Result<()> {
        if self.chance.random_bool(0.5) {
            self.revive_server()?;
        }
        for till in 0..self.tills.len() {
            if self.chance.random_bool(0.6) {
                self.tills[till].revive(&mut self.chance)?;
            }
            if self.chance.random_bool(0.5) {
                self.tills[till].way.behave();
            }
        }
        Ok(())
    }

    fn revive_server(&mut self) -> Result<()> {
        if std::mem::take(&mut self.server_frozen) {
            self.server.thaw()?;
        }
        if self.server.is_up() { Ok(()) } else { self.server.start_again() }
    }

    /// Somebody sells, or presses the button that syncs, or nobody is at the counter.
    fn work(&mut self, till: usize) -> Result<()> {
        let till = &mut self.tills[till];
        let Some(counter) = till.counter.as_mut().filter(|_| till.open.is_none() && !till.frozen) else {
            return Ok(());
        };
        let throw = self.chance.random_range(0..100);
        if throw < 70 {
            let shelf = usize::from(self.chance.random_range(0..100) < SCARCE_PERCENT);
            let wish = Wish {
                request_id: Uuid::from_bytes(self.chance.random()).to_string(),
                shelf,
                pieces: self.chance.random_range(1..=MOST_PIECES),
                told: Told::Nothing,
            };
            counter.order("sale.sell", &wish.request())?;
            till.wishes.push(wish);
            till.open = Some(Open::Sale(till.wishes.len() - 1));
        } else if throw < 90 {
            counter.order("sync.now", &json!({}))?;
            till.open = Some(Open::Round);
        }
        Ok(())
    }

    /// Trouble comes; what it was, for the count.
    fn befall(&mut self, trouble: Trouble, unlucky: usize) -> Result<String> {
        let till = &mut self.tills[unlucky];
        match trouble {
            Trouble::None => {}
            Trouble::KillServer if self.server.is_up() => {
                self.server_frozen = false;
                self.server.kill()?;
            }
            Trouble::FreezeServer if self.server.is_up() && !self.server_frozen => {
                self.server_frozen = true;
                self.server.freeze()?;
            }
            Trouble::KillRegister if till.counter.is_some() => till.die()?,
            Trouble::FreezeRegister if till.counter.is_some() && !till.frozen => till.freeze()?,
            Trouble::Cable => till.way.break_all()?,
            Trouble::Clock(ahead_ms) if till.counter.is_some() && !till.frozen && till.open.is_none() => {
                till.set_clock(ahead_ms)?;
            }
            Trouble::Network(which) => return Ok(format!("network: {}", FAULTS[which].0)),
            Trouble::KillServer
            | Trouble::FreezeServer
            | Trouble::KillRegister
            | Trouble::FreezeRegister
            | Trouble::Clock(_) => return Ok("nothing: it was down already".to_owned()),
        }
        Ok(trouble.name().to_owned())
    }

    /// Waits for a register's answer. Where silence reigns it is broken after a while.
    fn hear(&mut self, till: usize) -> Result<()> {
        let unlucky = &mut self.tills[till];
        if unlucky.frozen || unlucky.open.is_none() {
            return Ok(());
        }
        if unlucky.hear_within(PATIENCE).is_ok() {
            return Ok(());
        }
        self.revive_server()?;
        self.tills[till].way.break_all()?;
        self.tills[till].hear_within(HANG)
    }

    /// All trouble stops, and everybody agrees.
    fn make_peace(&mut self) -> Result<()> {
        self.revive_server()?;
        for till in &mut self.tills {
            till.way.behave();
            till.way.break_all()?;
            till.way.deliver_held()?;
            till.revive(&mut self.chance)?;
            till.hear_within(HANG)?;
            till.ask_again_for_all()?;
        }
        let mut rounds = 0;
        while !self.is_quiet()? {
            rounds += 1;
            assert!(
                rounds <= ROUNDS_OF_PEACE,
                "all is said within {ROUNDS_OF_PEACE} rounds: {}",
                self.described()?
            );
            for till in &mut self.tills {
                till.tell("sync.now", &json!({}))?;
            }
        }
        // What one of them has just sent, the other pulls.
        for till in &mut self.tills {
            till.tell("sync.now", &json!({}))?;
        }
        self.compare()
    }

    fn is_quiet(&mut self) -> Result<bool> {
        let mut quiet = true;
        for till in &mut self.tills {
            let status = till.tell("sync.status", &json!({}))?;
            quiet &= status["pending"] == 0 && status["dead"] == 0 && status["online"] == true;
        }
        Ok(quiet)
    }

    fn described(&mut self) -> Result<String> {
        let mut words = String::new();
        for till in &mut self.tills {
            let status = till.tell("sync.status", &json!({}))?;
            let queue = till.register.tell(&["queue"])?;
            words.push_str(&format!("\n{status}\n{queue}"));
        }
        Ok(words)
    }

    /// The books of all three, against what the customers were told.
    fn compare(&mut self) -> Result<()> {
        let agreed = books::agree(&self.server, &[&self.tills[0].register, &self.tills[1].register])?;
        let mut told = BTreeMap::new();
        let mut left: Vec<i64> = SHELVES.iter().map(|(_, stock)| i64::from(*stock)).collect();
        for wish in self.tills.iter().flat_map(|till| &till.wishes) {
            let Told::Sold(sale) = &wish.told else { continue };
            let id = Uuid::parse_str(books::text(sale, "sale_id"))?;
            assert_eq!(told.insert(id, wish.pieces), None, "two wishes are two sales: {sale}");
            let entry =
                agreed.documents.get(&id).with_context(|| format!("what was told is there: {sale}"))?;
            assert_eq!(entry, &("sale".to_owned(), i64::from(wish.pieces) * 100), "as it was told: {sale}");
            left[wish.shelf] -= i64::from(wish.pieces);
        }
        assert_eq!(agreed.documents.len(), told.len(), "nothing was sold that nobody was told of");
        for ((code, _), left) in SHELVES.iter().zip(left) {
            let (on_hand, oversold) = books::balance(&self.server, code)?;
            let net = on_hand.parse::<i64>()? - oversold.parse::<i64>()?;
            assert_eq!(net, left, "{code}: what is left is what was there less what was sold");
            for till in &mut self.tills {
                let here = till.register.tell(&["stock", code])?;
                let seen = (&here["server"], &here["pending"], &here["oversold"]);
                assert_eq!(
                    seen,
                    (&json!(on_hand), &json!("0"), &json!(oversold)),
                    "and both registers know it"
                );
            }
        }
        Ok(())
    }
}

impl Till {
    fn begin(register: Register, way: Proxy) -> Result<Self> {
        let counter = Some(Counter::open(&register, 0, HANG)?);
        Ok(Self { register, way, counter, frozen: false, ahead_ms: 0, open: None, wishes: Vec::new() })
    }

    /// It runs again. Sometimes it is killed once more while it starts.
    fn revive(&mut self, chance: &mut StdRng) -> Result<()> {
        if std::mem::take(&mut self.frozen) {
            self.counter.as_ref().context("a frozen register")?.thaw()?;
        }
        if self.counter.is_none() {
            if chance.random_bool(0.3) {
                let starting = Counter::begin(&self.register, self.ahead_ms)?;
                // Not to wait for something: this is the moment of the fault.
                std::thread::sleep(chance.random_range(Duration::ZERO..MOMENT));
                starting.kill()?;
            }
            self.counter = Some(Counter::open(&self.register, self.ahead_ms, HANG)?);
        }
        Ok(())
    }

    fn freeze(&mut self) -> Result<()> {
        self.frozen = true;
        self.counter.as_ref().context("a running register")?.freeze()
    }

    /// Killed. What it had answered by then counts; the rest is lost.
    fn die(&mut self) -> Result<()> {
        let last_words = self.counter.take().context("a running register")?.kill()?;
        self.frozen = false;
        for answer in last_words {
            self.take(answer)?;
        }
        self.open = None;
        Ok(())
    }

    fn set_clock(&mut self, ahead_ms: i64) -> Result<()> {
        self.ahead_ms = ahead_ms;
        self.tell("clock.set", &json!({ "ahead_ms": ahead_ms })).map(drop)
    }

    fn tell(&mut self, name: &str, request: &Value) -> Result<Value> {
        self.counter.as_mut().context("a running register")?.tell(name, request, HANG)
    }

    /// Waits for what it still owes.
    fn hear_within(&mut self, at_most: Duration) -> Result<()> {
        let (Some(counter), Some(_)) = (self.counter.as_mut(), &self.open) else { return Ok(()) };
        let answer = counter.hear(at_most)?.context("the register ended by itself")?;
        self.take(answer)
    }

    fn take(&mut self, answer: Answer) -> Result<()> {
        match (self.open.take(), answer) {
            // A round ends well or says why not.
            (Some(Open::Round), _) => {}
            (Some(Open::Sale(wish)), answer) => self.wishes[wish].keep(answer),
            (None, answer) => anyhow::bail!("nobody asked: {answer:?}"),
        }
        Ok(())
    }

    /// Every wish that was never answered is repeated: in the end each is one sale or a refusal.
    fn ask_again_for_all(&mut self) -> Result<()> {
        let counter = self.counter.as_mut().context("a running register")?;
        for wish in self.wishes.iter_mut().filter(|wish| matches!(wish.told, Told::Nothing)) {
            counter.order("sale.sell", &wish.request())?;
            wish.keep(counter.hear(HANG)?.context("the register runs")?);
        }
        Ok(())
    }
}

impl Wish {
    fn request(&self) -> Value {
        let (pieces, code) = (self.pieces, SHELVES[self.shelf].0);
        json!({
            "request_id": self.request_id,
            "lines": [{ "code": code, "qty": pieces.to_string(), "unit_price": null }],
            "tenders": [{ "kind": "cash", "amount": format!("{pieces}.00"), "reference": null }],
        })
    }

    fn keep(&mut self, answer: Answer) {
        self.told = match answer {
            Answer::Done(sale) => Told::Sold(sale),
            Answer::Failed(error) => {
                assert_eq!(error["code"], "sale.insufficient_stock", "the one reason to refuse: {error}");
                assert_eq!(SHELVES[self.shelf].0, "WINE", "and only what can run out: {error}");
                Told::Refused
            }
        };
    }
}
