//! What customers owe: the sum, its age, and the limit.

use std::collections::BTreeMap;

use pos_domain::account::{AccountEntry, Ageing, age, open_debts, within_limit};
use pos_domain::{DocumentId, Money, TenderKind, TillContent};
use proptest::prelude::*;
use uuid::Uuid;

use crate::papers::{Paper, papers};

const DAY_MS: i64 = 86_400_000;
const NOW_MS: i64 = 1_800_000_000_000;

fn minor(value: i64) -> Money {
    Money::from_minor(value).unwrap()
}

/// Entries of one customer: sales and payments at moments of the last half year.
fn entries() -> impl Strategy<Value = Vec<(i64, Money)>> {
    let entry =
        (0_i64..200, -5_000_i64..=5_000).prop_map(|(days, amount)| (NOW_MS - days * DAY_MS, minor(amount)));
    prop::collection::vec(entry, 0..30)
}

fn aged(entries: &[(i64, Money)]) -> Ageing {
    age(&open_debts(entries).unwrap(), NOW_MS).unwrap()
}

/// From the oldest to the youngest.
fn buckets(ageing: Ageing) -> [i64; 4] {
    [ageing.over_90, ageing.over_60, ageing.over_30, ageing.current].map(Money::minor)
}

/// What a document puts on the account, told by its tenders alone.
fn owed(paper: &Paper) -> i64 {
    match paper {
        Paper::Sale(sale) => {
            let on_account = |kind: TenderKind| match kind {
                TenderKind::Account | TenderKind::StoreCredit => true,
                TenderKind::Cash | TenderKind::Mobile | TenderKind::Card => false,
            };
            sale.tenders.iter().filter(|t| on_account(t.kind)).map(|t| t.amount.minor()).sum()
        }
        Paper::Till(document) => match &document.content {
            TillContent::AccountPayment(payment) => -payment.amount.minor(),
            TillContent::ShiftOpening(_) | TillContent::CashMovement(_) | TillContent::ShiftClosing(_) => 0,
        },
    }
}

/// The entries that the documents of a register make, each document under an id of its own.
fn entries_of(register: u128, papers: &[Paper]) -> Vec<AccountEntry> {
    let entry = |(n, paper): (u128, &Paper)| {
        let entry = match paper {
            Paper::Sale(sale) => sale.account_entry(None).unwrap(),
            Paper::Till(document) => document.account_entry(None),
        };
        entry.map(|entry| AccountEntry { document_id: Uuid::from_u128(register * 1_000 + n).into(), ..entry })
    };
    (0..).zip(papers).filter_map(entry).collect()
}

/// A ledger as each register and the server keep it: one row for each document, whoever brings it and how often.
fn ledger<'a>(entries: impl IntoIterator<Item = &'a AccountEntry>) -> BTreeMap<DocumentId, &'a AccountEntry> {
    entries.into_iter().map(|entry| (entry.document_id, entry)).collect()
}

proptest! {
    #[test]
    fn two_registers_that_do_not_see_each_other_leave_one_balance(
        (first, second) in (papers(), papers()),
        heard in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let both: Vec<AccountEntry> = entries_of(1, &first).into_iter().chain(entries_of(2, &second)).collect();
        let expected: i64 = first.iter().chain(&second).map(owed).sum();
        // In any order, some of it twice and three times, as feeds and replies that were lost bring it.
        let again = heard.iter().filter(|_| !both.is_empty()).map(|at| at.get(&both));
        let known = ledger(again.chain(&both));
        let balance: i64 = known.values().map(|entry| entry.amount.minor()).sum();
        prop_assert_eq!(balance, expected, "bought on account - given back - paid, on both");
        let told: Vec<(i64, Money)> = known.values().map(|entry| (entry.at_ms, entry.amount)).collect();
        prop_assert_eq!(buckets(aged(&told)).iter().sum::<i64>(), expected.max(0), "and aged as one debt");
    }

    #[test]
    fn two_registers_apart_pass_a_limit_by_no_more_than_the_other_one_gave(
        balance in -2_000_i64..=2_000, limit in 0_i64..=5_000, asked in prop::collection::vec((any::<bool>(), 1_i64..=3_000), 0..20)
    ) {
        let mut given = [0_i64; 2];
        for (second, more) in asked {
            let known = balance + given[usize::from(second)];
            if within_limit(minor(known), minor(more), Some(minor(limit))).unwrap() {
                given[usize::from(second)] += more;
            }
        }
        for (own, other) in [(given[0], given[1]), (given[1], given[0])] {
            prop_assert!(own == 0 || balance + own <= limit, "each holds to the limit by what it knows");
            prop_assert!(own == 0 || balance + own + other <= limit + other);
        }
    }

    #[test]
    fn the_ages_of_a_debt_sum_to_the_debt(entries in entries()) {
        let balance: i64 = entries.iter().map(|(_, amount)| amount.minor()).sum();
        let total: i64 = buckets(aged(&entries)).iter().sum();
        prop_assert_eq!(total, balance.max(0), "store credit has no age, a debt is aged to the last unit");
    }

    #[test]
    fn the_order_in_which_registers_bring_entries_changes_no_age(
        (entries, shuffled) in entries().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        prop_assert_eq!(aged(&entries), aged(&shuffled));
    }

    #[test]
    fn a_payment_settles_the_oldest_debt_first(entries in entries(), paid in 1_i64..=20_000) {
        let before = buckets(aged(&entries));
        let mut after = entries;
        after.push((NOW_MS, minor(-paid)));
        let mut left = paid;
        for (older, now) in before.into_iter().zip(buckets(aged(&after))) {
            let settled = older.min(left);
            prop_assert_eq!(now, older - settled, "{} of {} were left for this age", left, paid);
            left -= settled;
        }
    }

    #[test]
    fn each_sale_on_account_falls_into_the_age_that_its_days_say(days in 0_i64..400, amount in 1_i64..=5_000) {
        let at = [days > 90, (61..=90).contains(&days), (31..=60).contains(&days), days <= 30];
        let expected = at.map(|here| if here { amount } else { 0 });
        prop_assert_eq!(buckets(aged(&[(NOW_MS - days * DAY_MS, minor(amount))])), expected);
    }

    #[test]
    fn a_sale_from_a_clock_that_runs_ahead_is_no_older_than_today(ahead in 0_i64..DAY_MS * 400, amount in 1_i64..=5_000) {
        prop_assert_eq!(aged(&[(NOW_MS + ahead, minor(amount))]).current, minor(amount));
    }

    #[test]
    fn nobody_ends_up_owing_more_than_the_limit(balance in -5_000_i64..=5_000, more in 1_i64..=5_000, limit in 0_i64..=5_000) {
        let allowed = within_limit(minor(balance), minor(more), Some(minor(limit))).unwrap();
        prop_assert_eq!(allowed, balance + more <= limit, "store credit counts first, the limit is reached and not passed");
        prop_assert!(within_limit(minor(balance), minor(more), None).unwrap(), "without a limit everything is within it");
        if allowed {
            prop_assert!(within_limit(minor(balance), minor(more - 1), Some(minor(limit))).unwrap(), "less is allowed, too");
        }
    }
}
