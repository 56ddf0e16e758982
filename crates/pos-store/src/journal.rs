//! The second journal: every final document once more, in an append-only log outside SQLite.
//!
//! A database that was damaged or put back is filled up from it: the same documents with the same numbers, hashes and
//! signatures. It is written after the commit, from what a reader sees, so it may lack the newest documents of a file
//! that was just killed (they are appended at the next start) and never holds one that was not final. What was torn or
//! changed in it is known by its CRC, by the document's hash and by the register's signature.

use std::io;
use std::path::{Path, PathBuf};

use pos_domain::{ChainRecord, DeviceId, OpId, RequestId};
use pos_sqlite::{RecordLog, read_segment, segment_numbers};
use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::sql::{Conn, all, int};
use crate::verify::Finding;
use crate::{Store, StoreError, chain, device};

/// Folder of the log in the data folder.
pub const FOLDER: &str = "journal";
/// Documents that are read and appended at once.
const PAGE_DOCUMENTS: u32 = 200;

/// A final document as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalDocument {
    /// Its operation.
    pub op_id: OpId,
    /// Version of the operation's kind.
    pub kind_version: u16,
    /// The document byte for byte as hashed and sent.
    pub text: String,
    /// Its number and evidence.
    pub link: ChainRecord,
    /// The press of the button that made it, if one did: pressed once more after a restore, it must find the same sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
}

/// Place of a document: life and number.
type Place = (u32, u64);

/// The log of one data folder, while its register is open for writing.
#[derive(Debug)]
pub struct Journal {
    log: RecordLog,
    folder: PathBuf,
    /// The last document in the log.
    last: Option<Place>,
}

impl Journal {
    /// Opens the log of a data folder, making it when it is missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(folder: &Path, device_id: DeviceId) -> io::Result<Self> {
        let folder = log_of(folder, device_id);
        let log = RecordLog::open(&folder)?;
        let last = last_place(&folder)?;
        Ok(Self { log, folder, last })
    }

    /// Whether the log still ends where it was left: somebody may have cut or removed it meanwhile. If not, it is opened
    /// anew, and the next catching up appends what it lacks.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn is_whole(&mut self) -> io::Result<bool> {
        let found = last_place(&self.folder)?;
        if found >= self.last {
            return Ok(true);
        }
        self.log = RecordLog::open(&self.folder)?;
        self.last = found;
        Ok(false)
    }

    /// Appends what the file has and the log has not, and returns when it is on the disk. How many documents. Blocks the
    /// calling thread.
    ///
    /// # Errors
    /// Those of reading the file, or of the file system as [`StoreError::Open`].
    pub fn catch_up(&mut self, store: &Store) -> Result<u32, StoreError> {
        let mut appended = 0_u32;
        loop {
            let after = self.last;
            let page = store.report(move |conn| list_after(conn, after))?;
            let Some(last) = page.last() else { return Ok(appended) };
            let place = place_of(last);
            let records: Result<Vec<_>, _> = page.iter().map(serde_json::to_vec).collect();
            let records = records.map_err(|e| StoreError::unwritable("journal", e))?;
            self.log.append(&records).map_err(StoreError::file)?;
            self.last = Some(place);
            appended = appended.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        }
    }
}

/// What the log of a data folder holds.
#[derive(Debug, Default)]
pub struct Held {
    /// Readable documents, in the order of writing.
    pub documents: Vec<FinalDocument>,
    /// Bytes that are no whole record.
    pub torn_bytes: u64,
    /// Whole records that this program cannot read.
    pub unreadable: u32,
}

/// Reads the log from the last segment back to the first one that holds a document before `from`, oldest first: what a
/// file that ends at `from` may lack. Everything when `from` is `None`.
///
/// # Errors
/// Those of the file system.
pub fn read_from(folder: &Path, device_id: DeviceId, from: Option<(u32, u64)>) -> io::Result<Held> {
    let folder = log_of(folder, device_id);
    let mut segments = Vec::new();
    for number in segment_numbers(&folder)?.into_iter().rev() {
        let segment = read_segment(&folder, number)?;
        let first = segment.records.iter().find_map(|record| read(record)).map(|d| place_of(&d));
        segments.push(segment);
        if first.zip(from).is_some_and(|(first, from)| first <= from) {
            break;
        }
    }
    let mut held = Held::default();
    for segment in segments.into_iter().rev() {
        held.torn_bytes = held.torn_bytes.saturating_add(segment.torn_bytes);
        for record in &segment.records {
            match read(record) {
                Some(document) => held.documents.push(document),
                None => held.unreadable = held.unreadable.saturating_add(1),
            }
        }
    }
    Ok(held)
}

/// The newest document that the log of a data folder holds: life and number.
///
/// # Errors
/// Those of the file system.
pub fn newest(folder: &Path, device_id: DeviceId) -> io::Result<Option<(u32, u64)>> {
    last_place(&log_of(folder, device_id))
}

/// Compares the log with the file: each document of the one stands in the other, the same, and none is missing between
/// two others. What the file has and the log has not yet is no fault: the log follows the file. Reads one segment at a
/// time. Blocks the calling thread.
///
/// # Errors
/// Those of reading.
pub fn verify(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let Some(device) = store.read(device::find)? else { return Ok(Vec::new()) };
    let log = log_of(store.folder(), device.device_id);
    // Looked up before the file is: what is appended meanwhile is in the file, but not in what is read of it.
    let Some(newest) = last_place(&log).map_err(StoreError::file)? else { return Ok(Vec::new()) };
    store.report(move |conn| compare_all(conn, &log, newest))
}

fn compare_all(conn: &Conn, log: &Path, newest: Place) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let mut last: Option<Place> = None;
    for number in segment_numbers(log).map_err(StoreError::file)? {
        let segment = read_segment(log, number).map_err(StoreError::file)?;
        for record in &segment.records {
            let Some(document) = read(record) else {
                let params = json!({ "segment": segment.number });
                findings.push(Finding { code: "journal.unreadable", subject: None, params });
                continue;
            };
            let place = place_of(&document);
            if place > newest {
                continue;
            }
            if !follows(last, place) {
                let params = json!({ "number": document.link.printed_number() });
                let subject = Some(document.link.document_id.0);
                findings.push(Finding { code: "journal.gap", subject, params });
            }
            findings.extend(compare(conn, &document)?);
            last = last.max(Some(place));
        }
    }
    Ok(findings)
}

/// Whether a document is the next one. An end that a crash tore off is no gap: what stood there was written once more.
fn follows(last: Option<Place>, (epoch, number): Place) -> bool {
    match last {
        Some((before, last)) if before == epoch => last.checked_add(1) == Some(number),
        Some((before, _)) => before < epoch && number == 1,
        None => number == 1,
    }
}

/// A document of the log stands in the file as it stands here.
fn compare(conn: &Conn, document: &FinalDocument) -> Result<Option<Finding>, StoreError> {
    let link = &document.link;
    let found = chain::list_after(conn, link.epoch, link.number.saturating_sub(1), 1)?;
    let code = match found.first() {
        Some(found) if found == link => return Ok(None),
        Some(found) if found.number == link.number => "journal.differs",
        Some(_) | None => "journal.not_in_file",
    };
    let params = json!({ "number": link.printed_number() });
    Ok(Some(Finding { code, subject: Some(link.document_id.0), params }))
}

/// Final documents of a file behind a place, in the order of their numbers; a page of them.
fn list_after(conn: &Conn, after: Option<Place>) -> Result<Vec<FinalDocument>, StoreError> {
    let (epoch, number) = after.unwrap_or_default();
    let mut statement = conn.prepare_cached(
        "SELECT c.epoch, c.number, c.device_id, c.series, c.kind, c.document_id, c.issued_at_ms, c.document_hash,
             c.previous_hash, c.hash, c.signature, q.op_id, coalesce(s.document, t.document) AS document,
             q.kind_version,
             (SELECT r.request_id FROM request AS r WHERE r.subject_id = c.document_id LIMIT 1) AS request_id
         FROM chain_record AS c LEFT JOIN sale AS s ON s.sale_id = c.document_id
             LEFT JOIN till_document AS t ON t.document_id = c.document_id
             JOIN sync_queue AS q ON q.op_id = coalesce(s.op_id, t.op_id)
         WHERE (c.epoch, c.number) > (:epoch, :number) ORDER BY c.epoch, c.number LIMIT :limit",
    )?;
    let rows = statement.query(named_params! {
        ":epoch": epoch, ":number": int("chain_record.number", number)?, ":limit": PAGE_DOCUMENTS,
    })?;
    all(rows, "chain_record", |c| {
        Ok(FinalDocument {
            op_id: c.id("op_id")?,
            kind_version: c.count("kind_version")?,
            text: c.get("document")?,
            link: chain::read(c)?,
            request_id: c.opt_id("request_id")?,
        })
    })
}

fn last_place(log: &Path) -> io::Result<Option<Place>> {
    for number in segment_numbers(log)?.into_iter().rev() {
        let segment = read_segment(log, number)?;
        if let Some(document) = segment.records.iter().rev().find_map(|record| read(record)) {
            return Ok(Some(place_of(&document)));
        }
    }
    Ok(None)
}

fn read(record: &[u8]) -> Option<FinalDocument> {
    serde_json::from_slice(record).ok()
}

fn place_of(document: &FinalDocument) -> Place {
    (document.link.epoch, document.link.number)
}

/// Each register has a log of its own: one that is set up anew in a folder does not go on with another's.
fn log_of(folder: &Path, device_id: DeviceId) -> PathBuf {
    folder.join(FOLDER).join(device_id.to_string())
}
