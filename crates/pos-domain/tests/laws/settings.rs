//! Settings as rows.

use std::collections::HashSet;

use pos_domain::settings::{
    MAX_CHECKOUT_DEADLINE_MS, MIN_CHECKOUT_DEADLINE_MS, ShopSettings, default_strategy, setting_id,
};
use pos_domain::{CashRounding, Currency, FieldStrategy, OfflinePolicy, RoundingMode, RoundingScope};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::shops::{cash_rounding, currencies, rules};

fn defaults() -> ShopSettings {
    ShopSettings::new("Épicerie Diallo", Currency::from_iso("GNF").unwrap(), "fr-GN")
}

fn shops() -> impl Strategy<Value = ShopSettings> {
    let deadline = MIN_CHECKOUT_DEADLINE_MS..=MAX_CHECKOUT_DEADLINE_MS;
    let policy = prop::sample::select(vec![OfflinePolicy::Block, OfflinePolicy::Warn, OfflinePolicy::Allow]);
    (
        currencies(),
        rules(),
        prop::option::of(cash_rounding()),
        any::<bool>(),
        deadline,
        policy,
        "[a-z]{1,8}\\PC{0,20}",
    )
        .prop_map(
            |(
                currency,
                rules,
                cash_rounding,
                sales_need_server,
                checkout_deadline_ms,
                default_offline_policy,
                text,
            )| {
                ShopSettings {
                    business_name: text.clone(),
                    outlet_name: text.clone(),
                    currency,
                    rules,
                    cash_rounding,
                    sales_need_server,
                    checkout_deadline_ms,
                    default_offline_policy,
                    receipt_footer: text,
                    strategies: [("product.price".to_owned(), FieldStrategy::Manual)].into(),
                    ..defaults()
                }
            },
        )
}

proptest! {
    #[test]
    fn rows_rebuild_the_settings_in_any_order((shop, rows) in shops().prop_flat_map(|s| { let rows = s.to_rows(); (Just(s), Just(rows).prop_shuffle()) })) {
        let rebuilt = rows.iter().try_fold(defaults(), |settings, (key, value)| settings.with_row(key, value));
        prop_assert_eq!(rebuilt, Ok(shop));
    }

    #[test]
    fn one_row_changes_one_setting(shop in shops(), other in shops()) {
        for (key, value) in other.to_rows() {
            let changed = shop.with_row(&key, &value).unwrap();
            for ((name, now), (_, before)) in changed.to_rows().into_iter().zip(shop.to_rows()) {
                prop_assert_eq!(&now, if name == key { &value } else { &before }, "{} by a row of {}", name, &key);
            }
            prop_assert_eq!(changed.with_row(&key, &value), Ok(changed.clone()), "a row twice is a row once");
        }
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_never_taken_as_something_else(shop in shops()) {
        for (key, _) in shop.to_rows() {
            let fault = shop.with_row(&key, &json!([[]])).unwrap_err();
            prop_assert_eq!(fault.key, key);
        }
    }
}

#[test]
fn values_out_of_range_are_refused() {
    let rounding = |step: i64| json!({"step": step, "mode": "half-up", "scope": "cash"});
    let refused: [(&str, Value); 9] = [
        ("no_such_setting", json!(1)),
        ("checkout_deadline_ms", json!(MIN_CHECKOUT_DEADLINE_MS - 1)),
        ("checkout_deadline_ms", json!(MAX_CHECKOUT_DEADLINE_MS + 1)),
        ("checkout_deadline_ms", json!(-1)),
        ("cash_rounding", rounding(0)),
        ("cash_rounding", rounding(-5)),
        ("business_name", json!(" ")),
        ("outlet_name", json!("")),
        ("currency", json!({"code": "GNF", "exponent": 9})),
    ];
    for (key, value) in refused {
        assert!(defaults().with_row(key, &value).is_err(), "{key} = {value}");
    }
    let taken = defaults().with_row("cash_rounding", &rounding(500)).unwrap();
    let expected = CashRounding {
        step: crate::shops::money(500),
        mode: RoundingMode::HalfUp,
        scope: RoundingScope::Cash,
    };
    assert_eq!(taken.cash_rounding, Some(expected));
}

#[test]
fn each_setting_has_one_row_id_for_ever() {
    let rows = defaults().to_rows();
    let ids: HashSet<_> = rows.iter().map(|(key, _)| setting_id(key)).collect();
    assert_eq!(ids.len(), rows.len(), "no two settings share a row");
    let listed: Vec<String> = rows.iter().map(|(key, _)| format!("{key} {}", setting_id(key))).collect();
    insta::assert_snapshot!("setting_ids", listed.join("\n"));
}

#[test]
fn the_shops_own_strategy_goes_before_the_default() {
    let mut shop = defaults();
    assert_eq!(shop.strategy("product", "price"), FieldStrategy::ServerWins);
    assert_eq!(shop.strategy("customer", "phone"), FieldStrategy::LastWriteWins);
    shop.strategies.insert("product.price".into(), FieldStrategy::Manual);
    assert_eq!(shop.strategy("product", "price"), FieldStrategy::Manual);
    assert_eq!(shop.strategy("product", "name"), default_strategy("product", "name"), "only that field");
}
