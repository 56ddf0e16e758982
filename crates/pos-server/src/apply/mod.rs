//! What operations do: the server's side of each business command.
//!
//! Every function here runs guarded ([`crate::guard`]). It either returns the verdict on what it did, or refuses, and
//! then nothing of it is left. Whoever refuses before the first write spares everybody a second run.

mod accounts;
mod conflict;
mod entity;
mod entity_conflict;
mod entity_row;
mod fork;
mod ledger;
mod mapping;
mod refund;
mod resolve;
mod rights;
mod sale;
mod serials;
mod shown;
mod stock;
mod till;

use pos_domain::merge::FieldDispute;
use pos_domain::{ConflictId, ConflictKind, DocumentId, OpId, OperationBody};
use pos_protocol::{MappedId, RejectReason, ShortLine, Verdict};
use uuid::Uuid;

use crate::batch::{Batch, Origin};
use crate::storage::device::Device;
use crate::storage::{Sql, StorageError};

pub(crate) use fork::{MOST_AT_ONCE, RECORDED_LIFE, find_forked, tell as tell_forks};
#[cfg(feature = "planted")]
pub(crate) use sale::move_again;
pub(crate) use sale::withdraw;
pub(crate) use till::{cash_of, differences as z_differences};

/// Keeps a refused document as evidence: the register's chain has a number for it.
pub(crate) fn keep_rejected(
    batch: &Batch<'_>,
    cause: &Cause<'_>,
    body: &OperationBody,
    verdict: &Verdict,
) -> Result<(), ApplyError> {
    match body {
        OperationBody::SaleComplete(document) => {
            Ok(sale::keep_rejected(batch, cause.op_id, document, verdict)?)
        }
        OperationBody::TillRecord(document) => till::keep_rejected(batch, cause, document, verdict),
        OperationBody::SerialNote(_)
        | OperationBody::EntityCreate(_)
        | OperationBody::EntityUpdate(_)
        | OperationBody::EntityDelete(_)
        | OperationBody::StockAdjust(_)
        | OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => Ok(()),
    }
}

/// Writes the printed number of a document into the rows of the feed that bear it.
pub(crate) fn tell_number(
    batch: &mut Batch<'_>,
    origin: Origin,
    document_id: DocumentId,
    number: &str,
) -> Sql<()> {
    accounts::tell_number(batch, origin, document_id, number)?;
    match crate::storage::sale::find_applied(batch.tx, document_id.into())? {
        Some(document) => serials::tell_number(batch, origin, &document, number),
        None => Ok(()),
    }
}

/// Whether a sale may still be refused for lack of stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The customer stands at the counter: a sale that lacks stock is refused.
    Asked,
    /// It has happened: what is missing is recorded as oversold.
    Happened,
}

/// The operation that is being applied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    pub(crate) device: &'a Device,
    pub(crate) op_id: OpId,
    /// Its own number in the feed's order.
    pub(crate) feed_seq: u64,
}

impl Cause<'_> {
    /// Who changes the rows.
    pub(crate) fn origin(&self) -> Origin {
        Origin { device_id: Some(self.device.device_id), op_id: Some(self.op_id) }
    }

    /// The id of a conflict that this operation opens: always the same one, so that applying the same operations
    /// again gives the same rows.
    pub(crate) fn conflict_id(&self, kind: ConflictKind) -> ConflictId {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"comptoir.conflict.v1");
        hasher.update(self.op_id.as_bytes());
        hasher.update(kind.as_str().as_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        ConflictId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

/// Why an operation left nothing behind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    /// It was refused; the verdict is stored.
    #[error("the operation was refused")]
    Refused(Box<Verdict>),
    /// The database failed; nothing is stored and the register tries again.
    #[error(transparent)]
    Sql(#[from] StorageError),
    /// This program failed; nothing is stored and the register tries again.
    #[error("applying the operation panicked")]
    Panicked,
}

/// What applying gives.
pub(crate) type Applied = Result<Verdict, ApplyError>;

/// Applies a command.
pub(crate) fn apply(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    body: &OperationBody,
    admission: Admission,
) -> Applied {
    match body {
        OperationBody::SaleComplete(document) => sale::complete(batch, cause, document, admission),
        OperationBody::TillRecord(document) => till::record(batch, cause, document, admission),
        OperationBody::SerialNote(note) => serials::note(batch, cause, note),
        OperationBody::EntityCreate(create) => entity::create(batch, cause, create),
        OperationBody::EntityUpdate(update) => entity::update(batch, cause, update),
        OperationBody::EntityDelete(delete) => entity::delete(batch, cause, delete),
        OperationBody::StockAdjust(adjustment) => stock::adjust(batch, cause, adjustment),
        OperationBody::ConflictResolve(resolution) => resolve::resolve(batch, cause, resolution),
        OperationBody::ConflictReopen(reopening) => resolve::reopen(batch, cause, reopening),
        OperationBody::MappingDispute(dispute) => mapping::dispute(batch, cause, dispute),
    }
}

/// The verdict of an operation that simply stands.
pub(crate) fn done(cause: &Cause<'_>) -> Verdict {
    applied(cause, Vec::new(), None)
}

/// The verdict of a deletion of what somebody else had taken away before.
fn already_gone(cause: &Cause<'_>) -> Verdict {
    Verdict::Applied {
        feed_seq: cause.feed_seq,
        mapped_ids: Vec::new(),
        rows: Vec::new(),
        conflict_id: None,
        already_gone: true,
    }
}

fn applied(cause: &Cause<'_>, mapped_ids: Vec<MappedId>, conflict_id: Option<ConflictId>) -> Verdict {
    Verdict::Applied {
        feed_seq: cause.feed_seq,
        mapped_ids,
        rows: Vec::new(),
        conflict_id,
        already_gone: false,
    }
}

fn disputed(cause: &Cause<'_>, conflict_id: ConflictId, fields: Vec<FieldDispute>) -> Verdict {
    Verdict::Conflict { conflict_id, feed_seq: cause.feed_seq, fields, rows: Vec::new() }
}

fn refuse(reason: RejectReason, field: &str, detail: impl Into<String>) -> ApplyError {
    ApplyError::Refused(Box::new(Verdict::Rejected {
        reason,
        field: Some(field.to_owned()),
        detail: detail.into(),
    }))
}

fn invalid(field: &str, detail: impl Into<String>) -> ApplyError {
    refuse(RejectReason::Validation, field, detail)
}

fn unknown(field: &str, what: &str, id: Uuid) -> ApplyError {
    refuse(RejectReason::UnknownReference, field, format!("there is no {what} {id}"))
}

fn insufficient(lines: Vec<ShortLine>) -> ApplyError {
    ApplyError::Refused(Box::new(Verdict::InsufficientStock { lines }))
}

/// The name of a register, as shown to people.
fn register_name(batch: &Batch<'_>, device_id: pos_domain::DeviceId) -> Sql<Option<String>> {
    Ok(crate::storage::device::find(batch.tx, device_id)?.map(|device| device.name))
}
