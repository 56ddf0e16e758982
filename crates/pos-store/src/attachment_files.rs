//! The bytes of attachments: one file each in the folder `attachments`, named by the digest of what is in it.
//!
//! A file has its name only when it is whole, synchronised and has the digest. What is still arriving lies beside it
//! under another name and grows piece by piece, so a transfer goes on where a kill or a power cut ended it. Bytes that
//! do not have the digest, whatever spoilt them, are as good as none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pos_domain::{AttachmentHash, MAX_ATTACHMENT_BYTES};
use pos_sqlite::{remove_durably, rename_durably, sync_parent, write_durably};

/// Folder of attachments in the data folder.
pub const FOLDER: &str = "attachments";
/// Ending of a file that is still arriving.
const ARRIVING_SUFFIX: &str = ".arriving";

/// What became of a file whose last piece has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It has its digest and its name.
    Whole,
    /// It has another digest; nothing of it was kept.
    Spoilt,
}

/// The attachments of one data folder.
#[derive(Debug, Clone)]
pub struct AttachmentFolder {
    folder: PathBuf,
}

impl AttachmentFolder {
    /// Those of a data folder. Nothing is made yet.
    pub fn of(data: &Path) -> Self {
        Self { folder: data.join(FOLDER) }
    }

    /// All bytes of an attachment; none when they are not here or are not what the name says.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn read(&self, hash: AttachmentHash) -> io::Result<Option<Vec<u8>>> {
        let bytes = match File::open(self.path(hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => read_at_most(other?, 0, MAX_ATTACHMENT_BYTES)?,
        };
        Ok((AttachmentHash::of(&bytes) == hash).then_some(bytes))
    }

    /// Keeps whole bytes under their digest; afterwards they survive a power cut.
    ///
    /// # Errors
    /// Those of the file system; nothing has the name then.
    pub fn keep(&self, hash: AttachmentHash, bytes: &[u8]) -> io::Result<()> {
        self.make_room_for(hash)?;
        write_durably(&self.path(hash), bytes)
    }

    /// Bytes of a whole file from a place on, at most `limit`.
    ///
    /// # Errors
    /// Those of the file system, `NotFound` among them.
    pub fn read_piece(&self, hash: AttachmentHash, offset: u32, limit: u32) -> io::Result<Vec<u8>> {
        read_at_most(File::open(self.path(hash))?, offset, limit)
    }

    /// How many bytes of an arriving file are here.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn arrived_bytes(&self, hash: AttachmentHash) -> io::Result<u32> {
        match fs::metadata(self.arriving(hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            other => Ok(u32::try_from(other?.len()).unwrap_or(u32::MAX)),
        }
    }

    /// Puts a piece at its place in an arriving file and ends the file there; returns when it is on the disk.
    ///
    /// # Errors
    /// Those of the file system; `InvalidInput` for a piece that leaves a hole.
    pub fn arrive(&self, hash: AttachmentHash, offset: u32, bytes: &[u8]) -> io::Result<()> {
        self.make_room_for(hash)?;
        if self.arrived_bytes(hash)? < offset {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        let path = self.arriving(hash);
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        file.set_len(offset.into())?;
        file.seek(SeekFrom::Start(offset.into()))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if offset == 0 { sync_parent(&path) } else { Ok(()) }
    }

    /// Gives an arriving file its name when it has the digest, and drops it otherwise.
    ///
    /// # Errors
    /// Those of the file system; the bytes that came are kept then.
    pub fn finish(&self, hash: AttachmentHash) -> io::Result<Arrived> {
        let path = self.arriving(hash);
        let bytes = read_at_most(File::open(&path)?, 0, MAX_ATTACHMENT_BYTES)?;
        if AttachmentHash::of(&bytes) == hash {
            rename_durably(&path, &self.path(hash))?;
            return Ok(Arrived::Whole);
        }
        remove_durably(&path)?;
        Ok(Arrived::Spoilt)
    }

    /// Takes an attachment away, whole or arriving; one that is not here is no error.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove(&self, hash: AttachmentHash) -> io::Result<()> {
        let (path, arriving) = (self.path(hash), self.arriving(hash));
        if !path.exists() && !arriving.exists() {
            return Ok(());
        }
        remove_durably(&arriving)?;
        remove_durably(&path)
    }

    /// Makes the folder of a name's first two digits: thousands of files in one folder are slow on some disks.
    fn make_room_for(&self, hash: AttachmentHash) -> io::Result<()> {
        let path = self.path(hash);
        let Some(shelf) = path.parent().filter(|shelf| !shelf.is_dir()) else { return Ok(()) };
        fs::create_dir_all(shelf)?;
        sync_parent(&self.folder)?;
        sync_parent(shelf)
    }

    fn path(&self, hash: AttachmentHash) -> PathBuf {
        let name = hash.to_string();
        let shelf = name.get(..2).unwrap_or_default();
        self.folder.join(shelf).join(&name)
    }

    fn arriving(&self, hash: AttachmentHash) -> PathBuf {
        let mut path = self.path(hash).into_os_string();
        path.push(ARRIVING_SUFFIX);
        path.into()
    }
}

fn read_at_most(mut file: File, offset: u32, limit: u32) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset.into()))?;
    let mut bytes = Vec::new();
    file.take(limit.into()).read_to_end(&mut bytes)?;
    Ok(bytes)
}
