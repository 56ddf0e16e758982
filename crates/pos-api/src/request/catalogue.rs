//! What is asked of products, categories and imports.

use pos_app::view::{ColumnMapping, ProductDraft};
use pos_domain::{CategoryId, ProductId};
use serde::Deserialize;
use ts_rs::TS;

/// `product.list`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct ListProducts {
    /// Part of a name, code, barcode or category; empty for all.
    pub search: String,
    /// Only this category.
    pub category_id: Option<CategoryId>,
    /// Only favourites.
    #[serde(default)]
    pub favourites: bool,
    /// Also products that are no longer sold.
    #[serde(default)]
    pub archived: bool,
    /// From the page before.
    pub after: Option<String>,
    /// Most items, 1 to 500.
    pub limit: u32,
}

/// `product.get`, `product.delete`, `stock.get`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct OneProduct {
    /// Which.
    pub product_id: ProductId,
}

/// `product.find`, `stock.find`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct FindProduct {
    /// A code or barcode.
    pub code: String,
}

/// `product.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateProduct {
    /// As typed.
    pub draft: ProductDraft,
}

/// `product.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateProduct {
    /// Which.
    pub product_id: ProductId,
    /// As typed.
    pub draft: ProductDraft,
}

/// `product.picture`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct GetPicture {
    /// Name of the picture.
    pub name: String,
}

/// `picture.add`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct AddPicture {
    /// Base64 of a JPEG, PNG or WebP file of at most 12 MiB.
    pub data: String,
}

/// `category.create`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct CreateCategory {
    /// As shown.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

/// `category.update`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct UpdateCategory {
    /// Which.
    pub category_id: CategoryId,
    /// As shown.
    pub name: String,
    /// `#rrggbb`.
    pub colour: String,
}

/// `import.preview`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct PreviewImport {
    /// Text of the CSV file, UTF-8 or what the window decoded.
    pub text: String,
}

/// `import.run`
#[derive(Debug, Clone, Deserialize, TS)]
pub struct RunImport {
    /// Text of the CSV file.
    pub text: String,
    /// Which column holds which field.
    pub mapping: ColumnMapping,
    /// Write nothing, only report.
    pub dry_run: bool,
}
