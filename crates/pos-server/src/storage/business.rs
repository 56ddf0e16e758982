//! The one row that says which business this file holds, and the counter of its feed.

use pos_domain::{OutletId, TenantId};
use uuid::Uuid;

use super::{Sql, StorageError, Tx, id, integer, natural, optional_id, unreadable};

/// Which business, and where its feed stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BusinessRow {
    pub(crate) authority: Uuid,
    pub(crate) server_epoch: u32,
    pub(crate) tenant_id: TenantId,
    pub(crate) outlet_id: OutletId,
    pub(crate) feed_seq: u64,
    /// What wrote the newest change; nil before the first.
    pub(crate) incarnation: Uuid,
    /// What the next change will be written in.
    pub(crate) writes_as: Uuid,
    /// Highest place of a deletion that is not kept any more.
    pub(crate) forgotten_seq: u64,
}

const SELECT: &str = "SELECT authority, server_epoch, tenant_id, outlet_id, feed_seq, forgotten_seq,
    incarnation AS writes_as,
    (SELECT incarnation FROM incarnation ORDER BY began_seq DESC LIMIT 1) AS wrote_last
    FROM business";

/// The business, unless the file is new.
pub(crate) fn find(tx: Tx<'_>) -> Sql<Option<BusinessRow>> {
    tx.find(SELECT, &[], |row| {
        Ok(BusinessRow {
            authority: id(row, "authority")?,
            server_epoch: u32::try_from(natural(row, "server_epoch")?).map_err(unreadable)?,
            tenant_id: TenantId(id(row, "tenant_id")?),
            outlet_id: OutletId(id(row, "outlet_id")?),
            feed_seq: natural(row, "feed_seq")?,
            incarnation: optional_id(row, "wrote_last")?.unwrap_or_default(),
            writes_as: optional_id(row, "writes_as")?.unwrap_or_default(),
            forgotten_seq: natural(row, "forgotten_seq")?,
        })
    })
}

/// The business; a file without one is an error.
pub(crate) fn get(tx: Tx<'_>) -> Sql<BusinessRow> {
    find(tx)?.ok_or(StorageError::NoRow)
}

/// Writes the row of a new file.
pub(crate) fn insert(tx: Tx<'_>, business: &BusinessRow) -> Sql<()> {
    tx.write(
        "INSERT INTO business (authority, server_epoch, tenant_id, outlet_id, feed_seq, series_given, incarnation)
         VALUES (:authority, :server_epoch, :tenant_id, :outlet_id, :feed_seq, 0, :writes_as)",
        &[
            (":authority", business.authority.as_bytes().into()),
            (":server_epoch", business.server_epoch.into()),
            (":tenant_id", business.tenant_id.as_bytes().into()),
            (":outlet_id", business.outlet_id.as_bytes().into()),
            (":feed_seq", integer(business.feed_seq)?.into()),
            (":writes_as", business.writes_as.as_bytes().into()),
        ],
    )
}

/// Takes over the identity of a business that a register brings.
pub(crate) fn rename(tx: Tx<'_>, tenant_id: TenantId, outlet_id: OutletId) -> Sql<()> {
    tx.write(
        "UPDATE business SET tenant_id = :tenant_id, outlet_id = :outlet_id",
        &[(":tenant_id", tenant_id.as_bytes().into()), (":outlet_id", outlet_id.as_bytes().into())],
    )
}

/// Moves the feed's counter.
pub(crate) fn set_feed_seq(tx: Tx<'_>, seq: u64) -> Sql<()> {
    tx.write("UPDATE business SET feed_seq = :seq WHERE feed_seq < :seq", &[(":seq", integer(seq)?.into())])
}

/// From now on changes are written in another incarnation.
pub(crate) fn set_incarnation(tx: Tx<'_>, incarnation: Uuid) -> Sql<()> {
    tx.write(
        "UPDATE business SET incarnation = :incarnation",
        &[(":incarnation", incarnation.as_bytes().into())],
    )
}

/// Begins another life of the database: every cursor that was given before is void.
pub(crate) fn set_server_epoch(tx: Tx<'_>, server_epoch: u32) -> Sql<()> {
    tx.write(
        "UPDATE business SET server_epoch = :epoch WHERE server_epoch < :epoch",
        &[(":epoch", server_epoch.into())],
    )
}

/// The number of the next series, given once.
pub(crate) fn next_series(tx: Tx<'_>) -> Sql<u64> {
    tx.get("UPDATE business SET series_given = series_given + 1 RETURNING series_given", &[], |row| {
        natural(row, "series_given")
    })
}

/// Whether anything but settings was ever stored: then the file takes no business that a register brings.
pub(crate) fn is_empty(tx: Tx<'_>) -> Sql<bool> {
    tx.get(
        "SELECT NOT EXISTS (SELECT 1 FROM device) AND NOT EXISTS (SELECT 1 FROM operation)
            AND NOT EXISTS (SELECT 1 FROM entity_row WHERE entity <> 'setting') AS is_empty",
        &[],
        |row| row.get("is_empty"),
    )
}
