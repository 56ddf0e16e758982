//! `/v1/sales/{number}`: a sale of any register.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use pos_protocol::SyncApi;

use super::super::answer::{Failure, json};
use super::{Address, AppState};

/// Looks a sale up by its printed number.
pub(super) async fn get(
    State(app): AppState,
    address: Address,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    Ok(json(&app.noted(session.find_sale(number).await)?))
}
