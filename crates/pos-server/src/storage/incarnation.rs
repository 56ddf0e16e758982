//! Which start of a server wrote which part of the feed.
//!
//! An incarnation is named at random, so no two histories of a database share one that began after they parted: that is
//! how a database that was put back from an older copy is told apart from what it was.

use uuid::Uuid;

use super::business::BusinessRow;
use super::{Sql, Tx, integer, natural};

/// Notes that the changes of this transaction, and those behind it, are written in the business's own incarnation.
/// Nothing happens when it was noted before: two servers on one database take turns.
pub(crate) fn begin(tx: Tx<'_>, business: &BusinessRow, now_ms: i64) -> Sql<()> {
    tx.write(
        "INSERT INTO incarnation (began_seq, incarnation, began_at_ms) VALUES (:began_seq, :incarnation, :now)
         ON CONFLICT DO NOTHING",
        &[
            (":began_seq", integer(business.feed_seq)?.into()),
            (":incarnation", business.writes_as.as_bytes().into()),
            (":now", now_ms.into()),
        ],
    )
}

/// The last seq that was written before another incarnation began; `None` for one that this database never had. The
/// feed's last seq for the newest.
pub(crate) fn find_end(tx: Tx<'_>, business: &BusinessRow, incarnation: Uuid) -> Sql<Option<u64>> {
    if incarnation == business.incarnation {
        return Ok(Some(business.feed_seq));
    }
    let began = if incarnation.is_nil() {
        // Before the first: up to where that one began.
        Some(-1)
    } else {
        tx.find(
            "SELECT began_seq FROM incarnation WHERE incarnation = :incarnation",
            &[(":incarnation", incarnation.as_bytes().into())],
            |row| row.get::<i64>("began_seq"),
        )?
    };
    let Some(began) = began else { return Ok(None) };
    let next = "SELECT began_seq FROM incarnation WHERE began_seq > :began ORDER BY began_seq LIMIT 1";
    tx.find(next, &[(":began", began.into())], |row| natural(row, "began_seq"))
}
