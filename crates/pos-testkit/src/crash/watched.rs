//! One watched folder: its record, and the fault that waits for its call.
//!
//! Everything that is decided about a call is decided here, under one lock, so that the order of the record is the
//! order of the disk. The VFS only brings the call and carries it out.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use anyhow::{Context, Result};
use rusqlite::ffi;

use super::log::{Event, FileId, Log};

/// Suffix of SQLite's shared memory: no file of a disk, and rebuilt by whoever opens the database first.
const SHARED_MEMORY: &str = "-shm";

/// What is wrong with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No room is left: making a file and writing fail. Other calls are not counted.
    Full,
    /// It takes nothing any more: making a file, writing, synchronising and removing fail. What is on it can be read, so
    /// which call is the nth does not depend on what a reader has in its cache. Other calls are not counted.
    Unwritable,
    /// It answers no call: reading, writing, synchronising, opening, removing and asking for a size fail.
    Broken,
}

/// How long a trouble stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// For one call.
    Once,
    /// Until [`super::CrashDisk::repair`].
    UntilRepaired,
}

/// A fault that waits for its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub trouble: Trouble,
    /// Which call meets it; 1 is the next one that the trouble concerns.
    pub nth: u64,
    /// For how long.
    pub lasts: Lasts,
}

/// What SQLite wants of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Open,
    Create,
    Read,
    Write,
    Truncate,
    Sync,
    Size,
    Delete,
}

impl Call {
    /// The answer of a disk in trouble; `None` when the trouble does not concern this call.
    fn refused_by(self, trouble: Trouble) -> Option<c_int> {
        match (trouble, self) {
            (Trouble::Full, Self::Create | Self::Write) => Some(ffi::SQLITE_FULL),
            (
                Trouble::Full,
                Self::Open | Self::Read | Self::Truncate | Self::Sync | Self::Size | Self::Delete,
            ) => None,
            (Trouble::Unwritable, Self::Create) => Some(ffi::SQLITE_CANTOPEN),
            (Trouble::Unwritable | Trouble::Broken, Self::Write) => Some(ffi::SQLITE_IOERR_WRITE),
            (Trouble::Unwritable | Trouble::Broken, Self::Truncate) => Some(ffi::SQLITE_IOERR_TRUNCATE),
            (Trouble::Unwritable | Trouble::Broken, Self::Sync) => Some(ffi::SQLITE_IOERR_FSYNC),
            (Trouble::Unwritable | Trouble::Broken, Self::Delete) => Some(ffi::SQLITE_IOERR_DELETE),
            (Trouble::Unwritable, Self::Open | Self::Read | Self::Size) => None,
            (Trouble::Broken, Self::Open | Self::Create) => Some(ffi::SQLITE_CANTOPEN),
            (Trouble::Broken, Self::Read) => Some(ffi::SQLITE_IOERR_READ),
            (Trouble::Broken, Self::Size) => Some(ffi::SQLITE_IOERR_FSTAT),
        }
    }
}

/// What a folder has been through, and what waits for it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) log: Log,
    pub(super) calls: u64,
    fault: Option<Fault>,
    has_struck: bool,
}

impl State {
    pub(super) fn order(&mut self, fault: Fault) {
        (self.fault, self.has_struck) = (Some(fault), false);
    }

    pub(super) fn repair(&mut self) -> bool {
        self.fault = None;
        std::mem::take(&mut self.has_struck)
    }

    /// Counts a call; the answer when it must fail.
    fn meet(&mut self, call: Call) -> Result<(), c_int> {
        self.calls += 1;
        let Some(fault) = &mut self.fault else { return Ok(()) };
        let Some(answer) = call.refused_by(fault.trouble) else { return Ok(()) };
        fault.nth = fault.nth.saturating_sub(1);
        if fault.nth > 0 {
            return Ok(());
        }
        if fault.lasts == Lasts::Once {
            self.fault = None;
        }
        self.has_struck = true;
        Err(answer)
    }
}

/// A folder that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    folder: PathBuf,
    state: Mutex<State>,
}

/// All of them in this process.
static WATCHED: Mutex<Vec<Weak<Watched>>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Weak<Watched>>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watched {
    pub(super) fn begin(folder: PathBuf) -> Result<Arc<Self>> {
        let watched = Arc::new(Self { folder, state: Mutex::default() });
        watched.look(&mut watched.state())?;
        all().push(Arc::downgrade(&watched));
        Ok(watched)
    }

    pub(super) fn end(&self) {
        all().retain(|other| other.upgrade().is_some_and(|other| !std::ptr::eq(&*other, self)));
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The watched folder that holds a file; of several the one that was watched last.
    pub(super) fn over(path: &Path) -> Option<Arc<Self>> {
        all().iter().rev().filter_map(Weak::upgrade).find(|watched| path.starts_with(&watched.folder))
    }

    /// Opens a file. `may_create`: SQLite wants it made when it is missing. `is_journal`: the first synchronisation
    /// of the file is one of its folder as well, as SQLite does on this system.
    pub(super) fn open(
        self: Arc<Self>,
        name: PathBuf,
        may_create: bool,
        is_journal: bool,
        carry_out: impl FnOnce() -> c_int,
    ) -> Result<OpenFile, c_int> {
        let mut state = self.state();
        let is_new = may_create && !name.exists();
        state.meet(if is_new { Call::Create } else { Call::Open })?;
        answered(carry_out())?;
        let file = state.log.opened(&name, is_new);
        drop(state);
        Ok(OpenFile { disk: self, name, file, folder_waits: Cell::new(is_journal && may_create) })
    }

    /// Removes a file.
    pub(super) fn delete(
        &self,
        name: &Path,
        with_folder: bool,
        carry_out: impl FnOnce() -> c_int,
    ) -> Result<(), c_int> {
        let mut state = self.state();
        state.meet(Call::Delete)?;
        answered(carry_out())?;
        state.log.vanished(name);
        if with_folder && let Some(folder) = name.parent() {
            state.log.push(Event::SyncFolder { folder: folder.to_owned() });
        }
        Ok(())
    }

    /// Takes up what was made, changed and removed beside SQLite: keys, locks, renamed snapshots.
    pub(super) fn look(&self, state: &mut State) -> Result<()> {
        state.log.look(&files_in(&self.folder)?);
        Ok(())
    }
}

/// A file that SQLite has open.
#[derive(Debug)]
pub(super) struct OpenFile {
    disk: Arc<Watched>,
    name: PathBuf,
    file: FileId,
    /// Its name may not be on the disk yet, and the next synchronisation puts it there.
    folder_waits: Cell<bool>,
}

impl OpenFile {
    pub(super) fn read(&self, carry_out: impl FnOnce() -> c_int) -> Result<(), c_int> {
        self.disk.state().meet(Call::Read)?;
        answered(carry_out())
    }

    pub(super) fn size(&self, carry_out: impl FnOnce() -> c_int) -> Result<(), c_int> {
        self.disk.state().meet(Call::Size)?;
        answered(carry_out())
    }

    /// A write that fails has reached the file by half.
    pub(super) fn write(
        &self,
        offset: usize,
        bytes: &[u8],
        carry_out: impl FnOnce(&[u8]) -> c_int,
    ) -> Result<(), c_int> {
        let mut state = self.disk.state();
        if !state.log.ends_with_writes_to(self.file) {
            // What was done beside SQLite before this transaction is on the disk before it.
            let _seen = self.disk.look(&mut state);
        }
        let met = state.meet(Call::Write);
        let bytes = if met.is_ok() { bytes } else { bytes.split_at(bytes.len() / 2).0 };
        answered(carry_out(bytes))?;
        state.log.push(Event::Write { file: self.file, offset, bytes: bytes.into() });
        met
    }

    pub(super) fn truncate(&self, length: usize, carry_out: impl FnOnce() -> c_int) -> Result<(), c_int> {
        let mut state = self.disk.state();
        state.meet(Call::Truncate)?;
        answered(carry_out())?;
        state.log.push(Event::Truncate { file: self.file, length });
        Ok(())
    }

    /// On the record only: see the module above.
    pub(super) fn sync(&self) -> Result<(), c_int> {
        let mut state = self.disk.state();
        if !state.log.ends_with_writes_to(self.file) {
            // Else that was done at the first of them. A folder that cannot be listed is noticed by whoever works in it.
            let _seen = self.disk.look(&mut state);
        }
        if let Err(answer) = state.meet(Call::Sync) {
            state.log.push(Event::SyncFailed { file: self.file });
            return Err(answer);
        }
        state.log.push(Event::Sync { file: self.file });
        if self.folder_waits.replace(false)
            && let Some(folder) = self.name.parent()
        {
            state.log.push(Event::SyncFolder { folder: folder.to_owned() });
        }
        Ok(())
    }
}

fn answered(answer: c_int) -> Result<(), c_int> {
    if answer == ffi::SQLITE_OK { Ok(()) } else { Err(answer) }
}

/// Every file under a folder that a disk holds, in the same order each time: one seed gives one record.
pub(super) fn files_in(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if !path.to_string_lossy().ends_with(SHARED_MEMORY) {
                found.insert(path);
            }
        }
    }
    Ok(found)
}
