//! How well the sync goes: measures, alerts, samples over time, and from where on a measure is an alert.

use pos_store::health::{self, Alert, Sample, Thresholds};
use pos_store::{Conn, device};

use super::catalogue::MAX_PAGE;
use super::sync::u32_of;
use crate::app::App;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{AlertThresholds, HealthSample, HealthView, TableSuccess};

/// Milliseconds of a minute.
const MINUTE_MS: i64 = 60 * 1_000;
/// Milliseconds of a second.
const SECOND_MS: i64 = 1_000;

impl App {
    /// `sync.health`
    pub async fn sync_health(&self) -> Result<Outcome<HealthView>, AppError> {
        let (now_ms, online) = (self.now_ms(), self.is_online());
        Ok(Outcome::read(self.read(move |conn| view(conn, online, now_ms)).await?))
    }

    /// `sync.health_history`, oldest first.
    pub async fn sync_health_history(
        &self,
        since_ms: Option<i64>,
        limit: u32,
    ) -> Result<Outcome<Vec<HealthSample>>, AppError> {
        let samples = self
            .read(move |conn| {
                let limit = limit.clamp(1, MAX_PAGE);
                Ok(health::list_samples(conn, since_ms.unwrap_or(i64::MIN), limit)?)
            })
            .await?;
        Ok(Outcome::read(samples.into_iter().map(sample_view).collect()))
    }

    /// `sync.set_alerts`: from where on a measure is an alert on this register.
    pub async fn set_alerts(&self, to: AlertThresholds) -> Result<Outcome<HealthView>, AppError> {
        if to.error_rate_percent > 100 {
            return Err(AppError::input("error_rate_percent", "too_large"));
        }
        let (now_ms, online) = (self.now_ms(), self.is_online());
        let view = self
            .write(move |tx| {
                let thresholds = Thresholds {
                    error_rate_percent: to.error_rate_percent,
                    stuck: to.stuck,
                    silence_ms: i64::from(to.silence_minutes).saturating_mul(MINUTE_MS),
                    dead: to.dead,
                    clock_offset_ms: i64::from(to.clock_offset_seconds).saturating_mul(SECOND_MS),
                };
                health::set_thresholds(tx, &thresholds)?;
                view(tx, online, now_ms)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Sync]))
    }
}

fn view(conn: &Conn, online: bool, now_ms: i64) -> Result<HealthView, AppError> {
    let health = health::get(conn, now_ms)?;
    let thresholds = health::thresholds(conn)?;
    let alerts = health.alerts(&thresholds, online, now_ms);
    let device = device::get(conn)?;
    let tables = health::list_successes(conn)?
        .into_iter()
        .map(|s| TableSuccess { entity: s.entity, direction: s.direction, at_ms: s.at_ms })
        .collect();
    Ok(HealthView {
        pending: u32_of(health.queue.pending.saturating_add(health.queue.in_flight)),
        in_flight: u32_of(health.queue.in_flight),
        failed: u32_of(health.failed),
        parked: u32_of(health.queue.parked),
        dead: u32_of(health.queue.dead),
        oldest_pending_ms: health.queue.oldest_made_at_ms,
        error_rate_percent: health.error_rate_percent(),
        rated_runs: health.rated_runs,
        stuck: u32_of(health.stuck_leases),
        clock_offset_ms: health.exchange.clock_offset_ms,
        last_push_ms: health.exchange.last_push_ok_ms,
        last_pull_ms: health.exchange.last_pull_ok_ms,
        tables,
        conflicts_open: u32_of(health.conflicts_open),
        resolved_24h: u32_of(health.conflicts_resolved_24h),
        duplicates_24h: u32_of(health.duplicates_24h),
        timeouts_24h: u32_of(health.timeouts_24h),
        countersigned_number: i64::try_from(device.countersigned.number).unwrap_or(i64::MAX),
        last_number: i64::try_from(device.head.number).unwrap_or(i64::MAX),
        thresholds: AlertThresholds {
            error_rate_percent: thresholds.error_rate_percent,
            stuck: thresholds.stuck,
            silence_minutes: whole(thresholds.silence_ms, MINUTE_MS),
            dead: thresholds.dead,
            clock_offset_seconds: whole(thresholds.clock_offset_ms, SECOND_MS),
        },
        alerts: alerts.into_iter().map(|alert: Alert| alert.as_str().to_owned()).collect(),
    })
}

fn whole(ms: i64, unit_ms: i64) -> u32 {
    u32::try_from(ms.checked_div(unit_ms).unwrap_or(0)).unwrap_or(u32::MAX)
}

fn sample_view(sample: Sample) -> HealthSample {
    let rate = sample.failed_runs.saturating_mul(100).checked_div(sample.rated_runs).unwrap_or(0);
    HealthSample {
        at_ms: sample.at_ms,
        online: sample.online,
        pending: u32_of(sample.pending),
        in_flight: u32_of(sample.in_flight),
        failed: u32_of(sample.failed),
        parked: u32_of(sample.parked),
        dead: u32_of(sample.dead),
        oldest_age_ms: sample.oldest_age_ms,
        stuck: u32_of(sample.stuck),
        error_rate_percent: rate,
        silence_ms: sample.silence_ms,
        clock_offset_ms: sample.clock_offset_ms,
        conflicts_open: u32_of(sample.conflicts_open),
        resolved_24h: u32_of(sample.resolved_24h),
        duplicates_24h: u32_of(sample.duplicates_24h),
        timeouts_24h: u32_of(sample.timeouts_24h),
        alerts: sample.alerts,
    }
}
