//! What an owner does in the back room: groups of goods, and who wins when two registers disagree.

use pos_app::ErrorCode;
use pos_domain::settings::FieldStrategy;
use serde_json::json;

use crate::shop::Till;

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
