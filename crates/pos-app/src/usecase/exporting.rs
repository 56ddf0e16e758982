//! The queue as a file that people and programs elsewhere can read: JSON lines, or a table.
//!
//! Read from one snapshot, page by page, so that a backlog of any size takes the same memory; the file appears under
//! its name when it is whole.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use pos_domain::Money;
use pos_store::Conn;
use pos_store::queue::{self, OpState, WholeOperation};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::sync::subject_of;
use crate::app::App;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{ExportFormat, ExportScope, QueueExport};

/// Operations that are read at once.
const PAGE: u32 = 500;

impl App {
    /// `sync.export`: writes the queue to a file; into the folder `exports` of the data folder when no path is given.
    pub async fn export_queue(
        &self,
        format: ExportFormat,
        scope: ExportScope,
        path: Option<String>,
    ) -> Result<Outcome<QueueExport>, AppError> {
        let now_ms = self.now_ms();
        let path = match path.filter(|p| !p.trim().is_empty()) {
            Some(path) => PathBuf::from(path),
            None => self.dir().join("exports").join(format!("queue-{now_ms}.{}", format.extension())),
        };
        let export = self.report(move |conn| write_file(conn, format, scope, &path)).await?;
        Ok(Outcome::read(export))
    }
}

fn write_file(
    conn: &Conn,
    format: ExportFormat,
    scope: ExportScope,
    path: &Path,
) -> Result<QueueExport, AppError> {
    let fault = |error: io::Error| AppError::file(path, error);
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(fault)?;
    // Beside the target, so that the last step is a renaming on one disk.
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = PathBuf::from(unfinished);
    let operations = {
        let file = std::fs::File::create(&unfinished).map_err(fault)?;
        let mut sink = Sink::new(format, BufWriter::new(file));
        let operations = write_states(conn, scope, &mut sink, path)?;
        sink.finish().map_err(fault)?;
        operations
    };
    std::fs::rename(&unfinished, path).map_err(fault)?;
    Ok(QueueExport { file: path.display().to_string(), operations })
}

fn write_states<W: Write>(
    conn: &Conn,
    scope: ExportScope,
    sink: &mut Sink<W>,
    path: &Path,
) -> Result<u32, AppError> {
    let open = [OpState::Dead, OpState::Parked, OpState::InFlight, OpState::Pending];
    let states: &[OpState] = match scope {
        ExportScope::Dead => &[OpState::Dead],
        ExportScope::Open => &open,
        ExportScope::All => &[
            OpState::Dead,
            OpState::Parked,
            OpState::InFlight,
            OpState::Pending,
            OpState::Rejected,
            OpState::Acknowledged,
        ],
    };
    let mut operations = 0_u32;
    for state in states {
        let mut after = None;
        loop {
            let page = queue::list_whole(conn, *state, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some((last.row.head.epoch, last.row.head.seq));
            for whole in page {
                let (subject, amount) = subject_of(conn, &whole.row)?;
                sink.write(&Line::of(whole, subject, amount)).map_err(|e| AppError::file(path, e))?;
                operations = operations.saturating_add(1);
            }
        }
    }
    Ok(operations)
}

/// One operation as it is written. Times are milliseconds since 1970 UTC, amounts minor units.
#[derive(Serialize)]
struct Line {
    op_id: String,
    epoch: u32,
    seq: u64,
    kind: String,
    kind_version: u16,
    mode: &'static str,
    state: &'static str,
    made_at_ms: i64,
    attempts: u32,
    next_due_at_ms: i64,
    error_class: Option<&'static str>,
    error_code: Option<String>,
    error_params: Option<Value>,
    entity: Option<String>,
    entity_id: Option<String>,
    subject: String,
    amount_minor: Option<i64>,
    depends_on: Vec<String>,
    body: Option<Box<RawValue>>,
}

/// The columns of the table, in the order of [`Line::cells`].
const COLUMNS: [&str; 19] = [
    "op_id",
    "epoch",
    "seq",
    "kind",
    "kind_version",
    "mode",
    "state",
    "made_at_ms",
    "attempts",
    "next_due_at_ms",
    "error_class",
    "error_code",
    "error_params",
    "entity",
    "entity_id",
    "subject",
    "amount_minor",
    "depends_on",
    "body",
];

impl Line {
    fn of(whole: WholeOperation, subject: String, amount: Option<Money>) -> Self {
        let WholeOperation { row, body, depends_on } = whole;
        let (error_class, error_code, error_params) = match row.fault {
            Some((class, code, params)) => (Some(class.as_str()), Some(code), Some(Value::Object(params))),
            None => (None, None, None),
        };
        let (entity, entity_id) = row.entity.map(|(kind, id)| (kind, id.to_string())).unzip();
        Self {
            op_id: row.head.op_id.to_string(),
            epoch: row.head.epoch,
            seq: row.head.seq,
            kind: row.head.kind,
            kind_version: row.head.kind_version,
            mode: row.mode.as_str(),
            state: row.state.as_str(),
            made_at_ms: row.head.made_at_ms,
            attempts: row.attempts,
            next_due_at_ms: row.next_due_at_ms,
            error_class,
            error_code,
            error_params,
            entity,
            entity_id,
            subject,
            amount_minor: amount.map(Money::minor),
            depends_on: depends_on.into_iter().map(|id| id.to_string()).collect(),
            // A body is JSON unless the disk changed it; then its place stays empty and `verify` tells why.
            body: body.and_then(|text| RawValue::from_string(text).ok()),
        }
    }

    fn cells(&self) -> [String; 19] {
        let text = |text: Option<&str>| text.map(harmless).unwrap_or_default();
        [
            self.op_id.clone(),
            self.epoch.to_string(),
            self.seq.to_string(),
            harmless(&self.kind),
            self.kind_version.to_string(),
            self.mode.to_owned(),
            self.state.to_owned(),
            self.made_at_ms.to_string(),
            self.attempts.to_string(),
            self.next_due_at_ms.to_string(),
            text(self.error_class),
            text(self.error_code.as_deref()),
            self.error_params.as_ref().map(Value::to_string).unwrap_or_default(),
            text(self.entity.as_deref()),
            text(self.entity_id.as_deref()),
            harmless(&self.subject),
            self.amount_minor.map(|minor| minor.to_string()).unwrap_or_default(),
            self.depends_on.join(" "),
            text(self.body.as_ref().map(|body| body.get())),
        ]
    }
}

/// A text that no spreadsheet takes for a formula.
pub(crate) fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Where lines go.
enum Sink<W: Write> {
    JsonLines(W),
    Csv { table: Box<csv::Writer<W>>, begun: bool },
}

impl<W: Write> Sink<W> {
    fn new(format: ExportFormat, writer: W) -> Self {
        match format {
            ExportFormat::JsonLines => Self::JsonLines(writer),
            ExportFormat::Csv => {
                Self::Csv { table: Box::new(csv::Writer::from_writer(writer)), begun: false }
            }
        }
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        self.begin()?;
        match self {
            Self::JsonLines(writer) => {
                serde_json::to_writer(&mut *writer, line)?;
                writer.write_all(b"\n")
            }
            Self::Csv { table, .. } => Ok(table.write_record(line.cells())?),
        }
    }

    /// The header, once, also above an empty table.
    fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::JsonLines(_) | Self::Csv { begun: true, .. } => Ok(()),
            Self::Csv { table, begun } => {
                *begun = true;
                Ok(table.write_record(COLUMNS)?)
            }
        }
    }

    fn finish(mut self) -> io::Result<()> {
        self.begin()?;
        match self {
            Self::JsonLines(mut writer) => writer.flush(),
            Self::Csv { mut table, .. } => table.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_table_is_a_formula() {
        for text in ["=1+1", "+33 6", "-2", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(harmless(text).starts_with('\''), "{text:?} would be computed by a spreadsheet");
        }
        assert_eq!(harmless("Thé vert"), "Thé vert", "other texts stay as they are");
    }

    #[test]
    fn an_empty_table_has_its_header() {
        let mut bytes = Vec::new();
        Sink::new(ExportFormat::Csv, &mut bytes).finish().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("op_id,epoch,seq,kind,"), "{text}");
    }
}
