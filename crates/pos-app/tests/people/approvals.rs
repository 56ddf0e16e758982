//! One person's yes to one thing that another does: to this cart, this line, this amount, once.

use pos_app::view::CartView;
use pos_app::{App, AppError, ErrorCode, Permission};
use pos_domain::authority::Need;
use pos_domain::{Approval, ApprovalId, Discount, LineId, Money, Rate, Role, Tender, TenderKind};
use uuid::Uuid;

use crate::counter::{Counter, MANAGER_PIN, OWNER_PIN, pin};

const CHEAP: &str = "500";

/// A till at which a cashier has put one thing into the cart.
async fn with_a_line() -> (Counter, CartView) {
    let counter = Counter::with_pins().await;
    let cart = ring_up(&counter.app).await;
    (counter, cart)
}

async fn ring_up(app: &App) -> CartView {
    let filter = pos_app::ProductFilter { limit: 1, ..Default::default() };
    let product = app.list_products(filter).await.unwrap().value.items.remove(0).product;
    app.scan(&product.code).await.unwrap().value
}

fn line_of(cart: &CartView) -> LineId {
    cart.lines[0].item.line_id
}

/// What a refusal says should be asked for.
fn asked_for(refused: &AppError) -> (Uuid, Need) {
    assert_eq!(refused.code, ErrorCode::PermissionDenied);
    let subject = serde_json::from_value(refused.params["subject"].clone()).unwrap();
    (subject, serde_json::from_value(refused.params.clone()).unwrap())
}

async fn manager_says_yes(counter: &Counter, (subject, need): (Uuid, Need)) -> Result<Approval, AppError> {
    let manager = counter.of(Role::Manager).await.cashier_id;
    Ok(counter.app.give_approval(manager, Some(pin(MANAGER_PIN)), subject, need).await?.value)
}

async fn cheaper(
    counter: &Counter,
    line: LineId,
    approval: Option<ApprovalId>,
) -> Result<CartView, AppError> {
    Ok(counter.app.set_price(line, Some(CHEAP.into()), approval).await?.value)
}

async fn pay(counter: &Counter) -> Result<pos_domain::SaleDocument, AppError> {
    let amount = counter.app.cart().await?.value.payable_cash;
    let tenders = vec![Tender { kind: TenderKind::Cash, amount, reference: None }];
    Ok(counter.app.complete_sale(counter.app.new_id(), tenders).await?.value.receipt.document)
}

#[tokio::test]
async fn a_price_that_the_manager_approved_stands_in_the_sale_with_the_managers_name() {
    let (counter, cart) = with_a_line().await;
    let refused = cheaper(&counter, line_of(&cart), None).await.unwrap_err();
    let yes = manager_says_yes(&counter, asked_for(&refused)).await.unwrap();
    cheaper(&counter, line_of(&cart), Some(yes.approval_id)).await.unwrap();
    let sold = pay(&counter).await.unwrap();
    assert_eq!(sold.head.cashier, counter.of(Role::Cashier).await.name);
    let approval = &sold.head.approvals[0];
    assert_eq!((approval.approval_id, approval.line_id), (yes.approval_id, Some(sold.lines[0].item.line_id)));
    let settings = counter.app.state().await.unwrap().value.shop.unwrap().settings;
    let needs = Need::of_sale(&sold, &settings);
    assert!(
        needs.iter().all(|need| need.find_met(sold.head.cashier_id, &sold.head.approvals).is_some()),
        "the server asks the same question and finds the answer in the document"
    );
}

#[tokio::test]
async fn a_yes_is_used_once() {
    let (counter, cart) = with_a_line().await;
    let line = line_of(&cart);
    let yes = manager_says_yes(&counter, asked_for(&cheaper(&counter, line, None).await.unwrap_err()))
        .await
        .unwrap();
    cheaper(&counter, line, Some(yes.approval_id)).await.unwrap();
    counter.app.set_price(line, None, None).await.unwrap();
    let again = cheaper(&counter, line, Some(yes.approval_id)).await.unwrap_err();
    assert_eq!((again.code, &again.params["reason"]), (ErrorCode::ApprovalRefused, &"used".into()));
}

#[tokio::test]
async fn a_yes_is_to_one_amount() {
    let (counter, cart) = with_a_line().await;
    let line = line_of(&cart);
    let yes = manager_says_yes(&counter, asked_for(&cheaper(&counter, line, None).await.unwrap_err()))
        .await
        .unwrap();
    let other = counter.app.set_price(line, Some("400".into()), Some(yes.approval_id)).await.unwrap_err();
    assert_eq!((other.code, &other.params["reason"]), (ErrorCode::ApprovalRefused, &"other".into()));
}

#[tokio::test]
async fn a_yes_is_to_one_cart() {
    let (counter, cart) = with_a_line().await;
    let asked = asked_for(&cheaper(&counter, line_of(&cart), None).await.unwrap_err());
    let yes = manager_says_yes(&counter, asked).await.unwrap();
    counter.app.hold_cart().await.unwrap();
    let other = ring_up(&counter.app).await;
    let refused = cheaper(&counter, line_of(&other), Some(yes.approval_id)).await.unwrap_err();
    assert_eq!((refused.code, &refused.params["reason"]), (ErrorCode::ApprovalRefused, &"other".into()));
}

#[tokio::test]
async fn nobody_says_yes_to_themselves_or_to_what_they_may_not_do() {
    let (counter, cart) = with_a_line().await;
    let (subject, need) = asked_for(&cheaper(&counter, line_of(&cart), None).await.unwrap_err());
    let cashier = counter.of(Role::Cashier).await.cashier_id;
    let own = counter.app.give_approval(cashier, None, subject, need).await.unwrap_err();
    assert_eq!((own.code, &own.params["reason"]), (ErrorCode::ApprovalRefused, &"same_person".into()));
    let settings = Need::of(Permission::ChangeSettings);
    let above = manager_says_yes(&counter, (subject, settings)).await.unwrap_err();
    assert_eq!((above.code, &above.params["reason"]), (ErrorCode::ApprovalRefused, &"may_not".into()));
    let manager = counter.of(Role::Manager).await.cashier_id;
    let guessed = counter.app.give_approval(manager, Some(pin("2580")), subject, need).await.unwrap_err();
    assert_eq!(guessed.code, ErrorCode::PinWrong, "a wrong PIN is no yes, and counts as a try");
}

#[tokio::test]
async fn a_yes_that_one_cashier_got_is_not_another_ones() {
    let (counter, cart) = with_a_line().await;
    let asked = asked_for(&cheaper(&counter, line_of(&cart), None).await.unwrap_err());
    let yes = manager_says_yes(&counter, asked).await.unwrap();
    let people = counter.app.state().await.unwrap().value;
    let seated = people.cashier.unwrap().cashier_id;
    let other = people.cashiers.iter().find(|p| p.role == Role::Cashier && p.cashier_id != seated).unwrap();
    counter.app.log_in(other.cashier_id, None).await.unwrap();
    let refused = cheaper(&counter, line_of(&cart), Some(yes.approval_id)).await.unwrap_err();
    assert_eq!((refused.code, &refused.params["reason"]), (ErrorCode::ApprovalRefused, &"other".into()));
}

#[tokio::test]
async fn discounts_above_the_limit_want_a_yes_and_the_limit_itself_does_not() {
    let (counter, cart) = with_a_line().await;
    let line = line_of(&cart);
    let tenth = Discount::Percent(Rate::TENTH);
    counter.app.set_line(line, None, Some(tenth), false, None).await.unwrap();
    let half = Discount::Percent(Rate::from_ppm(500_000).unwrap());
    let refused = counter.app.set_line(line, None, Some(half), false, None).await.unwrap_err();
    let (_, need) = asked_for(&refused);
    assert_eq!((need.permission, need.line_id), (Permission::Discount, Some(line)));
    let refused = counter.app.set_cart_discount(Some(half), None).await.unwrap_err();
    let yes = manager_says_yes(&counter, asked_for(&refused)).await.unwrap();
    counter.app.set_cart_discount(Some(half), Some(yes.approval_id)).await.unwrap();
    assert_eq!(pay(&counter).await.unwrap().head.approvals.len(), 1);
}

#[tokio::test]
async fn what_the_manager_put_on_a_cart_the_cashier_may_sell_and_nothing_beyond() {
    let (counter, cart) = with_a_line().await;
    let (manager, cashier) = (counter.of(Role::Manager).await, counter.of(Role::Cashier).await);
    counter.log_in(manager.cashier_id, MANAGER_PIN).await.unwrap();
    let half = Discount::Percent(Rate::from_ppm(500_000).unwrap());
    counter.app.set_cart_discount(Some(half), None).await.unwrap();
    counter.app.log_in(cashier.cashier_id, None).await.unwrap();
    let line = line_of(&cart);
    counter
        .app
        .set_line(line, Some(pos_domain::Quantity::from_units(3).unwrap()), None, false, None)
        .await
        .unwrap();
    let refused = pay(&counter).await.unwrap_err();
    let (_, need) = asked_for(&refused);
    assert!(need.amount > Some(Money::ZERO), "three times as much is another discount");
    counter.app.undo_cart().await.unwrap();
    let sold = pay(&counter).await.unwrap();
    assert_eq!(sold.head.approvals[0].by_name, manager.name, "the yes that came with the discount");
}

#[tokio::test]
async fn a_cart_that_was_refused_at_the_till_is_sold_once_somebody_said_yes() {
    let (counter, cart) = with_a_line().await;
    let owner = counter.of(Role::Owner).await;
    counter.log_in(owner.cashier_id, OWNER_PIN).await.unwrap();
    let half = Discount::Percent(Rate::from_ppm(500_000).unwrap());
    counter.app.set_line(line_of(&cart), None, Some(half), false, None).await.unwrap();
    // The owner's yes to a discount of that amount does not cover twice the goods.
    counter.app.log_in(counter.of(Role::Cashier).await.cashier_id, None).await.unwrap();
    let two = pos_domain::Quantity::from_units(2).unwrap();
    counter.app.set_line(line_of(&cart), Some(two), None, false, None).await.unwrap();
    let refused = pay(&counter).await.unwrap_err();
    manager_says_yes(&counter, asked_for(&refused)).await.unwrap();
    assert_eq!(pay(&counter).await.unwrap().head.approvals[0].permission, Permission::Discount);
}
