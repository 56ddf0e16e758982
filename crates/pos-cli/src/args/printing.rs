//! The words of printing: what printers owe, and labels.

use clap::{Subcommand, ValueEnum};

/// `comptoir print`
#[derive(Debug, Subcommand)]
pub(crate) enum Print {
    /// The latest jobs, the newest first.
    List {
        /// Most entries, 1 to 500.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Try a job now that waits or was given up.
    Retry {
        /// As listed.
        id: i64,
    },
    /// Give a job up for good that waits or was given up.
    Cancel {
        /// As listed.
        id: i64,
    },
}

/// Papers of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LabelPaper {
    /// Sheets of A4 with 3 by 8 labels.
    #[value(name = "a4_3x8")]
    A43x8,
    /// A roll of labels of 40 by 30 mm.
    #[value(name = "roll_40x30")]
    Roll40x30,
}

impl LabelPaper {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::A43x8 => "a4_3x8",
            Self::Roll40x30 => "roll_40x30",
        }
    }
}

/// Labels of one product: its code, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelText {
    pub(crate) code: String,
    pub(crate) count: u32,
}

impl LabelText {
    /// Reads `CODE` or `CODExN`. A code may hold an x itself: only one in front of a number at the end counts.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (code, count) = match text.rsplit_once('x') {
            Some((code, digits)) if !code.is_empty() => match digits.parse() {
                Ok(count) => (code, count),
                Err(_) => (text, 1),
            },
            _ => (text, 1),
        };
        Ok(Self { code: code.to_owned(), count })
    }
}
