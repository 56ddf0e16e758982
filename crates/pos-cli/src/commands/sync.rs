//! `comptoir sync`, `status` and `queue`: what the server has, and what waits.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::amount::{AtMs, Currency, Minor};
use crate::failure::Failure;
use crate::output::Report;
use crate::progress::watched;
use crate::session::Session;
use crate::table::{Lean, table};

/// The document of a round, as the commands answer it.
#[derive(Debug, Serialize, Deserialize)]
struct Round {
    pushed: u32,
    pulled: u32,
    refused: u32,
    conflicts: u32,
}

/// `comptoir sync`
pub(crate) async fn round(session: &Session) -> Result<Report, Failure> {
    session.shop().await?;
    let round: Round = watched(session, "sync", session.call("sync.now", json!({}))).await?;
    let Round { pushed, pulled, refused, conflicts } = &round;
    let words = format!("{pushed} sent, {pulled} rows received, {refused} refused, {conflicts} conflicts.\n");
    Report::done(&round, words)
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
    oldest_pending_ms: Option<AtMs>,
    last_success_ms: Option<AtMs>,
    next_attempt_ms: Option<AtMs>,
    last_error: Option<String>,
    alarm: Option<String>,
}

/// The state of the sync. Times are RFC 3339 in UTC.
#[derive(Debug, Serialize)]
struct StatusDocument {
    state: String,
    pending: u32,
    failed: u32,
    dead: u32,
    conflicts_open: u32,
    last_success: Option<String>,
    joined: bool,
    online: bool,
    paused: bool,
    in_flight: u32,
    oldest_pending: Option<String>,
    next_attempt: Option<String>,
    last_error: Option<String>,
    alarm: Option<String>,
}

/// `comptoir status`
pub(crate) async fn status(session: &Session) -> Result<Report, Failure> {
    session.shop().await?;
    let status: Status = session.call("sync.status", json!({})).await?;
    let words = status_words(&status);
    let time = |at: Option<AtMs>| at.map(AtMs::rfc3339);
    let document = StatusDocument {
        state: status.state,
        pending: status.pending,
        failed: status.failed,
        dead: status.dead,
        conflicts_open: status.conflicts_open,
        last_success: time(status.last_success_ms),
        joined: status.joined,
        online: status.online,
        paused: status.paused,
        in_flight: status.in_flight,
        oldest_pending: time(status.oldest_pending_ms),
        next_attempt: time(status.next_attempt_ms),
        last_error: status.last_error,
        alarm: status.alarm,
    };
    Report::done(&document, words)
}

fn status_words(status: &Status) -> String {
    let Status { state, pending, failed, dead, conflicts_open, .. } = status;
    let mut words = format!(
        "{state}: {pending} wait for the server, {failed} will be tried again, {dead} were refused for good, \
         {conflicts_open} conflicts are open.\n"
    );
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
    words
}

#[derive(Debug, Deserialize)]
struct Entry {
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
struct EntryDocument {
    op_id: String,
    seq: i64,
    kind: String,
    subject: String,
    amount: Option<String>,
    state: String,
    attempts: u32,
    made_at: String,
    next_due_at: Option<String>,
    error_code: Option<String>,
    error_detail: Option<String>,
}

impl EntryDocument {
    fn new(entry: Entry, currency: &Currency) -> Self {
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

/// `comptoir queue`
pub(crate) async fn queue(session: &Session, all: bool, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let entries: Vec<Entry> = session.list("sync.queue", json!({ "acknowledged": all }), limit).await?;
    let documents: Vec<EntryDocument> =
        entries.into_iter().map(|entry| EntryDocument::new(entry, &currency)).collect();
    let rows: Vec<[String; 6]> = documents
        .iter()
        .map(|e| {
            let why = e.error_code.clone().unwrap_or_default();
            let amount = e.amount.clone().unwrap_or_default();
            [e.seq.to_string(), e.state.clone(), e.kind.clone(), e.subject.clone(), amount, why]
        })
        .collect();
    let columns = [
        ("seq", Lean::Right),
        ("state", Lean::Left),
        ("kind", Lean::Left),
        ("about", Lean::Left),
        ("amount", Lean::Right),
        ("why", Lean::Left),
    ];
    let words =
        if rows.is_empty() { "Nothing waits for the server.\n".to_owned() } else { table(columns, &rows) };
    Report::done(&documents, words)
}
