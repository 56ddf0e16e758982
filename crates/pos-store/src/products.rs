//! The catalogue and how a product is found: by what was scanned, by what was typed, page by page.

mod search;
mod table;

use pos_domain::serial::SerialTracking;
use pos_domain::{CategoryId, Gtin, Product, ProductId};
use rusqlite::named_params;

pub use search::search;
use table::{PRODUCT, read};
pub(crate) use table::{rename, unindex};

use crate::StoreError;
use crate::shared::{self, Shared};
use crate::sql::{Conn, Tx, all, first};

/// Whether products that are no longer sold are wanted too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// Only what is sold.
    Hidden,
    /// Everything.
    Shown,
}

/// The product of a scanned or typed code: a barcode in any of its spellings, or the shop's own code as written.
/// What the server knows goes before what it does not, what is sold before what is archived.
///
/// # Errors
/// Those of reading.
pub fn find_by_code(conn: &Conn, code: &str) -> Result<Option<Product>, StoreError> {
    let code = code.trim();
    let mut by_barcode = conn.prepare_cached(concat!(
        "SELECT ",
        PRODUCT!(),
        " FROM product_barcode AS b JOIN product AS p ON p.product_no = b.product_no
         WHERE b.barcode = :barcode AND p.deleted = 0 ORDER BY p.archived, p.rev = 0, p.product_no LIMIT 1"
    ))?;
    let barcode = canonical(code);
    if let Some(found) = first(by_barcode.query(named_params! { ":barcode": barcode })?, "product", read)? {
        return Ok(Some(found));
    }
    let mut by_code = conn.prepare_cached(concat!(
        "SELECT ",
        PRODUCT!(),
        " FROM product AS p WHERE p.code = :code AND p.deleted = 0
         ORDER BY p.archived, p.rev = 0, p.product_no LIMIT 1"
    ))?;
    first(by_code.query(named_params! { ":code": code })?, "product", read)
}

/// One product with the row's revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: ProductId) -> Result<Option<Shared<Product>>, StoreError> {
    shared::find(conn, id.0)
}

/// What numbers each unit of a product bears; `None` when there is no such product.
///
/// # Errors
/// Those of reading.
pub fn find_tracking(conn: &Conn, id: ProductId) -> Result<Option<SerialTracking>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT tracking FROM product WHERE product_id = :id")?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "product", |c| c.word("tracking"))
}

/// A page of the catalogue by name, after the given product; of one category, or of all.
///
/// # Errors
/// [`StoreError::Missing`] when `after` does not exist.
pub fn list(
    conn: &Conn,
    category: Option<CategoryId>,
    archived: Archived,
    after: Option<ProductId>,
    limit: u32,
) -> Result<Vec<Product>, StoreError> {
    let (name, number) = match after {
        None => (String::new(), 0),
        Some(id) => place_of(conn, id)?,
    };
    let archived = archived == Archived::Shown;
    match category {
        None => {
            let mut statement = conn.prepare_cached(concat!(
                "SELECT ",
                PRODUCT!(),
                " FROM product AS p WHERE p.deleted = 0 AND (p.archived = 0 OR :archived)
                   AND (p.name_folded, p.product_no) > (:name, :number)
                 ORDER BY p.name_folded, p.product_no LIMIT :limit"
            ))?;
            let rows = statement.query(named_params! {
                ":archived": archived, ":name": name, ":number": number, ":limit": limit,
            })?;
            all(rows, "product", read)
        }
        Some(category) => {
            let mut statement = conn.prepare_cached(concat!(
                "SELECT ",
                PRODUCT!(),
                " FROM product AS p WHERE p.category_id = :category AND p.deleted = 0
                   AND (p.archived = 0 OR :archived) AND (p.name_folded, p.product_no) > (:name, :number)
                 ORDER BY p.name_folded, p.product_no LIMIT :limit"
            ))?;
            let rows = statement.query(named_params! {
                ":category": category.as_bytes(),
                ":archived": archived, ":name": name, ":number": number, ":limit": limit,
            })?;
            all(rows, "product", read)
        }
    }
}

/// The products of the favourites grid, by name.
///
/// # Errors
/// Those of reading.
pub fn list_favourites(conn: &Conn, limit: u32) -> Result<Vec<Product>, StoreError> {
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        PRODUCT!(),
        " FROM product AS p WHERE p.favourite = 1 AND p.deleted = 0 AND p.archived = 0
         ORDER BY p.name_folded, p.product_no LIMIT :limit"
    ))?;
    all(statement.query(named_params! { ":limit": limit })?, "product", read)
}

/// How many products exist. Walks an index; not for a hot path.
///
/// # Errors
/// Those of reading.
pub fn count(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM product WHERE deleted = 0")?;
    Ok(first(statement.query([])?, "product", |c| c.count("n"))?.unwrap_or(0))
}

/// Writes a product as edited here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, product: &Product) -> Result<(), StoreError> {
    shared::put_local(tx, product)
}

/// Deletes a product here; queue the operation in the same transaction. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: ProductId) -> Result<bool, StoreError> {
    shared::remove_local::<Product>(tx, id.0)
}

fn place_of(conn: &Conn, id: ProductId) -> Result<(String, i64), StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT name_folded, product_no FROM product WHERE product_id = :id")?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "product", |c| {
        Ok((c.get("name_folded")?, c.get("product_no")?))
    })?
    .ok_or(StoreError::Missing { what: "product", id: id.0 })
}

/// One spelling for the same barcode.
fn canonical(code: &str) -> String {
    Gtin::parse(code).map_or_else(|_| code.to_owned(), |gtin| gtin.canonical())
}
