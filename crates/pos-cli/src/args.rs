//! The command line: its words, their order and their help. What they do is told in `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::sale_text::{LineText, TenderText, decimal};

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
    fn parse(text: &str) -> Result<Self, String> {
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

/// `comptoir init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    #[command(flatten)]
    pub(crate) kind: InitKind,
    /// New shop: ISO 4217 code of the currency.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["demo", "join"], required_unless_present_any = ["demo", "join"])]
    pub(crate) currency: Option<String>,
    /// New shop: language and country, such as fr-GN; what is usual with the currency when not given.
    #[arg(long, value_name = "TAG", conflicts_with_all = ["demo", "join"])]
    pub(crate) locale: Option<String>,
    /// New shop: the first person who sells.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["demo", "join"])]
    pub(crate) cashier: Option<String>,
    /// New shop: prices of the catalogue are without tax.
    #[arg(long, conflicts_with_all = ["demo", "join"])]
    pub(crate) prices_without_tax: bool,
    /// Join: address of the server, perhaps with its pin: https://HOST:PORT#pin-sha256=...
    #[arg(long, value_name = "URL", conflicts_with_all = ["demo", "new_shop"], required_unless_present_any = ["demo", "new_shop"])]
    pub(crate) server: Option<String>,
    /// Join: name of this register, as printed on receipts.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["demo", "new_shop"], required_unless_present_any = ["demo", "new_shop"])]
    pub(crate) register: Option<String>,
    /// Demo shop: language of its names.
    #[arg(long, conflicts_with_all = ["new_shop", "join"], value_enum)]
    pub(crate) language: Option<Language>,
}

/// The three ways to begin.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct InitKind {
    /// A shop to try things on, with products, customers and two cashiers.
    #[arg(long)]
    pub(crate) demo: bool,
    /// A new shop with this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) new_shop: Option<String>,
    /// Join the shop of a server with this pairing code.
    #[arg(long, value_name = "CODE")]
    pub(crate) join: Option<String>,
}

/// Languages of the demo shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// French.
    Fr,
    /// English.
    En,
}

impl Language {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }
}

/// `comptoir product`
#[derive(Debug, Subcommand)]
pub(crate) enum Product {
    /// Load a product list. Rows that cannot be sold are reported and left out, the others are loaded.
    Import {
        /// CSV file with a header line.
        file: PathBuf,
        /// Write nothing, only report.
        #[arg(long)]
        dry_run: bool,
        /// Take a field from this column: price="PV TTC". Fields that are not named are found by their header.
        #[arg(long = "column", value_name = "FIELD=HEADER", value_parser = column)]
        columns: Vec<(String, String)>,
    },
    /// Products by part of their name, code, barcode or category.
    Search {
        /// What to look for; accents and capitals do not matter.
        text: String,
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// One product.
    Show {
        /// Code or barcode.
        code: String,
    },
    /// Change a product's price or name.
    Set {
        /// Code or barcode.
        code: String,
        /// New price of one unit.
        #[arg(long, value_parser = decimal, required_unless_present = "name")]
        price: Option<String>,
        /// New name.
        #[arg(long)]
        name: Option<String>,
    },
    /// Give a product a picture, or take it away.
    Picture {
        /// Code or barcode.
        code: String,
        /// A JPEG, PNG or WebP file of at most 12 MiB; it is made smaller.
        #[arg(required_unless_present = "remove")]
        file: Option<PathBuf>,
        /// The product has no picture any more.
        #[arg(long, conflicts_with = "file")]
        remove: bool,
    },
}

/// `comptoir sell`
#[derive(Debug, Args)]
pub(crate) struct Sell {
    /// What is sold; may be given several times. Without a price the catalogue's is taken.
    #[arg(long = "line", value_name = "CODE[xQTY][@PRICE]", value_parser = LineText::parse, required = true)]
    pub(crate) lines: Vec<LineText>,
    /// How it is paid: cash:AMOUNT, mobile:AMOUNT:REF, card:AMOUNT:REF, account:AMOUNT or store_credit:AMOUNT; may be
    /// given several times.
    #[arg(long = "tender", value_name = "KIND:AMOUNT[:REF]", value_parser = TenderText::parse)]
    pub(crate) tenders: Vec<TenderText>,
    /// The buyer: a code, a telephone number, a name, or a part that fits one only.
    #[arg(long, value_name = "CUSTOMER")]
    pub(crate) customer: Option<String>,
    /// Name this attempt: the same id again sells nothing new and answers with the first sale.
    #[arg(long, value_name = "UUID")]
    pub(crate) request_id: Option<uuid::Uuid>,
}

/// `comptoir refund`
#[derive(Debug, Args)]
pub(crate) struct Refund {
    /// Printed number of the sale, of whichever register.
    pub(crate) number: String,
    /// What comes back; may be given several times. A price is only for a sale that nobody can look up.
    #[arg(long = "line", value_name = "CODE[xQTY][@PRICE]", value_parser = LineText::parse, required_unless_present = "all")]
    pub(crate) lines: Vec<LineText>,
    /// All that is left of the sale.
    #[arg(long, conflicts_with = "lines")]
    pub(crate) all: bool,
    /// Why.
    #[arg(long, value_enum)]
    pub(crate) reason: Reason,
    /// More words about it, printed.
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// How the money goes back; as it was paid when not given.
    #[arg(long = "tender", value_name = "KIND:AMOUNT[:REF]", value_parser = TenderText::parse)]
    pub(crate) tenders: Vec<TenderText>,
    /// Name this attempt: the same id again gives nothing more back.
    #[arg(long, value_name = "UUID")]
    pub(crate) request_id: Option<uuid::Uuid>,
}

/// `comptoir void`
#[derive(Debug, Args)]
pub(crate) struct Void {
    /// Printed number of the sale.
    pub(crate) number: String,
    /// Why.
    #[arg(long, value_enum)]
    pub(crate) reason: Reason,
    /// Name this attempt: the same id again gives nothing more back.
    #[arg(long, value_name = "UUID")]
    pub(crate) request_id: Option<uuid::Uuid>,
}

/// `comptoir imei`
#[derive(Debug, Args)]
pub(crate) struct Imei {
    /// A serial number or IMEI, however it is grouped.
    pub(crate) number: String,
    /// Note what happened to it.
    #[arg(long, value_enum)]
    pub(crate) note: Option<SerialWord>,
    /// What bears it: only for a number that nobody has noted yet.
    #[arg(long, value_name = "CODE", requires = "note")]
    pub(crate) code: Option<String>,
    /// More words about it.
    #[arg(long, value_name = "TEXT", requires = "note")]
    pub(crate) remark: Option<String>,
}

/// What happens to a thing without a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SerialWord {
    /// It came in.
    Received,
    /// It went to be repaired.
    Repair,
    /// It came back repaired.
    Repaired,
    /// It was lost, stolen or scrapped.
    Lost,
}

impl SerialWord {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Repair => "sent_to_repair",
            Self::Repaired => "repaired",
            Self::Lost => "lost",
        }
    }
}

/// Why goods come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reason {
    /// They do not work, or are damaged.
    Defective,
    /// Other goods were wanted, or sold by mistake.
    WrongItem,
    /// They are not wanted any more.
    NotWanted,
    /// Too much was asked.
    Price,
    /// As the note says.
    Other,
}

impl Reason {
    /// As the commands name it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Defective => "defective",
            Self::WrongItem => "wrong_item",
            Self::NotWanted => "not_wanted",
            Self::Price => "price",
            Self::Other => "other",
        }
    }
}

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

fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, header)) if !field.is_empty() && !header.is_empty() => Ok((field.into(), header.into())),
        Some(_) | None => Err("give FIELD=HEADER, such as price=\"PV TTC\"".to_owned()),
    }
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
