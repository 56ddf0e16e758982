//! Registers that joined.

use pos_domain::{DeviceId, DevicePublicKey, Hash32};

use super::{Row, Sql, Tx, id, unreadable};

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
    fn read(row: Row<'_>) -> Sql<Self> {
        Ok(Self {
            device_id: DeviceId(id(row, "device_id")?),
            name: row.get("name")?,
            public_key: DevicePublicKey::from_bytes(&row.get("public_key")?).map_err(unreadable)?,
            series: row.get("series")?,
            joined_at_ms: row.get("joined_at_ms")?,
            revoked_at_ms: row.get("revoked_at_ms")?,
        })
    }
}

const COLUMNS: &str = "SELECT device_id, name, public_key, series, joined_at_ms, revoked_at_ms FROM device";

/// The register of a token.
pub(crate) fn find_by_token(tx: Tx<'_>, token_hash: Hash32) -> Sql<Option<Device>> {
    tx.find(
        &format!("{COLUMNS} WHERE token_hash = :token_hash"),
        &[(":token_hash", (&token_hash.0).into())],
        Device::read,
    )
}

/// A register by its id.
pub(crate) fn find(tx: Tx<'_>, device_id: DeviceId) -> Sql<Option<Device>> {
    tx.find(
        &format!("{COLUMNS} WHERE device_id = :device_id"),
        &[(":device_id", device_id.as_bytes().into())],
        Device::read,
    )
}

/// All registers, in the order in which they joined.
pub(crate) fn list(tx: Tx<'_>) -> Sql<Vec<Device>> {
    tx.list(&format!("{COLUMNS} ORDER BY joined_at_ms, device_id"), &[], Device::read)
}

/// Whether a register was revoked; an unknown one counts as revoked.
pub(crate) fn is_revoked(tx: Tx<'_>, device_id: DeviceId) -> Sql<bool> {
    tx.find(
        "SELECT revoked_at_ms IS NOT NULL AS revoked FROM device WHERE device_id = :device_id",
        &[(":device_id", device_id.as_bytes().into())],
        |row| row.get("revoked"),
    )
    .map(|revoked| revoked.unwrap_or(true))
}

/// Whether a series is taken by another register.
pub(crate) fn series_is_taken(tx: Tx<'_>, series: &str, device_id: DeviceId) -> Sql<bool> {
    tx.get(
        "SELECT EXISTS (SELECT 1 FROM device WHERE series = :series AND device_id <> :device_id) AS taken",
        &[(":series", series.into()), (":device_id", device_id.as_bytes().into())],
        |row| row.get("taken"),
    )
}

/// Writes a register that joined, or joined again with the same key.
pub(crate) fn save(tx: Tx<'_>, device: &Device, token_hash: Hash32) -> Sql<()> {
    tx.write(
        "INSERT INTO device (device_id, name, public_key, token_hash, series, joined_at_ms, met_epoch)
         VALUES (:device_id, :name, :public_key, :token_hash, :series, :joined_at_ms,
            (SELECT server_epoch FROM business))
         ON CONFLICT (device_id) DO UPDATE SET name = excluded.name, token_hash = excluded.token_hash",
        &[
            (":device_id", device.device_id.as_bytes().into()),
            (":name", device.name.as_str().into()),
            (":public_key", (&device.public_key.to_bytes()).into()),
            (":token_hash", (&token_hash.0).into()),
            (":series", device.series.as_str().into()),
            (":joined_at_ms", device.joined_at_ms.into()),
        ],
    )
}

/// Notes that a register has read this life of the database: whatever an earlier one had forgotten, it has sent again.
pub(crate) fn set_met(tx: Tx<'_>, device_id: DeviceId, server_epoch: u32) -> Sql<()> {
    tx.write(
        "UPDATE device SET met_epoch = :epoch WHERE device_id = :device_id AND met_epoch < :epoch",
        &[(":epoch", server_epoch.into()), (":device_id", device_id.as_bytes().into())],
    )
}

/// Whether a register has read this life of the database.
pub(crate) fn has_met(tx: Tx<'_>, device_id: DeviceId, server_epoch: u32) -> Sql<bool> {
    tx.find(
        "SELECT met_epoch >= :epoch AS met FROM device WHERE device_id = :device_id",
        &[(":epoch", server_epoch.into()), (":device_id", device_id.as_bytes().into())],
        |row| row.get("met"),
    )
    .map(|met| met.unwrap_or(true))
}

/// Whether a register that was not revoked has not read this life of the database yet.
pub(crate) fn is_any_behind(tx: Tx<'_>, server_epoch: u32) -> Sql<bool> {
    tx.get(
        "SELECT EXISTS (SELECT 1 FROM device WHERE revoked_at_ms IS NULL AND met_epoch < :epoch) AS behind",
        &[(":epoch", server_epoch.into())],
        |row| row.get("behind"),
    )
}

/// Revokes a register; `false` when there is none of this id.
pub(crate) fn revoke(tx: Tx<'_>, device_id: DeviceId, now_ms: i64) -> Sql<bool> {
    let changed = tx.execute(
        "UPDATE device SET revoked_at_ms = coalesce(revoked_at_ms, :now_ms) WHERE device_id = :device_id",
        &[(":now_ms", now_ms.into()), (":device_id", device_id.as_bytes().into())],
    )?;
    Ok(changed == 1)
}
