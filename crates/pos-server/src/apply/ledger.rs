//! Writing the stock ledger: each movement with its balance, and shortages that open and close.
//!
//! Two equations hold after every call: `on_hand` is the sum of the movements and never negative, and `oversold` is
//! the sum of the open shortages. Quantities are thousandths.

use std::collections::BTreeSet;

use pos_domain::quantity::MAX_MILLI;
use pos_domain::stock::MovementReason;
use pos_domain::{ConflictId, LineId, ProductId, SaleId};

use super::{ApplyError, Cause, invalid};
use crate::batch::Batch;
use crate::storage::Sql;
use crate::storage::stock::{self, Movement, ShortageRow};

/// Which shortages incoming goods settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settles {
    /// None: the goods go to the shelf.
    Nothing,
    /// Those of one sale: its goods came back.
    Sale(SaleId),
    /// All, oldest first: goods were received.
    Oldest,
}

/// A line that moves stock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) product_id: ProductId,
    pub(super) reason: MovementReason,
    pub(super) line_id: Option<LineId>,
}

/// The movements of one operation.
pub(super) struct Ledger<'a> {
    cause: &'a Cause<'a>,
    next_ordinal: u32,
    /// Conflicts whose shortages changed; their documents must be written anew.
    pub(super) changed: BTreeSet<ConflictId>,
}

impl<'a> Ledger<'a> {
    /// A ledger for an operation without movements yet.
    pub(super) fn new(cause: &'a Cause<'a>) -> Self {
        Self { cause, next_ordinal: 0, changed: BTreeSet::new() }
    }

    /// A ledger for an operation that may have movements already.
    pub(super) fn continued(batch: &Batch<'_>, cause: &'a Cause<'a>) -> Sql<Self> {
        let next_ordinal = stock::next_ordinal(batch.tx, cause.op_id)?;
        Ok(Self { cause, next_ordinal, changed: BTreeSet::new() })
    }

    /// The operation whose movements these are.
    pub(super) fn cause(&self) -> &'a Cause<'a> {
        self.cause
    }

    /// Takes what is there of `asked`; gives what is missing.
    pub(super) fn take(&mut self, batch: &mut Batch<'_>, line: Line, asked: i64) -> Result<i64, ApplyError> {
        let there = batch.level(line.product_id)?.on_hand.min(asked);
        self.append(batch, line, -there)?;
        Ok(asked - there)
    }

    /// Brings goods in, and lets them settle shortages at once.
    pub(super) fn give(
        &mut self,
        batch: &mut Batch<'_>,
        line: Line,
        qty: i64,
        settles: Settles,
    ) -> Result<(), ApplyError> {
        self.append(batch, line, qty)?;
        let shortages = match settles {
            Settles::Nothing => Vec::new(),
            Settles::Sale(sale_id) => stock::list_open_shortages(batch.tx, line.product_id, Some(sale_id))?,
            Settles::Oldest => stock::list_open_shortages(batch.tx, line.product_id, None)?,
        };
        let mut left = qty;
        for shortage in shortages {
            let settled = shortage.open.min(left);
            left -= settled;
            self.settle(batch, &shortage, settled)?;
        }
        Ok(())
    }

    /// Moves a balance to the end of the feed as it stands: a register expected it to change.
    pub(super) fn tell_again(&self, batch: &mut Batch<'_>, product_id: ProductId) -> Sql<()> {
        let level = batch.level(product_id)?;
        batch.set_level(product_id, level.on_hand, level.oversold, self.cause.origin())
    }

    /// Books goods that are on hand to the sale that lacked them.
    pub(super) fn settle(
        &mut self,
        batch: &mut Batch<'_>,
        shortage: &ShortageRow,
        qty: i64,
    ) -> Result<(), ApplyError> {
        let line = Line {
            product_id: shortage.product_id,
            reason: MovementReason::Sale,
            line_id: Some(shortage.line_id),
        };
        self.append(batch, line, -qty)?;
        self.change_open(batch, shortage, -qty)
    }

    /// Changes how much of a shortage is open, and the product's `oversold` with it.
    pub(super) fn change_open(
        &mut self,
        batch: &mut Batch<'_>,
        shortage: &ShortageRow,
        change: i64,
    ) -> Result<(), ApplyError> {
        if change == 0 {
            return Ok(());
        }
        stock::set_open(batch.tx, shortage.shortage_no, shortage.open + change)?;
        self.changed.insert(shortage.conflict_id);
        self.change_oversold(batch, shortage.product_id, change)
    }

    /// Records what a new shortage adds to a product's `oversold`.
    pub(super) fn change_oversold(
        &self,
        batch: &mut Batch<'_>,
        product_id: ProductId,
        change: i64,
    ) -> Result<(), ApplyError> {
        #[cfg(feature = "planted")]
        let change = if pos_planted::is(pos_planted::Bug::ShortageCountedTwice) && change > 0 {
            2 * change
        } else {
            change
        };
        let level = batch.level(product_id)?;
        let oversold = level.oversold + change;
        if oversold > MAX_MILLI {
            return Err(invalid("qty", "more is oversold than a balance can hold"));
        }
        Ok(batch.set_level(product_id, level.on_hand, oversold, self.cause.origin())?)
    }

    /// Appends one movement; one of nothing is none.
    pub(super) fn append(&mut self, batch: &mut Batch<'_>, line: Line, delta: i64) -> Result<(), ApplyError> {
        if delta == 0 {
            return Ok(());
        }
        let level = batch.level(line.product_id)?;
        let on_hand = level.on_hand + delta;
        if on_hand > MAX_MILLI {
            return Err(invalid("qty", "more is on hand than a balance can hold"));
        }
        let movement =
            Movement { product_id: line.product_id, reason: line.reason, delta, line_id: line.line_id };
        stock::append_movement(batch.tx, self.cause.op_id, self.next_ordinal, &movement, batch.now_ms)?;
        self.next_ordinal += 1;
        Ok(batch.set_level(line.product_id, on_hand, level.oversold, self.cause.origin())?)
    }
}
