//! The queue's tools: the list of what was refused for good, and what a person does about it.
//!
//! An operation is never erased and a sale is neither given up nor corrected; see [`pos_store::queue`] for the laws.

use pos_domain::OpId;
use pos_domain::body::{EntityKind, OperationBody};
use pos_domain::merge::Fields;
use pos_domain::{Cashier, Category, Customer, Money, Permission, Product, Rate};
use pos_store::audit::{self, AuditEntry as StoredEntry};
use pos_store::queue::{self, Decision, ErrorClass, Hold, Lane, NewOperation, OpMode, OpState, QueueRow};
use pos_store::settings::{self, SettingRow};
use pos_store::{Conn, Tx};
use serde_json::{Value, json};

use super::catalogue::MAX_PAGE;
use super::records::Stamp;
use super::sync::{entry, u32_of};
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::{Outcome, Topic};
use crate::view::{AuditEntry, DeadOperation, Discarded, OperationView, Page, QueueEntry, Retried};

/// Longest reason, in characters: it stands in the audit trail and in exports.
const MAX_REASON: usize = 500;
/// Operations that one transaction takes up again: a few milliseconds of the writer.
const RETRIED_AT_ONCE: u32 = 200;

impl App {
    /// `sync.dead_list`, oldest first.
    pub async fn list_dead(
        &self,
        after: Option<String>,
        limit: u32,
    ) -> Result<Outcome<Page<DeadOperation>>, AppError> {
        let page = self
            .read(move |conn| {
                let after = after.as_deref().map(str::parse).transpose();
                let after: Option<OpId> = after.map_err(|e: uuid::Error| AppError::input("after", e))?;
                let limit = limit.clamp(1, MAX_PAGE);
                let rows = queue::list(conn, OpState::Dead, after, limit)?;
                let full = u32::try_from(rows.len()).is_ok_and(|n| n >= limit);
                let next = rows.last().filter(|_| full).map(|row| row.head.op_id.to_string());
                let items = rows.into_iter().map(|row| dead(conn, row)).collect::<Result<Vec<_>, _>>()?;
                let total = u32_of(queue::counts(conn)?.dead);
                Ok(Page { items, next, total: Some(total) })
            })
            .await?;
        Ok(Outcome::read(page))
    }

    /// `sync.operation`
    pub async fn operation(&self, op_id: OpId) -> Result<Outcome<OperationView>, AppError> {
        let view = self.read(move |conn| whole(conn, get(conn, op_id)?)).await?;
        Ok(Outcome::read(view))
    }

    /// `sync.retry_all`: everything that was refused for good is tried again.
    pub async fn retry_all(&self) -> Result<Outcome<Retried>, AppError> {
        let now_ms = self.now_ms();
        let mut after = None;
        let mut operations = 0_u32;
        loop {
            let (last, retried) = self
                .write(move |tx| {
                    let dead = queue::list(tx, OpState::Dead, after, RETRIED_AT_ONCE)?;
                    for row in &dead {
                        queue::retry(tx, row.head.op_id, now_ms)?;
                    }
                    Ok((dead.last().map(|row| row.head.op_id), u32::try_from(dead.len()).unwrap_or(u32::MAX)))
                })
                .await?;
            operations = operations.saturating_add(retried);
            match last {
                Some(_) if retried == RETRIED_AT_ONCE => after = last,
                Some(_) | None => break,
            }
        }
        self.wrote();
        Ok(Outcome::changed(Retried { operations }, &[Topic::Sync]))
    }

    /// `sync.discard`: gives a refused operation up. What it did here is taken back; the operation and the reason stay.
    pub async fn discard_operation(
        &self,
        op_id: OpId,
        reason: String,
    ) -> Result<Outcome<Discarded>, AppError> {
        let reason = checked_reason(&reason)?;
        let at_ms = self.now_ms();
        let freed = self
            .write(move |tx| {
                let row = get(tx, op_id)?;
                if let Some(hold) = queue::find_hold(tx, &row)? {
                    let params = json!({ "reason": hold.as_str() });
                    return Err(AppError::with(ErrorCode::SyncNotDiscardable, params));
                }
                let refused = refusal(&row);
                let freed = queue::discard(tx, op_id, Decision { reason: &reason, at_ms })?;
                let detail = json!({
                    "kind": row.head.kind, "reason": reason, "refused": refused, "freed": freed,
                });
                record(tx, "sync.discarded", op_id, at_ms, detail)?;
                Ok(freed)
            })
            .await?;
        self.wrote();
        let freed = u32::try_from(freed).unwrap_or(u32::MAX);
        let changed = [Topic::Sync, Topic::Products, Topic::Customers, Topic::Stock, Topic::Conflicts];
        Ok(Outcome::changed(Discarded { freed }, &changed))
    }

    /// `sync.edit_and_resend`: a corrected operation takes the place of a refused one; the new one. `fields` are the
    /// fields to set otherwise; prices and rates may be decimal strings.
    pub async fn edit_and_resend(
        &self,
        op_id: OpId,
        fields: Fields,
        reason: Option<String>,
    ) -> Result<Outcome<QueueEntry>, AppError> {
        let reason = reason.as_deref().map(checked_reason).transpose()?.unwrap_or_default();
        let shared_by_all = self
            .read(move |conn| {
                let entity = get(conn, op_id)?.entity.map(|(kind, _)| kind);
                Ok(matches!(entity.as_deref(), Some("setting" | "cashier")))
            })
            .await?;
        if shared_by_all {
            self.check_permission(Permission::ChangeSettings).await?;
        }
        let stamp = self.stamp(Lane::Edit);
        let new = self
            .write(move |tx| {
                let row = get(tx, op_id)?;
                if let Some(hold) = queue::hold_of(&row) {
                    return Err(not_editable(hold.as_str()));
                }
                let refused = refusal(&row);
                let body = corrected(tx, &stamp, &row, fields)?;
                let successor: OpId = stamp.ids.next();
                let operation = NewOperation {
                    op_id: successor,
                    body: &body,
                    mode: OpMode::Fact,
                    lane: stamp.lane,
                    depends_on: &[],
                    made_at_ms: stamp.now_ms,
                };
                let decision = Decision { reason: &reason, at_ms: stamp.now_ms };
                let freed = queue::replace(tx, op_id, &operation, decision)?;
                let detail = json!({
                    "kind": row.head.kind, "reason": reason, "refused": refused, "successor": successor,
                    "freed": freed,
                });
                record(tx, "sync.replaced", op_id, stamp.now_ms, detail)?;
                entry(tx, get(tx, successor)?)
            })
            .await?;
        self.wrote();
        let changed = [Topic::Sync, Topic::Products, Topic::Customers, Topic::Stock, Topic::Settings];
        Ok(Outcome::changed(new, &changed))
    }
}

fn get(conn: &Conn, op_id: OpId) -> Result<QueueRow, AppError> {
    queue::find(conn, op_id)?.ok_or_else(|| AppError::new(ErrorCode::SyncOperationNotFound))
}

fn not_editable(reason: &str) -> AppError {
    AppError::with(ErrorCode::SyncNotEditable, json!({ "reason": reason }))
}

fn checked_reason(reason: &str) -> Result<String, AppError> {
    let reason = reason.trim();
    match reason.chars().count() {
        0 => Err(AppError::input("reason", "empty")),
        1..=MAX_REASON => Ok(reason.to_owned()),
        _ => Err(AppError::input("reason", "too_long")),
    }
}

/// What the server or the check before sending had said, for the record.
fn refusal(row: &QueueRow) -> Value {
    row.fault.as_ref().map_or(Value::Null, |(_, code, params)| json!({ "code": code, "params": params }))
}

fn record(tx: &Tx<'_>, action: &str, op_id: OpId, at_ms: i64, detail: Value) -> Result<(), AppError> {
    let actor = Counter::load(tx)?.cashier.name;
    let entry = StoredEntry { at_ms, actor, action: action.to_owned(), subject: Some(op_id.0), detail };
    audit::record(tx, &entry)?;
    Ok(())
}

fn dead(conn: &Conn, row: QueueRow) -> Result<DeadOperation, AppError> {
    let hold = queue::find_hold(conn, &row)?;
    let alarmed = matches!(row.fault, Some((ErrorClass::Alarm, _, _)));
    let fields = if alarmed { None } else { fields_of(conn, &row)? };
    let told = |name: &str| {
        let (_, _, params) = row.fault.as_ref()?;
        params.get(name)?.as_str().map(str::to_owned)
    };
    Ok(DeadOperation {
        entity: row.entity.as_ref().map(|(kind, _)| kind.clone()),
        field: told("field"),
        detail: told("detail"),
        fields,
        hold: hold.map(|h: Hold| h.as_str().to_owned()),
        waiting: u32_of(queue::count_waiting_for(conn, row.head.op_id)?),
        operation: entry(conn, row)?,
    })
}

/// The fields that an operation sets, when it makes or changes a row.
fn fields_of(conn: &Conn, row: &QueueRow) -> Result<Option<Fields>, AppError> {
    let body = body_of(conn, row)?;
    Ok(match body {
        Some(OperationBody::EntityCreate(create)) => Some(create.fields),
        Some(OperationBody::EntityUpdate(update)) => Some(update.changes),
        Some(
            OperationBody::EntityDelete(_)
            | OperationBody::SaleComplete(_)
            | OperationBody::TillRecord(_)
            | OperationBody::SerialNote(_)
            | OperationBody::StockAdjust(_)
            | OperationBody::ConflictResolve(_)
            | OperationBody::ConflictReopen(_)
            | OperationBody::MappingDispute(_),
        )
        | None => None,
    })
}

/// The body; `None` when it is not there or of a newer program.
fn body_of(conn: &Conn, row: &QueueRow) -> Result<Option<OperationBody>, AppError> {
    let text = queue::find_body(conn, row.head.op_id)?;
    Ok(text.and_then(|text| OperationBody::decode(&row.head.kind, row.head.kind_version, &text).ok()))
}

/// An entry of the audit trail as shown.
pub(super) fn entry_view((audit_no, entry): (i64, StoredEntry)) -> AuditEntry {
    AuditEntry {
        audit_no,
        at_ms: entry.at_ms,
        what: entry.action,
        subject: entry.subject.map(|id| id.to_string()).unwrap_or_default(),
        actor: Some(entry.actor).filter(|actor| !actor.is_empty()),
        params: entry.detail,
    }
}

fn whole(conn: &Conn, row: QueueRow) -> Result<OperationView, AppError> {
    let op_id = row.head.op_id;
    let depends_on = queue::list_dependencies(conn, op_id)?
        .into_iter()
        .map(|cause| entry(conn, get(conn, cause)?))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(OperationView {
        mode: row.mode.as_str().to_owned(),
        kind_version: row.head.kind_version,
        bytes: u32_of(row.head.body_bytes),
        depends_on,
        waiting: u32_of(queue::count_waiting_for(conn, op_id)?),
        body: queue::find_body(conn, op_id)?,
        history: audit::list_of(conn, op_id.0)?.into_iter().map(entry_view).collect(),
        operation: entry(conn, row)?,
    })
}

/// The operation that takes the place of a refused one; the row here follows.
fn corrected(tx: &Tx<'_>, stamp: &Stamp, row: &QueueRow, fields: Fields) -> Result<OperationBody, AppError> {
    let fields = typed(tx, fields)?;
    match body_of(tx, row)? {
        Some(OperationBody::EntityCreate(old)) => match old.entity {
            EntityKind::Product => stamp.corrected_create::<Product>(tx, old, fields),
            EntityKind::Category => stamp.corrected_create::<Category>(tx, old, fields),
            EntityKind::Customer => stamp.corrected_create::<Customer>(tx, old, fields),
            EntityKind::Cashier => stamp.corrected_create::<Cashier>(tx, old, fields),
            EntityKind::Setting => stamp.corrected_create::<SettingRow>(tx, old, fields),
            EntityKind::Stock
            | EntityKind::Conflict
            | EntityKind::HeldCart
            | EntityKind::AccountEntry
            | EntityKind::SerialEvent => Err(not_editable("kind")),
        },
        Some(OperationBody::EntityUpdate(old)) => match old.entity {
            EntityKind::Product => stamp.corrected_update::<Product>(tx, old, fields),
            EntityKind::Category => stamp.corrected_update::<Category>(tx, old, fields),
            EntityKind::Customer => stamp.corrected_update::<Customer>(tx, old, fields),
            EntityKind::Cashier => stamp.corrected_update::<Cashier>(tx, old, fields),
            EntityKind::Setting => stamp.corrected_update::<SettingRow>(tx, old, fields),
            EntityKind::Stock
            | EntityKind::Conflict
            | EntityKind::HeldCart
            | EntityKind::AccountEntry
            | EntityKind::SerialEvent => Err(not_editable("kind")),
        },
        Some(
            OperationBody::EntityDelete(_)
            | OperationBody::SaleComplete(_)
            | OperationBody::TillRecord(_)
            | OperationBody::SerialNote(_)
            | OperationBody::StockAdjust(_)
            | OperationBody::ConflictResolve(_)
            | OperationBody::ConflictReopen(_)
            | OperationBody::MappingDispute(_),
        )
        | None => Err(not_editable("kind")),
    }
}

/// Prices and rates as people write them become what rows hold.
fn typed(conn: &Conn, mut fields: Fields) -> Result<Fields, AppError> {
    let currency = settings::load(conn)?.currency;
    for (name, field) in [("price", "fields.price"), ("cost", "fields.cost")] {
        if let Some(Value::String(text)) = fields.get(name) {
            let money = Money::parse(text, currency).map_err(decimal(field))?;
            fields.insert(name.to_owned(), money.minor().into());
        }
    }
    if let Some(Value::String(text)) = fields.get("tax_rate") {
        let rate = Rate::parse_percent(text).map_err(decimal("fields.tax_rate"))?;
        fields.insert("tax_rate".to_owned(), serde_json::to_value(rate).map_err(AppError::internal)?);
    }
    Ok(fields)
}
