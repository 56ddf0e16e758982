//! `comptoir quote`: what a cart costs.

use std::io::Read;

use pos_app::view::{QuoteAnswer, QuoteRequest};

use crate::failure::Failure;
use crate::output::Report;
use crate::table::{Lean, table};

/// Largest cart that is read: ten times the largest that the shop takes.
const MAX_BYTES: u64 = 16 << 20;

/// Reads a cart in JSON and answers its amounts. Needs no register.
pub(crate) fn run(input: impl Read) -> Result<Report, Failure> {
    let mut text = String::new();
    input
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|e| Failure::Usage(format!("The cart on standard input cannot be read: {e}")))?;
    let request: QuoteRequest = serde_json::from_str(&text).map_err(|e| {
        Failure::Usage(format!("The cart on standard input is not as docs/CLI.md describes it: {e}"))
    })?;
    let answer = pos_app::quote::quote(&request)?;
    let words = words(&answer);
    Report::done(&answer, words)
}

fn words(answer: &QuoteAnswer) -> String {
    let columns = [("", Lean::Left), ("net", Lean::Right), ("tax", Lean::Right), ("gross", Lean::Right)];
    let mut rows: Vec<[String; 4]> = answer
        .lines
        .iter()
        .map(|line| [line.name.clone(), line.net.clone(), line.tax.clone(), line.gross.clone()])
        .collect();
    rows.push(["total".to_owned(), answer.net.clone(), answer.tax.clone(), answer.gross.clone()]);
    for (name, amount) in
        [("discount", &answer.discount), ("rounding", &answer.rounding), ("to pay", &answer.payable)]
    {
        rows.push([name.to_owned(), String::new(), String::new(), amount.clone()]);
    }
    table(columns, &rows)
}
