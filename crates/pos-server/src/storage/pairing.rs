//! Pairing codes, by their hash.

use pos_domain::Hash32;
use rusqlite::{Connection, named_params};

use super::Sql;

/// Wrong codes that an open code survives; the sixth try finds it closed.
pub(crate) const MAX_FAILED_TRIES: u32 = 5;

/// Opens a code. Codes that ended are forgotten, so the table stays small.
pub(crate) fn insert(connection: &Connection, code_hash: Hash32, now_ms: i64, expires_at_ms: i64) -> Sql<()> {
    connection.execute(
        "DELETE FROM pairing_code WHERE expires_at_ms < :now_ms",
        named_params! { ":now_ms": now_ms },
    )?;
    connection.execute(
        "INSERT INTO pairing_code (code_hash, made_at_ms, expires_at_ms, failed_tries)
         VALUES (:code_hash, :now_ms, :expires_at_ms, 0)",
        named_params! { ":code_hash": code_hash.0, ":now_ms": now_ms, ":expires_at_ms": expires_at_ms },
    )?;
    Ok(())
}

/// Uses a code up; `false` when it is wrong, used, expired or tried too often.
pub(crate) fn take(connection: &Connection, code_hash: Hash32, now_ms: i64) -> Sql<bool> {
    let taken = connection.execute(
        "UPDATE pairing_code SET used_at_ms = :now_ms
         WHERE code_hash = :code_hash AND used_at_ms IS NULL AND expires_at_ms > :now_ms
            AND failed_tries < :max_failed_tries",
        named_params! {
            ":code_hash": code_hash.0, ":now_ms": now_ms, ":max_failed_tries": MAX_FAILED_TRIES,
        },
    )?;
    Ok(taken == 1)
}

/// Counts a wrong code against every open one: nobody knows which was meant.
pub(crate) fn count_failure(connection: &Connection) -> Sql<()> {
    connection
        .execute("UPDATE pairing_code SET failed_tries = failed_tries + 1 WHERE used_at_ms IS NULL", [])?;
    Ok(())
}
