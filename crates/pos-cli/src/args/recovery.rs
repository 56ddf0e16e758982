//! The words of backups and of putting one back.

use std::path::PathBuf;

use clap::Subcommand;

/// `comptoir backup`
#[derive(Debug, Subcommand)]
pub(crate) enum Backup {
    /// Make one now.
    Now,
    /// All there are, the newest first.
    List,
    /// A second folder that gets a copy of each, such as on a removable disk.
    Folder {
        /// It must be there.
        #[arg(required_unless_present = "none")]
        folder: Option<PathBuf>,
        /// No second folder.
        #[arg(long, conflicts_with = "folder")]
        none: bool,
    },
    /// Set the file of now aside and put a backup in its place. Receipts since then come back from the journal, the rest
    /// from the server; numbers go on in a series of their own.
    Restore {
        /// As listed by `backup list`.
        name: String,
    },
}

/// `comptoir recovery`
#[derive(Debug, Subcommand)]
pub(crate) enum Recovery {
    /// The server knows a newer copy of this register: let this one go on, and fence the other.
    GoOn,
}
