//! The one row that says which business this file holds, and the counter of its feed.

use pos_domain::{OutletId, TenantId};
use uuid::Uuid;

use super::{Sql, StorageError, Tx, id, integer, natural, unreadable};

/// Which business, and where its feed stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BusinessRow {
    pub(crate) authority: Uuid,
    pub(crate) server_epoch: u32,
    pub(crate) tenant_id: TenantId,
    pub(crate) outlet_id: OutletId,
    pub(crate) feed_seq: u64,
}

/// The business, unless the file is new.
pub(crate) fn find(tx: Tx<'_>) -> Sql<Option<BusinessRow>> {
    tx.find("SELECT authority, server_epoch, tenant_id, outlet_id, feed_seq FROM business", &[], |row| {
        Ok(BusinessRow {
            authority: id(row, "authority")?,
            server_epoch: u32::try_from(natural(row, "server_epoch")?).map_err(unreadable)?,
            tenant_id: TenantId(id(row, "tenant_id")?),
            outlet_id: OutletId(id(row, "outlet_id")?),
            feed_seq: natural(row, "feed_seq")?,
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
        "INSERT INTO business (authority, server_epoch, tenant_id, outlet_id, feed_seq, series_given)
         VALUES (:authority, :server_epoch, :tenant_id, :outlet_id, :feed_seq, 0)",
        &[
            (":authority", business.authority.as_bytes().into()),
            (":server_epoch", business.server_epoch.into()),
            (":tenant_id", business.tenant_id.as_bytes().into()),
            (":outlet_id", business.outlet_id.as_bytes().into()),
            (":feed_seq", integer(business.feed_seq)?.into()),
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
