//! Made-up days of a till: documents of every kind, in the order in which they were made.

use pos_domain::document::DocumentCustomer;
use pos_domain::shift::{PerpetualTotals, ShiftTotals};
use pos_domain::tender::payable;
use pos_domain::till::{
    AccountPayment, CashDirection, CashMovement, ShiftOpening, TillContent, TillDocument, TillHead,
};
use pos_domain::{CashRounding, Currency, Money, SaleDocument, SaleKind, Tender, TenderKind};
use proptest::prelude::*;
use uuid::Uuid;

use crate::shops::{self, cash_rounding, money};

/// A final document.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a law holds a few papers at a time")]
pub(crate) enum Paper {
    Sale(SaleDocument),
    Till(TillDocument),
}

impl Paper {
    pub(crate) fn add_to(&self, totals: &mut ShiftTotals) {
        match self {
            Self::Sale(document) => totals.add_sale(document),
            Self::Till(document) => totals.add(document),
        }
        .unwrap();
    }

    /// What the customer owes more because of it.
    pub(crate) fn owed(&self) -> i64 {
        match self {
            Self::Sale(document) => document.account_effect().unwrap().map_or(0, Money::minor),
            Self::Till(document) => document.account_effect().map_or(0, |(_, amount)| amount.minor()),
        }
    }
}

pub(crate) fn totals_of<'a>(papers: impl IntoIterator<Item = &'a Paper>) -> ShiftTotals {
    let mut totals = ShiftTotals::default();
    papers.into_iter().for_each(|paper| paper.add_to(&mut totals));
    totals
}

/// The perpetual totals after Zs over these runs of documents.
pub(crate) fn perpetual_of<'a>(runs: impl IntoIterator<Item = &'a [Paper]>) -> PerpetualTotals {
    let covered = |before: PerpetualTotals, run: &[Paper]| {
        before.plus(u64::try_from(run.len()).unwrap(), &totals_of(run)).unwrap()
    };
    runs.into_iter().fold(PerpetualTotals::default(), covered)
}

pub(crate) fn till_head() -> TillHead {
    TillHead {
        document_id: Uuid::from_u128(21).into(),
        business: "Épicerie Diallo".into(),
        outlet_id: Uuid::from_u128(12).into(),
        outlet: "Kaloum".into(),
        device_id: Uuid::from_u128(13).into(),
        register: "Caisse 1".into(),
        cashier_id: Uuid::from_u128(14).into(),
        cashier: "Aïssatou".into(),
        currency: Currency::from_iso("GNF").unwrap(),
        shift_id: Some(Uuid::from_u128(22).into()),
        made_at_ms: 1_773_507_909_000,
        approvals: Vec::new(),
    }
}

pub(crate) fn customer() -> DocumentCustomer {
    DocumentCustomer { customer_id: Uuid::from_u128(15).into(), name: "Camara".into() }
}

fn till(content: TillContent) -> Paper {
    let document = TillDocument { head: till_head(), content };
    assert_eq!(document.check(), Ok(()), "what is made up here is right");
    Paper::Till(document)
}

/// A document with all of it on the customer's account, when it comes to anything.
fn on_account(document: SaleDocument) -> SaleDocument {
    let amount = payable(document.total, document.head.cash_rounding, TenderKind::Account).unwrap();
    if amount.is_zero() {
        return document;
    }
    let cart = pos_domain::Cart {
        cart_id: Uuid::from_u128(7).into(),
        lines: document.lines.iter().map(|line| line.item.clone()).collect(),
        discount: document.discount,
        customer_id: None,
        note: None,
    };
    let tender = Tender { kind: TenderKind::Account, amount, reference: None };
    SaleDocument::build(document.head, document.customer, &cart, vec![tender]).unwrap()
}

/// Sales, refunds and exchanges, some of them on account.
pub(crate) fn sale_papers() -> impl Strategy<Value = SaleDocument> {
    let all = prop_oneof![shops::documents(), shops::exchanges()];
    (all, any::<bool>()).prop_map(|(document, credit)| if credit { on_account(document) } else { document })
}

fn payment(amount: i64, by_card: bool, extra: i64, rounding: Option<CashRounding>) -> Paper {
    let tender = if by_card {
        let amount = payable(money(amount), rounding, TenderKind::Card).unwrap();
        Tender { kind: TenderKind::Card, amount, reference: Some("OM-1".into()) }
    } else {
        let due = payable(money(amount), rounding, TenderKind::Cash).unwrap().minor();
        Tender {
            kind: TenderKind::Cash,
            amount: money(due + if amount > 0 { extra } else { 0 }),
            reference: None,
        }
    };
    let payment = AccountPayment::build(customer(), money(amount), vec![tender], rounding, None).unwrap();
    till(TillContent::AccountPayment(payment))
}

fn movement(direction: CashDirection, amount: i64, expense: Option<&str>) -> Paper {
    let expense = expense.map(str::to_owned);
    till(TillContent::CashMovement(CashMovement { direction, amount: money(amount), expense, note: None }))
}

/// One document of the drawer or of an account.
fn till_papers() -> impl Strategy<Value = Paper> {
    let amount = 1_i64..2_000_000;
    let paid = prop_oneof![1_000_i64..2_000_000, -2_000_000_i64..-1_000];
    let expense = prop::sample::select(vec!["Taxi", "Repas", "Électricité"]);
    prop_oneof![
        (0_i64..500_000).prop_map(|float| {
            till(TillContent::ShiftOpening(ShiftOpening { float: money(float), count: Vec::new() }))
        }),
        amount.clone().prop_map(|amount| movement(CashDirection::In, amount, None)),
        amount.clone().prop_map(|amount| movement(CashDirection::Out, amount, None)),
        (amount, expense).prop_map(|(amount, what)| movement(CashDirection::Out, amount, Some(what))),
        (paid, any::<bool>(), 0_i64..50_000, prop::option::of(cash_rounding()))
            .prop_map(|(amount, by_card, extra, rounding)| payment(amount, by_card, extra, rounding)),
    ]
}

/// A run of documents.
pub(crate) fn papers() -> impl Strategy<Value = Vec<Paper>> {
    let any = prop_oneof![sale_papers().prop_map(Paper::Sale), till_papers()];
    prop::collection::vec(any, 0..14)
}

/// The void of a sale, as a register makes it.
pub(crate) fn void_of(sale: &SaleDocument) -> SaleDocument {
    let mut next = 500;
    let (lines, tenders) = pos_domain::refund::undone(sale, || {
        next += 1;
        Uuid::from_u128(next).into()
    })
    .unwrap();
    let cart = pos_domain::Cart {
        cart_id: Uuid::from_u128(8).into(),
        lines,
        discount: sale.discount,
        customer_id: None,
        note: None,
    };
    let head = pos_domain::document::DocumentHead { kind: SaleKind::Void, ..sale.head.clone() };
    SaleDocument::build(head, sale.customer.clone(), &cart, tenders).unwrap()
}
