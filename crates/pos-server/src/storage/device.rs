//! Registers that joined.

use pos_domain::{ChainFault, DeviceId, DevicePublicKey, Hash32};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Sql, id, unreadable};

/// One register.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) device_id: DeviceId,
    pub(crate) name: String,
    pub(crate) public_key: DevicePublicKey,
    pub(crate) series: String,
    pub(crate) joined_at_ms: i64,
    pub(crate) revoked_at_ms: Option<i64>,
}

impl Device {
    fn read(row: &Row<'_>) -> Sql<Self> {
        Ok(Self {
            device_id: DeviceId(id(row, "device_id")?),
            name: row.get("name")?,
            public_key: DevicePublicKey::from_bytes(&row.get("public_key")?)
                .map_err(|fault: ChainFault| unreadable(Type::Blob, fault))?,
            series: row.get("series")?,
            joined_at_ms: row.get("joined_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
    }
}

const COLUMNS: &str = "SELECT device_id, name, public_key, series, joined_at_ms, revoked_at_ms FROM device";

/// The register of a token.
pub(crate) fn find_by_token(connection: &Connection, token_hash: Hash32) -> Sql<Option<Device>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE token_hash = :token_hash"))?
        .query_row(named_params! { ":token_hash": token_hash.0 }, Device::read)
        .optional()
}

/// A register by its id.
pub(crate) fn find(connection: &Connection, device_id: DeviceId) -> Sql<Option<Device>> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE device_id = :device_id"))?
        .query_row(named_params! { ":device_id": device_id.as_bytes() }, Device::read)
        .optional()
}

/// All registers, in the order in which they joined.
pub(crate) fn list(connection: &Connection) -> Sql<Vec<Device>> {
    connection
        .prepare(&format!("{COLUMNS} ORDER BY joined_at_ms, device_id"))?
        .query_map([], Device::read)?
        .collect()
}

/// Whether a register was revoked; an unknown one counts as revoked.
pub(crate) fn is_revoked(connection: &Connection, device_id: DeviceId) -> Sql<bool> {
    connection
        .prepare_cached(
            "SELECT revoked_at_ms IS NOT NULL AS revoked FROM device WHERE device_id = :device_id",
        )?
        .query_row(named_params! { ":device_id": device_id.as_bytes() }, |row| row.get("revoked"))
        .optional()
        .map(|revoked| revoked.unwrap_or(true))
}

/// Whether a series is taken by another register.
pub(crate) fn series_is_taken(connection: &Connection, series: &str, device_id: DeviceId) -> Sql<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM device WHERE series = :series AND device_id <> :device_id) AS taken",
        named_params! { ":series": series, ":device_id": device_id.as_bytes() },
        |row| row.get("taken"),
    )
}

/// Writes a register that joined, or joined again with the same key.
pub(crate) fn save(connection: &Connection, device: &Device, token_hash: Hash32) -> Sql<()> {
    connection.execute(
        "INSERT INTO device (device_id, name, public_key, token_hash, series, joined_at_ms)
         VALUES (:device_id, :name, :public_key, :token_hash, :series, :joined_at_ms)
         ON CONFLICT (device_id) DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash",
        named_params! {
            ":device_id": device.device_id.as_bytes(),
            ":name": device.name,
            ":public_key": device.public_key.to_bytes(),
            ":token_hash": token_hash.0,
            ":series": device.series,
            ":joined_at_ms": device.joined_at_ms,
        },
    )?;
    Ok(())
}

/// Revokes a register; `false` when there is none of this id.
pub(crate) fn revoke(connection: &Connection, device_id: DeviceId, now_ms: i64) -> Sql<bool> {
    let changed = connection.execute(
        "UPDATE device SET revoked_at_ms = coalesce(revoked_at_ms, :now_ms) WHERE device_id = :device_id",
        named_params! { ":now_ms": now_ms, ":device_id": device_id.as_bytes() },
    )?;
    Ok(changed == 1)
}
