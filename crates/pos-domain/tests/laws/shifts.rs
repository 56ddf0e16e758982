//! Shifts: totals that are sums whatever the order, a drawer that holds what came in less what went out, and Zs that
//! leave nothing out.

use pos_domain::cart::TaxTotal;
use pos_domain::shift::{CashTotals, NumberRange, ShiftTotals, TenderTotal};
use pos_domain::till::{CashDirection, TillContent, TillDocument};
use pos_domain::{Money, SaleKind, ShiftReport, Tender, TenderKind};
use proptest::prelude::*;

use crate::papers::{Paper, papers, perpetual_of, sale_papers, till_head, totals_of, void_of};
use crate::shops::money;

fn sum(amounts: impl IntoIterator<Item = Money>) -> i64 {
    amounts.into_iter().map(Money::minor).sum()
}

/// What tenders and change put into the drawer.
fn cash_in(tenders: &[Tender], change: Money) -> i64 {
    sum(tenders.iter().filter(|t| t.kind == TenderKind::Cash).map(|t| t.amount)) - change.minor()
}

/// What a document puts into the drawer, told without any total.
fn drawer_effect(paper: &Paper) -> i64 {
    match paper {
        Paper::Sale(sale) => cash_in(&sale.tenders, sale.settlement.change),
        Paper::Till(document) => match &document.content {
            TillContent::ShiftOpening(opening) => opening.float.minor(),
            TillContent::CashMovement(movement) => match movement.direction {
                CashDirection::In => movement.amount.minor(),
                CashDirection::Out => -movement.amount.minor(),
            },
            TillContent::AccountPayment(payment) => cash_in(&payment.tenders, payment.settlement.change),
            TillContent::ShiftClosing(_) => 0,
        },
    }
}

fn by_tender(totals: &[TenderTotal], keep: impl Fn(TenderKind) -> bool) -> i64 {
    sum(totals.iter().filter(|total| keep(total.kind)).map(|total| total.amount))
}

/// The Z over these documents, after one over others.
fn closing(before: &[Paper], covered: &[Paper], counted: i64) -> ShiftReport {
    let totals = totals_of(covered);
    let expected = totals.cash.expected().unwrap();
    let first = u64::try_from(before.len()).unwrap() + 1;
    let last = u64::try_from(before.len() + covered.len()).unwrap();
    let range = NumberRange { series: "R1".into(), first, last };
    ShiftReport {
        z_number: 2,
        opened_at_ms: None,
        ranges: if covered.is_empty() { Vec::new() } else { vec![range] },
        perpetual_before: perpetual_of([before]),
        perpetual: perpetual_of([before, covered]),
        count: Vec::new(),
        counted: money(counted),
        expected,
        difference: money(counted).minus(expected).unwrap(),
        totals,
        open_carts: 0,
        unsynced: 3,
        note: None,
    }
}

fn check(report: ShiftReport) -> Result<(), pos_domain::TillFault> {
    TillDocument { head: till_head(), content: TillContent::ShiftClosing(Box::new(report)) }.check()
}

proptest! {
    #[test]
    fn documents_come_to_the_same_totals_in_any_order(
        (papers, shuffled) in papers().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        prop_assert_eq!(totals_of(&papers), totals_of(&shuffled));
    }

    #[test]
    fn the_drawer_should_hold_what_came_in_less_what_went_out(papers in papers()) {
        let expected = totals_of(&papers).cash.expected().unwrap().minor();
        let counted: i64 = papers.iter().map(drawer_effect).sum();
        prop_assert_eq!(expected, counted, "float + cash of sales and payments - change + cash in - cash out");
    }

    #[test]
    fn what_was_sold_is_what_was_paid_by_all_tenders(papers in papers()) {
        let totals = totals_of(&papers);
        let taken = totals.sales.amount.minor() - totals.refunds.amount.minor() - totals.voids.amount.minor();
        prop_assert_eq!(by_tender(&totals.tenders, |_| true), taken);
        prop_assert_eq!(totals.net.minor() + totals.tax.minor() + totals.rounding.minor(), taken);
        prop_assert_eq!(by_tender(&totals.tenders, |kind| kind == TenderKind::Cash), totals.cash.sales.minor());
        prop_assert_eq!(by_tender(&totals.payments, |kind| kind == TenderKind::Cash), totals.cash.payments.minor());
        prop_assert_eq!(sum(totals.taxes.iter().map(|t| t.net)), totals.net.minor(), "the rates cover the net");
        prop_assert_eq!(sum(totals.taxes.iter().map(|t| t.tax)), totals.tax.minor(), "and the tax");
        prop_assert!(totals.taxes.is_sorted_by(|a, b| a.rate < b.rate));
        prop_assert!(totals.tenders.is_sorted_by(|a, b| a.kind < b.kind), "each tender stands once");
        prop_assert!(totals.expenses.is_sorted_by(|a, b| a.category < b.category), "each category stands once");
        let spent = sum(totals.expenses.iter().map(|expense| expense.amount));
        prop_assert!(spent <= totals.cash.paid_out.minor(), "an expense leaves the drawer");
    }

    #[test]
    fn what_sales_put_on_accounts_is_what_customers_owe_more(papers in papers()) {
        let owed: i64 = papers.iter().filter(|p| matches!(p, Paper::Sale(_))).map(Paper::owed).sum();
        prop_assert_eq!(by_tender(&totals_of(&papers).tenders, TenderKind::is_on_account), owed);
    }

    #[test]
    fn the_perpetual_totals_are_the_sum_of_all_zs_wherever_they_were_cut(papers in papers(), cuts in prop::collection::vec(0_usize..14, 0..4)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(papers.len())).collect();
        cuts.sort_unstable();
        let starts = std::iter::once(0).chain(cuts.iter().copied());
        let ends = cuts.iter().copied().chain([papers.len()]);
        let zs: Vec<&[Paper]> = starts.zip(ends).map(|(start, end)| &papers[start..end]).collect();
        let perpetual = perpetual_of(zs.iter().copied());
        prop_assert_eq!(perpetual, perpetual_of([papers.as_slice()]), "no document is in two Zs, and none in no Z");
        let of = |amount: fn(&ShiftTotals) -> Money| sum(zs.iter().map(|z| amount(&totals_of(*z))));
        prop_assert_eq!(perpetual.sales.minor(), of(|t| t.sales.amount));
        prop_assert_eq!(perpetual.refunds.minor(), of(|t| t.refunds.amount));
        prop_assert_eq!(perpetual.voids.minor(), of(|t| t.voids.amount));
        let drawers: i64 = zs.iter().map(|z| totals_of(*z).cash.expected().unwrap().minor()).sum();
        prop_assert_eq!(drawers, totals_of(&papers).cash.expected().unwrap().minor());
    }

    #[test]
    fn a_void_cancels_what_its_sale_came_to(sale in sale_papers().prop_filter("a refund is not voided", |s| s.head.kind == SaleKind::Sale)) {
        let void = void_of(&sale);
        prop_assert_eq!(void.check(), Ok(()));
        let owed = Paper::Sale(sale.clone()).owed() + Paper::Sale(void.clone()).owed();
        let moved: Vec<_> = sale.stock_effects().zip(void.stock_effects()).map(|(out, back)| out.delta.plus(back.delta)).collect();
        let totals = totals_of(&[Paper::Sale(sale.clone()), Paper::Sale(void)]);
        prop_assert_eq!(totals.sales.amount, totals.voids.amount, "both stand on the Z");
        prop_assert_eq!((totals.sales.count, totals.voids.count), (1, 1));
        let nothing = [totals.net, totals.tax, totals.rounding, totals.discounts, totals.cash.sales];
        prop_assert_eq!(nothing, [Money::ZERO; 5], "and together they come to nothing");
        prop_assert!(totals.tenders.iter().all(|tender| tender.amount.is_zero()), "by each tender");
        let is_empty = |t: &TaxTotal| t.net.is_zero() && t.tax.is_zero() && t.gross.is_zero();
        prop_assert!(totals.taxes.iter().all(is_empty), "at each rate");
        prop_assert_eq!(owed, 0, "on the customer's account");
        prop_assert!(moved.into_iter().all(|sum| sum.is_ok_and(pos_domain::Quantity::is_zero)), "and on the shelf");
    }

    #[test]
    fn a_z_states_what_its_documents_give_and_no_other_figure(
        before in papers(), covered in papers(), counted in 0_i64..5_000_000, off in prop_oneof![Just(1_i64), Just(-1), 2_i64..9_000]
    ) {
        let z = closing(&before, &covered, counted);
        prop_assert_eq!(check(z.clone()), Ok(()));
        let changed = |change: &dyn Fn(&mut ShiftReport)| {
            let mut other = z.clone();
            change(&mut other);
            check(other).is_err()
        };
        let more = |amount: &mut Money| *amount = money(amount.minor() + off);
        prop_assert!(changed(&|z| more(&mut z.counted)));
        prop_assert!(changed(&|z| more(&mut z.expected)));
        prop_assert!(changed(&|z| more(&mut z.difference)));
        prop_assert!(changed(&|z| more(&mut z.perpetual.sales)));
        prop_assert!(changed(&|z| more(&mut z.perpetual_before.refunds)));
        prop_assert!(changed(&|z| z.perpetual.documents += 1));
        prop_assert!(changed(&|z| more(&mut z.totals.sales.amount)));
        prop_assert!(changed(&|z| more(&mut z.totals.cash.float)));
    }

    #[test]
    fn a_drawer_is_the_sum_of_its_five_ways(ways in prop::array::uniform5(0_i64..1_000_000)) {
        let [float, sales, payments, paid_in, paid_out] = ways.map(money);
        let cash = CashTotals { float, sales, payments, paid_in, paid_out };
        prop_assert_eq!(cash.expected().unwrap().minor(), ways[..4].iter().sum::<i64>() - ways[4]);
    }
}
