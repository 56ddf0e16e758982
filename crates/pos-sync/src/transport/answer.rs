//! Reading what came back, with suspicion: a portal's login page must never be taken for a verdict.

use std::io::Read;
use std::time::Duration;

use pos_protocol::{ApiError, Problem, ProblemCode, SERVER_HEADER};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

/// Most bytes of an answer as it travels, 8 MiB: pages hold 4 MiB of row data and their envelopes.
const MAX_ANSWER_BYTES: usize = 8 << 20;
/// Most bytes of an answer unpacked, 32 MiB: a small packed answer must not fill the memory.
const MAX_UNPACKED_BYTES: u64 = 32 << 20;
/// Longest piece of a foreign answer that is kept for the log, in characters.
const MAX_QUOTE_CHARS: usize = 120;

/// Bodies as they travelled, for the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes sent.
    pub up: u64,
    /// Bytes received.
    pub down: u64,
}

/// The JSON of a good answer, and its size as it travelled.
///
/// # Errors
/// [`ApiError::NotTheServer`] for anything that a Comptoir server does not say, [`ApiError::Refused`] for what it
/// says against the request, [`ApiError::NoAnswer`] when the answer broke off.
pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> Result<(T, usize), ApiError> {
    let status = response.status();
    let headers = response.headers().clone();
    if !headers.contains_key(SERVER_HEADER) {
        return Err(foreign(status, &headers));
    }
    if !status.is_success() {
        return Err(ApiError::Refused { problem: problem(status, &headers, response).await });
    }
    if !is_json(&headers) {
        return Err(foreign(status, &headers));
    }
    let body = collect(response).await?;
    let text = unpack(&headers, &body)?;
    let value = serde_json::from_slice(&text)
        .map_err(|e| ApiError::NotTheServer { detail: format!("{status}, not readable: {e}") })?;
    Ok((value, body.len()))
}

async fn collect(mut response: Response) -> Result<Vec<u8>, ApiError> {
    let mut body = Vec::new();
    loop {
        let chunk = response.chunk().await.map_err(|e| ApiError::NoAnswer { detail: e.to_string() })?;
        let Some(chunk) = chunk else { return Ok(body) };
        if body.len().saturating_add(chunk.len()) > MAX_ANSWER_BYTES {
            return Err(ApiError::NotTheServer { detail: "the answer is larger than any page".to_owned() });
        }
        body.extend_from_slice(&chunk);
    }
}

fn unpack(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let encoding = headers.get(CONTENT_ENCODING).map(|v| v.as_bytes());
    let fault = |detail: String| ApiError::NotTheServer { detail };
    match encoding {
        None | Some(b"identity") => Ok(body.to_vec()),
        Some(b"zstd") => {
            let decoder = zstd::Decoder::new(body).map_err(|e| fault(e.to_string()))?;
            let mut text = Vec::new();
            let bound = MAX_UNPACKED_BYTES.saturating_add(1);
            let read = decoder.take(bound).read_to_end(&mut text).map_err(|e| fault(e.to_string()))?;
            if u64::try_from(read).unwrap_or(u64::MAX) > MAX_UNPACKED_BYTES {
                return Err(fault("the answer unpacks to more than any page".to_owned()));
            }
            Ok(text)
        }
        Some(_) => Err(fault("the answer has an encoding that was not asked for".to_owned())),
    }
}

/// What the server said, or what its status means when it said nothing readable.
async fn problem(status: StatusCode, headers: &HeaderMap, response: Response) -> Problem {
    let told = retry_after(headers);
    let said = match collect(response).await.and_then(|body| unpack(headers, &body)) {
        Ok(body) => serde_json::from_slice::<Problem>(&body).ok(),
        Err(_) => None,
    };
    match said {
        Some(problem) => Problem { retry_after_ms: problem.retry_after_ms.or(told), ..problem },
        None => Problem { code: code_of(status), detail: status.to_string(), retry_after_ms: told },
    }
}

fn code_of(status: StatusCode) -> ProblemCode {
    match status {
        StatusCode::UNAUTHORIZED => ProblemCode::Unauthorised,
        StatusCode::FORBIDDEN => ProblemCode::Revoked,
        StatusCode::PAYLOAD_TOO_LARGE => ProblemCode::TooLarge,
        StatusCode::TOO_MANY_REQUESTS => ProblemCode::TooManyRequests,
        StatusCode::UPGRADE_REQUIRED => ProblemCode::UpgradeRequired,
        StatusCode::REQUEST_TIMEOUT => ProblemCode::Unavailable,
        other if other.is_server_error() => ProblemCode::Unavailable,
        _ => ProblemCode::BadRequest,
    }
}

/// `Retry-After` in seconds; its date form would need a clock that both sides agree on.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(crate::backoff::millis(Duration::from_secs(seconds)))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind == "application/json" || kind.ends_with("+json")
}

fn foreign(status: StatusCode, headers: &HeaderMap) -> ApiError {
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("no content type");
    let kind: String = kind.chars().take(MAX_QUOTE_CHARS).collect();
    ApiError::NotTheServer { detail: format!("{status}, {kind}") }
}

/// Whether this is a server's stream of events.
pub(crate) fn is_event_stream(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    response.status().is_success()
        && headers.contains_key(SERVER_HEADER)
        && kind.starts_with("text/event-stream")
}
