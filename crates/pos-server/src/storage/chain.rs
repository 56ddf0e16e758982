//! Countersigned links of the registers' chains.

use pos_domain::{ChainRecord, DeviceId, Hash32};

use super::{Sql, Tx, hash, integer};

/// The hash of the link that stands at a number, if one does.
pub(crate) fn find_hash(tx: Tx<'_>, device_id: DeviceId, epoch: u32, number: u64) -> Sql<Option<Hash32>> {
    tx.find(
        "SELECT hash FROM chain_record WHERE device_id = :device_id AND epoch = :epoch AND number = :number",
        &[
            (":device_id", device_id.as_bytes().into()),
            (":epoch", epoch.into()),
            (":number", integer(number)?.into()),
        ],
        |row| hash(row, "hash"),
    )
}

/// Appends a link.
pub(crate) fn append(tx: Tx<'_>, record: &ChainRecord) -> Sql<()> {
    tx.write(
        include_str!("chain_append.sql"),
        &[
            (":device_id", record.device_id.as_bytes().into()),
            (":epoch", record.epoch.into()),
            (":number", integer(record.number)?.into()),
            (":series", record.series.as_str().into()),
            (":kind", record.kind.as_str().into()),
            (":document_id", record.document_id.as_bytes().into()),
            (":issued_at_ms", record.issued_at_ms.into()),
            (":document_hash", (&record.document_hash.0).into()),
            (":previous_hash", (&record.previous_hash.0).into()),
            (":hash", (&record.hash.0).into()),
            (":signature", (&record.signature.0).into()),
        ],
    )
}
