//! What a failed request means for the engine, and its stable code for people and the history.

use std::time::Duration;

use pos_protocol::{ApiError, ProblemCode};

use crate::breaker::Outage;
use crate::engine::Trouble;

/// What the engine makes of it.
pub fn trouble(error: &ApiError) -> Trouble {
    match error {
        ApiError::Unreachable { .. } | ApiError::NotTheServer { .. } | ApiError::WrongCertificate { .. } => {
            Trouble::Outage(Outage::Certain)
        }
        ApiError::NoAnswer { .. } => Trouble::Outage(Outage::Suspected),
        ApiError::Refused { problem } => match problem.code {
            ProblemCode::BadRequest | ProblemCode::TooLarge => Trouble::Indigestible,
            ProblemCode::ResnapshotRequired => Trouble::ResnapshotRequired,
            ProblemCode::TooManyRequests | ProblemCode::Unavailable => {
                Trouble::Busy { retry_after: problem.retry_after_ms.map(Duration::from_millis) }
            }
            ProblemCode::Unauthorised
            | ProblemCode::Revoked
            | ProblemCode::PairingRefused
            | ProblemCode::BusinessNotEmpty
            | ProblemCode::UpgradeRequired => Trouble::Denied,
        },
    }
}

/// The stable code, such as `sync.unreachable`.
pub fn code(error: &ApiError) -> &'static str {
    match error {
        ApiError::Unreachable { .. } => "sync.unreachable",
        ApiError::NoAnswer { .. } => "sync.no_answer",
        ApiError::NotTheServer { .. } => "sync.not_the_server",
        ApiError::WrongCertificate { .. } => "sync.wrong_certificate",
        ApiError::Refused { problem } => match problem.code {
            ProblemCode::BadRequest => "sync.bad_request",
            ProblemCode::TooLarge => "sync.too_large",
            ProblemCode::ResnapshotRequired => "sync.resnapshot_required",
            ProblemCode::TooManyRequests => "sync.too_many_requests",
            ProblemCode::Unavailable => "sync.unavailable",
            ProblemCode::Unauthorised => "sync.unauthorised",
            ProblemCode::Revoked => "sync.revoked",
            ProblemCode::UpgradeRequired => "sync.upgrade_required",
            ProblemCode::PairingRefused | ProblemCode::BusinessNotEmpty => "sync.refused",
        },
    }
}
