//! The queue's tools: what was refused for good, what can be done about it, and the queue as a file.

use pos_domain::merge::Fields;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::conflict::AuditEntry;
use super::sync::QueueEntry;

/// An operation that was refused for good, with what a person can do about it. Trying it again is always possible.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct DeadOperation {
    /// The operation and why it was refused.
    pub operation: QueueEntry,
    /// Kind of the row that it makes or changes.
    pub entity: Option<String>,
    /// Path of the field that was refused, such as `fields.price` or `lines[2].item.qty`.
    pub field: Option<String>,
    /// What was wrong with it, for support.
    pub detail: Option<String>,
    /// The fields that it sets, when a corrected operation can take its place: amounts in minor units, rates in parts
    /// per million.
    #[ts(type = "Record<string, unknown> | null")]
    pub fields: Option<Fields>,
    /// Why it cannot be given up: `document` (a sale), `alarm` (the server may hold it), `awaited` (a sale needs the
    /// row that it makes). None when it can.
    pub hold: Option<String>,
    /// Operations that wait for it.
    pub waiting: u32,
}

/// Everything about one operation.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct OperationView {
    /// The operation.
    pub operation: QueueEntry,
    /// `admit`, `fact` or `withdraw`.
    pub mode: String,
    /// Version of the kind.
    pub kind_version: u16,
    /// Size of its body in bytes.
    pub bytes: u32,
    /// What the server must have before.
    pub depends_on: Vec<QueueEntry>,
    /// Operations that wait for it.
    pub waiting: u32,
    /// The body as it is sent; none once it was dropped.
    pub body: Option<String>,
    /// What people did about it, oldest first.
    pub history: Vec<AuditEntry>,
}

/// An operation was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Discarded {
    /// Operations that had waited for it and go on.
    pub freed: u32,
}

/// Operations were tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Retried {
    /// How many were taken up again, those that had waited for them not counted.
    pub operations: u32,
}

/// How the queue is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One JSON object a line.
    JsonLines,
    /// A table with a header.
    Csv,
}

impl ExportFormat {
    /// Ending of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// Which operations are written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportScope {
    /// Those that were refused for good.
    Dead,
    /// All that the server does not have.
    Open,
    /// All that this register ever made.
    All,
}

/// The queue was written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct QueueExport {
    /// Where to.
    pub file: String,
    /// How many operations.
    pub operations: u32,
}
