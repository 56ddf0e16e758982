//! Recording a document of the drawer or of an account: its head, its number and place in the chain, its operation, its
//! entry in the customer's account and in the audit trail, all in one transaction.
//!
//! Such a document is a fact the moment it is written. A press of the button that did its work before finds what it
//! made, also after a restart, so that nobody opens, pays or closes twice.

use pos_domain::chain::Link as ChainLink;
use pos_domain::till::{CashDirection, TillHead};
use pos_domain::{
    Approval, ChainRecord, DeviceKey, DocumentId, Money, OperationBody, RequestId, ShiftId, TillContent,
    TillDocument,
};
use pos_store::audit::{self, AuditEntry};
use pos_store::queue::Lane;
use pos_store::till::{self, NewTillDocument};
use pos_store::{Tx, device};
use serde_json::json;

use super::records::Stamp;
use super::ringing::{People, open_creations};
use crate::app::{App, Counter};
use crate::code::ErrorCode;
use crate::error::AppError;

/// What a person wants recorded.
#[derive(Debug, Clone)]
pub(crate) struct TillEntry {
    /// What it states.
    pub(crate) content: TillContent,
    /// Other people's yes to it.
    pub(crate) approvals: Vec<Approval>,
}

impl From<TillContent> for TillEntry {
    fn from(content: TillContent) -> Self {
        Self { content, approvals: Vec::new() }
    }
}

impl App {
    /// Records what `build` makes of the counter as it stands, once for each request; the document's id. `build` runs in
    /// the transaction that writes and may refuse.
    pub(crate) async fn record_till<F>(&self, request_id: RequestId, build: F) -> Result<DocumentId, AppError>
    where
        F: FnOnce(&Tx<'_>, &Counter, &Stamp) -> Result<TillEntry, AppError> + Clone + Send + 'static,
    {
        if let Some(done) = self.find_recorded(request_id).await? {
            return Ok(done);
        }
        let (stamp, key) = (self.stamp(Lane::Checkout), self.signing_key()?);
        let write = move |tx: &Tx<'_>| {
            let counter = Counter::load(tx)?;
            let entry = build(tx, &counter, &stamp)?;
            record(tx, &stamp, &key, &counter, entry, Some(request_id))
        };
        let written = match self.write_sale(write.clone()).await {
            // Reopened, the file knows: it was written, or it is written now.
            Err(e) if e.code == ErrorCode::StorageUnknownOutcome && !self.inner.store.is_stopped() => {
                match self.find_recorded(request_id).await? {
                    Some(done) => Ok(done),
                    None => self.write_sale(write).await,
                }
            }
            other => other,
        };
        if written.is_ok() {
            self.sold();
        }
        written
    }

    async fn find_recorded(&self, request_id: RequestId) -> Result<Option<DocumentId>, AppError> {
        self.read(move |conn| {
            Ok(till::find_by_request(conn, request_id)?.map(|stored| stored.document.head.document_id))
        })
        .await
    }
}

/// Writes a document made now at this counter; its id. [`App::record_till`] calls it; so may a use case that writes more
/// in the same transaction.
pub(crate) fn record(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    counter: &Counter,
    entry: TillEntry,
    request_id: Option<RequestId>,
) -> Result<DocumentId, AppError> {
    let open = counter.shift_id;
    let shift_id = match &entry.content {
        TillContent::ShiftOpening(_) => Some(stamp.ids.next()),
        // Documents made without an opening are closed all the same.
        TillContent::ShiftClosing(_) => Some(open.unwrap_or_else(|| stamp.ids.next())),
        TillContent::CashMovement(_) | TillContent::AccountPayment(_) => open,
    };
    let document_id: DocumentId = stamp.ids.next();
    let document = TillDocument {
        head: TillHead {
            approvals: entry.approvals,
            ..head_of(counter, document_id, shift_id, stamp.now_ms)
        },
        content: entry.content,
    };
    document.check()?;
    write(tx, stamp, key, document, request_id)?;
    Ok(document_id)
}

/// The head of a document made now at this counter.
fn head_of(counter: &Counter, document_id: DocumentId, shift_id: Option<ShiftId>, now_ms: i64) -> TillHead {
    let Counter { device, settings, cashier, .. } = counter;
    TillHead {
        document_id,
        business: settings.business_name.clone(),
        outlet_id: device.outlet_id,
        outlet: settings.outlet_name.clone(),
        device_id: device.device_id,
        register: device.name.clone(),
        cashier_id: cashier.cashier_id,
        cashier: cashier.name.clone(),
        currency: settings.currency,
        shift_id,
        made_at_ms: now_ms,
        approvals: Vec::new(),
    }
}

fn write(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    document: TillDocument,
    request_id: Option<RequestId>,
) -> Result<(), AppError> {
    let device = device::get(tx)?;
    let people = People {
        cashier: Some(document.head.cashier_id),
        customer: document.account_effect().map(|(customer, _)| customer.customer_id),
    };
    let depends_on = open_creations(tx, std::iter::empty(), people)?;
    let (document_id, kind, actor) =
        (document.head.document_id, document.kind(), document.head.cashier.clone());
    let (action, amount) = audited(&document.content);
    let body = OperationBody::TillRecord(Box::new(document));
    let encoded = body.encode().map_err(AppError::internal)?;
    let link = ChainLink {
        device_id: device.device_id,
        epoch: device.epoch,
        series: &device.series,
        kind,
        document_id,
        issued_at_ms: stamp.now_ms,
        document_hash: encoded.hash,
    };
    let link = ChainRecord::seal(device.head, link, key);
    let op_id = stamp.ids.next();
    till::insert(
        tx,
        &NewTillDocument {
            body: &body,
            encoded: &encoded,
            op_id,
            request_id,
            depends_on: &depends_on,
            link: &link,
        },
    )?;
    let detail = json!({ "number": link.printed_number(), "amount": amount });
    let entry = AuditEntry {
        at_ms: stamp.now_ms,
        actor,
        action: action.to_owned(),
        subject: Some(document_id.0),
        detail,
    };
    audit::record(tx, &entry)?;
    Ok(())
}

/// What the audit trail says of a document, with its amount; cash that left the drawer is negative.
fn audited(content: &TillContent) -> (&'static str, Money) {
    match content {
        TillContent::ShiftOpening(opening) => ("shift.opened", opening.float),
        TillContent::CashMovement(movement) => {
            let amount = match movement.direction {
                CashDirection::In => movement.amount,
                CashDirection::Out => movement.amount.negated(),
            };
            ("cash.moved", amount)
        }
        TillContent::AccountPayment(payment) => ("account.paid", payment.amount),
        TillContent::ShiftClosing(report) => ("shift.closed", report.counted),
    }
}
