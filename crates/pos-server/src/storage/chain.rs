//! Countersigned links of the registers' chains.

use pos_domain::{ChainRecord, DeviceId, Hash32};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Sql, hash, integer};

/// The hash of the link that stands at a number, if one does.
pub(crate) fn find_hash(
    connection: &Connection,
    device_id: DeviceId,
    epoch: u32,
    number: u64,
) -> Sql<Option<Hash32>> {
    connection
        .prepare_cached(
            "SELECT hash FROM chain_record WHERE device_id = :device_id AND epoch = :epoch AND number = :number",
        )?
        .query_row(
            named_params! { ":device_id": device_id.as_bytes(), ":epoch": epoch, ":number": integer(number)? },
            |row| hash(row, "hash"),
        )
        .optional()
}

/// Appends a link.
pub(crate) fn append(connection: &Connection, record: &ChainRecord) -> Sql<()> {
    connection.prepare_cached(include_str!("chain_append.sql"))?.execute(named_params! {
        ":device_id": record.device_id.as_bytes(),
        ":epoch": record.epoch,
        ":number": integer(record.number)?,
        ":series": record.series,
        ":kind": record.kind.as_str(),
        ":document_id": record.document_id.as_bytes(),
        ":issued_at_ms": record.issued_at_ms,
        ":document_hash": record.document_hash.0,
        ":previous_hash": record.previous_hash.0,
        ":hash": record.hash.0,
        ":signature": record.signature.0,
    })?;
    Ok(())
}
