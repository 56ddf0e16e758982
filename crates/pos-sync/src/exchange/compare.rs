//! Whether this register holds the same rows as the server, and putting right what differs.
//!
//! Once a day, and after everything was read anew, both sides digest their rows of each kind in ranges of keys. A range
//! that differs is asked for again in smaller parts; a short one is read and written over what stands here. Own edits
//! that the server does not have yet are no difference and stay. Both sides must stand at the same place in the feed:
//! when the shop is too busy for that, the comparison is put off.

use std::collections::HashMap;

use pos_domain::Hash32;
use pos_domain::body::EntityKind;
use pos_protocol::{
    ApiError, Cursor, DigestPart, DigestRequest, FeedRow, ProblemCode, RowsDigest, SnapshotRequest, SyncApi,
    row_digest,
};
use pos_store::versions::{self, KeptVersion, KeyRange};
use pos_store::{Changed, StoreError, Tx, local};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::apply::incoming;
use super::greet::find_cursor;
use super::{Exchange, SyncError};

/// Time between two comparisons, 24 h: they read every row on both sides.
const EVERY_MS: i64 = 24 * 3_600 * 1_000;
/// Pause before a comparison is tried again for which the shop was too busy, 10 min.
const PUT_OFF_MS: i64 = 10 * 60 * 1_000;
/// Parts of a range: few requests to a difference, and small answers.
const PARTS: u32 = 16;
/// A range of at most so many rows is read instead of divided.
const READ_ROWS: u64 = 256;
/// Where the last comparison is kept.
const KEPT_AS: &str = "comparison";

/// What the last comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// When the next one is due, in milliseconds since 1970 UTC.
    pub due_ms: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Rows of the server that were compared.
    pub rows: u64,
    /// Rows that differed.
    pub differences: Vec<Difference>,
}

/// Whether reading the feed ends with a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparing {
    /// When one is due.
    IfDue,
    /// Not now: somebody waits for what was read. One that is due stays due for the next reading.
    Later,
}

/// How a comparison ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Both sides were the same, or are now.
    Done,
    /// Rows changed all the time; it is tried again soon.
    PutOff,
    /// The server is older and cannot compare.
    NotOffered,
}

/// A row that differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Kind of row.
    pub entity: String,
    /// The row.
    pub id: Uuid,
    /// In what.
    pub what: DifferenceKind,
}

/// In what a row differed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The server has it, the register had not.
    Missing,
    /// The register had it, the server has not.
    Surplus,
    /// They held other fields.
    Unequal,
}

/// What was found before the feed moved on, if it did.
#[derive(Debug, Default)]
struct Findings {
    rows: u64,
    differences: Vec<Difference>,
    changed: Changed,
}

/// A range and what the server holds in it.
struct Part {
    range: KeyRange,
    theirs: RowsDigest,
}

impl<A: SyncApi> Exchange<A> {
    /// What the last comparison found; none before the first.
    pub(crate) async fn last_comparison(&self) -> Result<Option<Comparison>, StoreError> {
        let kept = self.read(|conn| local::find_setting(conn, KEPT_AS)).await?;
        Ok(kept.and_then(|kept| serde_json::from_value(kept).ok()))
    }

    /// Reads the feed to its end and compares at once, due or not. Answers what was found; nothing when there was too
    /// much trouble to finish.
    pub(crate) async fn compare_now(&self) -> Result<Option<Comparison>, SyncError> {
        self.forget_comparison().await?;
        self.pull_to_end(Comparing::IfDue).await?;
        Ok(self.last_comparison().await?)
    }

    /// Compares with the server when it is time. A comparison that fails is no reason to stop: it is tried again with
    /// the next pull.
    pub(super) async fn compare_if_due(&self) -> Changed {
        let now_ms = self.now_ms();
        let last = match self.last_comparison().await {
            Ok(last) => last,
            Err(error) => {
                tracing::warn!(%error, "the last comparison could not be read");
                return Changed::default();
            }
        };
        // A clock that was set back must not put it off for ever.
        let due = last.is_none_or(|last| now_ms >= last.due_ms || now_ms < last.at_ms);
        if !due {
            return Changed::default();
        }
        match self.compare().await {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!(%error, "the comparison with the server was not finished");
                Changed::default()
            }
        }
    }

    /// After everything is read anew the next pull compares.
    pub(super) async fn forget_comparison(&self) -> Result<(), StoreError> {
        self.write(|tx| local::set_setting(tx, KEPT_AS, &serde_json::Value::Null)).await
    }

    async fn compare(&self) -> Result<Changed, SyncError> {
        let Some(cursor) = self.read(find_cursor).await? else { return Ok(Changed::default()) };
        let mut found = Findings::default();
        let mut outcome = Outcome::Done;
        for kind in EntityKind::ALL {
            outcome = match self.compare_kind(kind, &cursor, &mut found).await {
                Ok(outcome) => outcome,
                Err(SyncError::Api(ApiError::Refused { problem }))
                    if problem.code == ProblemCode::BadRequest =>
                {
                    Outcome::NotOffered
                }
                Err(error) => return Err(error),
            };
            if outcome != Outcome::Done {
                break;
            }
        }
        let Findings { rows, differences, changed } = found;
        for difference in &differences {
            tracing::error!(?difference, "a row differed from the server's");
        }
        let at_ms = self.now_ms();
        let pause_ms = if outcome == Outcome::PutOff { PUT_OFF_MS } else { EVERY_MS };
        let due_ms = at_ms.saturating_add(pause_ms);
        let comparison = Comparison { at_ms, due_ms, outcome, rows, differences };
        self.write(move |tx| {
            let kept = serde_json::to_value(&comparison)
                .map_err(|e| StoreError::Unwritable { what: KEPT_AS, source: e.into() })?;
            local::set_setting(tx, KEPT_AS, &kept)
        })
        .await?;
        self.announce(changed.clone());
        Ok(changed)
    }

    async fn compare_kind(
        &self,
        kind: EntityKind,
        cursor: &Cursor,
        found: &mut Findings,
    ) -> Result<Outcome, SyncError> {
        let mut ranges = vec![KeyRange::ALL];
        while let Some(range) = ranges.pop() {
            let request = DigestRequest {
                entity: kind.as_str().to_owned(),
                from: range.from,
                until: range.until,
                parts: PARTS,
            };
            let answer = self.api.digest(request).await?;
            if answer.mark != *cursor {
                return Ok(Outcome::PutOff);
            }
            let parts = divide(range, &answer.parts)?;
            if range == KeyRange::ALL {
                found.rows = parts.iter().fold(found.rows, |sum, part| sum.saturating_add(part.theirs.rows));
            }
            for part in self.that_differ(kind, parts).await? {
                if part.theirs.rows > READ_ROWS {
                    ranges.push(part.range);
                } else if self.put_right(kind, part.range, cursor, found).await? == Outcome::PutOff {
                    return Ok(Outcome::PutOff);
                }
            }
        }
        Ok(Outcome::Done)
    }

    /// The parts that hold something else here.
    async fn that_differ(&self, kind: EntityKind, parts: Vec<Part>) -> Result<Vec<Part>, StoreError> {
        let compared = self.store.report_async(move |conn| -> Result<_, StoreError> {
            let mut different = Vec::new();
            for part in parts {
                let mut ours = RowsDigest::EMPTY;
                versions::visit(conn, kind, part.range, |version| ours.add(digest_of(kind, version)))?;
                if ours != part.theirs {
                    different.push(part);
                }
            }
            Ok(different)
        });
        compared.await
    }

    /// Reads a short range and writes what differs in it.
    async fn put_right(
        &self,
        kind: EntityKind,
        range: KeyRange,
        cursor: &Cursor,
        found: &mut Findings,
    ) -> Result<Outcome, SyncError> {
        let mut after = range.from.as_u128().checked_sub(1).map(Uuid::from_u128);
        let mut rows: Vec<FeedRow> = Vec::new();
        loop {
            let limit = u32::try_from(READ_ROWS).unwrap_or(u32::MAX);
            let page =
                self.api.snapshot(SnapshotRequest { entity: kind.as_str().to_owned(), after, limit }).await?;
            if page.mark != *cursor {
                return Ok(Outcome::PutOff);
            }
            rows.extend(page.rows);
            let beyond = |id: Uuid| range.until.is_some_and(|until| id >= until);
            match page.next.filter(|next| !beyond(*next) && after.is_none_or(|before| *next > before)) {
                Some(next) => after = Some(next),
                None => {
                    rows.retain(|row| !beyond(row.id));
                    break;
                }
            }
        }
        let reached = cursor.seq;
        let (differences, changed) = self.write(move |tx| settle(tx, kind, range, reached, rows)).await?;
        found.differences.extend(differences);
        found.changed.join(changed);
        Ok(Outcome::Done)
    }
}

/// The parts of an answer as ranges that leave no key out. One that is out of order comes from no server of ours.
fn divide(range: KeyRange, parts: &[DigestPart]) -> Result<Vec<Part>, ApiError> {
    let inside = |key: Uuid| key >= range.from && range.until.is_none_or(|until| key < until);
    if !parts.is_sorted_by(|a, b| a.from < b.from) || !parts.iter().all(|part| inside(part.from)) {
        return Err(ApiError::NotTheServer { detail: "digests are out of order".to_owned() });
    }
    if parts.is_empty() {
        return Ok(vec![Part { range, theirs: RowsDigest::EMPTY }]);
    }
    let ends = parts.iter().skip(1).map(|part| Some(part.from)).chain([range.until]);
    let begins = std::iter::once(range.from).chain(parts.iter().skip(1).map(|part| part.from));
    let ranges = begins.zip(ends).map(|(from, until)| KeyRange { from, until });
    Ok(ranges.zip(parts).map(|(range, part)| Part { range, theirs: part.sum }).collect())
}

fn digest_of(kind: EntityKind, version: KeptVersion) -> Hash32 {
    row_digest(kind, version.id, version.rev, version.fields)
}

/// Writes a range as the server has it at `reached` of its feed. A row from beyond came with a verdict a moment ago and
/// is none of it. A higher revision alone says nothing: a server that was put back from an older copy counts again.
fn settle(
    tx: &Tx<'_>,
    kind: EntityKind,
    range: KeyRange,
    reached: u64,
    rows: Vec<FeedRow>,
) -> Result<(Vec<Difference>, Changed), StoreError> {
    let mut ours = HashMap::new();
    versions::visit(tx, kind, range, |version| {
        ours.insert(version.id, version);
    })?;
    let mut differences = Vec::new();
    let mut differs = |id, what| differences.push(Difference { entity: kind.as_str().to_owned(), id, what });
    let mut replaced = Vec::new();
    for row in rows {
        let fields = row.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
        let Some(fields) = fields else { continue };
        match ours.remove(&row.id) {
            None => differs(row.id, DifferenceKind::Missing),
            Some(mine) if mine.seq > reached => continue,
            Some(mine) => {
                if digest_of(kind, mine) == row_digest(kind, row.id, row.rev, fields) {
                    continue;
                }
                differs(row.id, DifferenceKind::Unequal);
            }
        }
        replaced.push(incoming(row));
    }
    let mut gone: Vec<KeptVersion> = ours.into_values().filter(|mine| mine.seq <= reached).collect();
    gone.sort_by_key(|version| version.id);
    for version in &gone {
        differs(version.id, DifferenceKind::Surplus);
    }
    let mut changed = versions::replace(tx, kind, &replaced)?;
    changed.join(versions::bury(tx, kind, &gone)?);
    Ok((differences, changed))
}
