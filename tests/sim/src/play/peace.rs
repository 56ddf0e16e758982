//! Peace: every fault stops, and all must agree within a bounded time.

use super::{DiskState, Event, Play};
use crate::deed::Deed;
use crate::disk::Blow;
use crate::invariants::{self, Faults};
use crate::road::Weather;
use crate::till::{Standing, Till};
use crate::town::Poison;

/// Peace in which everything must come to rest: five rounds, and what was still on its way.
const PEACE_MS: i64 = 6 * 60_000;
/// Longest that anything may still wait when a clock was set back: a due time further ahead is not believed.
const LONGEST_DUE_MS: i64 = 15 * 60_000;
/// How long a start and a join may take.
const BEGINNINGS_MS: i64 = 45_000;
/// Starts and joins that a register needs at most: one with what was left, one after it was wiped, one to join.
const BEGINNINGS: usize = 4;

impl Play {
    /// Faults stop; everything is open and asks the server.
    pub(super) async fn come_to_rest(&mut self) {
        self.note("peace");
        self.peace = true;
        self.town.doom = None;
        self.town.disk.repair();
        self.town.start();
        for number in 0..self.tills.len() {
            let life = self.tills[number].lives;
            self.wake(number, life);
            self.repair(number, life);
            let till = &mut self.tills[number];
            till.weather = Weather::Clear;
            till.doom = None;
            self.end_copy(number);
            if self.tills[number].standing == Standing::Revoked {
                self.wipe(number);
            }
        }
        self.town.revoke_the_lost();
        self.begin_everywhere().await;
        self.restart_the_parked().await;
        // Only where somebody paused it: nobody else is told that anything has changed.
        for number in 0..self.tills.len() {
            if self.tills[number].is_paused() {
                self.begin_deed(number, Deed::Pause { paused: false });
            }
        }
        self.pass(PEACE_MS).await;
        self.check_the_poisoned().await;
        if self.report.faults.is_empty()
            && self.there().iter().any(|number| self.tills[*number].has_waiting())
        {
            self.pass(LONGEST_DUE_MS).await;
        }
        if self.report.faults.is_empty() {
            let mut faults = Faults::new();
            let there: Vec<&Till> = self.there().into_iter().map(|number| &self.tills[number]).collect();
            invariants::of_rest(&self.town, &there, &self.books, &mut faults);
            self.count("checks at rest");
            self.report.faults.extend(faults);
            self.count_the_failed();
        }
    }

    /// Every program is started, and every register joined.
    async fn begin_everywhere(&mut self) {
        for _ in 0..BEGINNINGS {
            for number in self.there() {
                if !self.tills[number].is_on() {
                    self.open(number);
                }
            }
            self.run_tills();
            self.pass(BEGINNINGS_MS).await;
            for number in self.there() {
                let till = &self.tills[number];
                if !till.ready || till.busy {
                    continue;
                }
                if till.standing == Standing::Apart {
                    self.join(number);
                } else if self.beside[number].must_go_on {
                    self.begin_deed(number, Deed::GoOnHere);
                }
            }
            self.pass(BEGINNINGS_MS).await;
            if !self.report.faults.is_empty() || self.there().iter().all(|number| self.has_begun(*number)) {
                return;
            }
        }
        for number in self.there() {
            if !self.has_begun(number) {
                self.fault(10, format!("till {number} has not begun and joined in peace"));
            }
        }
    }

    fn has_begun(&self, till: usize) -> bool {
        let at = &self.tills[till];
        at.ready && at.standing == Standing::Joined && !self.beside[till].must_go_on
    }

    /// The registers that were not thrown away.
    fn there(&self) -> Vec<usize> {
        (0..self.tills.len()).filter(|number| self.tills[*number].standing != Standing::Gone).collect()
    }

    /// The server was updated: what it did not know is tried again by the next program.
    async fn restart_the_parked(&mut self) {
        let parked = "SELECT EXISTS (SELECT 1 FROM sync_queue WHERE state = 'parked')";
        let mut any = false;
        for number in self.there() {
            let has_parked: bool = self.tills[number].look().query_row(parked, [], |row| row.get(0)).unwrap();
            if has_parked && self.report.faults.is_empty() {
                self.note(&format!("till {number} is started again, the server was updated"));
                self.stop(number, Blow::Kill, None);
                any = true;
            }
        }
        if any {
            self.begin_everywhere().await;
        }
    }

    /// While the server fails on one operation, everything goes on but what needs it. Then it is mended.
    async fn check_the_poisoned(&mut self) {
        let Poison::Is(op_id) = self.town.poison else {
            self.town.poison = Poison::None;
            return;
        };
        let sql = "WITH RECURSIVE held (op_id) AS (VALUES (:poison) UNION
                SELECT d.op_id FROM sync_dependency AS d JOIN held ON held.op_id = d.depends_on)
            SELECT count(*) FROM sync_queue WHERE state IN ('pending', 'in_flight')
                AND op_id NOT IN (SELECT op_id FROM held) AND attempts > 0";
        for till in self.there() {
            let file = self.tills[till].look();
            let key = rusqlite::named_params! { ":poison": op_id.0.as_bytes() };
            let behind: i64 = file.query_row(sql, key, |row| row.get(0)).unwrap();
            if behind > 0 {
                self.fault(10, format!("till {till}: {behind} operations wait behind another's failure"));
            }
        }
        self.count("fault: an operation on which the server fails");
        self.note("the server takes the poisoned operation");
        self.town.poison = Poison::None;
        self.pass(PEACE_MS).await;
    }

    fn count_the_failed(&mut self) {
        for number in self.there() {
            let file = self.tills[number].look();
            let sql = "SELECT kind || ' ' || state || ' ' || coalesce(error_code, '') AS what FROM sync_queue
                WHERE state IN ('dead', 'parked')";
            let failed: Vec<String> = invariants::rows(&file, sql, |row| row.get("what"));
            for what in failed {
                self.count(&format!("at rest {what}"));
            }
        }
    }

    /// Everything is let go of.
    pub(super) fn end(&mut self) {
        for till in 0..self.tills.len() {
            self.stop(till, Blow::Kill, None);
        }
        self.town.strike(Blow::Kill, None, &mut self.chance);
    }

    /// A machine that slept wakes; time went on without it.
    pub(super) fn wake(&mut self, till: usize, life: u32) {
        if self.tills[till].asleep_since.is_none() || self.tills[till].lives != life {
            return;
        }
        self.note(&format!("till {till} wakes"));
        self.tills[till].wake();
        let after = self.chance.between(1_000, 30_000);
        self.soon(after, Event::Deed { till, life });
    }

    /// A register's disk works again.
    pub(super) fn repair(&mut self, till: usize, life: u32) {
        if self.tills[till].lives != life || self.beside[till].disk != DiskState::Troubled {
            return;
        }
        let struck = self.tills[till].disk.repair();
        self.note(&format!("till {till}: its disk works again, it had failed: {struck}"));
        if struck {
            self.count("disk troubles that struck");
        }
        self.beside[till].disk = DiskState::Repaired;
    }
}
