//! What is asked of conflicts.

use pos_domain::merge::Fields;
use pos_domain::{ConflictChoice, ConflictId};
use serde::Deserialize;
use ts_rs::TS;

/// `conflict.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListConflicts {
    /// Also those that are decided.
    #[serde(default)]
    pub resolved: bool,
}

/// `conflict.get`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneConflict {
    /// Which.
    pub conflict_id: ConflictId,
}

/// `conflict.resolve`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ResolveConflict {
    /// Which.
    pub conflict_id: ConflictId,
    /// How.
    pub choice: ConflictChoice,
    /// For `merge`: the value of each disputed field.
    #[serde(default)]
    #[ts(type = "Record<string, unknown>")]
    pub fields: Fields,
    /// Remark.
    pub note: Option<String>,
}

/// `conflict.reopen`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ReopenConflict {
    /// Which.
    pub conflict_id: ConflictId,
    /// Remark.
    pub note: Option<String>,
}
