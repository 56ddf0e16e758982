//! Conflicts and the audit trail as shown.

use pos_domain::Conflict;
use serde::Serialize;
use ts_rs::TS;

/// A conflict as this register shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct ConflictView {
    /// The conflict.
    pub conflict: Conflict,
    /// This register brought the disputed change.
    pub mine: bool,
    /// Printed number of the sale it is about, when this register made it.
    pub sale_number: Option<String>,
    /// A decision made here is on its way to the server.
    pub deciding: bool,
    /// The last decision can be taken back.
    pub can_reopen: bool,
}

/// One line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AuditEntry {
    /// Rises with time; a page ends with the number that the next one begins below.
    #[ts(type = "number")]
    pub audit_no: i64,
    /// When.
    pub at_ms: i64,
    /// What: a stable code.
    pub what: String,
    /// What it is about.
    pub subject: String,
    /// Who.
    pub actor: Option<String>,
    /// Details by name.
    #[ts(type = "Record<string, unknown>")]
    pub params: serde_json::Value,
}
