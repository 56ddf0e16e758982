//! Pushes inside the writer's transaction: which operations are new, which came before, and what each verdict is.
//!
//! A verdict never changes for the same id and body, but for the moves of a sale's mode: a refusal for lack of stock
//! becomes an oversold sale when the register says that it happened, and a sale that was only asked for can be
//! withdrawn. Whatever contradicts what is stored is kept aside and answered as an alarm.

mod forked;
mod verdict;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use pos_domain::OperationBody;
use pos_protocol::latch::{Held, Reaction, react};
use pos_protocol::{
    FeedRow, Mode, OpVerdict, Operation, Problem, ProblemCode, PushResponse, RejectReason, Verdict,
};

use self::forked::{branch_to_record, concerns_a_fork, record_branch, tell_forks};
use self::verdict::{feed_seq, is_stored, stands};
use crate::apply::{self, Admission, ApplyError, Cause};
use crate::batch::{Batch, RowKey, Shown};
use crate::chain;
use crate::forgotten;
use crate::guard::guarded;
use crate::prepare::{Content, PreparedOperation, PreparedPush};
use crate::storage::audit::{self, Alarm, Quarantined};
use crate::storage::operation::{self, NewOperation, Stored};
use crate::storage::{Sql, StorageError, TransactionLost, device, life};

/// How far ahead of the watermark an operation may stand. Beyond this the sparse set would stop being small.
pub(crate) const MAX_AHEAD: u64 = 100_000;
/// Most operations of a push whose verdicts bring the rows as they now stand. Behind a longer one no customer waits,
/// and its register reads the feed next.
const MOST_WITH_ROWS: usize = 64;
/// How soon an operation should be tried again that this program could not apply, in milliseconds.
const RETRY_AFTER_MS: u32 = 5_000;

/// An answer whose rows are not filled in yet: they are known when the whole batch is written.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    response: PushResponse,
    /// For each verdict, the rows that its operation touched.
    row_keys: Vec<Vec<RowKey>>,
    links_ended: bool,
}

/// The answer to a piece of a push.
#[derive(Debug)]
pub(crate) struct PieceAnswer {
    pub(crate) response: PushResponse,
    /// One of its links was not taken: those of later pieces are not looked at.
    pub(crate) links_ended: bool,
}

impl OpenAnswer {
    /// Puts each touched row into the verdict of the last operation of this piece that touched it.
    pub(crate) fn close(mut self, rows: &HashMap<RowKey, FeedRow>) -> PieceAnswer {
        let mut given = HashSet::new();
        for (verdict, keys) in self.response.verdicts.iter_mut().zip(&self.row_keys).rev() {
            let fresh =
                keys.iter().filter(|key| given.insert(**key)).filter_map(|key| rows.get(key)).cloned();
            if let Verdict::Applied { rows, .. } | Verdict::Conflict { rows, .. } = &mut verdict.verdict {
                rows.extend(fresh);
            }
        }
        PieceAnswer { response: self.response, links_ended: self.links_ended }
    }
}

/// Why a push stops the whole transaction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushFault {
    /// A statement outside any operation failed.
    #[error("a statement failed")]
    Sql(#[from] StorageError),
    /// The transaction is gone.
    #[error(transparent)]
    Lost(#[from] TransactionLost),
    /// An operation failed after it had written something, and nothing but the transaction can take it back.
    #[error("an operation failed half way")]
    HalfDone(#[source] ApplyError),
}

/// A push, or as much of it as one transaction takes.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) push: Arc<PreparedPush>,
    /// Which of its operations.
    pub(crate) operations: Range<usize>,
    /// Which of its links: none before all of its operations are there, among which their sales may be.
    pub(crate) links: Range<usize>,
}

/// Runs a piece of a push; the inner error answers the whole request. It ends before an operation when `ends` says so of how
/// many it has done.
pub(crate) fn run(
    batch: &mut Batch<'_>,
    piece: &Piece,
    ends: impl Fn(usize) -> bool,
) -> Result<Result<OpenAnswer, Problem>, PushFault> {
    let push = &*piece.push;
    let operations = push.operations.get(piece.operations.clone()).unwrap_or_default();
    let revoked = device::is_revoked(batch.tx, push.device.device_id)?;
    #[cfg(feature = "planted")]
    let revoked = revoked && !pos_planted::is(pos_planted::Bug::RevokedRegisterWrites);
    if revoked {
        // All that is left of it: this answer ends the push.
        for prepared in push.operations.get(piece.operations.start..).unwrap_or_default() {
            keep_aside(batch, push, &prepared.operation, Alarm::Revoked)?;
        }
        let detail = "this register was revoked; what it sent is kept aside".to_owned();
        return Ok(Err(Problem { code: ProblemCode::Revoked, detail, retry_after_ms: None }));
    }
    let newest = life::newest_epoch(batch.tx, push.device.device_id)?;
    #[cfg(feature = "planted")]
    let newest = if pos_planted::is(pos_planted::Bug::EndedLifeWrites) { push.epoch } else { newest };
    let mut verdicts = Vec::with_capacity(operations.len());
    let mut row_keys = Vec::with_capacity(operations.len());
    let shown = if push.operations.len() > MOST_WITH_ROWS { Shown::Conflicts } else { Shown::All };
    let mut forks = false;
    for prepared in operations {
        if ends(verdicts.len()) {
            break;
        }
        batch.begin_operation();
        let op_id = prepared.operation.op_id;
        let (duplicate, verdict) = if push.epoch < newest {
            run_stale(batch, push, prepared, newest)?
        } else {
            run_operation(batch, push, prepared)?
        };
        forks |= concerns_a_fork(batch, push, op_id, &verdict)?;
        let recorded = branch_to_record(prepared, duplicate, &verdict);
        verdicts.push(OpVerdict { op_id, duplicate, verdict });
        row_keys.push(batch.take_row_keys(shown));
        if let Some(conflict_id) = recorded {
            record_branch(batch, conflict_id)?;
        }
    }
    if forks {
        tell_forks(batch, &push.device)?;
    }
    let is_whole = verdicts.len() == operations.len();
    let links = if is_whole { push.chain.get(piece.links.clone()).unwrap_or_default() } else { &[] };
    let chain = chain::run(batch, push, links, newest)?;
    let response = PushResponse {
        verdicts,
        chain_head: chain.head,
        chain_fault: chain.fault,
        server_epoch: batch.business.server_epoch,
        server_time_ms: batch.now_ms,
    };
    Ok(Ok(OpenAnswer { response, row_keys, links_ended: chain.ended }))
}

/// A life that ended sends nothing new; what it had sent is answered as before.
fn run_stale(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    prepared: &PreparedOperation,
    current: u32,
) -> Sql<(bool, Verdict)> {
    let operation = &prepared.operation;
    match operation::find(batch.tx, operation.op_id)? {
        Some(stored) if stored.body_hash == operation.body_hash => Ok((true, stored.verdict)),
        Some(_) | None => {
            keep_aside(batch, push, operation, Alarm::StaleEpoch)?;
            Ok((false, Verdict::StaleEpoch { current }))
        }
    }
}

fn run_operation(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    prepared: &PreparedOperation,
) -> Result<(bool, Verdict), PushFault> {
    let operation = &prepared.operation;
    if matches!(prepared.content, Content::OtherHash) {
        keep_aside(batch, push, operation, Alarm::BodyMismatch)?;
        return Ok((false, Verdict::BodyMismatch));
    }
    let device_id = push.device.device_id;
    if let Some(stored) = operation::find(batch.tx, operation.op_id)? {
        let other = stored.device_id != device_id || stored.body_hash != operation.body_hash;
        #[cfg(feature = "planted")] // Incident 3.
        let other = other && !pos_planted::is(pos_planted::Bug::BodyIsNotCompared);
        if other {
            keep_aside(batch, push, operation, Alarm::BodyMismatch)?;
            return Ok((false, Verdict::BodyMismatch));
        }
        let answer = run_again(batch, push, prepared, stored)?;
        batch.life(device_id, push.epoch)?.mark_seen(operation.seq);
        return Ok(answer);
    }
    let life = batch.life(device_id, push.epoch)?;
    if life.has_seen(operation.seq) {
        // Another operation may stand here only if this one is a fork of the register's file.
        if operation::find_at(batch.tx, device_id, push.epoch, operation.seq)?.is_some() {
            keep_aside(batch, push, operation, Alarm::Fork)?;
            return Ok((false, Verdict::BodyMismatch));
        }
    } else if operation.seq > life.row.watermark + MAX_AHEAD {
        return Ok((false, Verdict::Gap { expected: life.row.watermark + 1 }));
    }
    for op_id in &operation.depends_on {
        let stands = operation::find(batch.tx, *op_id)?.is_some_and(|stored| stands(&stored.verdict));
        if !stands {
            return Ok((false, Verdict::BlockedBy { op_id: *op_id }));
        }
    }
    let verdict = run_new(batch, push, prepared)?;
    if is_stored(&verdict) {
        batch.life(device_id, push.epoch)?.mark_seen(operation.seq);
    }
    Ok((false, verdict))
}

fn run_new(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    prepared: &PreparedOperation,
) -> Result<Verdict, PushFault> {
    let operation = &prepared.operation;
    let cause = Cause { device: &push.device, op_id: operation.op_id, feed_seq: batch.next_seq() };
    let asked = match (&prepared.content, react(Held::Nothing, operation.mode)) {
        (Content::Unknown, _) => return Ok(Verdict::UnknownKind),
        (Content::OtherHash, _) => return Ok(Verdict::BodyMismatch),
        (Content::Invalid { field, detail, .. }, Reaction::Ask | Reaction::Record) => {
            Err(Verdict::Rejected {
                reason: RejectReason::Validation,
                field: field.clone(),
                detail: detail.clone(),
            })
        }
        (Content::Body(body), Reaction::Ask) => Ok((body, Admission::Asked)),
        (Content::Body(body), Reaction::Record) => Ok((body, Admission::Happened)),
        // Of what never came there is nothing to undo, to repeat or to contradict: it is barred.
        (
            Content::Invalid { .. } | Content::Body(_),
            Reaction::Bar | Reaction::Undo | Reaction::Repeat | Reaction::Confirm | Reaction::Contradiction,
        ) => Err(withdrawn()),
    };
    #[cfg(feature = "planted")]
    let asked = match asked {
        Ok((body, _)) if pos_planted::is(pos_planted::Bug::QuestionTakenAsFact) => {
            Ok((body, Admission::Happened))
        }
        other => other,
    };
    let refusal = match asked {
        Ok((body, admission)) => {
            let applied = guarded(batch, |batch| {
                let verdict = apply::apply(batch, &cause, body, admission)?;
                insert(batch, push, operation, &verdict)?;
                Ok(verdict)
            })?;
            match applied {
                Ok(verdict) => return Ok(verdict),
                Err(ApplyError::Refused(verdict)) => *verdict,
                Err(fault @ (ApplyError::Sql(_) | ApplyError::Panicked)) => {
                    return Ok(retry(operation, &fault));
                }
            }
        }
        Err(verdict) => verdict,
    };
    if let Some(wait) = forgotten::find_wait(batch, push, operation, &refusal)? {
        return Ok(wait);
    }
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::RefusalIsNotKept)
        && matches!(refusal, Verdict::InsufficientStock { .. })
    {
        return Ok(refusal);
    }
    let kept = guarded(batch, |batch| {
        insert(batch, push, operation, &refusal)?;
        if let Some(body) = body_of(&prepared.content) {
            apply::keep_rejected(batch, &cause, body, &refusal)?;
        }
        Ok(refusal)
    })?;
    Ok(kept.unwrap_or_else(|fault| retry(operation, &fault)))
}

/// An operation that came before. Only its mode may have moved on.
fn run_again(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    prepared: &PreparedOperation,
    stored: Stored,
) -> Result<(bool, Verdict), PushFault> {
    let operation = &prepared.operation;
    let Content::Body(body) = &prepared.content else { return Ok((true, stored.verdict)) };
    let cause = Cause { device: &push.device, op_id: operation.op_id, feed_seq: batch.next_seq() };
    #[cfg(feature = "planted")] // Incident 1.
    if pos_planted::is(pos_planted::Bug::RepeatIsAppliedAgain)
        && let (Held::Applied { .. }, OperationBody::SaleComplete(document)) =
            (Held::of(&stored.verdict, stored.mode), body)
    {
        drop(guarded(batch, |batch| apply::move_again(batch, &cause, document))?);
    }
    let changed = match react(Held::of(&stored.verdict, stored.mode), operation.mode) {
        Reaction::Record => guarded(batch, |batch| {
            let verdict = apply::apply(batch, &cause, body, Admission::Happened)?;
            operation::update(batch.tx, operation.op_id, Mode::Fact, &verdict, feed_seq(&verdict))?;
            Ok(verdict)
        })?,
        Reaction::Bar => guarded(batch, |batch| {
            let verdict = withdrawn();
            operation::update(batch.tx, operation.op_id, Mode::Withdraw, &verdict, None)?;
            apply::keep_rejected(batch, &cause, body, &verdict)?;
            Ok(verdict)
        })?,
        Reaction::Undo => guarded(batch, |batch| {
            if let OperationBody::SaleComplete(document) = body {
                apply::withdraw(batch, &cause, document)?;
            }
            let verdict = withdrawn();
            operation::update(batch.tx, operation.op_id, Mode::Withdraw, &verdict, None)?;
            Ok(verdict)
        })?,
        Reaction::Confirm => {
            let seq = feed_seq(&stored.verdict);
            operation::update(batch.tx, operation.op_id, Mode::Fact, &stored.verdict, seq)?;
            return Ok((true, stored.verdict));
        }
        Reaction::Contradiction => {
            keep_aside(batch, push, operation, Alarm::BodyMismatch)?;
            return Ok((true, stored.verdict));
        }
        // What is held was asked before.
        Reaction::Repeat | Reaction::Ask => return Ok((true, stored.verdict)),
    };
    match changed {
        Ok(verdict) => Ok((false, verdict)),
        // Refused although it happened, such as for a product that was never created: the refusal is the verdict.
        Err(ApplyError::Refused(verdict)) => {
            operation::update(batch.tx, operation.op_id, operation.mode, &verdict, None)?;
            Ok((false, *verdict))
        }
        Err(fault @ (ApplyError::Sql(_) | ApplyError::Panicked)) => Ok((false, retry(operation, &fault))),
    }
}

fn insert(batch: &Batch<'_>, push: &PreparedPush, operation: &Operation, verdict: &Verdict) -> Sql<()> {
    operation::insert(
        batch.tx,
        &NewOperation {
            operation,
            device_id: push.device.device_id,
            epoch: push.epoch,
            verdict,
            feed_seq: feed_seq(verdict),
            received_at_ms: batch.now_ms,
        },
    )
}

fn keep_aside(batch: &Batch<'_>, push: &PreparedPush, operation: &Operation, alarm: Alarm) -> Sql<()> {
    tracing::warn!(
        alarm = alarm.as_str(), device = %push.device.device_id, epoch = push.epoch, seq = operation.seq,
        op_id = %operation.op_id, "an operation is kept aside"
    );
    let kept = Quarantined {
        alarm,
        device_id: push.device.device_id,
        epoch: push.epoch,
        seq: operation.seq,
        subject: operation.op_id.0,
        content: operation.body.get(),
        sent: alarm.is_of_a_fork().then_some(operation),
        at_ms: batch.now_ms,
    };
    audit::quarantine(batch.tx, &kept)
}

fn retry(operation: &Operation, fault: &ApplyError) -> Verdict {
    tracing::error!(
        op_id = %operation.op_id, kind = operation.kind, error = %crate::error::in_words(fault),
        "an operation could not be applied"
    );
    Verdict::Retry { after_ms: RETRY_AFTER_MS }
}

fn withdrawn() -> Verdict {
    Verdict::Rejected {
        reason: RejectReason::Withdrawn,
        field: None,
        detail: "the register gave the cart back".to_owned(),
    }
}

fn body_of(content: &Content) -> Option<&OperationBody> {
    match content {
        Content::Body(body) => Some(body),
        Content::Invalid { body, .. } => body.as_ref(),
        Content::Unknown | Content::OtherHash => None,
    }
}
