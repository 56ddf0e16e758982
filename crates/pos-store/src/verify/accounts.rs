//! Customers' accounts: what a document says that a customer owes, and the entry that it made.

use pos_domain::account::AccountEntry;
use pos_domain::body::EntityKind;
use pos_domain::{CustomerId, DocumentId};
use serde_json::json;

use super::Findings;
use crate::sql::Conn;
use crate::{StoreError, accounts, mappings};

/// The entry of a final document is there as the document `told` it, with the customer's id of now; or there is none when
/// the document leaves accounts alone.
pub(super) fn check(
    conn: &Conn,
    document_id: DocumentId,
    told: Option<AccountEntry>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let found = accounts::find(conn, document_id)?.map(|entry| entry.row);
    let mut wanted = told;
    if let Some(wanted) = &mut wanted {
        wanted.customer_id = CustomerId(mappings::resolve(conn, EntityKind::Customer, wanted.customer_id.0)?);
        // A server that heard of the document before its number shows none for a while.
        if found.as_ref().is_some_and(|found| found.number.is_none()) {
            wanted.number = None;
        }
    }
    if found != wanted {
        let amount = |entry: &Option<AccountEntry>| entry.as_ref().map(|entry| entry.amount);
        let params =
            json!({ "table": "account_entry", "expected": amount(&wanted), "found": amount(&found) });
        findings.add("account.differs", Some(document_id.0), params);
    }
    Ok(())
}
