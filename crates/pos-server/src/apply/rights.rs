//! Whether somebody who may did, or said yes to, what a document did.
//!
//! While the customer waits, what nobody may is refused. What has happened stands: it is noted where nobody can change it,
//! and the owner sees it on every register, as prices that are not the catalogue's.

use pos_domain::authority::Need;
use pos_domain::body::EntityKind;
use pos_domain::contested::Unapproved;
use pos_domain::{
    Approval, CashierId, ConflictChoice, ConflictId, ConflictKind, DocumentId, Money, OpId, Permission, Role,
    SaleDocument,
};
use pos_protocol::RejectReason;
use serde_json::Value;

use super::accounts::Beyond;
use super::{ApplyError, Cause, conflict as conflicts, refuse};
use crate::batch::Batch;
use crate::storage::{Sql, approval, audit, entity};

/// Who did something, and which yeses go with it.
#[derive(Clone, Copy)]
pub(super) struct Doer<'a> {
    pub(super) cashier_id: CashierId,
    pub(super) approvals: &'a [Approval],
    pub(super) op_id: OpId,
}

/// What a sale needs and nobody may.
pub(super) fn missing_of_sale(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    credit: Option<&Beyond>,
) -> Sql<Vec<Need>> {
    let settings = batch.settings()?;
    let mut needs = Need::of_sale(document, &settings);
    // Where the business says nothing everybody sells.
    if !settings.permissions.is_empty() && document.head.external_number.is_none() {
        needs.push(Need::of(Permission::Sell));
    }
    needs.extend(credit.map(|beyond| beyond.need));
    let head = &document.head;
    missing(
        batch,
        Doer { cashier_id: head.cashier_id, approvals: &head.approvals, op_id: cause.op_id },
        needs,
    )
}

/// Those of the needs that neither the person's role covers nor the yes of another one whose role does.
pub(super) fn missing(batch: &mut Batch<'_>, doer: Doer<'_>, needs: Vec<Need>) -> Sql<Vec<Need>> {
    if needs.is_empty() {
        return Ok(needs);
    }
    let settings = batch.settings()?;
    let may = |role: Option<Role>, permission| role.is_some_and(|role| settings.may(role, permission));
    let own = find_role(batch, doer.cashier_id)?;
    let mut missing = Vec::new();
    for need in needs.into_iter().filter(|need| !may(own, need.permission)) {
        let mut covered = false;
        for yes in doer.approvals.iter().filter(|yes| yes.by != doer.cashier_id && need.is_met_by(yes)) {
            let unused = approval::find_use(batch.tx, yes.approval_id)?.is_none_or(|used| used == doer.op_id);
            covered |= unused && may(find_role(batch, yes.by)?, need.permission);
        }
        if !covered {
            missing.push(need);
        }
    }
    Ok(missing)
}

/// Notes that the yeses of a document are used.
pub(super) fn note_used(batch: &Batch<'_>, doer: Doer<'_>) -> Sql<()> {
    doer.approvals.iter().try_for_each(|yes| approval::record(batch.tx, yes.approval_id, doer.op_id))
}

/// Refuses what nobody may: the cart goes back to the cashier, who asks somebody.
pub(super) fn refuse_missing(document: &SaleDocument, missing: &[Need]) -> Result<(), ApplyError> {
    let Some(need) = missing.first() else { return Ok(()) };
    let place = document.lines.iter().position(|line| Some(line.item.line_id) == need.line_id);
    let of_line = |field: &str| match place {
        Some(i) => format!("lines[{i}].item.{field}"),
        None => field.to_owned(),
    };
    let field = match need.permission {
        Permission::GiveCredit => "tenders".to_owned(),
        Permission::OverridePrice => of_line("unit_price"),
        Permission::Discount => of_line("discount"),
        Permission::Refund => "lines".to_owned(),
        Permission::VoidSale => "head.kind".to_owned(),
        Permission::Look
        | Permission::Sell
        | Permission::MoveCash
        | Permission::OperateShift
        | Permission::EditCatalogue
        | Permission::OperateSync
        | Permission::DecideConflicts
        | Permission::ManagePeople
        | Permission::ChangeSettings => "head.cashier_id".to_owned(),
    };
    let amount = need.amount.map(|amount| format!(" of {}", amount.minor())).unwrap_or_default();
    let detail = format!("{}{amount} takes the yes of somebody who may", need.permission.as_str());
    Err(refuse(RejectReason::Forbidden, &field, detail))
}

/// A document that nobody said yes to.
pub(super) struct Deed<'a> {
    /// `sale` or `till`.
    pub(super) entity: &'static str,
    pub(super) document_id: DocumentId,
    /// Who, as printed.
    pub(super) cashier: &'a str,
    pub(super) total: Money,
    /// Whose account, where it went beyond the limit.
    pub(super) customer: Option<String>,
}

/// Notes what nobody said yes to, and shows it to the owner.
pub(super) fn open_if_missing(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    deed: Deed<'_>,
    missing: Vec<Need>,
) -> Result<Option<ConflictId>, ApplyError> {
    if missing.is_empty() {
        return Ok(None);
    }
    let Deed { entity, document_id, cashier, total, customer } = deed;
    let detail = serde_json::json!({ "document_id": document_id, "cashier": cashier, "needs": missing });
    let device = Some(cause.device.device_id);
    audit::record(batch.tx, batch.now_ms, "not_approved", device, Some(cause.op_id), &detail)?;
    let mut conflict = conflicts::blank(batch, cause, ConflictKind::NotApproved);
    conflict.entity = entity.to_owned();
    conflict.entity_id = document_id.0;
    conflict.title = cashier.to_owned();
    conflict.sale_id = (entity == "sale").then(|| document_id.into());
    conflict.choices = vec![conflicts::preview(ConflictChoice::Acknowledge)];
    conflict.unapproved = Some(Unapproved { cashier: cashier.to_owned(), needs: missing, total, customer });
    conflicts::save_new(batch, cause, conflict).map(Some)
}

/// The role of a person, also of one who was taken off the list since.
fn find_role(batch: &Batch<'_>, cashier_id: CashierId) -> Sql<Option<Role>> {
    let row = entity::find(batch.tx, EntityKind::Cashier, cashier_id.0)?;
    let role = row.and_then(|row| row.fields.get("role").cloned());
    Ok(role.and_then(|role: Value| serde_json::from_value(role).ok()))
}
