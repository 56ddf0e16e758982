//! `comptoir sell`: rings up and pays.

use pos_app::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::amount::{Currency, Minor};
use crate::args::Sell;
use crate::failure::Failure;
use crate::output::Report;
use crate::sale_text::{LineReading, LineText};
use crate::session::Session;

#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    sale_id: String,
    number: String,
    sync: String,
    total: Minor,
    rounding: Minor,
    payable: Minor,
    tendered: Minor,
    change: Minor,
    notices: Vec<Value>,
}

/// A completed sale. Amounts are decimal strings.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    sale_id: String,
    number: String,
    /// A sale that is told here is durable and numbered; it never goes back.
    state: &'static str,
    sync: String,
    currency: String,
    total: String,
    rounding: String,
    payable: String,
    tendered: String,
    change: String,
    notices: Vec<Value>,
}

impl Document {
    pub(super) fn new(answer: Answer, currency: &Currency) -> Self {
        let text = |amount: Minor| amount.text(currency);
        Self {
            sale_id: answer.sale_id,
            number: answer.number,
            state: "final",
            sync: answer.sync,
            currency: currency.code.clone(),
            total: text(answer.total),
            rounding: text(answer.rounding),
            payable: text(answer.payable),
            tendered: text(answer.tendered),
            change: text(answer.change),
            notices: answer.notices,
        }
    }

    fn words(&self) -> String {
        let Self { currency, payable, tendered, change, .. } = self;
        self.with_notices(&format!("{payable} {currency} paid, {tendered} given, {change} change."))
    }

    /// In one sentence, for what is not simply paid.
    pub(super) fn words_of(&self, what: &str) -> String {
        self.with_notices(&format!("{} {} {what}.", self.payable.trim_start_matches('-'), self.currency))
    }

    fn with_notices(&self, what: &str) -> String {
        let sync = if self.sync == "applied" { "The server has it." } else { "It waits for the server." };
        let mut words = format!("{}: {what} {sync}\n", self.number);
        for notice in &self.notices {
            let text = |name: &str| notice.get(name).and_then(Value::as_str).unwrap_or_default();
            let line = match text("kind") {
                "below_stock" => format!("{} {}: sold below the known stock.\n", text("code"), text("name")),
                "not_printed" => format!("The receipt was not printed: {}\n", text("detail")),
                other => format!("{other}\n"),
            };
            words.push_str(&line);
        }
        words
    }
}

/// `comptoir sell --line ... --tender ...`
pub(crate) async fn run(session: &Session, sell: Sell) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let mut lines = Vec::with_capacity(sell.lines.len());
    for line in &sell.lines {
        let LineReading { code, qty, price } = reading(session, line).await?;
        lines.push(json!({ "code": code, "qty": qty, "unit_price": price }));
    }
    let tenders: Vec<Value> = sell
        .tenders
        .iter()
        .map(|t| json!({ "kind": t.kind, "amount": t.amount, "reference": t.reference }))
        .collect();
    let request_id = sell.request_id.unwrap_or_else(|| session.new_id());
    let request =
        json!({ "request_id": request_id, "lines": lines, "customer": sell.customer, "tenders": tenders });
    let answer: Answer = session.call("sale.sell", request).await?;
    let document = Document::new(answer, &currency);
    let words = document.words();
    Report::done(&document, words)
}

/// The first reading of a line whose code the catalogue has; the plain one when it has none.
pub(super) async fn reading<'a>(session: &Session, line: &'a LineText) -> Result<&'a LineReading, Failure> {
    if line.shorter.is_empty() {
        return Ok(line.plain());
    }
    for reading in line.readings() {
        match session.call::<Value>("product.find", json!({ "code": reading.code })).await {
            Ok(_) => return Ok(reading),
            Err(Failure::Error(error)) if error.code == ErrorCode::ProductNotFound => {}
            // A code that could not even be one, or one that is no longer sold: the sale itself says so.
            Err(Failure::Error(error)) if error.code == ErrorCode::InputInvalid => {}
            Err(Failure::Error(error)) if error.code == ErrorCode::ProductArchived => return Ok(reading),
            Err(failure) => return Err(failure),
        }
    }
    Ok(line.plain())
}
