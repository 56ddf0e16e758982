//! What the day comes to, reckoned from the list of acts alone.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::acts::{Line, Paid, Sale, Tender, Term};
use crate::books::{self, Totals};
use crate::goods::Goods;

/// Sums of the day so far, in minor units.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    totals: Totals,
    tenders: BTreeMap<Tender, i64>,
    float: i64,
    put_in: i64,
    spent: i64,
    debts_paid: i64,
    owed: i64,
    /// Thousandths that are left on the shelf.
    stock: BTreeMap<&'static str, i64>,
    /// Number and total of each paper of a sale.
    receipts: Vec<(String, i64)>,
    missing: i64,
}

impl Ledger {
    pub(super) fn sold(&mut self, number: String, sale: &Sale) {
        self.count("sale", sale.total);
        for line in sale.lines.iter().chain(sale.terms.iter().flat_map(recalled)) {
            let (goods, qty) = line.of();
            self.take(goods, qty);
        }
        for term in sale.terms {
            if let Term::TradeIn { goods, .. } = term {
                self.take(*goods, -1_000);
            }
        }
        match sale.paid {
            Paid::Exact | Paid::Given { .. } => self.tender(Tender::Cash, sale.total),
            Paid::Parts(parts) => parts.iter().for_each(|part| self.tender(part.tender, part.amount)),
        }
        self.receipts.push((number, sale.total));
    }

    /// A piece came back for its price, in cash.
    pub(super) fn refunded(&mut self, goods: Goods) {
        self.count("refund", -goods.price);
        self.tender(Tender::Cash, -goods.price);
        self.take(goods, -1_000);
    }

    /// A sale of one piece for cash was taken back.
    pub(super) fn voided(&mut self, sale: usize, goods: Goods) {
        let total = self.receipts.get(sale - 1).map_or(0, |(_, total)| *total);
        self.count("void", -total);
        self.tender(Tender::Cash, -total);
        self.take(goods, -1_000);
    }

    pub(super) fn opened(&mut self, float: i64) {
        self.float = float;
    }

    pub(super) fn put_in(&mut self, amount: i64) {
        self.put_in += amount;
    }

    pub(super) fn spent(&mut self, amount: i64) {
        self.spent += amount;
    }

    /// All of the debt was paid in cash.
    pub(super) fn debt_paid(&mut self) {
        self.debts_paid += self.owed;
        self.owed = 0;
    }

    pub(super) fn closed(&mut self, missing: i64) {
        self.missing = missing;
    }

    /// Sales so far.
    pub(super) fn sales(&self) -> u64 {
        self.totals.get("sale").map_or(0, |(count, _)| *count)
    }

    pub(super) fn owed(&self) -> i64 {
        self.owed
    }

    pub(super) fn number(&self, sale: usize) -> &str {
        self.receipts.get(sale - 1).map_or("", |(number, _)| number)
    }

    pub(super) fn receipts(&self) -> &[(String, i64)] {
        &self.receipts
    }

    pub(super) fn stock(&self) -> impl Iterator<Item = (&'static str, i64)> {
        self.stock.iter().map(|(code, left)| (*code, *left))
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals.clone()
    }

    /// What the drawer should hold.
    pub(super) fn drawer(&self) -> i64 {
        self.moved_without_sales() + self.by(Tender::Cash)
    }

    /// What came into the drawer otherwise than by sales.
    pub(super) fn moved_without_sales(&self) -> i64 {
        self.float + self.put_in - self.spent + self.debts_paid
    }

    /// Fails unless a Z says all of this.
    pub(super) fn check_z(&self, z: &str) -> Result<()> {
        let sum = |kind: &str| self.totals.get(kind).copied().unwrap_or_default();
        let [(sales, sold), (refunds, refunded), (voids, voided)] = [sum("sale"), sum("refund"), sum("void")];
        let rows = [
            (format!("Ventes ({sales})"), sold),
            (format!("Remboursements ({refunds})"), refunded),
            (format!("Annulations ({voids})"), voided),
            ("Ventes en espèces".to_owned(), self.by(Tender::Cash)),
            ("Fond de caisse".to_owned(), self.float),
            ("Paiements de dettes".to_owned(), self.debts_paid),
            ("Entrées".to_owned(), self.put_in),
            ("Sorties et dépenses".to_owned(), -self.spent),
            ("Attendu en caisse".to_owned(), self.drawer()),
            ("Compté".to_owned(), self.drawer() - self.missing),
            ("ÉCART".to_owned(), -self.missing),
        ];
        for (row, wanted) in rows {
            let found = books::amount(z, &row)?;
            ensure!(found == wanted, "the Z says {found} for {row}, not {wanted}: {z}");
        }
        for (tender, word) in
            [(Tender::Mobile, "Mobile money"), (Tender::Card, "Carte"), (Tender::Account, "Sur le compte")]
        {
            let found = books::amount_beside(z, word)?;
            ensure!(
                found == self.by(tender),
                "the Z says {found} by {tender:?}, not {}: {z}",
                self.by(tender)
            );
        }
        Ok(())
    }

    fn count(&mut self, kind: &str, total: i64) {
        let sum = self.totals.entry(kind.to_owned()).or_default();
        *sum = (sum.0 + 1, sum.1 + total);
    }

    fn tender(&mut self, tender: Tender, amount: i64) {
        *self.tenders.entry(tender).or_default() += amount;
        if tender == Tender::Account {
            self.owed += amount;
        }
    }

    fn by(&self, tender: Tender) -> i64 {
        self.tenders.get(&tender).copied().unwrap_or_default()
    }

    fn take(&mut self, goods: Goods, qty: i64) {
        *self.stock.entry(goods.code).or_insert(goods.stock) -= qty;
    }
}

impl Line {
    /// What, and how many thousandths.
    pub(super) fn of(self) -> (Goods, i64) {
        match self {
            Self::Pieces(goods, pieces) => (goods, i64::from(pieces) * 1_000),
            Self::Weight(goods, thousandths, _) => (goods, thousandths),
        }
    }
}

/// Lines that came back from hold.
fn recalled(term: &Term) -> &'static [Line] {
    match term {
        Term::Recalled(lines) => lines,
        Term::LineDiscount(_)
        | Term::CartDiscount(_)
        | Term::Price(_)
        | Term::Customer
        | Term::Note(_)
        | Term::Undone(_)
        | Term::TradeIn { .. } => &[],
    }
}
