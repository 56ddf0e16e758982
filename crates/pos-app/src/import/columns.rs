//! Reading a CSV text and finding out which column holds which field.

use serde_json::json;

use crate::code::ErrorCode;
use crate::error::AppError;
use crate::view::{ColumnMapping, ImportPreview};

/// Rows shown before an import.
const PREVIEW_ROWS: usize = 20;
/// Largest file taken: 64 MiB is a catalogue of about half a million products.
const MAX_BYTES: usize = 64 << 20;

/// A CSV file in memory.
#[derive(Debug)]
pub struct Table {
    /// Names of the columns, trimmed.
    pub columns: Vec<String>,
    /// `(line of the file, fields)`.
    pub rows: Vec<(u32, Vec<String>)>,
    /// The separator found.
    pub delimiter: char,
}

/// The text of a file: UTF-8, with or without a mark, UTF-16 with its mark, else Windows-1252, as older systems write.
pub fn decode(bytes: &[u8]) -> String {
    let fallback =
        if std::str::from_utf8(bytes).is_ok() { encoding_rs::UTF_8 } else { encoding_rs::WINDOWS_1252 };
    fallback.decode(bytes).0.into_owned()
}

/// Reads a CSV text. The separator is the one of `,` `;` tab `|` that stands most often in the header. Rows may be shorter
/// or longer than the header: they are judged later, not refused here.
pub fn read_table(text: &str) -> Result<Table, AppError> {
    let unreadable =
        |problem: String| AppError::with(ErrorCode::ImportUnreadable, json!({ "problem": problem }));
    if text.len() > MAX_BYTES {
        return Err(unreadable(format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let header = text.lines().next().unwrap_or_default();
    let delimiter = [',', ';', '\t', '|']
        .into_iter()
        .max_by_key(|c| (header.matches(*c).count(), *c == ','))
        .unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| unreadable(e.to_string()).caused_by(e))?;
    let columns: Vec<String> = headers.iter().map(|h| h.trim().to_owned()).collect();
    if columns.iter().all(String::is_empty) {
        return Err(unreadable("the file has no header line".to_owned()));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| unreadable(e.to_string()).caused_by(e))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((u32::try_from(line).unwrap_or(u32::MAX), record.iter().map(str::to_owned).collect()));
    }
    Ok(Table { columns, rows, delimiter })
}

/// The names under which each field is found in files of other systems, in French and English, lower case.
const SYNONYMS: [(&str, &[&str]); 9] = [
    (
        "code",
        &[
            "code",
            "sku",
            "reference",
            "référence",
            "ref",
            "code article",
            "stockcode",
            "item code",
            "product code",
        ],
    ),
    (
        "barcode",
        &["barcode", "ean", "ean13", "gtin", "upc", "code-barres", "code barre", "code barres", "codebarre"],
    ),
    (
        "name",
        &[
            "name",
            "nom",
            "designation",
            "désignation",
            "libelle",
            "libellé",
            "description",
            "produit",
            "product",
            "article",
        ],
    ),
    ("category", &["category", "catégorie", "categorie", "famille", "rayon", "group", "department"]),
    ("unit", &["unit", "unité", "unite", "uom"]),
    (
        "price",
        &[
            "price",
            "prix",
            "prix de vente",
            "pv",
            "unitprice",
            "unit price",
            "selling price",
            "sale price",
            "pvttc",
        ],
    ),
    ("cost", &["cost", "coût", "cout", "prix d'achat", "prix achat", "pa", "purchase price", "buying price"]),
    ("tax_rate", &["tax_rate", "tax", "tva", "vat", "taux tva", "taxe", "tax rate", "vat rate"]),
    (
        "stock",
        &["stock", "quantity", "quantité", "quantite", "qty", "qté", "on hand", "inventory", "opening stock"],
    ),
];

/// Which column seems to hold which field, by its name.
pub fn suggest_mapping(columns: &[String]) -> ColumnMapping {
    let find = |field: &str| {
        let names = SYNONYMS.iter().find(|(f, _)| *f == field).map_or(&[][..], |(_, names)| names);
        names.iter().find_map(|name| columns.iter().find(|c| c.to_lowercase() == *name)).cloned()
    };
    ColumnMapping {
        code: find("code"),
        barcode: find("barcode"),
        name: find("name"),
        category: find("category"),
        unit: find("unit"),
        price: find("price"),
        cost: find("cost"),
        tax_rate: find("tax_rate"),
        stock: find("stock"),
    }
}

/// What a person sees before an import.
pub fn preview(text: &str) -> Result<ImportPreview, AppError> {
    let table = read_table(text)?;
    Ok(ImportPreview {
        mapping: suggest_mapping(&table.columns),
        rows: table.rows.iter().take(PREVIEW_ROWS).map(|(_, row)| row.clone()).collect(),
        total: u32::try_from(table.rows.len()).unwrap_or(u32::MAX),
        delimiter: table.delimiter.to_string(),
        columns: table.columns,
    })
}
