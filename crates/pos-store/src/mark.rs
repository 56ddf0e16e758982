//! The high-water mark: how far this register has come, noted outside its database.
//!
//! A database cannot know that it was put back to an older state; a note beside it can. The note is written after the
//! commit that it tells of, from what a reader sees, so it may lag behind the file and never leads it: a note that is
//! ahead of the file means that the file went back. It also remembers on which machine and in which file it was made,
//! so that a copy of the whole folder is told from the folder itself. What neither can show, because everything was
//! copied with its places on the disk, the server shows: it has seen more of this register than the file knows.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use pos_domain::chain::ChainHead;
use pos_domain::{DeviceId, Hash32};
use pos_sqlite::{Slots, read_slots, write_slot};
use serde::{Deserialize, Serialize};

use crate::device::Device;
use crate::sql::{Conn, Tx};
use crate::{StoreError, chain, local};

/// Name of the note in the data folder.
pub const FILE_NAME: &str = "mark";
/// Remembered in the file once a mark was kept: from then on a missing one is a lost one.
const KEPT: &str = "mark_kept";
/// Where Linux names a machine.
const MACHINE_ID: &str = "/etc/machine-id";

/// How far a register has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The register.
    pub device_id: DeviceId,
    /// Life of its file.
    pub epoch: u32,
    /// Seq of its next operation.
    pub next_seq: u64,
    /// Last number that it gave in this life.
    pub number: u64,
    /// Hash of the link with that number.
    pub hash: Hash32,
}

/// Where a mark lies. A copy of it lies somewhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    machine: Option<String>,
    /// Number of the note's file on its disk.
    file: Option<u64>,
    /// When the note's file was made, in nanoseconds since 1970 UTC.
    born_ns: Option<u64>,
    /// The data folder; only asked when the system tells nothing better.
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Note {
    #[serde(flatten)]
    mark: Mark,
    place: Place,
}

/// Why the file in a folder is not the one that was last worked with there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The mark is missing although one was kept, or it is not readable.
    Lost,
    /// The mark tells of another register.
    OtherRegister,
    /// The folder is a copy: another machine, or another place.
    Copied,
    /// The file knows less than the mark, or another history.
    WentBack,
}

/// What the mark says of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// No mark was ever kept here: a new register, one of an older program, or one that was stopped while it wrote its
    /// first.
    New,
    /// The file goes on from the mark.
    Same,
    /// It does not; with the newest life that the mark knows of this register.
    Differs(Mismatch, u32),
}

/// The note of one data folder, while its register is open for writing.
#[derive(Debug)]
pub struct MarkFile {
    file: File,
    count: u64,
    place: Place,
    written: Option<Mark>,
}

impl Mark {
    /// Of a register as it stands in its file.
    pub fn of(device: &Device) -> Self {
        let ChainHead { number, hash } = device.head;
        Self { device_id: device.device_id, epoch: device.epoch, next_seq: device.next_seq, number, hash }
    }
}

/// Compares the mark of a data folder with its file.
///
/// # Errors
/// Those of reading either.
pub fn judge(folder: &Path, conn: &Conn, device: &Device) -> Result<Judgement, StoreError> {
    let path = folder.join(FILE_NAME);
    let bytes = match read_slots(&path).map_err(StoreError::file)? {
        // One that is not readable yet was being made for the first time when the program was stopped.
        Slots::Missing | Slots::Unreadable if local::find_setting(conn, KEPT)?.is_none() => {
            return Ok(Judgement::New);
        }
        Slots::Missing | Slots::Unreadable => return Ok(Judgement::Differs(Mismatch::Lost, 0)),
        Slots::Note { bytes, count: _ } => bytes,
    };
    let Ok(Note { mark, place }) = serde_json::from_slice(&bytes) else {
        return Ok(Judgement::Differs(Mismatch::Lost, 0));
    };
    if mark.device_id != device.device_id {
        return Ok(Judgement::Differs(Mismatch::OtherRegister, 0));
    }
    if !contains(conn, device, &mark)? {
        return Ok(Judgement::Differs(Mismatch::WentBack, mark.epoch));
    }
    let here = std::fs::metadata(&path).map(|metadata| Place::of(folder, &metadata));
    if !here.is_ok_and(|here| here.is_same(&place)) {
        return Ok(Judgement::Differs(Mismatch::Copied, mark.epoch));
    }
    Ok(Judgement::Same)
}

/// Remembers in the file that a mark is kept. Call it after the first one was written.
///
/// # Errors
/// Those of writing.
pub fn note_kept(tx: &Tx<'_>) -> Result<(), StoreError> {
    local::set_setting(tx, KEPT, &serde_json::Value::Bool(true))
}

/// Whether the history of a file contains that of a mark.
fn contains(conn: &Conn, device: &Device, mark: &Mark) -> Result<bool, StoreError> {
    if device.epoch < mark.epoch {
        return Ok(false);
    }
    let same_life = device.epoch == mark.epoch;
    if same_life && (device.next_seq < mark.next_seq || device.head.number < mark.number) {
        return Ok(false);
    }
    if mark.number == 0 {
        return Ok(true);
    }
    let link = chain::list_after(conn, mark.epoch, mark.number.saturating_sub(1), 1)?;
    Ok(link.first().is_some_and(|link| (link.number, link.hash) == (mark.number, mark.hash)))
}

impl MarkFile {
    /// Takes over the note of a data folder, whatever it holds, making it when it is missing. The next writing binds it
    /// to this place.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        let count = match read_slots(&path)? {
            Slots::Note { count, bytes: _ } => count,
            Slots::Missing | Slots::Unreadable => 0,
        };
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        // The file is remembered to have a mark: its name must not be lost in a power cut.
        pos_sqlite::sync_parent(&path)?;
        let place = Place::of(folder, &file.metadata()?);
        Ok(Self { file, count, place, written: None })
    }

    /// Writes how far the register has come, unless that stands there already. At most one fsync. Whether something was
    /// written.
    ///
    /// # Errors
    /// Those of the file system; the mark before then stands.
    pub fn write(&mut self, mark: &Mark) -> io::Result<bool> {
        if self.written.as_ref() == Some(mark) {
            return Ok(false);
        }
        let note = serde_json::to_vec(&Note { mark: mark.clone(), place: self.place.clone() })?;
        let count = self.count.saturating_add(1);
        write_slot(&mut self.file, count, &note)?;
        self.count = count;
        self.written = Some(mark.clone());
        Ok(true)
    }
}

impl Place {
    fn of(folder: &Path, metadata: &Metadata) -> Self {
        let born = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let machine = std::fs::read_to_string(MACHINE_ID).ok().map(|id| id.trim().to_owned());
        Self {
            // Named by a hash: the machine's id is nobody else's business.
            machine: machine.filter(|id| !id.is_empty()).map(|id| Hash32::of(id.as_bytes()).to_string()),
            file: file_number(metadata),
            born_ns: born.and_then(|since| u64::try_from(since.as_nanos()).ok()),
            folder: folder.to_owned(),
        }
    }

    /// A moved folder is the same one: its files keep their birth, which no copy has. Where the system does not tell it,
    /// the number of the file says nearly as much (a number may be used again); where it does not tell that either, as on
    /// Windows, whose copying programs may set a birth, the folder must be the same as well.
    fn is_same(&self, other: &Self) -> bool {
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        if differ(&self.machine, &other.machine) {
            return false;
        }
        let told = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| a == b);
        match (told(self.born_ns, other.born_ns), told(self.file, other.file)) {
            (Some(born), Some(_)) => born,
            (None, Some(file)) => file,
            (Some(born), None) => born && self.folder == other.folder,
            (None, None) => self.folder == other.folder,
        }
    }
}

#[cfg(unix)]
fn file_number(metadata: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn file_number(_metadata: &Metadata) -> Option<u64> {
    None
}
