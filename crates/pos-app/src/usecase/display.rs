//! The customer's screen: it follows the counter and can change nothing.

use pos_domain::Money;
use pos_domain::cart::{LineTerms, price};
use pos_store::{Conn, carts, sales, settings};

use crate::app::{App, device_settings};
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{DisplayLine, DisplayScene, DisplayView};

/// How long change and thanks are shown after a sale, 20 s: time to count coins, unless the next customer is quicker.
const PAID_SHOWN_MS: i64 = 20_000;

impl App {
    /// `display.get`
    ///
    /// # Errors
    /// `app.not_set_up` before there is a shop, and those of reading.
    pub async fn display(&self) -> Result<Outcome<DisplayView>, AppError> {
        let now_ms = self.now_ms();
        let view = self
            .read(move |conn| {
                let shop = settings::load(conn)?;
                let device = device_settings(conn)?;
                Ok(DisplayView {
                    outlet: shop.outlet_name,
                    logo: shop.receipt_logo,
                    language: device.language,
                    theme: device.theme,
                    currency: shop.currency,
                    scene: scene(conn, now_ms)?,
                })
            })
            .await?;
        Ok(Outcome::read(view))
    }
}

fn scene(conn: &Conn, now_ms: i64) -> Result<DisplayScene, AppError> {
    if let Some(saved) = carts::find_open(conn)?.filter(|saved| !saved.cart.lines.is_empty()) {
        let rules = settings::load(conn)?.rules;
        let terms: Vec<LineTerms> = saved.cart.lines.iter().map(LineTerms::from).collect();
        let priced = price(rules, &terms, saved.cart.discount)?;
        let lines = saved.cart.lines.iter().zip(&priced.lines);
        let lines = lines.map(|(line, amounts)| {
            let amount = amounts.list_amount.minus(amounts.line_discount).unwrap_or(Money::ZERO);
            let (name, unit) = (line.name.clone(), line.unit.clone());
            DisplayLine { line_id: line.line_id, name, qty: line.qty, unit, amount }
        });
        return Ok(DisplayScene::Selling {
            lines: lines.collect(),
            discount: priced.discount,
            total: priced.gross,
        });
    }
    // What was brought in from another system is nobody's who stands here.
    let latest = sales::list(conn, None, 1)?.into_iter().find(|sale| sale.document_date.is_none());
    let Some(latest) = latest else { return Ok(DisplayScene::Idle) };
    let until_ms = latest.sold_at_ms.saturating_add(PAID_SHOWN_MS);
    let stored = if now_ms < until_ms { sales::find(conn, latest.sale_id)? } else { None };
    Ok(stored.map_or(DisplayScene::Idle, |sale| DisplayScene::Paid {
        payable: sale.document.settlement.payable,
        change: sale.document.settlement.change,
        until_ms,
        shown_for_ms: until_ms.saturating_sub(now_ms),
    }))
}
