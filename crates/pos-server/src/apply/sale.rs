//! `sale.complete`: a sale or refund with its lines, tenders and movements; all or nothing.
//!
//! The document's own equations were checked before ([`crate::prepare`]); here stand the checks that need the
//! business: whose document it is, what it refers to, bounds of a refund, stock, prices.

use std::collections::HashMap;
use std::rc::Rc;

use pos_domain::authority::Need;
use pos_domain::body::EntityKind;
use pos_domain::conflict::{PriceDifference, Shortage};
use pos_domain::stock::MovementReason;
use pos_domain::{
    CashierId, ConflictId, Currency, DeviceId, Money, OpId, OutletId, ProductId, Quantity, SaleDocument,
    SaleKind, SaleLine,
};
use pos_protocol::{ShortLine, Verdict};

use super::accounts::Beyond;
use super::conflict::{self, Missing};
use super::ledger::{Ledger, Line, Settles};
use super::refund::{self, Bounds};
use super::rights::{self, Deed, Doer};
use super::{
    Admission, Applied, ApplyError, Cause, accounts, applied, insufficient, invalid, mapping, serials,
    unknown,
};
use crate::batch::{Batch, ProductFacts};
use crate::storage::sale::{Inserted, SaleState};
use crate::storage::{Sql, audit, sale, stock};

/// Applies a document.
pub(super) fn complete(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    admission: Admission,
) -> Applied {
    check_head(batch, cause, document)?;
    let products = find_products(batch, document)?;
    let bounds = refund::measure(batch, document, &products)?;
    let credit = accounts::beyond_limit(batch, document)?;
    let missing = rights::missing_of_sale(batch, cause, document, credit.as_ref())?;
    if admission == Admission::Asked {
        rights::refuse_missing(document, &missing)?;
        check_void(batch, document)?;
        check_stock(batch, document, &products)?;
        if let Some(bounds) = &bounds {
            refund::refuse_beyond(document, &products, bounds)?;
        }
    }
    let inserted = sale::insert(batch.tx, cause.op_id, document, SaleState::Applied)?;
    if inserted == Inserted::Taken {
        return Err(invalid("head.sale_id", "a document with this id exists"));
    }
    let oversold = move_stock(batch, cause, document, &products, bounds.as_ref())?;
    let beyond = match &bounds {
        Some(bounds) => refund::open_if_beyond(batch, cause, document, &products, bounds)?,
        None if inserted == Inserted::AfterItsRefund => refund::measure_earlier(batch, cause, document)?,
        None => None,
    };
    let repriced = report_prices(batch, cause, document, &products)?;
    let posted = follow_up(batch, cause, document, credit, missing)?;
    #[cfg(feature = "planted")] // Incident 23.
    if pos_planted::is(pos_planted::Bug::SaleWritesThePrice) {
        write_prices(batch, cause, document, &products)?;
    }
    Ok(applied(cause, Vec::new(), oversold.or(beyond).or(repriced).or(posted)))
}

/// Posts what a document does to its customer's account and to the numbers on its lines, and shows what nobody said yes
/// to.
fn follow_up(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    credit: Option<Beyond>,
    missing: Vec<Need>,
) -> Result<Option<ConflictId>, ApplyError> {
    let head = &document.head;
    let entry = document.account_entry(None).map_err(|fault| invalid("tenders", fault.to_string()))?;
    if let Some(entry) = entry {
        accounts::post(batch, cause, entry)?;
    }
    let twice = serials::record(batch, cause, document)?;
    rights::note_used(
        batch,
        Doer { cashier_id: head.cashier_id, approvals: &head.approvals, op_id: cause.op_id },
    )?;
    let deed = Deed {
        entity: "sale",
        document_id: head.sale_id.into(),
        cashier: &head.cashier,
        total: document.settlement.payable,
        customer: credit.map(|beyond| beyond.customer),
    };
    Ok(twice.or(rights::open_if_missing(batch, cause, deed, missing)?))
}

/// A void takes a whole sale back, line by line. Said while somebody can still be asked; what has happened is measured
/// like any refund.
fn check_void(batch: &Batch<'_>, document: &SaleDocument) -> Result<(), ApplyError> {
    let original = document.head.original.as_ref().and_then(|original| original.sale_id);
    let (SaleKind::Void, Some(original)) = (document.head.kind, original) else { return Ok(()) };
    let Some(sold) = sale::find_applied(batch.tx, original)? else { return Ok(()) };
    let mirrors = |(back, line): (&SaleLine, &SaleLine)| {
        back.item.product_id == line.item.product_id
            && back.item.qty == line.item.qty.negated()
            && back.item.pack_size == line.item.pack_size
            && back.amounts.gross == line.amounts.gross.negated()
    };
    let whole = document.lines.len() == sold.lines.len()
        && document.lines.iter().zip(&sold.lines).all(mirrors)
        && document.total == sold.total.negated();
    if whole { Ok(()) } else { Err(invalid("lines", "a void takes back a whole sale")) }
}

/// Takes the goods of a sale once more.
#[cfg(feature = "planted")] // Incident 1.
pub(crate) fn move_again(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
) -> Result<(), ApplyError> {
    let mut ledger = Ledger::continued(batch, cause)?;
    for line in document.lines.iter().filter(|line| line.item.track_stock && line.item.qty.is_positive()) {
        let Some(product) = batch.product(line.item.product_id)? else { continue };
        let entry =
            Line { product_id: product.id, reason: MovementReason::Sale, line_id: Some(line.item.line_id) };
        ledger.take(batch, entry, line.item.stock_qty().milli())?;
    }
    Ok(())
}

/// Writes the prices of a sale into the catalogue.
#[cfg(feature = "planted")] // Incident 23.
fn write_prices(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
) -> Result<(), ApplyError> {
    for (line, product) in document.lines.iter().zip(products) {
        let row = crate::storage::entity::find(batch.tx, EntityKind::Product, product.id.0)?;
        let Some(row) = row else { continue };
        let mut fields = row.fields.clone();
        let price = serde_json::json!(line.item.catalogue_price);
        if row.deleted || fields.insert("price".to_owned(), price.clone()) == Some(price) {
            continue;
        }
        let hlc = pos_domain::merge::Hlc { wall_ms: document.head.sold_at_ms, counter: 0 };
        super::entity::write_fields(batch, cause, EntityKind::Product, product.id.0, row, fields, hlc)?;
    }
    Ok(())
}

/// Reverses the movements of a sale that the register gave back to the customer.
pub(crate) fn withdraw(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
) -> Result<(), ApplyError> {
    let mut ledger = Ledger::continued(batch, cause)?;
    let mut shortages = Vec::new();
    for (product_id, line_id, delta) in stock::list_movements(batch.tx, cause.op_id)? {
        let line = Line { product_id, reason: MovementReason::Reversal, line_id };
        if delta < 0 {
            ledger.give(batch, line, -delta, Settles::Nothing)?;
            #[cfg(feature = "planted")] // Incident 18.
            if pos_planted::is(pos_planted::Bug::WithdrawalGivesBackTwice) {
                ledger.give(batch, line, -delta, Settles::Nothing)?;
            }
            continue;
        }
        // Goods that came in with an exchange go out again; some may have been sold on meanwhile.
        let missing = ledger.take(batch, line, delta)?;
        let sold = document.lines.iter().find(|l| Some(l.item.line_id) == line_id);
        if let Some(sold) = sold.filter(|_| missing > 0) {
            shortages.push(shortage(sold, product_id, missing, Money::ZERO)?);
        }
    }
    sale::set_state(batch.tx, cause.op_id, document.head.sale_id, SaleState::Withdrawn)?;
    conflict::refresh_all(batch, cause, &ledger.changed)?;
    conflict::close_withdrawn(batch, cause)?;
    accounts::take_back(batch, cause)?;
    serials::take_back(batch, cause, document)?;
    open_if_short(batch, cause, &mut ledger, document, shortages).map(drop)
}

/// Keeps a refused document as evidence: the register's chain has a number for it.
pub(crate) fn keep_rejected(
    batch: &Batch<'_>,
    op_id: OpId,
    document: &SaleDocument,
    verdict: &Verdict,
) -> Sql<()> {
    let state = match verdict {
        Verdict::Rejected { reason: pos_protocol::RejectReason::Withdrawn, .. } => SaleState::Withdrawn,
        Verdict::Rejected { .. } => SaleState::Rejected,
        Verdict::Applied { .. }
        | Verdict::InsufficientStock { .. }
        | Verdict::Conflict { .. }
        | Verdict::BlockedBy { .. }
        | Verdict::Gap { .. }
        | Verdict::BodyMismatch
        | Verdict::StaleEpoch { .. }
        | Verdict::UnknownKind
        | Verdict::Retry { .. } => return Ok(()),
    };
    sale::insert(batch.tx, op_id, document, state).map(drop)
}

fn check_head(batch: &mut Batch<'_>, cause: &Cause<'_>, document: &SaleDocument) -> Result<(), ApplyError> {
    let head = &document.head;
    check_maker(batch, cause, (head.device_id, head.outlet_id, head.currency, head.cashier_id))?;
    if let Some(customer) = &document.customer {
        let id = batch.resolve(EntityKind::Customer, customer.customer_id.0)?;
        if !batch.exists(EntityKind::Customer, id)? {
            return Err(unknown("customer.customer_id", "customer", customer.customer_id.0));
        }
    }
    Ok(())
}

/// Whether a document is of the register that sends it, of this shop, in its money, and by somebody who is known.
pub(super) fn check_maker(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    (device_id, outlet_id, currency, cashier_id): (DeviceId, OutletId, Currency, CashierId),
) -> Result<(), ApplyError> {
    if device_id != cause.device.device_id {
        return Err(invalid("head.device_id", "the document was made by another register"));
    }
    if outlet_id != batch.business.outlet_id {
        return Err(unknown("head.outlet_id", "outlet", outlet_id.0));
    }
    if currency != batch.settings()?.currency {
        return Err(invalid("head.currency", "the business works in another currency"));
    }
    if !batch.exists(EntityKind::Cashier, cashier_id.0)? {
        return Err(unknown("head.cashier_id", "cashier", cashier_id.0));
    }
    Ok(())
}

/// The product of each line. A deleted one still counts: it was sold.
fn find_products(
    batch: &mut Batch<'_>,
    document: &SaleDocument,
) -> Result<Vec<Rc<ProductFacts>>, ApplyError> {
    let mut products = Vec::with_capacity(document.lines.len());
    for (i, line) in document.lines.iter().enumerate() {
        let asked = line.item.product_id;
        let Some(product) = batch.product(asked)? else {
            return Err(unknown(&format!("lines[{i}].item.product_id"), "product", asked.0));
        };
        products.push(product);
    }
    Ok(products)
}

/// Refuses the whole sale when any counted line lacks stock, and says what is there for each such line after the
/// lines before it.
fn check_stock(
    batch: &mut Batch<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
) -> Result<(), ApplyError> {
    let mut left: HashMap<ProductId, i64> = HashMap::new();
    let mut short = Vec::new();
    for (line, product) in document.lines.iter().zip(products).filter(|(_, product)| product.track_stock) {
        let there = match left.get(&product.id) {
            Some(there) => *there,
            None => batch.level(product.id)?.on_hand,
        };
        let asked = line.item.stock_qty().milli();
        if asked > there {
            short.push(ShortLine {
                line_id: line.item.line_id,
                product_id: product.id,
                code: line.item.code.clone(),
                asked: line.item.stock_qty(),
                available: Quantity::from_milli(there).map_err(|fault| invalid("qty", fault.to_string()))?,
            });
        }
        left.insert(product.id, there - asked.min(there));
    }
    if short.is_empty() { Ok(()) } else { Err(insufficient(short)) }
}

fn move_stock(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: Option<&Bounds>,
) -> Result<Option<ConflictId>, ApplyError> {
    // A sale names another one when goods of that come back in exchange.
    let original = sale::find_original(batch.tx, document)?;
    let of_original = original.map_or(Settles::Nothing, Settles::Sale);
    let mut ledger = Ledger::new(cause);
    let mut shortages = Vec::new();
    let lines = document.lines.iter().zip(products).enumerate();
    for (i, (line, product)) in lines.filter(|(_, (_, product))| product.track_stock) {
        let settles = if line.item.trade_in { Settles::Nothing } else { of_original };
        let qty = line.item.stock_qty().milli();
        #[cfg(feature = "planted")] // Incident 20.
        let qty =
            if pos_planted::is(pos_planted::Bug::EveryQuantityIsOne) { 1_000 * qty.signum() } else { qty };
        let reason = if qty > 0 { MovementReason::Sale } else { MovementReason::Refund };
        let entry = Line { product_id: product.id, reason, line_id: Some(line.item.line_id) };
        if qty < 0 {
            let within = -qty - bounds.map_or(0, |bounds| bounds.beyond_milli(i));
            ledger.give(batch, entry, within, settles)?;
            mapping::note_booked(batch, cause, line.item.product_id, product.id, within)?;
            if within < -qty {
                // The register shows these goods as there until it reads the balance again.
                ledger.tell_again(batch, product.id)?;
            }
            continue;
        }
        let missing = ledger.take(batch, entry, qty)?;
        mapping::note_booked(batch, cause, line.item.product_id, product.id, missing - qty)?;
        if missing > 0 {
            let paid = conflict::share(line.amounts.gross, missing, qty);
            shortages.push(shortage(line, product.id, missing, paid)?);
        }
    }
    conflict::refresh_all(batch, cause, &ledger.changed)?;
    open_if_short(batch, cause, &mut ledger, document, shortages)
}

fn shortage(
    line: &SaleLine,
    product_id: ProductId,
    missing: i64,
    paid: Money,
) -> Result<Shortage, ApplyError> {
    let item = &line.item;
    Ok(Shortage {
        line_id: item.line_id,
        product_id,
        code: item.code.clone(),
        name: item.name.clone(),
        asked: item.stock_qty(),
        missing: Quantity::from_milli(missing).map_err(|fault| invalid("qty", fault.to_string()))?,
        paid,
        open: None,
    })
}

fn open_if_short(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    ledger: &mut Ledger<'_>,
    document: &SaleDocument,
    shortages: Vec<Shortage>,
) -> Result<Option<ConflictId>, ApplyError> {
    let Some(first) = shortages.first() else { return Ok(None) };
    let sale_id = document.head.sale_id;
    let subject = Missing {
        entity: "sale",
        entity_id: sale_id.0,
        sale_id: Some(sale_id),
        title: first.name.clone(),
        shortages,
    };
    conflict::open_oversold(batch, cause, ledger, subject).map(Some)
}

/// A price that a person overrode is noted. A catalogue price that is not the server's any more changed during the
/// sale: the sale stands, and the owner sees it.
fn report_prices(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
) -> Result<Option<ConflictId>, ApplyError> {
    let mut overrides = Vec::new();
    let mut changed = Vec::new();
    for (line, product) in document.lines.iter().zip(products) {
        let item = &line.item;
        if item.unit_price != item.catalogue_price {
            overrides.push(serde_json::json!({
                "line_id": item.line_id, "catalogue_price": item.catalogue_price, "unit_price": item.unit_price,
            }));
        }
        let sells = document.head.kind == SaleKind::Sale && item.qty.is_positive();
        let Some(catalogue) = product.price_of(item.pack_size).filter(|_| sells && !product.deleted) else {
            continue;
        };
        if item.catalogue_price != catalogue {
            changed.push(PriceDifference {
                line_id: item.line_id,
                product_id: product.id,
                code: item.code.clone(),
                name: item.name.clone(),
                qty: item.qty,
                sold_at: item.unit_price,
                catalogue,
            });
        }
    }
    if !overrides.is_empty() {
        let detail = serde_json::json!({ "sale_id": document.head.sale_id, "lines": overrides });
        let device = Some(cause.device.device_id);
        audit::record(batch.tx, batch.now_ms, "price_override", device, Some(cause.op_id), &detail)?;
    }
    if changed.is_empty() {
        return Ok(None);
    }
    conflict::open_price_changed(batch, cause, document.head.sale_id, changed).map(Some)
}
