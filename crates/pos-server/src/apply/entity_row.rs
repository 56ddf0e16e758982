//! Whether fields are a row of their kind, under which id, and what makes it the same thing as another.

use pos_domain::body::EntityKind;
use pos_domain::catalogue::{HeldCart, RowFault};
use pos_domain::merge::Fields;
use pos_domain::settings::setting_id;
use pos_domain::{Cashier, Category, Customer, Gtin, Product};
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::{ApplyError, invalid, unknown};
use crate::batch::Batch;
use crate::storage::identity::IdentityKey;
use crate::storage::{entity, sale};

/// The field that holds the row's own id.
pub(super) fn id_field(kind: EntityKind) -> Option<&'static str> {
    match kind {
        EntityKind::Category => Some("category_id"),
        EntityKind::Product => Some("product_id"),
        EntityKind::Customer => Some("customer_id"),
        EntityKind::Cashier => Some("cashier_id"),
        EntityKind::Setting => Some("key"),
        EntityKind::HeldCart => Some("cart_id"),
        EntityKind::AccountEntry => Some("document_id"),
        EntityKind::SerialEvent => Some("event_id"),
        EntityKind::Stock | EntityKind::Conflict => None,
    }
}

/// Refuses a kind of which registers write no rows.
pub(super) fn check_kind(kind: EntityKind) -> Result<(), ApplyError> {
    match kind {
        EntityKind::Setting
        | EntityKind::Category
        | EntityKind::Product
        | EntityKind::Customer
        | EntityKind::Cashier
        | EntityKind::HeldCart => Ok(()),
        EntityKind::Stock | EntityKind::Conflict | EntityKind::AccountEntry | EntityKind::SerialEvent => {
            Err(invalid("entity", "only the server writes rows of this kind"))
        }
    }
}

/// Checks a setting's key and value beside all the others.
pub(super) fn check_setting(batch: &mut Batch<'_>, id: Uuid, fields: &Fields) -> Result<(), ApplyError> {
    let (Some(key), Some(value)) = (fields.get("key").and_then(Value::as_str), fields.get("value")) else {
        return Err(invalid("fields", "a setting has a key and a value"));
    };
    if id != setting_id(key) {
        return Err(invalid("id", "the id of a setting is made from its key"));
    }
    let settings = batch.settings()?;
    let next =
        settings.with_row(key, value).map_err(|fault| invalid(&fault.key.clone(), fault.to_string()))?;
    if next.currency != settings.currency && sale::any(batch.tx)? {
        return Err(invalid("currency", "the currency is fixed once something was sold"));
    }
    Ok(())
}

/// Checks every field of a row and gives its identities, in the order in which they decide that two rows are one.
pub(super) fn check_row(
    batch: &Batch<'_>,
    kind: EntityKind,
    id: Uuid,
    fields: &Fields,
) -> Result<Vec<IdentityKey>, ApplyError> {
    let own_id = match kind {
        EntityKind::Product => {
            let product: Product = read(fields)?;
            product.check().map_err(row_fault)?;
            if let Some(category) = product.category_id
                && !entity::exists(batch.tx, EntityKind::Category, category.0)?
            {
                return Err(unknown("category_id", "category", category.0));
            }
            product.product_id.0
        }
        EntityKind::Category => {
            let category: Category = read(fields)?;
            category.check().map_err(row_fault)?;
            category.category_id.0
        }
        EntityKind::Customer => {
            let customer: Customer = read(fields)?;
            customer.check().map_err(row_fault)?;
            customer.customer_id.0
        }
        EntityKind::Cashier => {
            let cashier: Cashier = read(fields)?;
            cashier.check().map_err(row_fault)?;
            cashier.cashier_id.0
        }
        EntityKind::HeldCart => {
            let cart: HeldCart = read(fields)?;
            cart.check().map_err(row_fault)?;
            cart.cart_id.0
        }
        EntityKind::Setting
        | EntityKind::Stock
        | EntityKind::Conflict
        | EntityKind::AccountEntry
        | EntityKind::SerialEvent => id,
    };
    if own_id != id {
        return Err(invalid(id_field(kind).unwrap_or("id"), "the row names another id than its own"));
    }
    Ok(identity_keys(kind, fields))
}

fn read<T: DeserializeOwned>(fields: &Fields) -> Result<T, ApplyError> {
    serde_json::from_value(Value::Object(fields.clone()))
        .map_err(|fault| invalid("fields", fault.to_string()))
}

fn row_fault(fault: RowFault) -> ApplyError {
    invalid(fault.field(), fault.to_string())
}

/// The field that states an identity.
pub(super) fn key_field(key: &IdentityKey) -> &'static str {
    if key.kind == "barcode" { "barcodes" } else { key.kind }
}

/// What makes this row the same thing as another: barcodes before the shop's code, telephone before the number.
pub(super) fn identity_keys(kind: EntityKind, fields: &Fields) -> Vec<IdentityKey> {
    let text =
        |field: &str| fields.get(field).and_then(Value::as_str).map(str::trim).filter(|t| !t.is_empty());
    let mut keys: Vec<IdentityKey> = Vec::new();
    match kind {
        EntityKind::Product => {
            let barcodes = fields.get("barcodes").and_then(Value::as_array).into_iter().flatten();
            for code in barcodes.filter_map(Value::as_str) {
                let value =
                    Gtin::parse(code).map_or_else(|_| code.trim().to_owned(), |gtin| gtin.canonical());
                keys.push(IdentityKey { kind: "barcode", value });
            }
            keys.extend(text("code").map(|code| IdentityKey { kind: "code", value: code.to_owned() }));
        }
        EntityKind::Customer => {
            let phone = text("phone").map(|phone| {
                phone.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')')).collect::<String>()
            });
            keys.extend(phone.map(|value| IdentityKey { kind: "phone", value }));
            keys.extend(text("code").map(|code| IdentityKey { kind: "code", value: code.to_owned() }));
        }
        EntityKind::Setting
        | EntityKind::Category
        | EntityKind::Cashier
        | EntityKind::Stock
        | EntityKind::HeldCart
        | EntityKind::AccountEntry
        | EntityKind::SerialEvent
        | EntityKind::Conflict => {}
    }
    // The same barcode in two spellings is one identity.
    let mut unique: Vec<IdentityKey> = Vec::with_capacity(keys.len());
    for key in keys {
        if !unique.contains(&key) {
            unique.push(key);
        }
    }
    unique
}
