//! Paths, limits and who may ask.

mod attachments;
mod sales;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::map_response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, extract::rejection::QueryRejection};
use futures_util::stream::{self, Stream};
use pos_domain::DeviceId;
use pos_protocol::{
    ApiError, DigestRequest, MAX_UNPACKED_BYTES, MAX_WIRE_BYTES, PairRequest, ProblemCode, PullRequest,
    SnapshotRequest, SyncApi,
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::answer::{Failure, finish, json};
use super::openapi;
use crate::limits::{Buckets, PAIRINGS_PER_SECOND, REQUESTS_PER_SECOND, STRANGERS_PER_SECOND};
use crate::server::Server;
use crate::session::DeviceSession;

/// Longest that a request may take. A full batch commits within a second; what is slower is stuck.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a silent stream says that it is alive: below the usual idle limit of home routers.
const STREAM_KEEP_ALIVE: Duration = Duration::from_secs(20);

struct App {
    server: Server,
    registers: Buckets<DeviceId>,
    strangers: Buckets<IpAddr>,
    pairings: Buckets<IpAddr>,
    stop: CancellationToken,
}

type AppState = State<Arc<App>>;
type Address = ConnectInfo<SocketAddr>;

/// The API of a server. `stop` ends its streams, so that a graceful end does not wait for them.
pub fn router(server: Server, stop: CancellationToken) -> Router {
    let app = Arc::new(App {
        server,
        registers: Buckets::new(REQUESTS_PER_SECOND),
        strangers: Buckets::new(STRANGERS_PER_SECOND),
        pairings: Buckets::new(PAIRINGS_PER_SECOND),
        stop,
    });
    Router::new()
        .route("/v1/hello", get(hello))
        .route("/v1/pair", post(pair))
        .route("/v1/sync/push", post(push))
        .route("/v1/sync/pull", get(pull))
        .route("/v1/sync/snapshot", get(snapshot))
        .route("/v1/sync/digest", get(digest))
        .route("/v1/sync/stream", get(stream))
        .route("/v1/sales/{number}", get(sales::get))
        .route("/v1/attachments/{hash}", get(attachments::get).put(attachments::put))
        .route("/v1/openapi.json", get(|| async { json(&openapi::document()) }))
        .route("/health", get(|| async { json(&serde_json::json!({ "live": true })) }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(|| async { StatusCode::NOT_FOUND })
        // From the inside out: the last one added sees a request first and an answer last.
        // Fastest: a page is packed while the register waits for it, and the next level gains a tenth for twice the time.
        .layer(CompressionLayer::new().br(false).quality(CompressionLevel::Fastest))
        .layer(RequestDecompressionLayer::new().br(false))
        .layer(RequestBodyLimitLayer::new(MAX_WIRE_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(map_response(|response: Response| async { finish(response) }))
        .layer(TraceLayer::new_for_http())
        .with_state(app)
}

async fn hello(State(app): AppState, address: Address, headers: HeaderMap) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    Ok(json(&app.noted(session.hello().await)?))
}

async fn push(State(app): AppState, address: Address, request: Request) -> Result<Response, Failure> {
    let session = app.authenticate(request.headers(), address).await?;
    let push = read_body(request.into_body()).await?;
    Ok(json(&app.noted(session.push(push).await)?))
}

async fn pull(
    State(app): AppState,
    address: Address,
    headers: HeaderMap,
    query: Result<Query<PullRequest>, QueryRejection>,
) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    Ok(json(&app.noted(session.pull(read_query(query)?).await)?))
}

async fn snapshot(
    State(app): AppState,
    address: Address,
    headers: HeaderMap,
    query: Result<Query<SnapshotRequest>, QueryRejection>,
) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    Ok(json(&app.noted(session.snapshot(read_query(query)?).await)?))
}

async fn digest(
    State(app): AppState,
    address: Address,
    headers: HeaderMap,
    query: Result<Query<DigestRequest>, QueryRejection>,
) -> Result<Response, Failure> {
    let session = app.authenticate(&headers, address).await?;
    Ok(json(&app.noted(session.digest(read_query(query)?).await)?))
}

async fn stream(
    State(app): AppState,
    address: Address,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let session = app.authenticate(&headers, address).await?;
    // A revoked register is told so once instead of being kept on the line.
    app.noted(session.hello().await)?;
    let mut feed = app.server.watch_feed();
    feed.mark_changed();
    let events = stream::unfold((feed, app.stop.clone()), |(mut feed, stop)| async move {
        tokio::select! {
            changed = feed.changed() => changed.ok()?,
            () = stop.cancelled() => return None,
        }
        let seq = *feed.borrow_and_update();
        Some((Ok(Event::default().data(seq.to_string())), (feed, stop)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(STREAM_KEEP_ALIVE)))
}

async fn pair(
    State(app): AppState,
    ConnectInfo(address): Address,
    request: Request,
) -> Result<Response, Failure> {
    app.pairings.take(address.ip(), app.now_ms()).map_err(Failure::slow_down)?;
    let asked: PairRequest = read_body(request.into_body()).await?;
    Ok(json(&app.noted(app.server.pair(asked).await)?))
}

async fn ready(State(app): AppState) -> Result<Response, Failure> {
    app.server.check_ready().await.map_err(|fault| Failure(crate::error::unavailable(&fault)))?;
    Ok(json(&serde_json::json!({ "ready": true })))
}

async fn metrics(State(app): AppState) -> Result<Response, Failure> {
    let text = app.server.metrics().await.map_err(|fault| Failure(crate::error::unavailable(&fault)))?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

impl App {
    fn now_ms(&self) -> i64 {
        self.server.inner.clock.now_ms()
    }

    /// The register that asks, within its rate. An unknown token costs its address.
    async fn authenticate(
        &self,
        headers: &HeaderMap,
        ConnectInfo(address): Address,
    ) -> Result<DeviceSession, Failure> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "));
        let session = match token {
            Some(token) => self.server.authenticate(token).await,
            None => Err(crate::error::refused(ProblemCode::Unauthorised, "a device token is needed")),
        };
        match session {
            Ok(session) => {
                let within = self.registers.take(session.device_id(), self.now_ms());
                within.map_err(Failure::slow_down)?;
                Ok(session)
            }
            Err(refusal) => {
                self.strangers.take(address.ip(), self.now_ms()).map_err(Failure::slow_down)?;
                self.server.count_refusal();
                Err(Failure(refusal))
            }
        }
    }

    /// Counts a refusal on its way out.
    fn noted<T>(&self, answer: Result<T, ApiError>) -> Result<T, Failure> {
        answer.map_err(|refusal| {
            self.server.count_refusal();
            Failure(refusal)
        })
    }
}

/// Reads a JSON body, decompressed by now, up to the limit.
async fn read_body<T: DeserializeOwned>(body: Body) -> Result<T, Failure> {
    // A bomb is cut off here, while it is being unpacked.
    let bytes = to_bytes(body, MAX_UNPACKED_BYTES).await.map_err(|fault| {
        // The limit on the wire and the one on the unpacked body both end the stream with this error.
        let too_large = chain_of(&fault).any(|cause| cause.is::<http_body_util::LengthLimitError>());
        if too_large {
            Failure::new(ProblemCode::TooLarge, "the request is larger than the limit")
        } else {
            Failure::new(ProblemCode::BadRequest, "the request ended early or was badly compressed")
        }
    })?;
    serde_json::from_slice(&bytes).map_err(|fault| Failure::new(ProblemCode::BadRequest, &fault.to_string()))
}

fn read_query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Failure> {
    match query {
        Ok(Query(request)) => Ok(request),
        Err(rejection) => Err(Failure::new(ProblemCode::BadRequest, &rejection.body_text())),
    }
}

fn chain_of<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
