//! `comptoir sync`, `status` and `queue`: what the server has, and what waits.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::backup::{ReadingDocument, Shown};
use crate::amount::{AtMs, Currency, Minor};
use crate::failure::Failure;
use crate::output::Report;
use crate::progress::watched;
use crate::session::Session;

/// The document of a round, as the commands answer it.
#[derive(Debug, Serialize, Deserialize)]
struct Round {
    pushed: u32,
    pulled: u32,
    refused: u32,
    conflicts: u32,
    pictures: u32,
}

/// `comptoir sync`
pub(crate) async fn round(session: &Session) -> Result<Report, Failure> {
    session.shop().await?;
    let round: Round = watched(session, "sync", session.call("sync.now", json!({}))).await?;
    let Round { pushed, pulled, refused, conflicts, pictures } = &round;
    let mut words =
        format!("{pushed} sent, {pulled} rows received, {refused} refused, {conflicts} conflicts.\n");
    if *pictures > 0 {
        words.push_str(&format!("{pictures} pictures sent or received.\n"));
    }
    Report::done(&round, words)
}

#[derive(Debug, Serialize, Deserialize)]
struct Difference {
    entity: String,
    id: String,
    subject: Option<String>,
    what: String,
}

#[derive(Debug, Deserialize)]
struct Comparison {
    outcome: String,
    rows: u32,
    differences: Vec<Difference>,
}

/// A round and the comparison after it.
#[derive(Debug, Serialize)]
struct ComparedRound {
    #[serde(flatten)]
    round: Round,
    outcome: String,
    compared: u32,
    differences: Vec<Difference>,
}

/// `comptoir sync --compare`
pub(crate) async fn compare(session: &Session) -> Result<Report, Failure> {
    session.shop().await?;
    let round: Round = watched(session, "sync", session.call("sync.now", json!({}))).await?;
    let comparison: Option<Comparison> = session.call("sync.compare", json!({})).await?;
    let Comparison { outcome, rows, differences } = comparison.unwrap_or_else(|| Comparison {
        outcome: "unfinished".to_owned(),
        rows: 0,
        differences: Vec::new(),
    });
    let mut words = match outcome.as_str() {
        "done" if differences.is_empty() => format!("{rows} rows compared: the same on both sides.\n"),
        "done" => format!("{rows} rows compared; these differed and are now as the server has them:\n"),
        "not_offered" => "The server is of an older version and cannot compare.\n".to_owned(),
        _ => "Not compared to the end: rows were changing, or the server stopped answering. Try again.\n"
            .to_owned(),
    };
    for Difference { entity, id, subject, what } in &differences {
        words.push_str(&format!("{what}: {entity} {}\n", subject.as_ref().unwrap_or(id)));
    }
    Report::done(&ComparedRound { round, outcome, compared: rows, differences }, words)
}

#[derive(Debug, Deserialize)]
struct DryRun {
    push: Vec<(String, u32)>,
    invalid: Vec<Entry>,
    pull: Option<u32>,
}

/// What a round would do; nothing was sent. `pull` is null when the server cannot be asked.
#[derive(Debug, Serialize)]
struct DryRunDocument {
    dry_run: bool,
    push: u32,
    push_by_kind: Map<String, Value>,
    pull: Option<u32>,
    invalid: Vec<EntryDocument>,
}

/// `comptoir sync --dry-run`
pub(crate) async fn dry_run(session: &Session) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let DryRun { push, invalid, pull } = session.call("sync.dry_run", json!({})).await?;
    let document = DryRunDocument {
        dry_run: true,
        push: push.iter().map(|(_, count)| count).sum(),
        push_by_kind: push.into_iter().map(|(kind, count)| (kind, count.into())).collect(),
        pull,
        invalid: invalid.into_iter().map(|entry| EntryDocument::new(entry, &currency)).collect(),
    };
    let rows =
        pull.map_or_else(|| "the server cannot be asked".to_owned(), |n| format!("{n} rows to receive"));
    let mut words = format!("{} to send, {rows}; nothing was sent.\n", document.push);
    for (kind, count) in &document.push_by_kind {
        words.push_str(&format!("to send: {count} {kind}\n"));
    }
    for EntryDocument { kind, subject, error_code, .. } in &document.invalid {
        let why = error_code.as_deref().unwrap_or("invalid");
        words.push_str(&format!("cannot be sent: {kind} {subject}: {why}\n"));
    }
    Report::done(&document, words)
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
    joined: bool,
    online: bool,
    paused: bool,
    pending: u32,
    in_flight: u32,
    failed: u32,
    dead: u32,
    conflicts_open: u32,
    pictures: Pictures,
    oldest_pending_ms: Option<AtMs>,
    last_success_ms: Option<AtMs>,
    next_attempt_ms: Option<AtMs>,
    last_error: Option<String>,
    alarm: Option<String>,
}

/// Pictures that are not where they belong yet.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Pictures {
    to_send: u32,
    to_fetch: u32,
    broken: u32,
}

/// The state of the sync. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize)]
struct StatusDocument {
    state: String,
    pending: u32,
    failed: u32,
    dead: u32,
    conflicts_open: u32,
    pictures: Pictures,
    last_success: Option<String>,
    joined: bool,
    online: bool,
    paused: bool,
    in_flight: u32,
    oldest_pending: Option<String>,
    next_attempt: Option<String>,
    last_error: Option<String>,
    alarm: Option<String>,
    last_reading: Option<ReadingDocument>,
    health: HealthDocument,
}

/// Measures of the sync, and the alerts that follow from them.
#[derive(Debug, Serialize)]
struct HealthDocument {
    parked: u32,
    stuck: u32,
    error_rate_percent: u32,
    clock_offset_ms: Option<i64>,
    last_push: Option<String>,
    last_pull: Option<String>,
    tables: Vec<Value>,
    conflicts_resolved_24h: u32,
    idempotency_hits_24h: u32,
    timeouts_24h: u32,
    countersigned_number: i64,
    last_number: i64,
    thresholds: Value,
    alerts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Health {
    parked: u32,
    stuck: u32,
    error_rate_percent: u32,
    clock_offset_ms: Option<i64>,
    last_push_ms: Option<AtMs>,
    last_pull_ms: Option<AtMs>,
    tables: Vec<TableSuccess>,
    resolved_24h: u32,
    duplicates_24h: u32,
    timeouts_24h: u32,
    countersigned_number: i64,
    last_number: i64,
    thresholds: Value,
    alerts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct TableSuccess {
    entity: String,
    direction: String,
    at_ms: AtMs,
}

impl HealthDocument {
    fn new(health: Health) -> Self {
        let table = |t: TableSuccess| json!({ "table": t.entity, "direction": t.direction, "last_success": t.at_ms.rfc3339() });
        Self {
            parked: health.parked,
            stuck: health.stuck,
            error_rate_percent: health.error_rate_percent,
            clock_offset_ms: health.clock_offset_ms,
            last_push: health.last_push_ms.map(AtMs::rfc3339),
            last_pull: health.last_pull_ms.map(AtMs::rfc3339),
            tables: health.tables.into_iter().map(table).collect(),
            conflicts_resolved_24h: health.resolved_24h,
            idempotency_hits_24h: health.duplicates_24h,
            timeouts_24h: health.timeouts_24h,
            countersigned_number: health.countersigned_number,
            last_number: health.last_number,
            thresholds: health.thresholds,
            alerts: health.alerts,
        }
    }
}

/// `comptoir status`
pub(crate) async fn status(session: &Session) -> Result<Report, Failure> {
    session.shop().await?;
    let status: Status = session.call("sync.status", json!({})).await?;
    let health: Health = session.call("sync.health", json!({})).await?;
    let recovery: Shown = session.call("recovery.report", json!({})).await?;
    let mut words = status_words(&status, &health.alerts);
    if let Some(reading) = &recovery.reading {
        words.push_str(&reading.words());
    }
    let time = |at: Option<AtMs>| at.map(AtMs::rfc3339);
    let document = StatusDocument {
        state: status.state,
        pending: status.pending,
        failed: status.failed,
        dead: status.dead,
        conflicts_open: status.conflicts_open,
        pictures: status.pictures,
        last_success: time(status.last_success_ms),
        joined: status.joined,
        online: status.online,
        paused: status.paused,
        in_flight: status.in_flight,
        oldest_pending: time(status.oldest_pending_ms),
        next_attempt: time(status.next_attempt_ms),
        last_error: status.last_error,
        alarm: status.alarm,
        last_reading: recovery.reading.map(ReadingDocument::from),
        health: HealthDocument::new(health),
    };
    Report::done(&document, words)
}

fn status_words(status: &Status, alerts: &[String]) -> String {
    let Status { state, pending, failed, dead, conflicts_open, .. } = status;
    let mut words = format!(
        "{state}: {pending} wait for the server, {failed} will be tried again, {dead} were refused for good, \
         {conflicts_open} conflicts are open.\n"
    );
    let Pictures { to_send, to_fetch, broken } = status.pictures;
    if to_send + to_fetch + broken > 0 {
        words.push_str(&format!(
            "Pictures: {to_send} wait to be sent, {to_fetch} to be fetched, {broken} were given up.\n"
        ));
    }
    if !status.joined {
        words.push_str("This shop has no server.\n");
    }
    if status.paused {
        words.push_str("Sync is paused.\n");
    }
    if let Some(at) = status.last_success_ms {
        words.push_str(&format!("Last exchange with the server: {}\n", at.local()));
    }
    for (what, code) in [("Last attempt failed", &status.last_error), ("Alarm", &status.alarm)] {
        if let Some(code) = code {
            words.push_str(&format!("{what}: {code}\n"));
        }
    }
    for alert in alerts {
        words.push_str(&format!("Alert: {alert}\n"));
    }
    words
}

/// An operation as the commands answer it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    op_id: String,
    seq: i64,
    kind: String,
    subject: String,
    amount: Option<Minor>,
    state: String,
    attempts: u32,
    made_at_ms: AtMs,
    next_due_at_ms: Option<AtMs>,
    error_code: Option<String>,
    error_detail: Option<String>,
}

/// An operation of the queue.
#[derive(Debug, Serialize)]
pub(super) struct EntryDocument {
    pub(super) op_id: String,
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) amount: Option<String>,
    pub(super) state: String,
    attempts: u32,
    made_at: String,
    next_due_at: Option<String>,
    pub(super) error_code: Option<String>,
    error_detail: Option<String>,
}

impl EntryDocument {
    /// As the shell tells it.
    pub(super) fn new(entry: Entry, currency: &Currency) -> Self {
        Self {
            op_id: entry.op_id,
            seq: entry.seq,
            kind: entry.kind,
            subject: entry.subject,
            amount: entry.amount.map(|amount| amount.text(currency)),
            state: entry.state,
            attempts: entry.attempts,
            made_at: entry.made_at_ms.rfc3339(),
            next_due_at: entry.next_due_at_ms.map(AtMs::rfc3339),
            error_code: entry.error_code,
            error_detail: entry.error_detail,
        }
    }
}
