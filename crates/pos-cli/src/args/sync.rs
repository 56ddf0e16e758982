//! The words of the queue and of disagreements.

use clap::{Subcommand, ValueEnum};

/// `comptoir queue`
#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// Operations that were refused for good, with the field at fault and what can be done.
    Dead {
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// Try a refused operation again, and with it those that wait for it.
    Retry {
        /// As listed by `queue dead`.
        #[arg(required_unless_present = "all")]
        id: Option<uuid::Uuid>,
        /// All of them.
        #[arg(long, conflicts_with = "id")]
        all: bool,
    },
    /// Give a refused operation up; what it did here is taken back. Never a sale.
    Discard {
        /// As listed by `queue dead`.
        id: uuid::Uuid,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Send a corrected operation in the place of a refused one that makes or changes a record.
    Edit {
        /// As listed by `queue dead`.
        id: uuid::Uuid,
        /// The field to set otherwise; may be given several times.
        #[arg(long, value_name = "FIELD=VALUE", value_parser = crate::commands::field_value, required = true)]
        set: Vec<(String, String)>,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Write the queue to a file, with bodies and reasons.
    Export {
        /// How it is written.
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
        /// What is written.
        #[arg(long, value_enum, default_value_t = ExportScope::Open)]
        scope: ExportScope,
        /// Where to; `-` is standard output. The folder `exports` beside the register when not given.
        #[arg(long, value_name = "FILE")]
        out: Option<String>,
    },
}

/// How the queue is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// A table with a header.
    Csv,
}

impl ExportFormat {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "json_lines",
            Self::Csv => "csv",
        }
    }
}

/// What of the queue is written to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportScope {
    /// What was refused for good.
    Dead,
    /// What the server does not have.
    Open,
    /// Everything.
    All,
}

impl ExportScope {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Open => "open",
            Self::All => "all",
        }
    }
}

/// `comptoir conflict`
#[derive(Debug, Subcommand)]
pub(crate) enum Conflict {
    /// Decide.
    Resolve {
        /// As listed by `conflicts`.
        id: uuid::Uuid,
        /// One of the choices that `conflicts` lists for it.
        #[arg(long)]
        choice: String,
        /// With `--choice merge`: fields that take this register's value; the others take the server's.
        #[arg(long, value_name = "FIELD")]
        mine: Vec<String>,
        /// Remark for the record.
        #[arg(long)]
        note: Option<String>,
    },
    /// Take the last decision back.
    Reopen {
        /// As listed by `conflicts --all`.
        id: uuid::Uuid,
        /// Remark for the record.
        #[arg(long)]
        note: Option<String>,
    },
}
