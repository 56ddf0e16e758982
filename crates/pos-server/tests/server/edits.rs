//! Rows that two registers changed, deleted or made at the same time.

use pos_domain::body::{EntityCreate, EntityKind, OpeningStock};
use pos_domain::conflict::ConflictStatus;
use pos_domain::merge::{Fields, Hlc};
use pos_domain::settings::setting_id;
use pos_domain::stock::MovementReason;
use pos_domain::{
    ConflictChoice, ConflictKind, Customer, CustomerId, MovementId, OperationBody, Product, ProductId,
};
use pos_protocol::Verdict;
use serde_json::{Value, json};

use crate::harness::*;

async fn two_registers() -> (Shop, Register, Register, Product) {
    let shop = Shop::open();
    let (mut first, second) = (shop.join("Caisse 1").await, shop.join("Caisse 2").await);
    let milk = product("LAIT");
    first.send(product_create(&milk, 5)).await;
    (shop, first, second, milk)
}

fn edit_of(
    milk: &Product,
    field: &str,
    from: impl Into<Value>,
    to: impl Into<Value>,
    at: i64,
) -> OperationBody {
    edit(EntityKind::Product, milk.product_id.0, 1, field, (from.into(), to.into()), at)
}

async fn set_strategy(till: &mut Register, field: &str, strategy: &str) {
    let id = setting_id("strategies");
    let value = json!({ field: strategy });
    let body = edit(EntityKind::Setting, id, 1, "value", (json!({}), value), 1);
    let verdict = till.send(body).await;
    assert!(is_applied(&verdict), "{verdict:?}");
}

async fn name_of(till: &Register, milk: &Product) -> Value {
    till.field(EntityKind::Product, milk.product_id.0, "name").await
}

async fn choose(till: &mut Register, choice: ConflictChoice) -> Verdict {
    let conflict_id = till.conflict().await.conflict_id;
    till.send(OperationBody::ConflictResolve(resolve(conflict_id, choice))).await
}

#[tokio::test]
async fn different_fields_merge_and_equal_values_are_no_matter() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    assert!(is_applied(&first.send(edit_of(&milk, "name", "Produit LAIT", "Lait frais", 1)).await));
    assert!(is_applied(&second.send(edit_of(&milk, "unit", "pcs", "l", 2)).await));
    assert!(is_applied(&second.send(edit_of(&milk, "name", "Produit LAIT", "Lait frais", 3)).await));
    assert_eq!(name_of(&first, &milk).await, "Lait frais");
    assert_eq!(first.field(EntityKind::Product, milk.product_id.0, "unit").await, "l");
    assert_eq!(first.conflicts().await, []);
    assert_eq!(
        first.row(EntityKind::Product, milk.product_id.0).await.unwrap().rev,
        3,
        "two changes, not three"
    );
}

#[tokio::test]
async fn in_the_catalogue_the_server_wins_and_the_story_is_kept_and_can_be_turned() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    first.send(edit_of(&milk, "name", "Produit LAIT", "Lait A", 1)).await;
    let verdict = second.send(edit_of(&milk, "name", "Produit LAIT", "Lait B", 2)).await;
    assert!(is_applied(&verdict), "a strategy decided, nobody has to: {verdict:?}");
    assert_eq!(name_of(&first, &milk).await, "Lait A");
    let conflict = first.conflict().await;
    assert_eq!(
        (conflict.kind, conflict.resolution()),
        (ConflictKind::EditEdit, Some(ConflictChoice::KeepTheirs))
    );
    assert_eq!(
        (conflict.register.as_str(), conflict.other_register.as_deref()),
        ("Caisse 2", Some("Caisse 1"))
    );
    let dispute = &conflict.fields[0];
    assert_eq!(
        (&dispute.base, &dispute.incoming, &dispute.current),
        (&json!("Produit LAIT"), &json!("Lait B"), &json!("Lait A"))
    );
    assert!(is_applied(&first.send(reopen(conflict.conflict_id)).await));
    assert!(is_applied(&choose(&mut first, ConflictChoice::KeepMine).await));
    assert_eq!(name_of(&first, &milk).await, "Lait B");
}

#[tokio::test]
async fn an_edit_that_lost_brings_its_register_the_row_as_it_stands() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    first.send(edit_of(&milk, "name", "Produit LAIT", "Lait A", 1)).await;
    let verdict = second.send(edit_of(&milk, "name", "Produit LAIT", "Lait B", 2)).await;
    let Verdict::Applied { feed_seq, rows, .. } = verdict else { panic!("{verdict:?}") };
    let row =
        rows.iter().find(|row| row.id == milk.product_id.0).expect("its register must hear that it lost");
    assert!(row.seq >= feed_seq, "else the register shows its own value on top for ever");
    let data: Value = serde_json::from_str(row.data.as_ref().unwrap().get()).unwrap();
    assert_eq!(data["name"], json!("Lait A"));
}

#[tokio::test]
async fn last_write_wins_by_the_field_s_own_clock_and_not_by_arrival() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    set_strategy(&mut first, "product.name", "last_write_wins").await;
    first.send(edit_of(&milk, "name", "Produit LAIT", "plus tard", 100)).await;
    second.send(edit_of(&milk, "name", "Produit LAIT", "plus tôt", 50)).await;
    assert_eq!(name_of(&first, &milk).await, "plus tard", "the later edit had arrived first");
    second.send(edit_of(&milk, "name", "Produit LAIT", "encore plus tard", 200)).await;
    assert_eq!(name_of(&first, &milk).await, "encore plus tard");
    assert!(first.conflicts().await.iter().all(|c| c.status == ConflictStatus::Resolved));
}

#[tokio::test]
async fn a_manual_dispute_waits_and_each_choice_can_be_made_and_taken_back() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    set_strategy(&mut first, "product.name", "manual").await;
    first.send(edit_of(&milk, "name", "Produit LAIT", "Lait A", 1)).await;
    let verdict = second.send(edit_of(&milk, "name", "Produit LAIT", "Lait B", 2)).await;
    let Verdict::Conflict { fields, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(fields.len(), 1);
    assert_eq!(name_of(&first, &milk).await, "Lait A", "the server's value stands meanwhile");
    let conflict_id = first.conflict().await.conflict_id;
    for (choice, name) in [(ConflictChoice::KeepMine, "Lait B"), (ConflictChoice::KeepTheirs, "Lait A")] {
        assert!(is_applied(&choose(&mut second, choice).await));
        assert_eq!(name_of(&first, &milk).await, name, "{choice:?}");
        assert!(is_applied(&first.send(reopen(conflict_id)).await));
        assert_eq!(name_of(&first, &milk).await, "Lait A", "{choice:?} was taken back");
    }
    let mut merge = resolve(conflict_id, ConflictChoice::Merge);
    let incomplete = second.send(OperationBody::ConflictResolve(merge.clone())).await;
    assert_eq!(rejection(&incomplete).1, "fields.name");
    merge.fields =
        Fields::from_iter([("name".to_owned(), json!("Lait A ou B")), ("price".to_owned(), json!(1))]);
    let other = second.send(OperationBody::ConflictResolve(merge.clone())).await;
    assert_eq!(rejection(&other).1, "fields.price", "a merge decides what is disputed and nothing else");
    merge.fields.remove("price");
    assert!(is_applied(&second.send(OperationBody::ConflictResolve(merge)).await));
    assert_eq!(name_of(&first, &milk).await, "Lait A ou B");
    first
        .send(edit(
            EntityKind::Product,
            milk.product_id.0,
            99,
            "name",
            (json!("Lait A ou B"), json!("Lait C")),
            9,
        ))
        .await;
    assert!(is_applied(&first.send(reopen(conflict_id)).await));
    assert_eq!(name_of(&first, &milk).await, "Lait C", "what somebody wrote since is not taken back");
}

#[tokio::test]
async fn an_edit_of_a_deleted_row_waits_and_keep_mine_brings_it_back() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    assert!(is_applied(&first.send(delete(EntityKind::Product, milk.product_id.0, 1)).await));
    let row = first.row(EntityKind::Product, milk.product_id.0).await.unwrap();
    assert!(row.deleted && row.data.is_none(), "a tombstone");
    let verdict = second.send(edit_of(&milk, "name", "Produit LAIT", "Lait B", 2)).await;
    assert!(matches!(verdict, Verdict::Conflict { .. }), "{verdict:?}");
    let conflict_id = first.conflict().await.conflict_id;
    assert!(is_applied(&choose(&mut second, ConflictChoice::KeepTheirs).await));
    assert!(first.row(EntityKind::Product, milk.product_id.0).await.unwrap().deleted);
    first.send(reopen(conflict_id)).await;
    assert!(is_applied(&choose(&mut second, ConflictChoice::KeepMine).await));
    assert_eq!(name_of(&first, &milk).await, "Lait B");
    first.send(reopen(conflict_id)).await;
    assert!(first.row(EntityKind::Product, milk.product_id.0).await.unwrap().deleted, "deleted as before");
}

#[tokio::test]
async fn a_deletion_of_a_changed_row_waits_and_own_changes_do_not_count() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    second.send(edit_of(&milk, "name", "Produit LAIT", "Lait B", 2)).await;
    let verdict = first.send(delete(EntityKind::Product, milk.product_id.0, 1)).await;
    assert!(matches!(verdict, Verdict::Conflict { .. }), "{verdict:?}");
    assert_eq!(name_of(&first, &milk).await, "Lait B", "the row stays");
    let conflict_id = first.conflict().await.conflict_id;
    assert!(is_applied(&choose(&mut first, ConflictChoice::KeepMine).await));
    assert!(first.row(EntityKind::Product, milk.product_id.0).await.unwrap().deleted);
    first.send(reopen(conflict_id)).await;
    assert_eq!(name_of(&first, &milk).await, "Lait B");
    let bread = product("PAIN");
    first.send(product_create(&bread, 0)).await;
    first.send(edit_of(&bread, "name", "Produit PAIN", "Pain", 2)).await;
    assert!(
        is_applied(&first.send(delete(EntityKind::Product, bread.product_id.0, 0)).await),
        "own edits are known"
    );
    assert!(
        is_applied(&second.send(delete(EntityKind::Product, bread.product_id.0, 1)).await),
        "deleted is deleted"
    );
}

#[tokio::test]
async fn the_same_barcode_made_twice_is_one_product_with_both_counts() {
    let (_shop, mut first, mut second, _) = two_registers().await;
    let mut cola = product("COLA");
    cola.barcodes = vec!["036000291452".to_owned()];
    first.send(product_create(&cola, 4)).await;
    let mut twin = Product { product_id: ProductId(next_id()), ..cola.clone() };
    "COLA-33".clone_into(&mut twin.code);
    twin.barcodes = vec!["0036000291452".to_owned()];
    let verdict = second.send(product_create(&twin, 6)).await;
    let Verdict::Applied { mapped_ids, conflict_id: Some(_), .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((mapped_ids[0].local_id, mapped_ids[0].server_id), (twin.product_id.0, cola.product_id.0));
    assert_eq!(first.stock(&cola).await, (10, 0), "both shelves were counted");
    let sale = second.sale(&[(&twin, 3)]);
    assert!(is_applied(&second.ask(&sale).await.1), "its old id is understood for ever");
    assert!(is_applied(&second.send(adjust(&twin, MovementReason::Loss, -1)).await));
    assert_eq!(first.stock(&cola).await, (6, 0));
    let conflict = first.conflict().await;
    assert_eq!(conflict.kind, ConflictKind::DuplicateIdentity);
    let mut disputed: Vec<_> = conflict.fields.iter().map(|dispute| dispute.field.as_str()).collect();
    disputed.sort_unstable();
    assert_eq!(disputed, ["barcodes", "code"], "not the id, and not what is equal");
    assert!(is_applied(&choose(&mut first, ConflictChoice::KeepMine).await));
    assert_eq!(first.field(EntityKind::Product, cola.product_id.0, "code").await, "COLA-33");
    let name =
        edit(EntityKind::Product, twin.product_id.0, 1, "name", (json!("Produit COLA"), json!("Cola")), 7);
    assert!(is_applied(&second.send(name).await));
    assert_eq!(name_of(&first, &cola).await, "Cola", "an edit under the old id finds the row");
}

#[tokio::test]
async fn an_identical_twin_needs_no_person() {
    let (_shop, mut first, mut second, _) = two_registers().await;
    let cola = product("COLA");
    first.send(product_create(&cola, 0)).await;
    let twin = Product { product_id: ProductId(next_id()), ..cola };
    let verdict = second.send(product_create(&twin, 0)).await;
    let Verdict::Applied { mapped_ids, conflict_id: None, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(mapped_ids.len(), 1);
}

#[tokio::test]
async fn customers_are_one_by_telephone_however_it_is_written() {
    let (_shop, mut first, mut second, _) = two_registers().await;
    let customer = |phone: &str| Customer {
        customer_id: CustomerId(next_id()),
        code: None,
        name: "Mariama".to_owned(),
        phone: Some(phone.to_owned()),
        note: None,
        credit_limit: None,
    };
    let (one, two) = (customer("+224 620-11-22-33"), customer("+224620112233"));
    first.send(register_create(EntityKind::Customer, one.customer_id.0, &one)).await;
    let verdict = second.send(register_create(EntityKind::Customer, two.customer_id.0, &two)).await;
    let Verdict::Applied { mapped_ids, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(mapped_ids[0].server_id, one.customer_id.0);
}

#[tokio::test]
async fn a_code_is_free_again_when_its_product_is_deleted() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    first.send(delete(EntityKind::Product, milk.product_id.0, 1)).await;
    let other = product("LAIT");
    let verdict = second.send(product_create(&other, 0)).await;
    let Verdict::Applied { mapped_ids, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!(mapped_ids.len(), 0, "a new product, not the deleted one");
    let bread = product("PAIN");
    second.send(product_create(&bread, 0)).await;
    let verdict = second.send(edit_of(&bread, "code", "PAIN", "LAIT", 3)).await;
    assert_eq!(rejection(&verdict).1, "code", "two living products cannot share it");
    assert_eq!(first.field(EntityKind::Product, bread.product_id.0, "code").await, "PAIN");
}

#[tokio::test]
async fn a_wrong_row_is_refused_with_its_field_and_an_unknown_field_is_kept() {
    let (_shop, mut first, _, milk) = two_registers().await;
    let refused = |row: Product| async move { product_create(&row, 0) };
    let mut nameless = product("X1");
    nameless.name.clear();
    assert_eq!(rejection(&first.send(refused(nameless).await).await).1, "name");
    let mut misread = product("X2");
    misread.barcodes = vec!["4006381333932".to_owned()];
    assert_eq!(rejection(&first.send(refused(misread).await).await).1, "barcodes");
    let mut homeless = product("X3");
    homeless.category_id = Some(pos_domain::CategoryId(next_id()));
    assert_eq!(
        rejection(&first.send(refused(homeless).await).await),
        ("unknown_reference".into(), "category_id".into())
    );
    assert_eq!(rejection(&first.send(product_create(&milk, 0)).await).1, "id", "the id is taken");
    let foreign_id =
        edit(EntityKind::Product, milk.product_id.0, 1, "product_id", (json!(null), json!(next_id())), 1);
    assert_eq!(rejection(&first.send(foreign_id).await).1, "changes.product_id");
    for entity in [EntityKind::Stock, EntityKind::Conflict] {
        let body = edit(entity, milk.product_id.0, 1, "on_hand", (json!(0), json!(99_000)), 1);
        assert_eq!(rejection(&first.send(body).await).1, "entity", "only the server writes these");
    }
    let mut from_tomorrow = fields(&product("X4"));
    from_tomorrow.insert("allergens".to_owned(), json!(["milk"]));
    let id = serde_json::from_value(from_tomorrow["product_id"].clone()).unwrap();
    let create = EntityCreate {
        entity: EntityKind::Product,
        id,
        fields: from_tomorrow,
        opening_stock: Some(OpeningStock { movement_id: MovementId(next_id()), qty: units(1) }),
        hlc: Hlc::default(),
    };
    assert!(is_applied(&first.send(OperationBody::EntityCreate(create)).await));
    assert_eq!(first.field(EntityKind::Product, id, "allergens").await, json!(["milk"]));
}

#[tokio::test]
async fn settings_are_checked_and_the_currency_is_fixed_by_the_first_sale() {
    let (_shop, mut first, mut second, milk) = two_registers().await;
    let setting = |key: &str, from: Value, to: Value| {
        edit(EntityKind::Setting, setting_id(key), 1, "value", (from, to), 5)
    };
    let deadline = first.send(setting("checkout_deadline_ms", json!(3_000), json!(1))).await;
    assert_eq!(rejection(&deadline).1, "checkout_deadline_ms");
    let usd = json!({ "code": "USD", "exponent": 2 });
    let gnf = json!({ "code": "GNF", "exponent": 0 });
    assert!(
        is_applied(&first.send(setting("currency", gnf.clone(), usd.clone())).await),
        "nothing was sold yet"
    );
    assert!(is_applied(&first.send(setting("currency", usd.clone(), gnf.clone())).await));
    first.tell(&first.sale(&[(&milk, 1)])).await;
    assert_eq!(rejection(&first.send(setting("currency", gnf, usd)).await).1, "currency");
    let body = json!({ "key": "receipt_footer", "value": "Merci" });
    let create = |at: i64, value: &str| {
        let mut fields = Fields::new();
        fields.insert("key".to_owned(), body["key"].clone());
        fields.insert("value".to_owned(), json!(value));
        let hlc = Hlc { wall_ms: OPENING_MS + at, counter: 0 };
        let (entity, id) = (EntityKind::Setting, setting_id("receipt_footer"));
        OperationBody::EntityCreate(EntityCreate { entity, id, fields, opening_stock: None, hlc })
    };
    assert!(
        is_applied(&first.send(create(10, "Merci")).await),
        "an existing setting is changed, not made twice"
    );
    assert!(is_applied(&second.send(create(20, "À bientôt")).await));
    assert_eq!(first.field(EntityKind::Setting, setting_id("receipt_footer"), "value").await, "À bientôt");
    let forged = EntityCreate {
        entity: EntityKind::Setting,
        id: next_id(),
        fields: Fields::from_iter([
            ("key".to_owned(), json!("locale")),
            ("value".to_owned(), json!("en-GB")),
        ]),
        opening_stock: None,
        hlc: Hlc::default(),
    };
    assert_eq!(rejection(&first.send(OperationBody::EntityCreate(forged)).await).1, "id");
}
