//! What a customer is likely to hand over: amounts made of the notes and coins that a country really has.

use pos_domain::{Currency, Money};

/// Most quick amounts offered; more would be slower to read than to type.
const MAX_QUICK: usize = 5;

/// Notes and large coins in circulation, in minor units, ascending. Currencies not listed use the 1-2-5 series.
fn denominations(currency: Currency) -> Vec<i64> {
    match currency.code() {
        // Banque Centrale de la République de Guinée: notes of 500 to 20 000.
        "GNF" => vec![500, 1_000, 2_000, 5_000, 10_000, 20_000],
        // BCEAO and BEAC.
        "XOF" | "XAF" => vec![500, 1_000, 2_000, 5_000, 10_000],
        // European Central Bank: 5 to 200 euro.
        "EUR" => vec![500, 1_000, 2_000, 5_000, 10_000, 20_000],
        // Bank of England: 5 to 50 pounds.
        "GBP" => vec![500, 1_000, 2_000, 5_000],
        "USD" => vec![100, 500, 1_000, 2_000, 5_000, 10_000],
        _ => {
            let unit = 10_i64.pow(currency.exponent());
            [1, 2, 5, 10, 20, 50, 100].map(|n| n * unit).to_vec()
        }
    }
}

/// Cash amounts to offer for `payable`: the exact amount, then what the next whole notes give, ascending.
pub fn quick_amounts(payable: Money, currency: Currency) -> Vec<Money> {
    if payable <= Money::ZERO {
        return Vec::new();
    }
    let exact = payable.minor();
    let mut amounts: Vec<i64> = denominations(currency)
        .into_iter()
        .filter_map(|note| exact.checked_add(note - 1).map(|sum| sum / note * note))
        .chain([exact])
        .collect();
    amounts.sort_unstable();
    amounts.dedup();
    amounts.truncate(MAX_QUICK);
    amounts.into_iter().filter_map(|a| Money::from_minor(a).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_amounts_are_what_notes_can_make() {
        let gnf = Currency::from_iso("GNF").unwrap();
        let offered = |minor| -> Vec<i64> {
            quick_amounts(Money::from_minor(minor).unwrap(), gnf).iter().map(|m| m.minor()).collect()
        };
        assert_eq!(offered(37_500), [37_500, 38_000, 40_000], "two notes of 20 000 serve 37 500");
        assert_eq!(offered(20_000), [20_000], "an amount that one note pays needs no other offer");
        assert_eq!(offered(0), [0_i64; 0]);
    }
}
