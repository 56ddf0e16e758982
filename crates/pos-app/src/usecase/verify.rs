//! "Is my data right?": every invariant that this register's file can show, in words.

use pos_store::verify::{Depth, Finding};
use pos_store::{chain, journal, stock};
use serde_json::Value;

use crate::app::App;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{VerifyFinding, VerifyReport};

impl App {
    /// `verify.run`
    pub async fn verify(&self, full: bool) -> Result<Outcome<VerifyReport>, AppError> {
        let (documents, movements) =
            self.read(|conn| Ok((chain::count(conn)?, stock::count_movements(conn)?))).await?;
        let depth = if full { Depth::Full } else { Depth::Quick };
        // What the journal lacks only because it follows the file by a moment is no finding.
        let whole = if full {
            // A file that cannot be read has worse findings than this one.
            self.check_journal().await.unwrap_or(true)
        } else {
            true
        };
        let findings = self.inner.store.beside(move |store| {
            let mut findings = store.verify(depth)?;
            // A file that cannot be read is compared with nothing.
            let unreadable = |finding: &Finding| matches!(finding.code, "file.damaged" | "row.unreadable");
            if full && !findings.iter().any(unreadable) {
                findings.extend(journal::verify(store)?);
            }
            Ok::<_, AppError>(findings)
        });
        let mut findings: Vec<Finding> = findings.await?;
        if !whole {
            findings.push(Finding { code: "journal.cut", subject: None, params: Value::Null });
        }
        let ok = findings.is_empty();
        let findings = findings.into_iter().map(in_words).collect();
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let (documents, movements) = (count(documents), count(movements));
        Ok(Outcome::read(VerifyReport { ok, findings, documents, movements }))
    }
}

/// One sentence: which thing, what is wrong with it, and where exactly.
fn in_words(finding: Finding) -> VerifyFinding {
    let code = finding.code;
    let (area, _) = code.split_once('.').unwrap_or((code, ""));
    let number = finding.params.get("number").and_then(plain);
    let about = match (area, number) {
        ("chain", Some(number)) => format!("The chain of receipts, at {number},"),
        ("chain", None) => "The chain of receipts".to_owned(),
        ("device", _) => "This register".to_owned(),
        ("document" | "sale" | "operation" | "movement", Some(number)) => format!("Receipt {number}"),
        ("document" | "sale", None) => "A receipt".to_owned(),
        ("operation", None) => "An operation of the queue".to_owned(),
        ("movement" | "stock", _) => "The stock ledger".to_owned(),
        ("journal", Some(number)) => format!("Receipt {number} in the second journal"),
        ("journal", None) => "The second journal of receipts".to_owned(),
        _ => "The database file".to_owned(),
    };
    let what = match code {
        "chain.gap" | "operation.gap" => "has a gap in its numbers",
        "chain.unbound" => "is not bound to the record before it",
        "chain.changed" | "operation.changed" | "document.changed" | "chain.document_changed" => {
            "was changed after it was written"
        }
        "chain.bad_signature" => "is not signed by this register",
        "chain.truncated" => "ends before the last number that was given",
        "chain.countersigned_ahead" => "is shorter than what the server countersigned",
        "chain.countersigned_differs" => "is not the one that the server countersigned",
        "journal.cut" => "was cut while this register ran, and is complete again",
        "document.missing" => "is missing",
        "operation.missing" => "has no operation that tells the server of it",
        "document.unreadable" | "operation.unreadable" | "row.unreadable" => "is not readable",
        "document.arithmetic" => "does not add up",
        "document.rows" => "does not have the rows that its text has",
        "document.differs" => "differs from its text",
        "operation.differs" => "differs from its operation in the queue",
        "operation.circle" => "waits for one that waits for it",
        "movement.differs" => "has a stock movement that is not what its cause says",
        "movement.missing" => "lacks a stock movement",
        "movement.unexplained" => "has a stock movement that nothing explains",
        "stock.pending_differs" => "has a pending movement that is not the one in the ledger",
        "stock.pending_wrong" => "counts a movement twice, or not at all",
        "stock.balance_changed" => "has a balance that is not what the server sent",
        "stock.balances_counted" => "lacks a balance, or has one too many",
        "device.missing" => "is not in its own file, or not in the life that it says",
        "sale.state" => "is in a state that its evidence denies",
        "journal.torn" => "ends in the middle of a record",
        "journal.unreadable" => "has a record that is not readable",
        "journal.differs" => "is not the one of the file",
        "journal.not_in_file" => "is not in the file",
        "file.damaged" => "is damaged",
        other => other,
    };
    let place = place(&finding.params).map(|place| format!(" ({place})")).unwrap_or_default();
    VerifyFinding {
        code: code.to_owned(),
        subject: finding.subject.map(|id| id.to_string()).unwrap_or_default(),
        detail: format!("{about} {what}{place}."),
    }
}

/// Where exactly, as far as the facts tell.
fn place(params: &Value) -> Option<String> {
    let fact = |name: &str| params.get(name).and_then(plain);
    let mut parts = Vec::new();
    if let Some(table) = fact("table") {
        parts.push(fact("column").map_or_else(|| table.clone(), |column| format!("{table}.{column}")));
    }
    if let Some(position) = params.get("position").and_then(Value::as_u64) {
        parts.push(format!("row {}", position.saturating_add(1)));
    }
    for (name, word) in [("found", "found"), ("expected", "expected")] {
        parts.extend(fact(name).map(|value| format!("{word} {value}")));
    }
    let told = ["table", "column", "position", "found", "expected", "number"];
    let others = params.as_object().into_iter().flatten().filter(|(name, _)| !told.contains(&name.as_str()));
    parts.extend(
        others.filter_map(|(name, value)| Some(format!("{}: {}", name.replace('_', " "), plain(value)?))),
    );
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A text or number without quotation marks.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
