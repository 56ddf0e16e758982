//! `/v1/attachments/{hash}`: pictures, piece by piece.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pos_domain::AttachmentHash;
use pos_protocol::{FetchPiece, ProblemCode, SyncApi};

use super::super::answer::{Failure, json};
use super::{Address, AppState, read_body, read_query};

/// Takes the next bytes.
pub(super) async fn put(
    State(app): AppState,
    address: Address,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let session = app.authenticate(request.headers(), address).await?;
    let hash = parse(&name)?;
    let piece = read_body(request.into_body()).await?;
    Ok(json(&app.noted(session.send_piece(hash, piece).await)?))
}

/// Gives some bytes.
pub(super) async fn get(
    State(app): AppState,
    address: Address,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: Result<Query<FetchPiece>, QueryRejection>,
) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    let hash = parse(&name)?;
    Ok(json(&app.noted(session.fetch_piece(hash, read_query(query)?).await)?))
}

fn parse(name: &str) -> Result<AttachmentHash, Failure> {
    AttachmentHash::parse(name)
        .ok_or_else(|| Failure::new(ProblemCode::BadRequest, "an attachment is named by 64 small hex digits"))
}
