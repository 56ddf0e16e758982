//! The queue page by page with everything that a person needs elsewhere: for an export.

use pos_domain::OpId;
use rusqlite::named_params;

use super::decide::list_dependencies;
use super::view::{COLUMNS, read};
use super::{BODY, OpState, QueueRow};
use crate::StoreError;
use crate::sql::{Conn, all, int};

/// An operation with its body and its dependencies.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeOperation {
    /// The operation.
    pub row: QueueRow,
    /// The body, byte for byte; `None` once trimmed.
    pub body: Option<String>,
    /// What it depends on.
    pub depends_on: Vec<OpId>,
}

/// A page of the operations in one state, in this register's order, after the given (epoch, seq).
///
/// # Errors
/// Those of reading.
pub fn list_whole(
    conn: &Conn,
    state: OpState,
    after: Option<(u32, u64)>,
    limit: u32,
) -> Result<Vec<WholeOperation>, StoreError> {
    let (epoch, seq) = after.unwrap_or((0, 0));
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {BODY} AS body FROM sync_queue AS q WHERE state = :state AND (epoch, seq) > (:epoch, :seq)
         ORDER BY epoch, seq LIMIT :limit",
        BODY = BODY!(),
    ))?;
    let rows = statement.query(named_params! {
        ":state": state.as_str(), ":epoch": epoch, ":seq": int("sync_queue.seq", seq)?, ":limit": limit,
    })?;
    let mut found = all(rows, "sync_queue", |c| {
        Ok(WholeOperation { row: read(c)?, body: c.get("body")?, depends_on: Vec::new() })
    })?;
    for whole in &mut found {
        whole.depends_on = list_dependencies(conn, whole.row.head.op_id)?;
    }
    Ok(found)
}
