//! Files beside a database that must survive a power cut: whole under their name, or not there.
//!
//! Every function here ends with what makes it last: the file synchronised before it gets its name, the folder after.
//! Knows no content.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Ending of a file that is still being written. One that a crash left behind is overwritten by the next.
const PARTIAL_SUFFIX: &str = ".partial";

/// Bytes that are copied at once.
const COPY_BYTES: usize = 256 * 1024;

/// Writes a small file: afterwards the name holds the new bytes, before it the old ones, and never anything else.
///
/// # Errors
/// Those of the file system; the old content then stands.
pub fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = partial_name(path);
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    sync_parent(path)
}

/// Copies a file and reads the copy back before it gets its name: a removable disk may have lied about writing.
///
/// # Errors
/// Those of the file system; `InvalidData` when what was read back is not what was written. No file of that name was
/// changed then.
pub fn copy_durably(from: &Path, to: &Path) -> io::Result<()> {
    let partial = partial_name(to);
    let copied = copy_and_compare(from, &partial);
    if copied.is_err() {
        // Half a copy is of no use to anybody and may be what fills the disk.
        drop(fs::remove_file(&partial));
    }
    copied?;
    fs::rename(&partial, to)?;
    sync_parent(to)
}

fn copy_and_compare(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::create(to)?;
    let written = pour(&mut source, &mut target)?;
    target.sync_all()?;
    let read_back = pour(&mut File::open(to)?, &mut io::sink())?;
    if written == read_back { Ok(()) } else { Err(io::Error::from(io::ErrorKind::InvalidData)) }
}

/// Carries everything over; the hash of what was carried.
fn pour(from: &mut impl Read, to: &mut impl Write) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        let read = from.read(&mut buffer)?;
        let part = buffer.get(..read).unwrap_or_default();
        if part.is_empty() {
            return Ok(hasher.finalize());
        }
        hasher.update(part);
        to.write_all(part)?;
    }
}

/// Takes a file away for good; one that is gone already is no error.
///
/// # Errors
/// Those of the file system.
pub fn remove_durably(path: &Path) -> io::Result<()> {
    remove_if_present(path)?;
    sync_parent(path)
}

/// Gives a file another name in the same folder, in place of what had it.
///
/// # Errors
/// Those of the file system.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_parent(to)
}

pub(crate) fn partial_name(to: &Path) -> PathBuf {
    let mut name = OsString::from(to);
    name.push(PARTIAL_SUFFIX);
    PathBuf::from(name)
}

pub(crate) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a name in its folder, new or renamed, survive a power cut. Windows has no such call and journals its names.
///
/// # Errors
/// Those of the file system.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}
