//! The words of selling, and of taking goods and sales back.

use clap::{Args, ValueEnum};

use crate::sale_text::{LineText, TenderText};

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
