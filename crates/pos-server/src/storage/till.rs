//! Documents of the drawer and of accounts by id. Their text is the body of their operation.

use pos_domain::{CustomerId, DeviceId, Money, OpId, ShiftId, TillContent, TillDocument};

use super::{Sql, Tx, integer, json};

/// What became of a document on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TillState {
    /// Counts.
    Applied,
    /// Refused for good; kept as evidence for the register's chain.
    Rejected,
}

/// A document that is kept.
#[derive(Debug)]
pub(crate) struct NewTillDocument<'a> {
    pub(crate) op_id: OpId,
    pub(crate) device_id: DeviceId,
    pub(crate) document: &'a TillDocument,
    /// What it adds to the drawer.
    pub(crate) cash: Money,
    pub(crate) state: TillState,
}

/// Keeps a document; `false` when its id is taken: ids of documents are unique for ever.
pub(crate) fn insert(tx: Tx<'_>, new: &NewTillDocument<'_>) -> Sql<bool> {
    let head = &new.document.head;
    let z_number = match &new.document.content {
        TillContent::ShiftClosing(report) => Some(integer(report.z_number)?),
        TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::AccountPayment(_) => None,
    };
    let customer = new.document.account_effect().map(|(customer, _)| customer.customer_id);
    let inserted = tx.execute(
        include_str!("till_insert.sql"),
        &[
            (":document_id", head.document_id.as_bytes().into()),
            (":op_id", new.op_id.as_bytes().into()),
            (":device_id", new.device_id.as_bytes().into()),
            (
                ":state",
                match new.state {
                    TillState::Applied => "applied",
                    TillState::Rejected => "rejected",
                }
                .into(),
            ),
            (":kind", new.document.kind().as_str().into()),
            (":shift_id", head.shift_id.as_ref().map(ShiftId::as_bytes).into()),
            (":customer_id", customer.as_ref().map(CustomerId::as_bytes).into()),
            (":currency", head.currency.code().into()),
            (":currency_digits", head.currency.exponent().into()),
            (":cash", new.cash.minor().into()),
            (":z_number", z_number.into()),
            (":made_at_ms", head.made_at_ms.into()),
        ],
    )?;
    Ok(inserted == 1)
}

/// The last Z of a register that counts, by its number.
pub(crate) fn find_last_closing(tx: Tx<'_>, device_id: DeviceId) -> Sql<Option<TillDocument>> {
    tx.find(
        "SELECT operation.body FROM till_document JOIN operation ON operation.op_id = till_document.op_id
         WHERE till_document.device_id = :device_id AND z_number IS NOT NULL AND state = 'applied'
         ORDER BY z_number DESC, operation.op_no DESC LIMIT 1",
        &[(":device_id", device_id.as_bytes().into())],
        |row| json(row, "body"),
    )
}
