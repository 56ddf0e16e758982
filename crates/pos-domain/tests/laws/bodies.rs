//! The JSON of every command and every shared row. A changed snapshot is a changed format: old registers and stored
//! documents must still be read.

use pos_domain::body::{
    ConflictReopening, ConflictResolution, EntityCreate, EntityDelete, EntityKind, EntityUpdate,
    MappingDispute, OpeningStock, StockAdjustment, StockAdjustmentLine,
};
use pos_domain::cart::{Discount, LineTerms, PriceRules};
use pos_domain::conflict::{
    ChoicePreview, Conflict, ConflictEvent, ConflictEventKind, ConflictStatus, PriceDifference, Shortage,
    StockChange,
};
use pos_domain::document::DocumentCustomer;
use pos_domain::merge::{FieldDispute, Fields, Hlc};
use pos_domain::serial::SerialTracking;
use pos_domain::stock::{MovementReason, StockLevel};
use pos_domain::{
    Cashier, Category, ConflictChoice, ConflictKind, Currency, Customer, FieldStrategy, OfflinePolicy,
    OperationBody, Product, Quantity, Rate, Role, RoundingMode, SaleDocument, SaleKind, Tender, TenderKind,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shops::{cart, head, money};

const HLC: Hlc = Hlc { wall_ms: 1_773_507_909_000, counter: 2 };

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn fields(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn sale() -> SaleDocument {
    let rules = PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp };
    let terms = LineTerms {
        qty: Quantity::parse("1.5").unwrap(),
        unit_price: money(9_700),
        tax_rate: Rate::parse_percent("18").unwrap(),
        discount: Some(Discount::Percent(Rate::parse_percent("10").unwrap())),
    };
    let tenders = vec![
        Tender { kind: TenderKind::Mobile, amount: money(10_000), reference: Some("OM-1".into()) },
        Tender { kind: TenderKind::Cash, amount: money(5_000), reference: None },
    ];
    let customer = DocumentCustomer { customer_id: id(15).into(), name: "Camara".into() };
    let head = head(SaleKind::Sale, Currency::from_iso("GNF").unwrap(), rules, None);
    let cart = cart(&[terms], Some(Discount::Amount(money(95))));
    SaleDocument::build(head, Some(customer), &cart, tenders).unwrap()
}

fn bodies() -> Vec<OperationBody> {
    vec![
        OperationBody::SaleComplete(Box::new(sale())),
        OperationBody::EntityCreate(EntityCreate {
            entity: EntityKind::Product,
            id: id(1),
            fields: fields(json!({"name": "Riz", "price": 62_500})),
            opening_stock: Some(OpeningStock {
                movement_id: id(2).into(),
                qty: Quantity::from_units(10).unwrap(),
            }),
            hlc: HLC,
        }),
        OperationBody::EntityUpdate(EntityUpdate {
            entity: EntityKind::Customer,
            id: id(1),
            base_rev: 3,
            base: fields(json!({"phone": null})),
            changes: fields(json!({"phone": "622"})),
            hlc: HLC,
        }),
        OperationBody::EntityDelete(EntityDelete {
            entity: EntityKind::Category,
            id: id(1),
            base_rev: 3,
            hlc: HLC,
        }),
        OperationBody::StockAdjust(StockAdjustment {
            reason: MovementReason::Loss,
            lines: vec![StockAdjustmentLine {
                movement_id: id(2).into(),
                product_id: id(3).into(),
                delta: Quantity::parse("-0.25").unwrap(),
                track_stock: true,
            }],
            reference: Some("BL-7".into()),
            document_date: Some("2026-03-14T17:05:09".into()),
            note: None,
        }),
        OperationBody::ConflictResolve(ConflictResolution {
            conflict_id: id(4).into(),
            choice: ConflictChoice::Merge,
            fields: fields(json!({"price": 65_000})),
            refund_sale_id: None,
            actor: "Aïssatou".into(),
            note: Some("vu en rayon".into()),
            hlc: HLC,
        }),
        OperationBody::ConflictReopen(ConflictReopening {
            conflict_id: id(4).into(),
            actor: "Aïssatou".into(),
            note: None,
            hlc: HLC,
        }),
        OperationBody::MappingDispute(MappingDispute {
            entity: EntityKind::Product,
            local_id: id(5),
            known: id(6),
            told: id(7),
        }),
    ]
}

#[test]
fn every_command_is_written_as_it_always_was_and_read_back() {
    for body in bodies() {
        let encoded = body.encode().unwrap();
        let read = OperationBody::decode(encoded.kind, encoded.kind_version, &encoded.text).unwrap();
        assert_eq!(read, body, "{}", encoded.kind);
        // The text itself: the order of its fields is part of what is hashed.
        insta::assert_snapshot!(
            format!("body_{}", encoded.kind),
            format!("{}\n{}", encoded.text, encoded.hash)
        );
    }
}

#[test]
fn a_newer_kind_is_told_apart_from_a_broken_body() {
    use pos_domain::body::BodyFault;
    let decode = |kind, version, text| OperationBody::decode(kind, version, text).unwrap_err();
    assert!(matches!(decode("shift.close", 1, "{}"), BodyFault::Unknown { .. }));
    assert!(matches!(decode("sale.complete", 2, "{}"), BodyFault::Unknown { .. }));
    assert!(matches!(decode("sale.complete", 1, "{}"), BodyFault::Unreadable { .. }));
}

fn assert_row<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, row: &T) {
    let value = serde_json::to_value(row).unwrap();
    assert_eq!(&serde_json::from_value::<T>(value.clone()).unwrap(), row, "{name}");
    insta::assert_json_snapshot!(format!("row_{name}"), value);
}

#[test]
fn every_shared_row_is_written_as_it_always_was() {
    assert_row(
        "product",
        &Product {
            product_id: id(1).into(),
            code: "RIZ5".into(),
            barcodes: vec!["4006381333931".into()],
            name: "Riz parfumé 5 kg".into(),
            category_id: Some(id(2).into()),
            unit: "sac".into(),
            price: money(62_500),
            cost: None,
            tax_rate: Rate::parse_percent("18").unwrap(),
            track_stock: true,
            offline_policy: OfflinePolicy::Warn,
            favourite: false,
            picture: None,
            archived: false,
            tracking: SerialTracking::None,
            packs: Vec::new(),
        },
    );
    let colour = "#aabbcc".to_owned();
    assert_row(
        "category",
        &Category { category_id: id(2).into(), name: "Épicerie".into(), colour, position: 1 },
    );
    let (code, phone) = (Some("C7".to_owned()), Some("622".to_owned()));
    assert_row(
        "customer",
        &Customer {
            customer_id: id(3).into(),
            code,
            name: "Camara".into(),
            phone,
            note: None,
            credit_limit: None,
        },
    );
    assert_row(
        "cashier",
        &Cashier { cashier_id: id(4).into(), name: "Aïssatou".into(), role: Role::Manager },
    );
    let on_hand = Quantity::from_units(5).unwrap();
    assert_row("stock", &StockLevel { product_id: id(1).into(), on_hand, oversold: Quantity::ZERO });
}

#[test]
fn a_conflict_is_written_as_it_always_was() {
    let one = Quantity::ONE;
    let (code, name) = ("RIZ5".to_owned(), "Riz".to_owned());
    let decided = ConflictEvent {
        at_ms: 11,
        what: ConflictEventKind::Resolved,
        device_id: Some(id(4).into()),
        register: Some("Caisse 1".into()),
        actor: Some("Aïssatou".into()),
        choice: Some(ConflictChoice::Refund),
        note: None,
    };
    let conflict = Conflict {
        conflict_id: id(1).into(),
        kind: ConflictKind::Oversold,
        status: ConflictStatus::Resolved,
        entity: "sale".into(),
        entity_id: id(2),
        title: "R1-000042".into(),
        op_id: id(3).into(),
        device_id: id(4).into(),
        register: "Caisse 1".into(),
        other_register: None,
        opened_at_ms: 10,
        fields: vec![FieldDispute {
            field: "price".into(),
            base: json!(1),
            incoming: json!(2),
            current: json!(3),
            strategy: FieldStrategy::Manual,
        }],
        shortages: vec![Shortage {
            line_id: id(5).into(),
            product_id: id(6).into(),
            code: code.clone(),
            name: name.clone(),
            asked: one,
            missing: one,
            paid: money(62_500),
            open: None,
        }],
        prices: vec![PriceDifference {
            line_id: id(5).into(),
            product_id: id(6).into(),
            code: code.clone(),
            name: name.clone(),
            qty: one,
            sold_at: money(1),
            catalogue: money(2),
        }],
        refund: None,
        contested: None,
        fork: None,
        serials: Vec::new(),
        unapproved: None,
        sale_id: Some(id(7).into()),
        choices: vec![ChoicePreview {
            choice: ConflictChoice::Refund,
            stock: vec![StockChange {
                product_id: id(6).into(),
                code,
                name,
                on_hand: Quantity::ZERO,
                oversold: one.negated(),
            }],
            cash: money(-62_500),
            reversible: false,
        }],
        events: vec![decided],
    };
    assert_row("conflict", &conflict);
}

#[test]
fn names_of_kinds_in_the_database_are_their_names_in_json() {
    fn same(name: &str, value: impl Serialize) {
        assert_eq!(serde_json::to_value(value).unwrap(), json!(name));
    }
    for kind in EntityKind::ALL {
        same(kind.as_str(), kind);
        assert_eq!(EntityKind::parse(kind.as_str()), Some(kind));
    }
    for kind in [SaleKind::Sale, SaleKind::Refund] {
        same(kind.as_str(), kind);
    }
    for kind in [TenderKind::Cash, TenderKind::Mobile, TenderKind::Card] {
        same(kind.as_str(), kind);
    }
    use MovementReason::{Correction, Loss, Opening, Receipt, Refund, Reversal, Sale, Transfer};
    for reason in [Opening, Sale, Refund, Reversal, Correction, Loss, Receipt, Transfer] {
        same(reason.as_str(), reason);
    }
    use ConflictKind as K;
    let kinds = [
        K::EditEdit,
        K::EditDelete,
        K::DuplicateIdentity,
        K::Oversold,
        K::PriceChanged,
        K::RefundBeyondBounds,
        K::MappingContradiction,
        K::Fork,
    ];
    for kind in kinds {
        same(kind.as_str(), kind);
    }
    use ConflictChoice as C;
    let choices = [
        C::KeepMine,
        C::KeepTheirs,
        C::Merge,
        C::AcceptCount,
        C::Order,
        C::Refund,
        C::AcceptPrice,
        C::TakeGoods,
        C::AcceptLoss,
        C::CashierOwes,
        C::KeepMapping,
        C::MoveMapping,
        C::RecordBranch,
        C::LeaveBranch,
        C::KeepBoth,
        C::CorrectSerial,
        C::Acknowledge,
    ];
    for choice in choices {
        same(choice.as_str(), choice);
    }
}
