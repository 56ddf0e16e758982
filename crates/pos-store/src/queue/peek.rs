//! Bodies of operations that wait, for a look without claiming: a dry run checks them.

use pos_domain::{Hash32, OpId};
use rusqlite::named_params;

use super::BODY;
use crate::StoreError;
use crate::sql::{Conn, all, int};

/// An operation that waits, with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingBody {
    /// Identity.
    pub op_id: OpId,
    /// Life of the file in which it was numbered.
    pub epoch: u32,
    /// Place in this register's order.
    pub seq: u64,
    /// Kind of command.
    pub kind: String,
    /// Version of the kind.
    pub kind_version: u16,
    /// The body, byte for byte.
    pub body: String,
    /// BLAKE3 of the body.
    pub body_hash: Hash32,
}

/// A page of the operations that wait for their turn, in this register's order, after the given (epoch, seq).
///
/// # Errors
/// Those of reading.
pub fn peek(conn: &Conn, after: Option<(u32, u64)>, limit: u32) -> Result<Vec<WaitingBody>, StoreError> {
    let (epoch, seq) = after.unwrap_or((0, 0));
    let mut statement = conn.prepare_cached(concat!(
        "SELECT q.op_id, q.epoch, q.seq, q.kind, q.kind_version, q.body_hash, ",
        BODY!(),
        " AS body FROM sync_queue AS q
         WHERE (q.epoch, q.seq) > (:epoch, :seq) AND q.state = 'pending' ORDER BY q.epoch, q.seq LIMIT :limit"
    ))?;
    let rows = statement.query(named_params! {
        ":epoch": epoch, ":seq": int("sync_queue.seq", seq)?, ":limit": limit,
    })?;
    all(rows, "sync_queue", |c| {
        Ok(WaitingBody {
            op_id: c.id("op_id")?,
            epoch: c.count("epoch")?,
            seq: c.count("seq")?,
            kind: c.get("kind")?,
            kind_version: c.count("kind_version")?,
            body: c.get("body")?,
            body_hash: c.hash("body_hash")?,
        })
    })
}
