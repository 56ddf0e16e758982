//! The words of customers and what they owe.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::sale_text::{TenderText, decimal};

/// `comptoir customer`
#[derive(Debug, Subcommand)]
pub(crate) enum Customer {
    /// By part of a name, code or telephone number; all when nothing is given.
    List {
        /// What to look for; accents and capitals do not matter.
        #[arg(default_value = "")]
        text: String,
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// One customer, and how the account stands.
    Show {
        /// A code, a telephone number, a name, or a part that fits one only.
        customer: String,
    },
    /// Add one.
    Create {
        /// Name as printed.
        name: String,
        #[command(flatten)]
        details: CustomerDetails,
    },
    /// Change one; what is not given stays.
    Set {
        /// A code, a telephone number, a name, or a part that fits one only.
        customer: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        details: CustomerDetails,
    },
    /// Delete one whose account is even. Whom documents name loses name, telephone and note; documents stay as printed.
    Delete {
        /// A code, a telephone number, a name, or a part that fits one only.
        customer: String,
    },
}

/// What there is to say of a customer beside the name. An empty text takes a value away.
#[derive(Debug, Args)]
pub(crate) struct CustomerDetails {
    /// Code of the shop's own.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Telephone number.
    #[arg(long)]
    pub(crate) phone: Option<String>,
    /// Remark for the staff.
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// The most that may be owed; the shop's limit when empty.
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) limit: Option<String>,
}

/// `comptoir debt`
#[derive(Debug, Subcommand)]
pub(crate) enum Debt {
    /// Whoever owes something or is owed something, the largest debt first, with the sums.
    List {
        /// The longest open debt first.
        #[arg(long)]
        by_age: bool,
        /// Write all as CSV.
        #[arg(long, value_name = "FILE")]
        csv: Option<PathBuf>,
    },
    /// Take money for an account.
    Pay {
        /// A code, a telephone number, a name, or a part that fits one only.
        customer: String,
        /// What the account is credited with.
        #[arg(value_parser = decimal)]
        amount: String,
        /// How it is paid: cash:AMOUNT, mobile:AMOUNT:REF or card:AMOUNT:REF; may be given several times. Exactly in cash
        /// when not given.
        #[arg(long = "tender", value_name = "KIND:AMOUNT[:REF]", value_parser = TenderText::parse)]
        tenders: Vec<TenderText>,
        /// Keep what is more than the debt as store credit.
        #[arg(long)]
        credit: bool,
        /// Name this attempt: the same id again pays nothing new and answers with the first payment.
        #[arg(long, value_name = "UUID")]
        request_id: Option<uuid::Uuid>,
    },
    /// The documents of an account with what was owed after each.
    Statement {
        /// A code, a telephone number, a name, or a part that fits one only.
        customer: String,
        /// First day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<String>,
        /// Last day.
        #[arg(long, value_name = "YYYY-MM-DD")]
        to: Option<String>,
        /// Write a PDF.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
}
