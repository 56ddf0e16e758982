//! Making, changing and deleting the rows that all registers share: the row and the operation that tells the server
//! of it, in one transaction.

use std::collections::BTreeSet;

use pos_domain::body::{EntityCreate, EntityDelete, EntityKind, EntityUpdate, OpeningStock, OperationBody};
use pos_domain::catalogue::HeldCart;
use pos_domain::merge::{Fields, diff};
use pos_domain::{Cashier, Category, Customer, OpId, Product, Quantity};
use pos_store::queue::{self, Lane, NewOperation, OpMode};
use pos_store::settings::SettingRow;
use pos_store::{Shared, Tx, cashiers, categories, customers, device, held_carts, products, settings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use crate::code::ErrorCode;
use crate::error::AppError;
use crate::ids::IdSource;

/// A kind of shared row that people of a shop make and change.
pub(crate) trait Record: Serialize + Sized {
    /// Its kind on the wire.
    const KIND: EntityKind;
    /// Its id.
    fn id(&self) -> Uuid;
    /// Other rows that it names and that the server must have before it, each once.
    fn names(&self) -> Vec<(EntityKind, Uuid)> {
        Vec::new()
    }
    /// As it stands in its table.
    fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Shared<Self>>, AppError>;
    /// Writes it to its table.
    fn put(&self, tx: &Tx<'_>) -> Result<(), AppError>;
}

macro_rules! record {
    ($type:ty, $kind:ident, $id:ident, $module:ident $(, $names:item)?) => {
        impl Record for $type {
            const KIND: EntityKind = EntityKind::$kind;
            fn id(&self) -> Uuid {
                self.$id.0
            }
            $($names)?
            fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Shared<Self>>, AppError> {
                Ok($module::find(tx, id.into())?)
            }
            fn put(&self, tx: &Tx<'_>) -> Result<(), AppError> {
                self.check()?;
                Ok($module::put(tx, self)?)
            }
        }
    };
}

record!(
    Product,
    Product,
    product_id,
    products,
    fn names(&self) -> Vec<(EntityKind, Uuid)> {
        self.category_id.map(|id| (EntityKind::Category, id.0)).into_iter().collect()
    }
);
record!(Category, Category, category_id, categories);
record!(Customer, Customer, customer_id, customers);
record!(Cashier, Cashier, cashier_id, cashiers);
record!(
    HeldCart,
    HeldCart,
    cart_id,
    held_carts,
    fn names(&self) -> Vec<(EntityKind, Uuid)> {
        let products: BTreeSet<_> = self.cart.lines.iter().map(|line| line.product_id.0).collect();
        let customer = self.cart.customer_id.map(|id| (EntityKind::Customer, id.0));
        products.into_iter().map(|id| (EntityKind::Product, id)).chain(customer).collect()
    }
);

impl Record for SettingRow {
    const KIND: EntityKind = EntityKind::Setting;
    fn id(&self) -> Uuid {
        pos_domain::settings::setting_id(&self.key)
    }
    fn find(tx: &Tx<'_>, id: Uuid) -> Result<Option<Shared<Self>>, AppError> {
        Ok(settings::find_by_id(tx, id)?)
    }
    fn put(&self, tx: &Tx<'_>) -> Result<(), AppError> {
        Ok(settings::put(tx, self)?)
    }
}

/// What every recorded change carries: when, in which lane, and where new ids come from.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) now_ms: i64,
    pub(crate) lane: Lane,
    pub(crate) ids: IdSource,
}

impl Stamp {
    /// Makes a row.
    pub(crate) fn create<R: Record>(&self, tx: &Tx<'_>, row: &R) -> Result<(), AppError> {
        self.create_with(tx, row, None)
    }

    /// Makes a product, with its first count when its stock is counted.
    pub(crate) fn create_product(
        &self,
        tx: &Tx<'_>,
        product: &Product,
        opening: Option<Quantity>,
    ) -> Result<(), AppError> {
        let counted = opening.filter(|qty| product.track_stock && qty.is_positive());
        let opening = counted.map(|qty| OpeningStock { movement_id: self.ids.next(), qty });
        self.create_with(tx, product, opening)
    }

    /// Changes a row: only fields that differ travel. `false` when none does.
    pub(crate) fn update<R: Record>(
        &self,
        tx: &Tx<'_>,
        before: &Shared<R>,
        after: &R,
    ) -> Result<bool, AppError> {
        let (base, changes) = diff(&fields(&before.row)?, &fields(after)?);
        if changes.is_empty() {
            return Ok(false);
        }
        let update = EntityUpdate {
            entity: R::KIND,
            id: after.id(),
            base_rev: before.rev,
            base,
            changes,
            hlc: device::tick_hlc(tx, self.now_ms)?,
        };
        after.put(tx)?;
        if queue::coalesce(tx, &update)?.is_none() {
            let mut depends_on = queue::list_unacknowledged_of(tx, R::KIND, after.id())?;
            depends_on.extend(named_and_open(tx, after)?);
            self.enqueue(tx, &OperationBody::EntityUpdate(update), &depends_on)?;
        }
        Ok(true)
    }

    /// Deletes a row.
    pub(crate) fn delete<R: Record>(
        &self,
        tx: &Tx<'_>,
        before: &Shared<R>,
        remove: impl FnOnce(&Tx<'_>) -> Result<bool, pos_store::StoreError>,
    ) -> Result<(), AppError> {
        let id = before.row.id();
        let depends_on = queue::list_unacknowledged_of(tx, R::KIND, id)?;
        let hlc = device::tick_hlc(tx, self.now_ms)?;
        let delete = EntityDelete { entity: R::KIND, id, base_rev: before.rev, hlc };
        remove(tx)?;
        self.enqueue(tx, &OperationBody::EntityDelete(delete), &depends_on)?;
        Ok(())
    }

    /// A creation that takes the place of a refused one, with `changes` to its fields; the row here takes them too.
    pub(crate) fn corrected_create<R: Record + DeserializeOwned>(
        &self,
        tx: &Tx<'_>,
        refused: EntityCreate,
        changes: Fields,
    ) -> Result<OperationBody, AppError> {
        let id = refused.id;
        let mut made = refused.fields;
        made.extend(changes.clone());
        read_row::<R>(id, made.clone())?;
        // Later edits of the row stand in it already; they travel by themselves.
        if let Some(kept) = R::find(tx, id)? {
            let mut shown = fields(&kept.row)?;
            shown.extend(changes);
            read_row::<R>(id, shown)?.put(tx)?;
        }
        let counted = |first: OpeningStock| OpeningStock { movement_id: self.ids.next(), qty: first.qty };
        Ok(OperationBody::EntityCreate(EntityCreate {
            entity: refused.entity,
            id,
            fields: made,
            opening_stock: refused.opening_stock.map(counted),
            hlc: device::tick_hlc(tx, self.now_ms)?,
        }))
    }

    /// An edit that takes the place of a refused one, with `changes` on top of what that one changed; the row here
    /// follows.
    pub(crate) fn corrected_update<R: Record + DeserializeOwned>(
        &self,
        tx: &Tx<'_>,
        refused: EntityUpdate,
        changes: Fields,
    ) -> Result<OperationBody, AppError> {
        let gone = || AppError::with(ErrorCode::SyncNotEditable, serde_json::json!({ "reason": "gone" }));
        let kept = R::find(tx, refused.id)?.ok_or_else(gone)?;
        let before = fields(&kept.row)?;
        let mut wanted = refused.changes;
        wanted.extend(changes);
        let mut after = before.clone();
        after.extend(wanted.clone());
        let row = read_row::<R>(refused.id, after)?;
        // What the editor saw before, not what later edits made of it.
        let seen = |name: &String| refused.base.get(name).or_else(|| before.get(name)).cloned();
        let base: Fields =
            wanted.keys().map(|name| (name.clone(), seen(name).unwrap_or(Value::Null))).collect();
        wanted.retain(|name, value| base.get(name) != Some(value));
        if wanted.is_empty() {
            return Err(AppError::input("fields", "unchanged"));
        }
        let base = base.into_iter().filter(|(name, _)| wanted.contains_key(name)).collect();
        row.put(tx)?;
        Ok(OperationBody::EntityUpdate(EntityUpdate {
            entity: refused.entity,
            id: refused.id,
            base_rev: kept.rev,
            base,
            changes: wanted,
            hlc: device::tick_hlc(tx, self.now_ms)?,
        }))
    }

    /// Queues a command that is done already.
    pub(crate) fn enqueue(
        &self,
        tx: &Tx<'_>,
        body: &OperationBody,
        depends_on: &[OpId],
    ) -> Result<OpId, AppError> {
        let op_id = self.ids.next();
        let (mode, lane, made_at_ms) = (OpMode::Fact, self.lane, self.now_ms);
        queue::enqueue(tx, &NewOperation { op_id, body, mode, lane, depends_on, made_at_ms })?;
        Ok(op_id)
    }

    fn create_with<R: Record>(
        &self,
        tx: &Tx<'_>,
        row: &R,
        opening_stock: Option<OpeningStock>,
    ) -> Result<(), AppError> {
        let hlc = device::tick_hlc(tx, self.now_ms)?;
        let create = EntityCreate { entity: R::KIND, id: row.id(), fields: fields(row)?, opening_stock, hlc };
        row.put(tx)?;
        self.enqueue(tx, &OperationBody::EntityCreate(create), &named_and_open(tx, row)?)?;
        Ok(())
    }
}

/// Operations on the row that this one names, as far as the server does not have them.
fn named_and_open<R: Record>(tx: &Tx<'_>, row: &R) -> Result<Vec<OpId>, AppError> {
    let mut open = Vec::new();
    for (kind, id) in row.names() {
        open.extend(queue::list_unacknowledged_of(tx, kind, id)?);
    }
    Ok(open)
}

/// A row of fields that a person corrected; its id stays.
fn read_row<R: Record + DeserializeOwned>(id: Uuid, fields: Fields) -> Result<R, AppError> {
    let row: R = serde_json::from_value(Value::Object(fields))
        .map_err(|e| AppError::input("fields", "unreadable").caused_by(e))?;
    if row.id() == id { Ok(row) } else { Err(AppError::input("fields", "another_id")) }
}

fn fields<R: Serialize>(row: &R) -> Result<Fields, AppError> {
    let value = serde_json::to_value(row).map_err(AppError::internal)?;
    serde_json::from_value(value).map_err(AppError::internal)
}
