//! Errors as they cross to the window and the shell: a code, its parameters, whether trying again can help.

use serde::Serialize;
use ts_rs::TS;

/// An error. No prose: words are made where they are read, from `code` and `params`.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct ApiError {
    /// A code of [`pos_app::ErrorCode`].
    pub code: pos_app::ErrorCode,
    /// Parameters by name, as the code's documentation says.
    #[ts(type = "Record<string, unknown>")]
    pub params: serde_json::Value,
    /// The same request may succeed later.
    pub retryable: bool,
    /// Finds the request in the log.
    pub trace_id: String,
}
