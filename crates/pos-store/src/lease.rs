//! The right to drain the queue: one holder at a time, across processes.

use rusqlite::named_params;

use crate::StoreError;
use crate::queue::MAX_WAIT_MS;
use crate::sql::{Conn, Tx, first, int};

/// A held lease. Its generation rises with each change of holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who: unique per process, such as a process id with its start time.
    pub holder: String,
    /// Until when unless renewed, in milliseconds since 1970 UTC.
    pub expires_at_ms: i64,
    /// Fences a holder that lost it.
    pub generation: u64,
}

/// Takes or renews the lease; `None` while another holds it.
///
/// # Errors
/// Those of writing.
pub fn acquire(
    tx: &Tx<'_>,
    holder: &str,
    now_ms: i64,
    expires_at_ms: i64,
) -> Result<Option<Lease>, StoreError> {
    #[cfg(feature = "planted")]
    let holder = if pos_planted::is(pos_planted::Bug::LeaseIsForAll) { "anybody" } else { holder };
    let mut statement = tx.prepare_cached(
        "INSERT INTO sync_lease (id, holder, expires_at_ms, generation) VALUES (1, :holder, :expires, 1)
         ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, expires_at_ms = excluded.expires_at_ms,
             generation = generation + (holder <> excluded.holder)
         WHERE holder = excluded.holder OR expires_at_ms <= :now OR expires_at_ms > :now + :wrong
         RETURNING generation",
    )?;
    let rows = statement.query(named_params! {
        ":holder": holder, ":expires": expires_at_ms, ":now": now_ms, ":wrong": MAX_WAIT_MS,
    })?;
    first(rows, "sync_lease", |c| {
        Ok(Lease { holder: holder.to_owned(), expires_at_ms, generation: c.count("generation")? })
    })
}

/// Whether the lease is still the holder's.
///
/// # Errors
/// Those of reading.
pub fn is_held(conn: &Conn, lease: &Lease, now_ms: i64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT 1 FROM sync_lease WHERE holder = :holder AND generation = :generation AND expires_at_ms > :now",
    )?;
    Ok(statement.exists(named_params! {
        ":holder": lease.holder, ":generation": int("sync_lease.generation", lease.generation)?, ":now": now_ms,
    })?)
}

/// Gives the lease back, if it is still the holder's.
///
/// # Errors
/// Those of writing.
pub fn release(tx: &Tx<'_>, lease: &Lease) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE sync_lease SET expires_at_ms = 0 WHERE holder = :holder AND generation = :generation",
    )?
    .execute(named_params! {
        ":holder": lease.holder, ":generation": int("sync_lease.generation", lease.generation)?,
    })?;
    Ok(())
}
