//! `comptoir debt`: what customers owe, their payments and statements.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::customer::{Customer, Standing, find};
use crate::amount::{AtMs, Currency, Minor};
use crate::args::Debt as Command;
use crate::failure::Failure;
use crate::output::Report;
use crate::sale_text::TenderText;
use crate::session::Session;
use crate::table::{Lean, table};

/// More accounts than anybody reads; the sums are of all.
const MOST: u32 = 500;

#[derive(Debug, Clone, Copy, Deserialize)]
struct Ageing {
    current: Minor,
    over_30: Minor,
    over_60: Minor,
    over_90: Minor,
}

/// A debt by age.
#[derive(Debug, Serialize)]
struct AgeingDocument {
    current: String,
    over_30: String,
    over_60: String,
    over_90: String,
}

impl AgeingDocument {
    fn new(ageing: Ageing, currency: &Currency) -> Self {
        Self {
            current: ageing.current.text(currency),
            over_30: ageing.over_30.text(currency),
            over_60: ageing.over_60.text(currency),
            over_90: ageing.over_90.text(currency),
        }
    }
}

/// `comptoir debt ...`
pub(crate) async fn run(session: &Session, command: Command) -> Result<Report, Failure> {
    match command {
        Command::List { csv: Some(file), .. } => {
            let path: String =
                session.call("account.export", json!({ "path": file.display().to_string() })).await?;
            Report::done(&json!({ "file": path }), format!("Written to {path}.\n"))
        }
        Command::List { by_age, csv: None } => list(session, if by_age { "age" } else { "amount" }).await,
        Command::Pay { customer, amount, tenders, credit, request_id } => {
            let request_id = request_id.unwrap_or_else(|| session.new_id());
            let beyond_debt = if credit { "store_credit" } else { "refuse" };
            let asked = json!({ "request_id": request_id, "beyond_debt": beyond_debt, "note": null });
            pay(session, &customer, &amount, &tenders, asked).await
        }
        Command::Statement { customer, from, to, pdf: None } => {
            statement(session, &customer, json!({ "from": from, "to": to })).await
        }
        Command::Statement { customer, from, to, pdf: Some(file) } => {
            let customer_id = find(session, &customer).await?.customer.customer_id;
            let request = json!({
                "customer_id": customer_id, "from": from, "to": to, "format": "pdf",
                "path": file.display().to_string(),
            });
            let path: String = session.call("account.save", request).await?;
            Report::done(&json!({ "file": path }), format!("Written to {path}.\n"))
        }
    }
}

#[derive(Debug, Deserialize)]
struct OpenAccounts {
    accounts: Vec<OpenAccount>,
    debtors: u32,
    debt: Minor,
    credit: Minor,
    ageing: Ageing,
}

#[derive(Debug, Deserialize)]
struct OpenAccount {
    customer: Customer,
    standing: Standing,
    ageing: Ageing,
    oldest_at_ms: Option<AtMs>,
}

/// Who owes what. `balance` is negative when the shop owes.
#[derive(Debug, Serialize)]
struct DebtsDocument {
    currency: String,
    debtors: u32,
    debt: String,
    credit: String,
    ageing: AgeingDocument,
    accounts: Vec<DebtDocument>,
}

/// One account that is not even.
#[derive(Debug, Serialize)]
struct DebtDocument {
    customer_id: String,
    code: Option<String>,
    name: String,
    phone: Option<String>,
    balance: String,
    ageing: AgeingDocument,
    oldest_at: Option<String>,
}

async fn list(session: &Session, order: &str) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let open: OpenAccounts = session.call("account.list", json!({ "order": order, "limit": MOST })).await?;
    let accounts: Vec<DebtDocument> = open
        .accounts
        .into_iter()
        .map(|account| DebtDocument {
            customer_id: account.customer.customer_id,
            code: account.customer.code,
            name: account.customer.name,
            phone: account.customer.phone,
            balance: account.standing.balance.text(&currency),
            ageing: AgeingDocument::new(account.ageing, &currency),
            oldest_at: account.oldest_at_ms.map(AtMs::rfc3339),
        })
        .collect();
    let document = DebtsDocument {
        currency: currency.code.clone(),
        debtors: open.debtors,
        debt: open.debt.text(&currency),
        credit: open.credit.text(&currency),
        ageing: AgeingDocument::new(open.ageing, &currency),
        accounts,
    };
    let rows: Vec<[String; 3]> = document
        .accounts
        .iter()
        .map(|d| [d.name.clone(), d.balance.clone(), d.oldest_at.clone().unwrap_or_default()])
        .collect();
    let DebtsDocument { debtors, debt, credit, currency, .. } = &document;
    let mut words = format!("{debtors} owe {debt} {currency}; the shop owes {credit} {currency}.\n");
    if !rows.is_empty() {
        words += &table([("name", Lean::Left), ("owes", Lean::Right), ("since", Lean::Left)], &rows);
    }
    Report::done(&document, words)
}

#[derive(Debug, Deserialize)]
struct Paid {
    document_id: String,
    number: String,
    customer: Customer,
    amount: Minor,
    change: Minor,
    standing: Standing,
    sync: String,
}

/// A payment: durable, numbered, never taken back.
#[derive(Debug, Serialize)]
struct PaidDocument {
    document_id: String,
    number: String,
    customer: String,
    currency: String,
    amount: String,
    change: String,
    balance: String,
    sync: String,
}

async fn pay(
    session: &Session,
    customer: &str,
    amount: &str,
    tenders: &[TenderText],
    asked: Value,
) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let minor =
        |text: &str| currency.minor(text).ok_or_else(|| Failure::Usage(format!("{text:?} is no amount")));
    let customer_id = find(session, customer).await?.customer.customer_id;
    let given: Vec<Value> = if tenders.is_empty() {
        vec![json!({ "kind": "cash", "amount": minor(amount)?, "reference": null })]
    } else {
        let given = tenders
            .iter()
            .map(|t| Ok(json!({ "kind": t.kind, "amount": minor(&t.amount)?, "reference": t.reference })));
        given.collect::<Result<_, Failure>>()?
    };
    let mut request = json!({ "customer_id": customer_id, "amount": minor(amount)?, "tenders": given });
    if let (Some(request), Value::Object(asked)) = (request.as_object_mut(), asked) {
        request.extend(asked);
    }
    let paid: Paid = session.call("account.pay", request).await?;
    let document = PaidDocument {
        document_id: paid.document_id,
        number: paid.number,
        customer: paid.customer.name,
        currency: currency.code.clone(),
        amount: paid.amount.text(&currency),
        change: paid.change.text(&currency),
        balance: paid.standing.balance.text(&currency),
        sync: paid.sync,
    };
    let PaidDocument { number, customer, currency, amount, change, balance, .. } = &document;
    let words = format!(
        "{number}: {customer} paid {amount} {currency}, {change} change; owes {balance} {currency} now.\n"
    );
    Report::done(&document, words)
}

#[derive(Debug, Deserialize)]
struct Statement {
    customer: Customer,
    from: Option<String>,
    to: Option<String>,
    opening: Minor,
    entries: Vec<Entry>,
    charged: Minor,
    paid: Minor,
    closing: Minor,
    ageing: Ageing,
}

#[derive(Debug, Deserialize)]
struct Entry {
    document_id: String,
    kind: String,
    number: Option<String>,
    register: String,
    at_ms: AtMs,
    amount: Minor,
    balance: Minor,
}

/// An account over some days; amounts are negative for payments.
#[derive(Debug, Serialize)]
struct StatementDocument {
    customer_id: String,
    name: String,
    currency: String,
    from: Option<String>,
    to: Option<String>,
    opening: String,
    entries: Vec<EntryDocument>,
    charged: String,
    paid: String,
    closing: String,
    ageing: AgeingDocument,
}

/// One document of an account.
#[derive(Debug, Serialize)]
struct EntryDocument {
    document_id: String,
    kind: String,
    number: Option<String>,
    register: String,
    at: String,
    amount: String,
    balance: String,
}

async fn statement(session: &Session, customer: &str, mut request: Value) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let customer_id = find(session, customer).await?.customer.customer_id;
    if let Some(request) = request.as_object_mut() {
        request.insert("customer_id".to_owned(), json!(customer_id));
    }
    let text: Vec<String> = session.call("account.statement_text", request.clone()).await?;
    let statement: Statement = session.call("account.statement", request).await?;
    let entries = statement.entries.into_iter().map(|entry| EntryDocument {
        document_id: entry.document_id,
        kind: entry.kind,
        number: entry.number,
        register: entry.register,
        at: entry.at_ms.rfc3339(),
        amount: entry.amount.text(&currency),
        balance: entry.balance.text(&currency),
    });
    let document = StatementDocument {
        customer_id,
        name: statement.customer.name,
        from: statement.from,
        to: statement.to,
        opening: statement.opening.text(&currency),
        entries: entries.collect(),
        charged: statement.charged.text(&currency),
        paid: statement.paid.text(&currency),
        closing: statement.closing.text(&currency),
        ageing: AgeingDocument::new(statement.ageing, &currency),
        currency: currency.code,
    };
    Report::done(&document, text.join("\n") + "\n")
}
