//! What reached the files of a folder, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A file, whatever its name is at the moment; a name that is made again names another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct FileId(u32);

/// One change of the folder or of a file in it.
#[derive(Debug)]
pub(super) enum Event {
    /// A name appears. `content` is what was found in a file that was not made through SQLite.
    Appear { name: PathBuf, file: FileId, content: Arc<Vec<u8>> },
    /// A file that SQLite does not have is as it was found here, on the disk.
    Seen { name: PathBuf, file: FileId, content: Arc<Vec<u8>> },
    /// A file was removed or renamed beside SQLite, on the disk.
    Gone { name: PathBuf },
    /// A name disappears.
    Vanish { name: PathBuf },
    /// Bytes at an offset.
    Write { file: FileId, offset: usize, bytes: Box<[u8]> },
    /// Another length.
    Truncate { file: FileId, length: usize },
    /// All before this is on the disk.
    Sync { file: FileId },
    /// The disk refused: the system forgets which pages are not on it yet, and no later synchronisation writes them.
    SyncFailed { file: FileId },
    /// The names in a folder are on the disk.
    SyncFolder { folder: PathBuf },
}

/// What a name stands for now.
#[derive(Debug)]
struct Named {
    file: FileId,
    /// Number of the file on its disk: another one under this name was put there beside SQLite.
    inode: Option<u64>,
    /// SQLite has opened it, so every change comes by here.
    through_sqlite: bool,
    /// When and how long it was when it was last read.
    seen: Option<(SystemTime, u64)>,
}

/// The record of a folder.
#[derive(Debug, Default)]
pub(super) struct Log {
    events: Vec<Event>,
    names: BTreeMap<PathBuf, Named>,
    files: u32,
}

impl Log {
    /// The file of that name, opened by SQLite; one that appears now when `is_new` or when nobody told of it before.
    pub(super) fn opened(&mut self, name: &Path, is_new: bool) -> FileId {
        let inode = fs::metadata(name).ok().map(|data| data.ino());
        let known = self.names.get_mut(name).filter(|_| !is_new);
        if let Some(known) = known {
            if known.inode == inode {
                known.through_sqlite = true;
                return known.file;
            }
            // Put there by a rename, such as a restored backup: done well, like everything beside SQLite.
            let content = Arc::new(fs::read(name).unwrap_or_default());
            let file = self.name(name, inode, true, None);
            self.events.push(Event::Seen { name: name.to_owned(), file, content });
            return file;
        }
        // One that cannot be read any more is empty to us as well.
        let content = if is_new { Vec::new() } else { fs::read(name).unwrap_or_default() };
        let file = self.name(name, inode, true, None);
        self.events.push(Event::Appear { name: name.to_owned(), file, content: Arc::new(content) });
        file
    }

    /// SQLite has removed a name.
    pub(super) fn vanished(&mut self, name: &Path) {
        if self.names.remove(name).is_some() {
            self.events.push(Event::Vanish { name: name.to_owned() });
        }
    }

    /// Takes up what happened beside SQLite; `present` are the files of the folder now.
    pub(super) fn look(&mut self, present: &BTreeSet<PathBuf>) {
        let gone: Vec<_> = self.names.keys().filter(|name| !present.contains(*name)).cloned().collect();
        for name in gone {
            self.names.remove(&name);
            self.events.push(Event::Gone { name });
        }
        for name in present {
            let known = self.names.get(name);
            let Ok(data) = fs::metadata(name) else { continue };
            let Ok(found) = data.modified().map(|at| (at, data.len())) else { continue };
            let inode = Some(data.ino());
            let same = |known: &Named| known.through_sqlite || known.seen == Some(found);
            if known.is_some_and(|known| known.inode == inode && same(known)) {
                continue;
            }
            let Ok(content) = fs::read(name) else { continue };
            let file = self.name(name, inode, false, Some(found));
            self.events.push(Event::Seen { name: name.clone(), file, content: Arc::new(content) });
        }
    }

    /// Something happened to a file or a folder.
    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Whether the last thing that happened was a write to that file.
    pub(super) fn ends_with_writes_to(&self, file: FileId) -> bool {
        matches!(self.events.last(), Some(Event::Write { file: last, .. }) if *last == file)
    }

    /// Number of events.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// The first events.
    pub(super) fn until(&self, end: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().take(end)
    }

    fn name(
        &mut self,
        name: &Path,
        inode: Option<u64>,
        through_sqlite: bool,
        seen: Option<(SystemTime, u64)>,
    ) -> FileId {
        self.files += 1;
        let file = FileId(self.files);
        self.names.insert(name.to_owned(), Named { file, inode, through_sqlite, seen });
        file
    }
}
