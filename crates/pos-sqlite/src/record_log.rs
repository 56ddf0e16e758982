//! An append-only log of records in segment files, outside SQLite: what a damaged database is filled up from.
//!
//! A record is its length, its CRC-32 and its bytes. An append is synchronised before it returns. What a crash tore off
//! at the end of a segment is left where it is and never written over: the next append begins another segment, so no
//! byte that was written is ever changed. Knows no content.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::durable::sync_parent;

/// A segment that has reached this many bytes gets no further record: 1 MiB is read in a millisecond, which is what
/// finding the last record costs at each start.
const SEGMENT_BYTES: u64 = 1024 * 1024;
/// Longest record in bytes. A longer length is that of a torn or damaged record.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;
/// Bytes in front of each record: its length and its CRC-32, both little-endian.
const HEADER_BYTES: usize = 8;
const SUFFIX: &str = "log";

/// A log that is being appended to. One process at a time: hold the [`crate::FolderLock`] of the data folder.
#[derive(Debug)]
pub struct RecordLog {
    folder: PathBuf,
    number: u32,
    /// `None` before the first append, after a full segment, and after one that failed half way.
    open: Option<(File, u64)>,
}

/// The records of one segment, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number; segments are read in this order.
    pub number: u32,
    /// What each record holds.
    pub records: Vec<Vec<u8>>,
    /// Bytes at the end that are no whole record: torn by a crash, or damaged.
    pub torn_bytes: u64,
}

impl RecordLog {
    /// Opens the log of a folder, making the folder when it is missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // The folder and the one that it was made in: a power cut must not take the names of segments that last.
        for made in folder.ancestors().take(2) {
            sync_parent(made)?;
        }
        let Some(number) = numbers(folder)?.last().copied() else {
            return Ok(Self { folder: folder.to_owned(), number: 0, open: None });
        };
        let last = read_segment(folder, number)?;
        let path = path_of(folder, number);
        let bytes = fs::metadata(&path)?.len();
        let goes_on = last.torn_bytes == 0 && bytes < SEGMENT_BYTES;
        let open = if goes_on { Some((File::options().append(true).open(&path)?, bytes)) } else { None };
        Ok(Self { folder: folder.to_owned(), number, open })
    }

    /// Appends records, and returns when they are on the disk.
    ///
    /// # Errors
    /// Those of the file system; some of the records may then be there.
    pub fn append(&mut self, records: &[Vec<u8>]) -> io::Result<()> {
        let mut bytes = Vec::new();
        for record in records {
            let length =
                u32::try_from(record.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(&crc32fast::hash(record).to_le_bytes());
            bytes.extend_from_slice(record);
        }
        // Put back only after it went well: behind half a record nothing may follow.
        let (mut file, before) = match self.open.take() {
            Some(open) => open,
            None => self.begin_segment()?,
        };
        file.write_all(&bytes)?;
        file.sync_data()?;
        let after = before.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if after < SEGMENT_BYTES {
            self.open = Some((file, after));
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<(File, u64)> {
        let number = self.number.saturating_add(1);
        let path = path_of(&self.folder, number);
        let file = File::options().create_new(true).append(true).open(&path)?;
        sync_parent(&path)?;
        self.number = number;
        Ok((file, 0))
    }
}

/// The numbers of a log's segments, in order; none when there is no log.
///
/// # Errors
/// Those of the file system.
pub fn segment_numbers(folder: &Path) -> io::Result<Vec<u32>> {
    match numbers(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other,
    }
}

/// One segment of a log.
///
/// # Errors
/// Those of the file system. What is torn or damaged is no error.
pub fn read_segment(folder: &Path, number: u32) -> io::Result<Segment> {
    let bytes = fs::read(path_of(folder, number))?;
    let mut records = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((record, after)) = first_record(rest) {
        records.push(record.to_vec());
        rest = after;
    }
    Ok(Segment { number, records, torn_bytes: u64::try_from(rest.len()).unwrap_or(u64::MAX) })
}

/// The first whole record, and what follows it.
fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, body) = bytes.split_at_checked(HEADER_BYTES)?;
    let (length, crc) = header.split_at_checked(4)?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let crc = u32::from_le_bytes(crc.try_into().ok()?);
    if length > MAX_RECORD_BYTES {
        return None;
    }
    let (record, after) = body.split_at_checked(length)?;
    (crc32fast::hash(record) == crc).then_some((record, after))
}

fn path_of(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.{SUFFIX}"))
}

fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_segment = path.extension().is_some_and(|suffix| suffix == SUFFIX);
        let number: Option<u32> =
            path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        found.extend(number.filter(|_| is_segment));
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(folder: &Path) -> Vec<Vec<u8>> {
        let numbers = segment_numbers(folder).unwrap();
        numbers.into_iter().flat_map(|n| read_segment(folder, n).unwrap().records).collect()
    }

    #[test]
    fn a_log_torn_at_any_byte_keeps_every_whole_record_and_goes_on_behind_it() {
        let whole = tempfile::tempdir().unwrap();
        let mut log = RecordLog::open(whole.path()).unwrap();
        log.append(&[b"one".to_vec(), b"two".to_vec()]).unwrap();
        log.append(&[b"three".to_vec()]).unwrap();
        let bytes = fs::read(path_of(whole.path(), 1)).unwrap();
        let ends = [0, 11, 22, 35];
        for cut in 0..=bytes.len() {
            let torn = tempfile::tempdir().unwrap();
            fs::write(path_of(torn.path(), 1), &bytes[..cut]).unwrap();
            let kept = ends.iter().filter(|end| **end <= cut).count() - 1;
            assert_eq!(all(torn.path()).len(), kept, "cut at {cut}: whole records stay");
            RecordLog::open(torn.path()).unwrap().append(&[b"next".to_vec()]).unwrap();
            assert_eq!(all(torn.path()).len(), kept + 1, "cut at {cut}: and the log goes on");
            assert_eq!(
                fs::read(path_of(torn.path(), 1)).unwrap()[..cut],
                bytes[..cut],
                "nothing that was written is changed"
            );
        }
    }

    #[test]
    fn one_changed_byte_hides_its_record_and_never_changes_one() {
        let folder = tempfile::tempdir().unwrap();
        RecordLog::open(folder.path()).unwrap().append(&[b"one".to_vec(), b"two".to_vec()]).unwrap();
        let path = path_of(folder.path(), 1);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x40;
            fs::write(&path, &changed).unwrap();
            for record in all(folder.path()) {
                assert!(record == b"one" || record == b"two", "byte {at}: {record:?} was never written");
            }
            assert!(read_segment(folder.path(), 1).unwrap().torn_bytes > 0, "byte {at}: and it is noticed");
        }
    }

    #[test]
    fn a_full_segment_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RecordLog::open(folder.path()).unwrap();
        let big = vec![7; 700_000];
        for _ in 0..4 {
            log.append(std::slice::from_ref(&big)).unwrap();
        }
        assert_eq!(segment_numbers(folder.path()).unwrap(), [1, 2]);
        assert_eq!(all(folder.path()).len(), 4);
    }
}
