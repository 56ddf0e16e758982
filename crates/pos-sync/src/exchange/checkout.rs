//! The checkout's own lane: one sale, asked for while the customer waits.
//!
//! It overtakes any backlog, has its own connection, never waits longer than its deadline, and does not wait at all
//! when the server is known to be out of reach. No answer in time is "unknown", never a refusal.

use std::time::Duration;

use pos_domain::chain::ChainHead;
use pos_protocol::{
    ApiError, OpVerdict, PROTOCOL, PushRequest, PushResponse, RejectReason, ShortLine, SyncApi, Verdict,
};
use pos_store::queue::{self, Claimed, ErrorClass};
use pos_store::{Changed, StoreError, Tx, chain, device, exchange};

use super::apply::{Answered, Outcome, apply_verdict};
use super::load::{heard, operation};
use super::push::{fault, pair};
use super::{Exchange, SyncError};
use crate::chunk::Work;
use crate::engine::{Event, Trouble};
use crate::trouble;

/// How long the very first checkout of a program waits for the first probe, when the server was out of reach the
/// last time: long enough for a server on this network, too short to be noticed at a counter.
const FIRST_PROBE_PATIENCE: Duration = Duration::from_millis(250);
/// Most chain links that travel with a checkout: enough for the sales before it, too few to slow it down.
const LINKS_WITH_CHECKOUT: u32 = 20;

/// The server's answer to a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleVerdict {
    /// The claim that it answers.
    pub answered: Answered,
    /// The verdict.
    pub verdict: OpVerdict,
    /// How far the server holds the chain now.
    pub chain_head: Option<ChainHead>,
}

/// Why nobody knows what became of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// The deadline passed.
    Deadline,
    /// The connection failed after the sale may have left; the code says how.
    NoAnswer(&'static str),
    /// The server answered, but has no verdict yet: it is busy, or the sale waits for an earlier operation.
    NoVerdict(&'static str),
}

/// What the cashier can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutAnswer {
    /// The server has the sale. Write it down with [`SaleVerdict::write`] and the final document in one transaction.
    Applied(SaleVerdict),
    /// The server lacks stock. Roll the sale back.
    Short {
        /// Per line what was asked and what is available.
        lines: Vec<ShortLine>,
        /// The claim that it answers.
        answered: Answered,
    },
    /// The server refused the sale for good. Roll it back.
    Rejected {
        /// Why.
        reason: RejectReason,
        /// Path of the field.
        field: Option<String>,
        /// Detail for support.
        detail: String,
        /// The claim that it answers.
        answered: Answered,
    },
    /// Nobody knows; the sale may stand on the server.
    Unknown(Silence),
    /// Nothing was sent: the server is known to be out of reach, or the exchange is paused.
    Offline,
}

impl SaleVerdict {
    /// Writes down that the server has the sale, with the rows and ids that came along and how far the chain is
    /// countersigned. Call it in the transaction that makes the sale final.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, tx: &Tx<'_>, now_ms: i64) -> Result<Outcome, StoreError> {
        exchange::record_push_ok(tx, now_ms)?;
        if let Some(head) = self.chain_head {
            match chain::set_countersigned(tx, head) {
                // The background will raise the alarm; the customer at the counter has nothing to do with it.
                Ok(()) | Err(StoreError::Chain(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let outcome = apply_verdict(tx, &self.answered, &self.verdict, now_ms)?;
        if outcome.stale {
            // The claim ran out while the customer waited, as when the clock was set: the background tells the server
            // of a fact and hears the same verdict again.
            queue::latch_to_fact(tx, self.answered.op_id, now_ms)?;
        }
        Ok(outcome)
    }
}

impl<A: SyncApi> Exchange<A> {
    /// Asks for a sale. `claimed` holds the sale last and the operations that it depends on before it.
    pub(crate) async fn checkout(&self, claimed: Vec<Claimed>, deadline: Duration) -> CheckoutAnswer {
        let Some(sale) = claimed.last().map(Answered::from) else { return CheckoutAnswer::Offline };
        self.live().served_at_ms = self.now_ms();
        if !self.in_reach().await {
            self.put_back(claimed, sale, "sync.offline").await;
            return CheckoutAnswer::Offline;
        }
        let request = match self.checkout_request(&claimed).await {
            Ok(request) => request,
            Err(error) => {
                tracing::error!(%error, "a sale could not be read for sending");
                self.put_back(claimed, sale, "storage.failed").await;
                return CheckoutAnswer::Offline;
            }
        };
        let answer = {
            let _customer = self.customers.come();
            tokio::time::timeout(deadline, self.api.push(request)).await
        };
        match answer {
            Ok(Ok(response)) => {
                self.note_success();
                self.tell(Event::CheckoutAnswered);
                self.save_reach(true);
                self.sort_out(claimed, sale, response).await
            }
            Ok(Err(error)) => {
                let code = trouble::code(&error);
                self.put_back(claimed, sale, code).await;
                let answer = silence(&error, code);
                self.checkout_failed(&error.into());
                answer
            }
            Err(_deadline) => {
                self.put_back(claimed, sale, "sync.deadline").await;
                let error = ApiError::NoAnswer { detail: "the checkout's deadline passed".to_owned() };
                self.checkout_failed(&error.into());
                CheckoutAnswer::Unknown(Silence::Deadline)
            }
        }
    }

    /// Whether it is worth asking.
    async fn in_reach(&self) -> bool {
        if self.live().gate {
            return true;
        }
        // A program that has just begun does not know yet. Only its first customer waits to find it out.
        let known = tokio::time::timeout(FIRST_PROBE_PATIENCE, self.first_probe()).await.is_ok();
        self.first_probe_is_done();
        known && self.live().gate
    }

    async fn checkout_request(&self, claimed: &[Claimed]) -> Result<PushRequest, StoreError> {
        let (device, chain, heard) = self
            .read(|conn| {
                let chain = chain::list_to_countersign(conn, LINKS_WITH_CHECKOUT)?;
                Ok((device::get(conn)?, chain, heard(conn)?))
            })
            .await?;
        let operations = claimed.iter().map(operation).collect::<Result<_, _>>()?;
        Ok(PushRequest {
            protocol: PROTOCOL,
            device_id: device.device_id,
            epoch: device.epoch,
            operations,
            chain,
            heard: Some(heard),
        })
    }

    /// Writes down the verdicts on what the sale depends on, and gives the one on the sale to the till.
    async fn sort_out(
        &self,
        claimed: Vec<Claimed>,
        sale: Answered,
        response: PushResponse,
    ) -> CheckoutAnswer {
        let now_ms = self.now_ms();
        let mut verdicts = pair(claimed, response.verdicts);
        let of_sale = verdicts.pop().and_then(|(_, verdict)| verdict);
        if !verdicts.is_empty() {
            let written = self
                .write_in_chunks(Work::Verdicts, verdicts, move |tx, chunk| {
                    let mut changed = Changed::default();
                    for (answered, verdict) in chunk {
                        if let Some(verdict) = verdict {
                            changed.join(apply_verdict(tx, &answered, &verdict, now_ms)?.changed);
                        }
                    }
                    Ok(changed)
                })
                .await;
            match written {
                Ok(changes) => changes.into_iter().for_each(|changed| self.announce(changed)),
                Err(error) => tracing::error!(%error, "claims of a checkout stay until their lease ends"),
            }
        }
        self.note_server_epoch(response.server_epoch);
        let Some(verdict) = of_sale else {
            return CheckoutAnswer::Unknown(Silence::NoVerdict("sync.no_verdict"));
        };
        let no_verdict = |code| CheckoutAnswer::Unknown(Silence::NoVerdict(code));
        match &verdict.verdict {
            Verdict::Applied { .. } | Verdict::Conflict { .. } => {
                let chain_head = response.chain_head;
                CheckoutAnswer::Applied(SaleVerdict { answered: sale, verdict, chain_head })
            }
            Verdict::InsufficientStock { lines } => {
                CheckoutAnswer::Short { lines: lines.clone(), answered: sale }
            }
            Verdict::Rejected { reason, field, detail } => CheckoutAnswer::Rejected {
                reason: *reason,
                field: field.clone(),
                detail: detail.clone(),
                answered: sale,
            },
            // As a fact it goes to the background, which deals with each of these.
            Verdict::BlockedBy { .. } => no_verdict("sync.blocked_by"),
            Verdict::Gap { .. } => no_verdict("sync.gap"),
            Verdict::Retry { .. } => no_verdict("sync.retry"),
            Verdict::UnknownKind => no_verdict("upgrade.server"),
            Verdict::BodyMismatch => no_verdict("alarm.body_mismatch"),
            Verdict::StaleEpoch { .. } => no_verdict("alarm.stale_epoch"),
        }
    }

    /// Puts back what the sale depends on. The sale itself stays claimed: the till decides what becomes of it.
    async fn put_back(&self, mut claimed: Vec<Claimed>, sale: Answered, code: &'static str) {
        claimed.retain(|operation| operation.op_id != sale.op_id);
        let now_ms = self.now_ms();
        let fault = fault(ErrorClass::Transient, code, serde_json::json!({}));
        let released = self
            .write_in_chunks(Work::Claims, claimed, move |tx, chunk| {
                for operation in chunk {
                    let _ =
                        queue::release(tx, operation.op_id, operation.generation, &fault, now_ms, now_ms)?;
                }
                Ok(())
            })
            .await;
        if let Err(error) = released {
            tracing::error!(%error, "claims of a checkout stay until their lease ends");
        }
    }

    fn checkout_failed(&self, error: &SyncError) {
        let trouble = self.note(error);
        self.tell(Event::CheckoutFailed(trouble));
        if matches!(trouble, Trouble::Outage(_)) {
            // At once, without waiting for the engine: the next customer may be quicker.
            self.live().gate = false;
            self.save_reach(false);
        }
    }
}

fn silence(error: &ApiError, code: &'static str) -> CheckoutAnswer {
    match error {
        // Certain: nothing has reached the server.
        ApiError::Unreachable { .. } | ApiError::WrongCertificate { .. } => CheckoutAnswer::Offline,
        ApiError::NoAnswer { .. } | ApiError::NotTheServer { .. } => {
            CheckoutAnswer::Unknown(Silence::NoAnswer(code))
        }
        ApiError::Refused { .. } => CheckoutAnswer::Unknown(Silence::NoVerdict(code)),
    }
}
