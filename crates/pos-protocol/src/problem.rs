//! Errors of whole requests, as JSON beside an HTTP status of 400 or more.

use serde::{Deserialize, Serialize};

/// Why a request was not processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub code: ProblemCode,
    /// Detail in English for logs and support; never shown to a customer.
    pub detail: String,
    /// Ask again not before this many milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// Kinds of problems; append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The request is not readable.
    BadRequest,
    /// No device token, or an unknown one.
    Unauthorised,
    /// The device was revoked.
    Revoked,
    /// The pairing code is wrong, used or expired. One code for all three.
    PairingRefused,
    /// A shop that brings its own business met one that is not empty.
    BusinessNotEmpty,
    /// The cursor is of another server, an older life of it, or older than its tombstones.
    ResnapshotRequired,
    /// The request is larger than the limits allow.
    TooLarge,
    /// Too many requests.
    TooManyRequests,
    /// The register's protocol is not taken.
    UpgradeRequired,
    /// The server cannot answer now.
    Unavailable,
}
