//! The words of the drawer: shifts, cash, X and Z reports.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `comptoir shift`
#[derive(Debug, Subcommand)]
pub(crate) enum Shift {
    /// Whether the drawer is open, and what should be in it.
    State,
    /// Open the drawer.
    Open {
        /// Cash in the drawer.
        #[arg(value_name = "FLOAT")]
        float: String,
        /// Repeating it opens once.
        #[arg(long, value_name = "UUID")]
        request_id: Option<uuid::Uuid>,
    },
    /// Close the drawer; prints the Z.
    Close {
        /// Cash that was found in the drawer.
        #[arg(value_name = "COUNTED")]
        counted: String,
        /// Remark that stands on the Z.
        #[arg(long)]
        note: Option<String>,
        /// Repeating it closes once.
        #[arg(long, value_name = "UUID")]
        request_id: Option<uuid::Uuid>,
    },
}

/// `comptoir cash`
#[derive(Debug, Subcommand)]
pub(crate) enum Cash {
    /// Put cash in.
    In(Moved),
    /// Take cash out that stays the shop's.
    Out(Moved),
    /// Spend cash.
    Expense {
        /// One of the shop's categories.
        category: String,
        /// How much, and why.
        #[command(flatten)]
        moved: Moved,
    },
}

/// Cash that moves.
#[derive(Debug, Args)]
pub(crate) struct Moved {
    /// How much, as a decimal.
    pub(crate) amount: String,
    /// Why.
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// Repeating it moves once.
    #[arg(long, value_name = "UUID")]
    pub(crate) request_id: Option<uuid::Uuid>,
}

/// `comptoir report`
#[derive(Debug, Subcommand)]
pub(crate) enum DrawerReport {
    /// The totals since the last Z; nothing is closed by it.
    X {
        /// Write a PDF instead.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
    /// A Z report; the last one when no number is given.
    Z {
        /// Its place among the register's Zs, from 1.
        number: Option<u32>,
        /// Write a PDF instead.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
}
