//! Taking back: every change of a cart, whatever stood in it before.

use pos_app::view::CartView;
use pos_app::{App, AppError, TradeIn};
use pos_domain::{CustomerId, Discount, LineId, Money, ProductId, Quantity, Rate};

use crate::shop::{Till, named};

/// Everything that people do to a cart, one word for each command that changes it.
#[derive(Debug, Clone, Copy)]
enum Step {
    Scan,
    ScanMore,
    Add,
    Quantity,
    Remove,
    DiscountLine,
    ClearLineDiscount,
    DiscountCart,
    ClearCartDiscount,
    OverridePrice,
    CataloguePrice,
    SetPack,
    NoteLine,
    NoteCart,
    SetCustomer,
    ClearCustomer,
    SetSerials,
    TradeIn,
    Clear,
    Hold,
}

const STEPS: [Step; 20] = [
    Step::Scan,
    Step::ScanMore,
    Step::Add,
    Step::Quantity,
    Step::Remove,
    Step::DiscountLine,
    Step::ClearLineDiscount,
    Step::DiscountCart,
    Step::ClearCartDiscount,
    Step::OverridePrice,
    Step::CataloguePrice,
    Step::SetPack,
    Step::NoteLine,
    Step::NoteCart,
    Step::SetCustomer,
    Step::ClearCustomer,
    Step::SetSerials,
    Step::TradeIn,
    Step::Clear,
    Step::Hold,
];

/// What the steps are done to.
struct Stage {
    line: LineId,
    cola: ProductId,
    other: CustomerId,
}

impl Step {
    async fn take(self, app: &App, stage: &Stage) -> Result<CartView, AppError> {
        let amount = |minor| Money::from_minor(minor).unwrap();
        let line = stage.line;
        let done = match self {
            Self::Scan => app.scan("COLA-33CL").await,
            Self::ScanMore => app.scan("3*RIZ-5KG").await,
            Self::Add => app.add_product(stage.cola, Quantity::ONE).await,
            Self::Quantity => {
                app.set_line(line, Some(Quantity::from_units(7).unwrap()), None, false, None).await
            }
            Self::Remove => app.set_line(line, Some(Quantity::ZERO), None, false, None).await,
            Self::DiscountLine => {
                app.set_line(line, None, Some(Discount::Amount(amount(500))), false, None).await
            }
            Self::ClearLineDiscount => app.set_line(line, None, None, true, None).await,
            Self::DiscountCart => app.set_cart_discount(Some(Discount::Amount(amount(100))), None).await,
            Self::ClearCartDiscount => app.set_cart_discount(None, None).await,
            Self::OverridePrice => app.set_price(line, Some("40000".into()), None).await,
            Self::CataloguePrice => app.set_price(line, None, None).await,
            Self::SetPack => app.set_pack(line, Some("sac".into()), None).await,
            Self::NoteLine => app.set_line_note(line, Some("abîmé".into())).await,
            Self::NoteCart => app.set_cart_note(Some("à livrer".into())).await,
            Self::SetCustomer => app.set_cart_customer(Some(stage.other)).await,
            Self::ClearCustomer => app.set_cart_customer(None).await,
            Self::SetSerials => app.set_serials(line, vec!["SN-2".into()]).await,
            Self::TradeIn => {
                let taken = TradeIn {
                    product_id: stage.cola,
                    serial: "SN-9".into(),
                    unit_price: "1000".into(),
                    note: None,
                };
                app.trade_in(taken).await
            }
            Self::Clear => app.clear_cart().await,
            Self::Hold => app.hold_cart().await,
        };
        Ok(done?.value)
    }
}

/// A cart of which everything is set, so that whatever a step forgets to keep is seen.
async fn full_cart(till: &Till) -> Stage {
    let app = &till.app;
    let buyer = app.create_customer(named("Awa")).await.unwrap().value.customer;
    let other = app.create_customer(named("Binta")).await.unwrap().value.customer.customer_id;
    let rice = till.product("RIZ-5KG").await;
    let mut draft =
        serde_json::json!({ "opening_stock": null, "cost": "", "tax_rate": "0", "price": "62000" });
    for (field, value) in serde_json::to_value(&rice).unwrap().as_object().unwrap() {
        draft.as_object_mut().unwrap().entry(field).or_insert(value.clone());
    }
    draft.as_object_mut().unwrap().remove("picture");
    draft["packs"] = serde_json::json!([{ "unit": "sac", "size": "5", "price": "300000", "barcode": "" }]);
    let draft = serde_json::from_value(draft).unwrap();
    app.update_product(rice.product_id, draft).await.unwrap();
    let line = app.scan("RIZ-5KG").await.unwrap().value.lines[0].item.line_id;
    app.set_line(line, Some(Quantity::from_units(2).unwrap()), None, false, None).await.unwrap();
    app.set_line(line, None, Some(Discount::Percent(Rate::TENTH)), false, None).await.unwrap();
    app.set_price(line, Some("60000".into()), None).await.unwrap();
    app.set_line_note(line, Some("fragile".into())).await.unwrap();
    app.set_serials(line, vec!["SN-1".into()]).await.unwrap();
    app.set_cart_discount(Some(Discount::Percent(Rate::TENTH)), None).await.unwrap();
    app.set_cart_customer(Some(buyer.customer_id)).await.unwrap();
    app.set_cart_note(Some("demain".into())).await.unwrap();
    Stage { line, cola: till.product("COLA-33CL").await.product_id, other }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_cart_is_taken_back_to_exactly_the_cart_of_before() {
    let till = Till::demo().await;
    let stage = full_cart(&till).await;
    let before = till.app.cart().await.unwrap().value;
    for step in STEPS {
        let changed = step.take(&till.app, &stage).await.unwrap();
        assert_ne!(changed, before, "{step:?} does something");
        assert!(changed.can_undo, "{step:?} can be taken back");
        let after = till.app.undo_cart().await.unwrap().value;
        assert_eq!(after, before, "{step:?} is taken back");
    }
    for step in STEPS {
        // Some of what is left to change is gone by then; whatever was done is taken back all the same.
        drop(step.take(&till.app, &stage).await);
    }
    let mut cart = till.app.cart().await.unwrap().value;
    while cart != before {
        assert!(cart.can_undo, "the cart of the beginning is reached");
        cart = till.app.undo_cart().await.unwrap().value;
    }
}
