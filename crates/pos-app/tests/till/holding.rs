//! Carts that are put aside, on one register and on several.

use pos_app::AuditFilter;
use pos_app::view::HeldCart;
use pos_app::{App, ErrorCode};

use crate::shop::{Business, Till, named};

async fn held(app: &App) -> Vec<HeldCart> {
    app.held_carts().await.unwrap().value
}

async fn sync(till: &Till) {
    till.app.sync_now().await.unwrap();
    let status = till.app.sync_status().await.unwrap().value;
    assert_eq!((status.pending, status.dead), (0, 0), "everything went through");
}

async fn second_register(business: &Business) -> Till {
    let till = Till::new().await;
    till.app.join_shop(&business.url(), &business.code(), "Caisse 2").await.unwrap();
    till
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_cart_and_the_open_one_change_places() {
    let till = Till::demo().await;
    let first = till.app.scan("RIZ-5KG").await.unwrap().value;
    let empty = till.app.hold_cart().await.unwrap().value;
    assert_eq!((empty.lines.len(), empty.held), (0, 1));
    till.app.scan("COLA-33CL").await.unwrap();
    let row = held(&till.app).await[0].cart_id;
    let recalled = till.app.recall_cart(row).await.unwrap().value;
    assert_eq!(recalled.lines, first.lines);
    assert_eq!(recalled.held, 1, "the other one waits in its place");
    let twice = till.app.recall_cart(row).await.unwrap_err();
    assert_eq!(twice.code, ErrorCode::CartNotFound, "a cart that is on the counter is not on hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn putting_a_cart_aside_is_taken_back_like_any_other_step() {
    let till = Till::demo().await;
    till.app.scan("RIZ-5KG").await.unwrap();
    let before = till.app.scan("COLA-33CL").await.unwrap().value;
    assert!(till.app.hold_cart().await.unwrap().value.can_undo);
    let till = till.reopen().await;
    let after = till.app.undo_cart().await.unwrap().value;
    assert_eq!((after.cart_id, &after.lines, after.held), (before.cart_id, &before.lines, 0));
    assert_eq!(held(&till.app).await, [], "it is on the counter and nowhere else");
    let earlier = till.app.undo_cart().await.unwrap().value;
    assert_eq!(earlier.lines.len(), 1, "and the steps before it can be taken back as well");
    till.app.hold_cart().await.unwrap();
    till.app.recall_cart(held(&till.app).await[0].cart_id).await.unwrap();
    till.app.clear_cart().await.unwrap();
    till.app.undo_cart().await.unwrap();
    let nothing = till.app.undo_cart().await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::CartNothingToUndo, "what was recalled begins anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_held_at_one_register_is_finished_at_another() {
    let business = Business::open();
    let one = Till::joined(&business, &business.url()).await;
    let two = second_register(&business).await;
    let customer = one.app.create_customer(named("Awa")).await.unwrap().value.customer;
    one.app.scan("2*RIZ-5KG").await.unwrap();
    let cart = one.app.set_cart_customer(Some(customer.customer_id)).await.unwrap().value;
    one.app.hold_cart().await.unwrap();
    sync(&one).await;
    sync(&two).await;
    let seen = held(&two.app).await;
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].title.as_str(), seen[0].here, seen[0].lines), ("Awa", false, 1));
    assert_eq!(seen[0].total, Some(cart.total));
    assert!(!seen[0].register.is_empty() && !seen[0].cashier.is_empty(), "it is said who has to be asked");
    let recalled = two.app.recall_cart(seen[0].cart_id).await.unwrap().value;
    assert_eq!((recalled.lines, recalled.customer), (cart.lines, Some("Awa".to_owned())));
    assert!(!recalled.taken_elsewhere);
    two.pay().await.unwrap();
    sync(&two).await;
    sync(&one).await;
    assert_eq!(held(&one.app).await, [], "it is gone where it came from");
    assert!(!two.app.cart().await.unwrap().value.taken_elsewhere, "nobody else had it");
    for till in [one, two] {
        till.verify().await;
    }
}

/// While the registers are apart both may take the same cart. Both keep it, and the later one is told.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_registers_that_took_the_same_held_cart_the_later_one_says_so_and_loses_nothing() {
    let mut business = Business::open();
    let one = Till::joined(&business, &business.url()).await;
    let two = second_register(&business).await;
    let cart = one.app.scan("RIZ-5KG").await.unwrap().value;
    one.app.hold_cart().await.unwrap();
    sync(&one).await;
    sync(&two).await;
    let row = held(&one.app).await[0].cart_id;
    business.stop().await;
    for till in [&one, &two] {
        let taken = till.app.recall_cart(row).await.unwrap().value;
        assert_eq!((taken.lines.len(), taken.taken_elsewhere), (1, false), "nobody can know yet");
    }
    let two = two.reopen().await;
    business.start();
    sync(&one).await;
    sync(&two).await;
    assert!(!one.app.cart().await.unwrap().value.taken_elsewhere, "the first one has it");
    let later = two.app.cart().await.unwrap().value;
    assert!(later.taken_elsewhere, "the later one is told");
    assert_eq!(later.lines, cart.lines, "and has it still");
    let trail = two.app.list_audit(AuditFilter::default(), 50).await.unwrap().value;
    assert_eq!(trail.iter().filter(|entry| entry.what == "cart.taken_twice").count(), 1);
    let two = two.reopen().await;
    assert!(two.app.cart().await.unwrap().value.taken_elsewhere, "also after a restart");
    two.app.clear_cart().await.unwrap();
    let next = two.app.scan("COLA-33CL").await.unwrap().value;
    assert!(!next.taken_elsewhere, "what is rung up next is somebody else's");
    one.pay().await.unwrap();
    sync(&one).await;
    assert_eq!(business.records().verify().unwrap(), []);
}
