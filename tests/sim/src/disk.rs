//! The disk under one data folder, and the folder as a crash leaves it.
//!
//! Beneath SQLite lies the disk of `pos_testkit` (ADR 5): it writes down every write and synchronisation of a life, so
//! that the folder can be put back as a kill or a power cut at any of its calls leaves it, and it fails or is full on
//! order. What a program keeps beside its database stays the very same file, because registers tell a copy from the
//! original.

use std::fs;
use std::path::{Path, PathBuf};

use pos_testkit::crash::{CrashDisk, Fault, Lasts, Moment, Syncs, Trouble, keep_originals};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::chance::Chance;

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// Its process is killed: what it wrote is there.
    Kill,
    /// The power goes: of what was not synchronised each write is there, lost or torn.
    PowerCut,
}

/// See the module.
pub(crate) struct Disk {
    folder: PathBuf,
    originals: PathBuf,
    watched: Option<CrashDisk>,
}

impl Disk {
    /// The disk of a folder, which is made when it is missing.
    pub(crate) fn under(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let name = format!("{}-originals", folder.file_name().unwrap().to_string_lossy());
        Self { folder: folder.to_owned(), originals: folder.with_file_name(name), watched: None }
    }

    /// A program is about to begin: nothing in the folder is open.
    pub(crate) fn begin_life(&mut self) {
        self.watched = Some(CrashDisk::watch(&self.folder).unwrap());
    }

    /// This call of the disk.
    pub(crate) fn now(&self) -> Option<Moment> {
        self.watched.as_ref().map(|disk| disk.now().unwrap())
    }

    /// How far it has come, in words that are the same in each run.
    pub(crate) fn reached(&self) -> String {
        self.watched.as_ref().map_or("no disk".to_owned(), |disk| format!("{} calls", disk.changes()))
    }

    /// Ends the life of a program by a blow that fell at a call between `since` and now, drawn by `dice`; at the last
    /// one without `since`. `close` lets go of the program. Whether the blow fell before its last call.
    pub(crate) fn end_life(
        &mut self,
        blow: Blow,
        since: Option<Moment>,
        dice: &mut Chance,
        close: impl FnOnce(),
    ) -> bool {
        let disk = self.watched.take().unwrap();
        let last = disk.now().unwrap();
        let mut random = StdRng::seed_from_u64(dice.draw());
        let at = since.map_or(last, |since| disk.any_moment_between(since, last, &mut random));
        let image = match blow {
            Blow::Kill => disk.killed(at).unwrap(),
            Blow::PowerCut => disk.power_cut(at, Syncs::Kept, &mut random).unwrap(),
        };
        let is_note = |name: &Path| !name.to_string_lossy().contains(".db");
        keep_originals(&self.folder, &self.originals, is_note).unwrap();
        close();
        drop(disk);
        image.put_back(&self.folder, &self.originals).unwrap();
        if self.originals.exists() {
            fs::remove_dir_all(&self.originals).unwrap();
        }
        at < last
    }

    /// Ends the life of a program that closes in order.
    pub(crate) fn end_in_order(&mut self) {
        self.watched = None;
    }

    /// From some call on, drawn by `chance`, the disk is full or takes nothing, for one call or until it is repaired.
    /// What was ordered, in words.
    pub(crate) fn order_trouble(&self, chance: &mut Chance) -> Option<&'static str> {
        let disk = self.watched.as_ref()?;
        let trouble = if chance.permille(400) { Trouble::Full } else { Trouble::Unwritable };
        let lasts = if chance.permille(400) { Lasts::Once } else { Lasts::UntilRepaired };
        let nth = u64::try_from(chance.between(1, 60)).unwrap();
        disk.fail(Fault { trouble, nth, lasts });
        Some(match (trouble, lasts) {
            (Trouble::Full, Lasts::Once) => "disk full at one call",
            (Trouble::Full, Lasts::UntilRepaired) => "disk full",
            (Trouble::Unwritable | Trouble::Broken, Lasts::Once) => "disk error at one call",
            (Trouble::Unwritable | Trouble::Broken, Lasts::UntilRepaired) => "disk errors",
        })
    }

    /// It works again; whether the trouble had struck.
    pub(crate) fn repair(&self) -> bool {
        self.watched.as_ref().is_some_and(CrashDisk::repair)
    }
}

/// Copies what lies in a folder; shared memory is rebuilt by whoever opens a database.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        if kind.is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else if kind.is_file() && !name.to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
