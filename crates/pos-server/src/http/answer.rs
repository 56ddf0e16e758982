//! Answers and problems as HTTP.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pos_protocol::{ApiError, Problem, ProblemCode, SERVER_HEADER};
use serde::Serialize;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Value of [`SERVER_HEADER`]: the program's version, for support.
const VERSION: HeaderValue = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));

/// A handler's refusal.
#[derive(Debug)]
pub(super) struct Failure(pub(super) ApiError);

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl Failure {
    /// A refusal by the HTTP layer itself.
    pub(super) fn new(code: ProblemCode, detail: &str) -> Self {
        Self(crate::error::refused(code, detail))
    }

    /// "Too many requests": ask again after so many milliseconds.
    pub(super) fn slow_down(after_ms: u64) -> Self {
        let detail = "too many requests".to_owned();
        let problem = Problem { code: ProblemCode::TooManyRequests, detail, retry_after_ms: Some(after_ms) };
        Self(ApiError::Refused { problem })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = match self.0 {
            ApiError::Refused { problem } => problem,
            // The other kinds are made by transports, never by the server itself.
            ApiError::Unreachable { detail }
            | ApiError::NoAnswer { detail }
            | ApiError::NotTheServer { detail }
            | ApiError::WrongCertificate { detail } => {
                Problem { code: ProblemCode::Unavailable, detail, retry_after_ms: None }
            }
        };
        problem_response(&problem)
    }
}

/// A JSON answer. What the protocol's own types cannot write is a fault of this program.
pub(super) fn json<T: Serialize>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(CONTENT_TYPE, JSON)], bytes).into_response(),
        Err(fault) => {
            tracing::error!(error = %fault, "an answer could not be written");
            Failure::new(ProblemCode::Unavailable, "the answer could not be written").into_response()
        }
    }
}

fn problem_response(problem: &Problem) -> Response {
    let status = match problem.code {
        ProblemCode::BadRequest => StatusCode::BAD_REQUEST,
        ProblemCode::Unauthorised => StatusCode::UNAUTHORIZED,
        ProblemCode::Revoked | ProblemCode::PairingRefused => StatusCode::FORBIDDEN,
        ProblemCode::BusinessNotEmpty => StatusCode::CONFLICT,
        ProblemCode::ResnapshotRequired => StatusCode::GONE,
        ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ProblemCode::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        ProblemCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = json(problem);
    *response.status_mut() = status;
    if let Some(after_ms) = problem.retry_after_ms {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(after_ms.div_ceil(1_000)));
    }
    response
}

/// The last step of every answer: the server's own header, and a problem where a layer answered in other words.
pub(super) fn finish(response: Response) -> Response {
    let status = response.status();
    let has_problem = response.headers().get(CONTENT_TYPE) == Some(&JSON);
    let mut response = if (status.is_client_error() || status.is_server_error()) && !has_problem {
        translate(status)
    } else {
        response
    };
    response.headers_mut().insert(HeaderName::from_static(SERVER_HEADER), VERSION);
    response
}

/// The problem of a status that a layer, not a handler, answered with. The status itself stays.
fn translate(status: StatusCode) -> Response {
    let (code, retry_after_ms) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => (ProblemCode::TooLarge, None),
        StatusCode::SERVICE_UNAVAILABLE => (ProblemCode::Unavailable, Some(1_000)),
        _ if status.is_server_error() => (ProblemCode::Unavailable, Some(5_000)),
        _ => (ProblemCode::BadRequest, None),
    };
    let detail = status.canonical_reason().unwrap_or("the request was not taken").to_owned();
    let mut response: Response<Body> = problem_response(&Problem { code, detail, retry_after_ms });
    *response.status_mut() = status;
    response
}
