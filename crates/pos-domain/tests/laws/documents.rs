//! Sale documents: what is built is right, and what was changed is found.

use pos_domain::{DocumentFault, Money, OperationBody, Quantity, SaleDocument, SaleKind};
use proptest::prelude::*;
use serde_json::Value;

use crate::shops::documents;

/// Paths of all amounts that a document states, as JSON pointers: those computed and those tendered.
fn amount_paths(document: &Value) -> Vec<String> {
    let mut paths: Vec<String> =
        ["/discount_total", "/net", "/tax", "/total"].map(str::to_owned).into_iter().collect();
    paths.extend(["rounding", "payable", "tendered", "change"].map(|f| format!("/settlement/{f}")));
    let count = |list: &str| document[list].as_array().unwrap().len();
    for i in 0..count("lines") {
        let fields = ["list_amount", "line_discount", "cart_discount", "net", "tax", "gross"];
        paths.extend(fields.map(|f| format!("/lines/{i}/amounts/{f}")));
    }
    for i in 0..count("taxes") {
        paths.extend(["net", "tax", "gross", "rate"].map(|f| format!("/taxes/{i}/{f}")));
    }
    paths.extend((0..count("tenders")).map(|i| format!("/tenders/{i}/amount")));
    paths
}

fn read(document: &Value) -> SaleDocument {
    serde_json::from_value(document.clone()).unwrap()
}

proptest! {
    #[test]
    fn what_is_built_is_right_and_survives_json(document in documents()) {
        prop_assert_eq!(document.check(), Ok(()));
        let text = serde_json::to_string(&document).unwrap();
        let read: SaleDocument = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &document);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), text, "and is written alike");
    }

    #[test]
    fn lines_and_tenders_meet_in_the_total(document in documents()) {
        let lines = Money::sum(document.lines.iter().map(|l| l.amounts.gross));
        prop_assert_eq!(lines, Ok(document.total));
        prop_assert_eq!(document.net.plus(document.tax), Ok(document.total));
        let paid = Money::sum(document.tenders.iter().map(|t| t.amount)).unwrap().minus(document.settlement.change);
        prop_assert_eq!(document.total.plus(document.settlement.rounding), paid);
    }

    #[test]
    fn any_one_changed_amount_is_found(document in documents(), delta in prop_oneof![Just(1_i64), Just(-1), 2_i64..5_000]) {
        let stated = serde_json::to_value(&document).unwrap();
        for path in amount_paths(&stated) {
            let mut forged = stated.clone();
            let amount = forged.pointer_mut(&path).unwrap();
            // A rate below zero is no rate at all and would be refused while reading.
            let step = if path.ends_with("rate") { delta.abs() } else { delta };
            *amount = Value::from(amount.as_i64().unwrap() + step);
            prop_assert!(read(&forged).check().is_err(), "{} changed by {} is not found", path, delta);
        }
    }

    #[test]
    fn a_missing_or_doubled_part_is_found(document in documents()) {
        let mut fewer = document.clone();
        fewer.taxes.pop();
        prop_assert_eq!(fewer.check(), Err(DocumentFault::Differs { field: "taxes".into() }));
        let mut doubled = document.clone();
        doubled.lines.push(document.lines[0].clone());
        let line = doubled.lines.len();
        prop_assert_eq!(doubled.check(), Err(DocumentFault::DuplicateLine { line }));
        let mut empty = document.clone();
        empty.lines.clear();
        prop_assert_eq!(empty.check(), Err(DocumentFault::NoLines));
        if !document.total.is_zero() {
            let mut turned = document.clone();
            turned.head.kind = match document.head.kind {
                SaleKind::Sale => SaleKind::Refund,
                SaleKind::Refund | SaleKind::Void => SaleKind::Sale,
            };
            let found = matches!(turned.check(), Err(DocumentFault::WrongDirection { .. }));
            prop_assert!(found, "a sale is not passed off as a refund");
        }
    }

    #[test]
    fn stock_moves_against_the_sale_and_only_for_counted_goods(document in documents()) {
        let effects: Vec<_> = document.stock_effects().collect();
        let counted: Vec<_> = document.lines.iter().filter(|l| l.item.track_stock).collect();
        prop_assert_eq!(effects.len(), counted.len());
        for (effect, line) in effects.iter().zip(counted) {
            prop_assert_eq!(effect.delta.plus(line.item.qty), Ok(Quantity::ZERO));
            prop_assert_eq!((effect.line_id, effect.product_id), (line.item.line_id, line.item.product_id));
        }
    }

    #[test]
    fn a_body_is_read_back_as_it_was_and_hashed_as_it_stands(document in documents()) {
        let body = OperationBody::SaleComplete(Box::new(document));
        let encoded = body.encode().unwrap();
        prop_assert_eq!(encoded.hash, pos_domain::Hash32::of(encoded.text.as_bytes()));
        let read = OperationBody::decode(encoded.kind, encoded.kind_version, &encoded.text).unwrap();
        prop_assert_eq!(&read, &body);
        prop_assert_eq!(read.encode().unwrap(), encoded, "writing is repeatable");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_text_beyond_its_bound_is_refused(document in documents(), longer in 1_usize..3) {
        let text = "é".repeat(pos_domain::document::MAX_TEXT_CHARS);
        let mut at_bound = document.clone();
        at_bound.note = Some(text.clone());
        prop_assert_eq!(at_bound.check(), Ok(()), "characters count, not bytes");
        let mut beyond = document;
        beyond.note = Some(text + &"é".repeat(longer));
        prop_assert_eq!(beyond.check(), Err(DocumentFault::TextTooLong { field: "note" }));
    }
}
