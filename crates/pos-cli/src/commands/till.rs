//! `comptoir shift`, `comptoir cash` and `comptoir report`: the drawer from the shell.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::amount::{AtMs, Currency, Minor};
use crate::args::{Cash, DrawerReport as Command, Shift};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;

#[derive(Debug, Deserialize)]
struct Open {
    number: String,
    opened_at_ms: AtMs,
    cashier: String,
    float: Minor,
}

#[derive(Debug, Deserialize)]
struct State {
    open: Option<Open>,
    documents: u64,
    expected: Minor,
    next_z: u64,
    open_carts: u32,
    unsynced: u64,
}

/// An open shift. The float is a decimal string.
#[derive(Debug, Serialize)]
struct OpenDocument {
    number: String,
    opened_at: String,
    cashier: String,
    float: String,
}

/// The drawer since the last Z. Amounts are decimal strings.
#[derive(Debug, Serialize)]
struct StateDocument {
    currency: String,
    open: Option<OpenDocument>,
    documents: u64,
    expected: String,
    next_z: u64,
    open_carts: u32,
    unsynced: u64,
}

#[derive(Debug, Deserialize)]
struct Counted {
    counted: Minor,
    difference: Minor,
}

#[derive(Debug, Deserialize)]
struct Range {
    series: String,
    first: u64,
    last: u64,
}

#[derive(Debug, Deserialize)]
struct DrawerReport {
    kind: String,
    number: Option<String>,
    z_number: u64,
    made_at_ms: AtMs,
    cashier: String,
    ranges: Vec<Range>,
    expected: Minor,
    counted: Option<Counted>,
    open_carts: u32,
    unsynced: u64,
    text: Vec<String>,
}

/// An X or Z report. Amounts are decimal strings; `counted` and `difference` are null for an X.
#[derive(Debug, Serialize)]
struct ReportDocument {
    kind: String,
    z: u64,
    number: Option<String>,
    made_at: String,
    cashier: String,
    ranges: Vec<Value>,
    currency: String,
    expected: String,
    counted: Option<String>,
    difference: Option<String>,
    open_carts: u32,
    unsynced: u64,
    text: Vec<String>,
}

/// `comptoir shift ...`
pub(crate) async fn shift(session: &Session, command: Shift) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    match command {
        Shift::State => state(session.call("shift.state", json!({})).await?, &currency),
        Shift::Open { float, request_id } => {
            let float = minor(&currency, "float", &float)?;
            let request_id = request_id.unwrap_or_else(|| session.new_id());
            let request = json!({ "request_id": request_id, "float": float });
            state(session.call("shift.open", request).await?, &currency)
        }
        Shift::Close { counted, note, request_id } => {
            let counted = minor(&currency, "counted", &counted)?;
            let request_id = request_id.unwrap_or_else(|| session.new_id());
            let request = json!({ "request_id": request_id, "counted": counted, "note": note });
            told(session.call("shift.close", request).await?, &currency)
        }
    }
}

/// `comptoir cash ...`
pub(crate) async fn cash(session: &Session, command: Cash) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let (direction, expense, moved) = match command {
        Cash::In(moved) => ("in", None, moved),
        Cash::Out(moved) => ("out", None, moved),
        Cash::Expense { category, moved } => ("out", Some(category), moved),
    };
    let amount = minor(&currency, "amount", &moved.amount)?;
    let request_id = moved.request_id.unwrap_or_else(|| session.new_id());
    let request = json!({
        "request_id": request_id, "direction": direction, "amount": amount, "expense": expense, "note": moved.note,
    });
    state(session.call("cash.move", request).await?, &currency)
}

/// `comptoir report ...`
pub(crate) async fn report(session: &Session, command: Command) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let (name, z, pdf) = match command {
        Command::X { pdf } => ("report.x", None, pdf),
        Command::Z { number, pdf } => ("report.z", number, pdf),
    };
    let found: DrawerReport = session.call(name, json!({ "z": z })).await?;
    let Some(file) = pdf else { return told(found, &currency) };
    let z = (name == "report.z").then_some(found.z_number);
    let request = json!({ "z": z, "path": file.display().to_string() });
    let path: String = session.call("report.save", request).await?;
    Report::done(&json!({ "file": path }), format!("Written to {path}.\n"))
}

fn minor(currency: &Currency, field: &str, text: &str) -> Result<i64, Failure> {
    currency
        .minor(text)
        .ok_or_else(|| Failure::Usage(format!("{field}: {text:?} is no amount in {}", currency.code)))
}

fn state(state: State, currency: &Currency) -> Result<Report, Failure> {
    let expected = state.expected.text(currency);
    let code = &currency.code;
    let words = match &state.open {
        Some(open) => format!(
            "Open since {} ({}, {}). {expected} {code} should be in the drawer; {} documents since the last Z.\n",
            open.opened_at_ms.local(),
            open.number,
            open.cashier,
            state.documents,
        ),
        None => format!("Closed. {} documents since the last Z.\n", state.documents),
    };
    let open = state.open.map(|open| OpenDocument {
        number: open.number,
        opened_at: open.opened_at_ms.rfc3339(),
        cashier: open.cashier,
        float: open.float.text(currency),
    });
    let State { documents, next_z, open_carts, unsynced, .. } = state;
    let document =
        StateDocument { currency: code.clone(), open, documents, expected, next_z, open_carts, unsynced };
    Report::done(&document, words)
}

fn told(report: DrawerReport, currency: &Currency) -> Result<Report, Failure> {
    let DrawerReport { kind, number, z_number, cashier, ranges, open_carts, unsynced, text, .. } = report;
    let words = format!("{}\n", text.join("\n"));
    let ranges = ranges
        .into_iter()
        .map(|range| json!({ "series": range.series, "first": range.first, "last": range.last }))
        .collect();
    let document = ReportDocument {
        kind,
        z: z_number,
        number,
        made_at: report.made_at_ms.rfc3339(),
        cashier,
        ranges,
        currency: currency.code.clone(),
        expected: report.expected.text(currency),
        counted: report.counted.as_ref().map(|found| found.counted.text(currency)),
        difference: report.counted.as_ref().map(|found| found.difference.text(currency)),
        open_carts,
        unsynced,
        text,
    };
    Report::done(&document, words)
}
