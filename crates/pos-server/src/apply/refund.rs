//! Refunds of more than was sold, or than is left of it.
//!
//! While the customer waits, such a refund is refused. One that has happened stands: the money is out of the drawer and
//! the document is final. But goods beyond what was sold are not taken into stock, and a person decides what became of
//! goods and money. One that comes before its sale, which lies on a register out of reach, is measured when that comes.

use std::rc::Rc;

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ChoicePreview, StockChange};
use pos_domain::contested::{EarlierRefund, ExcessLine, RefundExcess};
use pos_domain::refund::{Beyond, Returnable, brought_back};
use pos_domain::stock::MovementReason;
use pos_domain::{
    Conflict, ConflictChoice, ConflictId, ConflictKind, Money, ProductId, Quantity, SaleDocument,
};
use pos_protocol::ShortLine;

use super::ledger::{Ledger, Line, Settles};
use super::{ApplyError, Cause, conflict as conflicts, insufficient, invalid, mapping, unknown};
use crate::batch::{Batch, ProductFacts};
use crate::storage::conflict::Resolution;
use crate::storage::{Sql, device, sale, stock};

/// A refund against the sale that it names.
pub(super) struct Bounds {
    /// For each line of the document, what of it goes beyond.
    pub(super) lines: Vec<Beyond>,
    sold: Returnable,
    earlier: Vec<SaleDocument>,
}

impl Bounds {
    /// What of a line goes beyond, in thousandths.
    pub(super) fn beyond_milli(&self, line: usize) -> i64 {
        self.lines.get(line).map_or(0, |beyond| beyond.qty.milli())
    }

    fn is_kept(&self) -> bool {
        self.lines.iter().all(Beyond::is_nothing)
    }
}

/// How far a document goes beyond what may come back of its sale. A sale from before this system bounds nothing.
pub(super) fn measure(
    batch: &Batch<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
) -> Sql<Option<Bounds>> {
    let original = sale::find_original(batch.tx, document)?;
    // A sale that names another one is an exchange: goods of that come back in it.
    let Some(original) = original else { return Ok(None) };
    let Some(sold) = sale::find_applied(batch.tx, original)? else { return Ok(None) };
    let known_as = |id: ProductId| batch.resolve(EntityKind::Product, id.0).map(ProductId);
    let mut left = Returnable::of_sale(&sold, known_as)?;
    let earlier: Vec<_> =
        sale::list_refunds(batch.tx, original)?.into_iter().map(|(_, refund)| refund).collect();
    #[cfg(feature = "planted")] // Incident 17.
    let earlier = if pos_planted::is(pos_planted::Bug::RefundsAreNotSummed) { Vec::new() } else { earlier };
    for back in earlier.iter().flat_map(brought_back) {
        left.take_back(known_as(back.product_id)?, back.qty, back.paid);
    }
    let sold = left.clone();
    let lines = take_back(&mut left, document, products);
    Ok(Some(Bounds { lines, sold, earlier }))
}

/// Takes the goods of a document back; for each line, what of it goes beyond what is left.
fn take_back(left: &mut Returnable, document: &SaleDocument, products: &[Rc<ProductFacts>]) -> Vec<Beyond> {
    let lines = document.lines.iter().zip(products).map(|(line, product)| {
        // Goods that leave with an exchange, and those that the customer trades in, bound nothing.
        if line.item.qty.is_negative() && !line.item.trade_in {
            left.take_back(product.id, line.item.stock_qty().negated(), line.amounts.gross.negated())
        } else {
            Beyond::default()
        }
    });
    lines.collect()
}

/// Measures the refunds that came before their sale. Goods beyond it are taken off the shelf again where they lie there,
/// and a person decides. Goods that were sold on since were there: only the money is left to be decided.
pub(super) fn measure_earlier(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    sold: &SaleDocument,
) -> Result<Option<ConflictId>, ApplyError> {
    let known_as = |id: ProductId| batch.resolve(EntityKind::Product, id.0).map(ProductId);
    let mut left = Returnable::of_sale(sold, known_as)?;
    let mut ledger = Ledger::continued(batch, cause)?;
    let mut earlier = Vec::new();
    let mut first = None;
    for (op_id, document) in sale::list_refunds(batch.tx, sold.head.sale_id)? {
        let mut products = Vec::with_capacity(document.lines.len());
        for line in &document.lines {
            let asked = line.item.product_id;
            products.push(batch.product(asked)?.ok_or_else(|| unknown("lines", "product", asked.0))?);
        }
        let before = left.clone();
        let lines = take_back(&mut left, &document, &products);
        let bounds = Bounds { lines, sold: before, earlier: earlier.clone() };
        if !bounds.is_kept()
            && let Some(device) = device::find(batch.tx, document.head.device_id)?
        {
            let aside = set_aside(batch, &mut ledger, &document, &products, &bounds)?;
            let of_refund = Cause { device: &device, op_id, feed_seq: cause.feed_seq };
            let opened = open(batch, (&of_refund, cause), &document, &products, &bounds, &aside)?;
            first = first.or(Some(opened));
        }
        earlier.push(document);
    }
    Ok(first)
}

/// Takes what goes beyond off the shelf; for each line, whether it lay there.
fn set_aside(
    batch: &mut Batch<'_>,
    ledger: &mut Ledger<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: &Bounds,
) -> Result<Vec<bool>, ApplyError> {
    let mut aside = Vec::with_capacity(products.len());
    for (i, (line, product)) in document.lines.iter().zip(products).enumerate() {
        let beyond = bounds.beyond_milli(i);
        let lies_there = product.track_stock && batch.level(product.id)?.on_hand >= beyond;
        if lies_there {
            let line_id = Some(line.item.line_id);
            let entry = Line { product_id: product.id, reason: MovementReason::Reversal, line_id };
            ledger.append(batch, entry, -beyond)?;
            mapping::note_booked(batch, ledger.cause(), line.item.product_id, product.id, -beyond)?;
        }
        aside.push(lies_there);
    }
    Ok(aside)
}

/// Refuses a refund that goes beyond, and says for each such line what may still come back.
pub(super) fn refuse_beyond(
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: &Bounds,
) -> Result<(), ApplyError> {
    let mut short = Vec::new();
    for ((line, product), beyond) in document.lines.iter().zip(products).zip(&bounds.lines) {
        if beyond.is_nothing() {
            continue;
        }
        let asked = line.item.stock_qty().negated();
        let paid = line.amounts.gross.abs();
        let payable = paid.minus(beyond.paid).map_err(|fault| invalid("paid", fault.to_string()))?;
        // As many as there are, and no more than the money that is left of them pays for.
        let by_money = part_of(asked.milli(), payable.minor(), paid.minor());
        let available = (asked.milli() - beyond.qty.milli()).min(by_money);
        short.push(ShortLine {
            line_id: line.item.line_id,
            product_id: product.id,
            code: line.item.code.clone(),
            asked,
            available: quantity(available)?,
        });
    }
    if short.is_empty() { Ok(()) } else { Err(insufficient(short)) }
}

/// Opens a conflict about what goes beyond, if anything does.
pub(super) fn open_if_beyond(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: &Bounds,
) -> Result<Option<ConflictId>, ApplyError> {
    if bounds.is_kept() {
        return Ok(None);
    }
    let aside: Vec<bool> = products.iter().map(|product| product.track_stock).collect();
    open(batch, (cause, cause), document, products, bounds, &aside).map(Some)
}

/// Opens the conflict about a refund, which another operation may have shown to go beyond.
fn open(
    batch: &mut Batch<'_>,
    (of_refund, shown_by): (&Cause<'_>, &Cause<'_>),
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: &Bounds,
    aside: &[bool],
) -> Result<ConflictId, ApplyError> {
    let excess = excess(document, products, bounds, aside)?;
    let mut conflict = conflicts::blank(batch, of_refund, ConflictKind::RefundBeyondBounds);
    conflict.entity = "sale".to_owned();
    conflict.entity_id = document.head.sale_id.0;
    conflict.title = excess.lines.first().map(|line| line.name.clone()).unwrap_or_default();
    conflict.other_register = excess.earlier.last().map(|refund| refund.register.clone());
    conflict.sale_id = Some(document.head.sale_id);
    conflict.choices = choices(&excess);
    conflict.refund = Some(excess);
    conflicts::save_new(batch, shown_by, conflict)
}

/// Takes the goods in, when that is the decision. The others move nothing: the money is out already.
pub(super) fn resolve(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    choice: ConflictChoice,
) -> Result<(), ApplyError> {
    let Some(excess) = conflict.refund.as_ref().filter(|_| choice == ConflictChoice::TakeGoods) else {
        return Ok(());
    };
    let mut ledger = Ledger::new(cause);
    for line in excess.lines.iter().filter(|line| line.counted) {
        let entry =
            Line { product_id: line.product_id, reason: MovementReason::Refund, line_id: Some(line.line_id) };
        ledger.give(batch, entry, line.beyond.milli(), Settles::Nothing)?;
    }
    Ok(())
}

/// Takes goods that were taken in out again.
pub(super) fn reopen(
    batch: &mut Batch<'_>,
    cause: &Cause<'_>,
    resolution: &Resolution,
) -> Result<(), ApplyError> {
    let mut ledger = Ledger::new(cause);
    for (product_id, line_id, delta) in stock::list_movements(batch.tx, resolution.op_id)? {
        let line = Line { product_id, reason: MovementReason::Reversal, line_id };
        if ledger.take(batch, line, delta)? > 0 {
            return Err(invalid("conflict_id", "the goods that came back were sold since"));
        }
    }
    Ok(())
}

fn excess(
    document: &SaleDocument,
    products: &[Rc<ProductFacts>],
    bounds: &Bounds,
    aside: &[bool],
) -> Result<RefundExcess, ApplyError> {
    let overflow = |fault: pos_domain::MoneyOverflow| invalid("paid", fault.to_string());
    let mut lines = Vec::new();
    let mut beyond_total = Money::ZERO;
    let lines_beyond = document.lines.iter().zip(products).zip(&bounds.lines).zip(aside);
    for (((line, product), beyond), is_aside) in lines_beyond {
        if beyond.is_nothing() {
            continue;
        }
        beyond_total = beyond_total.plus(beyond.paid).map_err(overflow)?;
        lines.push(ExcessLine {
            line_id: line.item.line_id,
            product_id: product.id,
            code: line.item.code.clone(),
            name: line.item.name.clone(),
            sold: bounds.sold.sold(product.id),
            returned: line.item.stock_qty().negated(),
            beyond: beyond.qty,
            beyond_paid: beyond.paid,
            counted: *is_aside && beyond.qty.is_positive(),
        });
    }
    let earlier = bounds.earlier.iter().map(|refund| EarlierRefund {
        sale_id: refund.head.sale_id,
        register: refund.head.register.clone(),
        cashier: refund.head.cashier.clone(),
        at_ms: refund.head.sold_at_ms,
        total: refund.total.abs(),
    });
    Ok(RefundExcess {
        cashier: document.head.cashier.clone(),
        original_number: document.head.original.as_ref().and_then(|original| original.number.clone()),
        total: document.total.abs(),
        beyond: beyond_total,
        lines,
        earlier: earlier.collect(),
    })
}

fn choices(excess: &RefundExcess) -> Vec<ChoicePreview> {
    let stock: Vec<StockChange> = excess
        .lines
        .iter()
        .filter(|line| line.counted)
        .map(|line| StockChange {
            product_id: line.product_id,
            code: line.code.clone(),
            name: line.name.clone(),
            on_hand: line.beyond,
            oversold: Quantity::ZERO,
        })
        .collect();
    let mut choices = Vec::new();
    if !stock.is_empty() {
        choices.push(ChoicePreview { stock, ..conflicts::preview(ConflictChoice::TakeGoods) });
    }
    choices.push(conflicts::preview(ConflictChoice::AcceptLoss));
    choices.push(ChoicePreview { cash: excess.beyond, ..conflicts::preview(ConflictChoice::CashierOwes) });
    choices
}

/// `part / whole` of a quantity, rounded down.
fn part_of(milli: i64, part: i64, whole: i64) -> i64 {
    let exact = i128::from(milli).saturating_mul(i128::from(part)).checked_div(i128::from(whole));
    exact.and_then(|exact| i64::try_from(exact).ok()).unwrap_or(milli)
}

fn quantity(milli: i64) -> Result<Quantity, ApplyError> {
    Quantity::from_milli(milli).map_err(|fault| invalid("qty", fault.to_string()))
}
