//! Accounts: what documents did is posted, what is posted is shown, and both say the same.

use pos_domain::account::AccountEntry;
use pos_domain::chain::printed_number;
use pos_domain::{DocumentId, OperationBody};

use super::{Faults, each_row};
use crate::storage::{Row, Sql, Tx, id, json, optional_id};

/// What each document left in each account, with the entry that registers see.
const POSTED: &str = "
    SELECT document_id, customer_id, CAST(sum(amount_minor) AS BIGINT) AS total, deleted, fields
    FROM account_posting
    LEFT JOIN entity_row ON entity_row.entity = 'account_entry' AND entity_row.id = account_posting.document_id
    GROUP BY document_id, customer_id, deleted, fields HAVING sum(amount_minor) <> 0
    ORDER BY document_id, customer_id";

/// Entries of which nothing is posted.
const SHOWN: &str = "
    SELECT id FROM entity_row WHERE entity = 'account_entry' AND NOT deleted AND NOT EXISTS (
        SELECT 1 FROM account_posting WHERE account_posting.document_id = entity_row.id
    )";

/// Documents that count and touch an account, with their entry and their number.
const DOCUMENTS: &str = "
    SELECT documents.document_id, operation.kind AS op_kind, kind_version, body, fields, server_id, series, number
    FROM (
        SELECT sale_id AS document_id, op_id, customer_id FROM sale
        WHERE state = 'applied' AND numbered_rows > 0 AND customer_id IS NOT NULL
        UNION ALL
        SELECT document_id, op_id, customer_id FROM till_document
        WHERE state = 'applied' AND customer_id IS NOT NULL
    ) AS documents
    JOIN operation ON operation.op_id = documents.op_id
    LEFT JOIN entity_row ON entity_row.entity = 'account_entry' AND entity_row.id = documents.document_id
        AND NOT entity_row.deleted
    LEFT JOIN id_alias ON id_alias.entity = 'customer' AND id_alias.local_id = documents.customer_id
    LEFT JOIN chain_record ON chain_record.document_id = documents.document_id
    ORDER BY documents.document_id";

pub(super) fn check(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    each_row(tx, POSTED, faults, "account_posting", |row, faults| {
        let document_id = id(row, "document_id")?;
        if !is_shown(row)? {
            let detail =
                format!("document {document_id}: what it posted is not what its account_entry shows");
            faults.add("account", detail);
        }
        Ok(())
    })?;
    each_row(tx, SHOWN, faults, "entity_row", |row, faults| {
        faults.add("account", format!("account_entry {}: nothing is posted for it", id(row, "id")?));
        Ok(())
    })?;
    each_row(tx, DOCUMENTS, faults, "operation", |row, faults| {
        let document_id = DocumentId(id(row, "document_id")?);
        if !is_told(row)? {
            faults.add("account", format!("document {document_id}: its account_entry tells something else"));
        }
        Ok(())
    })
}

fn is_shown(row: Row<'_>) -> Sql<bool> {
    if row.get::<Option<bool>>("deleted")? != Some(false) {
        return Ok(false);
    }
    let entry: AccountEntry = json(row, "fields")?;
    Ok(entry.document_id.0 == id(row, "document_id")?
        && entry.customer_id.0 == id(row, "customer_id")?
        && entry.amount.minor() == row.get::<i64>("total")?)
}

/// Whether the entry is the one that the document makes, for the customer whom its id means.
fn is_told(row: Row<'_>) -> Sql<bool> {
    let number = match row.get::<Option<String>>("series")? {
        Some(series) => Some(printed_number(&series, row.get("number")?)),
        None => None,
    };
    let body = OperationBody::decode(row.get("op_kind")?, row.get("kind_version")?, row.get("body")?);
    let made = match body {
        Ok(OperationBody::SaleComplete(document)) => document.account_entry(number).unwrap_or(None),
        Ok(OperationBody::TillRecord(document)) => document.account_entry(number),
        Ok(_) | Err(_) => return Ok(false),
    };
    let made = match (made, optional_id(row, "server_id")?) {
        (Some(entry), Some(customer)) => Some(AccountEntry { customer_id: customer.into(), ..entry }),
        (made, _) => made,
    };
    let shown = match row.get::<Option<&str>>("fields")? {
        Some(_) => Some(json::<AccountEntry>(row, "fields")?),
        None => None,
    };
    Ok(made == shown)
}
