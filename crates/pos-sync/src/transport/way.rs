//! The two ways to a server: over HTTP, and in process.

use pos_domain::AttachmentHash;
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PieceGiven, PieceTaken, PullRequest,
    PullResponse, PushRequest, PushResponse, SaleAnswer, SendPiece, SnapshotPage, SnapshotRequest, SyncApi,
};

use super::{HttpApi, InProcess};

/// How a register reaches the server that it joined.
#[derive(Debug, Clone)]
pub enum Way {
    /// Over HTTP.
    Http(HttpApi),
    /// In this process.
    InProcess(InProcess),
}

impl SyncApi for Way {
    async fn hello(&self) -> Result<Hello, ApiError> {
        match self {
            Self::Http(api) => api.hello().await,
            Self::InProcess(api) => api.hello().await,
        }
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        match self {
            Self::Http(api) => api.push(request).await,
            Self::InProcess(api) => api.push(request).await,
        }
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        match self {
            Self::Http(api) => api.pull(request).await,
            Self::InProcess(api) => api.pull(request).await,
        }
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        match self {
            Self::Http(api) => api.snapshot(request).await,
            Self::InProcess(api) => api.snapshot(request).await,
        }
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        match self {
            Self::Http(api) => api.digest(request).await,
            Self::InProcess(api) => api.digest(request).await,
        }
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        match self {
            Self::Http(api) => api.find_sale(number).await,
            Self::InProcess(api) => api.find_sale(number).await,
        }
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        match self {
            Self::Http(api) => api.send_piece(hash, piece).await,
            Self::InProcess(api) => api.send_piece(hash, piece).await,
        }
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        match self {
            Self::Http(api) => api.fetch_piece(hash, request).await,
            Self::InProcess(api) => api.fetch_piece(hash, request).await,
        }
    }
}
