//! Division, sharing and cash rounding.

use pos_domain::money::MAX_MINOR;
use pos_domain::rounding::{CashRoundingFault, allocate, div_round};
use pos_domain::{CashRounding, Money, RoundingMode, RoundingScope};
use proptest::prelude::*;

use crate::shops::{any_money, cash_rounding, modes, money};

/// Asserts that `result` is `numerator / denominator` rounded by `mode`, by the distance that is left.
fn assert_rounded(numerator: i128, denominator: i128, mode: RoundingMode, result: i128) {
    let (n, r) = (numerator.abs(), result.abs());
    assert!(
        result == 0 || result.signum() == numerator.signum(),
        "{numerator}/{denominator} = {result}: wrong side"
    );
    let beyond = r * denominator - n;
    match mode {
        RoundingMode::HalfUp => {
            assert!(beyond * 2 <= denominator, "{numerator}/{denominator} = {result} is too far out");
            assert!(
                -beyond * 2 < denominator,
                "{numerator}/{denominator} = {result}: a half goes away from zero"
            );
        }
        RoundingMode::Up => {
            assert!((0..denominator).contains(&beyond), "{numerator}/{denominator} = {result}")
        }
        RoundingMode::Down => {
            assert!((0..denominator).contains(&-beyond), "{numerator}/{denominator} = {result}")
        }
    }
}

proptest! {
    #[test]
    fn a_quotient_is_rounded_as_its_mode_says(n in -10_000_i128..10_000, d in 1_i128..200, mode in modes()) {
        assert_rounded(n, d, mode, div_round(n, d, mode).unwrap());
    }

    #[test]
    fn rounding_is_symmetric_about_zero(n in any::<i64>(), d in 1_i64.., mode in modes()) {
        let round = |n: i128| div_round(n, d.into(), mode).unwrap();
        prop_assert_eq!(round(-i128::from(n)), -round(n.into()), "a refund mirrors its sale");
        assert_rounded(n.into(), d.into(), mode, round(n.into()));
    }

    #[test]
    fn nothing_is_divided_by_nothing(n: i64, d in i64::MIN..=0, mode in modes()) {
        prop_assert_eq!(div_round(n.into(), d.into(), mode), None);
    }

    #[test]
    fn shares_sum_to_what_was_shared(total in any_money(), weights in prop::collection::vec(0_i64..=1_000_000, 1..40)) {
        let parts = allocate(total, &weights);
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(Money::sum(parts), Ok(total));
    }

    #[test]
    fn a_share_is_within_one_unit_of_its_exact_part(total in any_money(), weights in prop::collection::vec(0_i64..=1_000_000, 1..40)) {
        let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        prop_assume!(sum > 0);
        for (part, weight) in allocate(total, &weights).into_iter().zip(&weights) {
            let off = i128::from(part.minor()) * sum - i128::from(total.minor()) * i128::from(*weight);
            prop_assert!(off.abs() < sum, "{:?} of {:?} by {} in {}", part, total, weight, sum);
        }
    }

    #[test]
    fn a_heavier_part_never_gets_less(total in 0_i64..=MAX_MINOR, weights in prop::collection::vec(0_i64..=1_000, 2..20)) {
        let parts = allocate(money(total), &weights);
        for (a, wa) in parts.iter().zip(&weights) {
            for (b, wb) in parts.iter().zip(&weights) {
                prop_assert!(wa <= wb || a >= b, "{wa} got {a:?}, {wb} got {b:?}");
            }
        }
    }

    #[test]
    fn the_mirror_of_a_total_is_shared_as_its_mirror(total in any_money(), weights in prop::collection::vec(0_i64..=1_000, 1..20)) {
        let mirrored: Vec<Money> = allocate(total, &weights).into_iter().map(Money::negated).collect();
        prop_assert_eq!(allocate(total.negated(), &weights), mirrored);
    }

    #[test]
    fn cash_is_rounded_to_coins_and_only_as_far_as_the_mode_allows(minor in -1_000_000_i64..1_000_000, rounding in cash_rounding()) {
        let rounded = rounding.round(money(minor)).unwrap();
        let step = rounding.step.minor();
        prop_assert_eq!(rounded.minor() % step, 0, "coins can give it");
        assert_rounded(minor.into(), step.into(), rounding.mode, i128::from(rounded.minor() / step));
        prop_assert_eq!(rounding.round(rounded), Ok(rounded), "what coins can give stays");
    }
}

#[test]
fn the_odd_units_go_to_the_largest_remainders_and_then_to_the_first() {
    assert_eq!(allocate(money(100), &[1, 1, 1]), [money(34), money(33), money(33)]);
    assert_eq!(allocate(money(-100), &[1, 1, 1]), [money(-34), money(-33), money(-33)]);
    assert_eq!(allocate(money(10), &[1, 2, 4]), [money(1), money(3), money(6)], "remainders 3/7, 6/7, 5/7");
    assert_eq!(allocate(money(3), &[0, 0]), [money(2), money(1)], "without weights all share alike");
    assert_eq!(allocate(money(3), &[0, 5]), [money(0), money(3)], "no weight, no share");
    assert_eq!(allocate(money(3), &[-5, 5]), [money(0), money(3)], "a negative weight is none");
    assert_eq!(allocate(money(3), &[]), [], "nobody to share with");
}

#[test]
fn a_half_goes_away_from_zero() {
    let half_up = |n| div_round(n, 2, RoundingMode::HalfUp);
    assert_eq!([half_up(1), half_up(3), half_up(-1), half_up(-3)], [Some(1), Some(2), Some(-1), Some(-2)]);
}

#[test]
fn a_step_of_nothing_is_refused() {
    let rounding = CashRounding { step: Money::ZERO, mode: RoundingMode::HalfUp, scope: RoundingScope::All };
    assert_eq!(rounding.round(money(5)), Err(CashRoundingFault::StepNotPositive));
}
