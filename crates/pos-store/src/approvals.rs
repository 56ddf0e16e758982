//! One person's yes to what another does: given, used once, never changed.

use pos_domain::{Approval, ApprovalId, CashierId, LineId, Permission};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first};

/// A yes as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// To what, by whom.
    pub approval: Approval,
    /// The cart, the document that is taken back, or the request for which it was given.
    pub subject: Uuid,
    /// For whom.
    pub asked_by: CashierId,
    /// Something was done with it.
    pub used: bool,
}

/// Keeps a yes.
///
/// # Errors
/// Those of writing.
pub fn record(tx: &Tx<'_>, given: &Given) -> Result<(), StoreError> {
    let approval = &given.approval;
    tx.prepare_cached(
        "INSERT INTO approval (approval_id, permission, subject, line_id, amount_minor, by_id, by_name, asked_by,
             given_at_ms, used_at_ms)
         VALUES (:id, :permission, :subject, :line, :amount, :by, :by_name, :asked_by, :at, :used)",
    )?
    .execute(named_params! {
        ":id": approval.approval_id.as_bytes(),
        ":permission": approval.permission.as_str(),
        ":subject": given.subject.into_bytes(),
        ":line": approval.line_id.map(|id: LineId| id.0.into_bytes()),
        ":amount": approval.amount.map(pos_domain::Money::minor),
        ":by": approval.by.as_bytes(),
        ":by_name": approval.by_name,
        ":asked_by": given.asked_by.as_bytes(),
        ":at": approval.at_ms,
        ":used": given.used.then_some(approval.at_ms),
    })?;
    Ok(())
}

/// One of them.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: ApprovalId) -> Result<Option<Given>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT approval_id, permission, subject, line_id, amount_minor, by_id, by_name, asked_by, given_at_ms,
             used_at_ms
         FROM approval WHERE approval_id = :id",
    )?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "approval", read)
}

/// All that were given for one cart, document or request, the earliest first.
///
/// # Errors
/// Those of reading.
pub fn list_of(conn: &Conn, subject: Uuid) -> Result<Vec<Given>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT approval_id, permission, subject, line_id, amount_minor, by_id, by_name, asked_by, given_at_ms,
             used_at_ms
         FROM approval WHERE subject = :subject ORDER BY approval_id",
    )?;
    all(statement.query(named_params! { ":subject": subject.into_bytes() })?, "approval", read)
}

/// Notes that something is done with it, in the transaction that does it. `false` when that was so already.
///
/// # Errors
/// Those of writing.
pub fn mark_used(tx: &Tx<'_>, id: ApprovalId, now_ms: i64) -> Result<bool, StoreError> {
    let changed = tx
        .prepare_cached(
            "UPDATE approval SET used_at_ms = :now WHERE approval_id = :id AND used_at_ms IS NULL",
        )?
        .execute(named_params! { ":id": id.as_bytes(), ":now": now_ms })?;
    Ok(changed > 0)
}

fn read(c: &Columns<'_, '_>) -> Result<Given, StoreError> {
    let approval_id = c.id("approval_id")?;
    let permission: Permission = c.word("permission")?;
    let subject = c.id("subject")?;
    let approval = Approval {
        approval_id,
        permission,
        line_id: c.opt_id("line_id")?,
        amount: c.opt_money("amount_minor")?,
        by: c.id("by_id")?,
        by_name: c.get("by_name")?,
        at_ms: c.get("given_at_ms")?,
    };
    let used: Option<i64> = c.get("used_at_ms")?;
    Ok(Given { approval, subject, asked_by: c.id("asked_by")?, used: used.is_some() })
}
