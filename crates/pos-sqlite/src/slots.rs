//! A small note that is written often, in one file with two slots, so that each writing costs one fsync.
//!
//! The slots are written in turn. Each carries a count and a CRC-32, so a torn one is known as such and the other, one
//! writing older, is still there. The file keeps its place on the disk for ever (no rename), which lets its owner tell
//! it from a copy. Knows no content.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Size of a slot in bytes: the largest sector of a disk, so that tearing one slot leaves the other alone.
const SLOT_BYTES: usize = 4096;
/// Bytes in front of a note: magic, CRC-32, count, length.
const HEADER_BYTES: usize = 8 + 4 + 8 + 4;
const MAGIC: &[u8; 8] = b"cmptrmk1";

/// What a file of two slots holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slots {
    /// There is no such file.
    Missing,
    /// There is one, and neither slot is whole.
    Unreadable,
    /// The newest note, and how many were written up to it.
    Note {
        /// As written.
        bytes: Vec<u8>,
        /// Of this note, from 1.
        count: u64,
    },
}

/// Reads the newest note.
///
/// # Errors
/// Those of the file system; damage is no error.
pub fn read_slots(path: &Path) -> io::Result<Slots> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Slots::Missing),
        Err(error) => return Err(error),
    };
    let newest = bytes.chunks(SLOT_BYTES).filter_map(read_slot).max_by_key(|(count, _)| *count);
    Ok(match newest {
        Some((count, note)) => Slots::Note { bytes: note.to_vec(), count },
        None => Slots::Unreadable,
    })
}

/// Writes note number `count` over the one before the last, and returns when it is on the disk.
///
/// # Errors
/// Those of the file system, and `InvalidInput` for a note that fits no slot. The last note still stands.
pub fn write_slot(file: &mut File, count: u64, note: &[u8]) -> io::Result<()> {
    let too_long = || io::Error::from(io::ErrorKind::InvalidInput);
    let length = u32::try_from(note.len()).map_err(|_| too_long())?;
    let mut body = count.to_le_bytes().to_vec();
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(note);
    let mut slot = MAGIC.to_vec();
    slot.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    slot.extend_from_slice(&body);
    if slot.len() > SLOT_BYTES {
        return Err(too_long());
    }
    slot.resize(SLOT_BYTES, 0);
    let at = if count.is_multiple_of(2) { 0 } else { u64::try_from(SLOT_BYTES).unwrap_or(0) };
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&slot)?;
    file.sync_data()
}

fn read_slot(slot: &[u8]) -> Option<(u64, &[u8])> {
    let (header, rest) = slot.split_at_checked(HEADER_BYTES)?;
    let (magic, header) = header.split_at_checked(MAGIC.len())?;
    let (crc, counts) = header.split_at_checked(4)?;
    let (count, length) = counts.split_at_checked(8)?;
    let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
    let note = rest.get(..length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(counts);
    hasher.update(note);
    let whole = magic == MAGIC && hasher.finalize() == u32::from_le_bytes(crc.try_into().ok()?);
    whole.then_some((u64::from_le_bytes(count.try_into().ok()?), note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_torn_while_it_is_written_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        assert_eq!(read_slots(&path).unwrap(), Slots::Missing);
        let mut file = File::options().create_new(true).write(true).open(&path).unwrap();
        for count in 1..=7 {
            write_slot(&mut file, count, format!("note {count}").as_bytes()).unwrap();
        }
        let bytes = fs::read(&path).unwrap();
        let newest = Slots::Note { bytes: b"note 7".to_vec(), count: 7 };
        assert_eq!(read_slots(&path).unwrap(), newest);
        for at in SLOT_BYTES..SLOT_BYTES + HEADER_BYTES + 6 {
            let mut torn = bytes.clone();
            torn[at] ^= 1;
            fs::write(&path, &torn).unwrap();
            let before = Slots::Note { bytes: b"note 6".to_vec(), count: 6 };
            assert_eq!(read_slots(&path).unwrap(), before, "byte {at}");
        }
        fs::write(&path, &bytes[..10]).unwrap();
        assert_eq!(read_slots(&path).unwrap(), Slots::Unreadable, "a file cut short is not taken for none");
    }
}
