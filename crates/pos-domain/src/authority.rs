//! What in a document not everybody may do, and whether somebody who may said yes to it.
//!
//! The register asks before it sells and the server asks again: both read [`Need::of_sale`], so neither can be stricter
//! or blinder than the other. What a person may is the business's own list ([`ShopSettings::may`]); a need that the
//! cashier's role does not cover wants an [`Approval`] of another person whose role does.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::cart::{CartLine, PricedLine};
use crate::document::{SaleDocument, SaleKind};
use crate::ids::{CashierId, LineId};
use crate::money::Money;
use crate::people::{Approval, Permission};
use crate::rate::{Rate, WHOLE_PPM};
use crate::settings::ShopSettings;

/// One thing that a person must be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Need {
    /// What it takes.
    pub permission: Permission,
    /// The line that it is about; `None` for the whole.
    pub line_id: Option<LineId>,
    /// The new price, the discount, the money given back or lent; `None` where there is no amount. Never negative.
    pub amount: Option<Money>,
}

impl Need {
    /// A need without line and amount.
    pub const fn of(permission: Permission) -> Self {
        Self { permission, line_id: None, amount: None }
    }

    /// A need of an amount, such as a refund of so much.
    pub const fn of_amount(permission: Permission, amount: Money) -> Self {
        Self { permission, line_id: None, amount: Some(amount) }
    }

    /// What a sale, refund or void needs beyond [`Permission::Sell`]. A document that was made elsewhere and entered here
    /// (`external_number`) needs nothing: entering it was allowed as a whole.
    ///
    /// Credit is not in here: how much a customer owes already is not in the document.
    pub fn of_sale(document: &SaleDocument, settings: &ShopSettings) -> Vec<Self> {
        if document.head.external_number.is_some() {
            return Vec::new();
        }
        match document.head.kind {
            SaleKind::Void => {
                vec![Self::of_amount(Permission::VoidSale, document.settlement.payable.abs())]
            }
            SaleKind::Refund => {
                vec![Self::of_amount(Permission::Refund, document.settlement.payable.abs())]
            }
            SaleKind::Sale => {
                let lines = document.lines.iter().map(|line| (&line.item, &line.amounts));
                Self::of_lines(lines, settings.discount_limit)
            }
        }
    }

    /// What the lines of a cart need: another price than the catalogue's, discounts above the limit, and goods that come
    /// back in an exchange. A trade-in has no catalogue price: what is paid for it is agreed at the counter.
    pub fn of_lines<'a>(
        lines: impl Iterator<Item = (&'a CartLine, &'a PricedLine)>,
        discount_limit: Rate,
    ) -> Vec<Self> {
        let mut needs = Vec::new();
        let (mut taken_back, mut list, mut cart_discount) = (0_i128, 0_i128, 0_i128);
        for (item, amounts) in lines {
            let minor = |money: Money| i128::from(money.minor());
            cart_discount += minor(amounts.cart_discount);
            list += minor(amounts.list_amount) - minor(amounts.line_discount);
            if item.trade_in {
                continue;
            }
            if item.qty.is_negative() {
                taken_back -= minor(amounts.gross);
                continue;
            }
            let of_line = |permission, amount| Self { permission, line_id: Some(item.line_id), amount };
            if item.unit_price != item.catalogue_price {
                needs.push(of_line(Permission::OverridePrice, Some(item.unit_price)));
            }
            if is_above(minor(amounts.line_discount), minor(amounts.list_amount), discount_limit) {
                needs.push(of_line(Permission::Discount, Some(amounts.line_discount.abs())));
            }
        }
        if is_above(cart_discount, list, discount_limit) {
            needs.push(Self { amount: money(cart_discount), ..Self::of(Permission::Discount) });
        }
        if taken_back > 0 {
            needs.push(Self { amount: money(taken_back), ..Self::of(Permission::Refund) });
        }
        needs
    }

    /// Whether a yes is to this. A price is approved as it is; any other amount up to what was approved.
    pub fn is_met_by(&self, approval: &Approval) -> bool {
        let enough = match (self.amount, approval.amount) {
            (None, None) => true,
            (Some(price), Some(approved)) if self.permission == Permission::OverridePrice => {
                price == approved
            }
            (Some(amount), Some(approved)) => amount <= approved,
            (None, Some(_)) | (Some(_), None) => false,
        };
        enough && self.permission == approval.permission && self.line_id == approval.line_id
    }

    /// Whether one of these yeses is to this, and of another person than the one who does it.
    pub fn find_met<'a>(&self, doer: CashierId, approvals: &'a [Approval]) -> Option<&'a Approval> {
        approvals.iter().find(|approval| approval.by != doer && self.is_met_by(approval))
    }
}

/// Whether a discount is more than its part of a list amount. The part is rounded up, so that a percentage at the limit
/// is never above it by the rounding of its line.
fn is_above(discount: i128, list: i128, limit: Rate) -> bool {
    let whole = i128::from(WHOLE_PPM);
    let part = (list.abs() * i128::from(limit.ppm()) + whole - 1) / whole;
    discount.abs() > part
}

/// A sum of amounts of a document that adds up is an amount.
fn money(minor: i128) -> Option<Money> {
    Money::from_i128(minor.abs()).ok()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::cart::{Discount, LineTerms, PriceRules, price};
    use crate::quantity::Quantity;
    use crate::rounding::RoundingMode;

    const RULES: PriceRules = PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp };

    fn amount(minor: i64) -> Money {
        Money::from_minor(minor).unwrap()
    }

    fn line(number: u128, unit_price: i64, discount: Option<Discount>) -> CartLine {
        CartLine {
            line_id: Uuid::from_u128(number).into(),
            product_id: Uuid::from_u128(7).into(),
            code: "A".into(),
            name: "A".into(),
            unit: "pcs".into(),
            qty: Quantity::ONE,
            unit_price: amount(unit_price),
            catalogue_price: amount(1_000),
            tax_rate: Rate::ZERO,
            discount,
            track_stock: false,
            pack_size: None,
            serials: Vec::new(),
            trade_in: false,
            note: None,
        }
    }

    fn needs(lines: &[CartLine], discount: Option<Discount>) -> Vec<Need> {
        let terms: Vec<LineTerms> = lines.iter().map(LineTerms::from).collect();
        let priced = price(RULES, &terms, discount).unwrap();
        Need::of_lines(lines.iter().zip(&priced.lines), Rate::TENTH)
    }

    #[test]
    fn only_what_is_above_the_limit_or_beside_the_catalogue_needs_anybody() {
        let tenth = Some(Discount::Percent(Rate::TENTH));
        assert_eq!(
            needs(&[line(1, 1_000, tenth)], None),
            [],
            "the limit itself is the cashier's own business"
        );
        assert_eq!(needs(&[line(1, 1_000, None)], tenth), [], "of a cart as well");
        let over = Some(Discount::Amount(amount(101)));
        let line_id = Some(LineId(Uuid::from_u128(1)));
        let wanted = Need { permission: Permission::Discount, line_id, amount: Some(amount(101)) };
        assert_eq!(needs(&[line(1, 1_000, over)], None), [wanted]);
        assert_eq!(needs(&[line(1, 1_000, None)], over), [Need { line_id: None, ..wanted }]);
        let price = Need { permission: Permission::OverridePrice, line_id, amount: Some(amount(900)) };
        assert_eq!(needs(&[line(1, 900, None)], None), [price]);
    }

    #[test]
    fn goods_that_come_back_need_a_refund_and_a_trade_in_needs_nothing() {
        let mut back = line(2, 1_000, None);
        back.qty = Quantity::from_units(-1).unwrap();
        let refund = Need::of_amount(Permission::Refund, amount(1_000));
        assert_eq!(needs(&[line(1, 1_000, None), back.clone()], None), [refund]);
        let trade_in = CartLine { trade_in: true, unit_price: amount(400), ..back };
        assert_eq!(needs(&[line(1, 1_000, None), trade_in], None), []);
    }

    #[test]
    fn a_yes_is_to_one_thing_one_line_one_amount_and_of_another_person() {
        let (cashier, manager) = (CashierId(Uuid::from_u128(20)), CashierId(Uuid::from_u128(21)));
        let need = Need {
            line_id: Some(Uuid::from_u128(1).into()),
            ..Need::of_amount(Permission::Discount, amount(150))
        };
        let yes = Approval {
            approval_id: Uuid::from_u128(30).into(),
            permission: need.permission,
            line_id: need.line_id,
            amount: need.amount,
            by: manager,
            by_name: "M".into(),
            at_ms: 0,
        };
        assert!(need.find_met(cashier, std::slice::from_ref(&yes)).is_some());
        assert!(need.find_met(manager, std::slice::from_ref(&yes)).is_none(), "nobody approves for himself");
        let others = [
            Approval { permission: Permission::Refund, ..yes.clone() },
            Approval { line_id: None, ..yes.clone() },
            Approval { amount: Some(amount(149)), ..yes.clone() },
            Approval { amount: None, ..yes.clone() },
        ];
        assert!(need.find_met(cashier, &others).is_none(), "another permission, line or amount is no yes");
        let price = Need { permission: Permission::OverridePrice, ..need };
        let dearer = Approval { permission: Permission::OverridePrice, amount: Some(amount(151)), ..yes };
        assert!(!price.is_met_by(&dearer), "a price is approved as it is, not up to an amount");
    }
}
