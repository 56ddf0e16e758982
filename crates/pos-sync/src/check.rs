//! The last look at an operation before it leaves.
//!
//! An operation that the server must refuse never leaves: it is dead here, with a reason that names the field, and
//! its neighbours go on. The server checks everything again.

use pos_domain::body::{BodyFault, EntityCreate, EntityKind};
use pos_domain::catalogue::{HeldCart, RowFault};
use pos_domain::{Cashier, Category, Customer, DocumentFault, Hash32, OperationBody, Product};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why an operation does not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsendable {
    /// It is wrong and stays wrong.
    Invalid {
        /// Stable code of the fault.
        code: &'static str,
        /// Path of the field.
        field: String,
        /// Detail in English, for support.
        detail: String,
    },
    /// Made by a newer program than this one: kept until that one is back.
    UnknownKind,
}

/// Reads and checks a queued body.
///
/// # Errors
/// See [`Unsendable`].
pub fn check(kind: &str, version: u16, body: &str, hash: &Hash32) -> Result<OperationBody, Unsendable> {
    if Hash32::of(body.as_bytes()) != *hash {
        return Err(invalid("changed_on_disk", "body", "the body is not the one that was queued"));
    }
    let body = OperationBody::decode(kind, version, body).map_err(|fault| match fault {
        BodyFault::Unknown { .. } => Unsendable::UnknownKind,
        BodyFault::Unreadable { source, .. } => invalid("unreadable", "body", source.to_string()),
    })?;
    match &body {
        OperationBody::SaleComplete(document) => document.check().map_err(|fault| of_document(&fault))?,
        OperationBody::TillRecord(document) => {
            document.check().map_err(|fault| invalid(fault.code(), fault.field(), fault.to_string()))?
        }
        OperationBody::SerialNote(note) => {
            note.check().map_err(|fault| invalid("serial", "serial", fault.to_string()))?;
        }
        OperationBody::EntityCreate(create) => check_create(create)?,
        OperationBody::EntityUpdate(update) if update.changes.is_empty() => {
            return Err(invalid("empty", "changes", "an edit that changes nothing"));
        }
        OperationBody::StockAdjust(adjustment) if adjustment.lines.is_empty() => {
            return Err(invalid("empty", "lines", "an adjustment of nothing"));
        }
        OperationBody::EntityUpdate(_)
        | OperationBody::EntityDelete(_)
        | OperationBody::StockAdjust(_)
        | OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => {}
    }
    Ok(body)
}

fn check_create(create: &EntityCreate) -> Result<(), Unsendable> {
    match create.entity {
        EntityKind::Product => check_row(create, Product::check),
        EntityKind::Category => check_row(create, Category::check),
        EntityKind::Customer => check_row(create, Customer::check),
        EntityKind::Cashier => check_row(create, Cashier::check),
        EntityKind::HeldCart => check_row(create, HeldCart::check),
        EntityKind::Setting => match create.fields.get("key") {
            Some(Value::String(_)) if create.fields.contains_key("value") => Ok(()),
            Some(_) | None => Err(invalid("empty", "fields.key", "a setting without key or value")),
        },
        EntityKind::Stock | EntityKind::Conflict | EntityKind::AccountEntry | EntityKind::SerialEvent => {
            Err(invalid("forbidden", "entity", "rows of this kind are made by the server"))
        }
    }
}

fn check_row<T: DeserializeOwned>(
    create: &EntityCreate,
    check: impl Fn(&T) -> Result<(), RowFault>,
) -> Result<(), Unsendable> {
    let row: T = serde_json::from_value(Value::Object(create.fields.clone()))
        .map_err(|e| invalid("unreadable", "fields", e.to_string()))?;
    check(&row).map_err(|fault| invalid(fault.code(), format!("fields.{}", fault.field()), fault.to_string()))
}

fn of_document(fault: &DocumentFault) -> Unsendable {
    let (code, field) = match fault {
        DocumentFault::NoLines => ("empty", "lines".to_owned()),
        DocumentFault::DuplicateLine { line } => {
            ("duplicate_line", format!("lines[{}]", line.saturating_sub(1)))
        }
        DocumentFault::WrongDirection { .. } => ("wrong_direction", "total".to_owned()),
        DocumentFault::Price(_) => ("price", "lines".to_owned()),
        DocumentFault::Settlement(_) => ("settlement", "tenders".to_owned()),
        DocumentFault::Differs { field } => ("differs", field.clone()),
        DocumentFault::PackSize { line } => {
            ("not_positive", format!("lines[{}].item.pack_size", line.saturating_sub(1)))
        }
        DocumentFault::CustomerMissing => ("empty", "customer".to_owned()),
        DocumentFault::Overflow(_) => ("too_large", "total".to_owned()),
        DocumentFault::TextTooLong { field } => ("too_long", (*field).to_owned()),
    };
    invalid(code, field, fault.to_string())
}

fn invalid(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Unsendable {
    Unsendable::Invalid { code, field: field.into(), detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use pos_domain::merge::Hlc;
    use pos_domain::{Money, OfflinePolicy, ProductId, Rate};
    use uuid::Uuid;

    use super::*;

    fn product(price: i64) -> OperationBody {
        let id = Uuid::from_u128(1);
        let product = Product {
            product_id: ProductId(id),
            code: "A1".to_owned(),
            barcodes: vec![],
            name: "Bread".to_owned(),
            category_id: None,
            unit: "pcs".to_owned(),
            price: Money::from_minor(price).unwrap(),
            cost: None,
            tax_rate: Rate::ZERO,
            track_stock: true,
            offline_policy: OfflinePolicy::Allow,
            favourite: false,
            picture: None,
            archived: false,
            tracking: pos_domain::serial::SerialTracking::None,
            packs: Vec::new(),
        };
        let Ok(Value::Object(fields)) = serde_json::to_value(&product) else { unreachable!() };
        let hlc = Hlc::default();
        OperationBody::EntityCreate(EntityCreate {
            entity: EntityKind::Product,
            id,
            fields,
            opening_stock: None,
            hlc,
        })
    }

    fn checked(body: &OperationBody) -> Result<OperationBody, Unsendable> {
        let encoded = body.encode().unwrap();
        check(encoded.kind, encoded.kind_version, &encoded.text, &encoded.hash)
    }

    #[test]
    fn a_right_operation_leaves_as_it_was_made() {
        let body = product(500);
        assert_eq!(checked(&body), Ok(body));
    }

    #[test]
    fn a_wrong_field_is_named() {
        let Err(Unsendable::Invalid { code, field, .. }) = checked(&product(-1)) else { panic!("it left") };
        assert_eq!((code, field.as_str()), ("negative", "fields.price"));
    }

    #[test]
    fn a_body_that_changed_on_the_disk_never_leaves() {
        let encoded = product(500).encode().unwrap();
        let changed = encoded.text.replace("500", "501");
        let fault = check(encoded.kind, encoded.kind_version, &changed, &encoded.hash);
        assert!(
            matches!(fault, Err(Unsendable::Invalid { code: "changed_on_disk", .. })),
            "incident 20: quantities became 1 on the way"
        );
    }

    #[test]
    fn an_operation_of_a_newer_program_is_kept() {
        let hash = Hash32::of(b"{}");
        assert_eq!(check("loyalty.grant", 1, "{}", &hash), Err(Unsendable::UnknownKind));
    }
}
