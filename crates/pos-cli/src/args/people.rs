//! The words of who works here.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// `comptoir people`
#[derive(Debug, Subcommand)]
pub(crate) enum People {
    /// Everyone, by name.
    List,
    /// Somebody new.
    Add {
        /// As printed on receipts.
        name: String,
        /// What they are.
        #[arg(long, value_enum, default_value = "cashier")]
        role: Role,
    },
    /// Another role for somebody.
    SetRole {
        /// As listed.
        name: String,
        /// What they are from now on.
        #[arg(value_enum)]
        role: Role,
    },
    /// A PIN for somebody on this register, in place of any other.
    SetPin {
        /// As listed.
        name: String,
        /// A file whose first line is the new PIN of 4 to 6 digits, or - for standard input.
        file: PathBuf,
    },
    /// Take somebody's PIN on this register away.
    ClearPin {
        /// As listed.
        name: String,
    },
    /// Somebody works here no more. What they did stays.
    Remove {
        /// As listed.
        name: String,
    },
}

/// What somebody is in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Sells.
    Cashier,
    /// Runs the shop of the day.
    Manager,
    /// May do everything.
    Owner,
}
