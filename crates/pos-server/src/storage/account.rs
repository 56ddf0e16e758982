//! What documents did to customers' accounts. A balance is the sum of a customer's postings; none is ever changed.

use pos_domain::{CustomerId, DocumentId, Money, OpId};

use super::{Sql, Tx, id, seal, unreadable};

/// One posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) document_id: DocumentId,
    pub(crate) customer_id: CustomerId,
    /// Added to what the customer owes.
    pub(crate) amount: Money,
}

/// Appends a posting; `ordinal` counts the postings of one operation from 0.
pub(crate) fn append(tx: Tx<'_>, op_id: OpId, ordinal: u32, posting: &Posting, at_ms: i64) -> Sql<()> {
    tx.write_sealed(
        "INSERT INTO account_posting (op_id, ordinal, document_id, customer_id, amount_minor, at_ms, seal)
         VALUES (:op_id, :ordinal, :document_id, :customer_id, :amount_minor, :at_ms, :seal)",
        seal::POSTING,
        &[
            (":op_id", op_id.as_bytes().into()),
            (":ordinal", ordinal.into()),
            (":document_id", posting.document_id.as_bytes().into()),
            (":customer_id", posting.customer_id.as_bytes().into()),
            (":amount_minor", posting.amount.minor().into()),
            (":at_ms", at_ms.into()),
        ],
    )
}

/// The postings of an operation, in order.
pub(crate) fn list(tx: Tx<'_>, op_id: OpId) -> Sql<Vec<Posting>> {
    tx.list(
        "SELECT document_id, customer_id, amount_minor FROM account_posting WHERE op_id = :op_id ORDER BY ordinal",
        &[(":op_id", op_id.as_bytes().into())],
        |row| {
            Ok(Posting {
                document_id: DocumentId(id(row, "document_id")?),
                customer_id: CustomerId(id(row, "customer_id")?),
                amount: Money::from_minor(row.get("amount_minor")?).map_err(unreadable)?,
            })
        },
    )
}

/// What a customer owes; below zero the shop owes the customer.
pub(crate) fn balance(tx: Tx<'_>, customer_id: CustomerId) -> Sql<Money> {
    tx.get(
        "SELECT CAST(coalesce(sum(amount_minor), 0) AS BIGINT) AS balance FROM account_posting
         WHERE customer_id = :customer_id",
        &[(":customer_id", customer_id.as_bytes().into())],
        |row| Money::from_minor(row.get("balance")?).map_err(unreadable),
    )
}

/// Documents that name a customer by this very id, whatever it means.
pub(crate) fn list_documents(tx: Tx<'_>, named: CustomerId) -> Sql<Vec<DocumentId>> {
    tx.list(
        "SELECT sale_id AS document_id FROM sale WHERE customer_id = :named
         UNION ALL SELECT document_id FROM till_document WHERE customer_id = :named ORDER BY 1",
        &[(":named", named.as_bytes().into())],
        |row| id(row, "document_id").map(DocumentId),
    )
}

/// Whether any document, or anything that happened to a number, names a customer, under this id or one that means it.
pub(crate) fn has_history(tx: Tx<'_>, customer_id: CustomerId) -> Sql<bool> {
    tx.get(
        include_str!("account_has_history.sql"),
        &[(":customer_id", customer_id.as_bytes().into())],
        |row| row.get("found"),
    )
}
