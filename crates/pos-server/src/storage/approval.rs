//! Which operation a person's yes was for.

use pos_domain::{ApprovalId, OpId};

use super::{Sql, Tx, id};

/// The operation that a yes was used for, if it was.
pub(crate) fn find_use(tx: Tx<'_>, approval_id: ApprovalId) -> Sql<Option<OpId>> {
    tx.find(
        "SELECT op_id FROM approval WHERE approval_id = :approval_id",
        &[(":approval_id", approval_id.as_bytes().into())],
        |row| id(row, "op_id").map(OpId),
    )
}

/// Notes what a yes was used for; the first use stays.
pub(crate) fn record(tx: Tx<'_>, approval_id: ApprovalId, op_id: OpId) -> Sql<()> {
    tx.write(
        "INSERT INTO approval (approval_id, op_id) VALUES (:approval_id, :op_id) ON CONFLICT DO NOTHING",
        &[(":approval_id", approval_id.as_bytes().into()), (":op_id", op_id.as_bytes().into())],
    )
}
