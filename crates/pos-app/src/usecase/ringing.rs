//! Writing a document: its head, the sale with its movements and its operation, and its place in the chain.

use std::collections::HashSet;

use pos_domain::body::EntityKind;
use pos_domain::chain::Link as ChainLink;
use pos_domain::document::DocumentHead;
use pos_domain::{
    CashierId, ChainRecord, CustomerId, DeviceKey, Hash32, OpId, OperationBody, ProductId, RequestId,
    SaleDocument, SaleId, SaleKind,
};
use pos_store::queue;
use pos_store::sales::{self, NewSale};
use pos_store::{Conn, Tx, device};

use super::records::Stamp;
use crate::app::Counter;
use crate::error::AppError;

/// What the chain needs of a sale that has no number yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    pub(crate) sale_id: SaleId,
    pub(crate) kind: SaleKind,
    pub(crate) document_hash: Hash32,
}

/// The head of a document made now at this counter.
pub(crate) fn head_of(counter: &Counter, sale_id: SaleId, kind: SaleKind, now_ms: i64) -> DocumentHead {
    let Counter { device, settings, cashier, shift_id } = counter;
    DocumentHead {
        sale_id,
        kind,
        business: settings.business_name.clone(),
        outlet_id: device.outlet_id,
        outlet: settings.outlet_name.clone(),
        device_id: device.device_id,
        register: device.name.clone(),
        cashier_id: cashier.cashier_id,
        cashier: cashier.name.clone(),
        currency: settings.currency,
        rules: settings.rules,
        cash_rounding: settings.cash_rounding,
        sold_at_ms: now_ms,
        document_date: None,
        external_number: None,
        original: None,
        shift_id: *shift_id,
        swap_number: None,
        approvals: Vec::new(),
    }
}

/// The people whom a document names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct People {
    pub(crate) cashier: Option<CashierId>,
    pub(crate) customer: Option<CustomerId>,
}

/// Operations that make the products and the people of a document and that the server may not have yet.
pub(crate) fn open_creations(
    conn: &Conn,
    products: impl Iterator<Item = ProductId>,
    people: People,
) -> Result<Vec<OpId>, AppError> {
    let mut open = Vec::new();
    let mut seen = HashSet::new();
    for id in products {
        if seen.insert(id) {
            open.extend(queue::list_unacknowledged_of(conn, EntityKind::Product, id.0)?);
        }
    }
    if let Some(id) = people.customer {
        open.extend(queue::list_unacknowledged_of(conn, EntityKind::Customer, id.0)?);
    }
    if let Some(id) = people.cashier {
        open.extend(queue::list_unacknowledged_of(conn, EntityKind::Cashier, id.0)?);
    }
    Ok(open)
}

/// The printed number of a sale, once it is final.
pub(crate) fn number_of(conn: &Conn, sale_id: SaleId) -> Result<Option<String>, AppError> {
    Ok(sales::find(conn, sale_id)?.and_then(|sale| sale.summary.number))
}

/// Writes a sale with its movements and its operation.
pub(crate) fn insert(
    tx: &Tx<'_>,
    stamp: &Stamp,
    document: SaleDocument,
    op_id: OpId,
    mode: queue::OpMode,
    request_id: Option<RequestId>,
) -> Result<Pending, AppError> {
    let products = document.lines.iter().map(|l| l.item.product_id);
    let people = People {
        cashier: Some(document.head.cashier_id),
        customer: document.customer.as_ref().map(|c| c.customer_id),
    };
    let depends_on = open_creations(tx, products, people)?;
    let (sale_id, kind) = (document.head.sale_id, document.head.kind);
    let body = OperationBody::SaleComplete(Box::new(document));
    let encoded = body.encode().map_err(AppError::internal)?;
    let sale = NewSale {
        body: &body,
        encoded: &encoded,
        op_id,
        request_id,
        mode,
        lane: stamp.lane,
        depends_on: &depends_on,
    };
    sales::insert_pending(tx, &sale)?;
    Ok(Pending { sale_id, kind, document_hash: encoded.hash })
}

/// Gives a pending sale its number and its place in the chain.
pub(crate) fn seal(tx: &Tx<'_>, key: &DeviceKey, sale: Pending, now_ms: i64) -> Result<(), AppError> {
    let device = device::get(tx)?;
    let link = ChainLink {
        device_id: device.device_id,
        epoch: device.epoch,
        series: &device.series,
        kind: sale.kind.into(),
        document_id: sale.sale_id.into(),
        issued_at_ms: now_ms,
        document_hash: sale.document_hash,
    };
    let record = ChainRecord::seal(device.head, link, key);
    Ok(sales::finalise(tx, sale.sale_id, &record)?)
}

/// Rings up a document that is a fact already: written and final in one transaction. Answers its operation.
pub(crate) fn ring_up(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    document: SaleDocument,
    request_id: Option<RequestId>,
) -> Result<OpId, AppError> {
    let op_id = stamp.ids.next();
    let sale = insert(tx, stamp, document, op_id, queue::OpMode::Fact, request_id)?;
    seal(tx, key, sale, stamp.now_ms)?;
    Ok(op_id)
}
