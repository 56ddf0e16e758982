//! Selling, as a cashier does it: ring up, take the money, perhaps press the button twice.

use pos_app::{App, AppError, ErrorCode};
use pos_domain::{Discount, Money, Rate, RequestId, Tender, TenderKind};

use super::people::{customer, newest};
use super::{Done, said};
use crate::chance::Chance;

/// Lines of the longest cart that there may be.
const LONGEST_CART: i64 = 5_000;

/// A sale as a cashier rings it up.
#[derive(Debug, Clone)]
pub(crate) struct Selling {
    lines: Vec<(String, i64)>,
    /// One piece of what was made last, on whichever register.
    newest: bool,
    /// Percent on the first line.
    line_discount: Option<i64>,
    /// Amount on the whole cart.
    cart_discount: Option<i64>,
    cash: bool,
    /// Beyond what is due, in cash.
    extra: i64,
    twice: bool,
    customer: bool,
}

/// The button as it was pressed, for another press of the same.
#[derive(Debug, Clone)]
pub(crate) struct Press {
    pub(crate) request: RequestId,
    tenders: Vec<Tender>,
    expected: Option<i64>,
}

impl Selling {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let lines = (0..chance.between(1, 4))
            // P0 and P1 are what everybody wants.
            .map(|_| {
                let place = if chance.permille(500) { chance.below(2) } else { chance.below(8) };
                (format!("P{place}"), chance.between(1, 3))
            })
            .collect();
        Self {
            lines,
            newest: chance.permille(200),
            line_discount: chance.permille(150).then(|| chance.between(1, 50)),
            cart_discount: chance.permille(150).then(|| chance.between(1, 20) * 10),
            cash: chance.permille(700),
            extra: chance.between(0, 4) * 1_000,
            twice: chance.permille(150),
            customer: chance.permille(200),
        }
    }

    pub(crate) async fn perform(self, app: &App) -> Result<Done, AppError> {
        app.clear_cart().await?;
        for (code, qty) in &self.lines {
            match app.scan(&format!("{qty}*{code}")).await {
                // Deleted meanwhile.
                Err(e) if e.code == ErrorCode::ProductNotFound => {}
                other => drop(other?),
            }
        }
        if self.newest
            && let Some(code) = newest(app).await?
        {
            app.scan(&code).await?;
        }
        let mut cart = app.cart().await?.value;
        let Some(first) = cart.lines.first() else { return Ok(Done::Said("nothing to sell".to_owned())) };
        if let Some(percent) = self.line_discount {
            let discount = Discount::Percent(Rate::from_ppm(percent * 10_000).unwrap());
            cart = app.set_line(first.item.line_id, None, Some(discount), false, None).await?.value;
        }
        if let Some(amount) = self.cart_discount {
            let discount = Discount::Amount(Money::from_minor(amount).unwrap());
            cart = app.set_cart_discount(Some(discount), None).await?.value;
        }
        if self.customer
            && let Some(customer) = customer(app, 0).await?
        {
            cart = app.set_cart_customer(Some(customer.customer_id)).await?.value;
        }
        let reduced = self.line_discount.is_some() || self.cart_discount.is_some();
        let expected =
            cart.lines.iter().map(|l| l.item.unit_price.minor() * (l.item.qty.milli() / 1_000)).sum();
        let (kind, amount) = match self.cash {
            true => (TenderKind::Cash, cart.payable_cash.minor() + self.extra),
            false => (TenderKind::Mobile, cart.payable_other.minor()),
        };
        let amount = Money::from_minor(amount).unwrap();
        let tenders = match amount.is_zero() {
            true => Vec::new(),
            false => vec![Tender { kind, amount, reference: reference(kind) }],
        };
        let press = Press { request: app.new_id(), tenders, expected: (!reduced).then_some(expected) };
        match press.clone().perform(app).await {
            Done::Sold { sale, expected, again: None } if self.twice => {
                let again = app.complete_sale(press.request, press.tenders).await?.value;
                Ok(Done::Sold { sale, expected, again: Some(Box::new(again)) })
            }
            // The cart is back as it was, and the cashier tries once more.
            Done::Refused { code: ErrorCode::SaleInsufficientStock, .. } if self.twice => {
                Ok(Press { request: app.new_id(), ..press }.perform(app).await)
            }
            other => Ok(other),
        }
    }
}

impl Press {
    /// Presses the button.
    pub(crate) async fn perform(self, app: &App) -> Done {
        match app.complete_sale(self.request, self.tenders.clone()).await {
            Ok(sale) => Done::Sold { sale: Box::new(sale.value), expected: self.expected, again: None },
            Err(error) if error.code == ErrorCode::StorageUnknownOutcome => Done::Unknown(self),
            Err(error) => refused(self.request, error),
        }
    }
}

/// A sale in one step, from a script.
pub(crate) async fn sell_lines(app: &App, code: String, qty: i64) -> Result<Done, AppError> {
    let product = app.find_product(code.clone()).await?.value.product;
    let due = product.price.minor() * qty;
    Ok(sell(app, vec![(code, Some(qty.to_string()), None)], due).await)
}

/// The longest cart that there may be. No two lines are alike, or they would be one.
pub(crate) async fn sell_longest(app: &App) -> Done {
    let line = |price: i64| ("BULK".to_owned(), Some("1".to_owned()), Some(price.to_string()));
    let due = (1..=LONGEST_CART).sum();
    sell(app, (1..=LONGEST_CART).map(line).collect(), due).await
}

async fn sell(app: &App, lines: Vec<(String, Option<String>, Option<String>)>, due: i64) -> Done {
    let request: RequestId = app.new_id();
    let tenders = match due {
        0 => Vec::new(),
        due => vec![("mobile".to_owned(), due.to_string(), reference(TenderKind::Mobile))],
    };
    match app.sell_lines(request, lines, None, tenders).await {
        Ok(sale) => Done::Sold { sale: Box::new(sale.value), expected: Some(due), again: None },
        Err(error) => refused(request, error),
    }
}

/// What the customer's telephone shows as the number of the payment.
fn reference(kind: TenderKind) -> Option<String> {
    (kind == TenderKind::Mobile).then(|| "CI240105.0903.A00042".to_owned())
}

/// A checkout that did not sell, as the cashier is told.
fn refused(request: RequestId, error: AppError) -> Done {
    match error.code {
        ErrorCode::SaleInsufficientStock
        | ErrorCode::SaleRefused
        | ErrorCode::SaleNeedsServer
        | ErrorCode::SaleBlockedOffline => Done::Refused { request, code: error.code },
        _ => said(error),
    }
}
