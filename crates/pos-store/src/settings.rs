//! Settings that the whole business shares, one row per key.

use pos_domain::Currency;
use pos_domain::body::EntityKind;
use pos_domain::settings::{ShopSettings, setting_id};
use rusqlite::named_params;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::StoreError;
use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Conn, Tx, all, first, to_json};

/// A shared setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingRow {
    /// Name of the setting.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// The settings of the business, assembled from its rows over the defaults. A row that this program cannot read
/// leaves the default standing and is logged.
///
/// # Errors
/// [`StoreError::NoDevice`] when there are no rows yet.
pub fn load(conn: &Conn) -> Result<ShopSettings, StoreError> {
    let rows = list(conn)?;
    if rows.is_empty() {
        return Err(StoreError::NoDevice);
    }
    let currency = Currency::from_iso("GNF").map_err(|e| StoreError::unreadable("setting", e))?;
    let defaults = ShopSettings::new("Comptoir", currency, "fr-GN");
    let mut fields: Map<String, Value> = defaults.to_rows().into_iter().collect();
    for row in &rows {
        if let Some(slot) = fields.get_mut(&row.key) {
            *slot = row.value.clone();
        }
    }
    if let Ok(settings) = serde_json::from_value(Value::Object(fields)) {
        return Ok(settings);
    }
    Ok(rows.iter().fold(defaults, |settings, row| {
        settings.with_row(&row.key, &row.value).unwrap_or_else(|fault| {
            tracing::warn!(key = %fault.key, "a setting is not readable, its default stands");
            settings
        })
    }))
}

/// All rows, by key.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn) -> Result<Vec<SettingRow>, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT key, value FROM setting WHERE deleted = 0 ORDER BY key")?;
    all(statement.query([])?, "setting", |c| Ok(SettingRow { key: c.get("key")?, value: c.json("value")? }))
}

/// One row with its revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, key: &str) -> Result<Option<Shared<SettingRow>>, StoreError> {
    shared::find(conn, setting_id(key))
}

/// One row by its id, with its revision.
///
/// # Errors
/// Those of reading.
pub fn find_by_id(conn: &Conn, id: Uuid) -> Result<Option<Shared<SettingRow>>, StoreError> {
    shared::find(conn, id)
}

/// Writes a row as edited here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, row: &SettingRow) -> Result<(), StoreError> {
    shared::put_local(tx, row)
}

impl SharedRow for SettingRow {
    const KIND: EntityKind = EntityKind::Setting;
    const FIELDS: &'static [&'static str] = &["key", "value"];

    fn row_id(&self) -> Uuid {
        setting_id(&self.key)
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT key, value, rev, seq, deleted, server_fields, extra FROM setting WHERE setting_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "setting", |c| {
            let row = Self { key: c.get("key")?, value: c.json("value")? };
            Ok(Kept { row, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO setting (setting_id, key, value, rev, seq, deleted, server_fields, extra)
             VALUES (:id, :key, :value, :rev, :seq, :deleted, :server_fields, :extra)
             ON CONFLICT (setting_id) DO UPDATE SET value = excluded.value, rev = excluded.rev,
                 seq = excluded.seq, deleted = excluded.deleted, server_fields = excluded.server_fields,
                 extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.row_id().into_bytes(),
            ":key": self.key,
            ":value": to_json("setting.value", &self.value)?,
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
