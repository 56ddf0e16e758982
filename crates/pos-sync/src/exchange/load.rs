//! What a push carries: claimed operations that may leave, and the links of the chain that the server lacks.

use std::collections::BTreeSet;
use std::time::Duration;

use pos_domain::ChainRecord;
use pos_protocol::{Heard, Mode, Operation, PROTOCOL, PushRequest, SyncApi};
use pos_store::queue::{self, ClaimLimits, Claimed, ErrorClass, OpMode};
use pos_store::{Conn, StoreError, chain, device, lease};
use serde_json::value::RawValue;

use super::Exchange;
use super::greet::find_cursor;
use super::push::fault;
use crate::check::{Unsendable, check};
use crate::chunk::Work;

/// How long a claim holds, 60 s: twice the time limit of a push, so that a claim never ends under a live request.
const CLAIM_LEASE: Duration = Duration::from_secs(60);
/// Size of an operation's envelope on the wire beside its body and dependencies, in bytes, rounded up.
const ENVELOPE_BYTES: u64 = 280;
/// Size of one dependency on the wire, in bytes.
const DEPENDENCY_BYTES: u64 = 39;
/// Size of a chain link on the wire without what it shares with the one before it, in bytes, rounded up.
const LINK_BYTES: u64 = 330;
/// Most chain links of one push: a quarter of its bytes. One of two pushes under way carries links, so it must take those of
/// both, or the evidence falls behind the sales.
const MAX_LINKS: u32 = 1_500;
/// A claim is not filled up further below this many bytes: the next operation would hardly fit.
const ROOM_WORTH_FILLING: u64 = 16 << 10;

/// A push on its way.
pub(super) struct Load<'a, A: SyncApi> {
    pub(super) claimed: Vec<Claimed>,
    pub(super) links: Vec<ChainRecord>,
    /// What the operations are about.
    pub(super) tables: BTreeSet<&'static str>,
    /// Some never left: they are dead or parked already.
    pub(super) kept_back: u32,
    _carrier: Option<LinkCarrier<'a, A>>,
}

/// The right to carry links: one push at a time has it, until it is answered.
struct LinkCarrier<'a, A: SyncApi>(&'a Exchange<A>);

impl<'a, A: SyncApi> LinkCarrier<'a, A> {
    fn take(exchange: &'a Exchange<A>) -> Option<Self> {
        let mut live = exchange.live();
        let held = std::mem::take(&mut live.hold_links) || std::mem::replace(&mut live.links_under_way, true);
        drop(live);
        (!held).then_some(Self(exchange))
    }
}

impl<A: SyncApi> Drop for LinkCarrier<'_, A> {
    fn drop(&mut self) {
        self.0.live().links_under_way = false;
    }
}

impl<A: SyncApi> Load<'_, A> {
    /// About how much travels, before packing.
    pub(super) fn bytes(&self) -> u64 {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let bodies: u64 = self.claimed.iter().map(size_of).sum();
        bodies.saturating_add(LINK_BYTES.saturating_mul(count(self.links.len())))
    }
}

impl<A: SyncApi> Exchange<A> {
    /// Claims what fits, in jobs short enough for the till, and keeps back what must not leave.
    pub(super) async fn load(&self, max_ops: u32, max_bytes: u64) -> Result<Load<'_, A>, StoreError> {
        let carrier = LinkCarrier::take(self);
        let links = if carrier.is_some() { MAX_LINKS } else { 0 };
        let links = self.read(move |conn| chain::list_to_countersign(conn, links)).await?;
        let link_bytes = LINK_BYTES.saturating_mul(u64::try_from(links.len()).unwrap_or(u64::MAX));
        let mut room = max_bytes.saturating_sub(link_bytes);
        let mut left = max_ops;
        let tables = BTreeSet::new();
        let mut load = Load { claimed: Vec::new(), links, tables, kept_back: 0, _carrier: carrier };
        while left > 0 && (load.claimed.is_empty() || room >= ROOM_WORTH_FILLING) {
            let ops = left.min(u32::try_from(self.chunk_rows(Work::Claims)).unwrap_or(u32::MAX));
            self.customers.give_way().await;
            let claimed = self.claim(ops, room).await?;
            let full = u32::try_from(claimed.len()).unwrap_or(u32::MAX) == ops;
            left = left.saturating_sub(ops);
            for operation in &claimed {
                room = room.saturating_sub(size_of(operation));
            }
            let (sound, kept_back) = self.keep_back(claimed, &mut load.tables).await?;
            load.kept_back = load.kept_back.saturating_add(kept_back);
            load.claimed.extend(sound);
            if !full {
                break;
            }
        }
        Ok(load)
    }

    async fn claim(&self, ops: u32, room: u64) -> Result<Vec<Claimed>, StoreError> {
        let now_ms = self.now_ms();
        let until_ms = now_ms.saturating_add(crate::backoff::clock_millis(CLAIM_LEASE));
        let holder = self.holder.clone();
        let rows = usize::try_from(ops).unwrap_or(usize::MAX);
        let (claimed, took) = self
            .write(self.timed(move |tx| {
                if lease::acquire(tx, &holder, now_ms, until_ms)?.is_none() {
                    return Ok(Vec::new());
                }
                let limits = ClaimLimits {
                    ops,
                    bytes: room,
                    envelope_bytes: ENVELOPE_BYTES,
                    now_ms,
                    lease_until_ms: until_ms,
                };
                queue::claim_batch(tx, limits)
            }))
            .await?;
        if claimed.len() == rows {
            self.chunk_took(Work::Claims, rows, took);
        }
        Ok(claimed)
    }

    /// Puts aside what must not leave; the rest, and how many stayed. Notes what the rest is about.
    async fn keep_back(
        &self,
        claimed: Vec<Claimed>,
        tables: &mut BTreeSet<&'static str>,
    ) -> Result<(Vec<Claimed>, u32), StoreError> {
        let mut sound = Vec::with_capacity(claimed.len());
        let mut unsound = Vec::new();
        for operation in claimed {
            match check(&operation.kind, operation.kind_version, &operation.body, &operation.body_hash) {
                Ok(body) => {
                    tables.insert(body.table());
                    sound.push(operation);
                }
                Err(why) => unsound.push((operation.op_id, operation.generation, why)),
            }
        }
        let kept = u32::try_from(unsound.len()).unwrap_or(u32::MAX);
        let now_ms = self.now_ms();
        self.write_in_chunks(Work::Claims, unsound, move |tx, chunk| {
            for (op_id, generation, why) in chunk {
                let fenced = match why {
                    Unsendable::Invalid { code, field, detail } => {
                        let params = serde_json::json!({ "field": field, "detail": detail });
                        let fault = fault(ErrorClass::Permanent, &format!("invalid.{code}"), params);
                        queue::dead_letter(tx, op_id, generation, &fault, now_ms)?
                    }
                    Unsendable::UnknownKind => {
                        let fault = fault(ErrorClass::Upgrade, "upgrade.register", serde_json::json!({}));
                        queue::park(tx, op_id, generation, &fault)?
                    }
                };
                tracing::warn!(%op_id, ?fenced, "an operation was kept back");
            }
            Ok(())
        })
        .await?;
        Ok((sound, kept))
    }

    pub(super) async fn request(&self, load: &Load<'_, A>) -> Result<PushRequest, StoreError> {
        let (device, heard) = self.read(|conn| Ok((device::get(conn)?, heard(conn)?))).await?;
        let mut operations = Vec::with_capacity(load.claimed.len());
        // A life that began since the claim has given the operations other places: these wait for their next claim.
        for claimed in load.claimed.iter().filter(|claimed| claimed.epoch == device.epoch) {
            operations.push(operation(claimed)?);
        }
        let chain = if operations.len() == load.claimed.len() { load.links.clone() } else { Vec::new() };
        Ok(PushRequest {
            protocol: PROTOCOL,
            device_id: device.device_id,
            epoch: device.epoch,
            operations,
            chain,
            heard: Some(heard),
        })
    }
}

/// What this register has heard of the server: one that was put back finds in it what it has forgotten.
pub(super) fn heard(conn: &Conn) -> Result<Heard, StoreError> {
    Ok(Heard { cursor: find_cursor(conn)?, acknowledged: queue::newest_acknowledged(conn)? })
}

/// About how much of an operation travels, before packing.
fn size_of(operation: &Claimed) -> u64 {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let dependencies = DEPENDENCY_BYTES.saturating_mul(count(operation.depends_on.len()));
    count(operation.body.len()).saturating_add(ENVELOPE_BYTES).saturating_add(dependencies)
}

/// An operation as it travels: the very bytes that were queued.
pub(super) fn operation(claimed: &Claimed) -> Result<Operation, StoreError> {
    let body = RawValue::from_string(claimed.body.clone())
        .map_err(|source| StoreError::Unreadable { what: "sync_queue.body", source: Box::new(source) })?;
    Ok(Operation {
        op_id: claimed.op_id,
        seq: claimed.seq,
        kind: claimed.kind.clone(),
        kind_version: claimed.kind_version,
        depends_on: claimed.depends_on.clone(),
        mode: match claimed.mode {
            OpMode::Admit => Mode::Admit,
            #[cfg(feature = "planted")] // Incident 4.
            OpMode::Fact
                if pos_planted::is(pos_planted::Bug::LatchIsNotSent) && claimed.kind == "sale.complete" =>
            {
                Mode::Admit
            }
            OpMode::Fact => Mode::Fact,
            OpMode::Withdraw => Mode::Withdraw,
        },
        made_at_ms: claimed.made_at_ms,
        body,
        body_hash: claimed.body_hash,
    })
}
