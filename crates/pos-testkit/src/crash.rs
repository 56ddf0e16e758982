//! A disk that loses its power, refuses or fails on order, under the SQLite of this process.
//!
//! The product opens its files as always. Beneath it lies a VFS of ours that hands every call on to SQLite's own for
//! this system and writes down, for the folders that a test watches, what reached which file and what was
//! synchronised. From that record the folder can be rebuilt as a power cut at any moment would have left it: what was
//! synchronised is there; of the rest each write is there, lost, or torn at a sector, and a file that was made or
//! removed may not have been. The same record says how often the disk was called, and any call can be made to fail.
//!
//! It must not know what is stored. What a program does beside SQLite, such as renaming a snapshot, is looked for at
//! each synchronisation and counts as done well: such files are in the rebuilt folder as they were found last. Locks
//! and shared memory pass through; neither outlives its machine.
//! A watched folder is never really synchronised: nobody pulls this machine's plug, and thousands of cuts fit into
//! the time of hundreds.

mod image;
mod log;
mod vfs;
mod watched;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rand::RngExt;
use rand::rngs::StdRng;

pub use image::{Image, Syncs, keep_originals};
pub use watched::{Fault, Lasts, Trouble};

use watched::Watched;

/// A place in the record of a disk: between two calls that changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(usize);

/// The disk under one folder. It is watched until this is dropped.
#[derive(Debug)]
pub struct CrashDisk {
    watched: Arc<Watched>,
}

impl CrashDisk {
    /// Watches a folder from now on. What is in it counts as synchronised; no database in it may be open. Whoever
    /// watched it before keeps the record until now.
    ///
    /// The first call makes our VFS the default of this process. Folders that nobody watches do not notice.
    pub fn watch(folder: &Path) -> Result<Self> {
        vfs::install()?;
        // SQLite asks for its files by their real paths.
        let folder = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
        Ok(Self { watched: Watched::begin(folder)? })
    }

    /// This moment.
    pub fn now(&self) -> Result<Moment> {
        let mut state = self.watched.state();
        self.watched.look(&mut state)?;
        Ok(Moment(state.log.len()))
    }

    /// Every moment from the first until the last, both included.
    pub fn moments_between(&self, first: Moment, last: Moment) -> impl Iterator<Item = Moment> + use<> {
        (first.0..=last.0).map(Moment)
    }

    /// One of them.
    pub fn any_moment_between(&self, first: Moment, last: Moment, chance: &mut StdRng) -> Moment {
        Moment(chance.random_range(first.0..=last.0))
    }

    /// The folder as a power cut at `at` leaves it. What was not synchronised is left to `chance`.
    pub fn power_cut(&self, at: Moment, syncs: Syncs, chance: &mut StdRng) -> Result<Image> {
        Image::after_power_cut(&self.watched, at.0, syncs, chance)
    }

    /// The folder as the end of the process at `at` leaves it (kill -9): the system still holds everything written.
    pub fn killed(&self, at: Moment) -> Result<Image> {
        Image::after_kill(&self.watched, at.0)
    }

    /// Calls since the folder is watched: reads, writes, sizes, openings, removals, synchronisations.
    pub fn calls(&self) -> u64 {
        self.watched.state().calls
    }

    /// Calls that changed something, as far as SQLite made them. The same work gives the same number.
    pub fn changes(&self) -> usize {
        self.watched.state().log.len()
    }

    /// Orders a fault; one that was ordered before is forgotten.
    pub fn fail(&self, fault: Fault) {
        self.watched.state().order(fault);
    }

    /// Makes the disk work again. Whether the ordered fault had struck.
    pub fn repair(&self) -> bool {
        self.watched.state().repair()
    }
}

impl Drop for CrashDisk {
    fn drop(&mut self) {
        self.watched.end();
    }
}
