//! The connection of a register to its server: pos-sync over HTTP, with its news turned into the topics of screens.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use pos_domain::body::EntityKind;
use pos_store::device::JoinedServer;
use pos_store::queue::Claimed;
use pos_store::{Priority, queue};
use pos_sync::backoff::Jitter;
use pos_sync::status::{SyncState, SyncStatus};
use pos_sync::transport::{DeviceToken, HttpApi, InProcess, ServerAddress, TransportError, Way};
use pos_sync::{
    ApiError, Background, CheckoutAnswer, Comparison, DryRun, Parts, SaleAnswer, SyncApi, SyncError,
    SyncHandle, trouble,
};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::keys::Secret;
use crate::outcome::Topic;
use crate::usecase::picture_counts;
use crate::view::{FirstSyncProgress, RoundReport, SyncStateWord, SyncStatusView};
use crate::world::Network;

/// How long closing the program waits for what is still being sent, 3 s: the queue is durable, so waiting longer
/// helps nobody.
const CLOSING_PATIENCE: Duration = Duration::from_secs(3);

/// A register's connection to its server. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    handle: SyncHandle<Way>,
}

impl Link {
    /// Starts the exchange with a joined server.
    pub(crate) async fn start(
        app: &App,
        server: &JoinedServer,
        token: &Secret,
        background: bool,
    ) -> Result<Self, AppError> {
        let api = way(app, server, token)?;
        let now_ms = app.now_ms();
        app.inner
            .store
            .write_async(Priority::Till, move |tx| Ok::<_, AppError>(queue::recover_at_start(tx, now_ms)?))
            .await?;
        let seed: uuid::Uuid = app.new_id();
        let parts = Parts {
            store: app.inner.store.clone(),
            api,
            clock: app.inner.clock.as_fn(),
            stopwatch: Arc::clone(&app.inner.world.stopwatch),
            seed: seed.as_u64_pair().1,
        };
        if let Network::InProcess { now_ms, .. } = app.inner.world.network {
            let (handle, stepper) = SyncHandle::start_stepped(parts, now_ms).await?;
            *app.inner.stepper.lock().unwrap_or_else(PoisonError::into_inner) = Some(stepper);
            return Ok(Self { handle });
        }
        let mode = if background { Background::On } else { Background::Off };
        let handle = SyncHandle::start(parts, mode).await?;
        if background {
            handle.follow_hints(Jitter::from_seed(seed.as_u64_pair().0));
        }
        let link = Self { handle };
        link.pass_on_news(app.clone());
        Ok(link)
    }

    /// Tells screens what changed by itself, until the exchange ends.
    fn pass_on_news(&self, app: App) {
        let mut news = self.handle.subscribe();
        let mut status = self.handle.watch();
        // A weak hold: the news must not keep a closed register open.
        let app = app.downgrade();
        tokio::spawn(async move {
            loop {
                let topics = tokio::select! {
                    changed = news.recv() => match changed {
                        Ok(changed) => changed.topics.iter().filter_map(|t| topic(*t)).collect::<BTreeSet<_>>(),
                        Err(RecvError::Lagged(_)) => Topic::ALL.into_iter().collect(),
                        Err(RecvError::Closed) => return,
                    },
                    changed = status.changed() => match changed {
                        Ok(()) => BTreeSet::from([Topic::Sync]),
                        Err(_) => return,
                    },
                };
                let Some(app) = app.upgrade() else { return };
                if topics.contains(&Topic::Shop)
                    && let Err(e) = app.welcome_people().await
                {
                    tracing::warn!(code = e.code.as_str(), "nobody could be put at the register");
                }
                app.announce(&topics.into_iter().collect::<Vec<_>>());
            }
        });
    }

    /// A checkout would ask the server.
    pub(crate) fn is_online(&self) -> bool {
        self.handle.is_in_reach()
    }

    /// The catalogue is still being loaded for the first time.
    pub(crate) fn is_loading(&self) -> bool {
        self.handle.watch().borrow().progress.is_some()
    }

    pub(crate) async fn checkout(&self, claimed: Vec<Claimed>, deadline: Duration) -> CheckoutAnswer {
        self.handle.checkout_push(claimed, deadline).await
    }

    pub(crate) fn wrote(&self) {
        self.handle.wrote();
    }

    pub(crate) fn sold(&self) {
        self.handle.sale_finalised();
    }

    /// The server knows more of the stock than this register: read the feed soon.
    pub(crate) fn is_behind(&self) {
        self.handle.stream_hint();
    }

    pub(crate) async fn round(&self) -> Result<RoundReport, AppError> {
        let report = self.handle.sync_now().await.map_err(sync_fault)?;
        Ok(RoundReport {
            pushed: report.pushed,
            pulled: report.pulled,
            refused: report.refused,
            conflicts: report.conflicts,
            pictures: report.pictures,
        })
    }

    pub(crate) async fn dry_run(&self) -> Result<DryRun, AppError> {
        Ok(self.handle.dry_run().await?)
    }

    pub(crate) async fn compare(&self) -> Result<Option<Comparison>, AppError> {
        self.handle.compare_now().await.map_err(sync_fault)
    }

    pub(crate) async fn pause(&self, paused: bool) -> Result<(), AppError> {
        if paused { self.handle.pause().await } else { self.handle.resume().await }.map_err(AppError::from)
    }

    /// Pictures are due.
    pub(crate) fn carry(&self) {
        self.handle.carry();
    }

    pub(crate) fn cancel(&self) {
        self.handle.cancel();
    }

    /// The newest life of this register's file that the server knows.
    pub(crate) async fn newest_life(&self) -> Result<u32, AppError> {
        self.handle.newest_life().await.map_err(sync_fault)
    }

    pub(crate) async fn shut_down(&self) {
        self.handle.shut_down(CLOSING_PATIENCE).await;
    }

    /// What the exchange knows of itself. `failed` is counted by the caller, in the queue.
    pub(crate) async fn status(&self, failed: u32) -> Result<SyncStatusView, AppError> {
        Ok(status_view(&self.handle.status().await?, failed))
    }
}

/// How long a start waits for a server to tell which lives of this register it knows, 2 s: it is asked only after the file
/// was restored or copied, and answers from memory.
const ASKING_PATIENCE: Duration = Duration::from_secs(2);

/// The newest life of this register that its server knows; `None` when the server cannot be asked now.
pub(crate) async fn ask_newest_life(app: &App, server: &JoinedServer, token: &Secret) -> Option<u32> {
    let api = way(app, server, token).ok()?;
    let hello = tokio::time::timeout(ASKING_PATIENCE, api.hello()).await.ok()?.ok()?;
    let known = server.authority.is_none_or(|authority| authority == hello.authority);
    known.then_some(hello.watermark.epoch)
}

/// How long a person waits at the counter for a sale of another register, 4 s: without it they type it in.
const LOOKING_UP_PATIENCE: Duration = Duration::from_secs(4);

/// A sale of any register by its printed number; `None` when the server cannot be asked now.
pub(crate) async fn ask_sale(app: &App, number: String) -> Result<Option<SaleAnswer>, AppError> {
    let Some(link) = app.link() else { return Ok(None) };
    if !link.is_online() {
        return Ok(None);
    }
    let answer = tokio::time::timeout(LOOKING_UP_PATIENCE, link.handle.find_sale(number)).await;
    Ok(answer.ok().and_then(Result::ok))
}

/// The way to a joined server.
fn way(app: &App, server: &JoinedServer, token: &Secret) -> Result<Way, AppError> {
    if let Network::InProcess { server, .. } = &app.inner.world.network {
        return Ok(Way::InProcess(InProcess::new(Arc::clone(server), token.reveal())));
    }
    let address = ServerAddress::with_pins(&server.url, &server.pins).map_err(|e| {
        AppError::with(ErrorCode::JoinBadAddress, json!({ "problem": e.to_string() })).caused_by(e)
    })?;
    let token = DeviceToken::new(token.reveal()).map_err(AppError::internal)?;
    Ok(Way::Http(HttpApi::new(address, token).map_err(transport_fault)?))
}

fn topic(topic: pos_store::Topic) -> Option<Topic> {
    Some(match topic {
        pos_store::Topic::Settings => Topic::Settings,
        pos_store::Topic::Categories | pos_store::Topic::Products => Topic::Products,
        pos_store::Topic::Pictures => Topic::Pictures,
        pos_store::Topic::Stock => Topic::Stock,
        pos_store::Topic::Customers => Topic::Customers,
        pos_store::Topic::Cashiers => Topic::Shop,
        pos_store::Topic::Conflicts => Topic::Conflicts,
        pos_store::Topic::Sales => Topic::Sales,
        pos_store::Topic::Carts => Topic::Cart,
        pos_store::Topic::Accounts => Topic::Accounts,
        pos_store::Topic::Serials => Topic::Serials,
        pos_store::Topic::Till => Topic::Till,
        pos_store::Topic::Sync => Topic::Sync,
    })
}

fn status_view(status: &SyncStatus, failed: u32) -> SyncStatusView {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    SyncStatusView {
        state: match status.state {
            SyncState::Synced => SyncStateWord::Synced,
            SyncState::Pending => SyncStateWord::Pending,
            SyncState::Offline => SyncStateWord::Offline,
            SyncState::Attention => SyncStateWord::Attention,
        },
        joined: true,
        online: status.online,
        paused: status.paused,
        pending: count(status.pending),
        in_flight: count(status.in_flight),
        failed,
        dead: count(status.dead),
        conflicts_open: count(status.conflicts_open),
        pictures: picture_counts(&status.attachments),
        oldest_pending_ms: status.oldest_pending_ms,
        last_success_ms: status.last_success_ms,
        next_attempt_ms: status.next_attempt_ms,
        last_error: status.last_error.clone(),
        alarm: status.alarm.map(|a| a.as_str().to_owned()),
        first_sync: status.progress.as_ref().map(|p| FirstSyncProgress {
            entity: entity_name(p.entity),
            rows: count(p.rows),
            total: count(p.total()),
            can_sell: p.can_sell,
        }),
    }
}

fn entity_name(entity: EntityKind) -> String {
    entity.as_str().to_owned()
}

fn sync_fault(error: SyncError) -> AppError {
    match error {
        SyncError::Api(error) => api_fault(error),
        SyncError::Store(error) => error.into(),
        error @ (SyncError::Alarm(_) | SyncError::Paused | SyncError::Cancelled) => {
            let params = json!({ "code": error.code(), "detail": error.to_string() });
            AppError::with(ErrorCode::SyncRefused, params).caused_by(error)
        }
    }
}

/// A request that the server did not answer, or refused.
pub(crate) fn api_fault(error: ApiError) -> AppError {
    let detail = json!({ "detail": error.to_string() });
    let (code, params) = match &error {
        ApiError::Unreachable { .. } | ApiError::NoAnswer { .. } => (ErrorCode::SyncUnreachable, detail),
        ApiError::NotTheServer { .. } => (ErrorCode::SyncNotTheServer, detail),
        ApiError::WrongCertificate { .. } => (ErrorCode::SyncWrongCertificate, detail),
        ApiError::Refused { problem } => {
            (ErrorCode::SyncRefused, json!({ "code": trouble::code(&error), "detail": problem.detail }))
        }
    };
    AppError::with(code, params).caused_by(error)
}

fn transport_fault(error: TransportError) -> AppError {
    AppError::with(ErrorCode::SyncWrongCertificate, json!({ "detail": error.to_string() })).caused_by(error)
}
