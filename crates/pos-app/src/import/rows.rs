//! Judging the rows of a product list: each is good, good with a remark, or left out with the field and the reason.
//!
//! A row is left out when it cannot be sold as it stands: no name, no readable price. A doubt that does not hinder
//! selling is a remark, and the row is loaded: a barcode whose check digit is wrong becomes the shop's own code, an
//! HTML entity in a name is resolved.

use std::collections::HashMap;

use pos_domain::catalogue::{MAX_CODE_CHARS, MAX_NAME_CHARS, check_barcode};
use pos_domain::{Currency, Gtin, Money, Quantity, Rate};
use serde_json::json;

use super::columns::Table;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::view::{ColumnMapping, ImportRowFault};

/// Characters of a wrong value that a report repeats.
const SHOWN_CHARS: usize = 60;

/// A row that can be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Line of the file.
    pub line: u32,
    /// The shop's code.
    pub code: String,
    /// Barcodes with right check digits, or codes that are no trade item numbers.
    pub barcodes: Vec<String>,
    /// Name.
    pub name: String,
    /// Category by name, when the file says one.
    pub category: Option<String>,
    /// Unit, when the file says one.
    pub unit: Option<String>,
    /// Price of one unit.
    pub price: Money,
    /// Cost of one unit.
    pub cost: Option<Money>,
    /// Tax; none when the file has no such column.
    pub tax_rate: Option<Rate>,
    /// First count; none when the file does not say: then stock is not counted.
    pub stock: Option<Quantity>,
}

/// All rows, judged.
#[derive(Debug, Default)]
pub struct Judged {
    /// Rows to load, one for each code: the last one of the file stands.
    pub rows: Vec<ImportRow>,
    /// Rows that repeat the code of an earlier row and replace it.
    pub repeated: u32,
    /// Rows left out.
    pub rejected: Vec<ImportRowFault>,
    /// Rows loaded with a remark.
    pub warnings: Vec<ImportRowFault>,
}

/// Judges every row of a table.
pub fn judge(table: &Table, mapping: &ColumnMapping, currency: Currency) -> Result<Judged, AppError> {
    let columns = Columns::find(table, mapping)?;
    let mut judged = Judged::default();
    let mut by_code: HashMap<String, usize> = HashMap::with_capacity(table.rows.len());
    let mut code_of_barcode: HashMap<String, String> = HashMap::with_capacity(table.rows.len());
    for (line, fields) in &table.rows {
        let mut row = RowJudge { line: *line, fields, columns: &columns, currency, warnings: Vec::new() };
        match row.judge() {
            Err(fault) => judged.rejected.push(fault),
            Ok(mut good) => {
                let owned = |b: &String| code_of_barcode.get(b).is_some_and(|code| *code != good.code);
                if let Some(taken) = good.barcodes.iter().find(|b| owned(b)) {
                    judged.rejected.push(row.fault("barcode", "duplicate_in_file", taken));
                    continue;
                }
                judged.warnings.append(&mut row.warnings);
                for barcode in &good.barcodes {
                    code_of_barcode.insert(barcode.clone(), good.code.clone());
                }
                match by_code.get(&good.code).and_then(|i| judged.rows.get_mut(*i)) {
                    Some(earlier) => {
                        judged.repeated += 1;
                        judged.warnings.push(fault(*line, "code", "repeated_in_file", &good.code));
                        std::mem::swap(earlier, &mut good);
                    }
                    None => {
                        by_code.insert(good.code.clone(), judged.rows.len());
                        judged.rows.push(good);
                    }
                }
            }
        }
    }
    Ok(judged)
}

/// Places of the mapped columns.
struct Columns {
    code: Option<usize>,
    barcode: Option<usize>,
    name: usize,
    category: Option<usize>,
    unit: Option<usize>,
    price: usize,
    cost: Option<usize>,
    tax_rate: Option<usize>,
    stock: Option<usize>,
}

impl Columns {
    fn find(table: &Table, mapping: &ColumnMapping) -> Result<Self, AppError> {
        let missing =
            |column: &str| AppError::with(ErrorCode::ImportMissingColumn, json!({ "column": column }));
        let place = |column: &Option<String>| match column {
            None => Ok(None),
            Some(name) => table.columns.iter().position(|c| c == name).map(Some).ok_or_else(|| missing(name)),
        };
        let columns = Self {
            code: place(&mapping.code)?,
            barcode: place(&mapping.barcode)?,
            name: place(&mapping.name)?.ok_or_else(|| missing("name"))?,
            category: place(&mapping.category)?,
            unit: place(&mapping.unit)?,
            price: place(&mapping.price)?.ok_or_else(|| missing("price"))?,
            cost: place(&mapping.cost)?,
            tax_rate: place(&mapping.tax_rate)?,
            stock: place(&mapping.stock)?,
        };
        if columns.code.is_none() && columns.barcode.is_none() { Err(missing("code")) } else { Ok(columns) }
    }
}

fn fault(line: u32, field: &str, code: &str, value: &str) -> ImportRowFault {
    ImportRowFault {
        line,
        field: field.to_owned(),
        code: code.to_owned(),
        value: value.chars().take(SHOWN_CHARS).collect(),
    }
}

struct RowJudge<'a> {
    line: u32,
    fields: &'a [String],
    columns: &'a Columns,
    currency: Currency,
    warnings: Vec<ImportRowFault>,
}

impl RowJudge<'_> {
    fn fault(&self, field: &str, code: &str, value: &str) -> ImportRowFault {
        fault(self.line, field, code, value)
    }

    fn text(&self, column: Option<usize>) -> &str {
        column.and_then(|i| self.fields.get(i)).map_or("", |f| f.trim())
    }

    fn judge(&mut self) -> Result<ImportRow, ImportRowFault> {
        let name = self.name()?;
        let (code, barcodes) = self.codes()?;
        let amount = |field: &'static str, column: Option<usize>| {
            let text = self.text(column);
            match Money::parse(text, self.currency) {
                Ok(amount) if amount.is_negative() => Err(self.fault(field, "negative", text)),
                Ok(amount) => Ok(amount),
                Err(e) => Err(self.fault(field, e.code(), text)),
            }
        };
        let price = amount("price", Some(self.columns.price))?;
        let optional = |column| !self.text(column).is_empty();
        let cost = if optional(self.columns.cost) { Some(amount("cost", self.columns.cost)?) } else { None };
        let tax_text = self.text(self.columns.tax_rate);
        let tax_rate = match tax_text {
            "" => None,
            text => Some(Rate::parse_percent(text).map_err(|e| self.fault("tax_rate", e.code(), text))?),
        };
        let stock = match self.text(self.columns.stock) {
            "" => None,
            text => match Quantity::parse(text) {
                Ok(qty) if qty.is_negative() => return Err(self.fault("stock", "negative", text)),
                Ok(qty) => Some(qty),
                Err(e) => return Err(self.fault("stock", e.code(), text)),
            },
        };
        let some = |column| Some(self.text(column).to_owned()).filter(|t| !t.is_empty());
        let (category, unit) = (some(self.columns.category), some(self.columns.unit));
        Ok(ImportRow { line: self.line, code, barcodes, name, category, unit, price, cost, tax_rate, stock })
    }

    fn name(&mut self) -> Result<String, ImportRowFault> {
        let raw = self.text(Some(self.columns.name)).to_owned();
        let name = repair_c1(&resolve_entities(&raw));
        if name.trim().is_empty() {
            return Err(self.fault("name", "empty", &raw));
        }
        if name.chars().count() > MAX_NAME_CHARS {
            return Err(self.fault("name", "too_long", &raw));
        }
        if name.chars().any(char::is_control) {
            return Err(self.fault("name", "control_characters", &raw));
        }
        if name != raw {
            self.warnings.push(self.fault("name", "repaired", &raw));
        }
        if name.contains('\u{fffd}') {
            self.warnings.push(self.fault("name", "unreadable_character", &raw));
        }
        Ok(name)
    }

    /// The shop's code and the barcodes. Without a code column the first barcode is the code.
    fn codes(&mut self) -> Result<(String, Vec<String>), ImportRowFault> {
        let own = self.text(self.columns.code).to_owned();
        let listed = self.text(self.columns.barcode).to_owned();
        let mut barcodes = Vec::new();
        let mut first = None;
        for given in listed.split('|').map(str::trim).filter(|b| !b.is_empty()) {
            if given.chars().count() > MAX_CODE_CHARS || given.chars().any(char::is_control) {
                return Err(self.fault("barcode", "unreadable", given));
            }
            first.get_or_insert_with(|| given.to_owned());
            match check_barcode(given) {
                Ok(()) => {
                    barcodes.push(Gtin::parse(given).map_or_else(|_| given.to_owned(), |g| g.canonical()))
                }
                Err(wrong) => self.warnings.push(self.fault("barcode", wrong.code(), given)),
            }
        }
        let code = if own.is_empty() { first.unwrap_or_default() } else { own };
        if code.is_empty() {
            let field = if self.columns.code.is_some() { "code" } else { "barcode" };
            return Err(self.fault(field, "empty", ""));
        }
        if code.chars().count() > MAX_CODE_CHARS || code.chars().any(char::is_control) {
            return Err(self.fault("code", "unreadable", &code));
        }
        barcodes.dedup();
        Ok((code, barcodes))
    }
}

/// Characters 0x80 to 0x9F are no text in Unicode: they are Windows-1252 bytes that some program took for Latin-1, such
/// as 0x9C for `œ`.
fn repair_c1(text: &str) -> String {
    if !text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
        return text.to_owned();
    }
    text.chars()
        .flat_map(|c| in_windows_1252(c).unwrap_or(c.to_string()).chars().collect::<Vec<_>>())
        .collect()
}

fn in_windows_1252(c: char) -> Option<String> {
    let byte = u8::try_from(u32::from(c)).ok().filter(|b| (0x80..=0x9f).contains(b))?;
    let bytes = [byte];
    let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&bytes);
    Some(text.into_owned())
}

/// Resolves the entities that exports of web shops leave in names.
fn resolve_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |t, (entity, plain)| t.replace(entity, plain))
}
