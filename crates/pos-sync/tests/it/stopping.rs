//! A person stops what is under way: it ends at its last checkpoint, and goes on from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pos_domain::AttachmentHash;
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PieceGiven, PieceTaken, PullRequest,
    PullResponse, PushRequest, PushResponse, SaleAnswer, SendPiece, SnapshotPage, SnapshotRequest, SyncApi,
};
use pos_store::exchange::{self, RunOutcome};
use pos_store::{first_sync, products};
use pos_sync::{Background, SyncError};
use tokio::sync::Notify;

use crate::town::Town;

/// A server that never answers when it is asked for balances, as long as it stalls.
struct Stalling<A> {
    server: A,
    stalls: Arc<AtomicBool>,
    stalled: Arc<Notify>,
}

impl<A: SyncApi> SyncApi for Stalling<A> {
    async fn hello(&self) -> Result<Hello, ApiError> {
        self.server.hello().await
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        self.server.push(request).await
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        self.server.pull(request).await
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        // One row is asked for to learn how many there are.
        if request.entity == "stock" && request.limit > 1 && self.stalls.load(Ordering::SeqCst) {
            self.stalled.notify_one();
            std::future::pending::<()>().await;
        }
        self.server.snapshot(request).await
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.server.digest(request).await
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.server.find_sale(number).await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.server.send_piece(hash, piece).await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.server.fetch_piece(hash, request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_sync_that_is_stopped_goes_on_from_its_checkpoint() {
    let town = Town::found();
    let maker = town.join("maker").await;
    maker.hire("Aissatou");
    for n in 0..20 {
        maker.create_product(&format!("P{n}"), 500, 1);
    }
    maker.start(maker.faulty(), Background::Off).await.sync_now().await.expect("everything is on the server");

    let till = town.join("till").await;
    let (stalls, stalled) = (Arc::new(AtomicBool::new(true)), Arc::new(Notify::new()));
    let api = Stalling { server: till.session(), stalls: Arc::clone(&stalls), stalled: Arc::clone(&stalled) };
    let sync = till.start(api, Background::Off).await;
    let round = tokio::spawn({
        let sync = sync.clone();
        async move { sync.sync_now().await }
    });
    stalled.notified().await;
    sync.cancel();
    let ended = round.await.expect("the round ends, although the server never answers");
    assert!(matches!(ended, Err(SyncError::Cancelled)), "{ended:?}");
    let run = till.read(|conn| exchange::list_runs(conn, None, 1)).remove(0).1;
    assert_eq!((run.cause.as_str(), run.outcome), ("first_sync", RunOutcome::Cancelled));
    let running = till.read(first_sync::find).expect("it is not forgotten");
    assert!(running.checkpoints.iter().any(|c| !c.complete), "it stands where it was stopped");
    let status = sync.status().await.expect("a status");
    assert_eq!(status.last_error, None, "stopping is no failure");

    stalls.store(false, Ordering::SeqCst);
    sync.sync_now().await.expect("asked again it goes on");
    assert_eq!(till.read(products::count), 20);
    assert!(till.read(first_sync::find).is_none(), "and comes to its end");
}
