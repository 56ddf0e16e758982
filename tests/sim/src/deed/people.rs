//! The rest of a day's work: goods, customers, files, conflicts, settings, backups.

use pos_app::view::{ColumnMapping, ConflictView, CustomerDetails, ProductDraft, QueueState};
use pos_app::{App, AppError, ErrorCode, ProductFilter};
use pos_domain::merge::Fields;
use pos_domain::{ConflictChoice, OfflinePolicy, Product};

use super::Done;
use crate::chance::Chance;

/// What people type, scan and paste that was meant for something else.
pub(crate) const HOSTILE: [&str; 8] = [
    "'; DROP TABLE sale; --",
    "\u{202e}lait\u{202c} \u{200b}\u{feff}",
    "=HYPERLINK(\"http://x\")",
    "{\"$ref\": null, \"\\u0000\": 1}",
    "café 茶 \u{1f469}\u{200d}\u{1f373} e\u{301}\u{327}",
    "\u{1b}[2J%s%n\\",
    "<script>alert(1)</script>&amp;",
    "   ",
];

pub(super) async fn customer(app: &App, place: usize) -> Result<Option<pos_domain::Customer>, AppError> {
    let page = app.list_customers(String::new(), None, 20).await?.value.items;
    Ok(page.into_iter().nth(place).map(|view| view.customer))
}

/// The code of the product that was made last, of those that this register knows: their ids tell.
pub(super) async fn newest(app: &App) -> Result<Option<String>, AppError> {
    let filter = ProductFilter { limit: 500, ..ProductFilter::default() };
    let known = app.list_products(filter).await?.value.items;
    let newest = known.into_iter().max_by_key(|view| view.product.product_id);
    Ok(newest.map(|view| view.product.code))
}

pub(super) async fn make_product(
    app: &App,
    code: String,
    barcode: Option<String>,
    price: i64,
    stock: i64,
) -> Result<String, AppError> {
    let mut draft = draft(&code, &code, price);
    draft.barcodes = barcode.into_iter().collect();
    draft.opening_stock = Some(stock.to_string());
    app.create_product(draft).await?;
    Ok(code)
}

pub(super) async fn reprice(app: &App, code: String, price: i64) -> Result<String, AppError> {
    let product = app.find_product(code).await?.value.product;
    app.update_product(product.product_id, draft_of(&product, &product.name, price)).await?;
    Ok(format!("{} costs {price}", product.code))
}

pub(super) async fn rename(app: &App, code: String, name: String) -> Result<String, AppError> {
    let product = app.find_product(code).await?.value.product;
    let draft = draft_of(&product, &name, product.price.minor());
    app.update_product(product.product_id, draft).await?;
    Ok(format!("{} is {name:?}", product.code))
}

pub(super) async fn edit_customer(app: &App, place: usize, note: String) -> Result<String, AppError> {
    let Some(c) = customer(app, place).await? else { return Ok("nobody".to_owned()) };
    let details = CustomerDetails {
        code: c.code,
        name: c.name.clone(),
        phone: c.phone,
        note: Some(note),
        credit_limit: None,
    };
    app.update_customer(c.customer_id, details).await?;
    Ok(c.name)
}

pub(super) async fn delete_customer(app: &App, place: usize) -> Result<String, AppError> {
    let Some(c) = customer(app, place).await? else { return Ok("nobody".to_owned()) };
    app.delete_customer(c.customer_id).await?;
    Ok(c.name)
}

pub(super) async fn import(app: &App, text: String) -> Result<String, AppError> {
    let column = |name: &str| Some(name.to_owned());
    let mapping = ColumnMapping {
        code: column("code"),
        name: column("name"),
        price: column("price"),
        stock: column("stock"),
        ..ColumnMapping::default()
    };
    let report = app.import_products(text, mapping, false).await?.value;
    Ok(format!("{} loaded, {} rejected", report.loaded, report.rejected.len()))
}

pub(super) async fn decide(app: &App, place: usize, choice: usize) -> Result<String, AppError> {
    let open = app.list_conflicts(false).await?.value;
    let Some(ConflictView { conflict, .. }) = open.get(place) else { return Ok("no conflict".to_owned()) };
    let choices: Vec<ConflictChoice> = conflict.choices.iter().map(|c| c.choice).collect();
    let Some(choice) = choices.get(choice % choices.len().max(1)).copied() else {
        return Ok("no choice".to_owned());
    };
    let fields: Fields = match choice {
        ConflictChoice::Merge => {
            conflict.fields.iter().map(|f| (f.field.clone(), f.incoming.clone())).collect()
        }
        _ => Fields::default(),
    };
    let note = choice.needs_note().then(|| "sold twice by mistake".to_owned());
    app.resolve_conflict(conflict.conflict_id, choice, fields, note).await?;
    Ok(format!("{} {}", conflict.kind.as_str(), choice.as_str()))
}

pub(super) async fn reopen(app: &App, place: usize) -> Result<String, AppError> {
    let all = app.list_conflicts(true).await?.value;
    let Some(view) = all.iter().filter(|c| c.can_reopen).nth(place) else { return Ok("none".to_owned()) };
    app.reopen_conflict(view.conflict.conflict_id, None).await?;
    Ok(view.conflict.kind.as_str().to_owned())
}

/// Tries the first failed operation again.
pub(super) async fn retry(app: &App) -> Result<String, AppError> {
    match app.list_queue(false, None, 1).await?.value.items.first() {
        Some(entry) if matches!(entry.state, QueueState::Dead | QueueState::Parked) => {
            app.retry_operation(entry.op_id).await?;
            Ok(entry.op_id.to_string())
        }
        Some(_) | None => Ok("nothing".to_owned()),
    }
}

/// Puts the register back to one of its backups.
pub(super) async fn restore(app: &App, place: usize) -> Result<String, AppError> {
    let backups = app.list_backups().await?.value.items;
    let Some(backup) = backups.get(place % backups.len().max(1)) else { return Ok("no backup".to_owned()) };
    let report = app.restore_backup(&backup.name).await?.value;
    let refilled = report.documents_refilled;
    Ok(format!("{}: life {}, {refilled} documents back", backup.name, report.epoch))
}

/// The owner says that this copy of the register goes on.
pub(super) async fn go_on_here(app: &App) -> Result<Done, AppError> {
    match app.go_on_here().await {
        Ok(report) => Ok(Done::GoesOn(format!("life {}", report.value.epoch))),
        Err(error) if error.code == ErrorCode::RecoveryNotFenced => {
            Ok(Done::GoesOn("was never stopped".to_owned()))
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn look_around(app: &App) -> Result<String, AppError> {
    let filter = ProductFilter { limit: 50, ..ProductFilter::default() };
    let products = app.list_products(filter).await?.value.items.len();
    let status = app.sync_status().await?.value;
    Ok(format!("{products} products, {} wait, {} dead", status.pending, status.dead))
}

/// A product as a person types it.
pub(crate) fn draft(code: &str, name: &str, price: i64) -> ProductDraft {
    ProductDraft {
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: name.to_owned(),
        category_id: None,
        unit: "pcs".to_owned(),
        price: price.to_string(),
        cost: String::new(),
        tax_rate: "18".to_owned(),
        track_stock: true,
        opening_stock: None,
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        archived: false,
        picture: Default::default(),
        tracking: None,
        packs: None,
    }
}

fn draft_of(product: &Product, name: &str, price: i64) -> ProductDraft {
    ProductDraft {
        barcodes: product.barcodes.clone(),
        offline_policy: product.offline_policy,
        track_stock: product.track_stock,
        ..draft(&product.code, name, price)
    }
}

/// Goods that came in, goods that came back, and an older sale.
pub(super) fn documents(chance: &mut Chance, till: usize, n: u64) -> String {
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n");
    let code = format!("P{}", chance.below(8));
    let qty = chance.between(1, 6);
    let line = match chance.below(4) {
        0 | 1 => format!("IN-{till}-{n},{code},,{qty},2026-01-05 09:00,0,\n"),
        2 => format!("RE-{till}-{n},{code},,-{qty},2026-01-05 09:00,750,\n"),
        _ => format!("SA-{till}-{n},{code},,{qty},2026-01-05 09:00,750,\n"),
    };
    text.push_str(&line);
    text
}
