//! What is asked of the queue, its dead letters and the health of the sync.

use pos_app::view::{AlertThresholds, ExportFormat, ExportScope};
use pos_domain::OpId;
use pos_domain::merge::Fields;
use serde::Deserialize;
use ts_rs::TS;

/// `sync.queue`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListQueue {
    /// Also operations that the server has.
    #[serde(default)]
    pub acknowledged: bool,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `sync.retry`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RetryOperation {
    /// Which.
    pub op_id: OpId,
}

/// `sync.dead_list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListDead {
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `sync.operation`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneOperation {
    /// Which.
    pub op_id: OpId,
}

/// `sync.discard`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct DiscardOperation {
    /// Which.
    pub op_id: OpId,
    /// Why, 1 to 500 characters; stays in the audit trail.
    pub reason: String,
}

/// `sync.edit_and_resend`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct EditAndResend {
    /// The refused operation.
    pub op_id: OpId,
    /// The fields to set otherwise. `price` and `cost` as decimal strings or minor units, `tax_rate` as percent or
    /// parts per million.
    #[ts(type = "Record<string, unknown>")]
    pub fields: Fields,
    /// Why, for the audit trail.
    pub reason: Option<String>,
}

/// `sync.health_history`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListHealth {
    /// Not before, in milliseconds since 1970 UTC; everything that is kept when none.
    pub since_ms: Option<i64>,
    /// Most samples, 1 to 500. When there are more, they are thinned out evenly.
    pub limit: u32,
}

/// `sync.set_alerts`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct SetAlerts {
    /// All of them.
    pub thresholds: AlertThresholds,
}

/// `sync.export`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ExportQueue {
    /// How it is written.
    pub format: ExportFormat,
    /// What is written.
    pub scope: ExportScope,
    /// Where to; a file in the folder `exports` of the data folder when none.
    pub path: Option<String>,
}
