//! Division with a named rounding mode, sharing a sum without losing a unit, and cash rounding.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use ts_rs::TS;

use crate::money::{Money, MoneyOverflow};

/// How a fraction of a minor unit is decided. All modes are symmetric about zero, so that a refund is the
/// exact mirror of its sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum RoundingMode {
    /// To the nearest; a half goes away from zero.
    HalfUp,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
}

/// `numerator / denominator` rounded by `mode`. `None` when the denominator is not positive.
pub fn div_round(numerator: i128, denominator: i128, mode: RoundingMode) -> Option<i128> {
    if denominator <= 0 {
        return None;
    }
    let quotient = numerator / denominator;
    let remainder = (numerator % denominator).abs();
    let away = match mode {
        RoundingMode::HalfUp => remainder >= denominator - remainder,
        RoundingMode::Up => remainder != 0,
        RoundingMode::Down => false,
    };
    Some(if away { quotient + numerator.signum() } else { quotient })
}

/// Shares `total` over `weights` so that the parts sum to `total` exactly (largest remainder method; ties go to
/// the earlier part). All-zero weights share equally. An empty list of weights gives an empty list.
///
/// Weights must not be negative; a negative weight counts as zero.
pub fn allocate(total: Money, weights: &[i64]) -> Vec<Money> {
    let equal = weights.iter().all(|w| *w <= 0);
    let weight_of = |w: i64| if equal { 1 } else { i128::from(w.max(0)) };
    let sum: i128 = weights.iter().map(|w| weight_of(*w)).sum();
    if sum == 0 {
        return Vec::new();
    }
    let total = i128::from(total.minor());
    let sign = total.signum();
    let exact: Vec<(i128, i128)> = weights
        .iter()
        .map(|w| {
            let product = total.abs() * weight_of(*w);
            (product / sum, product % sum)
        })
        .collect();
    let given: i128 = exact.iter().map(|(share, _)| share).sum();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(exact.get(*i).map_or(0, |(_, rest)| *rest)));
    let missing = usize::try_from(total.abs() - given).unwrap_or(0);
    let mut extra = vec![0_i128; exact.len()];
    for i in order.into_iter().take(missing) {
        if let Some(e) = extra.get_mut(i) {
            *e = 1;
        }
    }
    exact
        .iter()
        .zip(extra)
        .map(|((share, _), e)| Money::from_i128(sign * (share + e)).unwrap_or(Money::ZERO))
        .collect()
}

/// Which tenders the cash rounding applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum RoundingScope {
    /// Only the part paid in cash.
    Cash,
    /// The whole sale, however it is paid.
    All,
}

/// Rounding of the amount to pay to what the coins in circulation can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CashRounding {
    /// Smallest amount that coins can give, in minor units; positive.
    pub step: Money,
    /// Direction.
    pub mode: RoundingMode,
    /// What it applies to.
    pub scope: RoundingScope,
}

/// A cash rounding step that is not positive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CashRoundingFault {
    /// The step must be at least one minor unit.
    #[error("the rounding step must be positive")]
    StepNotPositive,
    /// The rounded amount leaves the range of money.
    #[error(transparent)]
    Overflow(#[from] MoneyOverflow),
}

impl CashRounding {
    /// `amount` rounded to a multiple of the step.
    pub fn round(&self, amount: Money) -> Result<Money, CashRoundingFault> {
        let step = i128::from(self.step.minor());
        let steps = div_round(i128::from(amount.minor()), step, self.mode)
            .ok_or(CashRoundingFault::StepNotPositive)?;
        Ok(Money::from_i128(steps * step)?)
    }
}
