//! How many rows go into one write transaction.
//!
//! A sync job may hold the register's only writer for 20 ms, or a scan would wait behind it. How many rows that is
//! depends on the disk and the machine, so it is measured and followed.

use std::time::Duration;

/// Time that one job aims at: half of what it may take, to leave room for a slow commit.
const TARGET: Duration = Duration::from_millis(10);
/// Rows of the first job: on a slow till one row of the catalogue with its search words takes 0.2 ms.
const FIRST: usize = 50;
/// Fewest rows: with fewer, a page of thousands would mean thousands of commits.
const FEWEST: usize = 8;
/// Most rows: bounds the memory of one job.
const MOST: usize = 1_000;

/// What a job is shortened by while customers are served: a sale is three writes, each of which may find a job before
/// it, and together they must stay below what the sale takes at rest.
const BESIDE_CUSTOMERS: usize = 4;

/// Whether a cashier may be waiting behind the next job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    /// A sale was asked for a moment ago, so the next one is likely.
    Open,
    /// Nobody has come for a while. The first who comes waits for one full job.
    Quiet,
}

/// Kinds of write jobs. A claim of an operation costs a tenth of what its verdict costs, so each kind is measured for
/// itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Claiming, giving back, putting aside.
    Claims,
    /// Acknowledging, with rows and movements.
    Verdicts,
    /// Rows of the feed or of a first sync.
    Rows,
}

/// The sizes of the next jobs.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    claims: ChunkSize,
    verdicts: ChunkSize,
    rows: ChunkSize,
}

impl Chunks {
    /// The size for a kind of work.
    pub(crate) fn of(&mut self, work: Work) -> &mut ChunkSize {
        match work {
            Work::Claims => &mut self.claims,
            Work::Verdicts => &mut self.verdicts,
            Work::Rows => &mut self.rows,
        }
    }
}

/// The size of the next job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkSize(usize);

impl Default for ChunkSize {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl ChunkSize {
    /// Rows of the next job.
    pub(crate) fn rows(self, counter: Counter) -> usize {
        match counter {
            Counter::Quiet => self.0,
            Counter::Open => (self.0 / BESIDE_CUSTOMERS).max(FEWEST),
        }
    }

    /// A job of `rows` rows took `took` inside its transaction. A job that was shortened for customers says as much of
    /// the speed as one that was not.
    pub(crate) fn took(&mut self, rows: usize, took: Duration) {
        let whole = u32::try_from(self.0 / rows.clamp(1, self.0)).unwrap_or(u32::MAX);
        let full = rows >= self.rows(Counter::Open);
        let took = if full { took.saturating_mul(whole) } else { took };
        if took > TARGET {
            self.0 = (self.0 / 2).max(FEWEST);
        } else if took < TARGET / 2 && full {
            self.0 = self.0.saturating_mul(2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_follow_the_speed_of_the_disk_within_their_bounds() {
        let mut size = ChunkSize::default();
        for _ in 0..20 {
            size.took(size.rows(Counter::Quiet), Duration::from_millis(1));
        }
        assert_eq!(size.rows(Counter::Quiet), MOST);
        for _ in 0..20 {
            size.took(size.rows(Counter::Quiet), Duration::from_millis(30));
        }
        assert_eq!(size.rows(Counter::Quiet), FEWEST, "a scan never waits long behind a page");
        size.took(3, Duration::from_millis(1));
        assert_eq!(size.rows(Counter::Quiet), FEWEST, "a job that was not full proves nothing");
    }

    #[test]
    fn jobs_are_short_while_customers_come_and_long_again_afterwards() {
        let mut size = ChunkSize(160);
        assert_eq!(size.rows(Counter::Open), 40);
        size.took(40, Duration::from_millis(2));
        assert_eq!(size.rows(Counter::Quiet), 160, "40 rows in 2 ms are 160 in 8 ms: as it should be");
        size.took(40, Duration::from_millis(1));
        assert_eq!(size.rows(Counter::Quiet), 320, "a faster disk is noticed in short jobs too");
        size.took(80, Duration::from_millis(5));
        assert_eq!(size.rows(Counter::Quiet), 160, "and a slower one");
    }
}
