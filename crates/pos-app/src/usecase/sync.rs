//! The sync panel: state in words, the queue with its reasons, history and health; pause, retry, sync now.

use pos_domain::{Money, OpId, OperationBody, TillContent, TillDocument};
use pos_store::exchange::{self, Breaker, Run};
use pos_store::queue::{self, OpState, QueueRow};
use pos_store::{Conn, StoreError, attachments, device, health};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use super::pictures::picture_counts;
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{
    DryRun, Page, QueueEntry, QueueState, RoundReport, SyncRunView, SyncStateWord, SyncStatusView,
};

impl App {
    /// `sync.status`
    pub async fn sync_status(&self) -> Result<Outcome<SyncStatusView>, AppError> {
        let now_ms = self.now_ms();
        let status = match self.link() {
            Some(link) => {
                let failed = self.read(|conn| Ok(queue::count_failed(conn)?)).await?;
                link.status(u32_of(failed)).await?
            }
            None => self.read(move |conn| kept_status(conn, now_ms)).await?,
        };
        Ok(Outcome::read(status))
    }

    /// `sync.queue`, oldest first: what needs a person, then what waits.
    pub async fn list_queue(
        &self,
        acknowledged: bool,
        after: Option<String>,
        limit: u32,
    ) -> Result<Outcome<Page<QueueEntry>>, AppError> {
        let page = self
            .read(move |conn| {
                let limit = limit.clamp(1, MAX_PAGE);
                let after = after.as_deref().map(str::parse).transpose();
                let after: Option<OpId> = after.map_err(|e: uuid::Error| AppError::input("after", e))?;
                page_of(conn, acknowledged, after, limit)
            })
            .await?;
        Ok(Outcome::read(page))
    }

    /// `sync.retry`
    pub async fn retry_operation(&self, op_id: OpId) -> Result<Outcome<()>, AppError> {
        let now_ms = self.now_ms();
        self.write(move |tx| {
            let missing = || AppError::new(ErrorCode::SyncOperationNotFound);
            let row = queue::find(tx, op_id)?.ok_or_else(missing)?;
            match queue::retry(tx, op_id, now_ms) {
                Ok(_) => Ok(()),
                Err(StoreError::WrongState { .. }) => Err(not_retryable(row.state)),
                Err(other) => Err(other.into()),
            }
        })
        .await?;
        self.wrote();
        Ok(Outcome::changed((), &[Topic::Sync]))
    }

    /// `sync.pause` and `sync.resume`
    pub async fn pause_sync(&self, paused: bool) -> Result<Outcome<SyncStatusView>, AppError> {
        self.joined_link().await?.pause(paused).await?;
        Ok(Outcome { changed: vec![Topic::Sync], ..self.sync_status().await? })
    }

    /// `sync.cancel`: what is under way stops at its last checkpoint; it goes on at the next turn, or when asked to.
    pub async fn cancel_sync(&self) -> Result<Outcome<SyncStatusView>, AppError> {
        match self.link() {
            Some(link) => link.cancel(),
            None => return Err(AppError::new(ErrorCode::SyncNotJoined)),
        }
        Ok(Outcome { changed: vec![Topic::Sync], ..self.sync_status().await? })
    }

    /// `sync.now`: one full round.
    pub async fn sync_now(&self) -> Result<Outcome<RoundReport>, AppError> {
        let link = self.joined_link().await?;
        let report = link.round().await?;
        self.choose_first_cashier().await?;
        let changed =
            [Topic::Sync, Topic::Conflicts, Topic::Products, Topic::Stock, Topic::Customers, Topic::Settings];
        Ok(Outcome::changed(report, &changed))
    }

    /// `sync.dry_run`
    pub async fn sync_dry_run(&self) -> Result<Outcome<DryRun>, AppError> {
        let link = self.joined_link().await?;
        let dry = link.dry_run().await?;
        let push = dry.push.into_iter().map(|k| (k.kind, u32_of(k.operations))).collect();
        let ids: Vec<OpId> = dry.invalid.iter().map(|i| i.op_id).collect();
        let invalid = self
            .read(move |conn| {
                ids.into_iter()
                    .filter_map(|id| queue::find(conn, id).transpose())
                    .map(|row| entry(conn, row?))
                    .collect()
            })
            .await?;
        Ok(Outcome::read(DryRun { push, invalid, pull: dry.pull.map(u32_of) }))
    }

    /// `sync.history`, newest first.
    pub async fn sync_history(&self, limit: u32) -> Result<Outcome<Vec<SyncRunView>>, AppError> {
        let runs =
            self.read(move |conn| Ok(exchange::list_runs(conn, None, limit.clamp(1, MAX_PAGE))?)).await?;
        Ok(Outcome::read(runs.into_iter().map(|(_, run)| run_view(run)).collect()))
    }
}

pub(super) fn u32_of(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The status as the tables tell it, for a program that does not talk to the server itself.
fn kept_status(conn: &Conn, now_ms: i64) -> Result<SyncStatusView, AppError> {
    let health = health::get(conn, now_ms)?;
    let joined = device::find(conn)?.is_some_and(|d| d.server.is_some());
    let state = &health.exchange;
    let online = joined && state.breaker == Breaker::Closed && !state.paused;
    let pending = health.queue.pending.saturating_add(health.queue.in_flight);
    let waits = pending > 0 || health.queue.parked > 0;
    let word = if health.queue.dead > 0 || health.conflicts_open > 0 {
        SyncStateWord::Attention
    } else if !online {
        SyncStateWord::Offline
    } else if waits {
        SyncStateWord::Pending
    } else {
        SyncStateWord::Synced
    };
    Ok(SyncStatusView {
        state: word,
        joined,
        online,
        paused: state.paused,
        pending: u32_of(pending),
        in_flight: u32_of(health.queue.in_flight),
        failed: u32_of(queue::count_failed(conn)?),
        dead: u32_of(health.queue.dead),
        conflicts_open: u32_of(health.conflicts_open),
        pictures: picture_counts(&attachments::counts(conn)?),
        oldest_pending_ms: health.queue.oldest_made_at_ms,
        last_success_ms: state.last_push_ok_ms.max(state.last_pull_ok_ms),
        next_attempt_ms: None,
        last_error: state.last_error.as_ref().map(|(code, _)| code.clone()).filter(|_| !online),
        alarm: None,
        first_sync: None,
    })
}

fn page_of(
    conn: &Conn,
    acknowledged: bool,
    after: Option<OpId>,
    limit: u32,
) -> Result<Page<QueueEntry>, AppError> {
    let mut order = vec![OpState::Dead, OpState::Parked, OpState::InFlight, OpState::Pending];
    if acknowledged {
        order.extend([OpState::Rejected, OpState::Acknowledged]);
    }
    let from = after.map(|id| queue::find(conn, id)).transpose()?.flatten();
    let mut skipping = from.as_ref().map(|row| row.state);
    let mut rows: Vec<QueueRow> = Vec::new();
    for state in order {
        if skipping.is_some_and(|s| s != state) {
            continue;
        }
        let within = if skipping.take().is_some() { after } else { None };
        let room = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if room > 0 {
            rows.extend(queue::list(conn, state, within, room)?);
        }
    }
    let full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = rows.last().filter(|_| full).map(|row| row.head.op_id.to_string());
    let items = rows.into_iter().map(|row| entry(conn, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page { items, next, total: None })
}

pub(super) fn entry(conn: &Conn, row: QueueRow) -> Result<QueueEntry, AppError> {
    let (subject, amount) = subject_of(conn, &row)?;
    let (error_code, error_detail) = match row.fault {
        Some((_, code, params)) => (Some(code), Some(json!(params).to_string()).filter(|d| d != "{}")),
        None => (None, None),
    };
    Ok(QueueEntry {
        op_id: row.head.op_id,
        seq: i64::try_from(row.head.seq).unwrap_or(i64::MAX),
        kind: row.head.kind,
        subject,
        amount: amount.map(Money::minor),
        state: match row.state {
            OpState::Pending => QueueState::Pending,
            OpState::InFlight => QueueState::InFlight,
            OpState::Acknowledged => QueueState::Acknowledged,
            OpState::Rejected => QueueState::Rejected,
            OpState::Parked => QueueState::Parked,
            OpState::Dead => QueueState::Dead,
        },
        attempts: row.attempts,
        made_at_ms: row.head.made_at_ms,
        next_due_at_ms: Some(row.next_due_at_ms).filter(|_| row.state == OpState::Pending),
        error_code,
        error_detail,
    })
}

/// What an operation is about, in the shop's words, and its amount when it has one.
pub(super) fn subject_of(conn: &Conn, row: &QueueRow) -> Result<(String, Option<Money>), AppError> {
    let Some(text) = queue::find_body(conn, row.head.op_id)? else { return Ok((String::new(), None)) };
    let Ok(body) = OperationBody::decode(&row.head.kind, row.head.kind_version, &text) else {
        return Ok((String::new(), None));
    };
    let named = |fields: &pos_domain::merge::Fields| {
        ["name", "key", "code"]
            .iter()
            .find_map(|f| fields.get(*f))
            .and_then(|v| v.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    Ok(match body {
        OperationBody::SaleComplete(document) => {
            let sale = pos_store::sales::find(conn, document.head.sale_id)?;
            let number = sale.and_then(|s| s.summary.number);
            (number.or(document.head.external_number).unwrap_or_default(), Some(document.total))
        }
        OperationBody::TillRecord(document) => (till_title(&document), till_amount(&document)),
        OperationBody::SerialNote(note) => (note.serial, None),
        OperationBody::EntityCreate(create) => (named(&create.fields), None),
        OperationBody::EntityUpdate(update) => {
            (name_of(conn, row)?.unwrap_or_else(|| named(&update.changes)), None)
        }
        OperationBody::EntityDelete(_) => (name_of(conn, row)?.unwrap_or_default(), None),
        OperationBody::StockAdjust(adjustment) => (adjustment.reference.unwrap_or_default(), None),
        OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => (name_of(conn, row)?.unwrap_or_default(), None),
    })
}

/// What a till document is called in lists: the customer who paid, the expense, else nothing beside its kind.
fn till_title(document: &TillDocument) -> String {
    match &document.content {
        TillContent::AccountPayment(payment) => payment.customer.name.clone(),
        TillContent::CashMovement(movement) => {
            movement.expense.clone().or_else(|| movement.note.clone()).unwrap_or_default()
        }
        TillContent::ShiftClosing(report) => format!("Z{}", report.z_number),
        TillContent::ShiftOpening(_) => String::new(),
    }
}

fn till_amount(document: &TillDocument) -> Option<Money> {
    Some(match &document.content {
        TillContent::AccountPayment(payment) => payment.amount,
        TillContent::CashMovement(movement) => movement.amount,
        TillContent::ShiftClosing(report) => report.counted,
        TillContent::ShiftOpening(opening) => opening.float,
    })
}

fn name_of(conn: &Conn, row: &QueueRow) -> Result<Option<String>, AppError> {
    use pos_store::{cashiers, categories, conflicts, customers, products};
    let Some((entity, id)) = &row.entity else { return Ok(None) };
    Ok(match entity.as_str() {
        "product" => products::find(conn, (*id).into())?.map(|p| p.row.name),
        "category" => categories::find(conn, (*id).into())?.map(|c| c.row.name),
        "customer" => customers::find(conn, (*id).into())?.map(|c| c.row.name),
        "cashier" => cashiers::find(conn, (*id).into())?.map(|c| c.row.name),
        "conflict" => conflicts::find(conn, (*id).into())?.map(|c| c.conflict.title),
        _ => None,
    })
}

/// Why there is nothing to try again.
fn not_retryable(state: OpState) -> AppError {
    let reason = match state {
        OpState::Parked => "awaiting",
        OpState::Pending | OpState::InFlight | OpState::Acknowledged | OpState::Rejected | OpState::Dead => {
            "not_dead"
        }
    };
    AppError::with(ErrorCode::SyncNotRetryable, json!({ "reason": reason }))
}

fn run_view(run: Run) -> SyncRunView {
    SyncRunView {
        started_at_ms: run.began_at_ms,
        duration_ms: run.ended_at_ms.saturating_sub(run.began_at_ms),
        kind: run.cause,
        pushed: run.pushed,
        pulled: run.pulled,
        refused: run.refused,
        conflicts: run.conflicts,
        error: run.error_code,
    }
}
