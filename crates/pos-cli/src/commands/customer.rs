//! `comptoir customer`: who buys by name.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::{Currency, Minor};
use crate::args::{Customer as Command, CustomerDetails};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
pub(super) struct View {
    pub(super) customer: Customer,
    standing: Standing,
    unsynced: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Customer {
    pub(super) customer_id: String,
    pub(super) code: Option<String>,
    pub(super) name: String,
    pub(super) phone: Option<String>,
    note: Option<String>,
    credit_limit: Option<Minor>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Standing {
    pub(super) balance: Minor,
    limit: Minor,
    available: Minor,
}

/// A customer. `balance` is what is owed, negative when the shop owes; `limit` is the one that counts.
#[derive(Debug, Serialize)]
struct Document {
    customer_id: String,
    code: Option<String>,
    name: String,
    phone: Option<String>,
    note: Option<String>,
    own_limit: Option<String>,
    balance: String,
    limit: String,
    available: String,
    unsynced: bool,
}

impl Document {
    fn new(view: View, currency: &Currency) -> Self {
        let View { customer, standing, unsynced } = view;
        Self {
            customer_id: customer.customer_id,
            code: customer.code,
            name: customer.name,
            phone: customer.phone,
            note: customer.note,
            own_limit: customer.credit_limit.map(|limit| limit.text(currency)),
            balance: standing.balance.text(currency),
            limit: standing.limit.text(currency),
            available: standing.available.text(currency),
            unsynced,
        }
    }
}

/// `comptoir customer ...`
pub(crate) async fn run(session: &Session, command: Command) -> Result<Report, Failure> {
    match command {
        Command::List { text, limit } => list(session, &text, limit).await,
        Command::Show { customer } => {
            let currency = session.currency().await?;
            one(find(session, &customer).await?, &currency)
        }
        Command::Create { name, details } => {
            let CustomerDetails { code, phone, note, limit } = details;
            let details =
                json!({ "code": code, "name": name, "phone": phone, "note": note, "credit_limit": limit });
            let currency = session.currency().await?;
            one(session.call("customer.create", json!({ "details": details })).await?, &currency)
        }
        Command::Set { customer, name, details } => change(session, &customer, name, details).await,
        Command::Delete { customer } => delete(session, &customer).await,
    }
}

/// The customer that a person named.
pub(super) async fn find(session: &Session, customer: &str) -> Result<View, Failure> {
    session.call("customer.find", json!({ "text": customer })).await
}

fn one(view: View, currency: &Currency) -> Result<Report, Failure> {
    let document = Document::new(view, currency);
    let Document { name, balance, limit, available, .. } = &document;
    let code = &currency.code;
    let words = format!("{name}: owes {balance} {code}, may owe {limit}, {available} still possible\n");
    Report::done(&document, words)
}

async fn list(session: &Session, text: &str, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let views: Vec<View> = session.list("customer.list", json!({ "search": text }), limit).await?;
    let documents: Vec<Document> = views.into_iter().map(|view| Document::new(view, &currency)).collect();
    let rows: Vec<[String; 4]> = documents
        .iter()
        .map(|d| [d.name.clone(), d.phone.clone().unwrap_or_default(), d.balance.clone(), d.limit.clone()])
        .collect();
    let words = if rows.is_empty() {
        "No customer fits.\n".to_owned()
    } else {
        let columns =
            [("name", Lean::Left), ("telephone", Lean::Left), ("owes", Lean::Right), ("limit", Lean::Right)];
        table(columns, &rows)
    };
    Report::done(&documents, words)
}

async fn change(
    session: &Session,
    customer: &str,
    name: Option<String>,
    details: CustomerDetails,
) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let Customer { customer_id, code, name: before, phone, note, credit_limit } =
        find(session, customer).await?.customer;
    let request = json!({
        "customer_id": customer_id,
        "details": {
            "code": details.code.or(code),
            "name": name.unwrap_or(before),
            "phone": details.phone.or(phone),
            "note": details.note.or(note),
            "credit_limit": details.limit.or(credit_limit.map(|limit| limit.text(&currency))),
        },
    });
    one(session.call("customer.update", request).await?, &currency)
}

async fn delete(session: &Session, customer: &str) -> Result<Report, Failure> {
    let Customer { customer_id, name, .. } = find(session, customer).await?.customer;
    let fate: String = session.call("customer.delete", json!({ "customer_id": customer_id })).await?;
    let words = match fate.as_str() {
        "deleted" => format!("{name} is deleted.\n"),
        _ => format!(
            "{name} is named by documents: name, telephone and note are gone, documents stay as printed.\n"
        ),
    };
    Report::done(&json!({ "customer_id": customer_id, "fate": fate }), words)
}
