//! Conflicts: shown with the effect of each choice, decided by a person, and the decision taken back. A decision is an
//! operation like any other.

use pos_domain::body::{ConflictReopening, ConflictResolution, EntityKind, OperationBody};
use pos_domain::cart::{LineTerms, PriceRules};
use pos_domain::conflict::ConflictStatus;
use pos_domain::document::OriginalSale;
use pos_domain::merge::Fields;
use pos_domain::tender::payable;
use pos_domain::{
    Cart, CartLine, Conflict, ConflictChoice, ConflictId, DeviceKey, Discount, Money, Quantity, Rate,
    SaleDocument, SaleId, SaleKind, SaleLine, Tender, TenderKind,
};
use pos_store::audit::{self, AuditEntry};
use pos_store::conflicts::{self, KeptConflict};
use pos_store::queue::{self, Lane};
use pos_store::{Conn, Tx, device, sales};
use serde_json::json;

use super::catalogue::MAX_PAGE;
use super::records::Stamp;
use super::ringing::{head_of, ring_up};
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::ConflictView;

impl App {
    /// `conflict.list`
    pub async fn list_conflicts(&self, resolved: bool) -> Result<Outcome<Vec<ConflictView>>, AppError> {
        let views = self
            .read(move |conn| {
                let mut kept = conflicts::list(conn, ConflictStatus::Open, None, MAX_PAGE)?;
                if resolved {
                    kept.extend(conflicts::list(conn, ConflictStatus::Resolved, None, MAX_PAGE)?);
                }
                kept.into_iter().map(|c| view(conn, c)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        Ok(Outcome::read(views))
    }

    /// `conflict.get`
    pub async fn conflict(&self, conflict_id: ConflictId) -> Result<Outcome<ConflictView>, AppError> {
        let view = self.read(move |conn| view(conn, find(conn, conflict_id)?)).await?;
        Ok(Outcome::read(view))
    }

    /// `conflict.resolve`. The conflict shows as being decided until the server has the decision.
    pub async fn resolve_conflict(
        &self,
        conflict_id: ConflictId,
        choice: ConflictChoice,
        fields: Fields,
        note: Option<String>,
    ) -> Result<Outcome<ConflictView>, AppError> {
        let (stamp, key) = (self.stamp(Lane::Edit), self.signing_key()?);
        let view = self
            .write(move |tx| {
                let KeptConflict { conflict, decision_waits } = find(tx, conflict_id)?;
                if decision_waits || conflict.status == ConflictStatus::Resolved {
                    let params = json!({ "choice": conflict.resolution().map(ConflictChoice::as_str) });
                    return Err(AppError::with(ErrorCode::ConflictAlreadyResolved, params));
                }
                let offered: Vec<&str> = conflict.choices.iter().map(|c| c.choice.as_str()).collect();
                if !offered.contains(&choice.as_str()) {
                    let params = json!({ "choice": choice.as_str(), "choices": offered });
                    return Err(AppError::with(ErrorCode::ConflictChoiceNotOffered, params));
                }
                check_merged_fields(&conflict, choice, &fields)?;
                if choice.needs_note() && note.as_deref().is_none_or(|note| note.trim().is_empty()) {
                    return Err(AppError::input("note", "missing"));
                }
                let counter = Counter::load(tx)?;
                let mut depends_on = queue::list_unacknowledged_of(tx, EntityKind::Conflict, conflict_id.0)?;
                let refund_sale_id = if choice == ConflictChoice::Refund {
                    let (sale_id, op_id) = refund_missing(tx, &stamp, &key, &counter, &conflict)?;
                    depends_on.push(op_id);
                    Some(sale_id)
                } else {
                    None
                };
                let actor = counter.cashier.name;
                let hlc = device::tick_hlc(tx, stamp.now_ms)?;
                let body = OperationBody::ConflictResolve(ConflictResolution {
                    conflict_id,
                    choice,
                    fields,
                    refund_sale_id,
                    actor: actor.clone(),
                    note: note.clone(),
                    hlc,
                });
                stamp.enqueue(tx, &body, &depends_on)?;
                let detail =
                    json!({ "choice": choice.as_str(), "kind": conflict.kind.as_str(), "note": note });
                record(tx, &stamp, actor, "conflict.resolved", conflict_id, detail)?;
                view(tx, find(tx, conflict_id)?)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Conflicts, Topic::Sync, Topic::Sales, Topic::Stock]))
    }

    /// `conflict.reopen`: takes the last decision back.
    pub async fn reopen_conflict(
        &self,
        conflict_id: ConflictId,
        note: Option<String>,
    ) -> Result<Outcome<ConflictView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let view = self
            .write(move |tx| {
                let kept = find(tx, conflict_id)?;
                if !can_reopen(&kept) {
                    return Err(AppError::new(ErrorCode::ConflictNotReversible));
                }
                let actor = Counter::load(tx)?.cashier.name;
                let hlc = device::tick_hlc(tx, stamp.now_ms)?;
                let depends_on = queue::list_unacknowledged_of(tx, EntityKind::Conflict, conflict_id.0)?;
                let reopening =
                    ConflictReopening { conflict_id, actor: actor.clone(), note: note.clone(), hlc };
                stamp.enqueue(tx, &OperationBody::ConflictReopen(reopening), &depends_on)?;
                record(tx, &stamp, actor, "conflict.reopened", conflict_id, json!({ "note": note }))?;
                view(tx, find(tx, conflict_id)?)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Conflicts, Topic::Sync]))
    }
}

fn record(
    tx: &Tx<'_>,
    stamp: &Stamp,
    actor: String,
    action: &str,
    conflict_id: ConflictId,
    detail: serde_json::Value,
) -> Result<(), AppError> {
    let subject = Some(conflict_id.0);
    audit::record(
        tx,
        &AuditEntry { at_ms: stamp.now_ms, actor, action: action.to_owned(), subject, detail },
    )?;
    Ok(())
}

fn find(conn: &Conn, conflict_id: ConflictId) -> Result<KeptConflict, AppError> {
    conflicts::find(conn, conflict_id)?.ok_or_else(|| AppError::new(ErrorCode::ConflictNotFound))
}

fn can_reopen(kept: &KeptConflict) -> bool {
    !kept.decision_waits && kept.conflict.resolution().is_some_and(ConflictChoice::is_reversible)
}

fn view(conn: &Conn, kept: KeptConflict) -> Result<ConflictView, AppError> {
    let device = device::get(conn)?;
    let sale = kept.conflict.sale_id.map(|id| sales::find(conn, id)).transpose()?.flatten();
    Ok(ConflictView {
        mine: kept.conflict.device_id == device.device_id,
        sale_number: sale.and_then(|s| s.summary.number),
        deciding: kept.decision_waits,
        can_reopen: can_reopen(&kept),
        conflict: kept.conflict.told_once(),
    })
}

/// A merge names a value for every disputed field and for nothing else.
fn check_merged_fields(conflict: &Conflict, choice: ConflictChoice, fields: &Fields) -> Result<(), AppError> {
    if choice != ConflictChoice::Merge {
        return Ok(());
    }
    let disputed = |field: &String| conflict.fields.iter().any(|d| d.field == *field);
    if let Some(foreign) = fields.keys().find(|f| !disputed(f)) {
        return Err(AppError::input(&format!("fields.{foreign}"), "not_disputed"));
    }
    match conflict.fields.iter().find(|d| !fields.contains_key(&d.field)) {
        Some(missing) => Err(AppError::input(&format!("fields.{}", missing.field), "missing")),
        None => Ok(()),
    }
}

/// What stands between the price of missing goods and what was paid for them: the discounts of their line and their part
/// of the cart's. A refund pays back no more than that.
fn off_the_price(
    rules: PriceRules,
    line: &CartLine,
    missing: Quantity,
    paid: Money,
    sold: Option<&SaleLine>,
) -> Result<Option<Discount>, AppError> {
    let undiscounted = pos_domain::cart::price(rules, &[LineTerms::from(line)], None)?;
    let list = undiscounted.lines.first().map_or(Money::ZERO, |line| line.list_amount.abs());
    // Discounts are taken from prices as they are displayed: where these do not contain the tax, `paid` does.
    let kept = match sold {
        _ if rules.prices_include_tax => paid,
        Some(sold) => part_of(sold.amounts.net, missing, sold.item.qty)?,
        None => {
            let whole = i128::from(Rate::WHOLE.ppm());
            let with_tax = whole.saturating_add(i128::from(line.tax_rate.ppm()));
            let net = i128::from(paid.minor()).saturating_mul(whole).checked_div(with_tax);
            Money::from_i128(net.unwrap_or(0)).map_err(AppError::internal)?
        }
    };
    let off = list.minus(kept).map_err(AppError::internal)?;
    Ok((off > Money::ZERO).then_some(Discount::Amount(off)))
}

/// The part of an amount that belongs to some of the goods, rounded down.
fn part_of(amount: Money, part: Quantity, whole: Quantity) -> Result<Money, AppError> {
    let exact = i128::from(amount.minor()).saturating_mul(i128::from(part.milli()));
    Money::from_i128(exact.checked_div(i128::from(whole.milli())).unwrap_or(0)).map_err(AppError::internal)
}

/// The money for the goods that are missing still goes back to the customer: a refund document of this register that moves no stock,
/// because the goods never left.
fn refund_missing(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    counter: &Counter,
    conflict: &Conflict,
) -> Result<(SaleId, pos_domain::OpId), AppError> {
    let sale = conflict.sale_id.map(|id| sales::find(tx, id)).transpose()?.flatten();
    let mut head = head_of(counter, stamp.ids.next(), SaleKind::Refund, stamp.now_ms);
    head.original = Some(OriginalSale {
        sale_id: conflict.sale_id,
        number: sale.as_ref().and_then(|s| s.summary.number.clone()),
    });
    let mut cart: Cart = cart_edit::empty(stamp.ids.next());
    for shortage in conflict.shortages.iter().filter(|shortage| shortage.still_missing().is_positive()) {
        let missing = shortage.still_missing();
        let product = super::catalogue::by_id(tx, shortage.product_id)?;
        let line_id = stamp.ids.next();
        let mut line =
            cart_edit::line_of(&product, &shortage.code, missing.negated(), product.price, line_id);
        let sold = sale.iter().flat_map(|s| &s.document.lines).find(|l| l.item.line_id == shortage.line_id);
        if let Some(sold) = sold {
            line.unit_price = sold.item.unit_price;
            line.catalogue_price = sold.item.catalogue_price;
            line.tax_rate = sold.item.tax_rate;
        }
        line.discount = off_the_price(head.rules, &line, missing, shortage.still_paid(), sold)?;
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::RefundForgetsTheDiscount) {
            line.discount = None;
        }
        line.name.clone_from(&shortage.name);
        line.track_stock = false;
        cart.lines.push(line);
    }
    let terms: Vec<_> = cart.lines.iter().map(LineTerms::from).collect();
    let total = pos_domain::cart::price(head.rules, &terms, None)?.gross;
    let due = payable(total, head.cash_rounding, TenderKind::Cash)
        .map_err(|e| AppError::input("cash_rounding", e))?;
    let money_back = Tender { kind: TenderKind::Cash, amount: due, reference: None };
    let tenders = if due == Money::ZERO { Vec::new() } else { vec![money_back] };
    let customer = sale.and_then(|s| s.document.customer);
    let document = SaleDocument::build(head, customer, &cart, tenders)?;
    let sale_id = document.head.sale_id;
    let op_id = ring_up(tx, stamp, key, document, None)?;
    Ok((sale_id, op_id))
}
