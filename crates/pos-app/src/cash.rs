//! Notes and coins: what a drawer is counted by, and what a customer is likely to hand over.

use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, Money};

/// Most quick amounts offered; more would be slower to read than to type.
const MAX_QUICK: usize = 5;
/// A note or coin of less than this part of an amount is not what it is paid with.
const SMALLEST_PART: i64 = 50;

/// Notes and coins in circulation, in minor units, descending. Currencies not listed use the 1-2-5 series.
fn in_circulation(currency: Currency) -> Vec<i64> {
    match currency.code() {
        // Banque Centrale de la République de Guinée: notes of 500 to 20 000; coins are not in use.
        "GNF" => vec![20_000, 10_000, 5_000, 2_000, 1_000, 500],
        // BCEAO.
        "XOF" => vec![10_000, 5_000, 2_000, 1_000, 500, 250, 200, 100, 50, 25, 10, 5],
        // BEAC.
        "XAF" => vec![10_000, 5_000, 2_000, 1_000, 500, 100, 50, 25, 10, 5],
        // European Central Bank: notes of 5 to 200 euro, coins of 1 cent to 2 euro.
        "EUR" => vec![20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
        // Bank of England and Royal Mint.
        "GBP" => vec![5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1],
        // Federal Reserve and United States Mint.
        "USD" => vec![10_000, 5_000, 2_000, 1_000, 500, 100, 25, 10, 5, 1],
        _ => {
            let unit = 10_i64.pow(currency.exponent());
            [100, 50, 20, 10, 5, 2, 1].map(|n| n * unit).to_vec()
        }
    }
}

/// The notes and coins of a shop, descending: its own list, or those of its currency.
pub(crate) fn denominations(settings: &ShopSettings) -> Vec<Money> {
    let mut values = if settings.denominations.is_empty() {
        in_circulation(settings.currency).into_iter().filter_map(|v| Money::from_minor(v).ok()).collect()
    } else {
        settings.denominations.clone()
    };
    values.sort_unstable_by(|a, b| b.cmp(a));
    values.dedup();
    values
}

/// Cash amounts to offer for `payable`: the exact amount, then what the next whole notes give, ascending.
pub fn quick_amounts(payable: Money, settings: &ShopSettings) -> Vec<Money> {
    if payable <= Money::ZERO {
        return Vec::new();
    }
    let exact = payable.minor();
    let mut amounts: Vec<i64> = denominations(settings)
        .into_iter()
        .map(Money::minor)
        .filter(|note| note.saturating_mul(SMALLEST_PART) >= exact)
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

    fn shop(currency: &str) -> ShopSettings {
        ShopSettings::new("Shop", Currency::from_iso(currency).unwrap(), "fr-GN")
    }

    fn offered(minor: i64, settings: &ShopSettings) -> Vec<i64> {
        quick_amounts(Money::from_minor(minor).unwrap(), settings).iter().map(|m| m.minor()).collect()
    }

    #[test]
    fn quick_amounts_are_what_notes_can_make() {
        let gnf = shop("GNF");
        assert_eq!(offered(37_500, &gnf), [37_500, 38_000, 40_000], "two notes of 20 000 serve 37 500");
        assert_eq!(offered(20_000, &gnf), [20_000], "an amount that one note pays needs no other offer");
        assert_eq!(offered(0, &gnf), [0_i64; 0]);
        let euro = offered(3_755, &shop("EUR"));
        assert_eq!(euro, [3_755, 3_800, 4_000, 5_000, 10_000], "nobody pays 37.55 in cents");
    }

    #[test]
    fn a_shop_that_lists_its_notes_counts_by_them_and_is_paid_with_them() {
        let notes = [1_000, 5_000].map(|v| Money::from_minor(v).unwrap()).to_vec();
        let own = ShopSettings { denominations: notes, ..shop("GNF") };
        let listed: Vec<i64> = denominations(&own).iter().map(|m| m.minor()).collect();
        assert_eq!(listed, [5_000, 1_000], "the largest first");
        assert_eq!(offered(7_300, &own), [7_300, 8_000, 10_000]);
    }

    #[test]
    fn every_amount_offered_is_one_that_somebody_would_hand_over() {
        for shop in ["GNF", "XOF", "XAF", "EUR", "GBP", "USD", "TND"].map(shop) {
            let notes: Vec<i64> = denominations(&shop).iter().map(|note| note.minor()).collect();
            // Primes meet every remainder of every note.
            for minor in (1..40_000).step_by(13).chain((40_000..20_000_000).step_by(9_973)) {
                let amounts = offered(minor, &shop);
                assert_eq!(amounts.first(), Some(&minor), "the exact amount is the first");
                assert!(amounts.is_sorted() && amounts.len() <= MAX_QUICK);
                for amount in amounts.get(1..).unwrap_or_default() {
                    let needed = |note: &i64| amount % note == 0 && amount - note < minor;
                    assert!(notes.iter().any(needed), "{amount} for {minor}: one note less would do");
                }
            }
        }
    }
}
