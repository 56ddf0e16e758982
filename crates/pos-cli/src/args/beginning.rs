//! The words of setting a register up.

use clap::{Args, ValueEnum};

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
    /// Demo shop: with a past of three months, debts, and yesterday's Z.
    #[arg(long, requires = "demo", conflicts_with_all = ["new_shop", "join"])]
    pub(crate) with_past: bool,
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
