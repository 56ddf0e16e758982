//! The seat: who may take it, and what a locked register does.

use std::time::Duration;

use pos_app::{Door, ErrorCode, Permission};
use pos_domain::Role;

use crate::counter::{Counter, MANAGER_PIN, OWNER_PIN};

async fn is_locked(counter: &Counter) -> bool {
    counter.app.session().await.unwrap().value.locked
}

#[tokio::test]
async fn without_pins_people_switch_freely_and_nothing_locks() {
    let counter = Counter::demo().await;
    for role in [Role::Manager, Role::Cashier, Role::Owner] {
        counter.app.log_in(counter.of(role).await.cashier_id, None).await.unwrap();
    }
    assert_eq!(counter.app.lock().await.unwrap_err().code, ErrorCode::SessionNoPins);
    let counter = counter.restart(|_| ()).await;
    assert!(!is_locked(&counter).await, "existing shops open as before");
}

#[tokio::test]
async fn with_pins_a_cashier_steps_in_by_a_tap_and_nobody_above_without_a_pin() {
    let counter = Counter::with_pins().await;
    let (owner, cashier) = (counter.of(Role::Owner).await, counter.of(Role::Cashier).await);
    assert_eq!(counter.app.log_in(owner.cashier_id, None).await.unwrap_err().code, ErrorCode::PinNeeded);
    counter.log_in(owner.cashier_id, OWNER_PIN).await.unwrap();
    counter.app.log_in(cashier.cashier_id, None).await.unwrap();
    counter.log_in(owner.cashier_id, OWNER_PIN).await.unwrap();
    let manager = counter.of(Role::Manager).await.cashier_id;
    counter.app.clear_pin(manager).await.unwrap();
    assert_eq!(counter.app.log_in(manager, None).await.unwrap_err().code, ErrorCode::PinMissing);
    // Nobody with a PIN could give one any more: the shop does not lock itself out.
    counter.app.clear_pin(owner.cashier_id).await.unwrap();
    counter.app.set_pin(cashier.cashier_id, crate::counter::pin("4071")).await.unwrap();
    counter.app.log_in(manager, None).await.unwrap();
}

#[tokio::test]
async fn a_locked_register_does_nothing_and_forgets_nothing() {
    let counter = Counter::with_pins().await;
    let filter = pos_app::ProductFilter { limit: 1, ..Default::default() };
    let code = counter.app.list_products(filter).await.unwrap().value.items.remove(0).product.code;
    let before = counter.app.scan(&code).await.unwrap().value;
    counter.app.lock().await.unwrap();
    for (door, writes) in [(Door::Role, true), (Door::Role, false), (Door::RoleOrApproval, true)] {
        let refused = counter.app.admit(door, Permission::Look, writes).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::SessionLocked, "the scanner does not ring up while it is locked");
    }
    counter.app.admit(Door::Open, Permission::Look, true).await.unwrap();
    let counter = counter.restart(|_| ()).await;
    assert!(is_locked(&counter).await, "a register with PINs starts locked");
    counter.app.log_in(counter.of(Role::Cashier).await.cashier_id, None).await.unwrap();
    counter.app.admit(Door::Role, Permission::Sell, true).await.unwrap();
    let after = counter.app.cart().await.unwrap().value;
    assert_eq!((after.cart_id, after.lines), (before.cart_id, before.lines), "the cart is as it was");
}

#[tokio::test]
async fn it_locks_itself_when_nobody_touches_it_whatever_the_clock_says() {
    let counter = Counter::with_pins().await;
    let touch = |writes| counter.app.admit(Door::Role, Permission::Look, writes);
    touch(true).await.unwrap();
    counter.pass(Duration::from_secs(9 * 60));
    touch(true).await.unwrap();
    counter.set_clock(86_400_000);
    counter.pass(Duration::from_secs(9 * 60));
    touch(false).await.unwrap();
    counter.pass(Duration::from_secs(60));
    let refused = touch(true).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SessionLocked, "what the page asks by itself is no touch");
    assert!(is_locked(&counter).await);
    counter.log_in(counter.of(Role::Manager).await.cashier_id, MANAGER_PIN).await.unwrap();
    counter.app.set_setting("auto_lock_minutes", 0.into()).await.unwrap_or_else(|e| panic!("{e}"));
    counter.pass(Duration::from_secs(86_400));
    touch(true).await.unwrap();
}

#[tokio::test]
async fn whoever_was_removed_elsewhere_may_do_nothing_here() {
    let counter = Counter::demo().await;
    let cashier = counter.of(Role::Cashier).await.cashier_id;
    counter.app.log_in(cashier, None).await.unwrap();
    let folder = counter.folder.path().join(pos_store::FILE_NAME);
    let file = rusqlite::Connection::open(folder).unwrap();
    file.execute("UPDATE cashier SET deleted = 1 WHERE cashier_id = ?1", [cashier.as_bytes()]).unwrap();
    let refused = counter.app.admit(Door::Role, Permission::Sell, true).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    counter.app.admit(Door::Role, Permission::Look, false).await.unwrap();
}
