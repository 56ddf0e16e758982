//! One way in for every host: find the command, check the permission, run it, name the error.

use pos_app::{App, AppError, ErrorCode, Outcome};
use serde_json::Value;
use tracing::Instrument;
use uuid::Uuid;

use crate::commands::find_command;
use crate::error::ApiError;
use crate::list::{Access, unknown_command};

/// Runs a command by name. An error carries the id by which the log tells more of the request.
pub async fn dispatch(app: &App, name: &str, request: Value) -> Result<Outcome<Value>, ApiError> {
    let trace_id: Uuid = app.new_id();
    let span = tracing::info_span!("command", name, %trace_id);
    let result = async {
        let command = find_command(name).ok_or_else(|| unknown_command(name))?;
        app.admit(command.door, command.permission, command.access == Access::Write).await?;
        command.run(app.clone(), request).await
    };
    result.instrument(span.clone()).await.map_err(|error| {
        let _entered = span.enter();
        api_error(error, trace_id)
    })
}

/// An error as it crosses to a host, told to the log with everything behind it.
pub fn api_error(error: AppError, trace_id: Uuid) -> ApiError {
    let cause = std::iter::successors(std::error::Error::source(&error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    let a_fault_here = [ErrorCode::Internal, ErrorCode::StorageFailed, ErrorCode::StorageCorrupt];
    if a_fault_here.contains(&error.code) {
        tracing::error!(code = error.code.as_str(), cause, "a command failed");
    } else {
        tracing::debug!(code = error.code.as_str(), cause, "a command was refused");
    }
    ApiError {
        code: error.code,
        params: error.params,
        retryable: error.code.is_retryable(),
        trace_id: trace_id.to_string(),
    }
}
