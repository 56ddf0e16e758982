//! Pairing codes, by their hash.

use pos_domain::Hash32;

use super::{Sql, Tx};

/// Wrong codes that an open code survives; the sixth try finds it closed.
pub(crate) const MAX_FAILED_TRIES: u32 = 5;

/// Opens a code. Codes that ended are forgotten, so the table stays small.
pub(crate) fn insert(tx: Tx<'_>, code_hash: Hash32, now_ms: i64, expires_at_ms: i64) -> Sql<()> {
    tx.write("DELETE FROM pairing_code WHERE expires_at_ms < :now_ms", &[(":now_ms", now_ms.into())])?;
    tx.write(
        "INSERT INTO pairing_code (code_hash, made_at_ms, expires_at_ms, failed_tries)
         VALUES (:code_hash, :now_ms, :expires_at_ms, 0)",
        &[
            (":code_hash", (&code_hash.0).into()),
            (":now_ms", now_ms.into()),
            (":expires_at_ms", expires_at_ms.into()),
        ],
    )
}

/// Uses a code up; `false` when it is wrong, used, expired or tried too often.
pub(crate) fn take(tx: Tx<'_>, code_hash: Hash32, now_ms: i64) -> Sql<bool> {
    let taken = tx.execute(
        "UPDATE pairing_code SET used_at_ms = :now_ms
         WHERE code_hash = :code_hash AND used_at_ms IS NULL AND expires_at_ms > :now_ms
            AND failed_tries < :max_failed_tries",
        &[
            (":code_hash", (&code_hash.0).into()),
            (":now_ms", now_ms.into()),
            (":max_failed_tries", MAX_FAILED_TRIES.into()),
        ],
    )?;
    Ok(taken == 1)
}

/// Counts a wrong code against every open one: nobody knows which was meant.
pub(crate) fn count_failure(tx: Tx<'_>) -> Sql<()> {
    tx.write("UPDATE pairing_code SET failed_tries = failed_tries + 1 WHERE used_at_ms IS NULL", &[])
}
