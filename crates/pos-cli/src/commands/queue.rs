//! `comptoir queue`: what waits, what was refused for good, and what a person does about it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::sync::{Entry, EntryDocument};
use crate::args::{ExportFormat, ExportScope, Queue as Command};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::table::{Lean, table};

/// `comptoir queue`
pub(crate) async fn list(session: &Session, all: bool, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let entries: Vec<Entry> = session.list("sync.queue", json!({ "acknowledged": all }), limit).await?;
    let documents: Vec<EntryDocument> =
        entries.into_iter().map(|entry| EntryDocument::new(entry, &currency)).collect();
    let rows: Vec<[String; 6]> = documents
        .iter()
        .map(|e| {
            let why = e.error_code.clone().unwrap_or_default();
            let amount = e.amount.clone().unwrap_or_default();
            [e.seq.to_string(), e.state.clone(), e.kind.clone(), e.subject.clone(), amount, why]
        })
        .collect();
    let columns = [
        ("seq", Lean::Right),
        ("state", Lean::Left),
        ("kind", Lean::Left),
        ("about", Lean::Left),
        ("amount", Lean::Right),
        ("why", Lean::Left),
    ];
    let words =
        if rows.is_empty() { "Nothing waits for the server.\n".to_owned() } else { table(columns, &rows) };
    Report::done(&documents, words)
}

/// `comptoir queue ...`
pub(crate) async fn run(session: &Session, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Dead { limit } => dead(session, limit).await,
        Command::Retry { id: Some(id), all: _ } => retry_one(session, id).await,
        Command::Retry { id: None, all: _ } => retry_all(session).await,
        Command::Discard { id, reason } => discard(session, id, &reason).await,
        Command::Edit { id, set, reason } => edit(session, id, set, reason).await,
        Command::Export { format, scope, out } => export(session, format, scope, out).await,
    }
}

#[derive(Debug, Deserialize)]
struct Dead {
    operation: Entry,
    entity: Option<String>,
    field: Option<String>,
    detail: Option<String>,
    fields: Option<Map<String, Value>>,
    hold: Option<String>,
    waiting: u32,
}

/// A refused operation. `hold` says why it cannot be given up, `fields` is null when it cannot be corrected.
#[derive(Debug, Serialize)]
struct DeadDocument {
    operation: EntryDocument,
    entity: Option<String>,
    field: Option<String>,
    detail: Option<String>,
    fields: Option<Map<String, Value>>,
    hold: Option<String>,
    waiting: u32,
}

async fn dead(session: &Session, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let found: Vec<Dead> = session.list("sync.dead_list", json!({}), limit).await?;
    let documents: Vec<DeadDocument> = found
        .into_iter()
        .map(|dead| DeadDocument {
            operation: EntryDocument::new(dead.operation, &currency),
            entity: dead.entity,
            field: dead.field,
            detail: dead.detail,
            fields: dead.fields.map(|fields| super::conflict::outward_fields(fields, &currency)),
            hold: dead.hold,
            waiting: dead.waiting,
        })
        .collect();
    let words = if documents.is_empty() {
        "Nothing was refused for good.\n".to_owned()
    } else {
        documents.iter().map(DeadDocument::words).collect()
    };
    Report::done(&documents, words)
}

impl DeadDocument {
    fn words(&self) -> String {
        let EntryDocument { op_id, kind, subject, error_code, .. } = &self.operation;
        let code = error_code.as_deref().unwrap_or("?");
        let mut words = format!("{op_id}  {kind} {subject}: {code}");
        if let Some(field) = &self.field {
            words.push_str(&format!(", field {field}"));
        }
        if let Some(detail) = &self.detail {
            words.push_str(&format!(" ({detail})"));
        }
        if self.waiting > 0 {
            words.push_str(&format!("; {} wait for it", self.waiting));
        }
        words.push('\n');
        words
    }
}

async fn retry_one(session: &Session, id: Uuid) -> Result<Report, Failure> {
    let _: Value = session.call("sync.retry", json!({ "op_id": id })).await?;
    Report::done(&json!({ "retried": 1 }), "It goes with the next `comptoir sync`.\n".to_owned())
}

#[derive(Debug, Deserialize)]
struct Retried {
    operations: u32,
}

async fn retry_all(session: &Session) -> Result<Report, Failure> {
    let Retried { operations } = session.call("sync.retry_all", json!({})).await?;
    let words = format!("{operations} go with the next `comptoir sync`.\n");
    Report::done(&json!({ "retried": operations }), words)
}

#[derive(Debug, Serialize, Deserialize)]
struct Discarded {
    freed: u32,
}

async fn discard(session: &Session, id: Uuid, reason: &str) -> Result<Report, Failure> {
    let discarded: Discarded = session.call("sync.discard", json!({ "op_id": id, "reason": reason })).await?;
    let words = format!("Given up; {} that had waited for it go on.\n", discarded.freed);
    Report::done(&discarded, words)
}

async fn edit(
    session: &Session,
    id: Uuid,
    set: Vec<(String, String)>,
    reason: Option<String>,
) -> Result<Report, Failure> {
    // What is not JSON is a text; amounts and rates are always written as people write them.
    let value = |field: &str, text: String| match field {
        "price" | "cost" | "tax_rate" => Value::String(text),
        _ => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    };
    let fields: Map<String, Value> =
        set.into_iter().map(|(field, text)| (field.clone(), value(&field, text))).collect();
    let request = json!({ "op_id": id, "fields": fields, "reason": reason });
    let entry: Entry = session.call("sync.edit_and_resend", request).await?;
    let document = EntryDocument::new(entry, &session.currency().await?);
    let words = format!("{} takes its place and goes with the next `comptoir sync`.\n", document.op_id);
    Report::done(&document, words)
}

#[derive(Debug, Deserialize)]
struct Exported {
    file: String,
    operations: u32,
}

/// The queue was written. `file` is null and `text` the lines when they went to standard output.
#[derive(Debug, Serialize)]
struct ExportDocument {
    file: Option<String>,
    operations: u32,
    text: Option<String>,
}

async fn export(
    session: &Session,
    format: ExportFormat,
    scope: ExportScope,
    out: Option<String>,
) -> Result<Report, Failure> {
    session.shop().await?;
    let inline = out.as_deref() == Some("-");
    let path = out.filter(|_| !inline);
    let request = json!({ "format": format.as_str(), "scope": scope.as_str(), "path": path });
    let Exported { file, operations } = session.call("sync.export", request).await?;
    if !inline {
        let words = format!("{operations} operations written to {file}\n");
        return Report::done(&ExportDocument { file: Some(file), operations, text: None }, words);
    }
    let path = std::path::Path::new(&file);
    let read = std::fs::read_to_string(path).map_err(|e| Failure::file(path, e))?;
    std::fs::remove_file(path).map_err(|e| Failure::file(path, e))?;
    let words = read.clone();
    Report::done(&ExportDocument { file: None, operations, text: Some(read) }, words)
}

/// Reads `FIELD=VALUE`.
pub(crate) fn field_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() => Ok((field.to_owned(), value.to_owned())),
        Some(_) | None => Err("give FIELD=VALUE, such as price=12.50".to_owned()),
    }
}
