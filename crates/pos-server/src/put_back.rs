//! Whether a register's cursor shows that this database was put back from an older copy, and what then.
//!
//! A copy of a file laid in its place, or a database restored without a word, looks to its server like any other start.
//! But each start writes under a name of its own ([`crate::storage::incarnation`]), and each cursor carries the name that
//! the server wrote under last when it gave it. A name that is not known here, or one that wrote less here than the
//! register has read, was written by a server that this database has forgotten. The database then begins another life:
//! every register meets it at its next greeting, sends again what the server lost, and reads everything anew.

use pos_domain::DeviceId;
use pos_protocol::{Cursor, ROW_SCHEMA};
use serde_json::json;

use crate::storage::business::BusinessRow;
use crate::storage::{Sql, Tx, audit, business, incarnation};

/// Lives that a cursor may be ahead of the database: each was one restore that was forgotten by the next. More is no
/// cursor that a server gave.
const MOST_LIVES_AHEAD: u32 = 1_000;

/// Where a cursor stands in this database's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// At this place.
    At(u64),
    /// Nowhere: it is of another server, another life of this one, other rows, or from before deletions that are not
    /// kept any more.
    Nowhere,
    /// In a future that this database has forgotten.
    Forgotten,
}

/// Where `cursor` stands.
pub(crate) fn find_standing(tx: Tx<'_>, cursor: &Cursor, business: &BusinessRow) -> Sql<Standing> {
    if cursor.authority != business.authority {
        return Ok(Standing::Nowhere);
    }
    let lives_ahead = cursor.server_epoch.saturating_sub(business.server_epoch);
    if (1..=MOST_LIVES_AHEAD).contains(&lives_ahead) {
        return Ok(Standing::Forgotten);
    }
    if cursor.server_epoch != business.server_epoch {
        return Ok(Standing::Nowhere);
    }
    match incarnation::find_end(tx, business, cursor.incarnation)? {
        Some(end) if cursor.seq <= end => {}
        Some(_) | None => return Ok(Standing::Forgotten),
    }
    if cursor.schema != ROW_SCHEMA || cursor.seq < business.forgotten_seq {
        return Ok(Standing::Nowhere);
    }
    Ok(Standing::At(cursor.seq))
}

/// Begins another life of the database when `cursor` still shows that it was put back; its number, if it did.
pub(crate) fn begin_life(tx: Tx<'_>, cursor: &Cursor, shown_by: DeviceId, now_ms: i64) -> Sql<Option<u32>> {
    let business = business::get(tx)?;
    if find_standing(tx, cursor, &business)? != Standing::Forgotten {
        return Ok(None);
    }
    // Also above a life that was begun and forgotten: its cursors must not come to fit again.
    let epoch = business.server_epoch.max(cursor.server_epoch).saturating_add(1);
    business::set_server_epoch(tx, epoch)?;
    let detail = json!({
        "from_epoch": business.server_epoch, "epoch": epoch, "feed_seq": business.feed_seq,
        "cursor": cursor.to_string(),
    });
    audit::record(tx, now_ms, "server_put_back", Some(shown_by), None, &detail)?;
    Ok(Some(epoch))
}
