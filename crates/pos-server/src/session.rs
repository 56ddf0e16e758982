//! What the server does for one register: the same code behind a socket and in process.

mod attachments;
mod sales;

use std::sync::Arc;

use pos_domain::body::EntityKind;
use pos_domain::{AttachmentHash, DeviceId};
use pos_protocol::{
    ApiError, Cursor, DigestAnswer, DigestPart, DigestRequest, FetchPiece, Hello, Limits, MAX_BATCH_BYTES,
    MAX_BATCH_OPS, MAX_PAGE_BYTES, MAX_PAGE_ROWS, OLDEST_PROTOCOL, PROTOCOL, Partition, PieceGiven,
    PieceTaken, ProblemCode, ProtocolRange, PullRequest, PullResponse, PushRequest, PushResponse, ROW_SCHEMA,
    SaleAnswer, SendPiece, SnapshotPage, SnapshotRequest, SyncApi, Watermark, row_digest,
};
use pos_sqlite::ReadLane;
use uuid::Uuid;

use crate::error::{refused, unavailable};
use crate::limits::REQUESTS_PER_SECOND;
use crate::metrics::add;
use crate::prepare::{PreparedPush, prepare};
use crate::put_back::{self, Standing};
use crate::server::Server;
use crate::storage::business::BusinessRow;
use crate::storage::device::Device;
use crate::storage::feed::PageBounds;
use crate::storage::upkeep::Reading;
use crate::storage::{
    ReadFault, Sql, StorageError, Tx, business, device, entity, feed, life, operation, unreadable,
};

/// Bodies above this many bytes are prepared on a thread for blocking work: an event loop must not stand still for
/// milliseconds. One sale has about 2 KiB.
const INLINE_BYTES: usize = 32 * 1024;

/// The server, as one register sees it.
#[derive(Debug, Clone)]
pub struct DeviceSession {
    server: Server,
    device: Arc<Device>,
}

/// Rows that are read at once for a digest.
const DIGEST_PAGE_ROWS: u32 = 1_000;

/// Why a page was not read.
#[derive(Debug, thiserror::Error)]
enum PageFault {
    #[error("the request was refused")]
    Refused(ApiError),
    #[error(transparent)]
    Sql(#[from] StorageError),
}

impl DeviceSession {
    pub(crate) fn new(server: Server, device: Arc<Device>) -> Self {
        Self { server, device }
    }

    /// The register.
    pub fn device_id(&self) -> DeviceId {
        self.device.device_id
    }

    /// Runs a read job for this register, unless it was revoked.
    async fn read<T: Send + 'static>(
        &self,
        lane: ReadLane,
        job: impl Fn(Tx<'_>, BusinessRow) -> Result<T, PageFault> + Send + 'static,
    ) -> Result<T, ApiError> {
        let device_id = self.device.device_id;
        let read = self.server.inner.store.read_async(lane, move |tx| -> Result<T, PageFault> {
            if device::is_revoked(tx, device_id)? {
                return Err(PageFault::Refused(refused(ProblemCode::Revoked, "this register was revoked")));
            }
            let business = business::get(tx)?;
            #[cfg(feature = "planted")] // Incident 9.
            let business = if pos_planted::is(pos_planted::Bug::FeedSeqInBlocks) {
                BusinessRow { feed_seq: business.feed_seq.next_multiple_of(8), ..business }
            } else {
                business
            };
            job(tx, business)
        });
        read.await.map_err(|error| {
            if let ReadFault::Job(PageFault::Refused(refusal)) = error {
                return refusal;
            }
            unavailable(&error.into())
        })
    }

    fn check_push(&self, request: &PushRequest) -> Result<(), ApiError> {
        if !(OLDEST_PROTOCOL..=PROTOCOL).contains(&request.protocol) {
            return Err(refused(ProblemCode::UpgradeRequired, "this protocol is not spoken here"));
        }
        if request.device_id != self.device.device_id {
            return Err(refused(ProblemCode::BadRequest, "the push is of another register than the token"));
        }
        if request.operations.len() > MAX_BATCH_OPS || request.chain.len() > MAX_BATCH_OPS {
            return Err(refused(ProblemCode::TooLarge, "too many operations or links in one push"));
        }
        if request.epoch == 0 || request.operations.iter().any(|operation| operation.seq == 0) {
            return Err(refused(ProblemCode::BadRequest, "epochs and seqs begin at 1"));
        }
        Ok(())
    }

    async fn prepare(&self, request: PushRequest) -> Result<PreparedPush, ApiError> {
        let device = Arc::clone(&self.device);
        let bytes: usize = request.operations.iter().map(|operation| operation.body.get().len()).sum();
        // Outside a runtime, as in a simulation, there is no event loop to spare.
        if bytes <= INLINE_BYTES || tokio::runtime::Handle::try_current().is_err() {
            return Ok(prepare(device, request));
        }
        tokio::task::spawn_blocking(move || prepare(device, request))
            .await
            .map_err(|_| crate::error::not_now("the push could not be read now"))
    }
}

impl SyncApi for DeviceSession {
    async fn hello(&self) -> Result<Hello, ApiError> {
        let device_id = self.device.device_id;
        let server_time_ms = self.server.inner.clock.now_ms();
        self.read(ReadLane::Quick, move |tx, business| {
            let epoch = life::newest_epoch(tx, device_id)?;
            let (watermark, backup_watermark) = watermark(tx, device_id, epoch)?;
            let mut earlier = Vec::new();
            for epoch in life::list_earlier(tx, device_id, epoch)? {
                earlier.push(self::watermark(tx, device_id, epoch)?.0);
            }
            Ok(Hello {
                protocol: ProtocolRange { min: OLDEST_PROTOCOL, max: PROTOCOL },
                authority: business.authority,
                server_epoch: business.server_epoch,
                watermark,
                earlier,
                backup_watermark,
                feed_seq: business.feed_seq,
                server_time_ms,
                limits: Limits {
                    batch_ops: small(MAX_BATCH_OPS),
                    batch_bytes: small(MAX_BATCH_BYTES),
                    page_rows: small(MAX_PAGE_ROWS),
                    requests_per_second: REQUESTS_PER_SECOND,
                    attachments: Some(crate::attachments::LIMITS),
                },
            })
        })
        .await
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        self.check_push(&request)?;
        let prepared = self.prepare(request).await?;
        let answer = self.server.inner.actor.push(prepared).await?;
        let now_ms = self.server.inner.clock.now_ms();
        self.server.inner.metrics.devices.pushed(self.device.device_id, &answer, now_ms);
        Ok(answer)
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        let device_id = self.device.device_id;
        let server_time_ms = self.server.inner.clock.now_ms();
        let (asked, limit) = (request.cursor.clone(), request.limit);
        let page = self
            .read(ReadLane::Quick, move |tx, business| {
                let after = match put_back::find_standing(tx, &asked, &business)? {
                    Standing::At(seq) => seq,
                    elsewhere @ (Standing::Nowhere | Standing::Forgotten) => return Ok(Err(elsewhere)),
                };
                let (rows, own, seq) = pull_page(tx, device_id, after, business.feed_seq, limit)?;
                let has_more = seq < business.feed_seq;
                let page = PullResponse { rows, own, next: cursor(&business, seq), has_more, server_time_ms };
                Ok(Ok((page, device::has_met(tx, device_id, business.server_epoch)?)))
            })
            .await?;
        let (page, has_met) = match page {
            Ok(page) => page,
            Err(standing) => {
                if standing == Standing::Forgotten {
                    self.server.was_put_back(request.cursor.clone(), device_id).await?;
                }
                let detail = "the cursor is of another server, another life of it, or too old";
                return Err(refused(ProblemCode::ResnapshotRequired, detail));
            }
        };
        if !has_met {
            self.server.note_met(device_id, page.next.server_epoch).await?;
        }
        self.server.note_reading(device_id, Reading { seq: request.cursor.seq, at_ms: server_time_ms });
        let metrics = &self.server.inner.metrics;
        add(&metrics.pulls, 1);
        metrics.devices.pulled(device_id, page.rows.len(), server_time_ms);
        add(&metrics.rows_sent, u64::try_from(page.rows.len()).unwrap_or(0));
        Ok(page)
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        let page = self
            .read(ReadLane::Report, move |tx, business| {
                let kind = kind_of(&request.entity)?;
                let page = feed::list_by_key(tx, kind, request.after, bounds(request.limit))?;
                Ok(SnapshotPage {
                    next: page.rows.last().map(|row| row.id).filter(|_| page.cut),
                    rows: page.rows,
                    mark: cursor(&business, business.feed_seq),
                    total_rows: entity::total(tx, kind)?,
                })
            })
            .await?;
        let metrics = &self.server.inner.metrics;
        add(&metrics.snapshot_pages, 1);
        add(&metrics.rows_sent, u64::try_from(page.rows.len()).unwrap_or(0));
        Ok(page)
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.read(ReadLane::Report, move |tx, business| {
            let kind = kind_of(&request.entity)?;
            let parts = digest_parts(tx, kind, &request)?;
            Ok(DigestAnswer { mark: cursor(&business, business.feed_seq), parts })
        })
        .await
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.look_up(number).await
    }

    async fn send_piece(&self, hash: AttachmentHash, piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.take_piece(hash, piece).await
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.give_piece(hash, request).await
    }
}

/// The digests of the rows in a range, page by page: memory does not grow with them.
fn digest_parts(tx: Tx<'_>, kind: EntityKind, request: &DigestRequest) -> Sql<Vec<DigestPart>> {
    let mut partition = Partition::new(request.parts);
    let mut after = request.from.as_u128().checked_sub(1).map(Uuid::from_u128);
    loop {
        let page = feed::list_by_key(tx, kind, after, bounds(DIGEST_PAGE_ROWS))?;
        for row in page.rows {
            if request.until.is_some_and(|until| row.id >= until) {
                return Ok(partition.finish());
            }
            after = Some(row.id);
            if let Some(data) = row.data {
                let fields = serde_json::from_str(data.get()).map_err(unreadable)?;
                partition.add(row.id, row_digest(kind, row.id, row.rev, fields));
            }
        }
        if !page.cut {
            return Ok(partition.finish());
        }
    }
}

/// Rows and own operations above `after`, and the seq up to which both are complete.
fn pull_page(
    tx: Tx<'_>,
    device_id: DeviceId,
    after: u64,
    mark: u64,
    limit: u32,
) -> Sql<(Vec<pos_protocol::FeedRow>, Vec<pos_protocol::OwnOp>, u64)> {
    let page = feed::list_after(tx, after, bounds(limit))?;
    let mut rows = page.rows;
    let mut seq = if page.cut { rows.last().map_or(after, |row| row.seq) } else { mark };
    // A register that pushed much may have far more operations here than the feed has rows.
    let mut own = operation::list_own(tx, device_id, after, seq, MAX_PAGE_ROWS + 1)?;
    if own.len() > MAX_PAGE_ROWS {
        own.truncate(MAX_PAGE_ROWS);
        seq = own.last().map_or(seq, |last| last.feed_seq);
        rows.retain(|row| row.seq <= seq);
    }
    Ok((rows, own, seq))
}

fn kind_of(entity: &str) -> Result<EntityKind, PageFault> {
    EntityKind::parse(entity)
        .ok_or_else(|| PageFault::Refused(refused(ProblemCode::BadRequest, "there are no rows of this kind")))
}

fn cursor(business: &BusinessRow, seq: u64) -> Cursor {
    let BusinessRow { authority, server_epoch, incarnation, .. } = *business;
    Cursor { authority, server_epoch, incarnation, schema: ROW_SCHEMA, seq }
}

fn bounds(limit: u32) -> PageBounds {
    let rows = usize::try_from(limit).unwrap_or(MAX_PAGE_ROWS).clamp(1, MAX_PAGE_ROWS);
    PageBounds { rows, bytes: MAX_PAGE_BYTES }
}

/// How far a life of a register was seen, and how much of that a backup holds.
fn watermark(tx: Tx<'_>, device_id: DeviceId, epoch: u32) -> Sql<(Watermark, u64)> {
    let Some(life) = life::find(tx, device_id, epoch)? else {
        return Ok((Watermark { device_id, epoch, seq: 0, above: Vec::new() }, 0));
    };
    let above = life.above.into_iter().collect();
    Ok((Watermark { device_id, epoch, seq: life.watermark, above }, life.backed_up))
}

fn small(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
