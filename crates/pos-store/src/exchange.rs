//! How the exchange with the server goes: pause, breaker, last successes, clock, and the history of runs.

use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first, int};

/// The circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Calls go through.
    Closed,
    /// No call until then, in milliseconds since 1970 UTC.
    Open {
        /// When one call may try.
        until_ms: i64,
    },
    /// One call tries.
    HalfOpen,
}

/// How the exchange stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeState {
    /// A person has paused it.
    pub paused: bool,
    /// The breaker.
    pub breaker: Breaker,
    /// Last push that the server processed, in milliseconds since 1970 UTC.
    pub last_push_ok_ms: Option<i64>,
    /// Last pull that was promoted to the end, in milliseconds since 1970 UTC.
    pub last_pull_ok_ms: Option<i64>,
    /// Code and time of the last failure.
    pub last_error: Option<(String, i64)>,
    /// Server clock minus ours, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Operations of this epoch up to here are in the server's backup.
    pub backup_seq: u64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// To its end.
    Done,
    /// By an error.
    Failed,
    /// By a person or the end of the program.
    Cancelled,
}

impl RunOutcome {
    /// The outcome's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One round of pushes and pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What woke it: `write`, `sale`, `timer`, `person`, ...
    pub cause: String,
    /// Milliseconds since 1970 UTC.
    pub began_at_ms: i64,
    /// Milliseconds since 1970 UTC.
    pub ended_at_ms: i64,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Code of what ended it, when something did.
    pub error_code: Option<String>,
    /// Operations that the server has taken.
    pub pushed: u32,
    /// Rows that were written.
    pub pulled: u32,
    /// Operations that the server refused.
    pub refused: u32,
    /// Conflicts that were opened.
    pub conflicts: u32,
    /// Operations that the server had seen before.
    pub duplicates: u32,
    /// Requests.
    pub calls: u32,
    /// Requests that were repeated.
    pub retries: u32,
    /// Bytes sent.
    pub bytes_up: u64,
    /// Bytes received.
    pub bytes_down: u64,
}

/// How the exchange stands.
///
/// # Errors
/// Those of reading.
pub fn get(conn: &Conn) -> Result<ExchangeState, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT paused, breaker, breaker_until_ms, last_push_ok_ms, last_pull_ok_ms, last_error_code,
             last_error_at_ms, clock_offset_ms, backup_seq
         FROM sync_state WHERE id = 1",
    )?;
    first(statement.query([])?, "sync_state", |c| {
        let code: Option<String> = c.get("last_error_code")?;
        Ok(ExchangeState {
            paused: c.get("paused")?,
            breaker: breaker(c)?,
            last_push_ok_ms: c.get("last_push_ok_ms")?,
            last_pull_ok_ms: c.get("last_pull_ok_ms")?,
            last_error: code.zip(c.get("last_error_at_ms")?),
            clock_offset_ms: c.get("clock_offset_ms")?,
            backup_seq: c.count("backup_seq")?,
        })
    })?
    .ok_or(StoreError::NoDevice)
}

/// Pauses or resumes the exchange.
///
/// # Errors
/// Those of writing.
pub fn set_paused(tx: &Tx<'_>, paused: bool) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sync_state SET paused = :paused")?
        .execute(named_params! { ":paused": paused })?;
    Ok(())
}

/// Remembers the breaker over a restart.
///
/// # Errors
/// Those of writing.
pub fn set_breaker(tx: &Tx<'_>, breaker: Breaker) -> Result<(), StoreError> {
    let (name, until) = match breaker {
        Breaker::Closed => ("closed", None),
        Breaker::Open { until_ms } => ("open", Some(until_ms)),
        Breaker::HalfOpen => ("half_open", None),
    };
    tx.prepare_cached("UPDATE sync_state SET breaker = :name, breaker_until_ms = :until")?
        .execute(named_params! { ":name": name, ":until": until })?;
    Ok(())
}

/// The server processed a push.
///
/// # Errors
/// Those of writing.
pub fn record_push_ok(tx: &Tx<'_>, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sync_state SET last_push_ok_ms = :now")?
        .execute(named_params! { ":now": now_ms })?;
    Ok(())
}

/// A pull reached the end of the feed.
///
/// # Errors
/// Those of writing.
pub fn record_pull_ok(tx: &Tx<'_>, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sync_state SET last_pull_ok_ms = :now")?
        .execute(named_params! { ":now": now_ms })?;
    Ok(())
}

/// A call failed.
///
/// # Errors
/// Those of writing.
pub fn record_error(tx: &Tx<'_>, code: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sync_state SET last_error_code = :code, last_error_at_ms = :now")?
        .execute(named_params! { ":code": code, ":now": now_ms })?;
    Ok(())
}

/// What a hello said: the server's clock minus ours, and how far its backup holds this epoch.
///
/// # Errors
/// Those of writing.
pub fn record_hello(tx: &Tx<'_>, clock_offset_ms: i64, backup_seq: u64) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE sync_state SET clock_offset_ms = :offset, backup_seq = :backup")?.execute(
        named_params! { ":offset": clock_offset_ms, ":backup": int("sync_state.backup_seq", backup_seq)? },
    )?;
    Ok(())
}

/// Runs that are kept: a register that syncs once a minute keeps a week.
const KEPT_RUNS: i64 = 10_000;

/// Appends a run to the history.
///
/// # Errors
/// Those of writing.
pub fn record_run(tx: &Tx<'_>, run: &Run) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO sync_run (cause, began_at_ms, ended_at_ms, outcome, error_code, pushed, pulled, refused, conflicts,
             duplicates, calls, retries, bytes_up, bytes_down)
         VALUES (:cause, :began, :ended, :outcome, :error, :pushed, :pulled, :refused, :conflicts, :duplicates, :calls,
             :retries, :up, :down)",
    )?
    .execute(named_params! {
        ":cause": run.cause,
        ":began": run.began_at_ms,
        ":ended": run.ended_at_ms,
        ":outcome": run.outcome.as_str(),
        ":error": run.error_code,
        ":pushed": run.pushed,
        ":pulled": run.pulled,
        ":refused": run.refused,
        ":conflicts": run.conflicts,
        ":duplicates": run.duplicates,
        ":calls": run.calls,
        ":retries": run.retries,
        ":up": int("sync_run.bytes_up", run.bytes_up)?,
        ":down": int("sync_run.bytes_down", run.bytes_down)?,
    })?;
    let oldest_kept = tx.last_insert_rowid().saturating_sub(KEPT_RUNS);
    tx.prepare_cached("DELETE FROM sync_run WHERE run_no <= :oldest")?
        .execute(named_params! { ":oldest": oldest_kept })?;
    Ok(())
}

/// The newest runs, newest first, below number `before`, with their numbers.
///
/// # Errors
/// Those of reading.
pub fn list_runs(conn: &Conn, before: Option<i64>, limit: u32) -> Result<Vec<(i64, Run)>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT run_no, cause, began_at_ms, ended_at_ms, outcome, error_code, pushed, pulled, refused, conflicts,
             duplicates, calls, retries, bytes_up, bytes_down
         FROM sync_run WHERE run_no < :before ORDER BY run_no DESC LIMIT :limit",
    )?;
    let rows = statement.query(named_params! { ":before": before.unwrap_or(i64::MAX), ":limit": limit })?;
    all(rows, "sync_run", |c| Ok((c.get("run_no")?, read_run(c)?)))
}

fn read_run(c: &Columns<'_, '_>) -> Result<Run, StoreError> {
    let outcome: String = c.get("outcome")?;
    Ok(Run {
        cause: c.get("cause")?,
        began_at_ms: c.get("began_at_ms")?,
        ended_at_ms: c.get("ended_at_ms")?,
        outcome: [RunOutcome::Done, RunOutcome::Failed, RunOutcome::Cancelled]
            .into_iter()
            .find(|known| known.as_str() == outcome)
            .ok_or_else(|| {
                StoreError::unreadable("sync_run.outcome", format!("{outcome:?} is no outcome"))
            })?,
        error_code: c.get("error_code")?,
        pushed: c.count("pushed")?,
        pulled: c.count("pulled")?,
        refused: c.count("refused")?,
        conflicts: c.count("conflicts")?,
        duplicates: c.count("duplicates")?,
        calls: c.count("calls")?,
        retries: c.count("retries")?,
        bytes_up: c.count("bytes_up")?,
        bytes_down: c.count("bytes_down")?,
    })
}

fn breaker(c: &Columns<'_, '_>) -> Result<Breaker, StoreError> {
    let name: String = c.get("breaker")?;
    match name.as_str() {
        "closed" => Ok(Breaker::Closed),
        "open" => {
            Ok(Breaker::Open { until_ms: c.get::<Option<i64>>("breaker_until_ms")?.unwrap_or_default() })
        }
        "half_open" => Ok(Breaker::HalfOpen),
        _ => Err(StoreError::unreadable("sync_state.breaker", format!("{name:?} is no state"))),
    }
}
