//! The command line: its words, their order and their help, a file for each area. What they do is told in `commands`.

mod beginning;
mod customers;
mod people;
mod printing;
mod product;
mod recovery;
mod selling;
mod sync;
mod till;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use beginning::{Init, Language};
pub(crate) use customers::{Customer, CustomerDetails, Debt};
pub(crate) use people::{People, Role};
pub(crate) use printing::{LabelPaper, LabelText, Print};
pub(crate) use product::Product;
pub(crate) use recovery::{Backup, Recovery};
pub(crate) use selling::{Imei, Refund, Sell, Void};
pub(crate) use sync::{Conflict, ExportFormat, ExportScope, Queue};
pub(crate) use till::{Cash, DrawerReport, Shift};

/// The register from a shell: for support, scripts and tests.
#[derive(Debug, Parser)]
#[command(
    name = "comptoir",
    version,
    about = "The register from a shell: the same commands as in the window",
    after_help = "Exit codes: 0 done, 2 wrong usage, 3 refused by a rule, 4 disk, network or a damaged file.\n\
                  With --json, standard output holds exactly one JSON document; docs/CLI.md describes each."
)]
pub(crate) struct Cli {
    /// The folder that holds this register's data.
    #[arg(long, env = "COMPTOIR_DATA", value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// Print one JSON document instead of sentences.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Who does it, by name. Who is at the register afterwards is that person.
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub(crate) person: Option<String>,
    /// With --as: a file whose first line is that person's PIN, or - for standard input.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) pin_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the shell can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set this register up: a demo shop, a new shop, or joining the shop of a server.
    Init(Init),
    /// Give a shop that began without a server to the empty business of a server, and upload everything.
    Connect {
        /// Address of the server, perhaps with its pin: https://HOST:PORT#pin-sha256=...
        #[arg(long, value_name = "URL")]
        server: String,
        /// Pairing code that the server printed.
        #[arg(long)]
        code: String,
    },
    /// Import, look up and change products.
    #[command(subcommand)]
    Product(Product),
    /// Totals, taxes and cash rounding of a cart in JSON on standard input. Sells nothing, needs no data folder.
    Quote,
    /// Ring up and pay a sale.
    Sell(Sell),
    /// Take goods of a sale back, line by line, and give the money back as it was paid.
    Refund(Refund),
    /// Take a whole sale of this register back before its drawer is closed.
    Void(Void),
    /// The life of a serial number or IMEI, and noting what no document tells.
    Imei(Imei),
    /// Who buys by name: look up, add, change, delete.
    #[command(subcommand)]
    Customer(Customer),
    /// What customers owe, their payments and statements.
    #[command(subcommand)]
    Debt(Debt),
    /// The drawer: as it should be, opened with a float, counted and closed.
    #[command(subcommand)]
    Shift(Shift),
    /// Cash into the drawer or out of it without a sale.
    #[command(subcommand)]
    Cash(Cash),
    /// The totals since the last Z, and Z reports.
    #[command(subcommand)]
    Report(DrawerReport),
    /// Stock of one product: the server's balance, what is pending here, and their sum.
    Stock {
        /// Code or barcode.
        code: String,
    },
    /// Ring up a CSV file of past invoices through the same checkout. Stopped, it resumes where it was.
    Replay {
        /// Columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID.
        file: PathBuf,
    },
    /// One full round with the server.
    Sync {
        /// Only tell what a round would send and fetch.
        #[arg(long)]
        dry_run: bool,
        /// Afterwards compare every row with the server's and put right what differs.
        #[arg(long, conflicts_with = "dry_run")]
        compare: bool,
    },
    /// The state of the sync in one word, with its numbers.
    Status,
    /// Operations that the server does not have yet, and what can be done about refused ones.
    #[command(args_conflicts_with_subcommands = true)]
    Queue {
        /// Also those that it has.
        #[arg(long)]
        all: bool,
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// What to do; lists when not given.
        #[command(subcommand)]
        command: Option<Queue>,
    },
    /// Disagreements that wait for a person.
    Conflicts {
        /// Also those that are decided.
        #[arg(long)]
        all: bool,
    },
    /// Decide a conflict, or take the decision back.
    #[command(subcommand)]
    Conflict(Conflict),
    /// Completed sales, the latest first.
    Sales {
        /// Part of a number, of a customer's name, or of the number in the system that the sale came from.
        #[arg(default_value = "")]
        search: String,
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// A receipt as text, or written to a file.
    Receipt {
        /// Printed number.
        number: String,
        /// Write the bytes for an ESC/POS printer.
        #[arg(long, value_name = "FILE", conflicts_with = "pdf")]
        escpos: Option<PathBuf>,
        /// Write a PDF.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
    /// What was asked of the printers: what waits, what failed and why.
    #[command(subcommand)]
    Print(Print),
    /// Labels of products as a PDF.
    Label {
        /// Code or barcode, and how many: RIZ-5KGx24.
        #[arg(value_name = "CODE[xN]", value_parser = LabelText::parse, required = true)]
        labels: Vec<LabelText>,
        /// What they are printed on.
        #[arg(long, value_enum, default_value_t = LabelPaper::A43x8)]
        paper: LabelPaper,
        /// Where to.
        #[arg(long, value_name = "FILE")]
        pdf: PathBuf,
    },
    /// Who did what on this register, the latest first.
    Audit {
        /// Most entries, 1 to 500.
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Who works here, what they are, and their PINs on this register.
    #[command(subcommand)]
    People(People),
    /// Is my data right? Checks every promise that one file can show.
    Verify,
    /// Copies of everything this register has, checked, and putting one back.
    #[command(subcommand)]
    Backup(Backup),
    /// What the last restore did, and what the file holds now.
    Recovery {
        /// What to do; only tells when not given.
        #[command(subcommand)]
        command: Option<Recovery>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_and_data_may_stand_before_or_after_the_command() {
        for words in [["--json", "--data", "d", "status"], ["status", "--data", "d", "--json"]] {
            let cli = Cli::try_parse_from(["comptoir"].iter().chain(&words)).unwrap();
            assert!(cli.json, "{words:?}");
            assert_eq!(cli.data.as_deref(), Some(std::path::Path::new("d")), "{words:?}");
        }
    }

    #[test]
    fn a_shop_begins_in_exactly_one_way_with_all_it_needs() {
        let parsed = |words: &str| Cli::try_parse_from(format!("comptoir init {words}").split(' ')).is_ok();
        assert!(parsed("--demo"));
        assert!(parsed("--new-shop X --currency GNF --locale fr-GN"));
        assert!(parsed("--new-shop X --currency GBP"));
        assert!(parsed("--join CODE --server URL --register R"));
        for wrong in [
            "--demo --new-shop X --currency GNF --locale fr-GN",
            "--new-shop X",
            "--join CODE",
            "--join CODE --server URL",
            "--demo --currency GNF",
            "--currency GNF --locale fr-GN",
        ] {
            assert!(!parsed(wrong), "{wrong}");
        }
    }
}
