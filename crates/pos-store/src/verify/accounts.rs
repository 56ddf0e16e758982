//! Customers' accounts: what a document says that a customer owes, and the entry that it made.

use pos_domain::body::EntityKind;
use pos_domain::{CustomerId, DocumentId, DocumentKind, Money};
use serde_json::json;

use super::Findings;
use crate::sql::Conn;
use crate::{StoreError, accounts, mappings};

/// The entry of a final document is there, with the customer's id of now, the amount and the kind; or there is none when
/// the document leaves accounts alone.
pub(super) fn check(
    conn: &Conn,
    (document_id, kind): (DocumentId, DocumentKind),
    effect: Option<(CustomerId, Money)>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let wanted = match effect {
        None => None,
        Some((customer, amount)) => {
            let customer = mappings::resolve(conn, EntityKind::Customer, customer.0)?.into();
            Some((customer, amount, kind))
        }
    };
    let found = accounts::find(conn, document_id)?.map(|e| (e.row.customer_id, e.row.amount, e.row.kind));
    if found != wanted {
        let amount = |entry: Option<(CustomerId, Money, DocumentKind)>| entry.map(|(_, amount, _)| amount);
        let params = json!({ "table": "account_entry", "expected": amount(wanted), "found": amount(found) });
        findings.add("account.differs", Some(document_id.0), params);
    }
    Ok(())
}
