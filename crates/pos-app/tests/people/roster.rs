//! People and roles: nobody makes themselves more than they are, and a shop always has an owner.

use std::collections::BTreeSet;

use pos_app::{AuditFilter, Door, ErrorCode, Permission};
use pos_domain::Role;

use crate::counter::{Counter, pin};

#[tokio::test]
async fn people_are_added_renamed_and_removed_and_their_deeds_stay() {
    let counter = Counter::demo().await;
    let people = counter.app.create_person(" Mory Kaba ".into(), Role::Cashier).await.unwrap().value;
    let mory = people.iter().find(|p| p.person.name == "Mory Kaba").unwrap().person.clone();
    let twice = counter.app.create_person("mory kaba".into(), Role::Cashier).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::PersonDuplicateName, "people choose themselves by their names");
    counter.app.update_person(mory.cashier_id, mory.name.clone(), Role::Manager).await.unwrap();
    counter.app.set_pin(mory.cashier_id, pin("4071")).await.unwrap();
    let people = counter.app.remove_person(mory.cashier_id).await.unwrap().value;
    assert!(people.iter().all(|p| p.person.cashier_id != mory.cashier_id && !p.has_pin));
    let filter = AuditFilter { kind: Some("person".into()), ..AuditFilter::default() };
    let trail: Vec<String> =
        counter.app.list_audit(filter, 9).await.unwrap().value.into_iter().map(|e| e.what).collect();
    assert_eq!(trail, ["person.removed", "person.changed", "person.created"]);
}

#[tokio::test]
async fn what_concerns_an_owner_only_an_owner_does() {
    let counter = Counter::demo().await;
    let (owner, manager) = (counter.of(Role::Owner).await, counter.of(Role::Manager).await);
    let all = BTreeSet::from(Permission::ALL);
    counter.app.set_permissions(Role::Manager, Some(all)).await.unwrap();
    counter.app.log_in(manager.cashier_id, None).await.unwrap();
    let app = &counter.app;
    let refused = [
        app.update_person(manager.cashier_id, manager.name.clone(), Role::Owner).await.unwrap_err(),
        app.create_person("Another".into(), Role::Owner).await.unwrap_err(),
        app.remove_person(owner.cashier_id).await.unwrap_err(),
        app.set_pin(owner.cashier_id, pin("4071")).await.unwrap_err(),
        app.clear_pin(owner.cashier_id).await.unwrap_err(),
        app.set_permissions(Role::Owner, Some(BTreeSet::new())).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.code, ErrorCode::PersonOwnerOnly);
    }
    assert_eq!(app.remove_person(manager.cashier_id).await.unwrap_err().code, ErrorCode::PersonAtRegister);
}

#[tokio::test]
async fn a_shop_always_has_an_owner() {
    let counter = Counter::demo().await;
    let owner = counter.of(Role::Owner).await;
    let demoted = counter.app.update_person(owner.cashier_id, owner.name.clone(), Role::Cashier).await;
    assert_eq!(demoted.unwrap_err().code, ErrorCode::PersonLastOwner);
    counter.app.create_person("Second".into(), Role::Owner).await.unwrap();
    counter.app.update_person(owner.cashier_id, owner.name, Role::Cashier).await.unwrap();
}

#[tokio::test]
async fn roles_are_data_and_take_effect_at_once() {
    let counter = Counter::demo().await;
    let asked = [Permission::Sell, Permission::Refund].into_iter().collect();
    counter.app.set_permissions(Role::Cashier, Some(asked)).await.unwrap();
    counter.app.log_in(counter.of(Role::Cashier).await.cashier_id, None).await.unwrap();
    counter.app.admit(Door::Role, Permission::Refund, true).await.unwrap();
    let refused = counter.app.admit(Door::Role, Permission::OperateSync, true).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied, "what is not given is denied");
}
