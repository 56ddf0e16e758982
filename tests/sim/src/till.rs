//! A register: the real program on a real folder, in the simulator's hands.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use pos_app::{App, AppError, AppOptions, Clock, OpenAccess, World};
use pos_sync::Stepper;
use pos_sync::engine::Event;
use pos_sync::transport::Way;
use pos_testkit::crash::Moment;
use rusqlite::Connection;
use uuid::Uuid;

use crate::chance::Chance;
use crate::deed::Done;
use crate::disk::{Blow, Disk, copy_folder};
use crate::road::{Road, Weather};
use crate::task::{Around, Task, WaitsFor, finish};
use crate::town::{BEGINNING_MS, look_into};

/// How quick the disks of registers are: milliseconds that a reading of the stopwatch adds.
const PACES_MS: [u64; 5] = [0, 1, 3, 12, 45];

/// What a task of a register ends with.
pub(crate) enum Ended {
    /// The program has begun.
    Opened(Result<App, AppError>),
    /// A step of the exchange, with what the engine hears of it.
    Step(Option<Event>),
    /// What a person did.
    Deed(Done),
    /// What a crash left is finished.
    Recovered(Result<(), AppError>),
    /// Journal and mark are up to the file.
    Kept(Result<(), AppError>),
}

/// Something that a person hears of a register.
pub(crate) enum News {
    Deed(Done),
    Recovered(Result<(), AppError>),
    Kept(Result<(), AppError>),
    NotOpened(AppError),
    /// Its end fell into the stretch that began here.
    Struck(Blow, Option<Moment>),
}

/// An end that comes after so many stretches of the program's work.
pub(crate) struct Doom {
    pub(crate) blow: Blow,
    pub(crate) stretches: u32,
}

/// Whether a register belongs to the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is new and must join.
    Apart,
    Joined,
    /// The owner revoked it; it will be wiped and join again.
    Revoked,
    /// It runs in a copy of another register's folder.
    Copy,
    /// It was thrown away.
    Gone,
}

/// See the module.
pub(crate) struct Till {
    pub(crate) number: usize,
    pub(crate) folder: PathBuf,
    pub(crate) disk: Disk,
    pub(crate) app: Option<App>,
    pub(crate) standing: Standing,
    stepper: Option<Stepper<Way>>,
    tasks: Vec<(Kind, Task<Ended>)>,
    /// The exchange stands still while a person puts the file back; it goes on if he does not.
    held: bool,
    /// How often its program has ended.
    pub(crate) lives: u32,
    now_ms: Arc<AtomicI64>,
    /// Its wall clock beyond the true one, in milliseconds.
    pub(crate) skew_ms: Arc<AtomicI64>,
    /// How long its machine has slept: time that its monotonic clock does not know.
    slept_ms: i64,
    pub(crate) asleep_since: Option<i64>,
    pub(crate) weather: Weather,
    pub(crate) doom: Option<Doom>,
    /// Nobody works at it before what a crash left is finished.
    pub(crate) ready: bool,
    /// A person is at work.
    pub(crate) busy: bool,
    /// What was done since somebody looked.
    work: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exchange,
    Other,
}

impl Till {
    pub(crate) fn new(top: &Path, number: usize, now_ms: &Arc<AtomicI64>) -> Self {
        let folder = top.join(format!("till-{number}"));
        Self {
            number,
            disk: Disk::under(&folder),
            folder,
            app: None,
            standing: Standing::Apart,
            stepper: None,
            tasks: Vec::new(),
            held: false,
            lives: 0,
            now_ms: Arc::clone(now_ms),
            skew_ms: Arc::default(),
            slept_ms: 0,
            asleep_since: None,
            weather: Weather::Clear,
            doom: None,
            ready: false,
            busy: false,
            work: Vec::new(),
        }
    }

    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst) - self.slept_ms
    }

    /// Starts the program.
    pub(crate) fn open(&mut self, road: &Road, seed: u64) {
        self.disk.begin_life();
        let options = self.options(OpenAccess::Write);
        let world = self.world(road, seed);
        let opening = async move { Ended::Opened(App::open_in(options, world).await) };
        self.begin(Task::new(WaitsFor::ThreadsAndAnswers, opening));
    }

    /// How its folder is opened.
    pub(crate) fn options(&self, access: OpenAccess) -> AppOptions {
        let (now_ms, skew_ms) = (Arc::clone(&self.now_ms), Arc::clone(&self.skew_ms));
        let clock = Clock::from_fn(move || {
            BEGINNING_MS + now_ms.load(Ordering::SeqCst) + skew_ms.load(Ordering::SeqCst)
        });
        AppOptions { dir: self.folder.clone(), access, background_sync: false, clock }
    }

    /// What it finds around it in this life.
    pub(crate) fn world(&self, road: &Road, seed: u64) -> World {
        // Ids of one register never meet: not those of another, nor those of its own earlier lives.
        let seed = (seed << 24) ^ (u64::try_from(self.number).unwrap() << 16) ^ u64::from(self.lives);
        let pace_ms = PACES_MS[Chance::from_seed(seed).below(PACES_MS.len())];
        let reading = AtomicU64::new(0);
        let stopwatch = move || Duration::from_millis(reading.fetch_add(pace_ms, Ordering::SeqCst));
        World::in_process(road.of(self.number), seed, Arc::new(stopwatch), self.now_ms())
    }

    /// The exchange of a register that has joined or was restored, or of a program that has begun.
    pub(crate) fn take_stepper(&mut self) {
        if let Some(mut stepper) = self.app.as_ref().and_then(App::take_stepper) {
            // The one before has ended, and with it what it had under way.
            self.tasks.retain(|(kind, _)| *kind != Kind::Exchange);
            let steps = stepper.begin(self.now_ms());
            self.stepper = Some(stepper);
            self.begin_steps(steps);
        }
        self.held = false;
    }

    /// The exchange stands still until [`Till::take_stepper`].
    pub(crate) fn hold_exchange(&mut self) {
        self.held = true;
    }

    fn begin_steps(&mut self, steps: Vec<pos_sync::Step>) {
        for step in steps {
            let task = Task::new(WaitsFor::Anything, async move { Ended::Step(step.await) });
            self.tasks.push((Kind::Exchange, task));
        }
    }

    pub(crate) fn begin(&mut self, task: Task<Ended>) {
        self.tasks.push((Kind::Other, task));
    }

    /// Writes journal and mark, as a shop's register does a moment after each write.
    pub(crate) fn begin_keeping(&mut self) {
        if let Some(app) = self.app.clone() {
            self.begin(Task::new(WaitsFor::Threads, async move { Ended::Kept(app.keep().await) }));
        }
    }

    /// Lets everything go as far as it can, in one order. Stops at the first thing that a person must hear of.
    pub(crate) fn run(&mut self, road: &Road) -> Option<News> {
        while self.asleep_since.is_none() {
            let may_go_on = |(kind, task): &(Kind, Task<Ended>)| {
                task.is_rung() && !(self.held && *kind == Kind::Exchange)
            };
            if let Some(place) = self.tasks.iter().position(may_go_on) {
                if let Some(news) = self.run_one(place, road) {
                    return Some(news);
                }
                continue;
            }
            let heard = self.stepper.as_mut().filter(|_| !self.held).and_then(Stepper::hear)?;
            self.tell(heard);
        }
        None
    }

    fn run_one(&mut self, place: usize, road: &Road) -> Option<News> {
        let strikes = match &mut self.doom {
            Some(Doom { stretches: 0, blow }) => Some(*blow),
            Some(doom) => {
                doom.stretches -= 1;
                None
            }
            None => None,
        };
        let since = strikes.and_then(|_| self.disk.now());
        let (app, number) = (self.app.clone(), self.number);
        let rests = || app.as_ref().is_none_or(App::is_at_rest);
        let around = Around { rests: &rests, has_asked: &|| road.has_asked(number) };
        let (kind, task) = &mut self.tasks[place];
        let ended = task.run(&around);
        let goes_on = if ended.is_some() { "ended" } else { "waits" };
        self.work.push(format!("{kind:?} {place} {goes_on}, {}", self.disk.reached()));
        if let Some(blow) = strikes {
            return Some(News::Struck(blow, since));
        }
        let ended = ended?;
        drop(self.tasks.remove(place));
        match ended {
            Ended::Opened(Ok(app)) => {
                self.app = Some(app.clone());
                self.take_stepper();
                let recovering = async move { Ended::Recovered(app.recover().await) };
                self.begin(Task::new(WaitsFor::Anything, recovering));
                None
            }
            Ended::Opened(Err(error)) => Some(News::NotOpened(error)),
            Ended::Step(Some(event)) => {
                self.tell(event);
                None
            }
            Ended::Step(None) => None,
            Ended::Deed(done) => Some(News::Deed(done)),
            Ended::Recovered(result) => Some(News::Recovered(result)),
            Ended::Kept(result) => Some(News::Kept(result)),
        }
    }

    /// What was done since the last time, each piece with how far the disk had come by then.
    pub(crate) fn take_work(&mut self) -> Vec<String> {
        std::mem::take(&mut self.work)
    }

    pub(crate) fn tell(&mut self, event: Event) {
        let now_ms = self.now_ms();
        if let Some(stepper) = &mut self.stepper {
            let steps = stepper.tell(event, now_ms);
            self.begin_steps(steps);
        }
    }

    /// When its engine wants to be told that time has passed.
    pub(crate) fn timer_ms(&self) -> Option<i64> {
        let stepper = self.stepper.as_ref().filter(|_| self.asleep_since.is_none() && !self.held)?;
        Some(stepper.timer_ms() + self.slept_ms)
    }

    /// Its machine falls asleep: nothing of it runs, and only its wall clock goes on.
    pub(crate) fn fall_asleep(&mut self) {
        self.asleep_since = Some(self.now_ms.load(Ordering::SeqCst));
    }

    /// Its machine wakes.
    pub(crate) fn wake(&mut self) {
        if let Some(since) = self.asleep_since.take() {
            self.slept_ms += self.now_ms.load(Ordering::SeqCst) - since;
        }
    }

    /// Whether its program is running, or beginning.
    pub(crate) fn is_on(&self) -> bool {
        self.app.is_some() || !self.tasks.is_empty()
    }

    /// The program ends by a blow that fell at a call of the disk between `since` and now; at the last one without.
    /// Whether it fell before the last.
    pub(crate) fn strike(&mut self, blow: Blow, since: Option<Moment>, dice: &mut Chance) -> bool {
        let (app, tasks) = (self.app.take(), std::mem::take(&mut self.tasks));
        self.rest();
        self.disk.end_life(blow, since, dice, move || {
            drop(tasks);
            if let Some(app) = app {
                while !app.is_at_rest() {
                    std::thread::yield_now();
                }
            }
        })
    }

    /// The program ends in order.
    pub(crate) fn close(&mut self) -> Result<(), AppError> {
        let app = self.app.take();
        self.tasks.clear();
        self.rest();
        let closed = app.map_or(Ok(()), |app| finish(app.close()));
        self.disk.end_in_order();
        closed
    }

    fn rest(&mut self) {
        self.stepper = None;
        self.held = false;
        self.doom = None;
        self.wake();
        self.ready = false;
        self.busy = false;
        self.lives += 1;
    }

    fn copy(&self) -> PathBuf {
        self.folder.with_file_name(format!("till-{}-copy", self.number))
    }

    /// A register that runs in the copy of another one's folder.
    pub(crate) fn in_copy_of(other: &Self, number: usize) -> Self {
        let top = other.folder.parent().unwrap();
        let mut till = Self::new(top, number, &other.now_ms);
        std::fs::remove_dir_all(&till.folder).unwrap();
        copy_folder(&other.copy(), &till.folder);
        till.standing = Standing::Copy;
        till
    }

    /// Somebody copies its folder, while nothing in it works.
    pub(crate) fn make_copy(&self) {
        drop(std::fs::remove_dir_all(self.copy()));
        copy_folder(&self.folder, &self.copy());
    }

    /// The program is off, and its file becomes the one that was copied.
    pub(crate) fn put_file_back(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("register.db{suffix}");
            drop(std::fs::remove_file(self.folder.join(&name)));
            let copied = self.copy().join(&name);
            if copied.exists() {
                std::fs::copy(copied, self.folder.join(&name)).unwrap();
            }
        }
    }

    /// The program is off, and its folder becomes the one that was copied.
    pub(crate) fn put_folder_back(&self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
        copy_folder(&self.copy(), &self.folder);
    }

    /// The program is off, and nothing of it is left.
    pub(crate) fn wipe(&mut self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
        self.disk = Disk::under(&self.folder);
        self.standing = Standing::Apart;
    }

    /// Whether somebody has paused the exchange.
    pub(crate) fn is_paused(&self) -> bool {
        self.look().query_row("SELECT paused FROM sync_state", [], |row| row.get(0)).unwrap()
    }

    /// Whether an operation has not reached the server, and will by itself.
    pub(crate) fn has_waiting(&self) -> bool {
        let sql = "SELECT EXISTS (SELECT 1 FROM sync_queue WHERE state IN ('pending', 'in_flight'))";
        self.look().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The register's file, for looking.
    pub(crate) fn look(&self) -> Connection {
        look_into(&self.folder.join("register.db"))
    }

    /// Its id; none before it has joined.
    pub(crate) fn device_id(&self) -> Option<Uuid> {
        let sql = "SELECT device_id FROM device";
        self.look().query_row(sql, [], |row| row.get::<_, [u8; 16]>(0)).ok().map(Uuid::from_bytes)
    }
}
