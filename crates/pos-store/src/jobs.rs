//! Imports and replays of files: how far they have come, so that a kill doubles nothing.

use pos_domain::{Hash32, Money, SaleId};
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, first, int};

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// A catalogue.
    Products,
    /// Past documents.
    Replay,
}

impl JobKind {
    /// The kind's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Replay => "replay",
        }
    }
}

/// An import or replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// BLAKE3 of the file's bytes: the same file is the same job.
    pub file_hash: Hash32,
    /// What for.
    pub kind: JobKind,
    /// Name of the file, as shown.
    pub file_name: String,
    /// Records in the file.
    pub total: u64,
    /// Records that are done.
    pub done: u64,
    /// Milliseconds since 1970 UTC.
    pub began_at_ms: i64,
    /// Milliseconds since 1970 UTC, once all are done.
    pub ended_at_ms: Option<i64>,
}

/// What became of one past document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// Became this sale.
    Sale(SaleId),
    /// Became this refund.
    Return(SaleId),
    /// Became a stock adjustment.
    Adjustment,
    /// Was refused with this code.
    Refused(String),
}

/// Sums over what became of the documents of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplaySums {
    /// Documents that became sales.
    pub sales: u64,
    /// Documents that became refunds.
    pub returns: u64,
    /// Documents that became stock adjustments.
    pub adjustments: u64,
    /// Documents that were refused.
    pub refused: u64,
    /// Sum of the totals of sales and refunds.
    pub total: Money,
}

/// Begins a job, or finds it again as it was left.
///
/// # Errors
/// Those of writing.
pub fn begin(
    tx: &Tx<'_>,
    file_hash: Hash32,
    kind: JobKind,
    file_name: &str,
    total: u64,
    now_ms: i64,
) -> Result<Job, StoreError> {
    tx.prepare_cached(
        "INSERT INTO import_job (file_hash, kind, file_name, total, done, began_at_ms)
         VALUES (:hash, :kind, :name, :total, 0, :now) ON CONFLICT (file_hash) DO NOTHING",
    )?
    .execute(named_params! {
        ":hash": file_hash.0,
        ":kind": kind.as_str(),
        ":name": file_name,
        ":total": int("import_job.total", total)?,
        ":now": now_ms,
    })?;
    find(tx, file_hash)?.ok_or_else(|| StoreError::unwritable("import_job", "the job is not there"))
}

/// A job as it was left.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, file_hash: Hash32) -> Result<Option<Job>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT file_hash, kind, file_name, total, done, began_at_ms, ended_at_ms FROM import_job
         WHERE file_hash = :hash",
    )?;
    first(statement.query(named_params! { ":hash": file_hash.0 })?, "import_job", read)
}

/// Notes how many records are done; in the transaction that did them.
///
/// # Errors
/// Those of writing, such as more than there are.
pub fn set_done(tx: &Tx<'_>, file_hash: Hash32, done: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE import_job SET done = :done WHERE file_hash = :hash")?
        .execute(named_params! { ":done": int("import_job.done", done)?, ":hash": file_hash.0 })?;
    Ok(())
}

/// Ends a job.
///
/// # Errors
/// Those of writing.
pub fn finish(tx: &Tx<'_>, file_hash: Hash32, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE import_job SET ended_at_ms = :now WHERE file_hash = :hash")?
        .execute(named_params! { ":now": now_ms, ":hash": file_hash.0 })?;
    Ok(())
}

/// Notes what became of one past document, in the transaction that rings it up.
///
/// # Errors
/// [`StoreError::Sql`] when it was rung up before.
pub fn record_replayed(
    tx: &Tx<'_>,
    file_hash: Hash32,
    external_number: &str,
    outcome: &ReplayOutcome,
    total: Money,
) -> Result<(), StoreError> {
    let (name, code, sale_id) = match outcome {
        ReplayOutcome::Sale(id) => ("sale", None, Some(*id)),
        ReplayOutcome::Return(id) => ("return", None, Some(*id)),
        ReplayOutcome::Adjustment => ("adjustment", None, None),
        ReplayOutcome::Refused(code) => ("refused", Some(code.as_str()), None),
    };
    tx.prepare_cached(
        "INSERT INTO replay_progress (file_hash, external_number, outcome, code, sale_id, total_minor)
         VALUES (:hash, :number, :outcome, :code, :sale, :total)",
    )?
    .execute(named_params! {
        ":hash": file_hash.0,
        ":number": external_number,
        ":outcome": name,
        ":code": code,
        ":sale": sale_id.map(|id| *id.as_bytes()),
        ":total": total.minor(),
    })?;
    Ok(())
}

/// What became of one past document, if it was rung up.
///
/// # Errors
/// Those of reading.
pub fn find_replayed(
    conn: &Conn,
    file_hash: Hash32,
    external_number: &str,
) -> Result<Option<ReplayOutcome>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT outcome, code, sale_id FROM replay_progress WHERE file_hash = :hash AND external_number = :number",
    )?;
    let rows = statement.query(named_params! { ":hash": file_hash.0, ":number": external_number })?;
    first(rows, "replay_progress", outcome)
}

/// The refused documents, by number, with the code of the refusal.
///
/// # Errors
/// Those of reading.
pub fn list_refused(conn: &Conn, file_hash: Hash32) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT external_number, code FROM replay_progress WHERE file_hash = :hash AND outcome = 'refused'
         ORDER BY external_number",
    )?;
    crate::sql::all(statement.query(named_params! { ":hash": file_hash.0 })?, "replay_progress", |c| {
        Ok((c.get("external_number")?, c.get("code")?))
    })
}

/// Sums over what became of the documents.
///
/// # Errors
/// Those of reading.
pub fn sums(conn: &Conn, file_hash: Hash32) -> Result<ReplaySums, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'sale') AS sales,
             count(*) FILTER (WHERE outcome = 'return') AS returns,
             count(*) FILTER (WHERE outcome = 'adjustment') AS adjustments,
             count(*) FILTER (WHERE outcome = 'refused') AS refused,
             coalesce(sum(total_minor) FILTER (WHERE outcome IN ('sale', 'return')), 0) AS total
         FROM replay_progress WHERE file_hash = :hash",
    )?;
    let found = first(statement.query(named_params! { ":hash": file_hash.0 })?, "replay_progress", |c| {
        Ok(ReplaySums {
            sales: c.count("sales")?,
            returns: c.count("returns")?,
            adjustments: c.count("adjustments")?,
            refused: c.count("refused")?,
            total: c.money("total")?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

fn outcome(c: &Columns<'_, '_>) -> Result<ReplayOutcome, StoreError> {
    let missing = || StoreError::unreadable("replay_progress", "the outcome names no sale");
    let name: String = c.get("outcome")?;
    match name.as_str() {
        "sale" => c.opt_id("sale_id")?.map(ReplayOutcome::Sale).ok_or_else(missing),
        "return" => c.opt_id("sale_id")?.map(ReplayOutcome::Return).ok_or_else(missing),
        "adjustment" => Ok(ReplayOutcome::Adjustment),
        "refused" => Ok(ReplayOutcome::Refused(c.get::<Option<String>>("code")?.unwrap_or_default())),
        _ => Err(StoreError::unreadable("replay_progress.outcome", format!("{name:?} is no outcome"))),
    }
}

fn read(c: &Columns<'_, '_>) -> Result<Job, StoreError> {
    let kind: String = c.get("kind")?;
    Ok(Job {
        file_hash: c.hash("file_hash")?,
        kind: if kind == JobKind::Replay.as_str() { JobKind::Replay } else { JobKind::Products },
        file_name: c.get("file_name")?,
        total: c.count("total")?,
        done: c.count("done")?,
        began_at_ms: c.get("began_at_ms")?,
        ended_at_ms: c.get("ended_at_ms")?,
    })
}

/// Jobs of a kind that were begun and not ended, oldest first.
///
/// # Errors
/// Those of reading.
pub fn list_unfinished(conn: &Conn, kind: JobKind) -> Result<Vec<Job>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT file_hash, kind, file_name, total, done, began_at_ms, ended_at_ms FROM import_job
         WHERE kind = :kind AND ended_at_ms IS NULL ORDER BY began_at_ms",
    )?;
    crate::sql::all(statement.query(named_params! { ":kind": kind.as_str() })?, "import_job", read)
}
