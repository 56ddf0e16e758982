//! The queue of the printers.

use pos_store::print_jobs::{Job, Printer, Standing, State, Trouble, Work};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the printers of this register stand, and their latest jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PrintQueue {
    /// Jobs that wait or are on their way.
    pub open: u32,
    /// Jobs that were given up until a person asks for another try.
    pub failed: u32,
    /// What keeps the first job that waits.
    pub trouble: Option<PrintTrouble>,
    /// The newest first.
    pub jobs: Vec<PrintJob>,
}

/// Something that was asked of a printer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct PrintJob {
    /// Rises with each job.
    pub job_no: i64,
    /// Which printer.
    pub printer: PrinterName,
    /// What.
    pub kind: PrintKind,
    /// What people call it, such as the number of a receipt; empty for the drawer.
    pub title: String,
    /// Where it stands.
    pub state: PrintState,
    /// Tries since it was asked for, or asked for again.
    pub attempts: u32,
    /// What went wrong last.
    pub trouble: Option<PrintTrouble>,
    /// Milliseconds since 1970 UTC.
    pub asked_at_ms: i64,
    /// When it is tried next, while it waits.
    pub next_due_at_ms: Option<i64>,
    /// When it was done, given up or cancelled.
    pub ended_at_ms: Option<i64>,
}

/// What a job prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrintKind {
    /// A receipt.
    Receipt,
    /// A report, a statement, labels.
    Page,
    /// Nothing: the drawer opens.
    Drawer,
}

/// Which of the register's printers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrinterName {
    /// Receipts and reports, with the cash drawer on it.
    Receipts,
    /// Labels of products.
    Labels,
}

impl From<Printer> for PrinterName {
    fn from(stored: Printer) -> Self {
        match stored {
            Printer::Receipts => Self::Receipts,
            Printer::Labels => Self::Labels,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrintState {
    /// Its turn, or its next try, has not come yet.
    Waiting,
    /// Its bytes are on their way.
    Printing,
    /// The printer took all of it.
    Done,
    /// Given up until a person asks for another try.
    Failed,
    /// Given up for good by a person.
    Cancelled,
}

impl From<State> for PrintState {
    fn from(stored: State) -> Self {
        match stored {
            State::Waiting => Self::Waiting,
            State::Printing => Self::Printing,
            State::Done => Self::Done,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

/// Why a job is not on paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PrintTrouble {
    /// No printer is set.
    NoPrinter,
    /// The address of the printer cannot be read.
    BadAddress,
    /// The file or device cannot be opened.
    NotWritable,
    /// The network printer refuses or does not exist.
    Unreachable,
    /// The network printer does not answer.
    NoAnswer,
    /// The printer says that it has no paper.
    PaperOut,
    /// The printer says that its cover is open.
    CoverOpen,
    /// The printer says that it cannot print, such as after a jam of its cutter.
    OutOfOrder,
    /// It broke off in the middle: part of the job may be on paper.
    BrokenOff,
    /// It took no more bytes in the middle: part of the job may be on paper.
    Stuck,
    /// This program ended in the middle: part of the job may be on paper.
    Interrupted,
    /// What was to be printed cannot be made any more.
    Unprintable,
    /// A drawer is opened at once or not at all.
    TooLate,
}

impl From<Trouble> for PrintTrouble {
    fn from(stored: Trouble) -> Self {
        match stored {
            Trouble::NoPrinter => Self::NoPrinter,
            Trouble::BadAddress => Self::BadAddress,
            Trouble::NotWritable => Self::NotWritable,
            Trouble::Unreachable => Self::Unreachable,
            Trouble::NoAnswer => Self::NoAnswer,
            Trouble::PaperOut => Self::PaperOut,
            Trouble::CoverOpen => Self::CoverOpen,
            Trouble::OutOfOrder => Self::OutOfOrder,
            Trouble::BrokenOff => Self::BrokenOff,
            Trouble::Stuck => Self::Stuck,
            Trouble::Interrupted => Self::Interrupted,
            Trouble::Unprintable => Self::Unprintable,
            Trouble::TooLate => Self::TooLate,
        }
    }
}

impl PrintQueue {
    /// The queue as it is shown.
    pub(crate) fn of(standing: Standing, jobs: Vec<Job>) -> Self {
        let Standing { open, failed, trouble } = standing;
        Self {
            open,
            failed,
            trouble: trouble.map(Into::into),
            jobs: jobs.into_iter().map(PrintJob::from).collect(),
        }
    }
}

impl From<Job> for PrintJob {
    fn from(job: Job) -> Self {
        Self {
            job_no: job.job_no,
            printer: job.printer.into(),
            kind: match job.work {
                Work::Receipt(_) => PrintKind::Receipt,
                Work::Page(_) => PrintKind::Page,
                Work::Drawer => PrintKind::Drawer,
            },
            title: job.title,
            state: job.state.into(),
            attempts: job.attempts,
            trouble: job.trouble.map(Into::into),
            asked_at_ms: job.asked_at_ms,
            next_due_at_ms: job.next_due_at_ms,
            ended_at_ms: job.ended_at_ms,
        }
    }
}

/// Labels of one product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, TS)]
pub struct LabelsOf {
    /// Its code, or one of its barcodes.
    pub code: String,
    /// How many.
    pub count: u32,
}

/// What labels are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
pub enum LabelPaper {
    /// Sheets of A4 with 3 by 8 labels.
    #[serde(rename = "a4_3x8")]
    A43x8,
    /// A roll of labels of 40 by 30 mm, one a page.
    #[serde(rename = "roll_40x30")]
    Roll40x30,
}
