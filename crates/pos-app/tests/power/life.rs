//! A stretch of a register's life on a disk that remembers, and what must be there after a crash at any moment of it.
//!
//! After each step everything that a person can see is written down. Whatever crashes in between must leave one of
//! two states: that before the step under way, or that after it. So an acknowledged sale that is gone, a receipt that
//! reads otherwise, a half transaction and a gap in the numbers are all found by one comparison.

use std::path::Path;

use pos_app::view::{CustomerDetails, Language};
use pos_app::{App, AppError, CashMove, Close, Counted, OpenAccess};
use pos_domain::till::CashDirection;
use pos_domain::{Money, RequestId};
use pos_testkit::crash::{CrashDisk, Image, Moment, Syncs};
use rand::RngExt;
use rand::rngs::StdRng;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::till::{PLENTY, Place, Till, books, documents, faults, next_number, open, sell_one};

/// How SQLite may be asked to carry the WAL over.
const CHECKPOINTS: [&str; 4] = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"];

/// A register at work.
pub(crate) struct Life {
    till: Till,
    /// Books at the end of each step; the first at the beginning.
    pages: Vec<(Moment, Value)>,
    sales: usize,
}

/// What a register went through.
pub(crate) struct Record {
    place: Place,
    disk: CrashDisk,
    pages: Vec<(Moment, Value)>,
    pub(crate) sales: usize,
}

/// What a crash took, for the message of a test that fails.
#[derive(Debug)]
#[expect(dead_code, reason = "what they hold is printed")]
pub(crate) enum Loss {
    /// The register does not open.
    Closed(String),
    /// What was acknowledged is not there, or something is that never was.
    Books(String),
    /// The register went on in a new life, with the report of why.
    Life(String),
    /// The file does not agree with itself.
    Unsound(Vec<String>),
}

impl Life {
    /// Begins in an empty folder with the setting up of the demo shop.
    pub(crate) async fn begin() -> Self {
        let place = Place::new();
        let disk = CrashDisk::watch(&place.data()).unwrap();
        Self::open(place, disk).await
    }

    async fn open(place: Place, disk: CrashDisk) -> Self {
        let begin = disk.now().unwrap();
        let till = Till::open(place, disk).await.unwrap();
        let pages = vec![(begin, books(&till.app).await.unwrap())];
        let mut life = Self { till, pages, sales: 0 };
        if life.pages[0].1 == json!({ "shop": null }) {
            life.till.app.create_demo(Language::Fr).await.unwrap();
            life.write_down().await;
        }
        life
    }

    /// Lives through so many steps, and ends in order.
    pub(crate) async fn work(mut self, steps: usize, chance: &mut StdRng) -> Record {
        for _ in 0..steps {
            self = self.step(chance).await;
            self.write_down().await;
        }
        let Self { till, pages, sales } = self;
        let (place, disk) = till.close().await;
        Record { place, disk, pages, sales }
    }

    async fn step(mut self, chance: &mut StdRng) -> Self {
        let app = &self.till.app;
        match chance.random_range(0..100) {
            0..45 => {
                let pieces = chance.random_range(1..=3);
                app.scan(&format!("{pieces}*{}", PLENTY[chance.random_range(0..PLENTY.len())]))
                    .await
                    .unwrap();
                self.write_down().await;
                let (request, tenders): (RequestId, _) = (self.till.app.new_id(), self.till.cash().await);
                self.till.app.complete_sale(request, tenders).await.unwrap();
                self.sales += 1;
            }
            45..60 => drop(app.scan(PLENTY[chance.random_range(0..PLENTY.len())]).await.unwrap()),
            60..63 => drop(app.hold_cart().await),
            63..65 => {
                if let Some(held) = app.held_carts().await.unwrap().value.first() {
                    app.recall_cart(held.cart_id).await.unwrap();
                }
            }
            65..70 => self.work_the_drawer(chance).await,
            70..75 => {
                let name = format!("Customer {}", chance.random::<u32>());
                app.create_customer(CustomerDetails { name, ..CustomerDetails::default() }).await.unwrap();
            }
            75..83 => {
                let footer = format!("Merci {}", chance.random::<u32>());
                app.set_setting("receipt_footer", json!(footer)).await.unwrap();
            }
            83..93 => {
                checkpoint(&self.till.place.data(), CHECKPOINTS[chance.random_range(0..CHECKPOINTS.len())]);
            }
            93..96 => back_up(&self.till.place.data()),
            _ => {
                let (place, disk) = self.till.close().await;
                self.till = Till::open(place, disk).await.unwrap();
            }
        }
        self
    }

    /// Opens the drawer, or takes cash out and closes it.
    async fn work_the_drawer(&mut self, chance: &mut StdRng) {
        let amount = Money::from_minor(chance.random_range(1..50_000)).unwrap();
        let app = &self.till.app;
        if app.current_shift().await.unwrap().value.open.is_none() {
            app.open_shift(app.new_id(), Counted::Sum(amount), None).await.unwrap();
            return;
        }
        let direction = CashDirection::Out;
        let spent = CashMove { direction, amount, expense: None, note: Some("pain".to_owned()) };
        app.move_cash(app.new_id(), spent, None).await.unwrap();
        self.write_down().await;
        let close = Close { counted: Counted::Sum(amount), note: None };
        let app = &self.till.app;
        app.close_shift(app.new_id(), close, None).await.unwrap();
    }

    async fn write_down(&mut self) {
        let books = books(&self.till.app).await.unwrap();
        self.pages.push((self.till.disk.now().unwrap(), books));
    }
}

impl Record {
    /// Cuts the power at a random moment and looks at what is left.
    pub(crate) async fn cut(&self, syncs: Syncs, chance: &mut StdRng) -> Result<Image, Loss> {
        let moment = self.disk.any_moment_between(self.pages[0].0, self.end(), chance);
        let image = self.disk.power_cut(moment, syncs, chance).unwrap();
        self.check(moment, &image).await?;
        Ok(image)
    }

    /// Kills the register at each moment after it was set up, and looks at what is left. The number of kills.
    pub(crate) async fn kill_everywhere(&self) -> Result<usize, (Moment, Loss)> {
        let mut kills = 0;
        for moment in self.disk.moments_between(self.pages[1].0, self.end()) {
            let image = self.disk.killed(moment).unwrap();
            self.check(moment, &image).await.map_err(|loss| (moment, loss))?;
            kills += 1;
        }
        Ok(kills)
    }

    /// Goes on with what a crash left: the repair of the file is part of the next life.
    pub(crate) async fn go_on(self, image: &Image) -> Life {
        let disk = self.place.put_back(image);
        Life::open(self.place, disk).await
    }

    fn end(&self) -> Moment {
        self.pages[self.pages.len() - 1].0
    }

    /// Whether a crash at that moment left what it had to leave, and a register that sells on.
    async fn check(&self, moment: Moment, image: &Image) -> Result<(), Loss> {
        let _disk = self.place.put_back(image);
        let app = open(&self.place.data(), OpenAccess::Write).await.map_err(closed)?;
        let judged = self.judge(moment, &app).await;
        let ended = app.close().await;
        judged.and(ended.map_err(closed))
    }

    async fn judge(&self, moment: Moment, app: &App) -> Result<(), Loss> {
        let found = books(app).await.map_err(closed)?;
        let done = self.pages.partition_point(|(at, _)| *at <= moment);
        let may_be = &self.pages[done - 1..self.pages.len().min(done + 1)];
        if !may_be.iter().any(|(_, books)| *books == found) {
            return Err(Loss::Books(format!(
                "{done} pages were acknowledged: {}",
                differences(may_be, &found)
            )));
        }
        if found.get("sales").is_none() {
            return Ok(()); // Nothing was set up yet.
        }
        // The same register on the same disk stays in its life: it sells on where it stood.
        let sold = documents(app).await;
        for next in sold..sold + 2 {
            let faults = faults(app).await;
            if !faults.is_empty() {
                return Err(Loss::Unsound(faults));
            }
            let sale = sell_one(app, PLENTY[0]).await.map_err(closed)?;
            if sale.number != next_number(next) {
                let report = app.recovery().await.map_err(closed)?.value.report;
                return Err(Loss::Life(format!(
                    "{} instead of {}: {report:?}",
                    sale.number,
                    next_number(next)
                )));
            }
        }
        Ok(())
    }
}

fn closed(error: AppError) -> Loss {
    Loss::Closed(format!("{error:?}"))
}

/// Where the books differ from each of those that they may be.
fn differences(may_be: &[(Moment, Value)], found: &Value) -> String {
    let differing = |books: &Value| -> Vec<String> {
        let names = books.as_object().into_iter().flatten().map(|(name, _)| name);
        names.filter(|name| books[*name] != found[*name]).cloned().collect()
    };
    format!("{:?}", may_be.iter().map(|(_, books)| differing(books)).collect::<Vec<_>>())
}

/// As another program, or SQLite itself after a thousand pages, may do at any time.
fn checkpoint(folder: &Path, mode: &str) {
    let connection = Connection::open(folder.join(pos_store::FILE_NAME)).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(())).unwrap();
}

/// A verified copy beside the file, taken while the register is open.
fn back_up(folder: &Path) {
    let store = pos_store::Store::open(folder, pos_store::OpenMode::ReadOnly).unwrap();
    std::fs::create_dir_all(folder.join("copies")).unwrap();
    store.snapshot(&folder.join("copies/latest.db")).unwrap();
}
