//! What a round would do, without doing it.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use pos_protocol::{PullRequest, SnapshotRequest, SyncApi};
use pos_store::StoreError;
use pos_store::queue::{self, KindCount};

use super::greet::find_cursor;
use super::{Exchange, SyncError};
use crate::check::{Unsendable, check};

/// Bodies that are read and checked at once.
const BODIES_AT_ONCE: u32 = 200;

/// What a round would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// Operations that would be sent, by kind; invalid ones included.
    pub push: Vec<KindCount>,
    /// Operations that would not leave.
    pub invalid: Vec<InvalidOperation>,
    /// Rows that wait on the server; none when it cannot be asked.
    pub pull: Option<u64>,
}

/// An operation that must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOperation {
    /// Which.
    pub op_id: OpId,
    /// Stable code, such as `invalid.negative`.
    pub code: String,
    /// Path of the field.
    pub field: String,
    /// Detail for support.
    pub detail: String,
}

impl<A: SyncApi> Exchange<A> {
    /// Says what a round would do.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(crate) async fn dry_run(&self) -> Result<DryRun, StoreError> {
        let push = self.read(queue::count_by_kind).await?;
        let invalid = self.find_invalid().await?;
        let pull = match self.count_waiting_rows().await {
            Ok(rows) => Some(rows),
            Err(SyncError::Store(error)) => return Err(error),
            Err(error) => {
                self.note(&error);
                None
            }
        };
        Ok(DryRun { push, invalid, pull })
    }

    async fn find_invalid(&self) -> Result<Vec<InvalidOperation>, StoreError> {
        let mut invalid = Vec::new();
        let mut after = None;
        loop {
            let bodies = self.read(move |conn| queue::peek(conn, after, BODIES_AT_ONCE)).await?;
            let Some(last) = bodies.last() else { return Ok(invalid) };
            after = Some((last.epoch, last.seq));
            for waiting in bodies {
                let verdict = check(&waiting.kind, waiting.kind_version, &waiting.body, &waiting.body_hash);
                if let Err(Unsendable::Invalid { code, field, detail }) = verdict {
                    let code = format!("invalid.{code}");
                    invalid.push(InvalidOperation { op_id: waiting.op_id, code, field, detail });
                }
            }
        }
    }

    /// Reads the pages that a pull would read and counts their rows; or, before a first sync, asks for the sums.
    async fn count_waiting_rows(&self) -> Result<u64, SyncError> {
        let limit = self.live().page_rows;
        let mut rows: u64 = 0;
        let Some(mut cursor) = self.read(find_cursor).await? else {
            for kind in EntityKind::ALL {
                let request = SnapshotRequest { entity: kind.as_str().to_owned(), after: None, limit: 1 };
                rows = rows.saturating_add(self.api.snapshot(request).await?.total_rows);
            }
            return Ok(rows);
        };
        loop {
            let page = self.api.pull(PullRequest { cursor: cursor.clone(), limit }).await?;
            rows = rows.saturating_add(u64::try_from(page.rows.len()).unwrap_or(u64::MAX));
            if !page.has_more || page.next.seq <= cursor.seq {
                return Ok(rows);
            }
            cursor = page.next;
        }
    }
}
