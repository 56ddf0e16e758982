//! The sync panel.

use pos_domain::OpId;
use serde::Serialize;
use ts_rs::TS;

use super::picture::PictureCounts;

/// The state in one word; also the `data-state` of the indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SyncStateWord {
    /// Everything is on the server.
    Synced,
    /// Something waits and is on its way.
    Pending,
    /// The server cannot be reached, or there is none.
    Offline,
    /// A person must look.
    Attention,
}

/// The sync panel's head, and the indicator on every screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SyncStatusView {
    /// In one word.
    pub state: SyncStateWord,
    /// The shop has a server.
    pub joined: bool,
    /// The server answers.
    pub online: bool,
    /// A person paused sync.
    pub paused: bool,
    /// Operations that wait for the server's verdict, those in flight included.
    pub pending: u32,
    /// Operations in flight.
    pub in_flight: u32,
    /// Operations that failed for a passing reason and will be tried again.
    pub failed: u32,
    /// Operations that the server refused for good; a person must look.
    pub dead: u32,
    /// Open conflicts.
    pub conflicts_open: u32,
    /// Pictures that are not where they belong yet. Nothing else waits for them.
    pub pictures: PictureCounts,
    /// Since when the oldest operation waits.
    pub oldest_pending_ms: Option<i64>,
    /// When the last exchange with the server succeeded.
    pub last_success_ms: Option<i64>,
    /// When the next attempt is due.
    pub next_attempt_ms: Option<i64>,
    /// Why the last attempt failed: a stable code such as `sync.unreachable`.
    pub last_error: Option<String>,
    /// An alarm that stops a lane: a stable code such as `alarm.body_mismatch`.
    pub alarm: Option<String>,
    /// The first sync, while it runs.
    pub first_sync: Option<FirstSyncProgress>,
}

/// How far the first sync is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct FirstSyncProgress {
    /// Kind of rows being loaded.
    pub entity: String,
    /// Rows loaded of all kinds.
    pub rows: u32,
    /// Rows in all.
    pub total: u32,
    /// Selling is possible already.
    pub can_sell: bool,
}

/// State of a queued operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    /// Waits for its turn.
    Pending,
    /// Being sent.
    InFlight,
    /// The server has it.
    Acknowledged,
    /// The server refused it and the sale was rolled back.
    Rejected,
    /// Waits for another operation or for an update.
    Parked,
    /// Refused for good; a person must look.
    Dead,
}

/// One operation in the panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct QueueEntry {
    /// Which.
    pub op_id: OpId,
    /// Place in the register's own order.
    pub seq: i64,
    /// Kind of command.
    pub kind: String,
    /// What it is about, in the shop's words: a receipt number, a product's name.
    pub subject: String,
    /// Amount, for sales.
    pub amount: Option<i64>,
    /// State.
    pub state: QueueState,
    /// Times it was sent.
    pub attempts: u32,
    /// When it was made.
    pub made_at_ms: i64,
    /// When it is tried again.
    pub next_due_at_ms: Option<i64>,
    /// Why it did not go through: a stable code.
    pub error_code: Option<String>,
    /// Detail of the error, for support.
    pub error_detail: Option<String>,
}

/// One line of the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct SyncRunView {
    /// When it began.
    pub started_at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// `push`, `pull`, `first_sync` or `round`.
    pub kind: String,
    /// Operations sent.
    pub pushed: u32,
    /// Rows received.
    pub pulled: u32,
    /// Operations refused.
    pub refused: u32,
    /// Conflicts opened.
    pub conflicts: u32,
    /// Why it ended early: a stable code.
    pub error: Option<String>,
}

/// What one full round did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, TS)]
pub struct RoundReport {
    /// Operations that the server applied.
    pub pushed: u32,
    /// Rows received.
    pub pulled: u32,
    /// Operations that the server refused.
    pub refused: u32,
    /// Conflicts opened.
    pub conflicts: u32,
    /// Pictures that were sent or fetched. The window's follow by themselves.
    pub pictures: u32,
}

/// What a round would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DryRun {
    /// Operations that would be sent, by kind.
    pub push: Vec<(String, u32)>,
    /// Operations that would not leave because they are invalid.
    pub invalid: Vec<QueueEntry>,
    /// Rows that wait on the server; none when it cannot be asked.
    pub pull: Option<u32>,
}

/// Result of "is my data right?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct VerifyReport {
    /// Nothing is wrong.
    pub ok: bool,
    /// What is wrong.
    pub findings: Vec<VerifyFinding>,
    /// Final documents checked.
    pub documents: u32,
    /// Movements checked.
    pub movements: u32,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct VerifyFinding {
    /// What: a stable code.
    pub code: String,
    /// Where: a receipt number, a product's code.
    pub subject: String,
    /// In words.
    pub detail: String,
}

/// What comparing this register's rows with the server's found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ComparisonView {
    /// When.
    pub at_ms: i64,
    /// How it ended.
    pub outcome: ComparisonOutcomeWord,
    /// Rows of the server that were compared.
    pub rows: u32,
    /// Rows that differed; they are written as the server has them.
    pub differences: Vec<DifferenceView>,
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonOutcomeWord {
    /// Both sides were the same, or are now.
    Done,
    /// Rows changed all the time; it is tried again soon.
    PutOff,
    /// The server is older and cannot compare.
    NotOffered,
}

/// A row that differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct DifferenceView {
    /// Kind of row, such as `product`.
    pub entity: String,
    /// The row.
    pub id: String,
    /// Its name here, when it has one.
    pub subject: Option<String>,
    /// In what it differed.
    pub what: DifferenceWord,
}

/// In what a row differed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceWord {
    /// The server has it, the register had not.
    Missing,
    /// The register had it, the server has not.
    Surplus,
    /// They held other fields.
    Unequal,
}
