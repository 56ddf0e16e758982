//! The people who work at registers.

use pos_domain::body::EntityKind;
use pos_domain::{Cashier, CashierId, Role};
use rusqlite::named_params;
use uuid::Uuid;

use crate::StoreError;
use crate::shared::{self, Kept, Life, Shared, SharedRow};
use crate::sql::{Columns, Conn, Tx, all, first};

/// Everyone, by name.
///
/// # Errors
/// Those of reading.
pub fn list(conn: &Conn) -> Result<Vec<Cashier>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT cashier_id, name, role FROM cashier WHERE deleted = 0 ORDER BY name, cashier_id",
    )?;
    all(statement.query([])?, "cashier", read)
}

/// One person with the row's revision.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: CashierId) -> Result<Option<Shared<Cashier>>, StoreError> {
    shared::find(conn, id.0)
}

/// Writes a person as edited here; queue the operation in the same transaction.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, cashier: &Cashier) -> Result<(), StoreError> {
    shared::put_local(tx, cashier)
}

/// Deletes a person here; queue the operation in the same transaction. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: CashierId) -> Result<bool, StoreError> {
    shared::remove_local::<Cashier>(tx, id.0)
}

fn read(c: &Columns<'_, '_>) -> Result<Cashier, StoreError> {
    Ok(Cashier { cashier_id: c.id("cashier_id")?, name: c.get("name")?, role: c.word("role")? })
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Cashier => "cashier",
        Role::Manager => "manager",
        Role::Owner => "owner",
    }
}

impl SharedRow for Cashier {
    const KIND: EntityKind = EntityKind::Cashier;
    const FIELDS: &'static [&'static str] = &["cashier_id", "name", "role"];

    fn row_id(&self) -> Uuid {
        self.cashier_id.0
    }

    fn find_kept(conn: &Conn, id: Uuid) -> Result<Option<Kept<Self>>, StoreError> {
        let mut statement = conn.prepare_cached(
            "SELECT cashier_id, name, role, rev, seq, deleted, server_fields, extra
             FROM cashier WHERE cashier_id = :id",
        )?;
        first(statement.query(named_params! { ":id": id.into_bytes() })?, "cashier", |c| {
            Ok(Kept { row: read(c)?, life: Life::read(c)? })
        })
    }

    fn write(&self, tx: &Tx<'_>, life: &Life, _before: Option<&Kept<Self>>) -> Result<(), StoreError> {
        let life = life.columns()?;
        tx.prepare_cached(
            "INSERT INTO cashier (cashier_id, name, role, rev, seq, deleted, server_fields, extra)
             VALUES (:id, :name, :role, :rev, :seq, :deleted, :server_fields, :extra)
             ON CONFLICT (cashier_id) DO UPDATE SET name = excluded.name, role = excluded.role,
                 rev = excluded.rev, seq = excluded.seq, deleted = excluded.deleted,
                 server_fields = excluded.server_fields, extra = excluded.extra",
        )?
        .execute(named_params! {
            ":id": self.cashier_id.as_bytes(),
            ":name": self.name,
            ":role": role_name(self.role),
            ":rev": life.rev,
            ":seq": life.seq,
            ":deleted": life.deleted,
            ":server_fields": life.server_fields,
            ":extra": life.extra,
        })?;
        Ok(())
    }
}
