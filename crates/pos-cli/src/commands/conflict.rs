//! `comptoir conflicts` and `comptoir conflict`: what a person has to decide.

use pos_app::ErrorCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::amount::{AtMs, Currency, Milli, Minor, Ppm};
use crate::args::Conflict as Command;
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;

#[derive(Debug, Deserialize)]
struct View {
    conflict: Conflict,
    mine: bool,
    sale_number: Option<String>,
    deciding: bool,
    can_reopen: bool,
}

#[derive(Debug, Deserialize)]
struct Conflict {
    conflict_id: String,
    kind: String,
    status: String,
    entity: String,
    entity_id: String,
    title: String,
    register: String,
    other_register: Option<String>,
    opened_at_ms: AtMs,
    fields: Vec<Dispute>,
    shortages: Vec<Shortage>,
    prices: Vec<PriceDifference>,
    refund: Option<Refund>,
    contested: Option<Value>,
    fork: Option<Fork>,
    choices: Vec<Choice>,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Refund {
    cashier: String,
    original_number: Option<String>,
    total: Minor,
    beyond: Minor,
    lines: Vec<ExcessLine>,
    earlier: Vec<EarlierRefund>,
}

#[derive(Debug, Deserialize)]
struct ExcessLine {
    code: String,
    name: String,
    sold: Milli,
    returned: Milli,
    beyond: Milli,
    beyond_paid: Minor,
}

#[derive(Debug, Deserialize)]
struct EarlierRefund {
    register: String,
    cashier: String,
    at_ms: AtMs,
    total: Minor,
}

#[derive(Debug, Deserialize)]
struct Fork {
    epoch: u32,
    standing: Branch,
    aside: Branch,
}

#[derive(Debug, Deserialize)]
struct Branch {
    operations: u32,
    documents: u32,
    total: Minor,
    listed: Vec<BranchOperation>,
}

#[derive(Debug, Deserialize)]
struct BranchOperation {
    op_id: String,
    kind: String,
    made_at_ms: AtMs,
    document: Option<BranchDocument>,
}

#[derive(Debug, Deserialize)]
struct BranchDocument {
    sale_id: String,
    first_line: String,
    lines: u32,
    cashier: String,
    total: Minor,
}

#[derive(Debug, Deserialize)]
struct Dispute {
    field: String,
    base: Value,
    incoming: Value,
    current: Value,
}

#[derive(Debug, Deserialize)]
struct Shortage {
    code: String,
    name: String,
    asked: Milli,
    missing: Milli,
    paid: Minor,
}

#[derive(Debug, Deserialize)]
struct PriceDifference {
    code: String,
    name: String,
    qty: Milli,
    sold_at: Minor,
    catalogue: Minor,
}

#[derive(Debug, Deserialize)]
struct Choice {
    choice: String,
    stock: Vec<StockChange>,
    cash: Minor,
    reversible: bool,
}

#[derive(Debug, Deserialize)]
struct StockChange {
    code: String,
    name: String,
    on_hand: Milli,
    oversold: Milli,
}

#[derive(Debug, Deserialize)]
struct Event {
    at_ms: AtMs,
    what: String,
    register: Option<String>,
    actor: Option<String>,
    choice: Option<String>,
    note: Option<String>,
}

/// A conflict. Amounts and quantities are decimal strings, `choices` the names that `--choice` takes, and `previews` what
/// each of them would do.
#[derive(Debug, Serialize)]
struct Document {
    id: String,
    kind: String,
    entity: String,
    entity_id: String,
    status: String,
    title: String,
    register: String,
    other_register: Option<String>,
    opened_at: String,
    sale_number: Option<String>,
    mine: bool,
    deciding: bool,
    can_reopen: bool,
    choices: Vec<String>,
    previews: Vec<Value>,
    fields: Vec<Value>,
    shortages: Vec<Value>,
    prices: Vec<Value>,
    refund: Option<Value>,
    contested: Option<Value>,
    fork: Option<Value>,
    events: Vec<Value>,
}

impl Document {
    fn new(view: View, currency: &Currency) -> Self {
        let View { conflict, mine, sale_number, deciding, can_reopen } = view;
        let money = |amount: Minor| amount.text(currency);
        let dispute = |d: Dispute| {
            let value = |v: Value| outward(&d.field, v, currency);
            json!({
                "field": d.field, "base": value(d.base), "mine": value(d.incoming), "theirs": value(d.current),
            })
        };
        let shortage = |s: Shortage| {
            json!({
                "code": s.code, "name": s.name, "asked": s.asked.text(), "missing": s.missing.text(),
                "paid": money(s.paid),
            })
        };
        let price = |p: PriceDifference| {
            json!({
                "code": p.code, "name": p.name, "qty": p.qty.text(), "sold_at": money(p.sold_at),
                "catalogue": money(p.catalogue),
            })
        };
        Self {
            id: conflict.conflict_id,
            kind: conflict.kind,
            entity: conflict.entity,
            entity_id: conflict.entity_id,
            status: conflict.status,
            title: conflict.title,
            register: conflict.register,
            other_register: conflict.other_register,
            opened_at: conflict.opened_at_ms.rfc3339(),
            sale_number,
            mine,
            deciding,
            can_reopen,
            choices: conflict.choices.iter().map(|c| c.choice.clone()).collect(),
            previews: conflict.choices.into_iter().map(|c| preview(c, currency)).collect(),
            fields: conflict.fields.into_iter().map(dispute).collect(),
            shortages: conflict.shortages.into_iter().map(shortage).collect(),
            prices: conflict.prices.into_iter().map(price).collect(),
            refund: conflict.refund.map(|refund| refund_beyond(refund, currency)),
            contested: conflict.contested,
            fork: conflict.fork.map(|fork| {
                json!({
                    "epoch": fork.epoch, "standing": branch(fork.standing, currency), "aside": branch(fork.aside, currency),
                })
            }),
            events: conflict.events.into_iter().map(event).collect(),
        }
    }

    fn words(&self) -> String {
        let Self { id, kind, status, title, register, choices, .. } = self;
        let number = self.sale_number.as_deref().map_or(String::new(), |n| format!(" ({n})"));
        format!("{id}  {status}  {kind}: {title}{number}, from {register}. Choices: {}\n", choices.join(", "))
    }
}

fn refund_beyond(refund: Refund, currency: &Currency) -> Value {
    let line = |l: ExcessLine| {
        json!({
            "code": l.code, "name": l.name, "sold": l.sold.text(), "returned": l.returned.text(),
            "beyond": l.beyond.text(), "beyond_paid": l.beyond_paid.text(currency),
        })
    };
    let earlier = |e: EarlierRefund| {
        json!({
            "register": e.register, "cashier": e.cashier, "at": e.at_ms.rfc3339(), "total": e.total.text(currency),
        })
    };
    json!({
        "cashier": refund.cashier,
        "original_number": refund.original_number,
        "total": refund.total.text(currency),
        "beyond": refund.beyond.text(currency),
        "lines": refund.lines.into_iter().map(line).collect::<Vec<_>>(),
        "earlier": refund.earlier.into_iter().map(earlier).collect::<Vec<_>>(),
    })
}

fn branch(branch: Branch, currency: &Currency) -> Value {
    let document = |d: BranchDocument| {
        json!({
            "sale_id": d.sale_id, "first_line": d.first_line, "lines": d.lines, "cashier": d.cashier,
            "total": d.total.text(currency),
        })
    };
    let operation = |o: BranchOperation| {
        json!({
            "op_id": o.op_id, "kind": o.kind, "made_at": o.made_at_ms.rfc3339(), "document": o.document.map(document),
        })
    };
    json!({
        "operations": branch.operations,
        "documents": branch.documents,
        "total": branch.total.text(currency),
        "listed": branch.listed.into_iter().map(operation).collect::<Vec<_>>(),
    })
}

fn preview(choice: Choice, currency: &Currency) -> Value {
    let stock = |s: StockChange| {
        json!({
            "code": s.code, "name": s.name, "on_hand": s.on_hand.text(), "oversold": s.oversold.text(),
        })
    };
    json!({
        "choice": choice.choice,
        "stock": choice.stock.into_iter().map(stock).collect::<Vec<_>>(),
        "cash": choice.cash.text(currency),
        "reversible": choice.reversible,
    })
}

fn event(event: Event) -> Value {
    json!({
        "at": event.at_ms.rfc3339(), "what": event.what, "register": event.register, "actor": event.actor,
        "choice": event.choice, "note": event.note,
    })
}

/// A disputed value as people write it: the amounts and rates of a row are whole numbers inside.
fn outward(field: &str, value: Value, currency: &Currency) -> Value {
    match (field, value.as_i64()) {
        ("price" | "cost", Some(minor)) => Minor(minor).text(currency).into(),
        ("tax_rate", Some(ppm)) => Ppm(ppm).percent().into(),
        (_, Some(_) | None) => value,
    }
}

/// The fields of a row as people write them.
pub(super) fn outward_fields(fields: Map<String, Value>, currency: &Currency) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.clone(), outward(&name, value, currency))).collect()
}

/// `comptoir conflicts`
pub(crate) async fn list(session: &Session, all: bool) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let views: Vec<View> = session.call("conflict.list", json!({ "resolved": all })).await?;
    let documents: Vec<Document> = views.into_iter().map(|view| Document::new(view, &currency)).collect();
    let words = if documents.is_empty() {
        "No conflicts.\n".to_owned()
    } else {
        documents.iter().map(Document::words).collect()
    };
    Report::done(&documents, words)
}

/// `comptoir conflict ...`
pub(crate) async fn run(session: &Session, command: Command) -> Result<Report, Failure> {
    let view: View = match command {
        Command::Resolve { id, choice, mine, note } => resolve(session, id, &choice, &mine, note).await?,
        Command::Reopen { id, note } => {
            session.call("conflict.reopen", json!({ "conflict_id": id, "note": note })).await?
        }
    };
    let document = Document::new(view, &session.currency().await?);
    let words = document.words();
    Report::done(&document, words)
}

async fn resolve(
    session: &Session,
    id: Uuid,
    choice: &str,
    mine: &[String],
    note: Option<String>,
) -> Result<View, Failure> {
    let view: View = session.call("conflict.get", json!({ "conflict_id": id })).await?;
    let choice = choice.replace('-', "_");
    let offered: Vec<&str> = view.conflict.choices.iter().map(|c| c.choice.as_str()).collect();
    if !offered.is_empty() && !offered.contains(&choice.as_str()) {
        let params = json!({ "choice": choice, "choices": offered });
        return Err(Failure::refused(ErrorCode::ConflictChoiceNotOffered, params));
    }
    let request = json!({
        "conflict_id": id, "choice": choice, "fields": merged(&view.conflict.fields, &choice, mine)?, "note": note,
    });
    session.call("conflict.resolve", request).await
}

/// The value of each disputed field, for `merge`: this register's where `--mine` says so, else the server's.
fn merged(disputes: &[Dispute], choice: &str, mine: &[String]) -> Result<Map<String, Value>, Failure> {
    if choice != "merge" {
        return Ok(Map::new());
    }
    if let Some(unknown) = mine.iter().find(|field| disputes.iter().all(|d| d.field != **field)) {
        let fields: Vec<&str> = disputes.iter().map(|d| d.field.as_str()).collect();
        let message = format!("--mine: {unknown:?} is not disputed; the fields are {}.", fields.join(", "));
        return Err(Failure::Usage(message));
    }
    let value = |d: &Dispute| {
        if mine.contains(&d.field) { d.incoming.clone() } else { d.current.clone() }
    };
    Ok(disputes.iter().map(|d| (d.field.clone(), value(d))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dispute(field: &str) -> Dispute {
        Dispute { field: field.into(), base: json!(1), incoming: json!("mine"), current: json!("theirs") }
    }

    #[test]
    fn a_merge_takes_the_servers_value_unless_mine_is_asked_for() {
        let disputes = [dispute("name"), dispute("unit")];
        let merged_fields = merged(&disputes, "merge", &["name".to_owned()]).unwrap();
        assert_eq!(Value::Object(merged_fields), json!({ "name": "mine", "unit": "theirs" }));
        assert!(merged(&disputes, "merge", &["colour".to_owned()]).is_err(), "a field that nobody disputes");
        assert!(merged(&disputes, "keep_mine", &[]).unwrap().is_empty(), "other choices name no fields");
    }

    #[test]
    fn disputed_amounts_are_told_as_decimals() {
        let euro = Currency { code: "EUR".into(), exponent: 2 };
        assert_eq!(outward("price", json!(1250), &euro), "12.50");
        assert_eq!(outward("tax_rate", json!(180_000), &euro), "18");
        assert_eq!(outward("name", json!("Riz"), &euro), "Riz");
    }
}
