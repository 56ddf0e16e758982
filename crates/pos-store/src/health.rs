//! How the register stands with its server, computed from the tables at every look, never remembered: measures, the
//! alerts that follow from them, and samples over time.

use rusqlite::named_params;
use serde::{Deserialize, Serialize};

use crate::exchange::{self, ExchangeState};
use crate::queue::{self, QueueCounts};
use crate::sql::{Columns, Conn, Tx, all, first, int, to_json};
use crate::{StoreError, conflicts, local};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Runs that the error rate is computed over: some minutes of a busy register, so that an old outage does not ring.
const RATED_RUNS: u32 = 20;
/// How often the health is sampled, in milliseconds: once a minute.
pub const SAMPLE_EVERY_MS: i64 = 60 * 1_000;
/// How long samples are kept, in milliseconds: a week, 10,080 rows at most.
pub const KEEP_SAMPLES_MS: i64 = 7 * DAY_MS;
/// Where the thresholds stand among the settings of this register.
const THRESHOLDS: &str = "alerts";

/// Which way rows travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    Push,
    /// From the server.
    Pull,
}

impl Direction {
    /// The direction's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Pull => "pull",
        }
    }
}

/// A table and when rows of it last got through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastSuccess {
    /// Kind of row, or `sale`.
    pub entity: String,
    /// `push` or `pull`.
    pub direction: String,
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// From where on a measure is an alert. A value at the threshold is still well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thresholds {
    /// Part of the last runs that failed, in percent.
    pub error_rate_percent: u32,
    /// Claims whose time has passed.
    pub stuck: u32,
    /// Time without a success while the server answers, in milliseconds.
    pub silence_ms: i64,
    /// Operations that were refused for good.
    pub dead: u32,
    /// Distance of the clocks in either direction, in milliseconds.
    pub clock_offset_ms: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            error_rate_percent: 20,
            stuck: 5,
            silence_ms: 30 * 60 * 1_000,
            dead: 0,
            clock_offset_ms: 2 * 60 * 1_000,
        }
    }
}

/// Something that a person should look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alert {
    /// Too many runs failed.
    ErrorRate,
    /// Too many claims were never answered.
    Stuck,
    /// The server answers, yet nothing gets through.
    Silence,
    /// Operations were refused for good.
    Dead,
    /// This register's clock is wrong, or the server's.
    Clock,
}

impl Alert {
    /// The alert's stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ErrorRate => "alert.error_rate",
            Self::Stuck => "alert.stuck",
            Self::Silence => "alert.silence",
            Self::Dead => "alert.dead",
            Self::Clock => "alert.clock",
        }
    }
}

/// Counts and ages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The queue.
    pub queue: QueueCounts,
    /// Operations that met trouble that passes, and will be tried again.
    pub failed: u64,
    /// Claims whose time has passed without an answer.
    pub stuck_leases: u64,
    /// How the exchange stands.
    pub exchange: ExchangeState,
    /// Conflicts that wait for a person.
    pub conflicts_open: u64,
    /// Conflicts decided within a day.
    pub conflicts_resolved_24h: u64,
    /// Operations of the last day that the server had seen before: each is a reply that was lost, and harmless.
    pub duplicates_24h: u64,
    /// Runs of the last day that ended without an answer.
    pub timeouts_24h: u64,
    /// Rows that this program does not know.
    pub parked_rows: u64,
    /// Failed runs among the last [`Health::rated_runs`].
    pub failed_runs: u32,
    /// How many runs that is.
    pub rated_runs: u32,
    /// Sales that were confirmed and neither finished nor rolled back.
    pub unfinished_sales: u64,
}

impl Health {
    /// Part of the last runs that failed, in percent.
    pub fn error_rate_percent(&self) -> u32 {
        self.failed_runs.saturating_mul(100).checked_div(self.rated_runs).unwrap_or(0)
    }

    /// When something last got through in either direction, in milliseconds since 1970 UTC.
    pub fn last_success_ms(&self) -> Option<i64> {
        self.exchange.last_push_ok_ms.max(self.exchange.last_pull_ok_ms)
    }

    /// What a person should look at. Silence counts only while the server answers: offline is no fault.
    pub fn alerts(&self, thresholds: &Thresholds, online: bool, now_ms: i64) -> Vec<Alert> {
        let silent =
            self.last_success_ms().is_some_and(|at| now_ms.saturating_sub(at) > thresholds.silence_ms);
        let off = self.exchange.clock_offset_ms.map_or(0, i64::unsigned_abs);
        [
            (self.error_rate_percent() > thresholds.error_rate_percent, Alert::ErrorRate),
            (self.stuck_leases > u64::from(thresholds.stuck), Alert::Stuck),
            (online && silent, Alert::Silence),
            (self.queue.dead > u64::from(thresholds.dead), Alert::Dead),
            (off > thresholds.clock_offset_ms.unsigned_abs(), Alert::Clock),
        ]
        .into_iter()
        .filter_map(|(is_so, alert)| is_so.then_some(alert))
        .collect()
    }
}

/// How the register stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The server answered.
    pub online: bool,
    /// Operations that wait for their turn.
    pub pending: u64,
    /// Operations on their way.
    pub in_flight: u64,
    /// Operations that will be tried again.
    pub failed: u64,
    /// Operations that wait for another's failure or an update.
    pub parked: u64,
    /// Operations that were refused for good.
    pub dead: u64,
    /// Age of the oldest operation that waits, in milliseconds.
    pub oldest_age_ms: Option<i64>,
    /// Claims whose time has passed.
    pub stuck: u64,
    /// Failed runs among the rated ones.
    pub failed_runs: u32,
    /// The rated runs.
    pub rated_runs: u32,
    /// Time since the last success, in milliseconds.
    pub silence_ms: Option<i64>,
    /// Server clock minus ours, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Conflicts that wait for a person.
    pub conflicts_open: u64,
    /// Conflicts decided within a day.
    pub resolved_24h: u64,
    /// Operations of the last day that the server had seen before.
    pub duplicates_24h: u64,
    /// Runs of the last day that ended without an answer.
    pub timeouts_24h: u64,
    /// Codes of the alerts.
    pub alerts: Vec<String>,
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
             (SELECT coalesce(sum(duplicates), 0) FROM sync_run WHERE ended_at_ms > :yesterday) AS duplicates,
             (SELECT count(*) FROM sync_run WHERE ended_at_ms > :yesterday AND error_code = 'sync.no_answer')
                  AS timeouts",
    )?;
    let rows =
        statement.query(named_params! { ":now": now_ms, ":yesterday": now_ms.saturating_sub(DAY_MS) })?;
    let (failed_runs, rated_runs) = rate_runs(conn)?;
    let (queue, exchange) = (queue::counts(conn)?, exchange::get(conn)?);
    let (failed, conflicts_open) = (queue::count_failed(conn)?, conflicts::count_open(conn)?);
    first(rows, "health", |c| {
        Ok(Health {
            queue,
            failed,
            stuck_leases: c.count("stuck")?,
            exchange: exchange.clone(),
            conflicts_open,
            conflicts_resolved_24h: c.count("resolved")?,
            duplicates_24h: c.count("duplicates")?,
            timeouts_24h: c.count("timeouts")?,
            parked_rows: c.count("parked")?,
            failed_runs,
            rated_runs,
            unfinished_sales: c.count("unfinished")?,
        })
    })?
    .ok_or(StoreError::NoDevice)
}

/// From where on measures are alerts on this register; the defaults while nothing was set.
///
/// # Errors
/// Those of reading.
pub fn thresholds(conn: &Conn) -> Result<Thresholds, StoreError> {
    let kept = local::find_setting(conn, THRESHOLDS)?;
    Ok(kept.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// Sets from where on measures are alerts on this register.
///
/// # Errors
/// Those of writing.
pub fn set_thresholds(tx: &Tx<'_>, thresholds: &Thresholds) -> Result<(), StoreError> {
    let value = serde_json::to_value(thresholds).map_err(|e| StoreError::unwritable("device_setting", e))?;
    local::set_setting(tx, THRESHOLDS, &value)
}

/// Rows of these tables got through.
///
/// # Errors
/// Those of writing.
pub fn record_success<'a>(
    tx: &Tx<'_>,
    direction: Direction,
    entities: impl IntoIterator<Item = &'a str>,
    now_ms: i64,
) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO sync_success (entity, direction, at_ms) VALUES (:entity, :direction, :now)
         ON CONFLICT (entity, direction) DO UPDATE SET at_ms = excluded.at_ms",
    )?;
    for entity in entities {
        statement.execute(named_params! {
            ":entity": entity, ":direction": direction.as_str(), ":now": now_ms,
        })?;
    }
    Ok(())
}

/// When each table last got through in each direction.
///
/// # Errors
/// Those of reading.
pub fn list_successes(conn: &Conn) -> Result<Vec<LastSuccess>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT entity, direction, at_ms FROM sync_success ORDER BY entity, direction")?;
    all(statement.query([])?, "sync_success", |c| {
        Ok(LastSuccess { entity: c.get("entity")?, direction: c.get("direction")?, at_ms: c.get("at_ms")? })
    })
}

/// How the register stands, as a sample; `None` when one of the last minute is there. Only reads: counting a long
/// queue must not keep the writer. A clock that was set back does not stop the samples.
///
/// # Errors
/// Those of reading.
pub fn measure(conn: &Conn, online: bool, now_ms: i64) -> Result<Option<Sample>, StoreError> {
    let mut recent = conn.prepare_cached(
        "SELECT 1 FROM health_sample WHERE at_ms > :now - :every AND at_ms <= :now LIMIT 1",
    )?;
    if recent.exists(named_params! { ":now": now_ms, ":every": SAMPLE_EVERY_MS })? {
        return Ok(None);
    }
    let health = get(conn, now_ms)?;
    let alerts = health.alerts(&thresholds(conn)?, online, now_ms);
    let age = |since: Option<i64>| since.map(|at| now_ms.saturating_sub(at).max(0));
    Ok(Some(Sample {
        at_ms: now_ms,
        online,
        pending: health.queue.pending,
        in_flight: health.queue.in_flight,
        failed: health.failed,
        parked: health.queue.parked,
        dead: health.queue.dead,
        oldest_age_ms: age(health.queue.oldest_made_at_ms),
        stuck: health.stuck_leases,
        failed_runs: health.failed_runs,
        rated_runs: health.rated_runs,
        silence_ms: age(health.last_success_ms()),
        clock_offset_ms: health.exchange.clock_offset_ms,
        conflicts_open: health.conflicts_open,
        resolved_24h: health.conflicts_resolved_24h,
        duplicates_24h: health.duplicates_24h,
        timeouts_24h: health.timeouts_24h,
        alerts: alerts.into_iter().map(|alert| alert.as_str().to_owned()).collect(),
    }))
}

/// Keeps a sample, and drops those of more than a week before it.
///
/// # Errors
/// Those of writing.
pub fn keep(tx: &Tx<'_>, sample: &Sample) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR REPLACE INTO health_sample (at_ms, online, pending, in_flight, failed, parked, dead, oldest_age_ms,
             stuck, failed_runs, rated_runs, silence_ms, clock_offset_ms, conflicts_open, resolved_24h, duplicates_24h,
             timeouts_24h, alerts)
         VALUES (:at, :online, :pending, :in_flight, :failed, :parked, :dead, :oldest, :stuck, :failed_runs, :rated_runs,
             :silence, :offset, :open, :resolved, :duplicates, :timeouts, :alerts)",
    )?
    .execute(named_params! {
        ":at": sample.at_ms,
        ":online": sample.online,
        ":pending": int("health_sample.pending", sample.pending)?,
        ":in_flight": int("health_sample.in_flight", sample.in_flight)?,
        ":failed": int("health_sample.failed", sample.failed)?,
        ":parked": int("health_sample.parked", sample.parked)?,
        ":dead": int("health_sample.dead", sample.dead)?,
        ":oldest": sample.oldest_age_ms,
        ":stuck": int("health_sample.stuck", sample.stuck)?,
        ":failed_runs": sample.failed_runs,
        ":rated_runs": sample.rated_runs,
        ":silence": sample.silence_ms,
        ":offset": sample.clock_offset_ms,
        ":open": int("health_sample.conflicts_open", sample.conflicts_open)?,
        ":resolved": int("health_sample.resolved_24h", sample.resolved_24h)?,
        ":duplicates": int("health_sample.duplicates_24h", sample.duplicates_24h)?,
        ":timeouts": int("health_sample.timeouts_24h", sample.timeouts_24h)?,
        ":alerts": to_json("health_sample.alerts", &sample.alerts)?,
    })?;
    tx.prepare_cached("DELETE FROM health_sample WHERE at_ms < :before OR at_ms > :now")?.execute(
        named_params! { ":before": sample.at_ms.saturating_sub(KEEP_SAMPLES_MS), ":now": sample.at_ms },
    )?;
    Ok(())
}

/// Samples from `since_ms` on, oldest first, thinned out evenly to at most `limit`; the latest one is among them.
///
/// # Errors
/// Those of reading.
pub fn list_samples(conn: &Conn, since_ms: i64, limit: u32) -> Result<Vec<Sample>, StoreError> {
    let mut statement = conn.prepare_cached(
        "WITH numbered AS (
             SELECT *, row_number() OVER (ORDER BY at_ms DESC) - 1 AS back, count(*) OVER () AS n
             FROM health_sample WHERE at_ms >= :since
         )
         SELECT * FROM numbered WHERE back % ((n + :limit - 1) / :limit) = 0 ORDER BY at_ms",
    )?;
    let rows = statement.query(named_params! { ":since": since_ms, ":limit": limit.max(1) })?;
    all(rows, "health_sample", read_sample)
}

fn read_sample(c: &Columns<'_, '_>) -> Result<Sample, StoreError> {
    Ok(Sample {
        at_ms: c.get("at_ms")?,
        online: c.get("online")?,
        pending: c.count("pending")?,
        in_flight: c.count("in_flight")?,
        failed: c.count("failed")?,
        parked: c.count("parked")?,
        dead: c.count("dead")?,
        oldest_age_ms: c.get("oldest_age_ms")?,
        stuck: c.count("stuck")?,
        failed_runs: c.count("failed_runs")?,
        rated_runs: c.count("rated_runs")?,
        silence_ms: c.get("silence_ms")?,
        clock_offset_ms: c.get("clock_offset_ms")?,
        conflicts_open: c.count("conflicts_open")?,
        resolved_24h: c.count("resolved_24h")?,
        duplicates_24h: c.count("duplicates_24h")?,
        timeouts_24h: c.count("timeouts_24h")?,
        alerts: c.json("alerts")?,
    })
}

fn rate_runs(conn: &Conn) -> Result<(u32, u32), StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'failed') AS failed,
             count(*) FILTER (WHERE outcome <> 'cancelled') AS rated
         FROM (SELECT outcome FROM sync_run ORDER BY run_no DESC LIMIT :rated)",
    )?;
    let rows = statement.query(named_params! { ":rated": RATED_RUNS })?;
    Ok(first(rows, "sync_run", |c| Ok((c.count("failed")?, c.count("rated")?)))?.unwrap_or_default())
}
