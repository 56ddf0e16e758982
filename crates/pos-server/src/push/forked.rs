//! What a push means for a register whose file went on in two places: its other branch is described, and recorded once a
//! person has said so.

use std::sync::Arc;

use pos_domain::{ConflictChoice, ConflictId, OpId, OperationBody};
use pos_protocol::Verdict;

use super::verdict::{is_stored, stands};
use super::{PushFault, run_new};
use crate::apply;
use crate::batch::Batch;
use crate::guard::guarded;
use crate::prepare::{Content, PreparedOperation, PreparedPush, prepare_operation};
use crate::storage::device::Device;
use crate::storage::{Sql, aside, device};

/// Whether something was kept aside of a file that went on in two places, or comes now in a newer life.
pub(super) fn concerns_a_fork(
    batch: &Batch<'_>,
    push: &PreparedPush,
    op_id: OpId,
    verdict: &Verdict,
) -> Sql<bool> {
    match verdict {
        Verdict::BodyMismatch | Verdict::StaleEpoch { .. } => Ok(true),
        verdict if push.epoch > 1 && is_stored(verdict) => aside::was_kept(batch.tx, op_id),
        Verdict::Applied { .. }
        | Verdict::InsufficientStock { .. }
        | Verdict::Rejected { .. }
        | Verdict::Conflict { .. }
        | Verdict::BlockedBy { .. }
        | Verdict::Gap { .. }
        | Verdict::UnknownKind
        | Verdict::Retry { .. } => Ok(false),
    }
}

/// The fork whose other branch a person has just let be recorded.
pub(super) fn branch_to_record(
    prepared: &PreparedOperation,
    duplicate: bool,
    verdict: &Verdict,
) -> Option<ConflictId> {
    match &prepared.content {
        Content::Body(OperationBody::ConflictResolve(resolution))
            if resolution.choice == ConflictChoice::RecordBranch && !duplicate && stands(verdict) =>
        {
            Some(resolution.conflict_id)
        }
        Content::Body(_) | Content::Invalid { .. } | Content::Unknown | Content::OtherHash => None,
    }
}

/// Records what was kept aside of a register's other branch, each operation by itself, as facts.
pub(super) fn record_branch(batch: &mut Batch<'_>, conflict_id: ConflictId) -> Result<(), PushFault> {
    let Some((device_id, epoch)) = apply::find_forked(batch, conflict_id)? else { return Ok(()) };
    let Some(device) = device::find(batch.tx, device_id)?.map(Arc::new) else { return Ok(()) };
    let mut branch = aside::list(batch.tx, device_id, epoch, 0, apply::MOST_AT_ONCE)?;
    branch.sort_by_key(|kept| kept.operation.seq);
    let mut seq = aside::last_seq(batch.tx, device_id, apply::RECORDED_LIFE)?;
    let push = PreparedPush {
        device: Arc::clone(&device),
        epoch: apply::RECORDED_LIFE,
        operations: Vec::new(),
        chain: Vec::new(),
        heard: None,
    };
    for kept in branch {
        batch.begin_operation();
        let operation = prepare_operation(aside::as_fact(kept.operation, seq + 1));
        seq += u64::from(is_stored(&run_new(batch, &push, &operation)?));
    }
    tell_forks(batch, &device)
}

pub(super) fn tell_forks(batch: &mut Batch<'_>, device: &Arc<Device>) -> Result<(), PushFault> {
    batch.begin_operation();
    if let Err(fault) = guarded(batch, |batch| apply::tell_forks(batch, device))? {
        tracing::error!(
            device = %device.device_id, error = %crate::error::in_words(&fault), "a fork could not be described"
        );
    }
    Ok(())
}
