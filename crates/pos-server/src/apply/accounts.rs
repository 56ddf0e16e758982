//! What documents do to customers' accounts.
//!
//! Each is posted once, under the customer that the document's id means; a balance is the sum of the postings. Registers
//! see an entry per document. What is taken back, or follows an id to another customer, is posted the other way round.

use pos_domain::account::{AccountEntry, within_limit};
use pos_domain::authority::Need;
use pos_domain::body::EntityKind;
use pos_domain::{Customer, CustomerId, DocumentId, Money, Permission, SaleDocument, TenderKind};
use uuid::Uuid;

use super::{ApplyError, Cause, invalid, shown};
use crate::batch::{Batch, Origin};
use crate::storage::account::{self, Posting};
use crate::storage::{Sql, entity};

/// Posts what a document did, and shows its entry.
pub(super) fn post(batch: &mut Batch<'_>, cause: &Cause<'_>, entry: AccountEntry) -> Result<(), ApplyError> {
    let customer_id = CustomerId(batch.resolve(EntityKind::Customer, entry.customer_id.0)?);
    let entry = AccountEntry { customer_id, ..entry };
    let posting = Posting { document_id: entry.document_id, customer_id, amount: entry.amount };
    let ordinal = u32::try_from(account::list(batch.tx, cause.op_id)?.len()).unwrap_or(u32::MAX);
    account::append(batch.tx, cause.op_id, ordinal, &posting, batch.now_ms)?;
    Ok(shown::put(batch, cause.origin(), EntityKind::AccountEntry, entry.row_id(), &entry)?)
}

/// Takes back what a document did: the register gave the cart back.
pub(super) fn take_back(batch: &mut Batch<'_>, cause: &Cause<'_>) -> Result<(), ApplyError> {
    let postings = account::list(batch.tx, cause.op_id)?;
    let Some(document_id) = postings.first().map(|posting| posting.document_id) else { return Ok(()) };
    let mut next = u32::try_from(postings.len()).unwrap_or(u32::MAX);
    let mut open: Vec<(CustomerId, Money)> = Vec::new();
    for Posting { customer_id, amount, .. } in postings {
        match open.iter_mut().find(|(customer, _)| *customer == customer_id) {
            Some((_, sum)) => *sum = sum.plus(amount).map_err(too_large)?,
            None => open.push((customer_id, amount)),
        }
    }
    for (customer_id, sum) in open.into_iter().filter(|(_, sum)| !sum.is_zero()) {
        let posting = Posting { document_id, customer_id, amount: sum.negated() };
        account::append(batch.tx, cause.op_id, next, &posting, batch.now_ms)?;
        next = next.saturating_add(1);
    }
    Ok(shown::take_away(batch, cause.origin(), EntityKind::AccountEntry, document_id.0)?)
}

/// Lets the entries of documents that name a customer by `local_id` follow that id to another customer.
pub(super) fn follow(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    local_id: Uuid,
    to: CustomerId,
) -> Result<(), ApplyError> {
    let mut next = u32::try_from(account::list(batch.tx, cause.op_id)?.len()).unwrap_or(u32::MAX);
    for document_id in account::list_documents(batch.tx, CustomerId(local_id))? {
        let Some(entry) = find_entry(batch, document_id)?.filter(|entry| entry.customer_id != to) else {
            continue;
        };
        for (customer_id, amount) in [(entry.customer_id, entry.amount.negated()), (to, entry.amount)] {
            let posting = Posting { document_id, customer_id, amount };
            account::append(batch.tx, cause.op_id, next, &posting, batch.now_ms)?;
            next = next.saturating_add(1);
        }
        let entry = AccountEntry { customer_id: to, ..entry };
        shown::put(batch, cause.origin(), EntityKind::AccountEntry, document_id.0, &entry)?;
    }
    Ok(())
}

/// Writes a document's printed number into its entry.
pub(super) fn tell_number(
    batch: &mut Batch<'_>,
    origin: Origin,
    document_id: DocumentId,
    number: &str,
) -> Sql<()> {
    match find_entry(batch, document_id)?.filter(|entry| entry.number.as_deref() != Some(number)) {
        Some(entry) => {
            let entry = AccountEntry { number: Some(number.to_owned()), ..entry };
            shown::put(batch, origin, EntityKind::AccountEntry, document_id.0, &entry)
        }
        None => Ok(()),
    }
}

/// Credit that a sale takes beyond what its customer may have.
pub(super) struct Beyond {
    pub(super) need: Need,
    /// Name as printed.
    pub(super) customer: String,
}

/// What of a sale on account goes beyond the customer's limit, or of one out of store credit beyond what the shop owes.
pub(super) fn beyond_limit(
    batch: &mut Batch<'_>,
    document: &SaleDocument,
) -> Result<Option<Beyond>, ApplyError> {
    let given = |kind: TenderKind| {
        Money::sum(document.tenders.iter().filter(|t| t.kind == kind).map(|t| t.amount)).map_err(too_large)
    };
    let (on_account, from_credit) = (given(TenderKind::Account)?, given(TenderKind::StoreCredit)?);
    let Some(named) = document.customer.as_ref().filter(|_| on_account.max(from_credit) > Money::ZERO) else {
        return Ok(None);
    };
    let customer_id = CustomerId(batch.resolve(EntityKind::Customer, named.customer_id.0)?);
    let limit = limit(batch, customer_id)?;
    let owed = account::balance(batch.tx, customer_id)?.plus(from_credit).map_err(too_large)?;
    let mut beyond = Money::ZERO;
    if from_credit > Money::ZERO {
        beyond = owed.max(Money::ZERO).min(from_credit);
    }
    if on_account > Money::ZERO && !within_limit(owed, on_account, Some(limit)).map_err(too_large)? {
        let after = owed.plus(on_account).and_then(|after| after.minus(limit)).map_err(too_large)?;
        beyond = beyond.max(after);
    }
    let need = Need::of_amount(Permission::GiveCredit, beyond);
    Ok((beyond > Money::ZERO).then(|| Beyond { need, customer: named.name.clone() }))
}

fn limit(batch: &mut Batch<'_>, customer_id: CustomerId) -> Result<Money, ApplyError> {
    let row = entity::find(batch.tx, EntityKind::Customer, customer_id.0)?;
    let customer: Option<Customer> =
        row.map(|row| crate::storage::json_value(serde_json::Value::Object(row.fields))).transpose()?;
    let own = customer.and_then(|customer| customer.credit_limit);
    Ok(match own {
        Some(limit) => limit,
        None => batch.settings()?.credit_limit,
    })
}

fn find_entry(batch: &Batch<'_>, document_id: DocumentId) -> Sql<Option<AccountEntry>> {
    shown::find(batch, EntityKind::AccountEntry, document_id.0)
}

fn too_large(fault: pos_domain::MoneyOverflow) -> ApplyError {
    invalid("tenders", fault.to_string())
}
