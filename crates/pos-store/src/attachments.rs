//! What of the pictures is still to travel: the queue of attachments, beside that of operations and never before it.
//!
//! A product names its picture by the digest of its bytes, so a name is enough to know that bytes are wanted. The bytes
//! themselves lie in [`crate::attachment_files`]; only the name, the state and the next due time stand in the tables.
//! Decides neither when something travels nor how often it is tried.

use pos_domain::AttachmentHash;
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first};

/// Whether bytes go to the server or come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    Up,
    /// From the server.
    Down,
}

/// Where an attachment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its bytes are here, and nothing of them was sent.
    Local,
    /// Some of its bytes were sent.
    Uploading,
    /// Its bytes are here and on the server.
    Stored,
    /// A product names it; nothing of it is here.
    Wanted,
    /// Some of its bytes are here.
    Fetching,
    /// Given up until a person asks for another try.
    Broken,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Local, Self::Uploading, Self::Stored, Self::Wanted, Self::Fetching, Self::Broken];

    /// The state's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Uploading => "uploading",
            Self::Stored => "stored",
            Self::Wanted => "wanted",
            Self::Fetching => "fetching",
            Self::Broken => "broken",
        }
    }
}

/// One attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub hash: AttachmentHash,
    /// Where it stands.
    pub state: State,
    /// Of the transfer; of the last one when it is stored.
    pub direction: Direction,
    /// Its length in bytes, once somebody has said.
    pub size_bytes: Option<u32>,
    /// How far the transfer has come, in bytes.
    pub offset_bytes: u32,
    /// Tries in a row that brought nothing.
    pub attempts: u32,
    /// When it is tried next, in milliseconds since 1970 UTC; none when nothing is to be done.
    pub next_due_at_ms: Option<i64>,
    /// Code of what went wrong last.
    pub error: Option<String>,
}

/// An attachment that is not where it belongs yet, and a product that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAttachment {
    /// The attachment.
    pub attachment: Attachment,
    /// Name of one product.
    pub product: String,
}

/// How many are not where they belong yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Wait for the server to take them, or are on their way there.
    pub to_send: u64,
    /// Wait to be fetched, or are on their way here.
    pub to_fetch: u64,
    /// Given up until a person asks for another try.
    pub broken: u64,
}

macro_rules! ATTACHMENT {
    () => {
        "a.hash, a.state, a.direction, a.size_bytes, a.offset_bytes, a.attempts, a.next_due_at_ms, a.error"
    };
}

/// Notes bytes that were added here. They travel once a product names them.
///
/// # Errors
/// Those of writing.
pub fn add(tx: &Tx<'_>, hash: AttachmentHash, size_bytes: u32, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO attachment (hash, state, direction, size_bytes, offset_bytes, urgent, attempts, next_due_at_ms,
             error, changed_at_ms)
         VALUES (:hash, 'local', 'up', :size, 0, 1, 0, NULL, NULL, :now)
         ON CONFLICT (hash) DO UPDATE SET state = 'local', direction = 'up', size_bytes = :size, offset_bytes = 0,
             urgent = 1, attempts = 0, next_due_at_ms = NULL, error = NULL, changed_at_ms = :now
         WHERE state <> 'stored'",
    )?
    .execute(named_params! { ":hash": hash.0.0, ":size": size_bytes, ":now": now_ms })?;
    if is_named(tx, hash)? { set_out(tx, hash) } else { Ok(()) }
}

/// What rests sets out.
fn set_out(tx: &Tx<'_>, hash: AttachmentHash) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET next_due_at_ms = 0
         WHERE hash = :hash AND next_due_at_ms IS NULL AND state NOT IN ('stored', 'broken')",
    )?
    .execute(named_params! { ":hash": hash.0.0 })?;
    Ok(())
}

/// A product names it: from now on its bytes are wanted where they are not. The server may have thrown away what no
/// product named for long, so whoever has the bytes offers them.
pub(crate) fn named(tx: &Tx<'_>, hash: AttachmentHash, urgent: bool) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT OR IGNORE INTO attachment (hash, state, direction, size_bytes, offset_bytes, urgent, attempts,
             next_due_at_ms, error, changed_at_ms)
         VALUES (:hash, 'wanted', 'down', NULL, 0, :urgent, 0, 0, NULL, 0)",
    )?
    .execute(named_params! { ":hash": hash.0.0, ":urgent": urgent })?;
    set_out(tx, hash)?;
    tx.prepare_cached(
        "UPDATE attachment SET state = 'local', direction = 'up', offset_bytes = 0, next_due_at_ms = 0
         WHERE hash = :hash AND state = 'stored'",
    )?
    .execute(named_params! { ":hash": hash.0.0 })?;
    Ok(())
}

/// The server lost what it had: everything that is here is offered again.
///
/// # Errors
/// Those of writing.
pub fn offer_again(tx: &Tx<'_>) -> Result<usize, StoreError> {
    Ok(tx.execute(
        "UPDATE attachment SET state = 'local', direction = 'up', offset_bytes = 0, next_due_at_ms = 0
         WHERE state = 'stored'",
        [],
    )?)
}

/// One attachment.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, hash: AttachmentHash) -> Result<Option<Attachment>, StoreError> {
    let mut statement =
        conn.prepare_cached(concat!("SELECT ", ATTACHMENT!(), " FROM attachment AS a WHERE a.hash = :hash"))?;
    first(statement.query(named_params! { ":hash": hash.0.0 })?, "attachment", read)
}

/// Whether a product that exists names it.
///
/// # Errors
/// Those of reading.
pub fn is_named(conn: &Conn, hash: AttachmentHash) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM product WHERE picture = :name AND deleted = 0) AS named",
    )?;
    let named =
        first(statement.query(named_params! { ":name": hash.to_string() })?, "product", |c| c.get("named"))?;
    Ok(named.unwrap_or(false))
}

/// What is to travel next: what was begun goes on, what is urgent goes first.
///
/// # Errors
/// Those of reading.
pub fn find_due(conn: &Conn, now_ms: i64) -> Result<Option<Attachment>, StoreError> {
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        ATTACHMENT!(),
        " FROM attachment AS a WHERE a.urgent = :urgent AND a.next_due_at_ms <= :now
         ORDER BY a.next_due_at_ms, a.hash LIMIT 1"
    ))?;
    for urgent in [true, false] {
        let rows = statement.query(named_params! { ":urgent": urgent, ":now": now_ms })?;
        if let Some(found) = first(rows, "attachment", read)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// When the next one is due, in milliseconds since 1970 UTC.
///
/// # Errors
/// Those of reading.
pub fn next_due_ms(conn: &Conn) -> Result<Option<i64>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT min(next_due_at_ms) AS due FROM attachment WHERE urgent = :urgent AND next_due_at_ms IS NOT NULL",
    )?;
    let mut next: Option<i64> = None;
    for urgent in [true, false] {
        let rows = statement.query(named_params! { ":urgent": urgent })?;
        let due: Option<i64> = first(rows, "attachment", |c| c.get("due"))?.flatten();
        next = [next, due].into_iter().flatten().min();
    }
    Ok(next)
}

/// The transfer has come so far; it goes on at once.
///
/// # Errors
/// Those of writing.
pub fn moved(
    tx: &Tx<'_>,
    hash: AttachmentHash,
    offset_bytes: u32,
    size_bytes: u32,
    now_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET state = iif(direction = 'up', 'uploading', 'fetching'), offset_bytes = :offset,
             size_bytes = :size, changed_at_ms = :now
         WHERE hash = :hash AND state IN ('local', 'uploading', 'wanted', 'fetching')",
    )?
    .execute(named_params! {
        ":hash": hash.0.0, ":offset": offset_bytes, ":size": size_bytes, ":now": now_ms,
    })?;
    Ok(())
}

/// A try brought nothing; the next one is due then. `offset_bytes` is where it goes on.
///
/// # Errors
/// Those of writing.
pub fn put_off(
    tx: &Tx<'_>,
    hash: AttachmentHash,
    offset_bytes: u32,
    error: &str,
    due_at_ms: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET attempts = attempts + 1, offset_bytes = :offset, error = :error, next_due_at_ms = :due
         WHERE hash = :hash AND state IN ('local', 'uploading', 'wanted', 'fetching')",
    )?
    .execute(named_params! {
        ":hash": hash.0.0, ":offset": offset_bytes, ":error": error, ":due": due_at_ms,
    })?;
    Ok(())
}

/// Nothing is to be done until a product names it again.
///
/// # Errors
/// Those of writing.
pub fn rest(tx: &Tx<'_>, hash: AttachmentHash) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE attachment SET next_due_at_ms = NULL WHERE hash = :hash")?
        .execute(named_params! { ":hash": hash.0.0 })?;
    Ok(())
}

/// Its bytes are here and on the server.
///
/// # Errors
/// Those of writing.
pub fn stored(tx: &Tx<'_>, hash: AttachmentHash, size_bytes: u32, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET state = 'stored', size_bytes = :size, offset_bytes = :size, attempts = 0, error = NULL,
             next_due_at_ms = NULL, changed_at_ms = :now WHERE hash = :hash",
    )?
    .execute(named_params! { ":hash": hash.0.0, ":size": size_bytes, ":now": now_ms })?;
    Ok(())
}

/// Its bytes are not here any more: the server may have them.
///
/// # Errors
/// Those of writing.
pub fn lost(tx: &Tx<'_>, hash: AttachmentHash, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET state = 'wanted', direction = 'down', offset_bytes = 0, attempts = 0,
             error = 'lost', next_due_at_ms = 0, changed_at_ms = :now
         WHERE hash = :hash AND state NOT IN ('wanted', 'fetching')",
    )?
    .execute(named_params! { ":hash": hash.0.0, ":now": now_ms })?;
    Ok(())
}

/// Given up until a person asks for another try.
///
/// # Errors
/// Those of writing.
pub fn broken(tx: &Tx<'_>, hash: AttachmentHash, error: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE attachment SET state = 'broken', attempts = attempts + 1, error = :error, next_due_at_ms = NULL,
             changed_at_ms = :now WHERE hash = :hash AND state <> 'stored'",
    )?
    .execute(named_params! { ":hash": hash.0.0, ":error": error, ":now": now_ms })?;
    Ok(())
}

/// Makes everything that waits due at once, and what was given up due again; how many.
///
/// # Errors
/// Those of writing.
pub fn retry_all(tx: &Tx<'_>, now_ms: i64) -> Result<usize, StoreError> {
    let again = tx
        .prepare_cached(
            "UPDATE attachment SET state = iif(direction = 'up', 'local', 'wanted'), offset_bytes = 0, attempts = 0,
                 next_due_at_ms = :now WHERE state = 'broken'",
        )?
        .execute(named_params! { ":now": now_ms })?;
    let sooner = tx
        .prepare_cached(
            "UPDATE attachment SET next_due_at_ms = :now
             WHERE next_due_at_ms > :now AND state IN ('local', 'uploading', 'wanted', 'fetching')",
        )?
        .execute(named_params! { ":now": now_ms })?;
    Ok(again.saturating_add(sooner))
}

/// How many are not where they belong yet. What no product names does not count.
///
/// # Errors
/// Those of reading.
pub fn counts(conn: &Conn) -> Result<Counts, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT count(*) FILTER (WHERE state <> 'broken' AND direction = 'up') AS up,
             count(*) FILTER (WHERE state <> 'broken' AND direction = 'down') AS down,
             count(*) FILTER (WHERE state = 'broken') AS broken
         FROM attachment WHERE state <> 'stored' AND (state = 'broken' OR next_due_at_ms IS NOT NULL)",
    )?;
    let counts = first(statement.query([])?, "attachment", |c| {
        Ok(Counts { to_send: c.count("up")?, to_fetch: c.count("down")?, broken: c.count("broken")? })
    })?;
    Ok(counts.unwrap_or_default())
}

/// What is not where it belongs yet: what was given up first, then what failed, then what waits.
///
/// # Errors
/// Those of reading.
pub fn list_open(conn: &Conn, limit: u32) -> Result<Vec<OpenAttachment>, StoreError> {
    let mut statement = conn.prepare_cached(concat!(
        "SELECT ",
        ATTACHMENT!(),
        ", (SELECT p.name FROM product AS p WHERE p.picture = lower(hex(a.hash)) AND p.deleted = 0 LIMIT 1) AS product
         FROM attachment AS a WHERE a.state <> 'stored' AND (a.state = 'broken' OR a.next_due_at_ms IS NOT NULL)
         ORDER BY a.state <> 'broken', a.error IS NULL, a.hash LIMIT :limit"
    ))?;
    all(statement.query(named_params! { ":limit": limit })?, "attachment", |c| {
        let product: Option<String> = c.get("product")?;
        Ok(OpenAttachment { attachment: read(c)?, product: product.unwrap_or_default() })
    })
}

/// Whether [`forget_unnamed`] would forget any.
///
/// # Errors
/// Those of reading.
pub fn has_unnamed(conn: &Conn, before_ms: i64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM attachment AS a WHERE a.changed_at_ms < :before
             AND NOT EXISTS (SELECT 1 FROM product AS p WHERE p.picture = lower(hex(a.hash)) AND p.deleted = 0))
         AS unnamed",
    )?;
    let found =
        first(statement.query(named_params! { ":before": before_ms })?, "attachment", |c| c.get("unnamed"))?;
    Ok(found.unwrap_or(false))
}

/// Forgets attachments that no product names and that did not change since; their names, at most `limit`. Their bytes
/// may go once this is committed.
///
/// # Errors
/// Those of writing.
pub fn forget_unnamed(tx: &Tx<'_>, before_ms: i64, limit: u32) -> Result<Vec<AttachmentHash>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT a.hash FROM attachment AS a WHERE a.changed_at_ms < :before
             AND NOT EXISTS (SELECT 1 FROM product AS p WHERE p.picture = lower(hex(a.hash)) AND p.deleted = 0)
         LIMIT :limit",
    )?;
    let rows = statement.query(named_params! { ":before": before_ms, ":limit": limit })?;
    let unnamed = all(rows, "attachment", |c| Ok(AttachmentHash(c.hash("hash")?)))?;
    let mut forget = tx.prepare_cached("DELETE FROM attachment WHERE hash = :hash")?;
    for hash in &unnamed {
        forget.execute(named_params! { ":hash": hash.0.0 })?;
    }
    Ok(unnamed)
}

fn read(c: &Columns<'_, '_>) -> Result<Attachment, StoreError> {
    let state: String = c.get("state")?;
    let direction: String = c.get("direction")?;
    Ok(Attachment {
        hash: AttachmentHash(c.hash("hash")?),
        state: State::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| StoreError::unreadable("attachment.state", state))?,
        direction: if direction == "up" { Direction::Up } else { Direction::Down },
        size_bytes: c.opt_count("size_bytes")?,
        offset_bytes: c.count("offset_bytes")?,
        attempts: c.count("attempts")?,
        next_due_at_ms: c.get("next_due_at_ms")?,
        error: c.get("error")?,
    })
}
