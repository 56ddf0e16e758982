//! Documents back from the journal: the same text, number, hash and signature as they were given out.
//!
//! They go into the life in which they were numbered, before the new one begins, so its chain goes on where the backup
//! ends. Their operations wait for the server under the same ids: what it has of them, it knows again. A document that
//! does not follow the chain, or is not what it says, is listed for the owner and never forced in.

use pos_domain::body::EncodedBody;
use pos_domain::{DeviceKey, DocumentKind, Hash32, OperationBody, SaleDocument, TillDocument};
use pos_store::journal::{FinalDocument, Held};
use pos_store::queue::{self, Lane, OpMode};
use pos_store::sales::{self, NewSale, SaleState};
use pos_store::till::{self, NewTillDocument};
use pos_store::{Tx, chain, device, products};
use serde_json::json;

use super::ringing::{People, open_creations};
use crate::error::AppError;
use crate::view::Unverified;

/// Kind of the operation that tells the server of a document.
const fn operation_of(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Sale | DocumentKind::Refund | DocumentKind::Void => "sale.complete",
        DocumentKind::ShiftOpening
        | DocumentKind::CashMovement
        | DocumentKind::AccountPayment
        | DocumentKind::ShiftClosing => "till.record",
    }
}

/// What came back.
#[derive(Debug, Default)]
pub(crate) struct Refilled {
    pub(crate) documents: u32,
    pub(crate) unverified: Vec<Unverified>,
}

/// What became of one document of the journal.
enum Fate {
    /// The file has it.
    Known,
    /// It came back.
    Back,
    /// It cannot come back: a code, and what is wrong.
    Unverified(&'static str, String),
}

/// Brings documents back that the file lacks.
pub(crate) fn refill(tx: &Tx<'_>, key: &DeviceKey, held: &Held, now_ms: i64) -> Result<Refilled, AppError> {
    let mut all = Refilled::default();
    if held.unreadable > 0 {
        let detail = json!({ "records": held.unreadable }).to_string();
        all.unverified.push(Unverified {
            code: "journal.unreadable".to_owned(),
            subject: String::new(),
            detail,
        });
    }
    for document in &held.documents {
        match bring_back(tx, key, document, now_ms)? {
            Fate::Known => {}
            Fate::Back => {
                all.documents = all.documents.saturating_add(1);
                all.unverified.extend(unknown_goods(tx, document)?);
            }
            Fate::Unverified(code, detail) => all.unverified.push(Unverified {
                code: code.to_owned(),
                subject: document.link.printed_number(),
                detail,
            }),
        }
    }
    Ok(all)
}

fn bring_back(tx: &Tx<'_>, key: &DeviceKey, document: &FinalDocument, now_ms: i64) -> Result<Fate, AppError> {
    let link = &document.link;
    if Hash32::of(document.text.as_bytes()) != link.document_hash {
        return Ok(Fate::Unverified("journal.changed", "the text does not give its hash".to_owned()));
    }
    let stored = chain::list_after(tx, link.epoch, link.number.saturating_sub(1), 1)?;
    if let Some(stored) = stored.first().filter(|stored| stored.number == link.number) {
        let same = stored == link;
        return Ok(if same {
            Fate::Known
        } else {
            Fate::Unverified("journal.differs", "the file has another document with this number".to_owned())
        });
    }
    let current = device::get(tx)?;
    if link.device_id != current.device_id || link.epoch < current.epoch {
        let detail = "it belongs to a life of this register that the file does not know".to_owned();
        return Ok(Fate::Unverified("journal.other_life", detail));
    }
    if link.epoch > current.epoch {
        // A life that had begun after the backup was made.
        device::open_epoch(tx, link.epoch, &link.series, key.public(), now_ms)?;
    }
    let current = device::get(tx)?;
    if let Err(fault) = current.head.accept(link, &current.public_key) {
        return Ok(Fate::Unverified("journal.gap", fault.to_string()));
    }
    let kind = operation_of(link.kind);
    let body = match OperationBody::decode(kind, document.kind_version, &document.text) {
        Ok(body) => body,
        Err(fault) => return Ok(Fate::Unverified("journal.unreadable", fault.to_string())),
    };
    let encoded = EncodedBody {
        kind,
        kind_version: document.kind_version,
        text: document.text.clone(),
        hash: link.document_hash,
    };
    let ended_otherwise = match &body {
        OperationBody::SaleComplete(sale) => !insert_sale(tx, document, &body, &encoded, sale)?,
        OperationBody::TillRecord(till) => {
            insert_till(tx, document, &body, &encoded, till)?;
            return Ok(Fate::Back);
        }
        OperationBody::SerialNote(_)
        | OperationBody::EntityCreate(_)
        | OperationBody::EntityUpdate(_)
        | OperationBody::EntityDelete(_)
        | OperationBody::StockAdjust(_)
        | OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => true,
    };
    if ended_otherwise {
        return Ok(Fate::Unverified(
            "journal.differs",
            "the file has ended this sale in another way".to_owned(),
        ));
    }
    Ok(sales::finalise(tx, link.document_id.into(), link).map(|()| Fate::Back)?)
}

/// Writes the sale, unless the backup was made between the question to the server and its end: then it stands already.
/// `false` when it has ended otherwise.
fn insert_sale(
    tx: &Tx<'_>,
    document: &FinalDocument,
    body: &OperationBody,
    encoded: &EncodedBody,
    sale: &SaleDocument,
) -> Result<bool, AppError> {
    if let Some(stands) = sales::find(tx, document.link.document_id.into())? {
        return Ok(match stands.summary.state {
            SaleState::Pending => {
                // It was final: whatever was asked then, it is a fact now.
                queue::latch_to_fact(tx, stands.summary.op_id, document.link.issued_at_ms)?;
                true
            }
            SaleState::Final | SaleState::RolledBack => false,
        });
    }
    let goods = sale.lines.iter().map(|line| line.item.product_id);
    let people = People {
        cashier: Some(sale.head.cashier_id),
        customer: sale.customer.as_ref().map(|customer| customer.customer_id),
    };
    let depends_on = open_creations(tx, goods, people)?;
    let sale = NewSale {
        body,
        encoded,
        op_id: document.op_id,
        request_id: document.request_id,
        mode: OpMode::Fact,
        lane: Lane::Checkout,
        depends_on: &depends_on,
    };
    sales::insert_pending(tx, &sale)?;
    Ok(true)
}

/// Writes a document of the drawer or of an account, with its number.
fn insert_till(
    tx: &Tx<'_>,
    document: &FinalDocument,
    body: &OperationBody,
    encoded: &EncodedBody,
    till: &TillDocument,
) -> Result<(), AppError> {
    let people = People {
        cashier: Some(till.head.cashier_id),
        customer: till.account_effect().map(|(customer, _)| customer.customer_id),
    };
    let depends_on = open_creations(tx, std::iter::empty(), people)?;
    let new = NewTillDocument {
        body,
        encoded,
        op_id: document.op_id,
        request_id: document.request_id,
        depends_on: &depends_on,
        link: &document.link,
    };
    Ok(till::insert(tx, &new)?)
}

/// Goods of a document that this file does not know: made after the backup. They come with the next sync if the server
/// has them; if not, the owner must make them again.
fn unknown_goods(tx: &Tx<'_>, document: &FinalDocument) -> Result<Vec<Unverified>, AppError> {
    let Some(sale) = sales::find(tx, document.link.document_id.into())? else { return Ok(Vec::new()) };
    let mut unknown = Vec::new();
    for line in &sale.document.lines {
        if products::find(tx, line.item.product_id)?.is_none() {
            unknown.push(Unverified {
                code: "product.unknown".to_owned(),
                subject: line.item.code.clone(),
                detail: format!("{}: {}", document.link.printed_number(), line.item.name),
            });
        }
    }
    Ok(unknown)
}
