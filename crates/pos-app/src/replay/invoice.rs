//! Reading invoices from a CSV file with the columns of the "Online Retail" export: one row per line of an invoice.

use std::collections::HashMap;

use pos_domain::{Currency, Money, Quantity};
use serde_json::json;

use crate::code::ErrorCode;
use crate::error::AppError;
use crate::import::{Table, read_table};
use crate::view::ReplayRefusal;

/// What an invoice becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceKind {
    /// Goods sold; lines without a price are gifts.
    Sale,
    /// Goods back; all quantities are negative.
    Refund,
    /// No line has a price: goods came or went without a customer.
    Adjustment,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// The shop's code.
    pub code: String,
    /// Name; the code when the file has none.
    pub name: String,
    /// Negative when goods come back.
    pub qty: Quantity,
    /// Price of one unit.
    pub unit_price: Money,
}

/// One invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number in the file.
    pub number: String,
    /// What it becomes.
    pub kind: InvoiceKind,
    /// Its own date, `YYYY-MM-DDTHH:MM:SS`.
    pub date: String,
    /// The customer's code, when there is one.
    pub customer: Option<String>,
    /// In the order of the file.
    pub lines: Vec<InvoiceLine>,
}

/// The invoices of a file.
#[derive(Debug, Default)]
pub struct ReadInvoices {
    /// Readable ones, in the order in which they begin in the file.
    pub invoices: Vec<Invoice>,
    /// Those with an unreadable row: left out whole.
    pub refused: Vec<ReplayRefusal>,
}

/// Reads all invoices. A row that is not readable makes its whole invoice refused: half an invoice is a wrong one.
pub fn read_invoices(text: &str, currency: Currency) -> Result<ReadInvoices, AppError> {
    let table = read_table(text)?;
    let columns = Columns::find(&table)?;
    let mut order: Vec<(String, Result<Invoice, &'static str>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (_, fields) in &table.rows {
        let number = columns.text(fields, columns.invoice).to_owned();
        let place = *places.entry(number.clone()).or_insert_with(|| {
            order.push((number.clone(), columns.head(fields, &number)));
            order.len() - 1
        });
        let Some((_, slot)) = order.get_mut(place) else { continue };
        if let Ok(invoice) = slot {
            match columns.line(fields, currency) {
                Ok(line) => invoice.lines.push(line),
                Err(code) => *slot = Err(code),
            }
        }
    }
    let mut read = ReadInvoices::default();
    for (number, invoice) in order {
        match invoice.and_then(classified) {
            Ok(invoice) => read.invoices.push(invoice),
            Err(code) => read.refused.push(ReplayRefusal { invoice: number, code: code.to_owned() }),
        }
    }
    Ok(read)
}

fn classified(mut invoice: Invoice) -> Result<Invoice, &'static str> {
    let negative = invoice.lines.iter().filter(|l| l.qty.is_negative()).count();
    invoice.kind = if invoice.lines.iter().all(|l| l.unit_price.is_zero()) {
        InvoiceKind::Adjustment
    } else if negative == invoice.lines.len() {
        InvoiceKind::Refund
    } else if negative == 0 {
        InvoiceKind::Sale
    } else {
        return Err("mixed_directions");
    };
    Ok(invoice)
}

struct Columns {
    invoice: usize,
    code: usize,
    name: usize,
    qty: usize,
    date: usize,
    price: usize,
    customer: usize,
}

impl Columns {
    fn find(table: &Table) -> Result<Self, AppError> {
        let place = |name: &str| {
            let found = table.columns.iter().position(|c| c.eq_ignore_ascii_case(name));
            found.ok_or_else(|| AppError::with(ErrorCode::ImportMissingColumn, json!({ "column": name })))
        };
        Ok(Self {
            invoice: place("InvoiceNo")?,
            code: place("StockCode")?,
            name: place("Description")?,
            qty: place("Quantity")?,
            date: place("InvoiceDate")?,
            price: place("UnitPrice")?,
            customer: place("CustomerID")?,
        })
    }

    fn text<'a>(&self, fields: &'a [String], column: usize) -> &'a str {
        fields.get(column).map_or("", |f| f.trim())
    }

    fn head(&self, fields: &[String], number: &str) -> Result<Invoice, &'static str> {
        if number.is_empty() {
            return Err("missing_number");
        }
        let customer = self.text(fields, self.customer);
        // Spreadsheets turn whole numbers into `17850.0`.
        let customer = customer.strip_suffix(".0").unwrap_or(customer);
        Ok(Invoice {
            number: number.to_owned(),
            kind: InvoiceKind::Sale,
            date: iso_date(self.text(fields, self.date)).ok_or("bad_date")?,
            customer: Some(customer.to_owned()).filter(|c| !c.is_empty()),
            lines: Vec::new(),
        })
    }

    fn line(&self, fields: &[String], currency: Currency) -> Result<InvoiceLine, &'static str> {
        let code = self.text(fields, self.code).to_owned();
        if code.is_empty() {
            return Err("missing_code");
        }
        let name = Some(self.text(fields, self.name)).filter(|n| !n.is_empty()).unwrap_or(&code).to_owned();
        let qty = Quantity::parse(self.text(fields, self.qty)).map_err(|_| "bad_quantity")?;
        if qty.is_zero() {
            return Err("zero_quantity");
        }
        let unit_price = Money::parse(self.text(fields, self.price), currency).map_err(|_| "bad_price")?;
        if unit_price.is_negative() {
            return Err("negative_price");
        }
        Ok(InvoiceLine { code, name, qty, unit_price })
    }
}

/// `YYYY-MM-DD HH:MM[:SS]`, with a space or a `T`, as `YYYY-MM-DDTHH:MM:SS`.
fn iso_date(text: &str) -> Option<String> {
    let text = text.replace(' ', "T");
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|format| chrono::NaiveDateTime::parse_from_str(&text, format).ok())
        .map(|date| date.format("%Y-%m-%dT%H:%M:%S").to_string())
}
