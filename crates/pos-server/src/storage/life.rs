//! Lives of registers' files: watermark, the sparse set above it, and the head of the chain.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use pos_domain::DeviceId;
use pos_domain::chain::ChainHead;

use super::{Sql, Tx, hash, id, integer, natural, unreadable};

/// One life as stored.
#[derive(Debug, Clone)]
pub(crate) struct LifeRow {
    pub(crate) watermark: u64,
    pub(crate) above: BTreeSet<u64>,
    pub(crate) chain: ChainHead,
    /// How far its operations are in a backup that was read back.
    pub(crate) backed_up: u64,
}

/// The newest epoch of a register; 0 when nothing was seen of it.
pub(crate) fn newest_epoch(tx: Tx<'_>, device_id: DeviceId) -> Sql<u32> {
    tx.get(
        "SELECT coalesce(max(epoch), 0) AS epoch FROM device_life WHERE device_id = :device_id",
        &[(":device_id", device_id.as_bytes().into())],
        |row| u32::try_from(natural(row, "epoch")?).map_err(unreadable),
    )
}

/// The lives of a register below `epoch`, the oldest first.
pub(crate) fn list_earlier(tx: Tx<'_>, device_id: DeviceId, epoch: u32) -> Sql<Vec<u32>> {
    tx.list(
        "SELECT epoch FROM device_life WHERE device_id = :device_id AND epoch < :epoch ORDER BY epoch",
        &[(":device_id", device_id.as_bytes().into()), (":epoch", epoch.into())],
        |row| u32::try_from(natural(row, "epoch")?).map_err(unreadable),
    )
}

/// A life, if it was seen.
pub(crate) fn find(tx: Tx<'_>, device_id: DeviceId, epoch: u32) -> Sql<Option<LifeRow>> {
    let key = [(":device_id", device_id.as_bytes().into()), (":epoch", epoch.into())];
    let row = tx.find(
        "SELECT watermark, chain_number, chain_hash, backed_up FROM device_life
         WHERE device_id = :device_id AND epoch = :epoch",
        &key,
        |row| {
            let chain = ChainHead { number: natural(row, "chain_number")?, hash: hash(row, "chain_hash")? };
            let (watermark, backed_up) = (natural(row, "watermark")?, natural(row, "backed_up")?);
            Ok(LifeRow { watermark, above: BTreeSet::new(), chain, backed_up })
        },
    )?;
    let Some(mut life) = row else { return Ok(None) };
    let sql = "SELECT seq FROM device_seen WHERE device_id = :device_id AND epoch = :epoch";
    tx.each(sql, &key, |row| {
        life.above.insert(natural(row, "seq")?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Some(life))
}

/// Writes where a life stands. `newly_seen` are seqs of the sparse set that are not stored yet.
pub(crate) fn save(
    tx: Tx<'_>,
    device_id: DeviceId,
    epoch: u32,
    life: &LifeRow,
    newly_seen: &[u64],
) -> Sql<()> {
    let device = device_id.as_bytes();
    tx.write(
        "INSERT INTO device_life (device_id, epoch, watermark, chain_number, chain_hash)
         VALUES (:device_id, :epoch, :watermark, :chain_number, :chain_hash)
         ON CONFLICT (device_id, epoch) DO UPDATE SET watermark = excluded.watermark,
            chain_number = excluded.chain_number, chain_hash = excluded.chain_hash",
        &[
            (":device_id", device.into()),
            (":epoch", epoch.into()),
            (":watermark", integer(life.watermark)?.into()),
            (":chain_number", integer(life.chain.number)?.into()),
            (":chain_hash", (&life.chain.hash.0).into()),
        ],
    )?;
    tx.write(
        "DELETE FROM device_seen WHERE device_id = :device_id AND epoch = :epoch AND seq <= :watermark",
        &[
            (":device_id", device.into()),
            (":epoch", epoch.into()),
            (":watermark", integer(life.watermark)?.into()),
        ],
    )?;
    for seq in newly_seen.iter().filter(|seq| life.above.contains(seq)) {
        tx.write(
            "INSERT INTO device_seen (device_id, epoch, seq) VALUES (:device_id, :epoch, :seq)
         ON CONFLICT DO NOTHING",
            &[(":device_id", device.into()), (":epoch", epoch.into()), (":seq", integer(*seq)?.into())],
        )?;
    }
    Ok(())
}

/// How far each life was seen: register, epoch, watermark.
pub(crate) fn list_watermarks(tx: Tx<'_>) -> Sql<Vec<(DeviceId, u32, u64)>> {
    tx.list("SELECT device_id, epoch, watermark FROM device_life ORDER BY device_id, epoch", &[], |row| {
        let epoch = u32::try_from(natural(row, "epoch")?).map_err(unreadable)?;
        Ok((DeviceId(id(row, "device_id")?), epoch, natural(row, "watermark")?))
    })
}

/// Notes that a backup holds a life up to `watermark`.
pub(crate) fn set_backed_up(tx: Tx<'_>, device_id: DeviceId, epoch: u32, watermark: u64) -> Sql<()> {
    tx.write(
        "UPDATE device_life SET backed_up = :watermark
         WHERE device_id = :device_id AND epoch = :epoch AND backed_up < :watermark",
        &[
            (":device_id", device_id.as_bytes().into()),
            (":epoch", epoch.into()),
            (":watermark", integer(watermark)?.into()),
        ],
    )
}
