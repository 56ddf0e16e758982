//! The books: what was said to the cashiers, kept apart from every program that said it.
//!
//! Whatever faults there are, the books must be found again on the registers and, once the faults have stopped, on the
//! server. They are written by the simulator from what a use case answered, and know no table.

use std::collections::{BTreeMap, BTreeSet};

use pos_app::view::SaleCompleted;
use pos_domain::{Hash32, OperationBody, RequestId, SaleId};
use rusqlite::Connection;
use uuid::Uuid;

use crate::invariants::{Faults, ids};

/// A sale as it was shown as sold.
#[derive(Debug, Clone)]
pub(crate) struct Sold {
    pub(crate) till: usize,
    pub(crate) number: String,
    pub(crate) total: i64,
    /// Of the bytes that were queued.
    pub(crate) body_hash: Hash32,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) sold: BTreeMap<SaleId, Sold>,
    /// Presses of the button that were answered with a refusal: the customer has left or pays again.
    pub(crate) refused: BTreeSet<(usize, RequestId)>,
    numbers: BTreeMap<String, SaleId>,
    /// Operations of files that are gone: the server may know them.
    pub(crate) gone: BTreeSet<Uuid>,
    /// Sales of a folder that is gone with everything that its register kept: what is left of them is the receipt, and
    /// what the server was told.
    pub(crate) lost: BTreeMap<SaleId, Sold>,
}

impl Books {
    /// Writes a sale down as the cashier saw it, and says what is wrong with it. `expected` is what the cart's lines
    /// come to, when nothing was reduced.
    pub(crate) fn write(
        &mut self,
        till: usize,
        sale: &SaleCompleted,
        expected: Option<i64>,
        faults: &mut Faults,
    ) {
        let document = &sale.receipt.document;
        let lines: i64 = document.lines.iter().map(|line| line.amounts.gross.minor()).sum();
        let (net, tax, total) = (document.net.minor(), document.tax.minor(), document.total.minor());
        let tendered: i64 = document.tenders.iter().map(|tender| tender.amount.minor()).sum();
        let mut must_be = |holds: bool, words: &str| {
            if !holds {
                faults.push((6, format!("{}: {words}: {document:?}", sale.number)));
            }
        };
        must_be(lines == total, "its lines do not come to its total");
        must_be(net + tax == total, "net and tax do not come to its total");
        must_be(
            total + sale.rounding.minor() == sale.payable.minor(),
            "rounding does not lead to what is due",
        );
        must_be(tendered - sale.change.minor() == sale.payable.minor(), "what was paid is not what was due");
        must_be(expected.is_none_or(|expected| expected == total), "the cart came to another amount");
        let body = OperationBody::SaleComplete(Box::new(document.clone())).encode().unwrap();
        let sold = Sold { till, number: sale.number.clone(), total, body_hash: body.hash };
        if let Some(other) = self.numbers.insert(sale.number.clone(), sale.sale_id)
            && other != sale.sale_id
        {
            faults.push((9, format!("{} is the number of {other} and of {}", sale.number, sale.sale_id)));
        }
        if let Some(before) = self.sold.insert(sale.sale_id, sold.clone())
            && (before.number != sold.number || before.total != sold.total)
        {
            faults.push((2, format!("{} was sold as {before:?} and as {sold:?}", sale.sale_id)));
        }
    }

    /// A register's file is about to be replaced: what it has made stays known.
    pub(crate) fn note_operations(&mut self, file: &Connection) {
        self.gone.extend(ids(file, "SELECT op_id AS id FROM sync_queue"));
    }

    /// A register's folder is gone, with journal and mark; `left` is the file that takes its place, if one does. How
    /// many sales went with it.
    pub(crate) fn lose(&mut self, till: usize, left: Option<&Connection>) -> usize {
        let kept = left.map_or_else(BTreeSet::new, |file| {
            ids(file, "SELECT sale_id AS id FROM sale WHERE state = 'final'")
        });
        let (lost, sold) = std::mem::take(&mut self.sold)
            .into_iter()
            .partition(|(sale_id, sold)| sold.till == till && !kept.contains(&sale_id.0));
        self.sold = sold;
        let lost: BTreeMap<SaleId, Sold> = lost;
        // A number of a sale that is gone may be given again by a register that does not know that it was put back.
        self.numbers.retain(|_, sale_id| !lost.contains_key(sale_id));
        let count = lost.len();
        self.lost.extend(lost);
        count
    }
}
