//! One run: a shop at work for some days with every fault, then peace, then the reckoning.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pos_domain::OpId;
use pos_sync::engine::Event as Told;
use pos_sync::transport::Question;
use tokio::sync::oneshot;

use crate::books::Books;
use crate::chance::Chance;
use crate::deed::{Deed, Done, draft};
use crate::invariants::{self, Faults};
use crate::road::{self, Answer, Asked, Fate, Road, Weather};
use crate::task::Task;
use crate::till::{Ended, News, Till};
use crate::town::Town;
use crate::trace::Trace;

/// Hours of a day that are simulated: the busy ones.
const BUSY_HOURS: i64 = 1;
/// Most time that a register may sleep: the engine's own promise.
const LONGEST_SLEEP_MS: i64 = 60_000;
/// Peace in which everything must come to rest: five rounds, and what was still on its way.
const PEACE_MS: i64 = 6 * 60_000;
/// Longest that anything may still wait when a clock was set back: a due time further ahead is not believed.
const LONGEST_DUE_MS: i64 = 15 * 60_000;
/// Pushes between two looks at all balances.
const PUSHES_PER_LOOK: u64 = 8;
/// Deeds between two runs of a register's own checks.
const DEEDS_PER_CHECK: u64 = 120;

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
    pub(crate) hash: u64,
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
    /// Time passes for those who wait for nothing else.
    Tick,
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
    books: Books,
    trace: Trace,
    report: Report,
    turns: u64,
    peace: bool,
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
            books: Books::default(),
            trace: Trace::new(plan.loud),
            report: Report::default(),
            turns: 0,
            peace: true,
            begun: Vec::new(),
        };
        play.found().await;
        if play.report.faults.is_empty() {
            play.work().await;
        }
        if play.report.faults.is_empty() {
            play.come_to_rest().await;
        }
        play.report.hash = play.trace.hash();
        play.report.last = play.trace.last();
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

    /// The registers join one after the other, and the first one fills the shelves.
    async fn found(&mut self) {
        for number in 0..self.plan.registers {
            self.tills[number].open(&self.road, self.plan.seed);
            self.settle().await;
            let code = self.town.code();
            let app = self.tills[number].app.clone().unwrap();
            self.tills[number].begin(Task::new(async move {
                let joined = app.join_shop("http://127.0.0.1:1", &code, &format!("Till {number}")).await;
                Ended::Deed(match joined {
                    Ok(_) => Done::Said("joined".to_owned()),
                    Err(error) => Done::Broken(format!("joining: {error:?}")),
                })
            }));
            self.settle().await;
            self.tills[number].take_stepper();
            if number == 0 {
                let app = self.tills[0].app.clone().unwrap();
                self.tills[0].begin(Task::new(async move {
                    for place in 0..8_i64 {
                        let mut draft =
                            draft(&format!("P{place}"), &format!("Product {place}"), 500 + 250 * place);
                        draft.opening_stock = Some((10 + 15 * place).to_string());
                        app.create_product(draft).await.unwrap();
                    }
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
        for till in 0..self.plan.registers {
            let after = self.chance.between(1_000, 60_000);
            self.soon(after, Event::Deed { till, life: self.tills[till].lives });
        }
        self.soon(60_000, Event::Trouble);
        let open_ms = i64::from(self.plan.days) * BUSY_HOURS * 3_600_000;
        let until = self.now() + open_ms;
        while self.now() < until && self.report.faults.is_empty() {
            self.step().await;
        }
        self.report.register_ms = open_ms * i64::try_from(self.plan.registers).unwrap();
    }

    /// Faults stop; everything is open and asks the server.
    async fn come_to_rest(&mut self) {
        self.note("peace");
        self.peace = true;
        self.town.start();
        for number in 0..self.plan.registers {
            let till = &mut self.tills[number];
            till.weather = Weather::Clear;
            till.doom = None;
            if till.app.is_none() {
                self.open(number);
            }
        }
        self.run_tills();
        for number in 0..self.plan.registers {
            let app = self.tills[number].app.clone().unwrap();
            self.tills[number].begin(Task::new(async move {
                Ended::Deed(Deed::Pause { paused: false }.perform(app).await)
            }));
        }
        self.pass(PEACE_MS).await;
        if self.tills.iter().any(Till::has_waiting) {
            self.pass(LONGEST_DUE_MS).await;
        }
        if self.report.faults.is_empty() {
            let mut faults = Faults::new();
            invariants::of_rest(&self.town, &self.tills, &self.books, &mut faults);
            self.count("checks at rest");
            self.report.faults.extend(faults);
            self.count_the_dead();
        }
        for till in &mut self.tills {
            till.kill();
        }
    }

    async fn pass(&mut self, ms: i64) {
        let until = self.now() + ms;
        self.at(until, Event::Tick);
        while self.now() < until && self.report.faults.is_empty() {
            self.step().await;
        }
    }

    fn count_the_dead(&mut self) {
        for number in 0..self.plan.registers {
            let file = self.tills[number].look();
            let sql = "SELECT kind || ' ' || state || ' ' || coalesce(error_code, '') FROM sync_queue
                WHERE state IN ('dead', 'parked')";
            let mut statement = file.prepare(sql).unwrap();
            let dead: Vec<String> =
                statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
            for what in dead {
                self.count(&format!("at rest {what}"));
            }
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
            while let Some(news) = self.tills[number].run() {
                self.hear(number, news);
            }
            for asked in self.road.take() {
                self.send(asked);
            }
        }
    }

    fn hear(&mut self, till: usize, news: News) {
        match news {
            News::Recovered(Ok(())) => {
                self.tills[till].ready = true;
                let after = self.chance.between(1_000, 20_000);
                self.soon(after, Event::Deed { till, life: self.tills[till].lives });
            }
            News::Recovered(Err(error)) => {
                self.report.faults.push((12, format!("till {till} does not recover: {error:?}")));
            }
            News::Doomed => {
                self.count("fault: killed in the middle");
                self.note(&format!("till {till} is killed in the middle"));
                self.kill(till);
            }
            News::Deed(done) => {
                self.tills[till].busy = false;
                self.write_down(till, done);
                let after = match self.chance.below(10) {
                    0 => self.chance.between(200_000, 900_000),
                    _ => self.chance.between(2_000, 120_000),
                };
                self.soon(after, Event::Deed { till, life: self.tills[till].lives });
            }
        }
    }

    fn write_down(&mut self, till: usize, done: Done) {
        let what = self
            .begun
            .iter()
            .position(|(t, _)| *t == till)
            .map_or("", |place| self.begun.swap_remove(place).1);
        let line = match &done {
            Done::Sold { sale, .. } => {
                format!("sold {} for {} ({:?})", sale.number, sale.total.minor(), sale.sync)
            }
            Done::Refused { code, .. } => format!("refused {}", code.as_str()),
            Done::Said(words) => words.clone(),
            Done::Broken(words) => format!("BROKEN {words}"),
        };
        self.note(&format!("till {till} {what}: {line}"));
        let mut faults = Faults::new();
        match done {
            Done::Sold { sale, expected, again, .. } => {
                self.count("sold");
                self.books.write(till, &sale, expected, &mut faults);
                if let Some(again) = again {
                    self.books.write(till, &again, expected, &mut faults);
                    if again.sale_id != sale.sale_id {
                        faults.push((2, format!("the same press made {} and {}", sale.number, again.number)));
                    }
                }
            }
            Done::Refused { request, code } => {
                self.count(&format!("refused {}", code.as_str()));
                self.books.refused.insert((till, request));
            }
            Done::Said(_) => self.count("other deeds"),
            Done::Broken(words) => faults.push((12, format!("till {till}: {words}"))),
        }
        self.report.faults.extend(faults);
    }

    fn meet(&mut self, event: Event) {
        match event {
            Event::Tick => {}
            Event::Arrival { token, question, slot } => self.arrive(token.as_deref(), question, slot),
            Event::Reply { slot, answer } => {
                if let Some(reply) = self.slots.remove(&slot) {
                    drop(reply.send(answer));
                }
            }
            Event::Deed { till, life } => self.deed(till, life),
            Event::Weather { till, weather } => self.tills[till].weather = weather,
            Event::Trouble => self.trouble(),
            Event::Start { till } => {
                if self.tills[till].app.is_none() {
                    self.open(till);
                }
            }
            Event::StartServer => self.town.start(),
        }
    }

    fn open(&mut self, till: usize) {
        self.note(&format!("till {till} starts"));
        self.tills[till].open(&self.road, self.plan.seed);
        let mut faults = Faults::new();
        invariants::of_register(&self.tills[till], &self.books, &mut faults);
        self.count("checks of a register");
        self.report.faults.extend(faults);
    }

    fn kill(&mut self, till: usize) {
        self.begun.retain(|(t, _)| *t != till);
        self.tills[till].kill();
        let after = self.chance.between(1_000, 90_000);
        self.soon(after, Event::Start { till });
    }

    fn deed(&mut self, till: usize, life: u32) {
        let (ready, busy) = (self.tills[till].ready, self.tills[till].busy);
        if self.peace || !ready || busy || life != self.tills[till].lives {
            return;
        }
        let Some(app) = self.tills[till].app.clone() else { return };
        self.turns += 1;
        if self.turns.is_multiple_of(DEEDS_PER_CHECK) {
            let mut faults = Faults::new();
            invariants::of_own_checks(&app, till, &mut faults);
            invariants::of_register(&self.tills[till], &self.books, &mut faults);
            self.count("checks of a register");
            self.report.faults.extend(faults);
        }
        let deed = Deed::draw(&mut self.chance, till, self.turns);
        self.begun.push((till, deed.name()));
        self.count("deeds");
        self.tills[till].busy = true;
        let waits_for = deed.waits_for();
        let task = Task::that_waits_for(waits_for, async move { Ended::Deed(deed.perform(app).await) });
        self.tills[till].begin(task);
        // A customer's patience and a first probe's are timers of the program's own.
        for after in [251, 1_001, 2_001, 3_001, 4_001, 5_001, 6_001] {
            self.soon(after, Event::Tick);
        }
    }

    /// Takes up a question: what becomes of it is drawn now.
    fn send(&mut self, asked: Asked) {
        let Asked { till, token, question, reply } = asked;
        let limit_ms = road::limit_ms(&question);
        let weather = self.tills.get(till).map_or(Weather::Clear, |till| till.weather);
        let weather = if self.peace { Weather::Clear } else { weather };
        let fate = match self.town.is_up() {
            // A register joins while somebody stands beside it.
            true if self.turns == 0 && self.peace => Fate::Passes { there_ms: 20, back_ms: 20 },
            true => Fate::draw(weather, limit_ms, &mut self.chance),
            false => Fate::Unreachable,
        };
        self.order += 1;
        let slot = self.order;
        self.slots.insert(slot, reply);
        if let Some(fault) = fate.fault() {
            self.count(&format!("fault: {fault}"));
        }
        self.note(&format!("till {till} asks {} {fate:?}", road::name(&question)));
        let mut answer_ms = limit_ms;
        let mut answer = Err(road::no_answer("timed out"));
        let arrival = |question, slot| Event::Arrival { token: token.clone(), question, slot };
        match fate {
            Fate::Passes { there_ms, back_ms } => {
                self.soon(there_ms, arrival(question, Some((slot, back_ms))));
            }
            Fate::ReplyLost { there_ms } | Fate::Late { there_ms } => {
                self.soon(there_ms, arrival(question, None))
            }
            Fate::RequestLost => {}
            Fate::Doubled { there_ms, again_ms, back_ms } => {
                self.soon(there_ms, arrival(question.clone(), Some((slot, back_ms))));
                self.soon(again_ms, arrival(question, None));
            }
            Fate::Unreachable => (answer_ms, answer) = (5, Err(road::unreachable())),
            Fate::Portal => (answer_ms, answer) = (40, Err(road::portal())),
            Fate::Busy { retry_after_ms } => (answer_ms, answer) = (40, Err(road::busy(retry_after_ms))),
        }
        self.soon(answer_ms, Event::Reply { slot, answer });
    }

    fn arrive(&mut self, token: Option<&str>, question: Question, slot: Option<(u64, i64)>) {
        let pushes = matches!(question, Question::Push(_));
        let what = road::name(&question);
        let mut faults = Faults::new();
        let answer = self.town.answer(token, question, &mut faults);
        let words = match &answer {
            Ok(pos_sync::transport::Reply::Push(push)) => verdicts(push),
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        self.note(&format!("server answers {what} {words}"));
        if pushes {
            self.count("pushes");
            if self.report.counts["pushes"].is_multiple_of(PUSHES_PER_LOOK) {
                invariants::of_balances(&self.town.look(), &mut faults);
                self.count("checks of balances");
            }
        }
        self.report.faults.extend(faults);
        if let Some((slot, back_ms)) = slot {
            self.soon(back_ms, Event::Reply { slot, answer });
        }
    }

    /// Something goes wrong somewhere.
    fn trouble(&mut self) {
        if self.peace {
            return;
        }
        let till = self.chance.below(self.plan.registers);
        match self.chance.below(12) {
            0..=5 => {
                let kinds = [
                    Weather::Storm,
                    Weather::Storm,
                    Weather::Cut,
                    Weather::DeafIn,
                    Weather::DeafOut,
                    Weather::Portal,
                    Weather::Busy,
                ];
                let weather = *self.chance.pick(&kinds);
                self.count(&format!("fault: weather {weather:?}"));
                self.note(&format!("till {till}: weather {weather:?}"));
                self.tills[till].weather = weather;
                let lasts = self.chance.between(5_000, 1_500_000);
                self.soon(lasts, Event::Weather { till, weather: Weather::Clear });
            }
            6..=7 => {
                let waits = u32::try_from(self.chance.between(0, 12)).unwrap();
                self.tills[till].doom = Some(waits);
            }
            8 => {
                self.count("fault: killed at rest");
                self.note(&format!("till {till} is killed"));
                self.kill(till);
            }
            9..=10 => {
                self.count("fault: server killed");
                self.note("the server is killed");
                self.town.kill();
                let after = self.chance.between(500, 180_000);
                self.soon(after, Event::StartServer);
            }
            _ => {
                let by = self.chance.between(-7_200_000, 7_200_000);
                self.count("fault: clock set");
                self.note(&format!("till {till}: its clock is set by {by} ms"));
                self.tills[till].skew_ms.fetch_add(by, Ordering::SeqCst);
            }
        }
        let after = self.chance.between(20_000, 900_000);
        self.soon(after, Event::Trouble);
    }
}

/// The verdicts of a push in a few words.
fn verdicts(push: &pos_protocol::PushResponse) -> String {
    let mut words = BTreeMap::<String, (u32, Option<OpId>)>::new();
    for verdict in &push.verdicts {
        let value = serde_json::to_value(&verdict.verdict).unwrap();
        let word = match &value {
            serde_json::Value::Object(map) => map.keys().next().cloned().unwrap_or_default(),
            other => other.to_string(),
        };
        let word = if verdict.duplicate { format!("{word} again") } else { word };
        let entry = words.entry(word).or_default();
        entry.0 += 1;
        entry.1 = Some(verdict.op_id);
    }
    words.iter().map(|(word, (count, _))| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
