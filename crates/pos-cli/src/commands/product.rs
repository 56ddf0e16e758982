//! `comptoir product`: the catalogue.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::read_text;
use super::stock::{ShownStock, StockDocument};
use crate::amount::{Currency, Minor, Ppm};
use crate::args::Product as Command;
use crate::failure::Failure;
use crate::output::{Report, tell};
use crate::progress::watched;
use crate::session::Session;
use crate::table::{Lean, table};

#[derive(Debug, Deserialize)]
struct Added {
    picture: String,
}

#[derive(Debug, Deserialize)]
struct View {
    product: Product,
    category: Option<String>,
    stock: Option<ShownStock>,
    unsynced: bool,
}

#[derive(Debug, Deserialize)]
struct Product {
    product_id: String,
    code: String,
    barcodes: Vec<String>,
    name: String,
    category_id: Option<String>,
    unit: String,
    price: Minor,
    cost: Option<Minor>,
    tax_rate: Ppm,
    track_stock: bool,
    offline_policy: String,
    favourite: bool,
    picture: Option<String>,
    archived: bool,
}

/// A product. Amounts and the tax in percent are decimal strings; `stock` is null when it is not counted.
#[derive(Debug, Serialize)]
struct Document {
    product_id: String,
    code: String,
    barcodes: Vec<String>,
    name: String,
    category: Option<String>,
    unit: String,
    price: String,
    cost: Option<String>,
    tax_rate: String,
    track_stock: bool,
    stock: Option<StockDocument>,
    offline_policy: String,
    favourite: bool,
    picture: Option<String>,
    archived: bool,
    unsynced: bool,
}

impl Document {
    fn new(view: View, currency: &Currency) -> Self {
        let View { product, category, stock, unsynced } = view;
        Self {
            product_id: product.product_id,
            code: product.code,
            barcodes: product.barcodes,
            name: product.name,
            category,
            unit: product.unit,
            price: product.price.text(currency),
            cost: product.cost.map(|cost| cost.text(currency)),
            tax_rate: product.tax_rate.percent(),
            track_stock: product.track_stock,
            stock: stock.map(|stock| Some(stock).into()),
            offline_policy: product.offline_policy,
            favourite: product.favourite,
            picture: product.picture,
            archived: product.archived,
            unsynced,
        }
    }
}

/// `comptoir product ...`
pub(crate) async fn run(session: &Session, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Import { file, dry_run, columns } => import(session, &file, dry_run, columns).await,
        Command::Search { text, limit } => search(session, &text, limit).await,
        Command::Show { code } => show(session, &code).await,
        Command::Set { code, price, name } => {
            change(session, &code, Change { price, name, picture: json!("keep") }).await
        }
        Command::Picture { code, file, remove: _ } => {
            let picture = match file {
                Some(file) => json!({ "set": add_picture(session, &file).await? }),
                None => json!("remove"),
            };
            change(session, &code, Change { price: None, name: None, picture }).await
        }
    }
}

async fn show(session: &Session, code: &str) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let view: View = session.call("product.find", json!({ "code": code })).await?;
    one(view, &currency)
}

fn one(view: View, currency: &Currency) -> Result<Report, Failure> {
    let shown = view.stock.map_or_else(|| "not counted".to_owned(), |s| s.shown_text());
    let document = Document::new(view, currency);
    let Document { code, name, price, tax_rate, unit, .. } = &document;
    let code_of_currency = &currency.code;
    let words =
        format!("{code}  {name}: {price} {code_of_currency} per {unit}, tax {tax_rate} %, stock {shown}\n");
    Report::done(&document, words)
}

async fn search(session: &Session, text: &str, limit: Option<usize>) -> Result<Report, Failure> {
    let currency = session.currency().await?;
    let views: Vec<View> = session.list("product.list", json!({ "search": text }), limit).await?;
    let stock = |view: &View| view.stock.map_or_else(|| "-".to_owned(), |s| s.shown_text());
    let rows: Vec<[String; 4]> = views
        .iter()
        .map(|v| [v.product.code.clone(), v.product.name.clone(), v.product.price.text(&currency), stock(v)])
        .collect();
    let words = if rows.is_empty() {
        format!("Nothing is called {text:?}.\n")
    } else {
        let columns =
            [("code", Lean::Left), ("name", Lean::Left), ("price", Lean::Right), ("stock", Lean::Right)];
        table(columns, &rows)
    };
    let documents: Vec<Document> = views.into_iter().map(|view| Document::new(view, &currency)).collect();
    Report::done(&documents, words)
}

/// What is to be changed; the rest of the product stays.
struct Change {
    price: Option<String>,
    name: Option<String>,
    picture: Value,
}

/// Adds a file as a picture; its name.
async fn add_picture(session: &Session, file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file).map_err(|e| Failure::file(file, e))?;
    let Added { picture } = session.call("picture.add", json!({ "data": STANDARD.encode(bytes) })).await?;
    Ok(picture)
}

async fn change(session: &Session, code: &str, change: Change) -> Result<Report, Failure> {
    let Change { price, name, picture } = change;
    let currency = session.currency().await?;
    let View { product, .. } = session.call("product.find", json!({ "code": code })).await?;
    let request = json!({
        "product_id": product.product_id,
        "draft": {
            "code": product.code,
            "barcodes": product.barcodes,
            "name": name.unwrap_or(product.name),
            "category_id": product.category_id,
            "unit": product.unit,
            "price": price.unwrap_or_else(|| product.price.text(&currency)),
            "cost": product.cost.map(|cost| cost.text(&currency)).unwrap_or_default(),
            "tax_rate": product.tax_rate.percent(),
            "track_stock": product.track_stock,
            "opening_stock": null,
            "offline_policy": product.offline_policy,
            "favourite": product.favourite,
            "archived": product.archived,
            "picture": picture,
        },
    });
    let view: View = session.call("product.update", request).await?;
    one(view, &currency)
}

#[derive(Debug, Deserialize)]
struct Preview {
    mapping: Map<String, Value>,
    total: u32,
}

/// The document of an import, as the commands answer it.
#[derive(Debug, Serialize, Deserialize)]
struct Imported {
    dry_run: bool,
    loaded: u32,
    created: u32,
    updated: u32,
    unchanged: u32,
    rejected: Vec<RowFault>,
    warnings: Vec<RowFault>,
}

#[derive(Debug, Serialize, Deserialize)]
struct RowFault {
    line: u32,
    field: String,
    code: String,
    value: String,
}

async fn import(
    session: &Session,
    file: &Path,
    dry_run: bool,
    columns: Vec<(String, String)>,
) -> Result<Report, Failure> {
    let text = read_text(file)?;
    let Preview { mut mapping, total } = session.call("import.preview", json!({ "text": text })).await?;
    for (field, header) in columns {
        let Some(slot) = mapping.get_mut(&field) else {
            let fields: Vec<&str> = mapping.keys().map(String::as_str).collect();
            let message = format!("--column: {field:?} is no field; use one of {}.", fields.join(", "));
            return Err(Failure::Usage(message));
        };
        *slot = header.into();
    }
    tell(&format!("import: {total} rows"));
    let request = json!({ "text": text, "mapping": mapping, "dry_run": dry_run });
    let imported: Imported = watched(session, "import", session.call("import.run", request)).await?;
    let words = imported.words();
    Report::done(&imported, words)
}

impl Imported {
    fn words(&self) -> String {
        let Self { loaded, created, updated, unchanged, rejected, warnings, dry_run } = self;
        let done = if *dry_run { "would be loaded; nothing was written" } else { "loaded" };
        let mut words = format!(
            "{loaded} products {done}: {created} new, {updated} changed, {unchanged} as before. {} rows left out, \
             {} loaded with a remark.\n",
            rejected.len(),
            warnings.len(),
        );
        for (what, faults) in [("left out", rejected), ("remark", warnings)] {
            for RowFault { line, field, code, value } in faults {
                words.push_str(&format!("{what}: line {line}: {field}: {code} {value:?}\n"));
            }
        }
        words
    }
}
