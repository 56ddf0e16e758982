//! Accounts on paper and in tables: the statement that a customer takes home, the paper of a payment, and the list of
//! debts for a spreadsheet.
//!
//! Owns their words in both languages and the order of their rows. Must not know where they go, and computes no amount.

use std::io;

use pos_devices::format::{Language, Locale, amount, date_time, money};
use pos_devices::report::{Column, Content, Report, ReportRow, Section, Table};
use pos_domain::account::Ageing;
use pos_domain::document::DocumentKind;
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, Money, TenderKind};

use crate::clock::local_text;
use crate::view::{AccountPaid, OpenAccounts, Statement};

/// How amounts and times are written, and in which language.
pub(crate) struct Hand {
    pub(crate) locale: Locale,
    currency: Currency,
}

impl Hand {
    pub(crate) fn of(settings: &ShopSettings) -> Self {
        Self { locale: Locale::parse(&settings.locale), currency: settings.currency }
    }

    pub(crate) fn say(&self, french: &'static str, english: &'static str) -> &'static str {
        match self.locale.language() {
            Language::French => french,
            Language::English => english,
        }
    }

    pub(crate) fn amount(&self, value: Money) -> String {
        amount(value, self.currency, self.locale)
    }

    pub(crate) fn money(&self, value: Money) -> String {
        money(value, self.currency, self.locale)
    }

    pub(crate) fn time(&self, at_ms: i64) -> String {
        date_time(&local_text(at_ms), self.locale)
    }

    /// The day of `YYYY-MM-DD`.
    fn day(&self, day: &str) -> String {
        let shown = date_time(&format!("{day}T00:00"), self.locale);
        shown.split(' ').next().unwrap_or(day).to_owned()
    }

    fn document(&self, kind: DocumentKind) -> &'static str {
        match kind {
            DocumentKind::Sale => self.say("Vente", "Sale"),
            DocumentKind::Refund => self.say("Remboursement", "Refund"),
            DocumentKind::Void => self.say("Annulation", "Void"),
            DocumentKind::AccountPayment => self.say("Paiement", "Payment"),
            DocumentKind::ShiftOpening | DocumentKind::CashMovement | DocumentKind::ShiftClosing => "",
        }
    }

    pub(crate) fn tender(&self, kind: TenderKind) -> &'static str {
        match kind {
            TenderKind::Cash => self.say("Espèces", "Cash"),
            TenderKind::Mobile => self.say("Mobile money", "Mobile money"),
            TenderKind::Card => self.say("Carte", "Card"),
            TenderKind::Account => self.say("Sur le compte", "On account"),
            TenderKind::StoreCredit => self.say("Avoir", "Store credit"),
        }
    }

    /// A balance in words: nobody should have to know which sign is whose.
    fn balance_row(&self, balance: Money) -> ReportRow {
        let label = if balance.is_negative() {
            self.say("AVOIR DU CLIENT", "STORE CREDIT")
        } else {
            self.say("RESTE À PAYER", "BALANCE DUE")
        };
        ReportRow::total(label, self.money(balance.abs()))
    }

    fn ageing_rows(&self, ageing: &Ageing) -> Vec<ReportRow> {
        let Ageing { current, over_30, over_60, over_90 } = *ageing;
        [
            (self.say("Jusqu’à 30 jours", "Up to 30 days"), current),
            (self.say("31 à 60 jours", "31 to 60 days"), over_30),
            (self.say("61 à 90 jours", "61 to 90 days"), over_60),
            (self.say("Plus de 90 jours", "More than 90 days"), over_90),
        ]
        .into_iter()
        .filter(|(_, owed)| !owed.is_zero())
        .map(|(label, owed)| ReportRow::plain(label, self.amount(owed)))
        .collect()
    }
}

/// A statement as a page.
pub(crate) fn statement_page(statement: &Statement, settings: &ShopSettings, now_ms: i64) -> Report {
    let hand = Hand::of(settings);
    let Statement { customer, from, to, opening, entries, charged, paid, closing, ageing, .. } = statement;
    let mut subtitle = vec![settings.business_name.clone(), customer.name.clone()];
    subtitle.extend(customer.phone.clone());
    let until = to.as_ref().map_or_else(|| hand.time(now_ms), |day| hand.day(day));
    subtitle.push(match from {
        Some(from) => {
            format!("{} {} {} {until}", hand.say("Du", "From"), hand.day(from), hand.say("au", "to"))
        }
        None => format!("{} {until}", hand.say("Au", "As of")),
    });
    let rows = entries.iter().map(|entry| {
        let number = entry.number.as_deref().unwrap_or_default();
        let (debit, credit) = if entry.amount.is_negative() {
            (String::new(), hand.amount(entry.amount.negated()))
        } else {
            (hand.amount(entry.amount), String::new())
        };
        let document = format!("{} {number}", hand.document(entry.kind)).trim_end().to_owned();
        vec![hand.time(entry.at_ms), document, debit, credit, hand.amount(entry.balance)]
    });
    let table = Table {
        columns: vec![
            Column::words(hand.say("Date", "Date")),
            Column::words(hand.say("Document", "Document")),
            Column::amounts(hand.say("Débit", "Charged")),
            Column::amounts(hand.say("Crédit", "Paid")),
            Column::amounts(hand.say("Solde", "Balance")),
        ],
        rows: rows.collect(),
        totals: Vec::new(),
    };
    let section = |heading: &str, content| Section { heading: heading.to_owned(), content };
    let mut sections = vec![section(
        "",
        Content::Rows(vec![ReportRow::plain(
            hand.say("Solde au début", "Opening balance"),
            hand.amount(*opening),
        )]),
    )];
    sections.push(if entries.is_empty() {
        let nothing = hand.say("Aucune opération sur cette période.", "Nothing happened in this period.");
        section("", Content::Remarks(vec![nothing.to_owned()]))
    } else {
        section("", Content::Table(table))
    });
    sections.push(section(
        "",
        Content::Rows(vec![
            ReportRow::plain(hand.say("Total des achats", "Total charged"), hand.amount(*charged)),
            ReportRow::plain(hand.say("Total des paiements", "Total paid"), hand.amount(*paid)),
            hand.balance_row(*closing),
        ]),
    ));
    let ages = hand.ageing_rows(ageing);
    if !ages.is_empty() {
        let heading = hand.say("Ancienneté de la dette aujourd’hui", "Age of the debt today");
        sections.push(section(heading, Content::Rows(ages)));
    }
    Report {
        language: hand.locale.language_code(),
        title: hand.say("RELEVÉ DE COMPTE", "STATEMENT").to_owned(),
        subtitle,
        sections,
        footer: Vec::new(),
    }
}

/// What a customer takes home after a payment.
pub(crate) fn payment_page(paid: &AccountPaid, settings: &ShopSettings, at_ms: i64) -> Report {
    let hand = Hand::of(settings);
    let mut rows = vec![ReportRow::strong(hand.say("Payé", "Paid"), hand.money(paid.amount))];
    rows.extend(paid.tenders.iter().map(|tender| {
        let label = match &tender.reference {
            Some(reference) => format!("{} {reference}", hand.tender(tender.kind)),
            None => hand.tender(tender.kind).to_owned(),
        };
        ReportRow::plain(label, hand.amount(tender.amount))
    }));
    if !paid.change.is_zero() {
        rows.push(ReportRow::plain(hand.say("Rendu", "Change"), hand.amount(paid.change)));
    }
    rows.push(hand.balance_row(paid.standing.balance));
    Report {
        language: hand.locale.language_code(),
        title: hand.say("PAIEMENT SUR COMPTE", "PAYMENT ON ACCOUNT").to_owned(),
        subtitle: vec![
            settings.business_name.clone(),
            paid.customer.name.clone(),
            format!("{}  {}", paid.number, hand.time(at_ms)),
        ],
        sections: vec![Section { heading: String::new(), content: Content::Rows(rows) }],
        footer: settings.receipt_footer.lines().map(str::to_owned).collect(),
    }
}

/// The columns of the list of debts, in the order of its cells.
const DEBT_COLUMNS: [&str; 11] = [
    "customer_id",
    "code",
    "name",
    "phone",
    "balance",
    "limit",
    "up_to_30",
    "31_to_60",
    "61_to_90",
    "over_90",
    "oldest",
];

/// The list of debts as CSV: amounts are decimals in the shop's currency, times `YYYY-MM-DDTHH:MM:SS` local. No cell is a
/// formula.
pub(crate) fn debts_csv(open: &OpenAccounts, currency: Currency) -> io::Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(DEBT_COLUMNS)?;
    for account in &open.accounts {
        let decimal = |value: Money| value.to_decimal(currency);
        let text = |text: Option<&str>| text.map(crate::usecase::harmless).unwrap_or_default();
        let customer = &account.customer;
        table.write_record([
            customer.customer_id.to_string(),
            text(customer.code.as_deref()),
            text(Some(&customer.name)),
            text(customer.phone.as_deref()),
            decimal(account.standing.balance),
            decimal(account.standing.limit),
            decimal(account.ageing.current),
            decimal(account.ageing.over_30),
            decimal(account.ageing.over_60),
            decimal(account.ageing.over_90),
            account.oldest_at_ms.map(local_text).unwrap_or_default(),
        ])?;
    }
    table.into_inner().map_err(|e| io::Error::other(e.to_string()))
}
