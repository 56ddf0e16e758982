//! `comptoir stock`: what is there of one product.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::Milli;
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;

/// Stock of one product as a register knows it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ShownStock {
    server: Milli,
    pending: Milli,
    shown: Milli,
    oversold: Milli,
}

impl ShownStock {
    /// What is shown, as a decimal.
    pub(crate) fn shown_text(self) -> String {
        self.shown.text()
    }
}

/// Stock in decimal strings; every field is null when the product's stock is not counted.
#[derive(Debug, Serialize)]
pub(crate) struct StockDocument {
    server: Option<String>,
    pending: Option<String>,
    shown: Option<String>,
    oversold: Option<String>,
}

impl From<Option<ShownStock>> for StockDocument {
    fn from(stock: Option<ShownStock>) -> Self {
        Self {
            server: stock.map(|s| s.server.text()),
            pending: stock.map(|s| s.pending.text()),
            shown: stock.map(|s| s.shown.text()),
            oversold: stock.map(|s| s.oversold.text()),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    code: String,
    name: String,
    stock: Option<ShownStock>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    code: &'a str,
    name: &'a str,
    tracked: bool,
    #[serde(flatten)]
    stock: StockDocument,
}

/// `comptoir stock CODE`
pub(crate) async fn run(session: &Session, code: &str) -> Result<Report, Failure> {
    let Answer { code, name, stock } = session.call("stock.find", json!({ "code": code })).await?;
    let words = match stock {
        None => format!("{code}  {name}: stock is not counted.\n"),
        Some(ShownStock { server, pending, shown, oversold }) => {
            let short = if oversold.0 > 0 {
                format!(", {} sold beyond what was there", oversold.text())
            } else {
                String::new()
            };
            let (server, pending) = (server.text(), pending.text());
            format!("{code}  {name}: {} (server {server}, pending here {pending}{short})\n", shown.text())
        }
    };
    let document = Document { code: &code, name: &name, tracked: stock.is_some(), stock: stock.into() };
    Report::done(&document, words)
}
