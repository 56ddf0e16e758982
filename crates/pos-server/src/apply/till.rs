//! `till.record`: documents of the drawer and of customers' accounts. Each tells what happened, so it stands.

use pos_domain::authority::Need;
use pos_domain::body::EntityKind;
use pos_domain::shift::ShiftReport;
use pos_domain::{
    ConflictId, Money, MoneyOverflow, OpId, Permission, ShiftTotals, TillContent, TillDocument,
};
use pos_protocol::Verdict;
use serde_json::json;

use super::rights::{self, Deed, Doer};
use super::{Admission, Applied, ApplyError, Cause, accounts, applied, invalid, sale, unknown};
use crate::batch::Batch;
use crate::storage::till::{self, NewTillDocument, TillState};
use crate::storage::{Sql, audit, sale as sales};

/// Records a document.
pub(super) fn record(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &TillDocument,
    admission: Admission,
) -> Applied {
    if admission == Admission::Asked {
        return Err(invalid("mode", "a document of the drawer tells what happened"));
    }
    check_references(batch, cause, document)?;
    let before = match &document.content {
        TillContent::ShiftClosing(_) => till::find_last_closing(batch.tx, cause.device.device_id)?,
        TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_) => None,
    };
    let taken = sales::find_origin(batch.tx, document.head.document_id)?.is_some();
    if taken || !keep(batch, cause.op_id, document, cause, TillState::Applied)? {
        return Err(invalid("head.document_id", "a document with this id exists"));
    }
    if let Some(entry) = document.account_entry(None) {
        accounts::post(batch, cause, entry)?;
    }
    if let TillContent::ShiftClosing(report) = &document.content {
        check_order(batch, cause, document, report, before.as_ref())?;
    }
    let conflict_id = check_rights(batch, cause, document)?;
    Ok(applied(cause, Vec::new(), conflict_id))
}

/// Keeps a refused document as evidence: the register's chain has a number for it.
pub(crate) fn keep_rejected(
    batch: &Batch<'_>,
    cause: &Cause<'_>,
    document: &TillDocument,
    verdict: &Verdict,
) -> Result<(), ApplyError> {
    if matches!(verdict, Verdict::Rejected { .. })
        && sales::find_origin(batch.tx, document.head.document_id)?.is_none()
    {
        keep(batch, cause.op_id, document, cause, TillState::Rejected)?;
    }
    Ok(())
}

/// What a document adds to the drawer.
pub(crate) fn cash_of(document: &TillDocument) -> Result<Money, MoneyOverflow> {
    let mut totals = ShiftTotals::default();
    totals.add(document)?;
    totals.cash.expected()
}

fn keep(
    batch: &Batch<'_>,
    op_id: OpId,
    document: &TillDocument,
    cause: &Cause<'_>,
    state: TillState,
) -> Result<bool, ApplyError> {
    // A refused document may be wrong in any amount.
    let cash = match (cash_of(document), state) {
        (Ok(cash), _) => cash,
        (Err(_), TillState::Rejected) => Money::ZERO,
        (Err(fault), TillState::Applied) => return Err(invalid("amount", fault.to_string())),
    };
    let device_id = cause.device.device_id;
    Ok(till::insert(batch.tx, &NewTillDocument { op_id, device_id, document, cash, state })?)
}

fn check_references(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &TillDocument,
) -> Result<(), ApplyError> {
    let head = &document.head;
    sale::check_maker(batch, cause, (head.device_id, head.outlet_id, head.currency, head.cashier_id))?;
    if let Some((customer, _)) = document.account_effect() {
        let id = batch.resolve(EntityKind::Customer, customer.customer_id.0)?;
        if !batch.exists(EntityKind::Customer, id)? {
            return Err(unknown("content.customer.customer_id", "customer", customer.customer_id.0));
        }
    }
    Ok(())
}

fn check_rights(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &TillDocument,
) -> Result<Option<ConflictId>, ApplyError> {
    let (needs, total) = needs(document);
    let head = &document.head;
    let doer = Doer { cashier_id: head.cashier_id, approvals: &head.approvals, op_id: cause.op_id };
    let missing = rights::missing(batch, doer, needs)?;
    rights::note_used(batch, doer)?;
    let deed = Deed {
        entity: "till",
        document_id: head.document_id,
        cashier: &head.cashier,
        total,
        customer: document.account_effect().map(|(customer, _)| customer.name.clone()),
    };
    rights::open_if_missing(batch, cause, deed, missing)
}

/// What a document takes, and what it moves. Money that a customer brings is taken by whoever sells.
fn needs(document: &TillDocument) -> (Vec<Need>, Money) {
    match &document.content {
        TillContent::ShiftOpening(opening) => (vec![Need::of(Permission::OperateShift)], opening.float),
        TillContent::ShiftClosing(report) => (vec![Need::of(Permission::OperateShift)], report.counted),
        TillContent::CashMovement(movement) => {
            (vec![Need::of_amount(Permission::MoveCash, movement.amount)], movement.amount)
        }
        TillContent::AccountPayment(payment) if payment.amount.is_negative() => {
            (vec![Need::of_amount(Permission::MoveCash, payment.amount.abs())], payment.amount.abs())
        }
        TillContent::AccountPayment(payment) => (vec![Need::of(Permission::Sell)], payment.amount),
    }
}

/// Whether a Z goes on where the one before it ended. A difference is an alarm; the Z stands.
fn check_order(
    batch: &Batch<'_>,
    cause: &Cause<'_>,
    document: &TillDocument,
    report: &ShiftReport,
    before: Option<&TillDocument>,
) -> Sql<()> {
    let before = before.and_then(|document| match &document.content {
        TillContent::ShiftClosing(report) => Some(report.as_ref()),
        TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_) => None,
    });
    let differences = differences(report, before);
    if differences.is_empty() {
        return Ok(());
    }
    tracing::warn!(
        device = %cause.device.device_id, z_number = report.z_number, differences = differences.join(", "),
        "a Z does not follow the one before it"
    );
    let detail = json!({
        "document_id": document.head.document_id, "z_number": report.z_number, "differences": differences,
        "z_before": before.map(|before| before.z_number),
    });
    let device = Some(cause.device.device_id);
    audit::record(batch.tx, batch.now_ms, "z_does_not_follow", device, Some(cause.op_id), &detail)
}

/// In which of its parts a Z does not follow another one; none is the beginning.
pub(crate) fn differences(report: &ShiftReport, before: Option<&ShiftReport>) -> Vec<&'static str> {
    let (last_number, perpetual) =
        before.map_or((0, Default::default()), |before| (before.z_number, before.perpetual));
    let mut differences = Vec::new();
    if last_number.checked_add(1) != Some(report.z_number) {
        differences.push("z_number");
    }
    if report.perpetual_before != perpetual {
        differences.push("perpetual_before");
    }
    // The closing itself has the number behind its range, and stands in none.
    let ends = before.and_then(|before| before.ranges.last());
    if let (Some(end), Some(begin)) = (ends, report.ranges.first())
        && end.series == begin.series
        && end.last.checked_add(2) != Some(begin.first)
    {
        differences.push("ranges");
    }
    differences
}
