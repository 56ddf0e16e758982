//! Everything about a push that needs no database: reading bodies, hashing, recomputing documents, checking
//! signatures. It runs on the request's own thread, so that the one writer only looks up and writes.

use std::sync::Arc;

use pos_domain::body::BodyFault;
use pos_domain::{ChainFault, ChainRecord, DevicePublicKey, DocumentFault, Hash32, OperationBody};
use pos_protocol::{Heard, Operation, PushRequest};

use crate::storage::device::Device;

/// A push that is ready for the writer.
#[derive(Debug)]
pub(crate) struct PreparedPush {
    pub(crate) device: Arc<Device>,
    pub(crate) epoch: u32,
    pub(crate) operations: Vec<PreparedOperation>,
    pub(crate) chain: Vec<PreparedLink>,
    /// What the register has heard of this server, if it says.
    pub(crate) heard: Option<Heard>,
}

/// An operation and what its body says.
#[derive(Debug)]
pub(crate) struct PreparedOperation {
    pub(crate) operation: Operation,
    pub(crate) content: Content,
}

/// What a body says.
#[derive(Debug)]
pub(crate) enum Content {
    /// A command whose own equations hold.
    Body(OperationBody),
    /// A readable command that contradicts itself, or an unreadable one.
    Invalid {
        /// The command, when it could be read: a rejected document stays evidence for the chain.
        body: Option<OperationBody>,
        /// Path of the wrong field.
        field: Option<String>,
        /// In words.
        detail: String,
    },
    /// A kind or version of a newer register.
    Unknown,
    /// The bytes do not give the stated hash.
    OtherHash,
}

/// A link of the chain, and whether it is unchanged and signed by the register.
#[derive(Debug)]
pub(crate) struct PreparedLink {
    pub(crate) record: ChainRecord,
    pub(crate) evidence: Result<(), ChainFault>,
}

/// Prepares a push.
pub(crate) fn prepare(device: Arc<Device>, request: PushRequest) -> PreparedPush {
    let key = device.public_key;
    PreparedPush {
        device,
        epoch: request.epoch,
        operations: request.operations.into_iter().map(prepare_operation).collect(),
        chain: prepare_chain(request.chain, &key),
        heard: request.heard,
    }
}

/// What an operation says.
pub(crate) fn prepare_operation(operation: Operation) -> PreparedOperation {
    let text = operation.body.get();
    let content = if Hash32::of(text.as_bytes()) == operation.body_hash {
        match OperationBody::decode(&operation.kind, operation.kind_version, text) {
            Ok(OperationBody::SaleComplete(document)) => match document.check() {
                Ok(()) => Content::Body(OperationBody::SaleComplete(document)),
                Err(fault) => Content::Invalid {
                    field: faulty_field(&fault),
                    detail: fault.to_string(),
                    body: Some(OperationBody::SaleComplete(document)),
                },
            },
            Ok(OperationBody::TillRecord(document)) => match document.check() {
                Ok(()) => Content::Body(OperationBody::TillRecord(document)),
                Err(fault) => Content::Invalid {
                    field: Some(format!("content.{}", fault.field())),
                    detail: fault.to_string(),
                    body: Some(OperationBody::TillRecord(document)),
                },
            },
            Ok(body) => Content::Body(body),
            Err(BodyFault::Unknown { .. }) => Content::Unknown,
            Err(BodyFault::Unreadable { source, .. }) => {
                Content::Invalid { body: None, field: None, detail: source.to_string() }
            }
        }
    } else {
        Content::OtherHash
    };
    PreparedOperation { operation, content }
}

/// Checks the links of a push: all signatures together, and each alone only to find out which one is wrong.
fn prepare_chain(records: Vec<ChainRecord>, key: &DevicePublicKey) -> Vec<PreparedLink> {
    let unchanged: Vec<bool> = records.iter().map(|record| record.computed_hash() == record.hash).collect();
    let signed: Vec<_> = records.iter().map(|record| (record.hash, record.signature)).collect();
    let all_signed = signed.len() > 1 && key.check_all(&signed).is_ok();
    let prepared = records.into_iter().zip(unchanged).map(|(record, unchanged)| {
        let number = record.number;
        let evidence = if !unchanged {
            Err(ChainFault::Changed { number })
        } else if all_signed {
            Ok(())
        } else {
            key.check(&record.hash, &record.signature).map_err(|_| ChainFault::BadSignature { number })
        };
        PreparedLink { record, evidence }
    });
    prepared.collect()
}

fn faulty_field(fault: &DocumentFault) -> Option<String> {
    match fault {
        DocumentFault::NoLines | DocumentFault::Price(_) => Some("lines".to_owned()),
        DocumentFault::DuplicateLine { line } => {
            Some(format!("lines[{}].item.line_id", line.saturating_sub(1)))
        }
        DocumentFault::WrongDirection { .. } => Some("total".to_owned()),
        DocumentFault::PackSize { line } => Some(format!("lines[{}].item.pack_size", line.saturating_sub(1))),
        DocumentFault::CustomerMissing => Some("customer".to_owned()),
        DocumentFault::Overflow(_) => Some("total".to_owned()),
        DocumentFault::Settlement(_) => Some("tenders".to_owned()),
        DocumentFault::Differs { field } => Some(field.clone()),
        DocumentFault::TextTooLong { field } => Some((*field).to_owned()),
    }
}
