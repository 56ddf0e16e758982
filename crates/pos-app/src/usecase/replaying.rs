//! Replaying past invoices: each becomes a sale, a refund or a stock adjustment in one transaction together with the
//! note that it was done, so that a replay that was stopped goes on and doubles nothing.

use pos_domain::body::{OperationBody, StockAdjustment, StockAdjustmentLine};
use pos_domain::stock::MovementReason;
use pos_domain::tender::payable;
use pos_domain::{
    Customer, DeviceKey, Hash32, Money, Product, Quantity, Rate, SaleDocument, SaleId, SaleKind, Tender,
    TenderKind,
};
use pos_store::jobs::{self, JobKind, ReplayOutcome};
use pos_store::queue::Lane;
use pos_store::{Conn, Priority, Tx, customers, products, settings};

use super::records::Stamp;
use super::ringing::{People, head_of, open_creations, ring_up};
use crate::app::{App, Counter};
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::replay::{Invoice, InvoiceKind, InvoiceLine, read_invoices};
use crate::view::{Progress, ReplayRefusal, ReplayReport};

/// Unit of a product that a replay makes.
const UNIT: &str = "pcs";
/// Invoices between two messages of progress.
const PROGRESS_EVERY: u32 = 20;

impl App {
    /// `replay.run`
    pub async fn replay(&self, text: String, file_name: String) -> Result<Outcome<ReplayReport>, AppError> {
        let currency = self.read(|conn| Ok(settings::load(conn)?.currency)).await?;
        let file_hash = Hash32::of(text.as_bytes());
        let read = read_invoices(&text, currency)?;
        let total = u32::try_from(read.invoices.len() + read.refused.len()).unwrap_or(u32::MAX);
        let now_ms = self.now_ms();
        self.write(move |tx| {
            Ok(jobs::begin(tx, file_hash, JobKind::Replay, &file_name, u64::from(total), now_ms)?)
        })
        .await?;
        for refusal in read.refused {
            self.note_refusal(file_hash, refusal).await?;
        }
        let key = self.signing_key()?;
        for (invoice, done) in read.invoices.into_iter().zip(1_u32..) {
            let (stamp, key) = (self.stamp(Lane::Bulk), key.clone());
            let number = invoice.number.clone();
            let write = move |tx: &Tx<'_>| replay_one(tx, &stamp, &key, file_hash, &invoice);
            match self.inner.store.write_async(Priority::Sync, write).await {
                Err(e) if is_the_invoices_fault(e.code) => {
                    let code =
                        e.params.get("field").and_then(|f| f.as_str()).unwrap_or(e.code.as_str()).to_owned();
                    self.note_refusal(file_hash, ReplayRefusal { invoice: number, code }).await?;
                }
                other => other?,
            }
            if done.is_multiple_of(PROGRESS_EVERY) || done == total {
                self.tell_progress(Some(Progress { task: "replay".to_owned(), done, total }));
            }
        }
        let now_ms = self.now_ms();
        self.write(move |tx| Ok(jobs::finish(tx, file_hash, now_ms)?)).await?;
        self.tell_progress(None);
        self.sold();
        let report = self.report(move |conn| report_of(conn, file_hash)).await?;
        let changed = [Topic::Sales, Topic::Products, Topic::Customers, Topic::Stock, Topic::Sync];
        Ok(Outcome::changed(report, &changed))
    }

    async fn note_refusal(&self, file_hash: Hash32, refusal: ReplayRefusal) -> Result<(), AppError> {
        self.write(move |tx| {
            if jobs::find_replayed(tx, file_hash, &refusal.invoice)?.is_some() {
                return Ok(());
            }
            let outcome = ReplayOutcome::Refused(refusal.code);
            Ok(jobs::record_replayed(tx, file_hash, &refusal.invoice, &outcome, Money::ZERO)?)
        })
        .await
    }
}

/// Whether the invoice cannot be a document, rather than the register unable to write one.
fn is_the_invoices_fault(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::InputInvalid | ErrorCode::CartEmpty | ErrorCode::CartFull)
}

fn report_of(conn: &Conn, file_hash: Hash32) -> Result<ReplayReport, AppError> {
    let sums = jobs::sums(conn, file_hash)?;
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let refused = jobs::list_refused(conn, file_hash)?.into_iter();
    Ok(ReplayReport {
        invoices: count(sums.sales + sums.returns + sums.adjustments + sums.refused),
        sales: count(sums.sales),
        returns: count(sums.returns),
        adjustments: count(sums.adjustments),
        refused: refused.map(|(invoice, code)| ReplayRefusal { invoice, code }).collect(),
        total: sums.total,
    })
}

fn replay_one(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    file_hash: Hash32,
    invoice: &Invoice,
) -> Result<(), AppError> {
    if jobs::find_replayed(tx, file_hash, &invoice.number)?.is_some() {
        return Ok(());
    }
    let products =
        invoice.lines.iter().map(|line| product_of(tx, stamp, line)).collect::<Result<Vec<_>, _>>()?;
    let (outcome, total) = match invoice.kind {
        InvoiceKind::Adjustment => {
            adjust(tx, stamp, invoice, &products)?;
            (ReplayOutcome::Adjustment, Money::ZERO)
        }
        InvoiceKind::Sale => {
            let (sale_id, total) = sell(tx, stamp, key, invoice, &products, SaleKind::Sale)?;
            (ReplayOutcome::Sale(sale_id), total)
        }
        InvoiceKind::Refund => {
            let (sale_id, total) = sell(tx, stamp, key, invoice, &products, SaleKind::Refund)?;
            (ReplayOutcome::Return(sale_id), total)
        }
    };
    Ok(jobs::record_replayed(tx, file_hash, &invoice.number, &outcome, total)?)
}

/// The product of a line; made from the file when the catalogue lacks it, with its stock not counted.
fn product_of(tx: &Tx<'_>, stamp: &Stamp, line: &InvoiceLine) -> Result<Product, AppError> {
    if let Some(product) = products::find_by_code(tx, &line.code)? {
        return Ok(product);
    }
    let product = Product {
        product_id: stamp.ids.next(),
        code: line.code.clone(),
        barcodes: Vec::new(),
        name: line.name.clone(),
        category_id: None,
        unit: UNIT.to_owned(),
        price: line.unit_price,
        cost: None,
        tax_rate: Rate::ZERO,
        track_stock: false,
        offline_policy: settings::load(tx)?.default_offline_policy,
        favourite: false,
        picture: None,
        archived: false,
        tracking: pos_domain::serial::SerialTracking::None,
        packs: Vec::new(),
    };
    stamp.create_product(tx, &product, None)?;
    Ok(product)
}

fn customer_of(tx: &Tx<'_>, stamp: &Stamp, code: &str) -> Result<Customer, AppError> {
    if let Some(customer) = customers::find_by_code(tx, code)? {
        return Ok(customer);
    }
    let customer = Customer {
        customer_id: stamp.ids.next(),
        code: Some(code.to_owned()),
        name: code.to_owned(),
        phone: None,
        note: None,
        credit_limit: None,
    };
    stamp.create(tx, &customer)?;
    Ok(customer)
}

/// Rings up a sale or refund, paid exactly in cash; its id and total.
fn sell(
    tx: &Tx<'_>,
    stamp: &Stamp,
    key: &DeviceKey,
    invoice: &Invoice,
    products: &[Product],
    kind: SaleKind,
) -> Result<(SaleId, Money), AppError> {
    let counter = Counter::load(tx)?;
    let mut head = head_of(&counter, stamp.ids.next(), kind, stamp.now_ms);
    head.document_date = Some(invoice.date.clone());
    head.external_number = Some(invoice.number.clone());
    let mut cart = cart_edit::empty(stamp.ids.next());
    for (line, product) in invoice.lines.iter().zip(products) {
        let mut item = cart_edit::line_of(product, &line.code, line.qty, line.unit_price, stamp.ids.next());
        item.name.clone_from(&line.name);
        cart.lines.push(item);
    }
    let customer = invoice.customer.as_deref().map(|code| customer_of(tx, stamp, code)).transpose()?;
    let due = payable(total_of(&head.rules, &cart)?, head.cash_rounding, TenderKind::Cash)
        .map_err(|e| AppError::input("cash_rounding", e))?;
    let exact = Tender { kind: TenderKind::Cash, amount: due, reference: None };
    let tenders = if due.is_zero() { Vec::new() } else { vec![exact] };
    let customer =
        customer.map(|c| pos_domain::document::DocumentCustomer { customer_id: c.customer_id, name: c.name });
    let document = SaleDocument::build(head, customer, &cart, tenders)?;
    let sold = (document.head.sale_id, document.total);
    ring_up(tx, stamp, key, document, None)?;
    Ok(sold)
}

fn total_of(rules: &pos_domain::cart::PriceRules, cart: &pos_domain::Cart) -> Result<Money, AppError> {
    let terms: Vec<_> = cart.lines.iter().map(pos_domain::cart::LineTerms::from).collect();
    Ok(pos_domain::cart::price(*rules, &terms, cart.discount)?.gross)
}

fn adjust(tx: &Tx<'_>, stamp: &Stamp, invoice: &Invoice, products: &[Product]) -> Result<(), AppError> {
    let lines: Vec<StockAdjustmentLine> = invoice
        .lines
        .iter()
        .zip(products)
        .map(|(line, product)| StockAdjustmentLine {
            movement_id: stamp.ids.next(),
            product_id: product.product_id,
            delta: line.qty,
            track_stock: product.track_stock,
        })
        .collect();
    let depends_on = open_creations(tx, products.iter().map(|p| p.product_id), People::default())?;
    let incoming = lines.iter().all(|l| l.delta > Quantity::ZERO);
    let reason = if incoming { MovementReason::Receipt } else { MovementReason::Correction };
    let body = OperationBody::StockAdjust(StockAdjustment {
        reason,
        lines,
        reference: Some(invoice.number.clone()),
        document_date: Some(invoice.date.clone()),
        note: None,
    });
    stamp.enqueue(tx, &body, &depends_on)?;
    Ok(())
}
