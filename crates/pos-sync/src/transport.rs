//! The server over HTTP.
//!
//! HTTP/1.1 only: each request under way has a connection of its own, so a checkout never stands behind a page.
//! No proxy, no redirect: an answer comes from the server that was joined, or it is none. Bodies travel packed by
//! zstd. Every request has a time limit.

mod address;
mod answer;
mod in_process;
mod pinned;
mod token;
mod way;

use std::error::Error as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pos_domain::AttachmentHash;
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PairRequest, PairResponse, PieceGiven,
    PieceTaken, PullRequest, PullResponse, PushRequest, PushResponse, SaleAnswer, SendPiece, SnapshotPage,
    SnapshotRequest, SyncApi, TOKEN_HEADER, is_printed_number,
};
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

pub use address::{AddressFault, Pin, ServerAddress};
pub use answer::Traffic;
pub use in_process::{InProcess, Question, Reply, Replying, ServerFn, pair_in_process};
pub use token::DeviceToken;
pub use way::Way;

/// Time for name, TCP and TLS, 4 s: a slow mobile link takes three round trips of 0.7 s; a probe that takes longer
/// would keep the queue from draining within 5 s of the server's return.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);
/// Time for a greeting, 5 s: it is small, and it is the probe.
const HELLO_LIMIT: Duration = Duration::from_secs(5);
/// Time for a push or a page, 30 s: 1 MiB on a link of 300 kbit/s.
const TRANSFER_LIMIT: Duration = Duration::from_secs(30);
/// How often an idle connection is proven alive, so that a dead one is noticed before a customer meets it.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// How long an idle connection is kept, 50 s: less than the usual 60 s of middle boxes.
const IDLE_LIMIT: Duration = Duration::from_secs(50);
/// A stream of hints that is silent for longer is half open, 60 s: a server says every 20 s that it is alive.
const STREAM_SILENCE: Duration = Duration::from_secs(60);
/// Bodies below this are sent as they are, 1 KiB: packing gains nothing.
const PACK_FROM_BYTES: usize = 1_024;
/// zstd level 1: of a backlog it leaves hardly more than level 3, in half of its time.
const PACK_LEVEL: i32 = 1;

/// Why a transport cannot be made.
#[derive(Debug, Error)]
pub enum TransportError {
    /// TLS is not available, such as no readable authorities on this system.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[from] reqwest::Error),
    /// The kept token is no token.
    #[error("the device token is not readable")]
    Token(#[from] reqwest::header::InvalidHeaderValue),
}

/// A server that was joined, over HTTP. Clones share connections and counters.
#[derive(Debug, Clone)]
pub struct HttpApi {
    address: Arc<ServerAddress>,
    token: DeviceToken,
    line: Arc<Line>,
}

/// The connections, and what went over them.
#[derive(Debug)]
struct Line {
    tls: rustls::ClientConfig,
    client: Mutex<Client>,
    up: AtomicU64,
    down: AtomicU64,
}

impl Line {
    fn new(address: &ServerAddress) -> Result<Self, TransportError> {
        let tls = pinned::tls_config(address.pins())?;
        let client = Mutex::new(client(tls.clone())?);
        Ok(Self { tls, client, up: AtomicU64::new(0), down: AtomicU64::new(0) })
    }

    fn client(&self) -> Client {
        self.client.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets all connections: one that gave no answer may be half open and would swallow the next request too.
    fn renew(&self) {
        match client(self.tls.clone()) {
            Ok(client) => *self.client.lock().unwrap_or_else(PoisonError::into_inner) = client,
            Err(error) => tracing::warn!(%error, "connections could not be renewed"),
        }
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiError> {
        let result = self.exchange(request).await;
        if matches!(result, Err(ApiError::NoAnswer { .. })) {
            self.renew();
        }
        result
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiError> {
        let request = request.header(ACCEPT, "application/json").header(ACCEPT_ENCODING, "zstd");
        let response = request.send().await.map_err(|e| no_response(&e))?;
        let (value, bytes) = answer::read(response).await?;
        self.down.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
        Ok(value)
    }

    /// Adds a JSON body, packed when that is worth it.
    fn with_body(&self, request: RequestBuilder, body: &impl Serialize) -> Result<RequestBuilder, ApiError> {
        let unsent = |detail: String| ApiError::Unreachable { detail };
        let text = serde_json::to_vec(body).map_err(|e| unsent(e.to_string()))?;
        let request = request.header(CONTENT_TYPE, "application/json");
        let (request, body) = if text.len() < PACK_FROM_BYTES {
            (request, text)
        } else {
            let packed = zstd::encode_all(text.as_slice(), PACK_LEVEL).map_err(|e| unsent(e.to_string()))?;
            (request.header(CONTENT_ENCODING, "zstd"), packed)
        };
        self.up.fetch_add(u64::try_from(body.len()).unwrap_or(0), Ordering::Relaxed);
        Ok(request.body(body))
    }
}

fn client(tls: rustls::ClientConfig) -> Result<Client, reqwest::Error> {
    Client::builder()
        .tls_backend_preconfigured(tls)
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_LIMIT)
        .tcp_nodelay(true)
        .tcp_keepalive(KEEPALIVE)
        .pool_idle_timeout(IDLE_LIMIT)
        .build()
}

impl HttpApi {
    /// A transport to a server that was joined. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub fn new(address: ServerAddress, token: DeviceToken) -> Result<Self, TransportError> {
        let line = Arc::new(Line::new(&address)?);
        Ok(Self { address: Arc::new(address), token, line })
    }

    /// Bodies that travelled so far.
    pub fn traffic(&self) -> Traffic {
        Traffic { up: self.line.up.load(Ordering::Relaxed), down: self.line.down.load(Ordering::Relaxed) }
    }

    /// Listens to the server's hints until the connection ends. A hint says that the feed has grown; a lost one
    /// costs nothing but time, because the feed is read every minute anyway. That the stream is open is the first hint:
    /// what others did before was told to nobody here.
    ///
    /// # Errors
    /// As any request.
    pub async fn listen(&self, mut on_hint: impl FnMut() + Send) -> Result<(), ApiError> {
        let request = self
            .line
            .client()
            .get(self.address.endpoint("v1/sync/stream"))
            .header(TOKEN_HEADER, self.token.header())
            .header(ACCEPT, "text/event-stream");
        let mut response = request.send().await.map_err(|e| no_response(&e))?;
        if !answer::is_event_stream(&response) {
            return answer::read::<serde_json::Value>(response).await.map(|_| ());
        }
        on_hint();
        let no_answer = |detail: String| ApiError::NoAnswer { detail };
        loop {
            let chunk = tokio::time::timeout(STREAM_SILENCE, response.chunk())
                .await
                .map_err(|_| no_answer("the stream fell silent".to_owned()))?
                .map_err(|e| no_answer(in_words(&e)))?;
            let Some(chunk) = chunk else { return Ok(()) };
            // An empty comment (":") only keeps the connection alive.
            if chunk.iter().any(|byte| *byte != b':' && !byte.is_ascii_whitespace()) {
                on_hint();
            }
        }
    }

    fn get(&self, path: &str, limit: Duration) -> RequestBuilder {
        let request = self.line.client().get(self.address.endpoint(path));
        request.header(TOKEN_HEADER, self.token.header()).timeout(limit)
    }
}

impl SyncApi for HttpApi {
    async fn hello(&self) -> Result<Hello, ApiError> {
        self.line.send(self.get("v1/hello", HELLO_LIMIT)).await
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        let http = self.line.client().post(self.address.endpoint("v1/sync/push"));
        let http = http.header(TOKEN_HEADER, self.token.header()).timeout(TRANSFER_LIMIT);
        self.line.send(self.line.with_body(http, &request)?).await
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        self.line.send(self.get("v1/sync/pull", TRANSFER_LIMIT).query(&request)).await
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        self.line.send(self.get("v1/sync/snapshot", TRANSFER_LIMIT).query(&request)).await
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.line.send(self.get("v1/sync/digest", TRANSFER_LIMIT).query(&request)).await
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        if !is_printed_number(&number) {
            return Ok(SaleAnswer::NotHere);
        }
        self.line.send(self.get(&format!("v1/sales/{number}"), HELLO_LIMIT)).await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        let http = self.line.client().put(self.address.endpoint(&format!("v1/attachments/{hash}")));
        let http = http.header(TOKEN_HEADER, self.token.header()).timeout(TRANSFER_LIMIT);
        self.line.send(self.line.with_body(http, &piece)?).await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        let http = self.get(&format!("v1/attachments/{hash}"), TRANSFER_LIMIT);
        self.line.send(http.query(&request)).await
    }
}

/// Joins a business: the only request without a token.
///
/// # Errors
/// [`PairError`]; the code is used up only when the server has answered with a token.
pub async fn pair(server: &ServerAddress, request: &PairRequest) -> Result<PairResponse, PairError> {
    let line = Line::new(server)?;
    let http = line.client().post(server.endpoint("v1/pair")).timeout(TRANSFER_LIMIT);
    Ok(line.send(line.with_body(http, request)?).await?)
}

/// Why a register could not join.
#[derive(Debug, Error)]
pub enum PairError {
    /// The transport cannot be made.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server did not take it.
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// What a request without a response means.
fn no_response(error: &reqwest::Error) -> ApiError {
    let detail = in_words(error);
    if names_certificate(error) {
        ApiError::WrongCertificate { detail }
    } else if error.is_connect() || error.is_builder() {
        ApiError::Unreachable { detail }
    } else {
        ApiError::NoAnswer { detail }
    }
}

fn names_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return matches!(tls, rustls::Error::InvalidCertificate(_));
    }
    // An I/O error does not show what it wraps as its source.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match wrapped {
        Some(inner) => names_certificate(inner),
        None => error.source().is_some_and(names_certificate),
    }
}

/// An error with its causes, without the URL: a log is no place for addresses with secrets.
fn in_words(error: &reqwest::Error) -> String {
    let mut words = if error.is_timeout() { "timed out".to_owned() } else { "failed".to_owned() };
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}
