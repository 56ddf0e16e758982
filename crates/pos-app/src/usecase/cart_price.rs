//! Prices at the counter: another price for a line, with a trace of who gave it, and what amounts of money would settle
//! before anything is sold.

use pos_domain::cart::{LineTerms, price};
use pos_domain::tender::{SettlementFault, settle_amounts};
use pos_domain::{ApprovalId, CartLine, LineId, Money, Permission, TenderKind};
use pos_store::audit::{self, AuditEntry};
use pos_store::queue::Lane;
use pos_store::{StoreError, Tx, carts, settings};
use serde_json::json;

use super::approvals::authorise_change;
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::cash::quick_amounts;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::Outcome;
use crate::view::{CartView, SettlePreview};

impl App {
    /// `cart.set_price`: another price of one unit for a line; none gives the catalogue's back.
    pub async fn set_price(
        &self,
        line_id: LineId,
        unit_price: Option<String>,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<CartView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.change_cart(move |tx, cart| {
            let counter = Counter::load(tx)?;
            let currency = counter.settings.currency;
            let parsed = unit_price.map(|text| Money::parse(&text, currency)).transpose();
            let (before, after) =
                cart_edit::set_price(cart, line_id, parsed.map_err(decimal("unit_price"))?)?;
            if before.unit_price != after.unit_price {
                authorise_change(tx, &stamp, cart, (Permission::OverridePrice, Some(line_id)), approval_id)?;
                record_price(tx, stamp.now_ms, &counter.cashier.name, before.unit_price, &after)?;
            }
            Ok(())
        })
        .await
    }

    /// `cart.quick_cash`: what a customer is likely to hand over for an amount, such as the rest of a split payment; the
    /// amount itself first.
    pub async fn quick_cash(&self, amount: Money) -> Result<Outcome<Vec<Money>>, AppError> {
        let quick = self.read(move |conn| Ok(quick_amounts(amount, &settings::load(conn)?))).await?;
        Ok(Outcome::read(quick))
    }

    /// `cart.settle_preview`: the change to give, or what is missing, if the open cart were paid like this.
    pub async fn settle_preview(
        &self,
        amounts: Vec<(TenderKind, Money)>,
    ) -> Result<Outcome<SettlePreview>, AppError> {
        let preview = self
            .read(move |conn| {
                let settings = settings::load(conn)?;
                let open = carts::find_open(conn)?.filter(|saved| !saved.cart.lines.is_empty());
                let cart = open.ok_or_else(|| AppError::new(ErrorCode::CartEmpty))?.cart;
                let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
                let total = price(settings.rules, &terms, cart.discount)?.gross;
                match settle_amounts(total, &amounts, settings.cash_rounding) {
                    Ok(settled) => Ok(SettlePreview::Settled { change: settled.change }),
                    Err(SettlementFault::NotEnough { missing }) => {
                        Ok(SettlePreview::Missing { amount: missing })
                    }
                    Err(SettlementFault::NonCashExceedsTotal { excess }) => {
                        Ok(SettlePreview::TooMuch { amount: excess })
                    }
                    Err(fault) => Err(fault.into()),
                }
            })
            .await?;
        Ok(Outcome::read(preview))
    }
}

/// The trace of a line whose price a person made, instead of `from`.
pub(super) fn record_price(
    tx: &Tx<'_>,
    at_ms: i64,
    actor: &str,
    from: Money,
    line: &CartLine,
) -> Result<(), StoreError> {
    let detail = json!({
        "code": line.code,
        "name": line.name,
        "catalogue": line.catalogue_price,
        "from": from,
        "to": line.unit_price,
    });
    let (actor, action) = (actor.to_owned(), "price.overridden".to_owned());
    audit::record(tx, &AuditEntry { at_ms, actor, action, subject: Some(line.product_id.0), detail })
        .map(drop)
}
