//! Lives of registers' files: watermark, the sparse set above it, and the head of the chain.

use std::collections::BTreeSet;

use pos_domain::DeviceId;
use pos_domain::chain::ChainHead;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Sql, hash, integer, natural, unreadable};

/// One life as stored.
#[derive(Debug, Clone)]
pub(crate) struct LifeRow {
    pub(crate) watermark: u64,
    pub(crate) above: BTreeSet<u64>,
    pub(crate) chain: ChainHead,
}

/// The newest epoch of a register; 0 when nothing was seen of it.
pub(crate) fn newest_epoch(connection: &Connection, device_id: DeviceId) -> Sql<u32> {
    connection
        .prepare_cached(
            "SELECT coalesce(max(epoch), 0) AS epoch FROM device_life WHERE device_id = :device_id",
        )?
        .query_row(named_params! { ":device_id": device_id.as_bytes() }, |row| {
            u32::try_from(natural(row, "epoch")?).map_err(|fault| unreadable(Type::Integer, fault))
        })
}

/// A life, if it was seen.
pub(crate) fn find(connection: &Connection, device_id: DeviceId, epoch: u32) -> Sql<Option<LifeRow>> {
    let key = named_params! { ":device_id": device_id.as_bytes(), ":epoch": epoch };
    let row = connection
        .prepare_cached(
            "SELECT watermark, chain_number, chain_hash FROM device_life
             WHERE device_id = :device_id AND epoch = :epoch",
        )?
        .query_row(key, |row| {
            let chain = ChainHead { number: natural(row, "chain_number")?, hash: hash(row, "chain_hash")? };
            Ok(LifeRow { watermark: natural(row, "watermark")?, above: BTreeSet::new(), chain })
        })
        .optional()?;
    let Some(mut life) = row else { return Ok(None) };
    let mut seen = connection
        .prepare_cached("SELECT seq FROM device_seen WHERE device_id = :device_id AND epoch = :epoch")?;
    for seq in seen.query_map(key, |row| natural(row, "seq"))? {
        life.above.insert(seq?);
    }
    Ok(Some(life))
}

/// Writes where a life stands. `newly_seen` are seqs of the sparse set that are not stored yet.
pub(crate) fn save(
    connection: &Connection,
    device_id: DeviceId,
    epoch: u32,
    life: &LifeRow,
    newly_seen: &[u64],
) -> Sql<()> {
    let device = device_id.as_bytes();
    connection
        .prepare_cached(
            "INSERT INTO device_life (device_id, epoch, watermark, chain_number, chain_hash)
             VALUES (:device_id, :epoch, :watermark, :chain_number, :chain_hash)
             ON CONFLICT (device_id, epoch) DO UPDATE SET watermark = excluded.watermark,
                chain_number = excluded.chain_number, chain_hash = excluded.chain_hash",
        )?
        .execute(named_params! {
            ":device_id": device,
            ":epoch": epoch,
            ":watermark": integer(life.watermark)?,
            ":chain_number": integer(life.chain.number)?,
            ":chain_hash": life.chain.hash.0,
        })?;
    connection
        .prepare_cached(
            "DELETE FROM device_seen WHERE device_id = :device_id AND epoch = :epoch AND seq <= :watermark",
        )?
        .execute(named_params! {
            ":device_id": device, ":epoch": epoch, ":watermark": integer(life.watermark)?,
        })?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO device_seen (device_id, epoch, seq) VALUES (:device_id, :epoch, :seq) ON CONFLICT DO NOTHING",
    )?;
    for seq in newly_seen.iter().filter(|seq| life.above.contains(seq)) {
        insert.execute(named_params! { ":device_id": device, ":epoch": epoch, ":seq": integer(*seq)? })?;
    }
    Ok(())
}
