//! `comptoir print` and `comptoir label`: what was asked of the printers, and labels as a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::AtMs;
use crate::args::{LabelText, Print};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
struct Queue {
    open: u32,
    failed: u32,
    trouble: Option<String>,
    jobs: Vec<Job>,
}

#[derive(Debug, Deserialize)]
struct Job {
    job_no: i64,
    printer: String,
    kind: String,
    title: String,
    state: String,
    attempts: u32,
    trouble: Option<String>,
    asked_at_ms: AtMs,
    next_due_at_ms: Option<AtMs>,
    ended_at_ms: Option<AtMs>,
}

#[derive(Debug, Serialize)]
struct QueueDocument {
    open: u32,
    failed: u32,
    trouble: Option<String>,
    jobs: Vec<JobDocument>,
}

#[derive(Debug, Serialize)]
struct JobDocument {
    id: i64,
    printer: String,
    kind: String,
    title: String,
    state: String,
    attempts: u32,
    trouble: Option<String>,
    asked_at: String,
    next_due_at: Option<String>,
    ended_at: Option<String>,
}

/// `comptoir print`
pub(crate) async fn run(session: &Session, command: Print) -> Result<Report, Failure> {
    let queue: Queue = match command {
        Print::List { limit } => session.call("print.list", json!({ "limit": limit })).await?,
        Print::Retry { id } => session.call("print.retry", json!({ "job_no": id })).await?,
        Print::Cancel { id } => session.call("print.cancel", json!({ "job_no": id })).await?,
    };
    let words = words_of(&queue);
    let Queue { open, failed, trouble, jobs } = queue;
    let jobs = jobs.into_iter().map(document_of).collect();
    Report::done(&QueueDocument { open, failed, trouble, jobs }, words)
}

fn words_of(queue: &Queue) -> String {
    if queue.jobs.is_empty() {
        return "Nothing was asked of the printers.\n".to_owned();
    }
    let row = |job: &Job| {
        let why = job.trouble.clone().unwrap_or_default();
        let title = if job.title.is_empty() { job.kind.clone() } else { job.title.clone() };
        [job.job_no.to_string(), job.asked_at_ms.local(), title, job.state.clone(), why]
    };
    let rows: Vec<[String; 5]> = queue.jobs.iter().map(row).collect();
    let columns = [
        ("id", Lean::Right),
        ("asked", Lean::Left),
        ("what", Lean::Left),
        ("state", Lean::Left),
        ("trouble", Lean::Left),
    ];
    table(columns, &rows)
}

fn document_of(job: Job) -> JobDocument {
    JobDocument {
        id: job.job_no,
        printer: job.printer,
        kind: job.kind,
        title: job.title,
        state: job.state,
        attempts: job.attempts,
        trouble: job.trouble,
        asked_at: job.asked_at_ms.rfc3339(),
        next_due_at: job.next_due_at_ms.map(|at| at.rfc3339()),
        ended_at: job.ended_at_ms.map(|at| at.rfc3339()),
    }
}

/// The file that labels were written to.
#[derive(Debug, Serialize)]
struct LabelDocument {
    file: String,
    labels: u32,
}

/// `comptoir label CODE[xN]... --pdf FILE`
pub(crate) async fn label(
    session: &Session,
    labels: &[LabelText],
    paper: &str,
    pdf: PathBuf,
) -> Result<Report, Failure> {
    let path = std::path::absolute(&pdf).map_err(|e| Failure::file(&pdf, e))?;
    let wanted: Vec<_> = labels.iter().map(|l| json!({ "code": l.code, "count": l.count })).collect();
    let request = json!({ "labels": wanted, "paper": paper, "path": path });
    let file: String = session.call("label.save", request).await?;
    let count = labels.iter().fold(0_u32, |sum, label| sum.saturating_add(label.count));
    let words = format!("{count} labels are written to {file}\n");
    Report::done(&LabelDocument { file, labels: count }, words)
}
