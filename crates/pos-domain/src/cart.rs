//! Carts and their prices: one line at a time, rounded once per line, then shared and summed exactly.
//!
//! The order is fixed: unit price x quantity, line discount, cart discount (shared over the lines), tax. A line
//! is rounded once, by the mode of the rules; tax is rounded half up and the other side of the equation is the
//! rest, so `net + tax = gross` holds for every line and for the totals.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::ids::{CartId, CustomerId, LineId, ProductId};
use crate::money::{Money, MoneyOverflow};
use crate::quantity::Quantity;
use crate::rate::{Rate, WHOLE_PPM};
use crate::rounding::{RoundingMode, allocate, div_round};

/// Most lines a cart may have: a wholesaler's longest invoice with room to spare.
pub const MAX_LINES: usize = 5_000;

/// A reduction of a line or of a whole cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case", tag = "kind", content = "value")]
pub enum Discount {
    /// A fixed amount; never more than what it reduces.
    Amount(Money),
    /// A part of the price, at most 100 %.
    Percent(Rate),
}

/// How this shop computes prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceRules {
    /// Catalogue prices contain the tax.
    pub prices_include_tax: bool,
    /// How `unit price x quantity - discount` is rounded to a minor unit, once per line.
    pub line_rounding: RoundingMode,
}

/// One line of a cart, as scanned or typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CartLine {
    /// Made by the register; kept by the sale.
    pub line_id: LineId,
    /// What is sold.
    pub product_id: ProductId,
    /// The shop's code or barcode, as printed.
    pub code: String,
    /// Name as printed.
    pub name: String,
    /// Unit as printed, such as `pcs` or `kg`.
    pub unit: String,
    /// How much; negative when goods come back.
    pub qty: Quantity,
    /// Price of one unit as sold.
    pub unit_price: Money,
    /// Price of the catalogue when the line was made; differs from `unit_price` after an override.
    pub catalogue_price: Money,
    /// Tax of this line.
    pub tax_rate: Rate,
    /// Reduction of this line.
    pub discount: Option<Discount>,
    /// The catalogue counts this product's stock.
    pub track_stock: bool,
    /// For a pack: how many units of stock one of `qty` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub pack_size: Option<Quantity>,
    /// Serial numbers or IMEIs of these goods, one for each unit, in canonical spelling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub serials: Vec<String>,
    /// Goods that the customer gives in payment; `qty` is negative.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub trade_in: bool,
    /// Printed below the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub note: Option<String>,
}

impl CartLine {
    /// How many units of stock the line moves: `qty`, or that many packs. A document never has a line whose packs are no
    /// quantity; see [`crate::document::SaleDocument::check`].
    pub fn stock_qty(&self) -> Quantity {
        self.pack_size.map_or(self.qty, |size| self.qty.times(size))
    }
}

/// What a customer is about to buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cart {
    /// Made by the register.
    pub cart_id: CartId,
    /// In the order of scanning.
    pub lines: Vec<CartLine>,
    /// Reduction of the whole cart.
    pub discount: Option<Discount>,
    /// Who buys, when known.
    pub customer_id: Option<CustomerId>,
    /// Printed on the receipt.
    pub note: Option<String>,
}

/// A line with its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PricedLine {
    /// Unit price x quantity, rounded, before any discount.
    pub list_amount: Money,
    /// What the line discount took off, in the sign of the line.
    pub line_discount: Money,
    /// This line's share of the cart discount, in the sign of the line.
    pub cart_discount: Money,
    /// Without tax.
    pub net: Money,
    /// Tax.
    pub tax: Money,
    /// With tax.
    pub gross: Money,
}

/// Tax collected at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaxTotal {
    /// The rate.
    pub rate: Rate,
    /// Sum of the lines' net amounts at this rate.
    pub net: Money,
    /// Sum of the lines' tax at this rate.
    pub tax: Money,
    /// Sum of the lines' gross amounts at this rate.
    pub gross: Money,
}

/// A cart with its amounts. `net + tax = gross`, for each line, each rate and in total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PricedCart {
    /// One for each line of the cart, in its order.
    pub lines: Vec<PricedLine>,
    /// One for each rate, ascending.
    pub taxes: Vec<TaxTotal>,
    /// Sum of the line and cart discounts.
    pub discount: Money,
    /// Sum of net amounts.
    pub net: Money,
    /// Sum of tax.
    pub tax: Money,
    /// Sum of gross amounts: what there is to pay before cash rounding.
    pub gross: Money,
}

/// Why a cart has no price.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PriceFault {
    /// A line without quantity says nothing.
    #[error("line {line}: the quantity is zero")]
    ZeroQuantity {
        /// Counted from 1.
        line: usize,
    },
    /// A price below zero.
    #[error("line {line}: the price is negative")]
    NegativePrice {
        /// Counted from 1.
        line: usize,
    },
    /// A discount that is negative or takes more than there is. `line` 0 is the cart's own discount.
    #[error("line {line}: the discount is more than the amount, or negative")]
    BadDiscount {
        /// Counted from 1; 0 for the cart.
        line: usize,
    },
    /// Too many lines.
    #[error("a cart has at most {MAX_LINES} lines")]
    TooManyLines,
    /// An amount left the range of money.
    #[error("line {line}: the amount is too large")]
    Overflow {
        /// Counted from 1; 0 for a total.
        line: usize,
    },
}

impl PriceFault {
    /// A stable code for the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ZeroQuantity { .. } => "not_positive",
            Self::NegativePrice { .. } => "negative",
            Self::BadDiscount { .. } => "out_of_range",
            Self::TooManyLines => "too_many",
            Self::Overflow { .. } => "too_large",
        }
    }
}

/// What pricing needs to know of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineTerms {
    /// How much; negative when goods come back.
    pub qty: Quantity,
    /// Price of one unit.
    pub unit_price: Money,
    /// Tax rate.
    pub tax_rate: Rate,
    /// Reduction of this line.
    pub discount: Option<Discount>,
}

impl From<&CartLine> for LineTerms {
    fn from(line: &CartLine) -> Self {
        Self { qty: line.qty, unit_price: line.unit_price, tax_rate: line.tax_rate, discount: line.discount }
    }
}

/// Prices lines with an optional discount on all of them.
pub fn price(
    rules: PriceRules,
    lines: &[LineTerms],
    cart_discount: Option<Discount>,
) -> Result<PricedCart, PriceFault> {
    if lines.len() > MAX_LINES {
        return Err(PriceFault::TooManyLines);
    }
    let discounted = lines
        .iter()
        .enumerate()
        .map(|(i, terms)| discounted_line(i + 1, terms, rules.line_rounding))
        .collect::<Result<Vec<_>, _>>()?;
    let shares = share_cart_discount(&discounted, cart_discount)?;
    let mut priced = Vec::with_capacity(lines.len());
    for (i, ((terms, (list_amount, amount)), share)) in lines.iter().zip(&discounted).zip(shares).enumerate()
    {
        let overflow = |MoneyOverflow| PriceFault::Overflow { line: i + 1 };
        let taxable = amount.minus(share).map_err(overflow)?;
        let (net, tax, gross) =
            split_tax(taxable, terms.tax_rate, rules.prices_include_tax).map_err(overflow)?;
        let line_discount = list_amount.minus(*amount).map_err(overflow)?;
        priced.push(PricedLine {
            list_amount: *list_amount,
            line_discount,
            cart_discount: share,
            net,
            tax,
            gross,
        });
    }
    totals(lines, priced).map_err(|MoneyOverflow| PriceFault::Overflow { line: 0 })
}

/// The rounded list amount and the rounded amount after the line discount.
fn discounted_line(line: usize, terms: &LineTerms, mode: RoundingMode) -> Result<(Money, Money), PriceFault> {
    if terms.qty.is_zero() {
        return Err(PriceFault::ZeroQuantity { line });
    }
    if terms.unit_price.is_negative() {
        return Err(PriceFault::NegativePrice { line });
    }
    let overflow = || PriceFault::Overflow { line };
    let exact = i128::from(terms.unit_price.minor()) * i128::from(terms.qty.milli());
    let rounded = |numerator: i128, denominator: i128| {
        div_round(numerator, denominator, mode).and_then(|m| Money::from_i128(m).ok()).ok_or_else(overflow)
    };
    let list_amount = rounded(exact, 1000)?;
    let amount = match terms.discount {
        None => list_amount,
        Some(Discount::Percent(rate)) if rate <= Rate::WHOLE => {
            rounded(exact * i128::from(WHOLE_PPM - rate.ppm()), 1000 * i128::from(WHOLE_PPM))?
        }
        Some(Discount::Amount(off)) if !off.is_negative() && off <= list_amount.abs() => {
            let signed = if list_amount.is_negative() { off.negated() } else { off };
            list_amount.minus(signed).map_err(|MoneyOverflow| overflow())?
        }
        Some(Discount::Percent(_) | Discount::Amount(_)) => return Err(PriceFault::BadDiscount { line }),
    };
    Ok((list_amount, amount))
}

/// Each line's share of the cart discount. Only lines in the direction of the total take part.
fn share_cart_discount(
    discounted: &[(Money, Money)],
    discount: Option<Discount>,
) -> Result<Vec<Money>, PriceFault> {
    let Some(discount) = discount else {
        return Ok(vec![Money::ZERO; discounted.len()]);
    };
    let bad = PriceFault::BadDiscount { line: 0 };
    let total = Money::sum(discounted.iter().map(|(_, amount)| *amount))
        .map_err(|MoneyOverflow| PriceFault::Overflow { line: 0 })?;
    let off = match discount {
        Discount::Percent(rate) if rate <= Rate::WHOLE => {
            let exact = i128::from(total.minor()) * i128::from(rate.ppm());
            div_round(exact, i128::from(WHOLE_PPM), RoundingMode::HalfUp)
                .and_then(|m| Money::from_i128(m).ok())
                .ok_or(PriceFault::Overflow { line: 0 })?
        }
        Discount::Amount(off) if !off.is_negative() && off <= total.abs() => {
            if total.is_negative() {
                off.negated()
            } else {
                off
            }
        }
        Discount::Percent(_) | Discount::Amount(_) => return Err(bad),
    };
    let sign = total.minor().signum();
    let weights: Vec<i64> = discounted.iter().map(|(_, amount)| (amount.minor() * sign).max(0)).collect();
    Ok(if off.is_zero() { vec![Money::ZERO; weights.len()] } else { allocate(off, &weights) })
}

/// `(net, tax, gross)` of a taxable amount. Of an inclusive price the tax is rounded half up and the net is the
/// rest; of an exclusive price the tax is rounded half up and added.
pub fn split_tax(amount: Money, rate: Rate, inclusive: bool) -> Result<(Money, Money, Money), MoneyOverflow> {
    let minor = i128::from(amount.minor());
    let ppm = i128::from(rate.ppm());
    let whole = i128::from(WHOLE_PPM);
    let denominator = if inclusive { whole + ppm } else { whole };
    let tax = div_round(minor * ppm, denominator, RoundingMode::HalfUp).ok_or(MoneyOverflow)?;
    let tax = Money::from_i128(tax)?;
    if inclusive { Ok((amount.minus(tax)?, tax, amount)) } else { Ok((amount, tax, amount.plus(tax)?)) }
}

fn totals(lines: &[LineTerms], priced: Vec<PricedLine>) -> Result<PricedCart, MoneyOverflow> {
    let mut rates: Vec<Rate> = lines.iter().map(|l| l.tax_rate).collect();
    rates.sort_unstable();
    rates.dedup();
    let taxes = rates
        .into_iter()
        .map(|rate| {
            let at_rate = || lines.iter().zip(&priced).filter(|(l, _)| l.tax_rate == rate).map(|(_, p)| p);
            Ok(TaxTotal {
                rate,
                net: Money::sum(at_rate().map(|p| p.net))?,
                tax: Money::sum(at_rate().map(|p| p.tax))?,
                gross: Money::sum(at_rate().map(|p| p.gross))?,
            })
        })
        .collect::<Result<Vec<_>, MoneyOverflow>>()?;
    let sum = |part: fn(&PricedLine) -> Money| Money::sum(priced.iter().map(part));
    Ok(PricedCart {
        discount: sum(|p| p.line_discount)?.plus(sum(|p| p.cart_discount)?)?,
        net: sum(|p| p.net)?,
        tax: sum(|p| p.tax)?,
        gross: sum(|p| p.gross)?,
        taxes,
        lines: priced,
    })
}
