//! "Is my data right?": recomputes everything that one file can show, and says where it does not agree with itself.
//!
//! What is checked: the chain with its signatures and gap-free numbers; each document's text against its hash, its
//! own arithmetic, its rows and its operation; the ledger of movements against the documents and adjustments that
//! caused them; pending stock against the ledger and the feed; bodies in the queue against their hashes; seqs
//! without gaps; each Z report against the documents between it and the Z before; entries of accounts and events of
//! serial numbers against the documents that made them. Any change of a single field in any of these is found, because
//! each stands in two places or under a hash. Documents are read one by one: memory is flat whatever the file's size.

mod accounts;
mod chain;
mod documents;
mod operations;
mod rows;
mod serials;
mod stock;
mod till;

use pos_sqlite::VerifyDepth;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::sql::Conn;
use crate::{Store, StoreError, device};

/// Most findings that are listed: enough to see the extent.
const MAX_FINDINGS: usize = 1_000;

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The last 1,000 links and their documents: at each start.
    Quick,
    /// Everything: weekly, before a backup is rotated, and when somebody asks.
    Full,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable code, such as `chain.changed` or `document.differs`.
    pub code: &'static str,
    /// The document, operation or movement that it is about.
    pub subject: Option<Uuid>,
    /// Facts, a JSON object: never more of a document than names of fields and numbers.
    pub params: Value,
}

/// The findings so far.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
    /// Number of the document that is being looked at, so that people know it by what is printed on it.
    document: Option<String>,
}

impl Findings {
    pub(crate) fn add(&mut self, code: &'static str, subject: Option<Uuid>, mut params: Value) {
        if self.found.len() >= MAX_FINDINGS {
            return;
        }
        if let (Some(number), Value::Object(facts)) = (&self.document, &mut params) {
            facts.insert("number".to_owned(), json!(number));
        }
        self.found.push(Finding { code, subject, params });
    }

    /// What is found from now on is about the document with this number, or about none.
    pub(crate) fn look_at(&mut self, document: Option<String>) {
        self.document = document;
    }

    /// Runs one check. A value of a shape that this program never writes is a finding, not the end of the check.
    pub(crate) fn attempt(
        &mut self,
        subject: Option<Uuid>,
        check: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match check(self) {
            Err(StoreError::Unreadable { what, source }) => {
                self.add("row.unreadable", subject, json!({ "what": what, "detail": source.to_string() }));
                Ok(())
            }
            Err(StoreError::Sql(rusqlite::Error::InvalidColumnType(_, column, kind))) => {
                self.add("row.unreadable", subject, json!({ "what": column, "detail": kind.to_string() }));
                Ok(())
            }
            other => other,
        }
    }
}

/// Checks the rows of a file. Use the report lane: it may take seconds.
///
/// # Errors
/// Only those that keep the file from being read at all; everything else is a finding.
pub fn rows(conn: &Conn, depth: Depth) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Findings::default();
    let mut found = None;
    findings.attempt(None, |_| {
        found = device::find(conn)?;
        Ok(())
    })?;
    let Some(device) = found else {
        // A folder without a shop holds nothing; anything else belongs to a register.
        if conn.prepare("SELECT 1 FROM device UNION ALL SELECT 1 FROM chain_record LIMIT 1")?.exists([])? {
            findings.add("device.missing", None, json!({ "table": "device", "column": "epoch" }));
        }
        return Ok(findings.found);
    };
    findings.attempt(None, |findings| chain::check(conn, &device, depth, findings))?;
    findings.attempt(None, |findings| operations::check_seqs(conn, &device, findings))?;
    findings.attempt(None, |findings| operations::check_circles(conn, findings))?;
    if depth == Depth::Full {
        documents::check_all(conn, &mut findings)?;
        till::check_all(conn, &mut findings)?;
        operations::check_bodies(conn, &mut findings)?;
        findings.attempt(None, |findings| stock::check(conn, findings))?;
        findings.attempt(None, |findings| serials::check_unexplained(conn, findings))?;
    }
    Ok(findings.found)
}

impl Store {
    /// Checks the file; empty means sound. [`Depth::Quick`] leaves the pages out: opening has checked them if the last
    /// process did not end in order. Blocks the calling thread, for seconds on a large file; tills and lookups go on
    /// meanwhile.
    ///
    /// # Errors
    /// Those of reading.
    pub fn verify(&self, depth: Depth) -> Result<Vec<Finding>, StoreError> {
        let damaged = match depth {
            Depth::Quick => Vec::new(),
            Depth::Full => pos_sqlite::verify_file(self.path(), VerifyDepth::Full),
        };
        let mut findings: Vec<Finding> = damaged
            .iter()
            .map(|finding| Finding {
                code: "file.damaged",
                subject: None,
                params: json!({ "detail": finding.to_string() }),
            })
            .collect();
        match self.report(move |conn| rows(conn, depth)) {
            Ok(more) => findings.extend(more),
            // Damage explains why no more can be read.
            Err(error) if findings.is_empty() => return Err(error),
            Err(_) => {}
        }
        Ok(findings)
    }
}
