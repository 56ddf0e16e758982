//! Counters for `/metrics`, in the text format of Prometheus: of the business, and of each of its registers. No label
//! holds a name, an id or a number of a customer.

mod devices;

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use pos_domain::TenantId;
use pos_protocol::{Problem, Verdict};

use crate::push::PieceAnswer;

pub(crate) use devices::Devices;

/// Names of verdicts, in the order of [`verdict_slot`].
const VERDICTS: [&str; 10] = [
    "applied",
    "insufficient_stock",
    "rejected",
    "conflict",
    "blocked_by",
    "gap",
    "body_mismatch",
    "stale_epoch",
    "unknown_kind",
    "retry",
];

/// What the server has done since it started.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    commits: AtomicU64,
    pushes: AtomicU64,
    duplicates: AtomicU64,
    chain_faults: AtomicU64,
    verdicts: [AtomicU64; VERDICTS.len()],
    pub(crate) pulls: AtomicU64,
    pub(crate) snapshot_pages: AtomicU64,
    pub(crate) rows_sent: AtomicU64,
    pub(crate) pairings: AtomicU64,
    pub(crate) refused_requests: AtomicU64,
    pub(crate) devices: Devices,
}

/// What only the database knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauges {
    pub(crate) tenant_id: TenantId,
    pub(crate) server_epoch: u32,
    pub(crate) feed_seq: u64,
    pub(crate) devices: u64,
    pub(crate) conflicts_open: u64,
    pub(crate) conflicts_resolved_24h: u64,
    pub(crate) quarantined: u64,
    /// When the last backup was made, in seconds since 1970 UTC; 0 without one.
    pub(crate) last_backup_s: u64,
}

impl Metrics {
    /// Counts a committed batch.
    pub(crate) fn record_batch(&self, answers: &[Result<PieceAnswer, Problem>]) {
        add(&self.commits, 1);
        for answer in answers {
            add(&self.pushes, 1);
            let Ok(PieceAnswer { response: answer, .. }) = answer else { continue };
            if answer.chain_fault.is_some() {
                add(&self.chain_faults, 1);
            }
            for verdict in &answer.verdicts {
                if verdict.duplicate {
                    add(&self.duplicates, 1);
                }
                if let Some(counter) = self.verdicts.get(verdict_slot(&verdict.verdict)) {
                    add(counter, 1);
                }
            }
        }
    }

    /// The page that Prometheus reads.
    pub(crate) fn to_text(&self, gauges: Gauges) -> String {
        let mut text = String::new();
        metric(&mut text, "comptoir_business_info", "Which business this server serves", "gauge");
        let label = format!("{{tenant=\"{}\",server_epoch=\"{}\"}}", gauges.tenant_id, gauges.server_epoch);
        line(&mut text, "comptoir_business_info", &label, 1);
        let counters = [
            ("comptoir_commits_total", "Transactions committed for pushes", &self.commits),
            ("comptoir_pushes_total", "Pushes answered", &self.pushes),
            ("comptoir_duplicates_total", "Operations that had come before", &self.duplicates),
            ("comptoir_chain_faults_total", "Pushes with a chain link that did not fit", &self.chain_faults),
            ("comptoir_pulls_total", "Pages of the feed sent", &self.pulls),
            ("comptoir_snapshot_pages_total", "Pages of first syncs sent", &self.snapshot_pages),
            ("comptoir_rows_sent_total", "Rows in pages sent", &self.rows_sent),
            ("comptoir_pairings_total", "Registers that joined", &self.pairings),
            ("comptoir_refused_requests_total", "Requests answered with a problem", &self.refused_requests),
        ];
        for (name, help, counter) in counters {
            metric(&mut text, name, help, "counter");
            line(&mut text, name, "", counter.load(Ordering::Relaxed));
        }
        metric(&mut text, "comptoir_verdicts_total", "Operations by verdict", "counter");
        for (name, counter) in VERDICTS.iter().zip(&self.verdicts) {
            let label = format!("{{verdict=\"{name}\"}}");
            line(&mut text, "comptoir_verdicts_total", &label, counter.load(Ordering::Relaxed));
        }
        for (name, help, value) in [
            ("comptoir_feed_seq", "Last seq of the feed", gauges.feed_seq),
            ("comptoir_devices", "Registers that may sync", gauges.devices),
            ("comptoir_conflicts_open", "Conflicts that wait for a person", gauges.conflicts_open),
            (
                "comptoir_conflicts_resolved_24h",
                "Conflicts decided in the last 24 hours",
                gauges.conflicts_resolved_24h,
            ),
            ("comptoir_quarantined", "Operations and links kept aside", gauges.quarantined),
            (
                "comptoir_last_backup_seconds",
                "When the last backup was made, in seconds since 1970 UTC; 0 without one",
                gauges.last_backup_s,
            ),
        ] {
            metric(&mut text, name, help, "gauge");
            line(&mut text, name, "", value);
        }
        self.devices.write(&mut text);
        text
    }
}

/// Adds to a counter.
pub(crate) fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

// Writing to a String cannot fail.
fn metric(text: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, label: &str, value: u64) {
    let _ = writeln!(text, "{name}{label} {value}");
}

fn verdict_slot(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Applied { .. } => 0,
        Verdict::InsufficientStock { .. } => 1,
        Verdict::Rejected { .. } => 2,
        Verdict::Conflict { .. } => 3,
        Verdict::BlockedBy { .. } => 4,
        Verdict::Gap { .. } => 5,
        Verdict::BodyMismatch => 6,
        Verdict::StaleEpoch { .. } => 7,
        Verdict::UnknownKind => 8,
        Verdict::Retry { .. } => 9,
    }
}
