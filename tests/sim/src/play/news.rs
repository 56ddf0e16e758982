//! What registers tell, what people at them do next, and how their programs begin and end.

use pos_testkit::crash::Moment;

use super::{DiskState, Event, Play};
use crate::deed::{Deed, Done};
use crate::disk::Blow;
use crate::invariants::{self, Faults};
use crate::task::Task;
use crate::till::{Ended, News, Standing};

/// Deeds between two runs of a register's own checks.
const DEEDS_PER_CHECK: u64 = 160;

impl Play {
    pub(super) fn hear(&mut self, till: usize, news: News) {
        match news {
            News::Recovered(Ok(())) => {
                self.tills[till].ready = true;
                // Its program may have ended after it joined and before anybody heard of it.
                if self.tills[till].standing == Standing::Apart && self.tills[till].device_id().is_some() {
                    self.tills[till].standing = Standing::Joined;
                }
                if std::mem::take(&mut self.beside[till].fills_up) {
                    self.check_register(till);
                }
                let after = self.chance.between(1_000, 20_000);
                self.soon(after, Event::Deed { till, life: self.tills[till].lives });
            }
            News::Recovered(Err(error)) | News::NotOpened(error)
                if self.beside[till].disk != DiskState::Sound =>
            {
                self.note(&format!("till {till} does not begin: {}", error.code.as_str()));
                self.end_program(till, Blow::Kill, None);
            }
            News::Recovered(Err(error)) | News::NotOpened(error) => {
                self.fault(12, format!("till {till} does not begin: {error:?}"));
            }
            News::Kept(Ok(())) => {}
            News::Kept(Err(error)) if self.beside[till].disk != DiskState::Sound => {
                self.note(&format!("till {till} cannot keep its journal: {}", error.code.as_str()));
            }
            News::Kept(Err(error)) => {
                self.fault(12, format!("till {till} cannot keep its journal: {error:?}"));
            }
            News::Struck(blow, since) => {
                let words = format!("till {till} is struck down at work ({blow:?})");
                self.strike_note(&format!("struck at work ({blow:?})"), &words);
                self.end_program(till, blow, since);
            }
            News::Deed(done) => self.hear_of_deed(till, done),
        }
    }

    fn hear_of_deed(&mut self, till: usize, done: Done) {
        self.tills[till].busy = false;
        self.write_down(till, done);
        self.tills[till].take_stepper();
        if self.beside[till].disk == DiskState::Repaired {
            self.beside[till].disk = DiskState::Sound;
        }
        // A moment later, and sometimes the moment does not come.
        if self.chance.permille(850) {
            self.tills[till].begin_keeping();
        }
        let after = match self.chance.below(10) {
            0 => self.chance.between(200_000, 900_000),
            _ => self.chance.between(2_000, 120_000),
        };
        self.soon(after, Event::Deed { till, life: self.tills[till].lives });
    }

    fn write_down(&mut self, till: usize, done: Done) {
        let place = self.begun.iter().position(|(t, _)| *t == till);
        let what = place.map_or("", |place| self.begun.swap_remove(place).1);
        let line = match &done {
            Done::Sold { sale, .. } => {
                format!("sold {} for {} ({:?})", sale.number, sale.total.minor(), sale.sync)
            }
            Done::Refused { code, .. } => format!("refused {}", code.as_str()),
            Done::Unknown(_) => "nobody knows".to_owned(),
            Done::Joined => "joined".to_owned(),
            Done::GoesOn(words) => words.clone(),
            Done::Said(words) => words.clone(),
            // Its words tell of errors with addresses in them.
            Done::DiskFailed(_) => "the disk failed".to_owned(),
            Done::Broken(words) => format!("BROKEN {words}"),
        };
        self.note(&format!("till {till} {what}: {line}"));
        let mut faults = Faults::new();
        match done {
            Done::Sold { sale, expected, again } => {
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
            Done::Unknown(press) => {
                self.count("outcomes that nobody knew");
                if self.beside[till].disk == DiskState::Sound {
                    faults.push((12, format!("till {till}: an unknown outcome on a sound disk")));
                }
                self.beside[till].unfinished = Some(press);
            }
            Done::Joined => self.tills[till].standing = Standing::Joined,
            Done::GoesOn(_) => self.beside[till].must_go_on = false,
            Done::Said(_) => self.count("other deeds"),
            Done::DiskFailed(_) if self.beside[till].disk != DiskState::Sound => {
                self.count("deeds that a disk in trouble refused");
            }
            Done::DiskFailed(words) | Done::Broken(words) => {
                faults.push((12, format!("till {till} {what}: {words}")));
            }
        }
        if self.town.alarms_have_a_cause {
            // Two copies that could ask nobody have begun the same life: its numbers stand on papers of both (ADR 11).
            let all = faults.len();
            faults.retain(|(invariant, words)| *invariant != 9 || !words.contains("is the number of"));
            if faults.len() < all {
                self.count("numbers on papers of two copies");
            }
        }
        if self.tills[till].standing != Standing::Apart {
            let file = self.tills[till].look();
            self.beside[till].numbers.follow(till, &file, &mut faults);
        }
        self.report.faults.extend(faults);
    }

    /// Starts the program of a register, and looks at what its last one left.
    pub(super) fn open(&mut self, till: usize) {
        self.note(&format!("till {till} starts"));
        self.beside[till].disk = DiskState::Sound;
        // A file that was put back is filled up from the journal before anybody sells.
        if self.tills[till].standing != Standing::Apart && !self.beside[till].fills_up {
            self.check_register(till);
        }
        self.tills[till].open(&self.road, self.plan.seed);
        // How long a start waits for a server that does not answer.
        self.soon(2_001, Event::Tick);
    }

    fn check_register(&mut self, till: usize) {
        let mut faults = Faults::new();
        invariants::of_register(&self.tills[till], &self.books, &mut faults);
        self.count("checks of a register");
        self.report.faults.extend(faults);
    }

    /// The program of a register ends by a blow, and somebody starts it again.
    pub(super) fn end_program(&mut self, till: usize, blow: Blow, since: Option<Moment>) {
        self.stop(till, blow, since);
        let after = self.chance.between(1_000, 90_000);
        self.soon(after, Event::Start { till });
    }

    /// The program of a register ends by a blow that fell between a call of its disk and now. What it asked after that
    /// call was never asked.
    pub(super) fn stop(&mut self, till: usize, blow: Blow, since: Option<Moment>) {
        if !self.tills[till].is_on() {
            return;
        }
        self.forget_work(till);
        let before_its_end = self.tills[till].strike(blow, since, &mut self.chance);
        for asked in self.road.take() {
            if asked.till != till || !before_its_end {
                self.send(asked);
            }
        }
    }

    /// Whoever stood at the register has gone.
    pub(super) fn forget_work(&mut self, till: usize) {
        self.begun.retain(|(t, _)| *t != till);
        self.beside[till].unfinished = None;
    }

    pub(super) fn deed(&mut self, till: usize, life: u32) {
        let at = &self.tills[till];
        let gone = at.standing == Standing::Gone;
        if gone
            || self.peace
            || !at.ready
            || at.busy
            || at.asleep_since.is_some()
            || life != at.lives
            || at.app.is_none()
        {
            return;
        }
        self.turns += 1;
        if at.standing == Standing::Apart {
            return self.join(till);
        }
        if self.turns.is_multiple_of(DEEDS_PER_CHECK) && self.beside[till].disk == DiskState::Sound {
            let mut faults = Faults::new();
            let app = self.tills[till].app.clone().unwrap();
            invariants::of_own_checks(&app, till, &mut faults);
            self.report.faults.extend(faults);
            self.check_register(till);
        }
        let deed = match self.beside[till].unfinished.take() {
            _ if self.beside[till].must_go_on => Deed::GoOnHere,
            Some(press) => Deed::PressAgain(press),
            None => Deed::draw(&mut self.chance, till, self.turns),
        };
        let deed = match deed {
            // People put a backup back on a machine that works.
            Deed::Restore { .. } if self.beside[till].disk != DiskState::Sound => Deed::LookAround,
            deed => deed,
        };
        self.begin_deed(till, deed);
    }

    /// A register joins the business with a new code.
    pub(super) fn join(&mut self, till: usize) {
        match self.town.code() {
            Some(code) => self.begin_deed(till, Deed::Join { code }),
            None => self.soon(60_000, Event::Deed { till, life: self.tills[till].lives }),
        }
    }

    pub(super) fn begin_deed(&mut self, till: usize, deed: Deed) {
        let Some(app) = self.tills[till].app.clone() else { return };
        self.begun.push((till, deed.name()));
        self.count("deeds");
        self.tills[till].busy = true;
        if matches!(deed, Deed::Restore { .. } | Deed::GoOnHere) {
            // The program ends its exchange before it begins another life.
            self.tills[till].hold_exchange();
            self.books.note_operations(&self.tills[till].look());
            self.beside[till].numbers.forget();
            self.count(&format!("fault: {} at a register", deed.name()));
        }
        let waits_for = deed.waits_for();
        let task = Task::new(waits_for, async move { Ended::Deed(deed.perform(app).await) });
        self.tills[till].begin(task);
        // A customer's patience and a first probe's are timers of the program's own.
        for after in [251, 1_001, 2_001, 3_001, 4_001, 5_001, 6_001] {
            self.soon(after, Event::Tick);
        }
    }
}
