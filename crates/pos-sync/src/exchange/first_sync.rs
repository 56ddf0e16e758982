//! Reading everything once: the first sync of a register, and the new one after its cursor became useless.
//!
//! Pages come by key order with a checkpoint per written piece, so a killed program goes on where it was. What selling
//! needs comes first; customers and conflicts are read beside it. The feed goes on from the mark of the very first
//! page, so nothing that changed meanwhile is missed.

use pos_domain::body::EntityKind;
use pos_protocol::{ApiError, SnapshotPage, SnapshotRequest, SyncApi};
use pos_store::counts::{self, Counts};
use pos_store::first_sync::{self, Checkpoint};
use pos_store::{Changed, Priority, StoreError, backups, products, reading};
use tokio::time::Instant;
use uuid::Uuid;

use super::apply::incoming;
use super::greet::find_cursor;
use super::{Exchange, Journal, SyncError};
use crate::chunk::Work;
use crate::status::Progress;

/// Read one after the other. A till can sell when these and [`BALANCES`] are there.
const CATALOGUE: [EntityKind; 4] =
    [EntityKind::Setting, EntityKind::Category, EntityKind::Product, EntityKind::Cashier];
/// Read beside the catalogue: neither waits for the other's round trips.
const BALANCES: [EntityKind; 1] = [EntityKind::Stock];
/// Read beside both; selling does not wait for them.
const BESIDE: [EntityKind; 5] = [
    EntityKind::Customer,
    EntityKind::HeldCart,
    EntityKind::AccountEntry,
    EntityKind::SerialEvent,
    EntityKind::Conflict,
];

impl<A: SyncApi> Exchange<A> {
    /// Reads everything, from the checkpoint on if there is one; see [`Exchange::first_sync_since`].
    pub(crate) async fn first_sync(&self) -> Result<Changed, SyncError> {
        self.first_sync_since(self.first_syncs()).await
    }

    /// Reads everything, unless somebody else has done so since [`Exchange::first_syncs`] answered `before`: the
    /// background and a person who presses "sync now" both learn from their own greeting that it is wanted.
    pub(crate) async fn first_sync_since(&self, before: u32) -> Result<Changed, SyncError> {
        let _only_reader = self.reading.lock().await;
        if self.first_syncs() != before {
            return Ok(Changed::default());
        }
        let mut journal = self.journal("first_sync");
        let result = self.unless_stopped(self.read_everything(&mut journal)).await;
        {
            let mut live = self.live();
            live.progress = None;
            live.nothing_to_sell = false;
            live.first_syncs = live.first_syncs.saturating_add(u32::from(result.is_ok()));
        }
        match &result {
            Ok(changed) => {
                journal.pulled(changed);
                self.record(journal).await;
            }
            Err(error) => self.record(journal.failed(error)).await,
        }
        result
    }

    /// How many times everything was read while this program ran. Ask before the greeting that a first sync answers.
    pub(crate) fn first_syncs(&self) -> u32 {
        self.live().first_syncs
    }

    async fn read_everything(&self, journal: &mut Journal) -> Result<Changed, SyncError> {
        let checkpoints = self.begin_or_resume(journal).await?;
        self.live().nothing_to_sell = self.has_nothing_to_sell(&checkpoints).await?;
        let mut progress = progress_of(&checkpoints);
        self.count(&checkpoints, &mut progress).await?;
        self.live().progress = Some(progress);
        self.publish_live();
        let began = Instant::now();
        let selling = async {
            let catalogue = self.read_kinds(&CATALOGUE, &checkpoints, began);
            let balances = self.read_kinds(&BALANCES, &checkpoints, began);
            let (mut changed, balances) = tokio::try_join!(catalogue, balances)?;
            changed.join(balances);
            let mut live = self.live();
            live.nothing_to_sell = false;
            if let Some(progress) = &mut live.progress {
                progress.can_sell = true;
            }
            Ok::<_, SyncError>(changed)
        };
        let (mut changed, beside) = tokio::try_join!(selling, self.read_kinds(&BESIDE, &checkpoints, began))?;
        changed.join(beside);
        let now_ms = self.now_ms();
        self.write(move |tx| first_sync::finish(tx, now_ms)).await?;
        #[cfg(feature = "planted")] // Incident 8.
        if pos_planted::is(pos_planted::Bug::MarkOfTheLastPage) {
            let last = self.fetch_snapshot(EntityKind::Setting, None, 1).await?.mark.to_string();
            self.write(move |tx| pos_store::feed::set_cursor(tx, &last, now_ms)).await?;
        }
        let after = self.store.report_async(counts::of).await?;
        self.write(move |tx| reading::end(tx, now_ms, after)).await?;
        self.forget_comparison().await?;
        self.note_success();
        Ok(changed)
    }

    /// The checkpoints of the first sync that runs, begun if none does. The very first page gives the mark and is read
    /// again afterwards: it is written like any other.
    async fn begin_or_resume(&self, journal: &mut Journal) -> Result<Vec<Checkpoint>, SyncError> {
        let (running, cursor) = self.read(|conn| Ok((first_sync::find(conn)?, find_cursor(conn)?))).await?;
        if let Some(running) = running {
            tracing::info!(mark = running.mark, "a first sync goes on");
            return Ok(running.checkpoints);
        }
        tracing::info!(before = cursor.is_some(), "a first sync begins");
        let first = self.fetch_snapshot(EntityKind::Setting, None, 1).await?;
        journal.called(&first.rows);
        let mark = first.mark.to_string();
        let now_ms = self.now_ms();
        let before = self.store.report_async(counts::of).await?;
        let backup = self.save_before_reading(before, now_ms).await;
        let begun = self
            .write(move |tx| {
                first_sync::begin(tx, &mark, now_ms)?;
                reading::begin(tx, now_ms, backup, before)?;
                first_sync::find(tx)
            })
            .await?;
        Ok(begun.map(|progress| progress.checkpoints).unwrap_or_default())
    }

    /// A backup before rows are taken away that the server does not send again. One that cannot be made is warned of and
    /// holds nothing up: what only this register knows is in its queue, and no sync takes anything from there.
    async fn save_before_reading(&self, before: Counts, now_ms: i64) -> Option<String> {
        if before.products == 0 && before.sales == 0 {
            return None;
        }
        let saved = self.store.beside(move |store| store.back_up(backups::Cause::FirstSync, now_ms)).await;
        match saved {
            Ok(backup) => Some(backup.name),
            Err::<_, StoreError>(error) => {
                tracing::warn!(%error, "no backup before reading everything");
                None
            }
        }
    }

    /// Whether every product here came with this very first sync: a till that never sold anything, which no long job
    /// can delay. One that reads everything again goes on selling meanwhile.
    async fn has_nothing_to_sell(&self, checkpoints: &[Checkpoint]) -> Result<bool, StoreError> {
        let product = checkpoints.iter().find(|c| c.entity == EntityKind::Product.as_str());
        let came = product.map_or(0, |checkpoint| checkpoint.done_rows);
        self.read(move |conn| Ok(products::count(conn)? <= came)).await
    }

    /// Asks how many rows there are of each kind that was not begun yet, so that the bar is honest from the start.
    async fn count(&self, checkpoints: &[Checkpoint], progress: &mut Progress) -> Result<(), SyncError> {
        let uncounted = checkpoints.iter().filter(|c| !c.complete && c.last_key.is_none());
        let asked = uncounted.filter_map(|c| EntityKind::parse(&c.entity)).map(|kind| async move {
            let page = self.fetch_snapshot(kind, None, 1).await?;
            Ok::<_, SyncError>((kind, page.total_rows))
        });
        for (kind, rows) in futures_util::future::try_join_all(asked).await? {
            progress.expect(kind, rows);
        }
        Ok(())
    }

    async fn read_kinds(
        &self,
        kinds: &[EntityKind],
        checkpoints: &[Checkpoint],
        began: Instant,
    ) -> Result<Changed, SyncError> {
        let mut all = Changed::default();
        for kind in kinds {
            let checkpoint = checkpoints.iter().find(|c| c.entity == kind.as_str());
            if checkpoint.is_some_and(|c| c.complete) {
                continue;
            }
            all.join(self.read_kind(*kind, checkpoint.and_then(|c| c.last_key), began).await?);
        }
        Ok(all)
    }

    /// Reads one kind to its end; the next page is fetched while the last one is written.
    async fn read_kind(
        &self,
        kind: EntityKind,
        after: Option<Uuid>,
        began: Instant,
    ) -> Result<Changed, SyncError> {
        let limit = self.live().page_rows;
        let mut all = Changed::default();
        let mut page = self.fetch_snapshot(kind, after, limit).await?;
        loop {
            let next = page.next;
            let fetching = async {
                match next {
                    Some(after) => self.fetch_snapshot(kind, Some(after), limit).await.map(Some),
                    None => Ok(None),
                }
            };
            let (fetched, written) = tokio::join!(fetching, self.write_page(kind, page, began));
            all.join(written?);
            match fetched? {
                Some(fetched) => page = fetched,
                None => return Ok(all),
            }
        }
    }

    /// A page that a register can use: rows in key order, and a key to go on from that goes forward.
    async fn fetch_snapshot(
        &self,
        kind: EntityKind,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<SnapshotPage, SyncError> {
        let request = SnapshotRequest { entity: kind.as_str().to_owned(), after, limit };
        let page = self.api.snapshot(request).await?;
        let ordered = page.rows.is_sorted_by(|a, b| a.id < b.id);
        let forward = page.next.is_none_or(|next| after.is_none_or(|after| next > after));
        if ordered && forward {
            Ok(page)
        } else {
            let detail = format!("a page of {} rows is out of order", kind.as_str());
            Err(ApiError::NotTheServer { detail }.into())
        }
    }

    /// Writes a page in pieces, each with its checkpoint; in one piece as long as nothing can be sold. Half of the time
    /// of a first sync went into commits, and into the search index, which writes out what it gathered at each.
    async fn write_page(
        &self,
        kind: EntityKind,
        page: SnapshotPage,
        began: Instant,
    ) -> Result<Changed, StoreError> {
        let mut all = Changed::default();
        let (next, total_rows) = (page.next, page.total_rows);
        self.expect(kind, total_rows);
        let mut rest = page.rows;
        loop {
            let alone = self.live().nothing_to_sell;
            let size = if alone { rest.len() } else { self.chunk_rows(Work::Rows).min(rest.len()) };
            let after = rest.split_off(size);
            let piece = std::mem::replace(&mut rest, after);
            let last_piece = rest.is_empty();
            // Only the last piece of the last page completes the kind.
            let next = if last_piece { next } else { piece.last().map(|row| row.id) };
            let (rows, bytes) = (piece.len(), super::data_bytes(&piece));
            let priority = if alone { Priority::Loading } else { Priority::Sync };
            let piece: Vec<_> = piece.into_iter().map(incoming).collect();
            let (changed, took) = self
                .write_as(
                    priority,
                    self.timed(move |tx| {
                        let page = first_sync::SnapshotPage { entity: kind, rows: &piece, next, total_rows };
                        first_sync::apply_page(tx, &page)
                    }),
                )
                .await?;
            if !alone {
                self.chunk_took(Work::Rows, rows, took);
            }
            self.advance(kind, rows, bytes, began);
            self.announce(changed.clone());
            all.join(changed);
            if last_piece {
                return Ok(all);
            }
        }
    }

    fn advance(&self, kind: EntityKind, rows: usize, bytes: u64, began: Instant) {
        {
            let mut live = self.live();
            let Some(progress) = &mut live.progress else { return };
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            progress.entity = kind;
            progress.rows = progress.rows.saturating_add(rows);
            progress.rows_in_this_run = progress.rows_in_this_run.saturating_add(rows);
            progress.bytes = progress.bytes.saturating_add(bytes);
            progress.measure(began.elapsed());
        }
        self.publish_live();
    }

    fn expect(&self, kind: EntityKind, total_rows: u64) {
        if let Some(progress) = &mut self.live().progress {
            progress.expect(kind, total_rows);
        }
    }
}

fn progress_of(checkpoints: &[Checkpoint]) -> Progress {
    let mut progress = Progress::new();
    for checkpoint in checkpoints {
        progress.rows = progress.rows.saturating_add(checkpoint.done_rows);
        if let Some(kind) = EntityKind::parse(&checkpoint.entity) {
            progress.expect(kind, checkpoint.total_rows);
        }
    }
    let complete = |kind: &EntityKind| checkpoints.iter().any(|c| c.entity == kind.as_str() && c.complete);
    progress.can_sell = CATALOGUE.iter().chain(&BALANCES).all(complete);
    progress
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_row_is_read_once() {
        let mut read: Vec<EntityKind> = CATALOGUE.into_iter().chain(BALANCES).chain(BESIDE).collect();
        read.sort_unstable();
        let mut all = EntityKind::ALL.to_vec();
        all.sort_unstable();
        assert_eq!(
            read, all,
            "a kind that is forgotten is never complete, one that stands twice is read twice"
        );
    }
}
