//! Sending a load, and writing down what became of each operation.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use pos_domain::chain::ChainHead;
use pos_domain::{ChainRecord, OpId};
use pos_protocol::{OpVerdict, PushResponse, SyncApi};
use pos_store::health::{self, Direction};
use pos_store::queue::{self, Claimed, ErrorClass, OpFault};
use pos_store::{Conn, StoreError, chain, device, exchange};
use tokio::time::Instant;

use super::apply::{Answered, Outcome, Tally, apply_verdict};
use super::load::Load;
use super::{Exchange, Journal, SyncError};
use crate::chunk::Work;
use crate::engine::{Event, QueueView, Trouble};
use crate::status::Alarm;

/// Pause before an operation is sent again on which the server said nothing at all, in milliseconds.
const NO_VERDICT_PAUSE_MS: i64 = 5_000;
/// Ready operations that are counted before a push: as many as all pushes under way can take. This runs on the one
/// writer, which a long queue must not hold.
const ENOUGH_READY: u32 = 2 * 2_000;
/// What became of a push.
pub(crate) enum Pushed {
    /// Nothing left.
    Nothing {
        /// Something is ready all the same.
        ready: bool,
        /// Something was kept back because it must not leave.
        kept_back: bool,
    },
    /// The server answered, and its verdicts are on the disk.
    Answered {
        /// Operations sent.
        sent: u32,
        /// Time until the answer.
        took: Duration,
        /// The queue afterwards.
        queue: QueueView,
        /// What became of them.
        tally: Tally,
    },
    /// It was not processed; the operations wait again.
    Failed {
        /// Operations sent.
        sent: u32,
        /// Why.
        error: SyncError,
        /// The queue afterwards.
        queue: QueueView,
    },
}

impl<A: SyncApi> Exchange<A> {
    /// What the queue holds. An unreadable file shows as an empty queue; the step that writes will say why.
    pub(crate) async fn look(&self) -> QueueView {
        self.sample_health().await;
        let now_ms = self.now_ms();
        let seen = self
            .write(move |tx| {
                queue::expire_leases(tx, now_ms)?;
                view(tx, now_ms)
            })
            .await;
        seen.unwrap_or_else(|error| {
            tracing::error!(%error, "the queue could not be read");
            QueueView::default()
        })
    }

    /// Sends one push.
    pub(crate) async fn push(&self, max_ops: u32, max_bytes: u32) -> Pushed {
        let journal = self.journal("push");
        let load = match self.load(max_ops, u64::from(max_bytes)).await {
            Ok(load) => load,
            Err(error) => return self.failed(0, error.into(), journal).await,
        };
        if load.claimed.is_empty() && load.links.is_empty() {
            return Pushed::Nothing { ready: self.look().await.ready > 0, kept_back: load.kept_back > 0 };
        }
        let sent = u32::try_from(load.claimed.len()).unwrap_or(u32::MAX);
        let sent_links = !load.links.is_empty();
        self.customers.give_way().await;
        let started = Instant::now();
        let answer = match self.request(&load).await {
            Ok(request) => self.api.push(request).await.map_err(SyncError::from),
            Err(error) => Err(error.into()),
        };
        let took = started.elapsed();
        match answer {
            Ok(response) => match self.take_in(load, response, journal).await {
                Ok(tally) => {
                    self.note_success();
                    Pushed::Answered { sent, took, queue: self.look_after(&tally, sent_links).await, tally }
                }
                Err(error) => Pushed::Failed { sent, error, queue: self.look().await },
            },
            Err(error) => {
                self.give_back(load, &error).await;
                self.failed(sent, error, journal).await
            }
        }
    }

    /// Links that were sent and did not get any further wait for the next turn.
    async fn look_after(&self, tally: &Tally, sent_links: bool) -> QueueView {
        let view = self.look().await;
        if tally.links_taken || !sent_links { view } else { QueueView { links: 0, ..view } }
    }

    async fn failed(&self, sent: u32, error: SyncError, journal: Journal) -> Pushed {
        self.record(journal.failed(&error)).await;
        #[cfg(feature = "planted")] // Incident 25.
        if pos_planted::is(pos_planted::Bug::FailureCountsAsSuccess) {
            let now_ms = self.now_ms();
            let noted: Result<(), StoreError> =
                self.write(move |tx| exchange::record_push_ok(tx, now_ms)).await;
            drop(noted);
        }
        Pushed::Failed { sent, error, queue: self.look().await }
    }

    /// Writes down every verdict and how far the chain got.
    async fn take_in(
        &self,
        load: Load<'_, A>,
        response: PushResponse,
        journal: Journal,
    ) -> Result<Tally, SyncError> {
        let now_ms = self.now_ms();
        let bytes_up = load.bytes();
        let tables = load.tables;
        let tally =
            self.take_verdicts(pair(load.claimed, response.verdicts), response.server_epoch, now_ms).await;
        let mut tally = match tally {
            Ok(tally) => tally,
            Err(error) => {
                let error = error.into();
                self.record(journal.failed(&error)).await;
                return Err(error);
            }
        };
        let head = response.chain_head.filter(|_| !load.links.is_empty());
        let journal = journal.pushed(&tally, bytes_up);
        tally.join(self.close_push(head, tables, journal, now_ms).await?);
        tally.links_taken |= self.settle_earlier_life(load.links.last()).await?;
        if let Some(words) = &response.chain_fault {
            tracing::error!(words, "the server does not accept a link of the receipts chain");
            if std::mem::replace(&mut self.live().chain_doubted, true) {
                tally.alarm = tally.alarm.max(Some(Alarm::ChainFault));
            } else {
                // A server that was put back lacks links as well: its greeting tells, before anybody is alarmed.
                self.tell(Event::SyncNow);
            }
        }
        self.note_server_epoch(response.server_epoch);
        self.announce(std::mem::take(&mut tally.changed));
        match tally.alarm {
            // The server takes nothing more of this life of the file: asking again would change nothing.
            Some(Alarm::StaleEpoch) => Err(SyncError::Alarm(Alarm::StaleEpoch)),
            None => {
                let mut live = self.live();
                if tally.links_taken {
                    live.chain_doubted = false;
                    if live.alarm == Some(Alarm::ChainFault) {
                        live.alarm = None;
                    }
                }
                drop(live);
                Ok(tally)
            }
            Some(alarm) => {
                self.live().alarm = Some(alarm);
                Ok(tally)
            }
        }
    }

    /// Links of a life that has ended get no head in the answer. The server had their documents when they were sent, so
    /// it has taken them, or found fault with them once and for all.
    async fn settle_earlier_life(&self, last: Option<&ChainRecord>) -> Result<bool, StoreError> {
        let Some((epoch, number)) = last.map(|link| (link.epoch, link.number)) else { return Ok(false) };
        self.write(move |tx| {
            let earlier = epoch < device::get(tx)?.epoch;
            if earlier {
                chain::settle_owed(tx, epoch, number)?;
            }
            Ok(earlier)
        })
        .await
    }

    /// `server_epoch` is the life of the server that gave them. One that has ended since, and was met in its next life
    /// meanwhile, may have forgotten what it says: its answer is none.
    async fn take_verdicts(
        &self,
        answered: Vec<(Answered, Option<OpVerdict>)>,
        server_epoch: u32,
        now_ms: i64,
    ) -> Result<Tally, StoreError> {
        let chunks = self
            .write_in_chunks(Work::Verdicts, answered, move |tx, chunk| {
                let mut tally = Tally::default();
                let has_ended =
                    device::get(tx)?.server.is_some_and(|server| server.server_epoch > server_epoch);
                for (answered, verdict) in chunk {
                    tally.add(match verdict.filter(|_| !has_ended) {
                        Some(verdict) => apply_verdict(tx, &answered, &verdict, now_ms)?,
                        None => {
                            let fault =
                                fault(ErrorClass::Transient, "sync.no_verdict", serde_json::json!({}));
                            let due_ms = now_ms.saturating_add(NO_VERDICT_PAUSE_MS);
                            let (op_id, generation) = (answered.op_id, answered.generation);
                            Outcome::waits(queue::release(tx, op_id, generation, &fault, due_ms, now_ms)?)
                        }
                    });
                }
                Ok(tally)
            })
            .await?;
        let mut tally = Tally::default();
        for chunk in chunks {
            tally.join(chunk);
        }
        Ok(tally)
    }

    /// Remembers that the server answered, how far it holds the chain, and the run: one commit for what a push brings
    /// beside its verdicts.
    async fn close_push(
        &self,
        head: Option<ChainHead>,
        tables: BTreeSet<&'static str>,
        journal: Journal,
        now_ms: i64,
    ) -> Result<Tally, StoreError> {
        self.write(move |tx| {
            journal.write(tx, now_ms)?;
            exchange::record_push_ok(tx, now_ms)?;
            health::record_success(tx, Direction::Push, tables, now_ms)?;
            let mut tally = Tally::default();
            if let Some(head) = head {
                let before = device::get(tx)?.countersigned;
                match chain::set_countersigned(tx, head) {
                    Ok(()) => tally.links_taken = head.number > before.number,
                    Err(StoreError::Chain(fault)) => {
                        tracing::error!(%fault, "the server holds another chain than this register");
                        tally.alarm = Some(Alarm::ChainFault);
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(tally)
        })
        .await
    }

    /// Puts a load back that was not processed. What was refused alone is dead; an outage leaves no trace but a
    /// reason, and no waiting time: it is the way to the server that must be waited for, not the operation.
    async fn give_back(&self, load: Load<'_, A>, error: &SyncError) {
        let now_ms = self.now_ms();
        let indigestible = error.trouble() == Trouble::Indigestible;
        if indigestible && !load.links.is_empty() {
            self.live().hold_links = true;
        }
        let poison = indigestible && load.links.is_empty() && load.claimed.len() == 1;
        let class = if poison { ErrorClass::Permanent } else { ErrorClass::Transient };
        let fault = fault(class, error.code(), serde_json::json!({ "detail": error.to_string() }));
        let given_back = self
            .write_in_chunks(Work::Claims, load.claimed, move |tx, chunk| {
                for operation in chunk {
                    let (op_id, generation) = (operation.op_id, operation.generation);
                    let _ = if poison {
                        queue::dead_letter(tx, op_id, generation, &fault, now_ms)?
                    } else {
                        queue::release(tx, op_id, generation, &fault, now_ms, now_ms)?
                    };
                }
                Ok(())
            })
            .await;
        if let Err(error) = given_back {
            tracing::error!(%error, "claims stay until their lease ends");
        }
    }
}

/// What the queue holds.
pub(super) fn view(conn: &Conn, now_ms: i64) -> Result<QueueView, StoreError> {
    let due_ms = queue::next_due(conn, now_ms)?;
    let device = device::get(conn)?;
    let ready = match due_ms {
        // Some of them may wait for others; claiming sorts that out.
        Some(due_ms) if due_ms <= now_ms => queue::count_pending(conn, ENOUGH_READY)?.max(1),
        Some(_) | None => 0,
    };
    let links = match chain::list_to_countersign(conn, 1)?.first() {
        None => 0,
        Some(link) if link.epoch < device.epoch => 1,
        Some(_) => device.head.number.saturating_sub(device.countersigned.number),
    };
    Ok(QueueView {
        ready,
        next_due_in: due_ms
            .and_then(|due_ms| u64::try_from(due_ms.saturating_sub(now_ms)).ok())
            .filter(|wait| *wait > 0)
            .map(Duration::from_millis),
        links: u32::try_from(links).unwrap_or(u32::MAX),
    })
}

/// Each operation with its verdict, by id: the order of an answer is not trusted.
pub(super) fn pair(claimed: Vec<Claimed>, verdicts: Vec<OpVerdict>) -> Vec<(Answered, Option<OpVerdict>)> {
    let mut by_id: HashMap<OpId, OpVerdict> = verdicts.into_iter().map(|v| (v.op_id, v)).collect();
    claimed
        .into_iter()
        .map(|c| {
            let verdict = by_id.remove(&c.op_id);
            (Answered::from(&c), verdict)
        })
        .collect()
}

pub(super) fn fault(class: ErrorClass, code: &str, params: serde_json::Value) -> OpFault {
    let params = if let serde_json::Value::Object(params) = params { params } else { Default::default() };
    OpFault { class, code: code.to_owned(), params }
}
