//! `comptoir refund` and `comptoir void`: goods that come back.

use pos_app::ErrorCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::sell::{Answer, Document, reading};
use crate::amount::Milli;
use crate::args::{Refund, Void};
use crate::failure::Failure;
use crate::output::Report;
use crate::sale_text::LineText;
use crate::session::Session;

#[derive(Debug, Deserialize)]
struct Draft {
    source: String,
    lines: Vec<DraftLine>,
}

#[derive(Debug, Deserialize)]
struct DraftLine {
    line_id: String,
    code: String,
    left: Milli,
}

#[derive(Debug, Deserialize)]
struct Quote {
    proposed: Vec<Value>,
}

/// `comptoir refund NUMBER --line CODE[xQTY] ... --reason R`
pub(crate) async fn run(session: &Session, refund: Refund) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let draft: Draft = session.call("refund.draft", json!({ "number": refund.number })).await?;
    if refund.all && draft.source == "nobody" {
        // Without the sale there is no "all" of it; its lines can be named.
        return Err(Failure::refused(ErrorCode::SaleNotFound, json!({ "number": refund.number })));
    }
    let lines = if refund.all { everything(&draft) } else { goods(session, &draft, &refund.lines).await? };
    let mut request = json!({ "number": refund.number, "lines": lines, "with_cart": false });
    let tenders = if refund.tenders.is_empty() {
        session.call::<Quote>("refund.quote", request.clone()).await?.proposed
    } else {
        let amounts = refund.tenders.iter().map(|t| {
            let amount = currency
                .minor(&t.amount)
                .ok_or_else(|| Failure::Usage(format!("{:?} is no amount", t.amount)))?;
            Ok(json!({ "kind": t.kind, "amount": amount, "reference": t.reference }))
        });
        amounts.collect::<Result<_, Failure>>()?
    };
    let more = json!({
        "request_id": refund.request_id.unwrap_or_else(|| session.new_id()),
        "reason": refund.reason.as_str(),
        "note": refund.note,
        "tenders": tenders,
        "approval_id": null,
    });
    if let (Some(request), Value::Object(more)) = (request.as_object_mut(), more) {
        request.extend(more);
    }
    let answer: Answer = session.call("refund.complete", request).await?;
    told(Document::new(answer, &currency), "given back")
}

/// `comptoir void NUMBER --reason R`
pub(crate) async fn void(session: &Session, void: Void) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let request = json!({
        "request_id": void.request_id.unwrap_or_else(|| session.new_id()),
        "number": void.number,
        "reason": void.reason.as_str(),
        "approval_id": null,
    });
    let answer: Answer = session.call("sale.void", request).await?;
    told(Document::new(answer, &currency), "given back, the sale is void")
}

fn told(document: Document, what: &str) -> Result<Report, Failure> {
    let words = document.words_of(what);
    Report::done(&document, words)
}

/// All that is left of a sale.
fn everything(draft: &Draft) -> Vec<Value> {
    let left = draft.lines.iter().filter(|line| line.left.0 > 0);
    left.map(|line| json!({ "line_id": line.line_id, "code": null, "qty": line.left.0, "unit_price": null }))
        .collect()
}

/// The lines that a person named. Of a known sale its own codes settle how a text is read; else the catalogue's.
async fn goods(session: &Session, draft: &Draft, texts: &[LineText]) -> Result<Vec<Value>, Failure> {
    let mut goods = Vec::with_capacity(texts.len());
    for text in texts {
        let sold = |code: &str| draft.lines.iter().any(|line| line.code.eq_ignore_ascii_case(code));
        let found = match text.readings().find(|reading| sold(&reading.code)) {
            Some(found) => found,
            None => reading(session, text).await?,
        };
        let qty = found.qty.as_deref().unwrap_or("1");
        let qty = Milli::parse(qty).ok_or_else(|| Failure::Usage(format!("{qty:?} is no quantity")))?;
        let price = found.price.as_ref().filter(|_| draft.source == "nobody");
        goods.push(json!({ "line_id": null, "code": found.code, "qty": qty.0, "unit_price": price }));
    }
    Ok(goods)
}
