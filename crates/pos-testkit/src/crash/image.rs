//! A folder as a crash leaves it.
//!
//! The model is that of a disk behind a system with a cache, as unkind as POSIX allows and no kinder than SQLite
//! expects: writes that were not synchronised reach the disk in any order and in pieces of a sector, a length may
//! change without its bytes, each name may lag behind, and bytes outside a write are never touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rand::RngExt;
use rand::rngs::StdRng;

use super::log::{Event, FileId};
use super::watched::{Watched, files_in};

/// What a disk writes as one, in bytes.
const SECTOR: usize = 512;
/// In how many of a hundred cases a write survives, or else is torn: one of these for each cut, since disks that lose
/// nearly all and disks that lose nearly nothing find different mistakes.
const PERCENTS: [u32; 5] = [0, 15, 50, 85, 100];

/// Whether the disk does what a synchronisation asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncs {
    /// It does.
    Kept,
    /// It says so, and does nothing: what a test must notice, or it notices nothing.
    Ignored,
}

/// The files of a folder after a crash.
#[derive(Debug)]
pub struct Image {
    /// Paths from the folder on, and what is in them.
    files: Vec<(PathBuf, Arc<Vec<u8>>)>,
}

impl Image {
    pub(super) fn after_power_cut(
        disk: &Watched,
        events: usize,
        syncs: Syncs,
        chance: &mut StdRng,
    ) -> Result<Self> {
        Self::build(disk, events, syncs, &mut Luck::of(chance))
    }

    pub(super) fn after_kill(disk: &Watched, events: usize) -> Result<Self> {
        Self::build(disk, events, Syncs::Kept, &mut Luck::All)
    }

    fn build(disk: &Watched, events: usize, syncs: Syncs, luck: &mut Luck<'_>) -> Result<Self> {
        let state = disk.state();
        let mut cut = Cut { syncs, files: BTreeMap::new(), names: BTreeMap::new() };
        for event in state.log.until(events) {
            cut.follow(event, luck);
        }
        let files = cut.end(luck).into_iter();
        let files = files.map(|(name, bytes)| Ok((name.strip_prefix(disk.folder())?.to_owned(), bytes)));
        Ok(Self { files: files.collect::<Result<_>>()? })
    }

    /// Writes the files into another folder: a copy.
    pub fn lay_out(&self, into: &Path) -> Result<()> {
        self.write(into)
    }

    /// Makes a folder what it was. A file that `originals` holds under the same name (see [`keep_originals`]) is that
    /// very file again, so that who tells a copy from the original finds the original.
    pub fn put_back(&self, folder: &Path, originals: &Path) -> Result<()> {
        for path in files_in(folder)? {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
        for (path, _) in &self.files {
            let (original, to) = (originals.join(path), folder.join(path));
            if original.exists() {
                to.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::hard_link(&original, &to).with_context(|| format!("linking {}", to.display()))?;
            }
        }
        self.write(folder)
    }

    fn write(&self, into: &Path) -> Result<()> {
        for (path, bytes) in &self.files {
            let to = into.join(path);
            // Most of what is beside the database is the same after every crash, and the room kept for bad days is large.
            if holds(&to, bytes) {
                continue;
            }
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&to, &**bytes).with_context(|| format!("writing {}", to.display()))?;
        }
        Ok(())
    }
}

/// Whether a file is there and holds these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    let length = fs::metadata(path).map(|metadata| metadata.len());
    length.is_ok_and(|length| usize::try_from(length) == Ok(bytes.len()))
        && fs::read(path).is_ok_and(|found| found == bytes)
}

/// Keeps a hold of each file of a folder that `is_wanted`, by a second name in the folder `originals`.
pub fn keep_originals(folder: &Path, originals: &Path, is_wanted: impl Fn(&Path) -> bool) -> Result<()> {
    for path in files_in(folder)? {
        let name = path.strip_prefix(folder)?;
        if is_wanted(name) {
            let to = originals.join(name);
            to.parent().map_or(Ok(()), fs::create_dir_all)?;
            if to.exists() {
                fs::remove_file(&to)?;
            }
            fs::hard_link(&path, &to).with_context(|| format!("linking {}", to.display()))?;
        }
    }
    Ok(())
}

/// What becomes of what was not synchronised.
enum Luck<'a> {
    /// All of it is there.
    All,
    /// It depends.
    Chance { dice: &'a mut StdRng, survives_percent: u32, torn_percent: u32 },
}

/// What becomes of one write.
enum Fate {
    Whole,
    /// Each of its sectors for itself.
    Torn,
    Lost,
}

impl<'a> Luck<'a> {
    fn of(dice: &'a mut StdRng) -> Self {
        let mut percent = || PERCENTS.get(dice.random_range(0..PERCENTS.len())).copied().unwrap_or_default();
        let (survives_percent, torn_percent) = (percent(), percent());
        Self::Chance { dice, survives_percent, torn_percent }
    }

    fn fate(&mut self) -> Fate {
        match self {
            Self::All => Fate::Whole,
            Self::Chance { dice, survives_percent, torn_percent } => {
                if dice.random_range(0..100) < *survives_percent {
                    Fate::Whole
                } else if dice.random_range(0..100) < *torn_percent {
                    Fate::Torn
                } else {
                    Fate::Lost
                }
            }
        }
    }

    fn coin(&mut self) -> bool {
        match self {
            Self::All => true,
            Self::Chance { dice, .. } => dice.random(),
        }
    }

    /// How many of so many steps were taken.
    fn steps(&mut self, most: usize) -> usize {
        match self {
            Self::All => most,
            Self::Chance { dice, .. } => dice.random_range(0..=most),
        }
    }
}

/// A change of a file that is not on the disk for sure.
#[derive(Clone, Copy)]
enum Change<'a> {
    Write { offset: usize, bytes: &'a [u8] },
    Truncate { length: usize },
}

#[derive(Default)]
struct File<'a> {
    /// Shared with the record as long as nothing changes it: some files are large and never change.
    stable: Arc<Vec<u8>>,
    waiting: Vec<Change<'a>>,
    /// How many of the waiting ones no synchronisation will write any more.
    forgotten: usize,
}

impl File<'_> {
    fn sync(&mut self, luck: &mut Luck<'_>) {
        for (place, change) in std::mem::take(&mut self.waiting).into_iter().enumerate() {
            if place < self.forgotten {
                self.settle(change, luck)
            } else {
                change.apply(Arc::make_mut(&mut self.stable))
            }
        }
        self.forgotten = 0;
    }

    fn settle_all(&mut self, luck: &mut Luck<'_>) {
        for change in std::mem::take(&mut self.waiting) {
            self.settle(change, luck);
        }
    }

    fn settle(&mut self, change: Change<'_>, luck: &mut Luck<'_>) {
        match (luck.fate(), change) {
            (Fate::Whole, _) => change.apply(Arc::make_mut(&mut self.stable)),
            (Fate::Torn, Change::Write { offset, bytes }) => {
                for (offset, sector) in sectors(offset, bytes) {
                    if luck.coin() {
                        write_at(Arc::make_mut(&mut self.stable), offset, sector);
                    }
                }
            }
            (Fate::Lost, Change::Write { offset, bytes }) => {
                // The length may be there without the bytes.
                let end = offset + bytes.len();
                if end > self.stable.len() && luck.coin() {
                    Arc::make_mut(&mut self.stable).resize(end, 0);
                }
            }
            (Fate::Torn | Fate::Lost, Change::Truncate { .. }) => {}
        }
    }
}

impl Change<'_> {
    fn apply(self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => write_at(to, offset, bytes),
            Self::Truncate { length } => to.resize(length, 0),
        }
    }
}

#[derive(Default)]
struct Name {
    stable: Option<FileId>,
    /// What it became since, in order.
    waiting: Vec<Option<FileId>>,
}

impl Name {
    fn settle(&mut self, steps: usize) {
        if let Some(last) = self.waiting.drain(..).take(steps).next_back() {
            self.stable = last;
        }
    }
}

/// The folder while its record is followed.
struct Cut<'a> {
    syncs: Syncs,
    files: BTreeMap<FileId, File<'a>>,
    names: BTreeMap<&'a Path, Name>,
}

impl<'a> Cut<'a> {
    fn follow(&mut self, event: &'a Event, luck: &mut Luck<'_>) {
        match event {
            Event::Seen { name, file, content } => {
                self.files.insert(*file, File { stable: Arc::clone(content), ..File::default() });
                self.names.insert(name, Name { stable: Some(*file), waiting: Vec::new() });
            }
            Event::Gone { name } => drop(self.names.remove(name.as_path())),
            Event::Appear { name, file, content } => {
                self.files.insert(*file, File { stable: Arc::clone(content), ..File::default() });
                self.names.entry(name).or_default().waiting.push(Some(*file));
            }
            Event::Vanish { name } => self.names.entry(name).or_default().waiting.push(None),
            Event::Write { file, offset, bytes } => {
                self.file(*file).waiting.push(Change::Write { offset: *offset, bytes });
            }
            Event::Truncate { file, length } => {
                self.file(*file).waiting.push(Change::Truncate { length: *length });
            }
            Event::Sync { file } if self.syncs == Syncs::Kept => self.file(*file).sync(luck),
            Event::SyncFailed { file } => {
                let file = self.file(*file);
                file.forgotten = file.waiting.len();
            }
            Event::SyncFolder { folder } if self.syncs == Syncs::Kept => {
                for (_, state) in self.names.iter_mut().filter(|(name, _)| name.parent() == Some(folder)) {
                    state.settle(state.waiting.len());
                }
            }
            Event::Sync { .. } | Event::SyncFolder { .. } => {}
        }
    }

    fn end(mut self, luck: &mut Luck<'_>) -> Vec<(PathBuf, Arc<Vec<u8>>)> {
        for file in self.files.values_mut() {
            file.settle_all(luck);
        }
        let mut left = Vec::new();
        for (name, mut state) in self.names {
            state.settle(luck.steps(state.waiting.len()));
            if let Some(file) = state.stable.and_then(|file| self.files.get(&file)) {
                left.push((name.to_owned(), Arc::clone(&file.stable)));
            }
        }
        left
    }

    fn file(&mut self, file: FileId) -> &mut File<'a> {
        self.files.entry(file).or_default()
    }
}

fn write_at(to: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if to.len() < end {
        to.resize(end, 0);
    }
    if let Some(place) = to.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}

/// The pieces of a write that lie in different sectors, each with its offset.
fn sectors(offset: usize, bytes: &[u8]) -> Vec<(usize, &[u8])> {
    let mut pieces = Vec::new();
    let (mut offset, mut rest) = (offset, bytes);
    while !rest.is_empty() {
        let (piece, later) = rest.split_at((SECTOR - offset % SECTOR).min(rest.len()));
        pieces.push((offset, piece));
        (offset, rest) = (offset + piece.len(), later);
    }
    pieces
}
