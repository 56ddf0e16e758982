//! Two registers that run all day, a server, and two ways between them: everything that can fail does, at random
//! moments. Whenever the trouble stops, all three agree within a few rounds.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use pos_testkit::chance::{rounds, seeded};
use pos_testkit::counter::Counter;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::json;
use uuid::Uuid;

use crate::books;
use crate::chaos_till::{HANG, MOMENT, SHELVES, Till, Told};
use crate::chaos_trouble::{FAULTS, Trouble};

/// Rounds of trouble in every run of the tests; `cargo xtask test --rounds 500` for more.
const ROUNDS: u64 = 50;
/// Rounds from one peace to the next.
const BLOCK: u64 = 10;
/// Where the choices and the moments come from.
const SEED: u64 = 0xBAD_DA7;
/// What a checkout waits for the server here, in milliseconds: silence is tried often.
const DEADLINE_MS: u32 = 600;
/// How long an answer may take while there is trouble; then the silence is broken.
const PATIENCE: Duration = Duration::from_secs(2);
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
            shop.lose_the_servers_last_days().with_context(|| format!("a lost disk after round {round}"))?;
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

struct Shop {
    server: Server,
    server_frozen: bool,
    /// The server's folder as it was copied in an earlier peace.
    copy: tempfile::TempDir,
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
        let mut shop = Self {
            server,
            server_frozen: false,
            copy: tempfile::tempdir()?,
            tills,
            chance,
            met: BTreeMap::new(),
        };
        shop.keep_a_copy()?;
        Ok(shop)
    }

    /// Copies the server's folder, as somebody does who thinks of the day when its disk dies.
    fn keep_a_copy(&mut self) -> Result<()> {
        self.server.stop()?;
        self.copy = tempfile::tempdir()?;
        copy_files(self.server.data(), self.copy.path())?;
        self.server.start_again()
    }

    /// In some of the peaces a copy is kept; in others the server's disk dies, and the copy takes its place without a
    /// word to anybody. Registers send again what it lost.
    fn lose_the_servers_last_days(&mut self) -> Result<()> {
        if self.chance.random_bool(0.5) {
            return self.keep_a_copy();
        }
        if self.chance.random_bool(0.5) {
            self.server.kill()?;
            let data = self.server.data();
            std::fs::remove_dir_all(data)?;
            std::fs::create_dir(data)?;
            copy_files(self.copy.path(), data)?;
            self.server.start_again()?;
            *self.met.entry("server back to an older copy".to_owned()).or_default() += 1;
            self.make_peace()?;
        }
        Ok(())
    }

    /// People work, something happens to somebody, and whoever can answers.
    fn round(&mut self) -> Result<()> {
        self.some_recover()?;
        let trouble = Trouble::draw(&mut self.chance);
        let unlucky = self.chance.random_range(0..self.tills.len());
        if let Trouble::Clock(ahead_ms) = trouble {
            self.tills[unlucky].set_clock(ahead_ms)?;
        }
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
        let before = self.tills[unlucky].way.requests();
        for till in 0..self.tills.len() {
            self.tills[till].work(&mut self.chance)?;
        }
        // Not to wait for something: this is the moment of the fault.
        std::thread::sleep(self.chance.random_range(Duration::ZERO..MOMENT));
        let mut name = self.befall(trouble, unlucky)?;
        for till in 0..self.tills.len() {
            self.hear(till)?;
        }
        let way = &self.tills[unlucky].way;
        if matches!(trouble, Trouble::Network(_)) && (way.orders_left() > 0 || way.requests() == before) {
            name = "nothing: nobody came that way".to_owned();
        }
        *self.met.entry(name).or_default() += 1;
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

    /// Trouble comes; what it was, for the count.
    fn befall(&mut self, trouble: Trouble, unlucky: usize) -> Result<String> {
        let till = &mut self.tills[unlucky];
        match trouble {
            Trouble::None | Trouble::Clock(_) => {}
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
            Trouble::Network(which) => return Ok(format!("network: {}", FAULTS[which].0)),
            Trouble::KillServer | Trouble::FreezeServer | Trouble::KillRegister | Trouble::FreezeRegister => {
                return Ok("nothing: it was down already".to_owned());
            }
        }
        Ok(trouble.name().to_owned())
    }

    /// Waits for a register's answer. Where silence reigns it is broken after a while.
    fn hear(&mut self, till: usize) -> Result<()> {
        let unlucky = &mut self.tills[till];
        if !unlucky.owes() {
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
        // A register learns from its greeting that the server went back, and sends again what that had lost.
        for till in &mut self.tills {
            till.tell("sync.now", &json!({}))?;
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

/// Copies a folder with all that is in it.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&target)?;
            copy_files(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
