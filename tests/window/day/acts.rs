//! The day, as a list.

use crate::goods::{BREAD, Goods, MILK, OIL, ONIONS, PHONE, RICE, SOAP, SUGAR, WATER};

/// Who buys on account and pays the debt before closing.
pub(super) const DEBTOR: &str = "Aïssatou Diallo";
/// What a customer may owe.
pub(super) const CREDIT_LIMIT: i64 = 200_000;

/// Of the phone that is taken in.
pub(super) const IMEI: &str = "490154203237518";

/// One thing that happens at the till.
#[derive(Debug)]
pub(super) enum Act {
    /// Somebody signs in at the locked till.
    SignIn(&'static str),
    /// Somebody else takes the till over.
    HandOver(&'static str),
    /// The drawer is opened with a float counted by notes.
    Open { float: i64 },
    /// A customer is served.
    Sell(Sale),
    /// A cart is put on hold.
    Hold(&'static [Line]),
    /// One piece of a line of a sale comes back; the manager says yes.
    Refund { sale: usize, goods: Goods, reason: &'static str },
    /// A sale is taken back whole; the manager says yes.
    Void { sale: usize },
    /// The debtor pays all of it in cash.
    PayDebt,
    /// Cash that is spent.
    Spend { category: &'static str, amount: i64 },
    /// Cash that is put in.
    PutIn { amount: i64 },
    /// The drawer is counted by notes, with so much missing, and closed.
    Close { missing: i64 },
}

/// A sale from the first scan to the next customer.
#[derive(Debug)]
pub(super) struct Sale {
    /// In the order in which they are taken; none when the cart comes back from hold.
    pub(super) lines: &'static [Line],
    /// What is agreed besides the price of the catalogue.
    pub(super) terms: &'static [Term],
    pub(super) paid: Paid,
    /// What it comes to, reckoned by hand.
    pub(super) total: i64,
}

/// How much of what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Line {
    Pieces(Goods, u32),
    /// Thousandths, and as they are typed.
    Weight(Goods, i64, &'static str),
}

/// What makes a sale another one.
#[derive(Debug)]
pub(super) enum Term {
    /// The cart on hold is taken back.
    Recalled(&'static [Line]),
    /// Percent off the last line.
    LineDiscount(&'static str),
    /// An amount off the cart.
    CartDiscount(&'static str),
    /// Another price for the last line; the manager says yes.
    Price(&'static str),
    /// The debtor is on the cart.
    Customer,
    Note(&'static str),
    /// Something was scanned by mistake, and is undone.
    Undone(Goods),
    /// The customer gives a thing in payment.
    TradeIn {
        goods: Goods,
        imei: &'static str,
        worth: &'static str,
    },
}

/// How a sale is paid.
#[derive(Debug)]
pub(super) enum Paid {
    /// One key.
    Exact,
    /// Cash, with change.
    Given { given: i64 },
    /// One payment or several; the last takes what is left.
    Parts(&'static [Part]),
}

/// One payment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) tender: Tender,
    pub(super) amount: i64,
    /// What the other side calls it.
    pub(super) reference: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tender {
    Cash,
    Mobile,
    Card,
    Account,
}

const fn part(tender: Tender, amount: i64) -> Part {
    Part { tender, amount, reference: None }
}

const fn referred(tender: Tender, amount: i64, reference: &'static str) -> Part {
    Part { tender, amount, reference: Some(reference) }
}

const fn sale(lines: &'static [Line], terms: &'static [Term], paid: Paid, total: i64) -> Act {
    Act::Sell(Sale { lines, terms, paid, total })
}

use Line::{Pieces, Weight};
use Paid::{Exact, Given, Parts};

/// The day.
pub(super) const DAY: &[Act] = &[
    Act::SignIn("manager"),
    Act::Open { float: 50_000 },
    Act::HandOver("cashier"),
    sale(&[Pieces(SUGAR, 1)], &[], Exact, 13_000),
    sale(&[Pieces(RICE, 1), Pieces(OIL, 1)], &[], Given { given: 100_000 }, 86_000),
    sale(&[Pieces(MILK, 3)], &[], Exact, 144_000),
    sale(&[Weight(ONIONS, 1_250, "1,25")], &[], Exact, 15_000),
    sale(&[Pieces(OIL, 1)], &[], Parts(&[referred(Tender::Card, 24_000, "CB-4471")]), 24_000),
    sale(&[Pieces(RICE, 1)], &[], Parts(&[referred(Tender::Mobile, 62_000, "OM-88213")]), 62_000),
    sale(
        &[Pieces(MILK, 1), Pieces(WATER, 1)],
        &[],
        Parts(&[part(Tender::Cash, 20_000), referred(Tender::Mobile, 33_000, "OM-88214")]),
        53_000,
    ),
    sale(&[Pieces(OIL, 1)], &[Term::LineDiscount("5")], Exact, 22_800),
    sale(&[Pieces(RICE, 1), Pieces(SOAP, 1)], &[Term::CartDiscount("2000")], Exact, 65_000),
    sale(&[Pieces(SUGAR, 1)], &[Term::Price("12000")], Exact, 12_000),
    sale(&[Pieces(RICE, 1)], &[Term::Customer], Parts(&[part(Tender::Account, 62_000)]), 62_000),
    Act::Hold(&[Pieces(BREAD, 1), Pieces(WATER, 1)]),
    sale(&[Pieces(SUGAR, 1)], &[], Exact, 13_000),
    sale(&[], &[Term::Recalled(&[Pieces(BREAD, 1), Pieces(WATER, 1)])], Exact, 7_500),
    sale(&[Pieces(SOAP, 1)], &[Term::Note("À livrer chez la voisine")], Exact, 5_000),
    sale(
        &[Pieces(MILK, 1)],
        &[],
        Parts(&[
            part(Tender::Cash, 10_000),
            referred(Tender::Card, 18_000, "CB-4472"),
            referred(Tender::Mobile, 20_000, "OM-88215"),
        ]),
        48_000,
    ),
    sale(&[Pieces(MILK, 3)], &[Term::TradeIn { goods: PHONE, imei: IMEI, worth: "100000" }], Exact, 44_000),
    sale(&[Pieces(OIL, 1)], &[Term::Undone(SUGAR)], Exact, 24_000),
    sale(
        &[Pieces(RICE, 1), Pieces(OIL, 1)],
        &[Term::Customer],
        Parts(&[part(Tender::Cash, 36_000), part(Tender::Account, 50_000)]),
        86_000,
    ),
    sale(&[Pieces(SOAP, 1)], &[], Exact, 5_000),
    sale(&[Pieces(BREAD, 1)], &[], Exact, 2_500),
    Act::Refund { sale: 2, goods: OIL, reason: "not_wanted" },
    Act::Void { sale: 19 },
    Act::PayDebt,
    Act::HandOver("manager"),
    Act::Spend { category: "Repas", amount: 8_000 },
    Act::PutIn { amount: 5_000 },
    Act::Close { missing: 300 },
];
