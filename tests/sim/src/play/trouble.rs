//! What goes wrong: drawn from the seed, at times drawn from the seed.

use std::sync::atomic::Ordering;

use pos_app::{App, ErrorCode, OpenAccess};

use super::{Beside, DiskState, Event, Play};
use crate::disk::Blow;
use crate::road::Weather;
use crate::task::finish;
use crate::till::{Doom, Standing, Till};
use crate::town::{Poison, ServerDoom};
use crate::versions::Age;

/// How long a shop may be shut: a quarter of a year, in milliseconds.
const SHUT_MS: i64 = 90 * 24 * 3_600_000;

/// What an old copy is used for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Old {
    /// The file of a register takes its place.
    File { till: usize },
    /// The whole folder of a register takes its place.
    Folder { till: usize },
    /// A second program works in it.
    Second { till: usize },
    /// The server's folder takes its place.
    Server,
}

/// What the way of a register may be like for a while.
const WEATHERS: [Weather; 10] = [
    Weather::Storm,
    Weather::Storm,
    Weather::Storm,
    Weather::Cut,
    Weather::DeafIn,
    Weather::DeafOut,
    Weather::Portal,
    Weather::Busy,
    Weather::Version(Age::Older),
    Weather::Version(Age::Newer),
];

impl Play {
    /// Something goes wrong somewhere.
    pub(super) fn trouble(&mut self) {
        if self.peace {
            return;
        }
        if self.is_shut() {
            return self.at(self.shut_until_ms, Event::Trouble);
        }
        let till = self.chance.below(self.tills.len());
        match self.chance.below(100) {
            0..=25 => self.change_weather(till),
            26..=32 => self.doom(till, Blow::Kill),
            33..=38 => self.doom(till, Blow::PowerCut),
            39..=40 => self.strike_at_rest(till, Blow::Kill),
            41..=42 => self.strike_at_rest(till, Blow::PowerCut),
            43..=47 => self.doom_server(Blow::Kill),
            48..=51 => self.doom_server(Blow::PowerCut),
            52..=53 => self.strike_server(Blow::Kill),
            54..=57 => self.set_clock(till),
            58..=62 => self.suspend(till),
            63..=69 => self.trouble_disk(till),
            70..=72 => self.trouble_server_disk(),
            73..=76 => self.put_back(Old::File { till }),
            77..=80 => self.put_back(Old::Folder { till }),
            81..=82 => self.lose_folder(till),
            83..=84 => self.revoke(till),
            85 => self.start_twice(till),
            86..=90 => self.put_back(Old::Second { till }),
            91..=92 => self.poison(),
            93..=98 => self.put_back(Old::Server),
            _ => self.shut(),
        }
        let after = self.chance.between(15_000, 600_000);
        self.soon(after, Event::Trouble);
    }

    /// An old copy is put to use. Where there is none it is made, and its time comes later.
    pub(super) fn put_back(&mut self, old: Old) {
        let has_copy = match old {
            Old::File { till } | Old::Folder { till } | Old::Second { till } => self.beside[till].has_copy,
            Old::Server => self.town.has_copy(),
        };
        match old {
            Old::File { till } if has_copy => self.put_file_back(till),
            Old::Folder { till } if has_copy => self.put_folder_back(till),
            Old::Second { till } if has_copy => self.start_copy(till),
            Old::Server if has_copy => self.put_server_back(),
            Old::File { till } | Old::Folder { till } | Old::Second { till } => {
                if self.tills[till].ready && self.tills[till].standing == Standing::Joined {
                    self.copy_folder(till);
                    self.use_later(old);
                }
            }
            Old::Server => {
                if self.town.is_up() {
                    self.note("somebody copies the server's folder");
                    self.town.make_copy();
                    self.use_later(old);
                }
            }
        }
    }

    fn use_later(&mut self, old: Old) {
        let after = self.chance.between(60_000, 900_000);
        self.soon(after, Event::PutBack(old));
    }

    fn change_weather(&mut self, till: usize) {
        let weather = match self.chance.permille(50) {
            true => Weather::Version(Age::MuchNewer),
            false => *self.chance.pick(&WEATHERS),
        };
        self.strike_note(&format!("weather {weather:?}"), &format!("till {till}: weather {weather:?}"));
        self.tills[till].weather = weather;
        let lasts = self.chance.between(5_000, 1_500_000);
        self.soon(lasts, Event::Weather { till, weather: Weather::Clear });
    }

    /// The program of a register will end in the middle of something.
    fn doom(&mut self, till: usize, blow: Blow) {
        let stretches = u32::try_from(self.chance.between(0, 30)).unwrap();
        self.tills[till].doom = Some(Doom { blow, stretches });
    }

    fn strike_at_rest(&mut self, till: usize, blow: Blow) {
        if self.tills[till].is_on() {
            let words = format!("till {till} is struck down ({blow:?})");
            self.strike_note(&format!("struck at rest ({blow:?})"), &words);
            self.end_program(till, blow, None);
        }
    }

    fn doom_server(&mut self, blow: Blow) {
        let questions = u32::try_from(self.chance.between(0, 5)).unwrap();
        self.town.doom = Some(ServerDoom { blow, questions });
    }

    fn strike_server(&mut self, blow: Blow) {
        if self.town.is_up() {
            self.strike_note("server struck at rest", &format!("the server is struck down ({blow:?})"));
            self.town.strike(blow, None, &mut self.chance);
            let after = self.chance.between(500, 180_000);
            self.soon(after, Event::StartServer);
        }
    }

    fn set_clock(&mut self, till: usize) {
        let by = self.chance.between(-7_200_000, 7_200_000);
        self.strike_note("clock set", &format!("till {till}: its clock is set by {by} ms"));
        self.tills[till].skew_ms.fetch_add(by, Ordering::SeqCst);
    }

    /// A machine sleeps: nothing of it runs, its wall clock goes on, and its timers come late.
    fn suspend(&mut self, till: usize) {
        if self.tills[till].app.is_none() || self.tills[till].asleep_since.is_some() {
            return;
        }
        let for_ms = match self.chance.permille(700) {
            true => self.chance.between(2_000, 400_000),
            false => self.chance.between(600_000, 2_400_000),
        };
        self.strike_note("suspended", &format!("till {till} sleeps for {for_ms} ms"));
        self.tills[till].fall_asleep();
        self.soon(for_ms, Event::Wake { till, life: self.tills[till].lives });
    }

    fn trouble_disk(&mut self, till: usize) {
        if self.tills[till].app.is_none() || self.beside[till].disk != DiskState::Sound {
            return;
        }
        let Some(what) = self.tills[till].disk.order_trouble(&mut self.chance) else { return };
        self.strike_note(what, &format!("till {till}: {what}"));
        self.beside[till].disk = DiskState::Troubled;
        let after = self.chance.between(5_000, 400_000);
        self.soon(after, Event::Repair { till, life: self.tills[till].lives });
    }

    fn trouble_server_disk(&mut self) {
        if self.town.is_up()
            && let Some(what) = self.town.disk.order_trouble(&mut self.chance)
        {
            self.strike_note(&format!("server: {what}"), &format!("the server: {what}"));
            let after = self.chance.between(5_000, 200_000);
            self.soon(after, Event::RepairServer);
        }
    }

    /// Somebody starts the program a second time on the same folder.
    fn start_twice(&mut self, till: usize) {
        if self.tills[till].app.is_none() || self.tills[till].busy {
            return;
        }
        self.strike_note("started twice", &format!("till {till} is started twice"));
        let at = &self.tills[till];
        let (writing, reading) = (at.options(OpenAccess::Write), at.options(OpenAccess::Read));
        let world = || at.world(&self.road, self.plan.seed);
        let (writes, reads) = (world(), world());
        let second = finish(App::open_in(writing, writes));
        match second {
            Err(error) if error.code == ErrorCode::DataInUse => {}
            Err(error) => self.fault(8, format!("till {till}: a second program is told {error:?}")),
            Ok(_) => self.fault(8, format!("till {till}: a second program works on the same folder")),
        }
        let looked = finish(async {
            let app = App::open_in(reading, reads).await?;
            let products = app.state().await;
            app.close().await?;
            products
        });
        if let Err(error) = looked {
            self.fault(12, format!("till {till}: a second program cannot look: {error:?}"));
        }
    }

    fn poison(&mut self) {
        if self.town.poison == Poison::None {
            self.note("the server will fail on the next new operation");
            self.town.poison = Poison::Next;
        }
    }

    /// An old copy of the file takes its place while the program is off: journal and mark are those of now.
    fn put_file_back(&mut self, till: usize) {
        let at = &self.tills[till];
        if !at.ready || at.standing != Standing::Joined || self.beside[till].disk != DiskState::Sound {
            return;
        }
        self.strike_note("old file put back", &format!("till {till}: an old copy of its file is put back"));
        self.forget_work(till);
        if let Err(error) = self.tills[till].close() {
            self.fault(12, format!("till {till} does not close: {error:?}"));
        }
        self.books.note_operations(&self.tills[till].look());
        self.beside[till].numbers.forget();
        self.tills[till].put_file_back();
        self.beside[till].fills_up = true;
        let after = self.chance.between(1_000, 90_000);
        self.soon(after, Event::Start { till });
    }

    fn copy_folder(&mut self, till: usize) {
        self.note(&format!("till {till}: somebody copies its folder"));
        self.tills[till].make_copy();
        self.beside[till].has_copy = true;
    }

    /// The disk is gone, and an old copy of the whole folder takes its place: with the file went journal and mark.
    fn put_folder_back(&mut self, till: usize) {
        let at = &self.tills[till];
        if !at.is_on() || at.standing != Standing::Joined || self.beside[till].copy_at_work.is_some() {
            return;
        }
        self.stop(till, Blow::Kill, None);
        self.books.note_operations(&self.tills[till].look());
        self.tills[till].put_folder_back();
        // A second use of the same copy would be the life that the first use begins, once more.
        self.beside[till].has_copy = false;
        // Started out of reach it cannot know how many lives it had, and numbers papers that it has numbered before.
        self.town.alarms_have_a_cause = true;
        let lost = self.books.lose(till, Some(&self.tills[till].look()));
        let words = format!("till {till}: an old copy of its folder is put back, {lost} sales are not in it");
        self.strike_note("old folder put back", &words);
        self.beside[till].numbers.forget();
        let after = self.chance.between(1_000, 90_000);
        self.soon(after, Event::Start { till });
    }

    /// A copy of the folder is started elsewhere, and works in the name of the same register. The server fences one of
    /// them. After a while the copy is thrown away, and the owner says that the other goes on.
    fn start_copy(&mut self, till: usize) {
        let at = &self.tills[till];
        if !at.ready || at.standing != Standing::Joined || self.beside[till].copy_at_work.is_some() {
            return;
        }
        let number = self.tills.len();
        self.strike_note("folder copied", &format!("a copy of till {till} works as till {number}"));
        self.tills.push(Till::in_copy_of(&self.tills[till], number));
        self.beside[till].has_copy = false;
        self.beside.push(Beside::new());
        self.beside[till].copy_at_work = Some(number);
        self.town.alarms_have_a_cause = true;
        self.open(number);
        let after = self.chance.between(300_000, 1_500_000);
        self.soon(after, Event::EndCopy { till });
    }

    /// The copy is thrown away, with what it has not sent.
    pub(super) fn end_copy(&mut self, till: usize) {
        let Some(copy) = self.beside[till].copy_at_work.take() else { return };
        self.stop(copy, Blow::Kill, None);
        self.books.note_operations(&self.tills[copy].look());
        let lost = self.books.lose(copy, None);
        self.note(&format!("till {copy}, a copy of till {till}, is thrown away with {lost} sales"));
        self.tills[copy].standing = Standing::Gone;
        self.beside[till].must_go_on = self.tills[till].standing == Standing::Joined;
    }

    /// The disk is gone for good.
    fn lose_folder(&mut self, till: usize) {
        if self.tills[till].is_on() && self.tills[till].standing == Standing::Joined {
            self.strike_note("disk lost", &format!("till {till} has lost its disk"));
            self.wipe(till);
        }
    }

    /// The owner revokes a register. It goes on for a while, as one that was stolen does; then it is wiped and joins again.
    fn revoke(&mut self, till: usize) {
        if !self.tills[till].ready || self.tills[till].standing != Standing::Joined {
            return;
        }
        let Some(device_id) = self.tills[till].device_id() else { return };
        if !self.town.revoke(device_id) {
            return;
        }
        self.strike_note("revoked", &format!("till {till} is revoked"));
        self.tills[till].standing = Standing::Revoked;
        let after = self.chance.between(120_000, 1_500_000);
        self.soon(after, Event::Wipe { till });
    }

    /// Nothing is left of a register but its place; it will join as a new one.
    pub(super) fn wipe(&mut self, till: usize) {
        self.end_copy(till);
        self.beside[till].must_go_on = false;
        self.stop(till, Blow::Kill, None);
        if let Some(device_id) = self.tills[till].device_id() {
            self.town.lose(device_id);
        }
        self.books.note_operations(&self.tills[till].look());
        let lost = self.books.lose(till, None);
        self.note(&format!("till {till} is wiped, with {lost} sales"));
        self.tills[till].wipe();
        self.beside[till].has_copy = false;
        self.beside[till].fills_up = false;
        self.beside[till].numbers.forget();
        let after = self.chance.between(1_000, 90_000);
        self.soon(after, Event::Start { till });
    }

    /// The server's folder becomes what it was when somebody copied it.
    fn put_server_back(&mut self) {
        if !self.town.is_up() {
            return;
        }
        self.strike_note("server put back", "an old copy of the server's folder is put back");
        self.town.strike(Blow::Kill, None, &mut self.chance);
        self.town.put_back();
        let after = self.chance.between(500, 180_000);
        self.soon(after, Event::StartServer);
    }

    /// The shop is shut for a quarter of a year, at most once: everything is off. One register after the other comes
    /// back, and the last one after the others have worked.
    fn shut(&mut self) {
        if self.shut_until_ms > 0 {
            return;
        }
        self.shut_until_ms = self.now() + SHUT_MS;
        self.strike_note("90 days off", "the shop is shut for 90 days");
        for till in 0..self.tills.len() {
            self.stop(till, Blow::Kill, None);
        }
        self.town.strike(Blow::Kill, None, &mut self.chance);
        self.soon(SHUT_MS, Event::StartServer);
        self.until_ms += SHUT_MS;
        let last = self.chance.below(self.tills.len());
        for till in 0..self.tills.len() {
            let later = if till == last { 600_000 } else { 0 };
            let after = SHUT_MS + later + self.chance.between(1_000, 90_000);
            self.soon(after, Event::Start { till });
        }
    }
}
