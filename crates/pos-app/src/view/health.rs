//! Health of the sync: measures of now, alerts, and samples over time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// From where on a measure is an alert. A value at the threshold is still well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertThresholds {
    /// Part of the last runs that failed, in percent.
    pub error_rate_percent: u32,
    /// Operations whose lease ran out.
    pub stuck: u32,
    /// Minutes without a success while the server answers.
    pub silence_minutes: u32,
    /// Operations that were refused for good.
    pub dead: u32,
    /// Seconds by which the clocks differ.
    pub clock_offset_seconds: u32,
}

/// When rows of a table last got through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct TableSuccess {
    /// Kind of row, or `sale`.
    pub entity: String,
    /// `push` or `pull`.
    pub direction: String,
    /// When.
    pub at_ms: i64,
}

/// Health of the sync, computed from the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HealthView {
    /// Operations that wait for the server, those in flight included.
    pub pending: u32,
    /// Operations in flight.
    pub in_flight: u32,
    /// Operations that failed for a passing reason and will be tried again.
    pub failed: u32,
    /// Operations that wait for another one or for an update.
    pub parked: u32,
    /// Operations that were refused for good.
    pub dead: u32,
    /// Since when the oldest operation waits.
    pub oldest_pending_ms: Option<i64>,
    /// Part of the last runs that failed, in percent.
    pub error_rate_percent: u32,
    /// How many runs that is computed over.
    pub rated_runs: u32,
    /// Operations whose lease ran out.
    pub stuck: u32,
    /// The register's clock against the server's, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// When the last push succeeded.
    pub last_push_ms: Option<i64>,
    /// When the last pull succeeded.
    pub last_pull_ms: Option<i64>,
    /// The same by table and direction.
    pub tables: Vec<TableSuccess>,
    /// Conflicts that wait for a person.
    pub conflicts_open: u32,
    /// Conflicts resolved in the last 24 hours.
    pub resolved_24h: u32,
    /// Operations of the last 24 hours that the server had seen before.
    pub duplicates_24h: u32,
    /// Runs of the last 24 hours that ended without an answer.
    pub timeouts_24h: u32,
    /// Receipts that the server has countersigned.
    pub countersigned_number: i64,
    /// Receipts in all.
    pub last_number: i64,
    /// From where on a measure is an alert.
    pub thresholds: AlertThresholds,
    /// Thresholds that are exceeded: `alert.error_rate`, `alert.stuck`, `alert.silence`, `alert.dead`, `alert.clock`.
    pub alerts: Vec<String>,
}

/// How the sync stood at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct HealthSample {
    /// When.
    pub at_ms: i64,
    /// The server answered.
    pub online: bool,
    /// Operations that waited for their turn.
    pub pending: u32,
    /// Operations in flight.
    pub in_flight: u32,
    /// Operations that would be tried again.
    pub failed: u32,
    /// Operations that waited for another one or for an update.
    pub parked: u32,
    /// Operations that were refused for good.
    pub dead: u32,
    /// How old the oldest waiting operation was, in milliseconds.
    pub oldest_age_ms: Option<i64>,
    /// Operations whose lease had run out.
    pub stuck: u32,
    /// Part of the last runs that failed, in percent.
    pub error_rate_percent: u32,
    /// Time since the last success, in milliseconds.
    pub silence_ms: Option<i64>,
    /// The register's clock against the server's, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// Conflicts that waited for a person.
    pub conflicts_open: u32,
    /// Conflicts resolved in the 24 hours before.
    pub resolved_24h: u32,
    /// Operations of the 24 hours before that the server had seen already.
    pub duplicates_24h: u32,
    /// Runs of the 24 hours before that ended without an answer.
    pub timeouts_24h: u32,
    /// Thresholds that were exceeded.
    pub alerts: Vec<String>,
}
