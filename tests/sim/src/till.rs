//! A register: the real program on a real folder, in the simulator's hands.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pos_app::{App, AppError, AppOptions, Clock, OpenAccess, World};
use pos_sync::Stepper;
use pos_sync::engine::Event;
use pos_sync::transport::Way;
use rusqlite::Connection;

use crate::deed::Done;
use crate::road::{Road, Weather};
use crate::task::{Doom, Run, Task, finish};
use crate::town::{BEGINNING_MS, copy_as_killed, look_into};

/// What a task of a register ends with.
pub(crate) enum Ended {
    /// A step of the exchange, with what the engine hears of it.
    Step(Option<Event>),
    /// What a person did.
    Deed(Done),
    /// What a crash left is finished.
    Recovered(Result<(), AppError>),
}

/// Something that a person hears of a register.
pub(crate) enum News {
    Deed(Done),
    Recovered(Result<(), AppError>),
    /// It was to be killed here.
    Doomed,
}

/// See the module.
pub(crate) struct Till {
    pub(crate) number: usize,
    folder: PathBuf,
    pub(crate) app: Option<App>,
    stepper: Option<Stepper<Way>>,
    tasks: Vec<Task<Ended>>,
    /// How often its program was started.
    pub(crate) lives: u32,
    now_ms: Arc<AtomicI64>,
    /// Its wall clock beyond the true one, in milliseconds.
    pub(crate) skew_ms: Arc<AtomicI64>,
    pub(crate) weather: Weather,
    pub(crate) doom: Doom,
    /// Nobody works at it before what a crash left is finished.
    pub(crate) ready: bool,
    /// A person is at work.
    pub(crate) busy: bool,
}

impl Till {
    pub(crate) fn new(top: &Path, number: usize, now_ms: &Arc<AtomicI64>) -> Self {
        Self {
            number,
            folder: top.join(format!("till-{number}-0")),
            app: None,
            stepper: None,
            tasks: Vec::new(),
            lives: 0,
            now_ms: Arc::clone(now_ms),
            skew_ms: Arc::default(),
            weather: Weather::Clear,
            doom: None,
            ready: false,
            busy: false,
        }
    }

    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    /// Starts the program.
    pub(crate) fn open(&mut self, road: &Road, seed: u64) {
        let (now_ms, skew_ms) = (Arc::clone(&self.now_ms), Arc::clone(&self.skew_ms));
        let clock = Clock::from_fn(move || {
            BEGINNING_MS + now_ms.load(Ordering::SeqCst) + skew_ms.load(Ordering::SeqCst)
        });
        let options =
            AppOptions { dir: self.folder.clone(), access: OpenAccess::Write, background_sync: false, clock };
        // Ids of one register never meet: not those of another, nor those of its own earlier lives.
        let seed = (seed << 24) ^ (u64::try_from(self.number).unwrap() << 16) ^ u64::from(self.lives);
        let world = World::in_process(road.of(self.number), seed, self.now_ms());
        let app = finish(App::open_in(options, world)).unwrap();
        self.app = Some(app.clone());
        self.take_stepper();
        self.begin(Task::new(async move { Ended::Recovered(app.recover().await) }));
    }

    /// The exchange of a register that has just joined, or of a program that has just begun.
    pub(crate) fn take_stepper(&mut self) {
        if let Some(mut stepper) = self.app.as_ref().and_then(App::take_stepper) {
            let steps = stepper.begin(self.now_ms());
            self.stepper = Some(stepper);
            self.begin_steps(steps);
        }
    }

    fn begin_steps(&mut self, steps: Vec<pos_sync::Step>) {
        for step in steps {
            self.begin(Task::new(async move { Ended::Step(step.await) }));
        }
    }

    pub(crate) fn begin(&mut self, task: Task<Ended>) {
        self.tasks.push(task);
    }

    /// Lets everything go as far as it can, in one order. Stops at the first thing that a person must hear of.
    pub(crate) fn run(&mut self) -> Option<News> {
        loop {
            if let Some(place) = self.tasks.iter().position(Task::is_rung) {
                if let Some(news) = self.run_one(place) {
                    return Some(news);
                }
                continue;
            }
            let heard = self.stepper.as_mut().and_then(Stepper::hear)?;
            self.tell(heard);
        }
    }

    fn run_one(&mut self, place: usize) -> Option<News> {
        let app = self.app.clone();
        let rests = || app.as_ref().is_none_or(App::is_at_rest);
        match self.tasks[place].run(&rests, &mut self.doom) {
            Run::Waits => None,
            Run::Doomed => Some(News::Doomed),
            Run::Ended(ended) => {
                drop(self.tasks.remove(place));
                match ended {
                    Ended::Step(Some(event)) => self.tell(event),
                    Ended::Step(None) => {}
                    Ended::Deed(done) => return Some(News::Deed(done)),
                    Ended::Recovered(result) => return Some(News::Recovered(result)),
                }
                None
            }
        }
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
        self.stepper.as_ref().map(Stepper::timer_ms)
    }

    /// The program is killed: nothing of it runs any more, and its files are as they stand.
    pub(crate) fn kill(&mut self) {
        self.tasks.clear();
        self.stepper = None;
        self.doom = None;
        self.ready = false;
        self.busy = false;
        let Some(app) = self.app.take() else { return };
        while !app.is_at_rest() {
            std::thread::yield_now();
        }
        self.lives += 1;
        let left = self.folder.with_file_name(format!("till-{}-{}", self.number, self.lives));
        copy_as_killed(&self.folder, &left);
        drop(app);
        std::fs::remove_dir_all(&self.folder).unwrap();
        self.folder = left;
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
}
