//! Reading the feed to its end.
//!
//! The next page is fetched while the last one is written. A page is written in several short jobs; each moves the
//! cursor to its last row in its own transaction, so cursor and rows never part (incident 8) and the till never waits
//! for a whole page.

use pos_protocol::{ApiError, Cursor, OwnOp, Problem, ProblemCode, PullRequest, PullResponse, SyncApi};
use pos_store::feed::{self, OwnEffect, Page};
use pos_store::{Changed, StoreError, exchange, forks};

use super::apply::incoming;
use super::compare::Comparing;
use super::greet::find_cursor;
use super::{Exchange, SyncError};
use crate::chunk::Work;
use crate::engine::Trouble;

/// Rows of a page that are written by one job, with what belongs to them.
struct Piece {
    rows: Vec<pos_protocol::FeedRow>,
    own: Vec<OwnOp>,
    next: Cursor,
}

impl<A: SyncApi> Exchange<A> {
    /// Reads the feed from the cursor to its end.
    pub(crate) async fn pull_to_end(&self, comparing: Comparing) -> Result<Changed, SyncError> {
        let _only_reader = self.reading.lock().await;
        let mut journal = self.journal("pull");
        let result = self.unless_stopped(self.pull_and_compare(&mut journal, comparing)).await;
        match &result {
            Ok(_) if journal.is_idle() => {}
            Ok(_) => self.record(journal).await,
            Err(error) => {
                if error.trouble() == Trouble::ResnapshotRequired {
                    // The next greeting finds that everything is to be read anew, also in another program.
                    self.write(feed::forget_cursor).await?;
                }
                self.record(journal.failed(error)).await;
            }
        }
        result
    }

    async fn pull_and_compare(
        &self,
        journal: &mut super::Journal,
        comparing: Comparing,
    ) -> Result<Changed, SyncError> {
        let mut changed = self.pull_pages(journal).await?;
        match comparing {
            Comparing::IfDue => changed.join(self.compare_if_due().await),
            Comparing::Later => {}
        }
        Ok(changed)
    }

    async fn pull_pages(&self, journal: &mut super::Journal) -> Result<Changed, SyncError> {
        let cursor = self.read(find_cursor).await?.ok_or_else(no_cursor)?;
        let mut all = Changed::default();
        let mut page = self.fetch(cursor).await?;
        loop {
            journal.called(&page.rows);
            let next = page.has_more.then(|| page.next.clone());
            let fetching = async {
                match next {
                    Some(cursor) => self.fetch(cursor).await.map(Some),
                    None => Ok(None),
                }
            };
            let (fetched, promoted) = tokio::join!(fetching, self.promote(page));
            let changed = promoted?;
            journal.pulled(&changed);
            all.join(changed);
            match fetched? {
                Some(fetched) => page = fetched,
                None => break,
            }
        }
        let now_ms = self.now_ms();
        let followed = self
            .write(move |tx| {
                exchange::record_pull_ok(tx, now_ms)?;
                forks::follow(tx, now_ms)
            })
            .await?;
        self.note_success();
        self.note_forks(followed);
        Ok(all)
    }

    /// A page that a register can use: it goes forward, and its rows stand in order.
    async fn fetch(&self, cursor: Cursor) -> Result<PullResponse, SyncError> {
        self.customers.give_way().await;
        let limit = self.live().page_rows;
        let page = self.api.pull(PullRequest { cursor: cursor.clone(), limit }).await?;
        let ordered = page.rows.is_sorted_by(|a, b| a.seq < b.seq)
            && page.own.is_sorted_by(|a, b| a.feed_seq <= b.feed_seq);
        let inside = page.rows.first().is_none_or(|row| row.seq > cursor.seq)
            && page.rows.last().is_none_or(|row| row.seq <= page.next.seq);
        let forward = page.next.seq > cursor.seq || !page.has_more;
        if ordered && inside && forward {
            Ok(page)
        } else {
            let detail = format!("a page of the feed after {cursor} is out of order");
            Err(ApiError::NotTheServer { detail }.into())
        }
    }

    async fn promote(&self, page: PullResponse) -> Result<Changed, StoreError> {
        let mut all = Changed::default();
        let mut rest = page;
        loop {
            self.customers.give_way().await;
            let (piece, after) = split(rest, self.chunk_rows(Work::Rows));
            let now_ms = self.now_ms();
            let rows = piece.rows.len();
            let own = |own: OwnOp| OwnEffect { op_id: own.op_id, feed_seq: own.feed_seq };
            let page = Page {
                rows: piece.rows.into_iter().map(incoming).collect(),
                own: piece.own.into_iter().map(own).collect(),
                next_cursor: piece.next.to_string(),
            };
            #[cfg(feature = "planted")] // Incident 8.
            if pos_planted::is(pos_planted::Bug::CursorBeforeItsRows) {
                let cursor = page.next_cursor.clone();
                self.write(move |tx| feed::set_cursor(tx, &cursor, now_ms)).await?;
            }
            let (changed, took) = self.write(self.timed(move |tx| feed::promote(tx, &page, now_ms))).await?;
            self.chunk_took(Work::Rows, rows, took);
            self.announce(changed.clone());
            all.join(changed);
            match after {
                Some(after) => rest = after,
                None => return Ok(all),
            }
        }
    }
}

/// How many own operations are marked in the time of one row: each is one lookup, mostly of something known.
const OWN_PER_ROW: usize = 8;

/// The first rows of a page with the own operations up to there, and the rest of it.
fn split(mut page: PullResponse, rows: usize) -> (Piece, Option<PullResponse>) {
    let last_row = page.rows.get(rows.saturating_sub(1)).map(|row| row.seq);
    let last_own = page.own.get(rows.saturating_mul(OWN_PER_ROW).saturating_sub(1)).map(|own| own.feed_seq);
    let end = last_row.into_iter().chain(last_own).min().filter(|seq| *seq < page.next.seq);
    let Some(seq) = end else {
        return (Piece { rows: page.rows, own: page.own, next: page.next }, None);
    };
    let rest = page.rows.split_off(page.rows.partition_point(|row| row.seq <= seq));
    let own_of_rest = page.own.split_off(page.own.partition_point(|own| own.feed_seq <= seq));
    let next = Cursor { seq, ..page.next.clone() };
    let piece = Piece { rows: page.rows, own: page.own, next };
    (piece, Some(PullResponse { rows: rest, own: own_of_rest, ..page }))
}

/// Without a cursor there is nothing to read on from.
fn no_cursor() -> SyncError {
    let detail = "this register has no place in the feed yet".to_owned();
    let problem = Problem { code: ProblemCode::ResnapshotRequired, detail, retry_after_ms: None };
    ApiError::Refused { problem }.into()
}

#[cfg(test)]
mod tests {
    use pos_domain::OpId;
    use pos_protocol::FeedRow;
    use uuid::Uuid;

    use super::*;

    fn page(seqs: &[u64], own: &[u64], next: u64) -> PullResponse {
        let cursor = Cursor {
            authority: Uuid::nil(),
            server_epoch: 1,
            incarnation: Uuid::nil(),
            schema: 1,
            seq: next,
        };
        PullResponse {
            rows: seqs
                .iter()
                .map(|seq| FeedRow {
                    seq: *seq,
                    entity: "product".to_owned(),
                    id: Uuid::from_u128(u128::from(*seq)),
                    rev: 1,
                    deleted: true,
                    origin_device: None,
                    origin_op: None,
                    data: None,
                })
                .collect(),
            own: own
                .iter()
                .map(|seq| OwnOp { op_id: OpId(Uuid::from_u128(u128::from(*seq))), feed_seq: *seq })
                .collect(),
            next: cursor,
            has_more: true,
            server_time_ms: 0,
        }
    }

    #[test]
    fn each_piece_of_a_page_moves_the_cursor_to_its_last_row_and_takes_the_own_operations_up_to_there() {
        let mut rest = Some(page(&[3, 5, 8, 9], &[2, 4, 7, 11], 12));
        let mut seen = Vec::new();
        while let Some(page) = rest {
            let (piece, after) = split(page, 2);
            seen.push((
                piece.rows.iter().map(|r| r.seq).collect::<Vec<_>>(),
                piece.own.iter().map(|o| o.feed_seq).collect::<Vec<_>>(),
                piece.next.seq,
            ));
            rest = after;
        }
        assert_eq!(
            seen,
            [(vec![3, 5], vec![2, 4], 5), (vec![8, 9], vec![7], 9), (vec![], vec![11], 12)],
            "after a crash between pieces nothing is skipped and nothing is marked too early"
        );
    }
}
