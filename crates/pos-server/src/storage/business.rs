//! The one row that says which business this file holds, and the counter of its feed.

use pos_domain::{OutletId, TenantId};
use rusqlite::{Connection, OptionalExtension, named_params};
use uuid::Uuid;

use super::{Sql, id, integer, natural, unreadable};

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
pub(crate) fn find(connection: &Connection) -> Sql<Option<BusinessRow>> {
    connection
        .prepare_cached("SELECT authority, server_epoch, tenant_id, outlet_id, feed_seq FROM business")?
        .query_row([], |row| {
            Ok(BusinessRow {
                authority: id(row, "authority")?,
                server_epoch: u32::try_from(natural(row, "server_epoch")?)
                    .map_err(|fault| unreadable(rusqlite::types::Type::Integer, fault))?,
                tenant_id: TenantId(id(row, "tenant_id")?),
                outlet_id: OutletId(id(row, "outlet_id")?),
                feed_seq: natural(row, "feed_seq")?,
            })
        })
        .optional()
}

/// The business; a file without one is an error.
pub(crate) fn get(connection: &Connection) -> Sql<BusinessRow> {
    find(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// Writes the row of a new file.
pub(crate) fn insert(connection: &Connection, business: &BusinessRow) -> Sql<()> {
    connection.execute(
        "INSERT INTO business (only_row, authority, server_epoch, tenant_id, outlet_id, feed_seq, series_given)
         VALUES (1, :authority, :server_epoch, :tenant_id, :outlet_id, :feed_seq, 0)",
        named_params! {
            ":authority": business.authority.as_bytes(),
            ":server_epoch": business.server_epoch,
            ":tenant_id": business.tenant_id.as_bytes(),
            ":outlet_id": business.outlet_id.as_bytes(),
            ":feed_seq": integer(business.feed_seq)?,
        },
    )?;
    Ok(())
}

/// Takes over the identity of a business that a register brings.
pub(crate) fn rename(connection: &Connection, tenant_id: TenantId, outlet_id: OutletId) -> Sql<()> {
    connection.execute(
        "UPDATE business SET tenant_id = :tenant_id, outlet_id = :outlet_id",
        named_params! { ":tenant_id": tenant_id.as_bytes(), ":outlet_id": outlet_id.as_bytes() },
    )?;
    Ok(())
}

/// Moves the feed's counter.
pub(crate) fn set_feed_seq(connection: &Connection, seq: u64) -> Sql<()> {
    connection
        .prepare_cached("UPDATE business SET feed_seq = :seq WHERE feed_seq < :seq")?
        .execute(named_params! { ":seq": integer(seq)? })?;
    Ok(())
}

/// The number of the next series, given once.
pub(crate) fn next_series(connection: &Connection) -> Sql<u64> {
    connection.query_row(
        "UPDATE business SET series_given = series_given + 1 RETURNING series_given",
        [],
        |row| natural(row, "series_given"),
    )
}

/// Whether anything but settings was ever stored: then the file takes no business that a register brings.
pub(crate) fn is_empty(connection: &Connection) -> Sql<bool> {
    connection.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM device) AND NOT EXISTS (SELECT 1 FROM operation)
            AND NOT EXISTS (SELECT 1 FROM entity_row WHERE entity <> 'setting') AS is_empty",
        [],
        |row| row.get("is_empty"),
    )
}
