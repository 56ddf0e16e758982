//! `comptoir backup` and `comptoir recovery`: copies of everything, putting one back, and what that did.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::amount::{AtMs, Milli};
use crate::args::{Backup, Recovery};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
struct Item {
    name: String,
    cause: String,
    made_at_ms: AtMs,
    bytes: u64,
}

/// One backup.
#[derive(Debug, Serialize)]
struct ItemDocument {
    name: String,
    cause: String,
    made_at: String,
    bytes: u64,
}

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Item>,
    folder: Option<String>,
    warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
struct Warning {
    code: String,
    detail: String,
}

/// The backups of a register, newest first.
#[derive(Debug, Serialize)]
struct ListDocument {
    items: Vec<ItemDocument>,
    folder: Option<String>,
}

/// `comptoir backup`
pub(crate) async fn run(session: &Session, command: Backup) -> Result<Report, Failure> {
    match command {
        Backup::Now => {
            let made: Item = session.call("backup.make", json!({})).await?;
            let list: List = session.call("backup.list", json!({})).await?;
            let mut words = format!("{} was made and checked.\n", made.name);
            for Warning { code, detail } in list.warnings {
                words.push_str(&format!("warning: {code}: {detail}\n"));
            }
            Report::done(&ItemDocument::from(made), words)
        }
        Backup::List => list(session.call("backup.list", json!({})).await?),
        Backup::Folder { folder, none: _ } => {
            let folder = folder.map(|folder| folder.to_string_lossy().into_owned());
            list(session.call("backup.set_folder", json!({ "folder": folder })).await?)
        }
        Backup::Restore { name } => report_of(session.call("backup.restore", json!({ "name": name })).await?),
    }
}

/// `comptoir recovery`
pub(crate) async fn recovery(session: &Session, command: Option<Recovery>) -> Result<Report, Failure> {
    match command {
        Some(Recovery::GoOn) => report_of(session.call("recovery.go_on", json!({})).await?),
        None => {
            let shown: Shown = session.call("recovery.report", json!({})).await?;
            let mut words = match &shown.report {
                Some(report) => words_of(report),
                None => "This register was never restored.\n".to_owned(),
            };
            words.push_str(&format!("now: {}\n", shown.now.words()));
            if shown.fenced {
                words.push_str(
                    "The server knows a newer copy of this register and takes nothing from here. If this one is to \
                     go on: comptoir recovery go-on\n",
                );
            }
            let Shown { report, now, fenced, reading } = shown;
            if let Some(reading) = &reading {
                words.push_str(&reading.words());
            }
            let (report, reading) = (report.map(ReportDocument::from), reading.map(ReadingDocument::from));
            Report::done(&ShownDocument { report, now: now.into(), fenced, reading }, words)
        }
    }
}

fn list(list: List) -> Result<Report, Failure> {
    let List { items, folder, warnings } = list;
    let rows: Vec<[String; 4]> = items
        .iter()
        .map(|b| [b.name.clone(), b.made_at_ms.local(), b.bytes.to_string(), b.cause.clone()])
        .collect();
    let columns =
        [("name", Lean::Left), ("made", Lean::Left), ("bytes", Lean::Right), ("because of", Lean::Left)];
    let mut words =
        if rows.is_empty() { "There is no backup yet.\n".to_owned() } else { table(columns, &rows) };
    if let Some(folder) = &folder {
        words.push_str(&format!("Each gets a copy in {folder}\n"));
    }
    for Warning { code, detail } in warnings {
        words.push_str(&format!("warning: {code}: {detail}\n"));
    }
    let items = items.into_iter().map(ItemDocument::from).collect();
    Report::done(&ListDocument { items, folder }, words)
}

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    report: Option<Restored>,
    now: Counts,
    fenced: bool,
    pub(super) reading: Option<Reading>,
}

/// The last time that everything was read from the server.
#[derive(Debug, Deserialize)]
pub(super) struct Reading {
    began_at_ms: AtMs,
    ended_at_ms: Option<AtMs>,
    backup: Option<String>,
    before: Counts,
    after: Option<Counts>,
}

/// The same, as the commands answer it.
#[derive(Debug, Serialize)]
pub(super) struct ReadingDocument {
    began_at: String,
    ended_at: Option<String>,
    backup: Option<String>,
    before: CountsDocument,
    after: Option<CountsDocument>,
}

impl Reading {
    pub(super) fn words(&self) -> String {
        let mut words = format!("Everything was read from the server: {}\n", self.began_at_ms.local());
        words.push_str(&format!("  before: {}\n", self.before.words()));
        match &self.after {
            Some(after) => words.push_str(&format!("  after:  {}\n", after.words())),
            None => words.push_str("  it is not finished yet\n"),
        }
        if let Some(backup) = &self.backup {
            words.push_str(&format!("  saved before: {backup}\n"));
        }
        words
    }
}

impl From<Reading> for ReadingDocument {
    fn from(reading: Reading) -> Self {
        let Reading { began_at_ms, ended_at_ms, backup, before, after } = reading;
        Self {
            began_at: began_at_ms.rfc3339(),
            ended_at: ended_at_ms.map(AtMs::rfc3339),
            backup,
            before: before.into(),
            after: after.map(CountsDocument::from),
        }
    }
}

#[derive(Debug, Serialize)]
struct ShownDocument {
    report: Option<ReportDocument>,
    now: CountsDocument,
    fenced: bool,
    reading: Option<ReadingDocument>,
}

#[derive(Debug, Deserialize)]
struct Restored {
    at_ms: AtMs,
    cause: String,
    actor: String,
    from_epoch: u32,
    epoch: u32,
    series: String,
    backup: Option<String>,
    quarantine: Option<String>,
    before: Option<Counts>,
    after: Counts,
    documents_refilled: u32,
    unverified: Vec<Unverified>,
}

/// What a restore did.
#[derive(Debug, Serialize)]
struct ReportDocument {
    at: String,
    cause: String,
    actor: String,
    from_epoch: u32,
    epoch: u32,
    series: String,
    backup: Option<String>,
    quarantine: Option<String>,
    before: Option<CountsDocument>,
    after: CountsDocument,
    documents_refilled: u32,
    unverified: Vec<Unverified>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Unverified {
    code: String,
    subject: String,
    detail: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Counts {
    sales: u64,
    products: u64,
    customers: u64,
    stock: Milli,
    pending: u64,
}

#[derive(Debug, Serialize)]
struct CountsDocument {
    sales: u64,
    products: u64,
    customers: u64,
    stock: String,
    pending: u64,
}

impl Counts {
    fn words(&self) -> String {
        let Self { sales, products, customers, stock, pending } = self;
        format!(
            "{sales} sales, {products} products, {customers} customers, {} in stock, {pending} to send",
            stock.text()
        )
    }
}

impl From<Counts> for CountsDocument {
    fn from(counts: Counts) -> Self {
        let Counts { sales, products, customers, stock, pending } = counts;
        Self { sales, products, customers, stock: stock.text(), pending }
    }
}

impl From<Item> for ItemDocument {
    fn from(item: Item) -> Self {
        let Item { name, cause, made_at_ms, bytes } = item;
        Self { name, cause, made_at: made_at_ms.rfc3339(), bytes }
    }
}

impl From<Restored> for ReportDocument {
    fn from(report: Restored) -> Self {
        Self {
            at: report.at_ms.rfc3339(),
            cause: report.cause,
            actor: report.actor,
            from_epoch: report.from_epoch,
            epoch: report.epoch,
            series: report.series,
            backup: report.backup,
            quarantine: report.quarantine,
            before: report.before.map(CountsDocument::from),
            after: report.after.into(),
            documents_refilled: report.documents_refilled,
            unverified: report.unverified,
        }
    }
}

fn report_of(report: Restored) -> Result<Report, Failure> {
    let words = words_of(&report);
    Report::done(&ReportDocument::from(report), words)
}

fn words_of(report: &Restored) -> String {
    let from = report.backup.as_ref().map_or_else(String::new, |backup| format!(" from {backup}"));
    let mut words = format!(
        "{}: {}{from}. Receipts go on in series {}.\n",
        report.at_ms.local(),
        report.cause.replace('_', " "),
        report.series
    );
    if let Some(quarantine) = &report.quarantine {
        words.push_str(&format!("The file of before is kept in {quarantine}\n"));
    }
    if let Some(before) = &report.before {
        words.push_str(&format!("before: {}\n", before.words()));
    }
    words.push_str(&format!("after: {}\n", report.after.words()));
    words.push_str(&format!(
        "{} receipts came back from the journal; the rest comes from the server with the next sync.\n",
        report.documents_refilled
    ));
    for Unverified { code, subject, detail } in &report.unverified {
        words.push_str(&format!("not brought back: {code}: {subject}: {detail}\n"));
    }
    words
}
