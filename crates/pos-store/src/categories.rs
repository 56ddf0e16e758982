//! Categories of products.

use pos_domain::body::EntityKind;
use pos_domain::{Category, CategoryId};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first};
use crate::text::fold;

/// All categories in the order of the screen.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn) -> Result<Vec<Category>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT category_id, name, colour, position FROM category WHERE deleted = 0
         ORDER BY position, name_folded, category_id",
    )?;
    all(statement.query([])?, "category", read)
}

/// One category with its revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: CategoryId) -> Result<Option<Shared<Category>>, StoreError> {
    shared::find(conn, id.0)
}

/// The category of that name, whatever its accents and capitals.
///
/// # Errors
/// Those of reading.
pub fn find_by_name(conn: &Conn, name: &str) -> Result<Option<Category>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT category_id, name, colour, position FROM category
         WHERE deleted = 0 AND name_folded = :name ORDER BY category_id LIMIT 1",
    )?;
    first(statement.query(named_params! { ":name": fold(name) })?, "category", read)
}

/// Writes a category as edited here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, category: &Category) -> Result<(), StoreError> {
    shared::put_local(tx, category)
}

/// Deletes a category here; queue the operation in the same transaction. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: CategoryId) -> Result<bool, StoreError> {
    shared::remove_local::<Category>(tx, id.0)
}

fn read(c: &Columns<'_, '_>) -> Result<Category, StoreError> {
    Ok(Category {
        category_id: c.id("category_id")?,
        name: c.get("name")?,
        colour: c.get("colour")?,
        position: c.get("position")?,
    })
}

impl SharedRow for Category {
    const KIND: EntityKind = EntityKind::Category;
    const FIELDS: &'static [&'static str] = &["category_id", "name", "colour", "position"];

    fn row_id(&self) -> Uuid {
        self.category_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT category_id, name, colour, position, rev, seq, deleted, server_fields, extra
             FROM category WHERE category_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "category", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO category (category_id, name, name_folded, colour, position, rev, seq, deleted,
                 server_fields, extra)
             VALUES (:id, :name, :folded, :colour, :position, :rev, :seq, :deleted, :server_fields, :extra)
             ON CONFLICT (category_id) DO UPDATE SET name = excluded.name, name_folded = excluded.name_folded,
                 colour = excluded.colour, position = excluded.position, rev = excluded.rev, seq = excluded.seq,
                 deleted = excluded.deleted, server_fields = excluded.server_fields, extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.category_id.as_bytes(),
            ":name": self.name,
            ":folded": fold(&self.name),
            ":colour": self.colour,
            ":position": self.position,
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
