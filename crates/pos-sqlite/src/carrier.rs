//! The thread that carries the WAL over into the file, so that no cashier waits for it.
//!
//! SQLite by itself does it inside the commit that fills the WAL: thousands of pages and a synchronised file, some tens of
//! milliseconds, while a customer waits. Here the writer only says that it is time. This thread opens a connection of its
//! own and copies; the writer goes on meanwhile, and carries the little that it wrote since when it is told that the bulk
//! is done: only then can the WAL begin anew.
//!
//! The WAL stays bounded: a writer that is faster than this thread waits for it once the WAL is [`MOST_MARKS`] times as
//! long as it should be. In step ([`crate::Database::work_in_step`]) there is nothing beside the writer, and it does all of
//! it itself at the same places as always.

use std::io;
use std::mem;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use crate::connection;
use crate::open::{self, OpenError, OpenOptions};

/// How many times as long as it should be the WAL may become before the writer waits.
pub(crate) const MOST_MARKS: u32 = 4;
/// Most passes. Each copies what was written during the one before, which took a fraction of its time.
const MOST_PASSES: u32 = 6;
/// Pages that the writer carries in about a millisecond.
const FEW_PAGES: i64 = 64;

/// How far the carrying over has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The WAL is short.
    Resting,
    /// The writer has asked.
    Asked,
    /// The thread is at it.
    Carrying,
    /// The bulk is done: the rest is the writer's.
    Carried,
    /// There is no thread: everything is the writer's.
    Alone,
}

/// What the writer and the thread tell each other.
pub(crate) struct Turns {
    stage: Mutex<Stage>,
    changed: Condvar,
}

impl Turns {
    /// The writer has committed, and `pages` stand in the WAL, which should hold `mark`. Whether it must carry them over
    /// itself now. Waits when the thread has fallen far behind.
    pub(crate) fn is_writers(&self, pages: u32, mark: u32) -> bool {
        let mut stage = self.lock();
        if pages < mark {
            if *stage == Stage::Carried {
                // It was done while nobody wrote, and the WAL has begun anew.
                *stage = Stage::Resting;
            }
            return false;
        }
        if *stage == Stage::Resting {
            *stage = Stage::Asked;
            self.changed.notify_all();
        }
        while matches!(*stage, Stage::Asked | Stage::Carrying) {
            if pages < mark.saturating_mul(MOST_MARKS) {
                return false;
            }
            stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
        }
        if *stage == Stage::Carried {
            *stage = Stage::Resting;
        }
        true
    }

    /// From now on the writer does all of it.
    pub(crate) fn leave_alone(&self) {
        *self.lock() = Stage::Alone;
        self.changed.notify_all();
    }

    /// Waits until there is something to do; false when there never will be.
    fn wait(&self) -> bool {
        let mut stage = self.lock();
        loop {
            match *stage {
                Stage::Asked => {
                    *stage = Stage::Carrying;
                    return true;
                }
                Stage::Alone => return false,
                Stage::Resting | Stage::Carrying | Stage::Carried => {
                    stage = self.changed.wait(stage).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn carried(&self) {
        let mut stage = self.lock();
        if *stage == Stage::Carrying {
            *stage = Stage::Carried;
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread.
pub(crate) struct Carrier {
    turns: Arc<Turns>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Carrier {
    /// Starts it.
    pub(crate) fn start(options: &OpenOptions) -> io::Result<Self> {
        let turns = Arc::new(Turns { stage: Mutex::new(Stage::Resting), changed: Condvar::new() });
        let (path, wal_pages) = (options.path.clone(), options.wal_pages);
        let end = AtTheEnd(Arc::clone(&turns));
        let thread = thread::Builder::new().name("sqlite-carrier".to_owned()).spawn(move || {
            while end.0.wait() {
                if let Err(error) = carry_beside(&path, wal_pages) {
                    // All of it still stands in the WAL. The writer tries next, and then this thread again.
                    tracing::warn!(error = %open::in_words(&error), "the WAL could not be carried over");
                }
                end.0.carried();
            }
        })?;
        Ok(Self { turns, thread: Mutex::new(Some(thread)) })
    }

    /// What the writer asks it by.
    pub(crate) fn turns(&self) -> Arc<Turns> {
        Arc::clone(&self.turns)
    }

    /// From now on nothing happens beside the writer. Blocks until what is under way has ended.
    pub(crate) fn leave_all_to_the_writer(&self) {
        // A thread that died has nothing under way.
        drop(self.dismiss());
    }

    /// Lets it finish what it is at, and ends it.
    pub(crate) fn dismiss(&self) -> thread::Result<()> {
        self.turns.leave_alone();
        let thread = mem::take(&mut *self.thread.lock().unwrap_or_else(PoisonError::into_inner));
        thread.map_or(Ok(()), JoinHandle::join)
    }
}

impl Drop for Carrier {
    /// Reached with the thread still running only when opening failed half way: it must not wait for ever.
    fn drop(&mut self) {
        self.turns.leave_alone();
    }
}

/// However the thread ends, the writer does not wait for it.
struct AtTheEnd(Arc<Turns>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0.leave_alone();
    }
}

/// Copies until little is left. A pass that nobody writes beside also synchronises the file, and a short one hardly ever
/// has company: the writer then finds its own pages to synchronise and no others.
fn carry_beside(path: &Path, wal_pages: u32) -> Result<(), OpenError> {
    let connection = connection::open_for_writing(path)?;
    connection::make_durable(&connection, wal_pages)?;
    let mut before = 0;
    for _ in 0..MOST_PASSES {
        let carried = carry(&connection)?;
        if carried.saturating_sub(before) <= FEW_PAGES {
            break;
        }
        before = carried;
    }
    connection.close().map_err(|(_, error)| error.into())
}

/// Copies what no reader still looks at from the WAL into the file, without waiting for anybody. How many of its pages
/// have been copied since it began anew.
pub(crate) fn carry(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: u32 = 100;

    fn turns(stage: Stage) -> Turns {
        Turns { stage: Mutex::new(stage), changed: Condvar::new() }
    }

    #[test]
    fn a_full_wal_is_asked_about_once_and_its_rest_is_the_writers() {
        let turns = turns(Stage::Resting);
        assert!(!turns.is_writers(MARK - 1, MARK) && *turns.lock() == Stage::Resting, "a short one is left");
        assert!(!turns.is_writers(MARK, MARK), "the writer goes on");
        assert!(turns.wait(), "and the thread begins");
        assert!(!turns.is_writers(MARK + 1, MARK), "the writer still goes on");
        turns.carried();
        assert!(turns.is_writers(MARK + 2, MARK), "what it wrote meanwhile is its own");
        assert_eq!(*turns.lock(), Stage::Resting);
    }

    #[test]
    fn what_was_carried_while_nobody_wrote_leaves_nothing_for_the_writer() {
        let turns = turns(Stage::Carried);
        assert!(!turns.is_writers(1, MARK), "the WAL has begun anew");
        assert!(!turns.is_writers(MARK, MARK), "and the next time it is full the bulk is the thread's again");
        assert_eq!(*turns.lock(), Stage::Asked);
    }

    #[test]
    fn a_writer_far_ahead_waits_for_the_thread_and_never_for_one_that_has_ended() {
        let turns = turns(Stage::Resting);
        assert!(!turns.is_writers(MARK, MARK));
        thread::scope(|scope| {
            let writer = scope.spawn(|| turns.is_writers(MARK * MOST_MARKS, MARK));
            assert!(turns.wait());
            turns.carried();
            assert!(writer.join().unwrap(), "it had to wait, and does the rest");
        });
        turns.leave_alone();
        assert!(turns.is_writers(MARK * MOST_MARKS, MARK), "alone it does everything");
    }
}
