//! One counter of the shop in chaos: a register that runs, the way to its server, and what its customers were told.

use std::time::Duration;

use anyhow::{Context, Result};
use pos_testkit::counter::{Answer, Counter};
use pos_testkit::proxy::Proxy;
use pos_testkit::register::Register;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use uuid::Uuid;

/// The shelves: one that never ends, and one that ends early, so that sales are refused and oversold as well.
pub(crate) const SHELVES: [(&str, u32); 2] = [("TEA", 100_000), ("WINE", 60)];
/// In how many of a hundred sales the second shelf is meant.
const SCARCE_PERCENT: u32 = 25;
/// Most pieces of one sale.
const MOST_PIECES: u32 = 3;
/// Trouble meets the work within so long.
pub(crate) const MOMENT: Duration = Duration::from_millis(120);
/// How long anything may take in peace. Only a hang reaches it.
pub(crate) const HANG: Duration = Duration::from_secs(120);

/// One press of the button.
pub(crate) struct Wish {
    request_id: String,
    pub(crate) shelf: usize,
    pub(crate) pieces: u32,
    pub(crate) told: Told,
}

/// What the register said of a wish.
pub(crate) enum Told {
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
pub(crate) struct Till {
    pub(crate) register: Register,
    pub(crate) way: Proxy,
    pub(crate) counter: Option<Counter>,
    pub(crate) frozen: bool,
    ahead_ms: i64,
    open: Option<Open>,
    pub(crate) wishes: Vec<Wish>,
}

impl Till {
    pub(crate) fn begin(register: Register, way: Proxy) -> Result<Self> {
        let counter = Some(Counter::open(&register, 0, HANG)?);
        Ok(Self { register, way, counter, frozen: false, ahead_ms: 0, open: None, wishes: Vec::new() })
    }

    /// Somebody sells, or presses the button that syncs, or nobody is at the counter.
    pub(crate) fn work(&mut self, chance: &mut StdRng) -> Result<()> {
        let Some(counter) = self.counter.as_mut().filter(|_| self.open.is_none() && !self.frozen) else {
            return Ok(());
        };
        let throw = chance.random_range(0..100);
        if throw < 70 {
            let wish = Wish {
                request_id: Uuid::from_bytes(chance.random()).to_string(),
                shelf: usize::from(chance.random_range(0..100) < SCARCE_PERCENT),
                pieces: chance.random_range(1..=MOST_PIECES),
                told: Told::Nothing,
            };
            counter.order("sale.sell", &wish.request())?;
            self.wishes.push(wish);
            self.open = Some(Open::Sale(self.wishes.len() - 1));
        } else if throw < 90 {
            counter.order("sync.now", &json!({}))?;
            self.open = Some(Open::Round);
        }
        Ok(())
    }

    /// Whether it owes an answer that it could give.
    pub(crate) fn owes(&self) -> bool {
        self.open.is_some() && !self.frozen
    }

    /// It runs again. Sometimes it is killed once more while it starts.
    pub(crate) fn revive(&mut self, chance: &mut StdRng) -> Result<()> {
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

    pub(crate) fn freeze(&mut self) -> Result<()> {
        self.frozen = true;
        self.counter.as_ref().context("a running register")?.freeze()
    }

    /// Killed. What it had answered by then counts; the rest is lost.
    pub(crate) fn die(&mut self) -> Result<()> {
        let last_words = self.counter.take().context("a running register")?.kill()?;
        self.frozen = false;
        for answer in last_words {
            self.take(answer)?;
        }
        self.open = None;
        Ok(())
    }

    /// From now on, or from its next start.
    pub(crate) fn set_clock(&mut self, ahead_ms: i64) -> Result<()> {
        self.ahead_ms = ahead_ms;
        let runs = self.counter.is_some() && !self.frozen && self.open.is_none();
        if runs { self.tell("clock.set", &json!({ "ahead_ms": ahead_ms })).map(drop) } else { Ok(()) }
    }

    pub(crate) fn tell(&mut self, name: &str, request: &Value) -> Result<Value> {
        self.counter.as_mut().context("a running register")?.tell(name, request, HANG)
    }

    /// Waits for what it still owes.
    pub(crate) fn hear_within(&mut self, at_most: Duration) -> Result<()> {
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
    pub(crate) fn ask_again_for_all(&mut self) -> Result<()> {
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
                // A press that is repeated learns that its sale was rolled back when the register started again.
                let rolled_back =
                    error["code"] == "sale.refused" && error["params"]["reason"] == "rolled_back";
                let short = error["code"] == "sale.insufficient_stock";
                assert!(short || rolled_back, "goods that lack are the one reason to refuse: {error}");
                assert_eq!(SHELVES[self.shelf].0, "WINE", "and only what can run out: {error}");
                Told::Refused
            }
        };
    }
}
