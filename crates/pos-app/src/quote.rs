//! Quotes: totals, taxes and cash rounding of a cart given in decimal strings. Sells nothing, stores nothing.

use pos_domain::cart::{LineTerms, PriceRules, price};
use pos_domain::tender::payable;
use pos_domain::{
    CashRounding, Currency, Discount, Money, Quantity, Rate, RoundingMode, RoundingScope, TenderKind,
};

use crate::error::{AppError, decimal};
use crate::view::{QuoteAnswer, QuoteLine, QuoteLineAnswer, QuoteRequest, QuoteRounding};

/// Answers a quote.
pub fn quote(request: &QuoteRequest) -> Result<QuoteAnswer, AppError> {
    let currency = request.currency;
    let rules =
        PriceRules { prices_include_tax: request.prices_include_tax, line_rounding: RoundingMode::HalfUp };
    let terms = request
        .lines
        .iter()
        .enumerate()
        .map(|(i, line)| line_terms(line, currency).map_err(|e| in_line(e, i)))
        .collect::<Result<Vec<_>, _>>()?;
    if terms.is_empty() {
        return Err(AppError::new(crate::ErrorCode::CartEmpty));
    }
    let discount = parse_discount(request.discount.as_deref(), currency)?;
    let priced = price(rules, &terms, discount)?;
    let rounding = request.cash_rounding.as_ref().map(|r| parse_rounding(r, currency)).transpose()?;
    let kind = parse_tender_kind(&request.tender)?;
    let due = payable(priced.gross, rounding, kind)
        .map_err(|e| AppError::input("cash_rounding", &e).caused_by(e))?;
    let text = |m: Money| m.to_decimal(currency);
    let lines = request.lines.iter().zip(&priced.lines).map(|(line, p)| {
        let discount = p.line_discount.plus(p.cart_discount)?;
        Ok(QuoteLineAnswer {
            name: line.name.clone(),
            discount: text(discount),
            net: text(p.net),
            tax: text(p.tax),
            gross: text(p.gross),
        })
    });
    Ok(QuoteAnswer {
        lines: lines
            .collect::<Result<_, pos_domain::MoneyOverflow>>()
            .map_err(|e| AppError::input("lines", e))?,
        discount: text(priced.discount),
        net: text(priced.net),
        tax: text(priced.tax),
        gross: text(priced.gross),
        rounding: text(due.minus(priced.gross).map_err(|e| AppError::input("cash_rounding", e))?),
        payable: text(due),
    })
}

/// `cash`, `mobile` or `card`.
pub fn parse_tender_kind(text: &str) -> Result<TenderKind, AppError> {
    match text {
        "cash" => Ok(TenderKind::Cash),
        "mobile" => Ok(TenderKind::Mobile),
        "card" => Ok(TenderKind::Card),
        "account" => Ok(TenderKind::Account),
        "store_credit" => Ok(TenderKind::StoreCredit),
        _ => Err(AppError::input("tender", "is not one of cash, mobile, card, account, store_credit")),
    }
}

/// An amount, or a percentage with a `%` sign. Empty or zero means none.
pub fn parse_discount(text: Option<&str>, currency: Currency) -> Result<Option<Discount>, AppError> {
    let Some(text) = text.map(str::trim).filter(|t| !t.is_empty()) else { return Ok(None) };
    let discount = if text.ends_with('%') {
        Discount::Percent(Rate::parse_percent(text).map_err(decimal("discount"))?)
    } else {
        Discount::Amount(Money::parse(text, currency).map_err(decimal("discount"))?)
    };
    let nothing = matches!(discount, Discount::Amount(Money::ZERO) | Discount::Percent(Rate::ZERO));
    Ok((!nothing).then_some(discount))
}

fn line_terms(line: &QuoteLine, currency: Currency) -> Result<LineTerms, AppError> {
    let tax = line.tax_rate.as_deref().map(str::trim).filter(|t| !t.is_empty());
    Ok(LineTerms {
        qty: Quantity::parse(&line.qty).map_err(decimal("qty"))?,
        unit_price: Money::parse(&line.unit_price, currency).map_err(decimal("unit_price"))?,
        tax_rate: tax.map_or(Ok(Rate::ZERO), Rate::parse_percent).map_err(decimal("tax_rate"))?,
        discount: parse_discount(line.discount.as_deref(), currency)?,
    })
}

fn in_line(mut error: AppError, index: usize) -> AppError {
    if let Some(field) = error.params.get_mut("field") {
        *field = format!("lines[{index}].{}", field.as_str().unwrap_or_default()).into();
    }
    error
}

fn parse_rounding(rounding: &QuoteRounding, currency: Currency) -> Result<CashRounding, AppError> {
    let step = Money::parse(&rounding.step, currency).map_err(decimal("cash_rounding.step"))?;
    if step <= Money::ZERO {
        return Err(AppError::input("cash_rounding.step", "must be positive"));
    }
    let mode = match rounding.mode.as_str() {
        "half-up" | "half_up" => RoundingMode::HalfUp,
        "up" => RoundingMode::Up,
        "down" => RoundingMode::Down,
        _ => return Err(AppError::input("cash_rounding.mode", "is not one of half-up, up, down")),
    };
    let scope = match rounding.scope.as_str() {
        "cash" => RoundingScope::Cash,
        "all" => RoundingScope::All,
        _ => return Err(AppError::input("cash_rounding.scope", "is not one of cash, all")),
    };
    Ok(CashRounding { step, mode, scope })
}
