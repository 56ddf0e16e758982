//! `comptoir replay`: past invoices through the same checkout.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::read_text;
use crate::amount::Minor;
use crate::failure::Failure;
use crate::output::Report;
use crate::progress::watched;
use crate::session::Session;

#[derive(Debug, Deserialize)]
struct Answer {
    invoices: u32,
    sales: u32,
    returns: u32,
    adjustments: u32,
    refused: Vec<Refusal>,
    total: Minor,
}

#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    invoice: String,
    code: String,
}

#[derive(Debug, Serialize)]
struct Document {
    invoices: u32,
    sales: u32,
    returns: u32,
    adjustments: u32,
    refused: Vec<Refusal>,
    currency: String,
    total: String,
}

/// `comptoir replay FILE.csv`
pub(crate) async fn run(session: &Session, file: &Path) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let text = read_text(file)?;
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    let request = json!({ "text": text, "file_name": file_name });
    let answer: Answer = watched(session, "replay", session.call("replay.run", request)).await?;
    let document = Document {
        total: answer.total.text(&currency),
        currency: currency.code,
        invoices: answer.invoices,
        sales: answer.sales,
        returns: answer.returns,
        adjustments: answer.adjustments,
        refused: answer.refused,
    };
    let mut words = format!(
        "{} invoices: {} sales, {} returns, {} adjustments, {} refused. Total {} {}.\n",
        document.invoices,
        document.sales,
        document.returns,
        document.adjustments,
        document.refused.len(),
        document.total,
        document.currency,
    );
    for Refusal { invoice, code } in &document.refused {
        words.push_str(&format!("refused: invoice {invoice}: {code}\n"));
    }
    Report::done(&document, words)
}
