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
use pos_domain::cart::{LineTerms, price};
use pos_domain::settings::ShopSettings;
use pos_domain::{
    Approval, ApprovalId, Cart, CartId, Cashier, CashierId, LineId, Permission, SaleDocument, SaleKind,
};
use pos_store::approvals::{self, Given};
use pos_store::queue::Lane;
use pos_store::{Tx, settings};
use serde_json::json;
use uuid::Uuid;

use super::records::Stamp;
use super::session::{person, trace};
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::pin::PinDigits;

/// Something that a person wants to do, and to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The cart, the document that is taken back, or the request of the command where there is neither.
    pub(crate) subject: Uuid,
    /// What it takes.
    pub(crate) need: Need,
}

impl App {
    /// `approval.give`: somebody else than the person at the register says yes to one thing.
    pub async fn give_approval(
        &self,
        by: CashierId,
        pin: Option<PinDigits>,
        subject: Uuid,
        need: Need,
    ) -> Result<Outcome<Approval>, AppError> {
        // Whoever may not approve is told so before a try of the PIN is used up.
        self.read(move |conn| check_approver(&Counter::load(conn)?, &person(conn, by)?, need.permission))
            .await?;
        self.prove(by, pin).await?;
        let stamp = self.stamp(Lane::Edit);
        let approval = self
            .write_sale(move |tx| {
                let (counter, giver) = (Counter::load(tx)?, person(tx, by)?);
                check_approver(&counter, &giver, need.permission)?;
                let approval = approval_of(&stamp, giver, need);
                let (asked_by, used) = (counter.cashier.cashier_id, false);
                let detail = json!({
                    "permission": need.permission,
                    "amount": need.amount,
                    "for": counter.cashier.name,
                });
                approvals::record(tx, &Given { approval: approval.clone(), subject, asked_by, used })?;
                let giver = approval.by_name.clone();
                trace(tx, stamp.now_ms, giver, "approval.given", Some(asked_by), detail)?;
                Ok(approval)
            })
            .await?;
        Ok(Outcome::read(approval))
    }
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

/// Asks for what somebody puts on a cart: `cart` is as it is after the change, `permission` and `line_id` say which of its
/// needs came with the change. Whoever may do it leaves their own yes with the cart.
///
/// # Errors
/// Those of [`authorise`]
pub(crate) fn authorise_change(
    tx: &Tx<'_>,
    stamp: &Stamp,
    cart: &Cart,
    (permission, line_id): (Permission, Option<LineId>),
    approval_id: Option<ApprovalId>,
) -> Result<(), AppError> {
    let needs = needs_of(cart, &settings::load(tx)?)?;
    let came = |need: &Need| need.permission == permission && need.line_id == line_id;
    let Some(need) = needs.into_iter().find(came) else { return Ok(()) };
    let counter = Counter::load(tx)?;
    let wanted = Wanted { subject: cart.cart_id.0, need };
    if authorise(tx, &counter, &wanted, approval_id, stamp.now_ms)?.is_some() {
        return Ok(());
    }
    let asked_by = counter.cashier.cashier_id;
    let approval = approval_of(stamp, counter.cashier, need);
    Ok(approvals::record(tx, &Given { approval, subject: wanted.subject, asked_by, used: true })?)
}

/// Lets the person at the register sell a cart: each need is met by their role or by a yes that stays with the cart. Those
/// yeses belong into the document.
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

/// Lets the person at the register sell the lines of a cart at the prices and discounts that stand on them. `document`
/// was built from the cart line by line and names each line anew; so do the yeses that belong into it.
///
/// # Errors
/// Those of [`authorise_cart`]
pub(crate) fn authorise_lines(
    tx: &Tx<'_>,
    counter: &Counter,
    cart: &Cart,
    document: &SaleDocument,
    now_ms: i64,
) -> Result<Vec<Approval>, AppError> {
    if document.head.kind != SaleKind::Sale {
        return Ok(Vec::new());
    }
    let lines = cart.lines.iter().zip(document.lines.iter().map(|line| &line.amounts));
    let mut needs = Need::of_lines(lines, counter.settings.discount_limit);
    // Goods that come back are asked for where they are taken back, with the sale that they come from.
    needs.retain(|need| need.permission != Permission::Refund);
    let sold_as = |line_id: LineId| {
        let at = cart.lines.iter().position(|line| line.line_id == line_id)?;
        document.lines.get(at).map(|line| line.item.line_id)
    };
    let given = authorise_cart(tx, counter, cart.cart_id, &needs, now_ms)?;
    Ok(given.into_iter().map(|yes| Approval { line_id: yes.line_id.and_then(sold_as), ..yes }).collect())
}

/// What a cart needs as it stands.
///
/// # Errors
/// When it has no price.
pub(crate) fn needs_of(cart: &Cart, settings: &ShopSettings) -> Result<Vec<Need>, AppError> {
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let priced = price(settings.rules, &terms, cart.discount)?;
    Ok(Need::of_lines(cart.lines.iter().zip(&priced.lines), settings.discount_limit))
}

fn approval_of(stamp: &Stamp, by: Cashier, need: Need) -> Approval {
    Approval {
        approval_id: stamp.ids.next(),
        permission: need.permission,
        line_id: need.line_id,
        amount: need.amount,
        by: by.cashier_id,
        by_name: by.name,
        at_ms: stamp.now_ms,
    }
}

/// Somebody else, who may.
fn check_approver(counter: &Counter, giver: &Cashier, permission: Permission) -> Result<(), AppError> {
    if giver.cashier_id == counter.cashier.cashier_id {
        return Err(refused("same_person"));
    }
    if counter.settings.may(giver.role, permission) { Ok(()) } else { Err(refused("may_not")) }
}

fn refused(reason: &'static str) -> AppError {
    AppError::with(ErrorCode::ApprovalRefused, json!({ "reason": reason }))
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
