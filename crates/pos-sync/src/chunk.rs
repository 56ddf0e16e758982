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
    pub(crate) fn rows(self) -> usize {
        self.0
    }

    /// A job of `rows` rows took `took` inside its transaction.
    pub(crate) fn took(&mut self, rows: usize, took: Duration) {
        if took > TARGET {
            self.0 = (self.0 / 2).max(FEWEST);
        } else if took < TARGET / 2 && rows >= self.0 {
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
            size.took(size.rows(), Duration::from_millis(1));
        }
        assert_eq!(size.rows(), MOST);
        for _ in 0..20 {
            size.took(size.rows(), Duration::from_millis(30));
        }
        assert_eq!(size.rows(), FEWEST, "a scan never waits long behind a page");
        size.took(3, Duration::from_millis(1));
        assert_eq!(size.rows(), FEWEST, "a job that was not full proves nothing");
    }
}
