//! What a receipt says, as blocks in the order of printing, in the words and formats of a place.
//!
//! Owns: which facts of a sale document stand on its receipt. Must not know: columns, code pages, pages of a PDF.
//! Every amount is the document's own; nothing is computed here but the two sums that a reader wants to see
//! between the lines and the total.

use pos_domain::cart::Discount;
use pos_domain::{Currency, Hash32, Money, Rate, SaleDocument, SaleKind, SaleLine, Tender, TenderKind};
use serde::Serialize;

use crate::clean;
use crate::format::{self, Locale};
use crate::logo::Logo;
use crate::words::Word;

/// Characters of the chain hash that are printed, in groups of four: enough to tell two documents apart.
const EVIDENCE_DIGITS: usize = 12;

/// How a document was issued: what is printed and does not stand in the document itself.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// The printed number, such as `R1-000042`.
    pub number: &'a str,
    /// Local date and time of issue, `YYYY-MM-DDTHH:MM:SS`.
    pub issued_at: &'a str,
    /// Hash of the document's link in the chain.
    pub chain_hash: Hash32,
    /// First print or reprint.
    pub copy: Copy,
}

/// Whether this paper is the first of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    /// The first print.
    Original,
    /// A reprint; the receipt says so.
    Duplicate,
}

/// How the shop wants its receipts.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Language and formats.
    pub locale: Locale,
    /// Lines below the names of business and outlet.
    pub header: &'a str,
    /// Lines at the end.
    pub footer: &'a str,
    /// The shop's sign, above everything.
    pub logo: Option<&'a Logo>,
    /// Codes for scanners at the end.
    pub codes: Codes,
}

/// Which codes stand on a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// A barcode of the number, which the till scans to find the sale again.
    pub barcode: bool,
    /// A QR code that proves the paper; see [`qr_text`].
    pub qr: bool,
}

impl Default for Codes {
    /// The barcode alone: paper is dear.
    fn default() -> Self {
        Self { barcode: true, qr: false }
    }
}

/// A receipt, ready to be laid out on any paper. All texts are bounded and free of control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// Two-letter code of the language of its words.
    pub language: &'static str,
    /// The printed number.
    pub number: String,
    /// In the order of printing.
    pub blocks: Vec<Block>,
}

/// One part of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Block {
    /// The name of the business, large.
    Heading {
        /// As printed.
        text: String,
    },
    /// A line in the middle: outlet, header, footer.
    Centred {
        /// As printed.
        text: String,
    },
    /// A line in the middle that must be seen: `DUPLICATA`, `REMBOURSEMENT`.
    Mark {
        /// As printed.
        text: String,
    },
    /// A line across the paper.
    Rule,
    /// A fact about the document, such as its number or the cashier.
    Field {
        /// What.
        label: String,
        /// As printed.
        value: String,
    },
    /// Something sold or taken back.
    Item {
        /// Name of the goods.
        name: String,
        /// Quantity, unit and unit price.
        detail: String,
        /// Before any discount.
        amount: String,
    },
    /// An amount with its name: discount, tax, tender, change.
    Amount {
        /// What.
        label: String,
        /// As printed.
        amount: String,
        /// How much it must be seen.
        weight: Weight,
    },
    /// A remark, in lines of any length.
    Paragraph {
        /// As printed.
        text: String,
    },
    /// A Code 128 barcode.
    Barcode {
        /// What it says; printable ASCII.
        text: String,
    },
    /// A QR code.
    Qr {
        /// What it says; see [`qr_text`].
        text: String,
    },
    /// The shop's sign.
    Logo {
        /// As drawn.
        logo: Logo,
    },
}

/// How much an amount must be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// As the other text.
    Normal,
    /// Bold.
    Strong,
    /// Bold and tall: the one amount the customer looks for.
    Total,
}

impl Receipt {
    /// The receipt of a final document.
    pub fn of(document: &SaleDocument, issue: Issue<'_>, style: Style<'_>) -> Self {
        let mut writer =
            Writer { locale: style.locale, currency: document.head.currency, blocks: Vec::new() };
        writer.blocks.extend(style.logo.map(|logo| Block::Logo { logo: logo.clone() }));
        writer.write_head(document, issue, style.header);
        writer.blocks.push(Block::Rule);
        for line in &document.lines {
            writer.write_line(line);
        }
        writer.blocks.push(Block::Rule);
        writer.write_totals(document);
        writer.write_payment(document);
        if let Some(note) = &document.note {
            writer.blocks.push(Block::Rule);
            writer.blocks.extend(clean::paragraph(note).into_iter().map(|text| Block::Paragraph { text }));
        }
        writer.write_foot(document, issue, style);
        Self {
            language: style.locale.language_code(),
            number: clean::label(issue.number),
            blocks: writer.blocks,
        }
    }
}

/// The beginning of a chain hash as printed: `8F3A-02C1-77D0`.
pub fn evidence_code(chain_hash: &Hash32) -> String {
    let digits: Vec<char> = chain_hash.to_string().to_uppercase().chars().take(EVIDENCE_DIGITS).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What the QR code of a receipt says: `COMPTOIR1;number;date;currency;total;hash`, such as
/// `COMPTOIR1;R1-000042;2026-11-20T20:14:00;GNF;12500;8f3a...`. Whoever holds the paper and the business's data can tell
/// whether the two agree: the date is local, the total a decimal, and the hash, all 64 hexadecimal digits of it, the
/// document's own link in its register's chain.
pub fn qr_text(document: &SaleDocument, issue: Issue<'_>) -> String {
    let currency = document.head.currency;
    let fields = [
        "COMPTOIR1",
        &clean::label(issue.number).replace(';', ","),
        issue.issued_at,
        currency.code(),
        &document.total.to_decimal(currency),
        &issue.chain_hash.to_string(),
    ];
    fields.join(";")
}

/// Blocks under construction, with what each of them needs to know.
struct Writer {
    locale: Locale,
    currency: Currency,
    blocks: Vec<Block>,
}

impl Writer {
    fn word(&self, word: Word) -> &'static str {
        word.in_language(self.locale.language())
    }

    fn amount(&self, value: Money) -> String {
        format::amount(value, self.currency, self.locale)
    }

    fn push_field(&mut self, label: Word, value: &str) {
        let value = clean::label(value);
        if !value.is_empty() {
            self.blocks.push(Block::Field { label: self.word(label).to_owned(), value });
        }
    }

    fn push_amount(&mut self, label: String, value: Money) {
        let amount = self.amount(value);
        self.blocks.push(Block::Amount { label, amount, weight: Weight::Normal });
    }

    fn push_centred(&mut self, text: &str) {
        let lines = clean::paragraph(text).into_iter().map(|text| Block::Centred { text });
        self.blocks.extend(lines);
    }

    fn write_head(&mut self, document: &SaleDocument, issue: Issue<'_>, header: &str) {
        let head = &document.head;
        self.blocks.push(Block::Heading { text: clean::label(&head.business) });
        if head.outlet != head.business {
            self.push_centred(&head.outlet);
        }
        self.push_centred(header);
        self.blocks.push(Block::Rule);
        let title = match head.kind {
            SaleKind::Sale => Word::SaleTitle,
            SaleKind::Refund => Word::RefundTitle,
            SaleKind::Void => Word::VoidTitle,
        };
        self.blocks.push(Block::Mark { text: self.word(title).to_owned() });
        if issue.copy == Copy::Duplicate {
            self.blocks.push(Block::Mark { text: format!("*** {} ***", self.word(Word::Duplicate)) });
        }
        self.push_field(Word::Number, issue.number);
        self.push_field(Word::Date, &format::date_time(issue.issued_at, self.locale));
        if let Some(number) = head.original.as_ref().and_then(|original| original.number.as_deref()) {
            self.push_field(Word::OriginalReceipt, number);
        }
        self.push_field(Word::Swap, head.swap_number.as_deref().unwrap_or_default());
        self.push_field(Word::ExternalNumber, head.external_number.as_deref().unwrap_or_default());
        let document_date = head.document_date.as_deref().unwrap_or_default();
        self.push_field(Word::DocumentDate, &format::date_time(document_date, self.locale));
        self.push_field(Word::Register, &head.register);
        self.push_field(Word::Cashier, &head.cashier);
        self.push_field(Word::Customer, document.customer.as_ref().map_or("", |customer| &customer.name));
    }

    fn write_line(&mut self, line: &SaleLine) {
        let item = &line.item;
        let quantity = format::quantity(item.qty, self.locale);
        let unit = clean::label(&item.unit);
        let space = if unit.is_empty() { "" } else { " " };
        let content = item.pack_size.map_or(String::new(), |size| {
            format!(" {} {}", self.word(Word::PackOf), format::quantity(size, self.locale))
        });
        let name = clean::label(&item.name);
        self.blocks.push(Block::Item {
            name: if item.trade_in { format!("{} : {name}", self.word(Word::TradeIn)) } else { name },
            detail: format!("{quantity}{space}{unit}{content} × {}", self.amount(item.unit_price)),
            amount: self.amount(line.amounts.list_amount),
        });
        for serial in &item.serials {
            let text = format!("  {} {}", self.word(Word::Serial), clean::label(serial));
            self.blocks.push(Block::Paragraph { text });
        }
        for text in clean::paragraph(item.note.as_deref().unwrap_or_default()) {
            self.blocks.push(Block::Paragraph { text: format!("  {text}") });
        }
        if !line.amounts.line_discount.is_zero() {
            let label = format!("  {}", self.discount_label(item.discount));
            self.push_amount(label, line.amounts.line_discount.negated());
        }
    }

    /// From the lines to the total. The discount of the whole sale is what the lines' own discounts leave of all.
    fn write_totals(&mut self, document: &SaleDocument) {
        let cart_discount = Money::sum(document.lines.iter().map(|l| l.amounts.cart_discount));
        let before = Money::sum(
            document.lines.iter().flat_map(|l| [l.amounts.list_amount, l.amounts.line_discount.negated()]),
        );
        // A valid document's sums are in range; of an invalid one the total still tells the truth.
        if let (Ok(cart_discount), Ok(before)) = (cart_discount, before)
            && !cart_discount.is_zero()
        {
            self.push_amount(self.word(Word::Subtotal).to_owned(), before);
            self.push_amount(self.discount_label(document.discount), cart_discount.negated());
        }
        let taxed = document.taxes.iter().any(|t| t.rate != Rate::ZERO);
        let inclusive = document.head.rules.prices_include_tax;
        if taxed && !inclusive {
            self.push_amount(self.word(Word::TotalWithoutTax).to_owned(), document.net);
            self.write_taxes(document, Word::Tax);
        }
        let total = match document.head.kind {
            SaleKind::Sale => Word::Total,
            SaleKind::Refund | SaleKind::Void => Word::RefundTotal,
        };
        self.push_grand_amount(total, document.total);
        if taxed && inclusive {
            self.write_taxes(document, Word::IncludedTax);
        }
    }

    fn push_grand_amount(&mut self, label: Word, value: Money) {
        self.blocks.push(Block::Amount {
            label: self.word(label).to_owned(),
            amount: format::money(value, self.currency, self.locale),
            weight: Weight::Total,
        });
    }

    fn write_taxes(&mut self, document: &SaleDocument, tax: Word) {
        for at_rate in &document.taxes {
            let label = format!(
                "{} {} {} {}",
                self.word(tax),
                format::percent(at_rate.rate, self.locale),
                self.word(Word::TaxOn),
                self.amount(at_rate.net)
            );
            self.push_amount(label, at_rate.tax);
        }
    }

    fn write_payment(&mut self, document: &SaleDocument) {
        let settlement = document.settlement;
        if !settlement.rounding.is_zero() {
            self.push_amount(self.word(Word::Rounding).to_owned(), settlement.rounding);
            let payable = match document.head.kind {
                SaleKind::Sale => Word::ToPay,
                SaleKind::Refund | SaleKind::Void => Word::ToRefund,
            };
            self.push_grand_amount(payable, settlement.payable);
        }
        for tender in &document.tenders {
            self.push_amount(self.tender_label(tender), tender.amount);
        }
        if !settlement.change.is_zero() {
            self.blocks.push(Block::Amount {
                label: self.word(Word::Change).to_owned(),
                amount: self.amount(settlement.change),
                weight: Weight::Strong,
            });
        }
    }

    fn write_foot(&mut self, document: &SaleDocument, issue: Issue<'_>, style: Style<'_>) {
        self.blocks.push(Block::Rule);
        self.push_centred(style.footer);
        let number = clean::label(issue.number);
        if style.codes.barcode && crate::barcode::is_printable(&number) {
            self.blocks.push(Block::Barcode { text: number });
        }
        if style.codes.qr {
            self.blocks.push(Block::Qr { text: qr_text(document, issue) });
        }
        let code = evidence_code(&issue.chain_hash);
        self.blocks.push(Block::Centred { text: format!("{} {code}", self.word(Word::CheckCode)) });
    }

    fn discount_label(&self, discount: Option<Discount>) -> String {
        let word = self.word(Word::Discount);
        match discount {
            Some(Discount::Percent(rate)) => format!("{word} {}", format::percent(rate, self.locale)),
            Some(Discount::Amount(_)) | None => word.to_owned(),
        }
    }

    fn tender_label(&self, tender: &Tender) -> String {
        let kind = self.word(match tender.kind {
            TenderKind::Cash => Word::Cash,
            TenderKind::Mobile => Word::Mobile,
            TenderKind::Card => Word::Card,
            TenderKind::Account => Word::Account,
            TenderKind::StoreCredit => Word::StoreCredit,
        });
        match tender.reference.as_deref().map(clean::label).filter(|reference| !reference.is_empty()) {
            Some(reference) => format!("{kind} {reference}"),
            None => kind.to_owned(),
        }
    }
}
