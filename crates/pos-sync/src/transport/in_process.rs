//! A server without a socket: requests as values, answered by whoever holds the server.
//!
//! A shop's own server inside one register needs no network to itself, and a simulation wants every message in its
//! hands. What answers is passed in, like the clock; it plays the network too, so it may answer with any fault of one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use pos_domain::AttachmentHash;
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PairRequest, PairResponse, PieceGiven,
    PieceTaken, PullRequest, PullResponse, PushRequest, PushResponse, SaleAnswer, SendPiece, SnapshotPage,
    SnapshotRequest, SyncApi,
};

/// What a register asks.
#[derive(Debug, Clone)]
pub enum Question {
    /// To join.
    Pair(Box<PairRequest>),
    /// A greeting.
    Hello,
    /// To take operations.
    Push(PushRequest),
    /// For the feed.
    Pull(PullRequest),
    /// For rows of one kind.
    Snapshot(SnapshotRequest),
    /// For digests of rows of one kind.
    Digest(DigestRequest),
    /// For the sale of a printed number.
    FindSale(String),
    /// To take bytes of an attachment.
    SendPiece(AttachmentHash, SendPiece),
    /// For bytes of an attachment.
    FetchPiece(AttachmentHash, FetchPiece),
}

/// What a server answers, each to its question.
#[derive(Debug, Clone)]
pub enum Reply {
    /// To [`Question::Pair`].
    Pair(Box<PairResponse>),
    /// To [`Question::Hello`].
    Hello(Hello),
    /// To [`Question::Push`].
    Push(PushResponse),
    /// To [`Question::Pull`].
    Pull(PullResponse),
    /// To [`Question::Snapshot`].
    Snapshot(SnapshotPage),
    /// To [`Question::Digest`].
    Digest(DigestAnswer),
    /// To [`Question::FindSale`].
    Sale(SaleAnswer),
    /// To [`Question::SendPiece`].
    PieceTaken(PieceTaken),
    /// To [`Question::FetchPiece`].
    PieceGiven(PieceGiven),
}

/// The answer to a question, later.
pub type Replying = Pin<Box<dyn Future<Output = Result<Reply, ApiError>> + Send>>;

/// Answers questions of the register that holds a token; there is none before it has joined.
pub type ServerFn = Arc<dyn Fn(Option<&str>, Question) -> Replying + Send + Sync>;

/// A server that was joined, without a socket. Clones share it.
#[derive(Clone)]
pub struct InProcess {
    server: ServerFn,
    token: Arc<str>,
}

impl InProcess {
    /// The server as the register with this token sees it.
    pub fn new(server: ServerFn, token: &str) -> Self {
        Self { server, token: token.into() }
    }

    async fn ask<T>(&self, question: Question, pick: fn(Reply) -> Option<T>) -> Result<T, ApiError> {
        let reply = (self.server)(Some(&self.token), question).await?;
        pick(reply).ok_or_else(other_answer)
    }
}

/// Joins a business by a pairing code, without a socket.
///
/// # Errors
/// Those of the server.
pub async fn pair_in_process(server: &ServerFn, request: PairRequest) -> Result<PairResponse, ApiError> {
    let reply = server(None, Question::Pair(Box::new(request))).await?;
    if let Reply::Pair(response) = reply { Ok(*response) } else { Err(other_answer()) }
}

fn other_answer() -> ApiError {
    ApiError::NotTheServer { detail: "the answer is one to another question".to_owned() }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl SyncApi for InProcess {
    async fn hello(&self) -> Result<Hello, ApiError> {
        self.ask(Question::Hello, |reply| if let Reply::Hello(hello) = reply { Some(hello) } else { None })
            .await
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        self.ask(
            Question::Push(request),
            |reply| if let Reply::Push(answer) = reply { Some(answer) } else { None },
        )
        .await
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        self.ask(
            Question::Pull(request),
            |reply| if let Reply::Pull(page) = reply { Some(page) } else { None },
        )
        .await
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        self.ask(Question::Snapshot(request), |reply| {
            if let Reply::Snapshot(page) = reply { Some(page) } else { None }
        })
        .await
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.ask(Question::Digest(request), |reply| {
            if let Reply::Digest(answer) = reply { Some(answer) } else { None }
        })
        .await
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.ask(Question::FindSale(number), |reply| {
            if let Reply::Sale(answer) = reply { Some(answer) } else { None }
        })
        .await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.ask(Question::SendPiece(hash, piece), |reply| {
            if let Reply::PieceTaken(taken) = reply { Some(taken) } else { None }
        })
        .await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.ask(Question::FetchPiece(hash, request), |reply| {
            if let Reply::PieceGiven(given) = reply { Some(given) } else { None }
        })
        .await
    }
}
