//! Rows that registers share: settings, categories, products, customers, cashiers, held carts; and what the ledgers of
//! accounts and serial numbers look like to them.

use pos_domain::ProductId;
use pos_domain::body::EntityKind;
use pos_domain::merge::Fields;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::stamps;
pub(crate) use super::stamps::{Stamp, Stamps};
use super::stock::LevelRow;
use super::{Row, Sql, Tx, integer, json, natural, to_json};

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntityRow {
    pub(crate) rev: u64,
    pub(crate) deleted: bool,
    pub(crate) fields: Fields,
    pub(crate) stamps: Stamps,
}

impl EntityRow {
    fn read(row: Row<'_>) -> Sql<Self> {
        let fields = json(row, "fields")?;
        let stamps = stamps::read(row.get("stamps")?, &fields)?;
        Ok(Self { rev: natural(row, "rev")?, deleted: row.get("deleted")?, fields, stamps })
    }
}

/// The row of an id, deleted or not.
pub(crate) fn find(tx: Tx<'_>, entity: EntityKind, id: Uuid) -> Sql<Option<EntityRow>> {
    tx.find(
        "SELECT rev, deleted, fields, stamps FROM entity_row WHERE entity = :entity AND id = :id",
        &[(":entity", entity.as_str().into()), (":id", id.as_bytes().into())],
        EntityRow::read,
    )
}

/// A product as sales see it.
#[derive(Debug)]
pub(crate) struct SoldProduct<T> {
    /// Some of its fields.
    pub(crate) fields: T,
    pub(crate) deleted: bool,
    /// Its balance; zero when it has none yet.
    pub(crate) level: LevelRow,
}

/// A product with its balance. Who changed each field stays unread: it is most of the row, and three products of every
/// sale are looked at.
pub(crate) fn find_product<T: DeserializeOwned>(tx: Tx<'_>, id: ProductId) -> Sql<Option<SoldProduct<T>>> {
    tx.find(
        "SELECT deleted, fields, on_hand_milli, oversold_milli, stock_level.rev AS level_rev
         FROM entity_row LEFT JOIN stock_level ON stock_level.product_id = entity_row.id
         WHERE entity = 'product' AND id = :id",
        &[(":id", id.as_bytes().into())],
        |row| {
            let level = match row.get("on_hand_milli")? {
                Some(on_hand) => LevelRow {
                    on_hand,
                    oversold: row.get("oversold_milli")?,
                    rev: natural(row, "level_rev")?,
                },
                None => LevelRow::default(),
            };
            Ok(SoldProduct { fields: json(row, "fields")?, deleted: row.get("deleted")?, level })
        },
    )
}

/// Whether a row exists or ever existed.
pub(crate) fn exists(tx: Tx<'_>, entity: EntityKind, id: Uuid) -> Sql<bool> {
    tx.get(
        "SELECT EXISTS (SELECT 1 FROM entity_row WHERE entity = :entity AND id = :id) AS found",
        &[(":entity", entity.as_str().into()), (":id", id.as_bytes().into())],
        |row| row.get("found"),
    )
}

/// Writes a row as it now stands.
pub(crate) fn save(tx: Tx<'_>, entity: EntityKind, id: Uuid, row: &EntityRow) -> Sql<()> {
    tx.write(
        "INSERT INTO entity_row (entity, id, rev, deleted, fields, stamps)
         VALUES (:entity, :id, :rev, :deleted, :fields, :stamps)
         ON CONFLICT (entity, id) DO UPDATE SET rev = excluded.rev, deleted = excluded.deleted,
            fields = excluded.fields, stamps = excluded.stamps",
        &[
            (":entity", entity.as_str().into()),
            (":id", id.as_bytes().into()),
            (":rev", integer(row.rev)?.into()),
            (":deleted", row.deleted.into()),
            (":fields", to_json(&row.fields)?.into()),
            (":stamps", stamps::write(&row.stamps, &row.fields)?.into()),
        ],
    )
}

/// The settings rows as `(key, value)`.
pub(crate) fn list_settings(tx: Tx<'_>) -> Sql<Vec<(String, serde_json::Value)>> {
    /// A settings row's fields.
    #[derive(Deserialize)]
    struct Setting {
        key: String,
        value: serde_json::Value,
    }
    tx.list("SELECT fields FROM entity_row WHERE entity = 'setting' AND NOT deleted", &[], |row| {
        json::<Setting>(row, "fields").map(|setting| (setting.key, setting.value))
    })
}

/// Takes a number of rows of a kind into account, or out of it.
pub(crate) fn add_total(tx: Tx<'_>, entity: EntityKind, change: i64) -> Sql<()> {
    let change = [(":entity", entity.as_str().into()), (":change", change.into())];
    // Not an upsert: its CHECK would judge a negative change before it is added to the row.
    let known = tx
        .execute("UPDATE entity_total SET live_rows = live_rows + :change WHERE entity = :entity", &change)?;
    if known == 0 {
        tx.write("INSERT INTO entity_total (entity, live_rows) VALUES (:entity, :change)", &change)?;
    }
    Ok(())
}

/// Rows of a kind that are not deleted.
pub(crate) fn total(tx: Tx<'_>, entity: EntityKind) -> Sql<u64> {
    tx.find(
        "SELECT live_rows FROM entity_total WHERE entity = :entity",
        &[(":entity", entity.as_str().into())],
        |row| natural(row, "live_rows"),
    )
    .map(|total| total.unwrap_or(0))
}
