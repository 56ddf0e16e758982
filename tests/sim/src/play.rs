//! One run: a shop at work for some days with every fault, then peace, then the reckoning.

mod mail;
mod news;
mod peace;
mod trouble;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pos_sync::engine::Event as Told;
use pos_sync::transport::Question;
use tokio::sync::oneshot;

use self::trouble::Old;
use crate::books::Books;
use crate::chance::Chance;
use crate::deed::{Done, Press, draft};
use crate::invariants::Faults;
use crate::road::{Answer, Road, Weather};
use crate::steps::Numbers;
use crate::task::{Task, WaitsFor};
use crate::till::{Ended, News, Standing, Till};
use crate::town::Town;
use crate::trace::Trace;
use crate::versions::Age;

/// Hours of a day that are simulated: the busy ones.
const BUSY_HOURS: i64 = 1;
/// Most time that a register may sleep: the engine's own promise.
const LONGEST_SLEEP_MS: i64 = 60_000;

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) registers: usize,
    pub(crate) days: u32,
    pub(crate) loud: bool,
    pub(crate) keep: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// All that happened, and how far the disks had come each time.
    pub(crate) trace: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) last: Vec<String>,
    pub(crate) register_ms: i64,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// What comes at a time.
enum Event {
    Arrival {
        token: Option<String>,
        question: Question,
        age: Age,
        slot: Option<(u64, i64)>,
    },
    Reply {
        slot: u64,
        answer: Answer,
    },
    Deed {
        till: usize,
        life: u32,
    },
    Weather {
        till: usize,
        weather: Weather,
    },
    Trouble,
    Start {
        till: usize,
    },
    StartServer,
    /// A machine that slept wakes.
    Wake {
        till: usize,
        life: u32,
    },
    /// A register's disk is repaired.
    Repair {
        till: usize,
        life: u32,
    },
    RepairServer,
    /// A revoked register is wiped, to join again.
    Wipe {
        till: usize,
    },
    /// A copy that was made is put to use.
    PutBack(Old),
    /// The copy of a register's folder is thrown away.
    EndCopy {
        till: usize,
    },
    /// Time passes for those who wait for nothing else.
    Tick,
}

/// What is known of a register's disk by those who stand before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DiskState {
    Sound,
    /// Some call of it fails, or will.
    Troubled,
    /// It works again; what was begun before may still tell of the trouble.
    Repaired,
}

/// What the simulator knows of a register beside the program.
struct Beside {
    disk: DiskState,
    /// The button of which nobody knows what became.
    unfinished: Option<Press>,
    numbers: Numbers,
    /// Somebody has a copy of its folder.
    has_copy: bool,
    /// Its file was put back, and its next program fills it up.
    fills_up: bool,
    /// The copy that works in its name; the server may take nothing from here meanwhile.
    copy_at_work: Option<usize>,
    /// The copy is gone, and the owner must say that this one goes on.
    must_go_on: bool,
}

impl Beside {
    fn new() -> Self {
        Self {
            disk: DiskState::Sound,
            unfinished: None,
            numbers: Numbers::default(),
            has_copy: false,
            fills_up: false,
            copy_at_work: None,
            must_go_on: false,
        }
    }
}

struct Play {
    plan: Plan,
    chance: Chance,
    now_ms: Arc<AtomicI64>,
    events: BTreeMap<(i64, u64), Event>,
    order: u64,
    road: Road,
    slots: HashMap<u64, oneshot::Sender<Answer>>,
    town: Town,
    tills: Vec<Till>,
    beside: Vec<Beside>,
    books: Books,
    trace: Trace,
    report: Report,
    turns: u64,
    /// When the shop stops working.
    until_ms: i64,
    peace: bool,
    /// Until when the shop is shut; 0 before it ever was.
    shut_until_ms: i64,
    begun: Vec<(usize, &'static str)>,
}

/// Runs a plan in a folder of its own.
pub(crate) fn run(plan: Plan, top: &Path) -> Report {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let now_ms = Arc::new(AtomicI64::new(0));
        let town = Town::found(top, &now_ms);
        let tills = (0..plan.registers).map(|number| Till::new(top, number, &now_ms)).collect();
        let beside = (0..plan.registers).map(|_| Beside::new());
        let mut play = Play {
            plan,
            chance: Chance::from_seed(plan.seed),
            now_ms,
            events: BTreeMap::new(),
            order: 0,
            road: Road::default(),
            slots: HashMap::new(),
            town,
            tills,
            beside: beside.collect(),
            books: Books::default(),
            trace: Trace::new(plan.loud),
            report: Report::default(),
            turns: 0,
            until_ms: 0,
            peace: true,
            shut_until_ms: 0,
            begun: Vec::new(),
        };
        play.found().await;
        if play.report.faults.is_empty() {
            play.work().await;
        }
        if play.report.faults.is_empty() {
            play.come_to_rest().await;
        }
        play.end();
        play.report.last = play.trace.last();
        play.report.trace = std::mem::take(&mut play.trace).into_lines();
        std::mem::take(&mut play.report)
    })
}

impl Play {
    fn now(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn at(&mut self, at_ms: i64, event: Event) {
        self.order += 1;
        self.events.insert((at_ms.max(self.now()), self.order), event);
    }

    fn soon(&mut self, after_ms: i64, event: Event) {
        self.at(self.now() + after_ms, event);
    }

    fn note(&mut self, line: &str) {
        let now = self.now();
        self.trace.note(now, line);
    }

    fn count(&mut self, what: &str) {
        *self.report.counts.entry(what.to_owned()).or_default() += 1;
    }

    /// A fault is counted, and told.
    fn strike_note(&mut self, fault: &str, line: &str) {
        self.count(&format!("fault: {fault}"));
        self.note(line);
    }

    fn is_shut(&self) -> bool {
        self.now() < self.shut_until_ms
    }

    fn fault(&mut self, invariant: u8, words: String) {
        self.report.faults.push((invariant, words));
    }

    /// The registers join one after the other, and the first one fills the shelves.
    async fn found(&mut self) {
        for number in 0..self.plan.registers {
            self.open(number);
            self.settle().await;
            self.join(number);
            self.settle().await;
            if number == 0 {
                let app = self.tills[0].app.clone().unwrap();
                self.tills[0].begin(Task::new(WaitsFor::Anything, async move {
                    for place in 0..8_i64 {
                        let mut draft =
                            draft(&format!("P{place}"), &format!("Product {place}"), 500 + 250 * place);
                        draft.opening_stock = Some((10 + 15 * place).to_string());
                        app.create_product(draft).await.unwrap();
                    }
                    let mut bulk = draft("BULK", "Bulk", 1);
                    bulk.track_stock = false;
                    app.create_product(bulk).await.unwrap();
                    Ended::Deed(Done::Said("the shelves are full".to_owned()))
                }));
            }
            self.settle().await;
        }
    }

    /// Lets half a minute pass.
    async fn settle(&mut self) {
        self.pass(30_000).await;
    }

    async fn work(&mut self) {
        self.peace = false;
        for till in 0..self.tills.len() {
            let after = self.chance.between(1_000, 60_000);
            self.soon(after, Event::Deed { till, life: self.tills[till].lives });
        }
        self.soon(60_000, Event::Trouble);
        let open_ms = i64::from(self.plan.days) * BUSY_HOURS * 3_600_000;
        self.until_ms = self.now() + open_ms;
        while self.now() < self.until_ms && self.report.faults.is_empty() {
            self.step().await;
        }
        self.report.register_ms = open_ms * i64::try_from(self.plan.registers).unwrap();
    }

    async fn pass(&mut self, ms: i64) {
        let until = self.now() + ms;
        self.at(until, Event::Tick);
        while self.now() < until && self.report.faults.is_empty() {
            self.step().await;
        }
    }

    /// The next thing that happens anywhere.
    async fn step(&mut self) {
        let timers = self.tills.iter().filter_map(Till::timer_ms).min();
        let next = self.events.first_key_value().map(|((at_ms, _), _)| *at_ms);
        let at_ms = timers.into_iter().chain(next).min().unwrap_or(self.now() + 1).max(self.now());
        if at_ms > self.now() {
            let passed = u64::try_from(at_ms - self.now()).unwrap();
            tokio::time::advance(Duration::from_millis(passed)).await;
            self.now_ms.store(at_ms, Ordering::SeqCst);
            self.run_tills();
        }
        for number in 0..self.tills.len() {
            if self.tills[number].timer_ms().is_some_and(|timer| timer <= at_ms) {
                self.tills[number].tell(Told::TimerFired);
                self.run_tills();
            }
        }
        if next.is_some_and(|next| next <= at_ms)
            && let Some((_, event)) = self.events.pop_first()
        {
            self.meet(event);
            self.run_tills();
        }
        self.look_at_timers();
    }

    fn look_at_timers(&mut self) {
        let now = self.now();
        for till in &self.tills {
            if till.timer_ms().is_some_and(|timer| timer > now + LONGEST_SLEEP_MS) {
                let words = format!("till {} sleeps for more than a minute", till.number);
                self.report.faults.push((10, words));
            }
        }
    }

    /// Lets every register go as far as it can, and takes up what they ask.
    fn run_tills(&mut self) {
        for number in 0..self.tills.len() {
            while let Some(news) = self.run_till(number) {
                self.hear(number, news);
            }
            for asked in self.road.take() {
                self.send(asked);
            }
        }
    }

    fn run_till(&mut self, number: usize) -> Option<News> {
        let news = self.tills[number].run(&self.road);
        for work in self.tills[number].take_work() {
            self.trace.mark(format!("till {number}: {work}"));
        }
        news
    }

    fn meet(&mut self, event: Event) {
        match event {
            Event::Tick => {}
            Event::Arrival { token, question, age, slot } => {
                self.arrive(token.as_deref(), question, age, slot)
            }
            Event::Reply { slot, answer } => {
                if let Some(reply) = self.slots.remove(&slot) {
                    drop(reply.send(answer));
                }
            }
            Event::Deed { till, life } => self.deed(till, life),
            Event::Weather { till, weather } => self.tills[till].weather = weather,
            Event::Trouble => self.trouble(),
            Event::Start { till } => {
                let gone = self.tills[till].standing == Standing::Gone;
                if !gone && !self.tills[till].is_on() && !self.is_shut() {
                    self.open(till);
                }
            }
            Event::StartServer if self.is_shut() => {}
            Event::StartServer => self.town.start(),
            Event::Wake { till, life } => self.wake(till, life),
            Event::Repair { till, life } => self.repair(till, life),
            Event::RepairServer => drop(self.town.disk.repair()),
            Event::Wipe { till } if self.tills[till].standing == Standing::Revoked => self.wipe(till),
            Event::Wipe { .. } => {}
            Event::EndCopy { till } => self.end_copy(till),
            Event::PutBack(old) if !self.peace && !self.is_shut() => self.put_back(old),
            Event::PutBack(_) => {}
        }
    }
}
