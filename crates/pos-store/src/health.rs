//! How the register stands with its server, computed from the tables at every look, never remembered.

use rusqlite::named_params;

use crate::exchange::{self, ExchangeState};
use crate::queue::{self, QueueCounts};
use crate::sql::{Conn, first};
use crate::{StoreError, conflicts};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Runs that the error rate is computed over.
const RATED_RUNS: u32 = 20;

/// Counts and ages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The queue.
    pub queue: QueueCounts,
    /// Claims whose time has passed without an answer.
    pub stuck_leases: u64,
    /// How the exchange stands.
    pub exchange: ExchangeState,
    /// Conflicts that wait for a person.
    pub conflicts_open: u64,
    /// Conflicts decided within a day.
    pub conflicts_resolved_24h: u64,
    /// Rows that this program does not know.
    pub parked_rows: u64,
    /// Failed runs among the last [`Health::rated_runs`].
    pub failed_runs: u32,
    /// How many runs that is.
    pub rated_runs: u32,
    /// Sales that were confirmed and neither finished nor rolled back.
    pub unfinished_sales: u64,
    /// Pages fetched ahead.
    pub staged_pages: u64,
}

/// How the register stands.
///
/// # Errors
/// Those of reading.
pub fn get(conn: &Conn, now_ms: i64) -> Result<Health, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT
             (SELECT count(*) FROM sync_queue WHERE state <> 'acknowledged' AND state = 'in_flight'
                  AND lease_until_ms <= :now) AS stuck,
             (SELECT count(*) FROM conflict_event WHERE what = 'resolved' AND at_ms > :yesterday) AS resolved,
             (SELECT count(*) FROM parked_row) AS parked,
             (SELECT count(*) FROM sale WHERE state = 'pending') AS unfinished,
             (SELECT count(*) FROM sync_stage) AS staged",
    )?;
    let rows =
        statement.query(named_params! { ":now": now_ms, ":yesterday": now_ms.saturating_sub(DAY_MS) })?;
    let (stuck_leases, conflicts_resolved_24h, parked_rows, unfinished_sales, staged_pages) =
        first(rows, "health", |c| {
            Ok((
                c.count("stuck")?,
                c.count("resolved")?,
                c.count("parked")?,
                c.count("unfinished")?,
                c.count("staged")?,
            ))
        })?
        .unwrap_or_default();
    let (failed_runs, rated_runs) = rate_runs(conn)?;
    Ok(Health {
        queue: queue::counts(conn)?,
        stuck_leases,
        exchange: exchange::get(conn)?,
        conflicts_open: conflicts::count_open(conn)?,
        conflicts_resolved_24h,
        parked_rows,
        failed_runs,
        rated_runs,
        unfinished_sales,
        staged_pages,
    })
}

fn rate_runs(conn: &Conn) -> Result<(u32, u32), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'failed') AS failed, count(*) AS rated
         FROM (SELECT outcome FROM sync_run ORDER BY run_no DESC LIMIT :rated)",
    )?;
    let rows = statement.query(named_params! { ":rated": RATED_RUNS })?;
    Ok(first(rows, "sync_run", |c| Ok((c.count("failed")?, c.count("rated")?)))?.unwrap_or_default())
}
