//! Asking somebody who may: a person says yes to one thing that another does, and the thing is done with it, once.
//!
//! A use case that needs a permission calls [`authorise`] in the transaction that does the thing, so that a yes is used
//! exactly when something was done. Without a yes the refusal says what to ask for: the window shows it to somebody who
//! may, who gives it (`approval.give`), and the same command is sent again with it.
//!
//! What is on a cart is asked twice, when it is put there and when it is sold, because the person at the register may be
//! another one by then. So each yes to something on a cart stays with that cart, one's own as well: what the manager put
//! on it may be sold by the cashier.

use pos_domain::authority::Need;
use pos_domain::{Approval, ApprovalId, CartId, SaleDocument};
use pos_store::Tx;
use pos_store::approvals::{self, Given};
use serde_json::json;
use uuid::Uuid;

use super::records::Stamp;
use crate::app::Counter;
use crate::code::ErrorCode;
use crate::error::AppError;

/// Something that a person wants to do, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The cart, the document that is taken back, or the request of the command where there is neither.
    pub(crate) subject: Uuid,
    /// What it takes.
    pub(crate) need: Need,
}

/// Lets the person at the register do something, by their own role or by another person's yes, which is used up here.
/// The answer belongs into the document that is made: `None` when nobody else had to be asked.
///
/// # Errors
/// [`ErrorCode::PermissionDenied`] with what to ask for, [`ErrorCode::ApprovalRefused`].
pub(crate) fn authorise(
    tx: &Tx<'_>,
    counter: &Counter,
    wanted: &Wanted,
    approval_id: Option<ApprovalId>,
    now_ms: i64,
) -> Result<Option<Approval>, AppError> {
    if counter.may(wanted.need.permission) {
        return Ok(None);
    }
    let Some(approval_id) = approval_id else { return Err(denied(wanted)) };
    let refused = |reason| AppError::with(ErrorCode::ApprovalRefused, json!({ "reason": reason }));
    let given = approvals::find(tx, approval_id)?.ok_or_else(|| refused("unknown"))?;
    if given.approval.by == counter.cashier.cashier_id {
        return Err(refused("same_person"));
    }
    let asked_here = given.subject == wanted.subject && given.asked_by == counter.cashier.cashier_id;
    if !asked_here || !wanted.need.is_met_by(&given.approval) {
        return Err(refused("other"));
    }
    if !approvals::mark_used(tx, approval_id, now_ms)? {
        return Err(refused("used"));
    }
    Ok(Some(given.approval))
}

/// Like [`authorise`] for something put on a cart: whoever may do it leaves their own yes with the cart.
pub(crate) fn authorise_on_cart(
    tx: &Tx<'_>,
    counter: &Counter,
    wanted: &Wanted,
    approval_id: Option<ApprovalId>,
    stamp: &Stamp,
) -> Result<(), AppError> {
    let given_by_other = authorise(tx, counter, wanted, approval_id, stamp.now_ms)?;
    if given_by_other.is_some() {
        return Ok(());
    }
    let Need { permission, line_id, amount } = wanted.need;
    let by = counter.cashier.clone();
    let approval = Approval {
        approval_id: stamp.ids.next(),
        permission,
        line_id,
        amount,
        by: by.cashier_id,
        by_name: by.name,
        at_ms: stamp.now_ms,
    };
    let given = Given { approval, subject: wanted.subject, asked_by: by.cashier_id, used: true };
    Ok(approvals::record(tx, &given)?)
}

/// Lets the person at the register sell a cart: each need is covered by their role or by a yes that stays with the cart.
/// Those yeses belong into the document.
///
/// # Errors
/// [`ErrorCode::PermissionDenied`] for the first need that nobody said yes to.
pub(crate) fn authorise_cart(
    tx: &Tx<'_>,
    counter: &Counter,
    cart_id: CartId,
    needs: &[Need],
    now_ms: i64,
) -> Result<Vec<Approval>, AppError> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !counter.may(need.permission)).collect();
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let given: Vec<Approval> = approvals::list_of(tx, cart_id.0)?.into_iter().map(|g| g.approval).collect();
    let mut used = Vec::with_capacity(missing.len());
    for need in missing {
        let yes = need
            .find_met(counter.cashier.cashier_id, &given)
            .ok_or_else(|| denied(&Wanted { subject: cart_id.0, need: *need }))?;
        approvals::mark_used(tx, yes.approval_id, now_ms)?;
        used.push(yes.clone());
    }
    Ok(used)
}

/// What a sale of a cart needs, with the lines of the cart: `document` was built from it line by line.
pub(crate) fn needs_of(document: &SaleDocument, cart: &pos_domain::Cart, counter: &Counter) -> Vec<Need> {
    let lines = cart.lines.iter().zip(document.lines.iter().map(|line| &line.amounts));
    Need::of_lines(lines, counter.settings.discount_limit)
}

fn denied(wanted: &Wanted) -> AppError {
    let Need { permission, line_id, amount } = wanted.need;
    let params = json!({
        "permission": permission.as_str(),
        "subject": wanted.subject,
        "line_id": line_id,
        "amount": amount,
    });
    AppError::with(ErrorCode::PermissionDenied, params)
}
