//! `stock.adjust`: goods received, lost, counted.

use pos_domain::body::StockAdjustment;
use pos_domain::conflict::Shortage;
use pos_domain::stock::MovementReason;
use pos_domain::{LineId, Money, Quantity};

use super::conflict::{self, Missing};
use super::ledger::{Ledger, Line, Settles};
use super::{Applied, ApplyError, Cause, applied, done, invalid, mapping, unknown};
use crate::batch::Batch;

/// Applies an adjustment. It has happened, so it is never refused for lack of stock: what is not there to take is
/// oversold.
pub(super) fn adjust(batch: &mut Batch<'_>, cause: &Cause<'_>, adjustment: &StockAdjustment) -> Applied {
    check_reason(adjustment.reason)?;
    if adjustment.lines.is_empty() {
        return Err(invalid("lines", "an adjustment has at least one line"));
    }
    let mut ledger = Ledger::new(cause);
    let mut missing = Vec::new();
    for (i, entry) in adjustment.lines.iter().enumerate() {
        let Some(product) = batch.product(entry.product_id)? else {
            return Err(unknown(&format!("lines[{i}].product_id"), "product", entry.product_id.0));
        };
        if !product.track_stock {
            continue;
        }
        let line_id = LineId(entry.movement_id.0);
        let line = Line { product_id: product.id, reason: adjustment.reason, line_id: Some(line_id) };
        let delta = entry.delta.milli();
        if delta >= 0 {
            ledger.give(batch, line, delta, settles(adjustment.reason))?;
            mapping::note_booked(batch, cause, entry.product_id, product.id, delta)?;
            continue;
        }
        let short = ledger.take(batch, line, -delta)?;
        mapping::note_booked(batch, cause, entry.product_id, product.id, delta + short)?;
        if short > 0 {
            let quantity =
                |milli| Quantity::from_milli(milli).map_err(|fault| invalid("delta", fault.to_string()));
            missing.push(Shortage {
                line_id,
                product_id: product.id,
                code: product.code.clone(),
                name: product.name.clone(),
                asked: entry.delta.negated(),
                missing: quantity(short)?,
                paid: Money::ZERO,
                open: None,
            });
        }
    }
    conflict::refresh_all(batch, cause, &ledger.changed)?;
    let Some(first) = missing.first() else { return Ok(done(cause)) };
    let subject = Missing {
        entity: "product",
        entity_id: first.product_id.0,
        sale_id: None,
        title: first.name.clone(),
        shortages: missing,
    };
    let conflict_id = conflict::open_oversold(batch, cause, &mut ledger, subject)?;
    Ok(applied(cause, Vec::new(), Some(conflict_id)))
}

fn settles(reason: MovementReason) -> Settles {
    match reason {
        MovementReason::Receipt => Settles::Oldest,
        MovementReason::Opening
        | MovementReason::Sale
        | MovementReason::Refund
        | MovementReason::Reversal
        | MovementReason::Correction
        | MovementReason::Loss
        | MovementReason::Transfer => Settles::Nothing,
    }
}

fn check_reason(reason: MovementReason) -> Result<(), ApplyError> {
    match reason {
        MovementReason::Opening
        | MovementReason::Correction
        | MovementReason::Loss
        | MovementReason::Receipt
        | MovementReason::Transfer => Ok(()),
        MovementReason::Sale | MovementReason::Refund | MovementReason::Reversal => {
            Err(invalid("reason", "this reason belongs to sales"))
        }
    }
}
