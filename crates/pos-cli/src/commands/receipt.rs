//! `comptoir receipt` and `comptoir sales`: what was sold.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::{AtMs, Minor};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
struct View {
    sale_id: String,
    number: String,
    text: Vec<String>,
    duplicate: bool,
    sync: String,
}

/// A receipt. `file` is where it was written, when it was.
#[derive(Debug, Serialize)]
struct Document {
    sale_id: String,
    number: String,
    duplicate: bool,
    sync: String,
    text: Vec<String>,
    file: Option<String>,
}

/// `comptoir receipt NUMBER`
pub(crate) async fn run(
    session: &Session,
    number: &str,
    escpos: Option<PathBuf>,
    pdf: Option<PathBuf>,
) -> Result<Report, Failure> {
    let view: View = session.call("sale.find", json!({ "number": number })).await?;
    let target = escpos.map(|path| ("escpos", path)).or(pdf.map(|path| ("pdf", path)));
    let file = match target {
        None => None,
        Some((format, path)) => {
            let path = std::path::absolute(&path).map_err(|e| Failure::file(&path, e))?;
            let request = json!({ "sale_id": view.sale_id, "format": format, "path": path });
            Some(session.call::<String>("receipt.save", request).await?)
        }
    };
    let View { sale_id, number, text, duplicate, sync } = view;
    let words = match &file {
        Some(file) => format!("{number} is written to {file}\n"),
        None => text.iter().map(|line| format!("{}\n", line.trim_end())).collect(),
    };
    Report::done(&Document { sale_id, number, duplicate, sync, text, file }, words)
}

#[derive(Debug, Deserialize)]
struct Summary {
    sale_id: String,
    kind: String,
    number: String,
    sold_at_ms: AtMs,
    document_date: Option<String>,
    cashier: String,
    customer: Option<String>,
    lines: u32,
    total: Minor,
    sync: String,
}

#[derive(Debug, Serialize)]
struct SaleDocument {
    sale_id: String,
    number: String,
    kind: String,
    sold_at: String,
    document_date: Option<String>,
    cashier: String,
    customer: Option<String>,
    lines: u32,
    total: String,
    sync: String,
}

/// `comptoir sales [SEARCH]`
pub(crate) async fn sales(session: &Session, search: &str, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let sales: Vec<Summary> = session.list("sale.list", json!({ "search": search }), limit).await?;
    let rows: Vec<[String; 5]> = sales
        .iter()
        .map(|s| {
            let when = s.document_date.clone().unwrap_or_else(|| s.sold_at_ms.local());
            [s.number.clone(), when, s.kind.clone(), s.total.text(&currency), s.sync.clone()]
        })
        .collect();
    let columns = [
        ("number", Lean::Left),
        ("date", Lean::Left),
        ("kind", Lean::Left),
        ("total", Lean::Right),
        ("server", Lean::Left),
    ];
    let words = if rows.is_empty() { "No sales.\n".to_owned() } else { table(columns, &rows) };
    let documents: Vec<SaleDocument> = sales
        .into_iter()
        .map(|s| SaleDocument {
            sale_id: s.sale_id,
            number: s.number,
            kind: s.kind,
            sold_at: s.sold_at_ms.rfc3339(),
            document_date: s.document_date,
            cashier: s.cashier,
            customer: s.customer,
            lines: s.lines,
            total: s.total.text(&currency),
            sync: s.sync,
        })
        .collect();
    Report::done(&documents, words)
}
