//! Founding a business, and taking over one that a register brings.

use pos_domain::body::EntityKind;
use pos_domain::merge::{Fields, Hlc};
use pos_domain::settings::{ShopSettings, setting_id};
use pos_domain::{OutletId, TenantId};
use pos_protocol::Business;
use pos_sqlite::{FolderLock, OpenMode};
use serde_json::Value;
use uuid::Uuid;

use crate::batch::{Batch, Failing, Origin};
use crate::clock::Clock;
use crate::error::ServerError;
use crate::location::Location;
use crate::remembered::Remembered;
use crate::secret::new_id;
use crate::storage::business::{self, BusinessRow};
use crate::storage::entity::{self, EntityRow, Stamp};
use crate::storage::{Founding, Sql, Store};

/// First life of a server's database.
const FIRST_EPOCH: u32 = 1;

/// Founds a business in an empty folder, or beside others in a PostgreSQL database.
///
/// # Errors
/// [`ServerError::AlreadyInitialised`] when it is there already.
pub fn found(
    location: impl Into<Location>,
    settings: &ShopSettings,
    clock: &Clock,
) -> Result<(), ServerError> {
    let location = location.into();
    let _lock = FolderLock::acquire(location.folder())?;
    let founding = Founding::Named(&settings.business_name);
    let store = Store::open(&location, OpenMode::ReadWrite, founding)?;
    let founded = found_in(&store, settings, clock)?;
    store.close()?;
    if founded { Ok(()) } else { Err(ServerError::AlreadyInitialised) }
}

/// Founds a business in an open database; `false` when it has one.
pub(crate) fn found_in(store: &Store, settings: &ShopSettings, clock: &Clock) -> Result<bool, ServerError> {
    let now_ms = clock.now_ms();
    let row = BusinessRow {
        authority: new_id(now_ms)?,
        server_epoch: FIRST_EPOCH,
        tenant_id: TenantId(new_id(now_ms)?),
        outlet_id: OutletId(new_id(now_ms)?),
        feed_seq: 0,
        incarnation: Uuid::nil(),
        writes_as: new_id(now_ms)?,
        forgotten_seq: 0,
    };
    let settings = settings.clone();
    let founded = store.write(move |tx| -> Sql<bool> {
        if business::find(tx)?.is_some() {
            return Ok(false);
        }
        business::insert(tx, &row)?;
        let mut batch = Batch::begin(tx, Failing::Alone, now_ms, Remembered::default())?;
        write_settings(&mut batch, &settings)?;
        batch.finish()?;
        Ok(true)
    })?;
    Ok(founded)
}

/// Takes over the identity and settings of a business that a register brings.
pub(crate) fn take_over(batch: &mut Batch<'_>, brought: &Business) -> Sql<()> {
    business::rename(batch.tx, brought.tenant_id, brought.outlet_id)?;
    write_settings(batch, &brought.settings)
}

/// Writes each setting that differs from its row, in the server's own name.
fn write_settings(batch: &mut Batch<'_>, settings: &ShopSettings) -> Sql<()> {
    for (key, value) in settings.to_rows() {
        let id = setting_id(&key);
        let before = entity::find(batch.tx, EntityKind::Setting, id)?;
        let fields = Fields::from_iter([("key".to_owned(), Value::String(key)), ("value".to_owned(), value)]);
        if before.as_ref().is_some_and(|row| row.fields == fields) {
            continue;
        }
        let rev = before.as_ref().map_or(1, |row| row.rev + 1);
        let stamp = Stamp { rev, device_id: None, hlc: Hlc { wall_ms: batch.now_ms, counter: 0 } };
        let stamps = fields.keys().map(|field| (field.clone(), stamp)).collect();
        entity::save(batch.tx, EntityKind::Setting, id, &EntityRow { rev, deleted: false, fields, stamps })?;
        batch.touch(EntityKind::Setting, id, rev, false, Origin { device_id: None, op_id: None });
        if before.is_none() {
            batch.add_total(EntityKind::Setting, 1);
        }
    }
    Ok(())
}
