//! What a job for a printer is: for which printer, what it puts on paper, where it stands and what keeps it.

use pos_domain::SaleId;
use serde::{Deserialize, Serialize};

/// Why a job is not on paper. Serialised as its snake_case name, which is also its code for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
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

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 13] = [
        Self::NoPrinter,
        Self::BadAddress,
        Self::NotWritable,
        Self::Unreachable,
        Self::NoAnswer,
        Self::PaperOut,
        Self::CoverOpen,
        Self::OutOfOrder,
        Self::BrokenOff,
        Self::Stuck,
        Self::Interrupted,
        Self::Unprintable,
        Self::TooLate,
    ];

    /// The trouble's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoPrinter => "no_printer",
            Self::BadAddress => "bad_address",
            Self::NotWritable => "not_writable",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no_answer",
            Self::PaperOut => "paper_out",
            Self::CoverOpen => "cover_open",
            Self::OutOfOrder => "out_of_order",
            Self::BrokenOff => "broken_off",
            Self::Stuck => "stuck",
            Self::Interrupted => "interrupted",
            Self::Unprintable => "unprintable",
            Self::TooLate => "too_late",
        }
    }

    /// Whether part of the job may be on paper: a receipt that is printed again is then a duplicate.
    pub const fn may_have_printed(self) -> bool {
        match self {
            Self::BrokenOff | Self::Stuck | Self::Interrupted => true,
            Self::NoPrinter
            | Self::BadAddress
            | Self::NotWritable
            | Self::Unreachable
            | Self::NoAnswer
            | Self::PaperOut
            | Self::CoverOpen
            | Self::OutOfOrder
            | Self::Unprintable
            | Self::TooLate => false,
        }
    }
}

/// Which of the register's printers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Printer {
    /// Receipts and reports, with the cash drawer on it.
    Receipts,
    /// Labels of products.
    Labels,
}

impl Printer {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Receipts, Self::Labels];

    /// The printer's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipts => "receipts",
            Self::Labels => "labels",
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
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

/// What is to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The receipt of a sale.
    Receipt(SaleId),
    /// ESC/POS bytes that were made when the job was asked for; empty once the job has ended.
    Page(Vec<u8>),
    /// Nothing: the drawer is opened.
    Drawer,
}

impl Work {
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Receipt(_) => "receipt",
            Self::Page(_) => "page",
            Self::Drawer => "drawer",
        }
    }
}

/// A job to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Which printer.
    pub printer: Printer,
    /// What.
    pub work: Work,
    /// What people call it, such as the number of a receipt.
    pub title: String,
    /// The drawer opens with it, once.
    pub open_drawer: bool,
    /// Milliseconds since 1970 UTC.
    pub asked_at_ms: i64,
    /// A try that fails after this is the last one. Milliseconds since 1970 UTC.
    pub give_up_at_ms: i64,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Rises with each job.
    pub job_no: i64,
    /// Which printer.
    pub printer: Printer,
    /// What.
    pub work: Work,
    /// What people call it.
    pub title: String,
    /// The drawer opens with it.
    pub open_drawer: bool,
    /// Where it stands.
    pub state: State,
    /// Tries that were begun since it was asked for, or asked for again.
    pub attempts: u32,
    /// What went wrong last.
    pub trouble: Option<Trouble>,
    /// Milliseconds since 1970 UTC.
    pub asked_at_ms: i64,
    /// When it is tried next, while it waits.
    pub next_due_at_ms: Option<i64>,
    /// A try that fails after this is the last one.
    pub give_up_at_ms: i64,
    /// When it was done, given up or cancelled.
    pub ended_at_ms: Option<i64>,
}

/// How the printers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Jobs that wait or are on their way.
    pub open: u32,
    /// Jobs that were given up until a person asks for another try.
    pub failed: u32,
    /// What keeps the first job that waits.
    pub trouble: Option<Trouble>,
}
