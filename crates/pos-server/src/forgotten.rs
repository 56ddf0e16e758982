//! What an operation is told that refers to something which a database that was put back has forgotten.
//!
//! A register sells goods that another one made. The server forgets both, and the sale comes again first: to refuse it
//! would be for ever. So it waits, unstored, while what it refers to may still come: while a register that belongs to the
//! business has not read this life of the database, which each does when it has sent again what was forgotten, and while
//! this register has not learnt itself that something was forgotten. It waits no longer than registers keep what was
//! acknowledged; then it is refused as everything unknown is, and a person sees it.

use pos_protocol::{Heard, Operation, RejectReason, Verdict};

use crate::apply::RECORDED_LIFE;
use crate::batch::Batch;
use crate::prepare::PreparedPush;
use crate::put_back;
use crate::storage::{Sql, awaited, device};

/// How long an operation waits at most, from its first coming: 7 days. Registers keep what was acknowledged for so long
/// at least; one that comes later may have nothing to send again.
const LONGEST_WAIT_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How soon it should be tried again, in milliseconds: registers greet once a minute.
const RETRY_AFTER_MS: u32 = 30_000;

/// The answer to an operation of which `refusal` says that it refers to something unknown, while that may still come.
pub(crate) fn find_wait(
    batch: &mut Batch<'_>,
    push: &PreparedPush,
    operation: &Operation,
    refusal: &Verdict,
) -> Sql<Option<Verdict>> {
    let Verdict::Rejected { reason: RejectReason::UnknownReference, .. } = refusal else { return Ok(None) };
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::ForgottenGoodsAreRefused) {
        return Ok(None);
    }
    // No register sends that life: it is recorded from what is kept aside, once.
    if push.epoch == RECORDED_LIFE {
        return Ok(None);
    }
    let may_come =
        has_forgotten(batch, push)? || device::is_any_behind(batch.tx, batch.business.server_epoch)?;
    if !may_come {
        return Ok(None);
    }
    let since_ms = awaited::begin(batch.tx, operation.op_id, push.device.device_id, batch.now_ms)?;
    let waits = batch.now_ms.saturating_sub(since_ms) < LONGEST_WAIT_MS;
    Ok(waits.then_some(Verdict::Retry { after_ms: RETRY_AFTER_MS }))
}

/// Whether the register has heard of this server what it does not know any more. Its cursor proves to every register
/// that the database was put back: another life of it begins.
fn has_forgotten(batch: &mut Batch<'_>, push: &PreparedPush) -> Sql<bool> {
    let Some(Heard { cursor, acknowledged }) = &push.heard else { return Ok(false) };
    let device_id = push.device.device_id;
    if let Some(cursor) = cursor
        && let Some(epoch) = put_back::begin_life(batch.tx, cursor, device_id, batch.now_ms)?
    {
        tracing::error!(%cursor, device = %device_id, epoch, "this database was put back from an older copy");
        batch.business.server_epoch = epoch;
        return Ok(true);
    }
    Ok(!batch.life(device_id, push.epoch)?.has_seen(*acknowledged))
}
