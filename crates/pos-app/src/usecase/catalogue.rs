//! Products, categories and their stock.

use std::collections::HashSet;

use pos_domain::catalogue::Pack;
use pos_domain::{CategoryId, Currency, Gtin, Money, Product, ProductId, Quantity, Rate};
use pos_store::products::Archived;
use pos_store::queue::Lane;
use pos_store::{Conn, categories, products, queue, settings};
use serde_json::json;

use super::cart::shown_stock;
use super::pictures::changed_picture;
use crate::app::App;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::{Outcome, Topic};
use crate::view::{PackDraft, Page, ProductDraft, ProductView, StockView};

/// Which products to list.
#[derive(Debug, Clone, Default)]
pub struct ProductFilter {
    /// Part of a name, code, barcode or category; empty for all.
    pub search: String,
    /// Only this category.
    pub category_id: Option<CategoryId>,
    /// Only favourites.
    pub favourites: bool,
    /// Also products that are no longer sold.
    pub archived: bool,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// Most items of one page.
pub(crate) const MAX_PAGE: u32 = 500;

impl App {
    /// `product.list`
    pub async fn list_products(&self, filter: ProductFilter) -> Result<Outcome<Page<ProductView>>, AppError> {
        let page = self.read(move |conn| list(conn, &filter)).await?;
        Ok(Outcome::read(page))
    }

    /// `product.get`
    pub async fn product(&self, product_id: ProductId) -> Result<Outcome<ProductView>, AppError> {
        let view = self.read(move |conn| view(conn, by_id(conn, product_id)?)).await?;
        Ok(Outcome::read(view))
    }

    /// `product.find`
    pub async fn find_product(&self, code: String) -> Result<Outcome<ProductView>, AppError> {
        let view = self.read(move |conn| view(conn, by_code(conn, &code)?)).await?;
        Ok(Outcome::read(view))
    }

    /// `stock.find`
    pub async fn find_stock(&self, code: String) -> Result<Outcome<StockView>, AppError> {
        let view = self.find_product(code).await?.value;
        Ok(Outcome::read(StockView { code: view.product.code, name: view.product.name, stock: view.stock }))
    }

    /// `product.create`
    pub async fn create_product(&self, draft: ProductDraft) -> Result<Outcome<ProductView>, AppError> {
        let (stamp, product_id) = (self.stamp(Lane::Edit), self.new_id());
        let view = self
            .write(move |tx| {
                let product = from_draft(tx, product_id, &draft, None)?;
                let opening = draft.opening_stock.as_deref().map(str::trim).filter(|t| !t.is_empty());
                let opening = opening.map(Quantity::parse).transpose().map_err(decimal("opening_stock"))?;
                if opening.is_some_and(Quantity::is_negative) {
                    return Err(AppError::input("opening_stock", "negative"));
                }
                stamp.create_product(tx, &product, opening)?;
                view(tx, product)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Products, Topic::Stock, Topic::Sync]))
    }

    /// `product.update`
    pub async fn update_product(
        &self,
        product_id: ProductId,
        draft: ProductDraft,
    ) -> Result<Outcome<ProductView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let view = self
            .write(move |tx| {
                let before = products::find(tx, product_id)?.ok_or_else(|| not_found(&draft.code))?;
                let after = from_draft(tx, product_id, &draft, Some(&before.row))?;
                stamp.update(tx, &before, &after)?;
                view(tx, after)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Products, Topic::Sync]))
    }

    /// `product.delete`
    pub async fn delete_product(&self, product_id: ProductId) -> Result<Outcome<()>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.write(move |tx| {
            let before = products::find(tx, product_id)?.ok_or_else(|| not_found(&product_id.to_string()))?;
            stamp.delete(tx, &before, |tx| products::remove(tx, product_id))
        })
        .await?;
        self.wrote();
        Ok(Outcome::changed((), &[Topic::Products, Topic::Sync]))
    }
}

/// The product of a code or barcode, or the error that names it.
pub(crate) fn by_code(conn: &Conn, code: &str) -> Result<Product, AppError> {
    products::find_by_code(conn, code.trim())?.ok_or_else(|| not_found(code))
}

/// The product of an id, or the error that names it.
pub(crate) fn by_id(conn: &Conn, product_id: ProductId) -> Result<Product, AppError> {
    products::find(conn, product_id)?.map(|p| p.row).ok_or_else(|| not_found(&product_id.to_string()))
}

fn not_found(code: &str) -> AppError {
    AppError::with(ErrorCode::ProductNotFound, json!({ "code": code }))
}

fn list(conn: &Conn, filter: &ProductFilter) -> Result<Page<ProductView>, AppError> {
    let limit = filter.limit.clamp(1, MAX_PAGE);
    let archived = if filter.archived { Archived::Shown } else { Archived::Hidden };
    let after = filter
        .after
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|e: uuid::Error| AppError::input("after", e))?;
    let searched = !filter.search.trim().is_empty();
    let found = if searched {
        products::search(conn, &filter.search, limit)?
    } else if filter.favourites {
        products::list_favourites(conn, limit)?
    } else {
        products::list(conn, filter.category_id, archived, after, limit)?
    };
    let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next =
        found.last().filter(|_| full && !searched && !filter.favourites).map(|p| p.product_id.to_string());
    let of_category = |p: &Product| filter.category_id.is_none() || p.category_id == filter.category_id;
    let items =
        found.into_iter().filter(of_category).map(|p| view(conn, p)).collect::<Result<Vec<_>, _>>()?;
    let total = if searched || filter.favourites || filter.category_id.is_some() {
        None
    } else {
        Some(u32::try_from(products::count(conn)?).unwrap_or(u32::MAX))
    };
    Ok(Page { items, next, total })
}

fn view(conn: &Conn, product: Product) -> Result<ProductView, AppError> {
    let category = product.category_id.map(|id| categories::find(conn, id)).transpose()?.flatten();
    let stock = if product.track_stock { Some(shown_stock(conn, product.product_id)?) } else { None };
    let waiting =
        queue::list_unacknowledged_of(conn, pos_domain::body::EntityKind::Product, product.product_id.0)?;
    Ok(ProductView { category: category.map(|c| c.row.name), stock, unsynced: !waiting.is_empty(), product })
}

/// A pack of what a person typed.
fn typed_pack(draft: &PackDraft, currency: Currency) -> Result<Pack, AppError> {
    let barcode = Some(draft.barcode.trim()).filter(|b| !b.is_empty());
    Ok(Pack {
        unit: draft.unit.trim().to_owned(),
        size: Quantity::parse(&draft.size).map_err(decimal("packs"))?,
        price: Money::parse(&draft.price, currency).map_err(decimal("packs"))?,
        barcode: barcode.map(|b| Gtin::parse(b).map_or_else(|_| b.to_owned(), |g| g.canonical())),
    })
}

/// A product of what a person typed. The code is made of the first barcode when it is empty; another product's code
/// or barcode is refused with that product's name.
fn from_draft(
    conn: &Conn,
    product_id: ProductId,
    draft: &ProductDraft,
    before: Option<&Product>,
) -> Result<Product, AppError> {
    let currency = settings::load(conn)?.currency;
    let mut barcodes: Vec<String> = Vec::new();
    for typed in draft.barcodes.iter().map(|b| b.trim()).filter(|b| !b.is_empty()) {
        barcodes.push(Gtin::parse(typed).map_or_else(|_| typed.to_owned(), |g| g.canonical()));
    }
    barcodes.dedup();
    let code = Some(draft.code.trim()).filter(|c| !c.is_empty()).or(barcodes.first().map(String::as_str));
    let cost = Some(draft.cost.trim()).filter(|c| !c.is_empty());
    let product = Product {
        product_id,
        code: code.unwrap_or_default().to_owned(),
        name: draft.name.trim().to_owned(),
        category_id: draft.category_id,
        unit: draft.unit.trim().to_owned(),
        price: Money::parse(&draft.price, currency).map_err(decimal("price"))?,
        cost: cost.map(|c| Money::parse(c, currency)).transpose().map_err(decimal("cost"))?,
        tax_rate: Rate::parse_percent(&draft.tax_rate).map_err(decimal("tax_rate"))?,
        track_stock: draft.track_stock,
        offline_policy: draft.offline_policy,
        favourite: draft.favourite,
        picture: changed_picture(conn, draft.picture, before.and_then(|p| p.picture.clone()))?,
        archived: draft.archived,
        tracking: draft.tracking.or(before.map(|p| p.tracking)).unwrap_or_default(),
        packs: match &draft.packs {
            Some(packs) => packs.iter().map(|pack| typed_pack(pack, currency)).collect::<Result<_, _>>()?,
            None => before.map(|p| p.packs.clone()).unwrap_or_default(),
        },
        barcodes,
    };
    product.check()?;
    let own = product.packs.iter().filter_map(|pack| pack.barcode.as_ref());
    let mut seen: HashSet<&String> = product.barcodes.iter().collect();
    if let Some(code) = own.clone().find(|code| !seen.insert(code)) {
        let params = json!({ "code": code, "name": product.name });
        return Err(AppError::with(ErrorCode::ProductDuplicateCode, params));
    }
    for code in product.barcodes.iter().chain([&product.code]).chain(own) {
        if let Some(other) = products::find_by_code(conn, code)?.filter(|p| p.product_id != product_id) {
            let params = json!({ "code": code, "name": other.name });
            return Err(AppError::with(ErrorCode::ProductDuplicateCode, params));
        }
    }
    Ok(product)
}
