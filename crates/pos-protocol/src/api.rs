//! The one seam between a register's engine and a server: over HTTP in shops, in process in tests.

use std::future::Future;

use pos_domain::AttachmentHash;
use thiserror::Error;

use crate::attachment::{FetchPiece, PieceGiven, PieceTaken, SendPiece};
use crate::digest::{DigestAnswer, DigestRequest};
use crate::feed::{PullRequest, PullResponse, SnapshotPage, SnapshotRequest};
use crate::hello::Hello;
use crate::operation::{PushRequest, PushResponse};
use crate::problem::Problem;
use crate::sale::SaleAnswer;

/// Why there is no answer to a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiError {
    /// Nothing reached the server for certain: no link, no name, connection refused.
    #[error("the server cannot be reached: {detail}")]
    Unreachable {
        /// What the transport said.
        detail: String,
    },
    /// The request may or may not have been processed: time ran out or the connection broke.
    #[error("the server did not answer: {detail}")]
    NoAnswer {
        /// What the transport said.
        detail: String,
    },
    /// Something answered that is not a Comptoir server, such as a portal's login page.
    #[error("something else than the server answered: {detail}")]
    NotTheServer {
        /// Status and content type.
        detail: String,
    },
    /// The server's certificate is not the pinned one.
    #[error("the server's certificate is not the one this register joined: {detail}")]
    WrongCertificate {
        /// What the transport said.
        detail: String,
    },
    /// The server said why not.
    #[error("the server refused the request: {}", problem.detail)]
    Refused {
        /// Its answer.
        problem: Problem,
    },
}

/// What a server does for a paired register.
pub trait SyncApi: Send + Sync {
    /// Greets.
    fn hello(&self) -> impl Future<Output = Result<Hello, ApiError>> + Send;
    /// Sends operations and chain links.
    fn push(&self, request: PushRequest) -> impl Future<Output = Result<PushResponse, ApiError>> + Send;
    /// Reads the feed.
    fn pull(&self, request: PullRequest) -> impl Future<Output = Result<PullResponse, ApiError>> + Send;
    /// Reads rows of one kind in key order.
    fn snapshot(
        &self,
        request: SnapshotRequest,
    ) -> impl Future<Output = Result<SnapshotPage, ApiError>> + Send;
    /// Digests rows of one kind, for comparison.
    fn digest(&self, request: DigestRequest) -> impl Future<Output = Result<DigestAnswer, ApiError>> + Send;
    /// Looks up a sale of any register by its printed number.
    fn find_sale(&self, number: String) -> impl Future<Output = Result<SaleAnswer, ApiError>> + Send;
    /// Sends bytes of an attachment.
    fn send_piece(
        &self,
        hash: AttachmentHash,
        piece: SendPiece,
    ) -> impl Future<Output = Result<PieceTaken, ApiError>> + Send;
    /// Reads bytes of an attachment.
    fn fetch_piece(
        &self,
        hash: AttachmentHash,
        request: FetchPiece,
    ) -> impl Future<Output = Result<PieceGiven, ApiError>> + Send;
}
