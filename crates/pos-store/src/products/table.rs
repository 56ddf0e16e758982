//! How a product is read from and written to its tables: the row, its barcodes, its words.

use pos_domain::body::EntityKind;
use pos_domain::{AttachmentHash, OfflinePolicy, Product, ProductId};
use rusqlite::{OptionalExtension, named_params};
use uuid::Uuid;

use super::canonical;
use crate::shared::{Kept, Life, SharedRow};
use crate::sql::{Columns, Conn, Tx, first, to_json};
use crate::text::{fold, long_words, write_out};
use crate::{StoreError, attachments};

/// The columns of a product, from `product AS p`.
macro_rules! product_columns {
    () => {
        "p.product_id, p.code, p.barcodes, p.name, p.category_id, p.unit, p.price_minor, p.cost_minor,
         p.tax_rate_ppm, p.track_stock, p.offline_policy, p.favourite, p.picture, p.archived, p.tracking,
         p.packs"
    };
}
pub(super) use product_columns as PRODUCT;

pub(super) fn read(c: &Columns<'_, '_>) -> Result<Product, StoreError> {
    Ok(Product {
        product_id: c.id("product_id")?,
        code: c.get("code")?,
        barcodes: c.json("barcodes")?,
        name: c.get("name")?,
        category_id: c.opt_id("category_id")?,
        unit: c.get("unit")?,
        price: c.money("price_minor")?,
        cost: c.opt_money("cost_minor")?,
        tax_rate: c.rate("tax_rate_ppm")?,
        track_stock: c.get("track_stock")?,
        offline_policy: c.word("offline_policy")?,
        favourite: c.get("favourite")?,
        picture: c.get("picture")?,
        archived: c.get("archived")?,
        tracking: c.word("tracking")?,
        packs: c.json("packs")?,
    })
}

/// Gives the row another id, or drops it when that id has a row already.
pub(crate) fn rename(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    let (from, to) = (from.into_bytes(), to.into_bytes());
    let number: Option<i64> = tx
        .prepare_cached("SELECT product_no FROM product WHERE product_id = :id")?
        .query_row(named_params! { ":id": from }, |row| row.get("product_no"))
        .optional()?;
    let Some(number) = number else { return Ok(()) };
    let renamed = tx
        .prepare_cached("UPDATE OR IGNORE product SET product_id = :to WHERE product_id = :from")?
        .execute(named_params! { ":from": from, ":to": to })?;
    if renamed == 0 {
        unindex(tx, number)?;
        tx.prepare_cached("DELETE FROM product WHERE product_no = :no")?
            .execute(named_params! { ":no": number })?;
    }
    Ok(())
}

/// Whether the row that stands in the table has the same words, so that the indexes of words need no change.
fn same_words(before: &Kept<Product>, after: &Product, life: &Life) -> bool {
    let Kept { row, life: before } = before;
    before.deleted == life.deleted
        && row.code == after.code
        && row.barcodes == after.barcodes
        && row.packs == after.packs
        && row.name == after.name
}

fn number_of(conn: &Conn, id: ProductId) -> Result<i64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT product_no FROM product WHERE product_id = :id")?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "product", |c| c.get("product_no"))?
        .ok_or(StoreError::Missing { what: "product", id: id.0 })
}

/// Takes the words and barcodes of a product out of their indexes.
pub(crate) fn unindex(tx: &Tx<'_>, number: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM product_fts WHERE rowid = :no")?
        .execute(named_params! { ":no": number })?;
    tx.prepare_cached("DELETE FROM product_barcode WHERE product_no = :no")?
        .execute(named_params! { ":no": number })?;
    Ok(())
}

fn index(tx: &Tx<'_>, number: i64, product: &Product) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO product_fts (rowid, name, code, barcodes) VALUES (:no, :name, :code, :barcodes)",
    )?
    .execute(named_params! {
        ":no": number,
        ":name": write_out(&product.name),
        ":code": product.code,
        ":barcodes": product.barcodes.join(" "),
    })?;
    let mut add_word = tx.prepare_cached("INSERT OR IGNORE INTO product_word (word) VALUES (:word)")?;
    for word in long_words(&fold(&product.name)) {
        add_word.execute(named_params! { ":word": word })?;
    }
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO product_barcode (barcode, product_no) VALUES (:barcode, :no)",
    )?;
    for barcode in product.barcodes.iter().chain(product.packs.iter().filter_map(|p| p.barcode.as_ref())) {
        insert.execute(named_params! { ":barcode": canonical(barcode), ":no": number })?;
    }
    Ok(())
}

/// A picture that this product did not name before is wanted where its bytes are not.
fn want_picture(
    tx: &Tx<'_>,
    product: &Product,
    life: &Life,
    before: Option<&Kept<Product>>,
) -> Result<(), StoreError> {
    let named_before = before.is_some_and(|b| !b.life.deleted && b.row.picture == product.picture);
    let picture = product.picture.as_deref().filter(|_| !life.deleted && !named_before);
    match picture.and_then(AttachmentHash::parse) {
        Some(hash) => attachments::named(tx, hash, product.favourite),
        None => Ok(()),
    }
}

const fn policy_name(policy: OfflinePolicy) -> &'static str {
    match policy {
        OfflinePolicy::Block => "block",
        OfflinePolicy::Warn => "warn",
        OfflinePolicy::Allow => "allow",
    }
}

/// A plain INSERT and a plain UPDATE of one row: an upsert, like RETURNING, opens a savepoint inside SQLite, at which
/// FTS5 writes out what it has gathered. For 100,000 rows that is the difference between seconds and a minute.
const INSERT: &str = "
    INSERT INTO product (product_id, code, barcodes, name, name_folded, category_id, unit, price_minor, cost_minor,
        tax_rate_ppm, track_stock, offline_policy, favourite, picture, archived, tracking, packs, rev, seq,
        deleted, server_fields, extra)
    VALUES (:id, :code, :barcodes, :name, :folded, :category_id, :unit, :price, :cost, :tax_rate, :track_stock,
        :offline_policy, :favourite, :picture, :archived, :tracking, :packs, :rev, :seq, :deleted, :server_fields, :extra)";
const UPDATE: &str = "
    UPDATE product SET code = :code, barcodes = :barcodes, name = :name, name_folded = :folded,
        category_id = :category_id, unit = :unit, price_minor = :price, cost_minor = :cost, tax_rate_ppm = :tax_rate,
        track_stock = :track_stock, offline_policy = :offline_policy, favourite = :favourite, picture = :picture,
        archived = :archived, tracking = :tracking, packs = :packs, rev = :rev, seq = :seq, deleted = :deleted, server_fields = :server_fields,
        extra = :extra
    WHERE product_id = :id";

impl SharedRow for Product {
    const KIND: EntityKind = EntityKind::Product;
    const FIELDS: &'static [&'static str] = &[
        "product_id",
        "code",
        "barcodes",
        "name",
        "category_id",
        "unit",
        "price",
        "cost",
        "tax_rate",
        "track_stock",
        "offline_policy",
        "favourite",
        "picture",
        "archived",
        "tracking",
        "packs",
    ];

    fn row_id(&self) -> Uuid {
        self.product_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(concat!(
            "SELECT ",
            PRODUCT!(),
            ", p.rev, p.seq, p.deleted, p.server_fields, p.extra FROM product AS p WHERE p.product_id = :id"
        ))?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "product", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let columns = life.columns()?;
        tx.prepare_cached(if before.is_some() { UPDATE } else { INSERT })?.execute(named_params! {
                ":id": self.product_id.as_bytes(),
                ":code": self.code,
                ":barcodes": to_json("product.barcodes", &self.barcodes)?,
                ":name": self.name,
                ":folded": fold(&self.name),
                ":category_id": self.category_id.map(|id| *id.as_bytes()),
                ":unit": self.unit,
                ":price": self.price.minor(),
                ":cost": self.cost.map(|cost| cost.minor()),
                ":tax_rate": self.tax_rate.ppm(),
                ":track_stock": self.track_stock,
                ":offline_policy": policy_name(self.offline_policy),
                ":favourite": self.favourite,
                ":picture": self.picture,
                ":archived": self.archived,
                ":tracking": self.tracking.as_str(),
                ":packs": to_json("product.packs", &self.packs)?,
                ":rev": columns.rev,
                ":seq": columns.seq,
                ":deleted": columns.deleted,
                ":server_fields": columns.server_fields,
                ":extra": columns.extra,
        })?;
        want_picture(tx, self, life, before)?;
        match before {
            Some(before) if same_words(before, self, life) => Ok(()),
            Some(before) => {
                let number = number_of(tx, self.product_id)?;
                if !before.life.deleted {
                    unindex(tx, number)?;
                }
                if life.deleted { Ok(()) } else { index(tx, number, self) }
            }
            None if life.deleted => Ok(()),
            None => index(tx, tx.last_insert_rowid(), self),
        }
    }
}
