//! What an owner does in the back room: groups of goods, and who wins when two registers disagree.

use pos_app::AuditFilter;
use pos_app::ErrorCode;
use pos_domain::Role;
use pos_domain::settings::FieldStrategy;
use serde_json::json;

use crate::shop::{Business, Till};

#[tokio::test(flavor = "multi_thread")]
async fn a_category_is_made_renamed_and_never_made_twice() {
    let till = Till::demo().await;
    let before = till.app.list_categories().await.unwrap().value;
    let made = till.app.create_category(" Téléphones ", "#0d5c49").await.unwrap().value;
    assert_eq!(made.name, "Téléphones");
    let listed = till.app.list_categories().await.unwrap().value;
    assert_eq!(listed.last(), Some(&made), "a new one stands behind those of before");
    let twice = till.app.create_category("telephones", "#000000").await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::CategoryDuplicateName, "accents and capitals make no other name");
    let renamed = till.app.update_category(made.category_id, "TÉLÉPHONES", "#22558f").await.unwrap().value;
    assert_eq!(renamed.position, made.position, "a new name moves nothing");
    let taken = till.app.update_category(made.category_id, &before[0].name, "#22558f").await.unwrap_err();
    assert_eq!(taken.code, ErrorCode::CategoryDuplicateName);
    let wrong = till.app.create_category("Divers", "red").await.unwrap_err();
    assert_eq!(wrong.params["field"], "colour");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_is_chosen_per_field_and_the_usual_one_is_no_choice() {
    let till = Till::demo().await;
    let price = async || {
        let all = till.app.list_strategies().await.unwrap().value;
        all.into_iter().find(|s| s.entity == "product" && s.field == "price").unwrap()
    };
    let usual = price().await;
    assert_eq!(usual.strategy, usual.usual);
    till.app.set_strategy("product", "price", FieldStrategy::Manual).await.unwrap();
    assert_eq!(price().await.strategy, FieldStrategy::Manual);
    let state = till.app.set_strategy("product", "price", usual.usual).await.unwrap().value;
    assert_eq!(
        json!(state.shop.unwrap().settings.strategies),
        json!({}),
        "what is usual follows the program"
    );
    let unknown =
        till.app.set_strategy("product", "colour_of_the_sky", FieldStrategy::Manual).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::InputInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_by_command_needs_somebody_who_may_and_stands_in_the_trail() {
    let business = Business::open();
    let alone = Till::demo().await;
    let joined = Till::joined(&business, &business.url()).await;
    for till in [&alone, &joined] {
        let sell = async |price: Option<&str>, cash: &str| {
            let line = ("SUCRE-1KG".to_owned(), None, price.map(str::to_owned));
            let tender = ("cash".to_owned(), cash.to_owned(), None);
            till.app.sell_lines(till.app.new_id(), vec![line], None, vec![tender]).await
        };
        let trail = async || {
            let all = till.app.list_audit(AuditFilter::default(), 500).await.unwrap().value;
            all.into_iter().filter(|entry| entry.what == "price.overridden").collect::<Vec<_>>()
        };
        hire(till, Role::Cashier).await;
        let refused = sell(Some("10000"), "10000").await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::PermissionDenied);
        assert_eq!(refused.params["permission"], "override_price");
        sell(Some("13000"), "13000").await.unwrap();
        sell(None, "13000").await.unwrap();
        assert_eq!(trail().await, [], "the catalogue's own price is nobody's decision");
        hire(till, Role::Owner).await;
        sell(Some("10000"), "10000").await.unwrap();
        let trail = trail().await;
        assert_eq!(trail.len(), 1, "one line for one price: {trail:?}");
        assert_eq!((&trail[0].params["from"], &trail[0].params["to"]), (&json!(13_000), &json!(10_000)));
        till.verify().await;
    }
}

async fn hire(till: &Till, role: Role) {
    let people = till.app.state().await.unwrap().value.cashiers;
    let person = people.iter().find(|person| person.role == role).unwrap();
    till.app.log_in(person.cashier_id, None).await.unwrap();
}
