//! Tenders, change and cash rounding.

use pos_domain::tender::{looks_like_card_number, payable, settle};
use pos_domain::{
    CashRounding, Money, RoundingMode, RoundingScope, Settlement, SettlementFault, Tender, TenderKind,
};
use proptest::prelude::*;

use crate::shops::{cash_rounding, money, settling};

fn tender(kind: TenderKind, minor: i64) -> Tender {
    let reference = (kind != TenderKind::Cash).then(|| "REF-1".to_owned());
    Tender { kind, amount: money(minor), reference }
}

/// Some tenders, whether they settle anything or not.
fn any_tenders() -> impl Strategy<Value = Vec<Tender>> {
    let kinds = prop::sample::select(vec![TenderKind::Cash, TenderKind::Mobile, TenderKind::Card]);
    let amount = prop_oneof![-200_i64..=1_500, -20_000_i64..=20_000];
    prop::collection::vec((kinds, amount).prop_map(|(kind, minor)| tender(kind, minor)), 0..4)
}

fn sum(tenders: &[Tender], keep: impl Fn(&Tender) -> bool) -> Money {
    Money::sum(tenders.iter().filter(|t| keep(t)).map(|t| t.amount)).unwrap()
}

/// All that must hold of a settlement, whatever made it.
fn assert_settled(total: Money, tenders: &[Tender], rounding: Option<CashRounding>, settled: Settlement) {
    assert_eq!(total.plus(settled.rounding), Ok(settled.payable));
    assert_eq!(settled.tendered.minus(settled.change), Ok(settled.payable));
    assert_eq!(sum(tenders, |_| true), settled.tendered);
    let cash = sum(tenders, |t| t.kind == TenderKind::Cash);
    let other = sum(tenders, |t| t.kind != TenderKind::Cash);
    assert!(
        !settled.change.is_negative() && settled.change <= cash.abs(),
        "change comes out of the cash given"
    );
    if total.is_negative() {
        assert!(settled.change.is_zero(), "a refund gives no change");
    }
    let step = rounding.map_or(0, |r| r.step.minor());
    assert!(settled.rounding.minor().abs() < step.max(1), "rounding stays below one coin");
    let rounds_all = rounding.is_some_and(|r| r.scope == RoundingScope::All);
    if !rounds_all {
        assert!(other.abs() <= total.abs(), "what is not cash never exceeds the total");
        if cash.is_zero() {
            assert!(settled.rounding.is_zero(), "only cash is rounded");
        }
    }
}

proptest! {
    #[test]
    fn whatever_settles_adds_up(total in -2_000_i64..2_000, tenders in any_tenders(), rounding in prop::option::of(cash_rounding())) {
        if let Ok(settled) = settle(money(total), &tenders, rounding) {
            assert_settled(money(total), &tenders, rounding, settled);
        }
    }

    #[test]
    fn close_to_the_total_only_right_sums_settle(
        total in -2_000_i64..2_000,
        over in -60_i64..60,
        cash in -600_i64..600,
        rounding in prop::option::of(cash_rounding()),
    ) {
        let tenders = [tender(TenderKind::Card, total + over), tender(TenderKind::Cash, cash)];
        if let Ok(settled) = settle(money(total), &tenders, rounding) {
            assert_settled(money(total), &tenders, rounding, settled);
        }
    }

    #[test]
    fn what_is_asked_for_settles(
        total in -1_000_000_i64..1_000_000,
        rounding in prop::option::of(cash_rounding()),
        way: u8,
        extra in 0_i64..100_000,
    ) {
        let total = money(total);
        let tenders = settling(total, rounding, way, extra);
        let settled = settle(total, &tenders, rounding).unwrap();
        assert_settled(total, &tenders, rounding, settled);
    }

    #[test]
    fn one_unit_less_does_not_settle(total in 1_i64..1_000_000, rounding in prop::option::of(cash_rounding())) {
        let due = payable(money(total), rounding, TenderKind::Cash).unwrap();
        prop_assume!(due.minor() > 1);
        let short = [tender(TenderKind::Cash, due.minor() - 1)];
        prop_assert_eq!(settle(money(total), &short, rounding), Err(SettlementFault::NotEnough { missing: money(1) }));
    }

    #[test]
    fn a_card_is_never_overcharged(total in 1_i64..1_000_000, over in 1_i64..1_000) {
        let tenders = [tender(TenderKind::Card, total + over)];
        let fault = SettlementFault::NonCashExceedsTotal { excess: money(over) };
        prop_assert_eq!(settle(money(total), &tenders, None), Err(fault));
    }

    #[test]
    fn card_numbers_are_seen_however_they_are_grouped(digits in prop::collection::vec(0_u32..10, 12..19), gap in "[ -]{0,1}") {
        let check = (0..10).find(|check| {
            let all = digits.iter().copied().chain([*check]).collect::<Vec<_>>();
            let weighted = all.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 });
            weighted.sum::<u32>() % 10 == 0
        }).unwrap();
        let all: Vec<String> = digits.iter().chain([&check]).map(u32::to_string).collect();
        let grouped = all.chunks(4).map(|group| group.concat()).collect::<Vec<_>>().join(&gap);
        prop_assert!(looks_like_card_number(&grouped), "{}", grouped);
        let wrong = format!("{}{}", &grouped[..grouped.len() - 1], (check + 1) % 10);
        prop_assert!(!looks_like_card_number(&wrong), "{}: a terminal's reference may have many digits", wrong);
    }
}

#[test]
fn tenders_that_say_nothing_or_too_much_are_refused_with_their_place() {
    let with = |reference: Option<&str>| Tender {
        reference: reference.map(str::to_owned),
        ..tender(TenderKind::Card, 100)
    };
    let fault = |t: Tender| settle(money(200), &[tender(TenderKind::Cash, 100), t], None).unwrap_err();
    assert_eq!(fault(with(None)), SettlementFault::MissingReference { index: 2 });
    assert_eq!(fault(with(Some("  "))), SettlementFault::MissingReference { index: 2 });
    assert_eq!(fault(with(Some(&"x".repeat(65)))), SettlementFault::BadReference { index: 2 });
    assert_eq!(fault(with(Some("a\u{1b}b"))), SettlementFault::BadReference { index: 2 });
    assert_eq!(fault(with(Some("4111 1111 1111 1111"))), SettlementFault::CardNumber { index: 2 });
    assert_eq!(
        fault(tender(TenderKind::Cash, 0)),
        SettlementFault::WrongSign { index: 2, expected: "positive" }
    );
    assert_eq!(
        settle(money(-100), &[tender(TenderKind::Cash, 100)], None),
        Err(SettlementFault::WrongSign { index: 1, expected: "negative" })
    );
}

#[test]
fn what_rounds_to_nothing_is_settled_by_no_coin_in_both_directions() {
    let rounding =
        Some(CashRounding { step: money(50), mode: RoundingMode::HalfUp, scope: RoundingScope::Cash });
    for total in [20, -20] {
        let settled = settle(money(total), &[tender(TenderKind::Cash, 0)], rounding).unwrap();
        assert_eq!(settled.rounding, money(-total), "all of it is rounded away");
        assert_eq!(
            (settled.payable, settled.tendered, settled.change),
            (Money::ZERO, Money::ZERO, Money::ZERO)
        );
    }
    assert_eq!(
        settle(money(60), &[tender(TenderKind::Cash, 0)], rounding),
        Err(SettlementFault::NotEnough { missing: money(50) }),
        "no coin settles only what no coin could pay"
    );
    assert_eq!(
        settle(money(-60), &[tender(TenderKind::Cash, 0)], rounding),
        Err(SettlementFault::NotEnough { missing: money(50) }),
        "a refund of which a coin can pay a part is paid"
    );
}

#[test]
fn a_card_above_the_total_is_not_excused_by_a_coin() {
    let rounding = CashRounding { step: money(50), mode: RoundingMode::HalfUp, scope: RoundingScope::Cash };
    let tenders = [tender(TenderKind::Card, 1_010), tender(TenderKind::Cash, 5)];
    assert_eq!(
        settle(money(1_000), &tenders, Some(rounding)),
        Err(SettlementFault::NonCashExceedsTotal { excess: money(10) }),
        "the rest of minus 10 must not be rounded to nothing"
    );
}

#[test]
fn figures_worked_out_by_hand() {
    let rounding = CashRounding { step: money(500), mode: RoundingMode::HalfUp, scope: RoundingScope::Cash };
    let settled = settle(money(12_901), &[tender(TenderKind::Cash, 15_000)], Some(rounding)).unwrap();
    assert_eq!((settled.rounding, settled.payable, settled.change), (money(99), money(13_000), money(2_000)));
    let by_card = settle(money(12_901), &[tender(TenderKind::Card, 12_901)], Some(rounding)).unwrap();
    assert!(by_card.rounding.is_zero(), "a card pays to the unit");
    let split = [tender(TenderKind::Mobile, 12_000), tender(TenderKind::Cash, 1_000)];
    let settled = settle(money(12_901), &split, Some(rounding)).unwrap();
    assert_eq!(
        (settled.rounding, settled.payable),
        (money(99), money(13_000)),
        "only the 901 in cash are rounded"
    );
}
