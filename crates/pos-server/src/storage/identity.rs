//! What makes two rows the same thing (barcode, code, telephone), and ids that were given up for another one.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use rusqlite::{Connection, OptionalExtension, named_params};
use uuid::Uuid;

use super::{Sql, id};

/// A value that only one living row of its kind may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityKey {
    /// `code`, `barcode` or `phone`.
    pub(crate) kind: &'static str,
    /// In its one spelling.
    pub(crate) value: String,
}

/// The row that owns a key.
pub(crate) fn owner(connection: &Connection, entity: EntityKind, key: &IdentityKey) -> Sql<Option<Uuid>> {
    connection
        .prepare_cached(
            "SELECT id FROM identity_key WHERE entity = :entity AND kind = :kind AND value = :value",
        )?
        .query_row(
            named_params! { ":entity": entity.as_str(), ":kind": key.kind, ":value": key.value },
            |row| id(row, "id"),
        )
        .optional()
}

/// Gives a row a key that nobody owns.
pub(crate) fn insert(connection: &Connection, entity: EntityKind, key: &IdentityKey, owner: Uuid) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO identity_key (entity, kind, value, id) VALUES (:entity, :kind, :value, :id)",
        )?
        .execute(named_params! {
            ":entity": entity.as_str(), ":kind": key.kind, ":value": key.value, ":id": owner.as_bytes(),
        })?;
    Ok(())
}

/// Takes a key from its row.
pub(crate) fn remove(connection: &Connection, entity: EntityKind, key: &IdentityKey) -> Sql<()> {
    connection
        .prepare_cached(
            "DELETE FROM identity_key WHERE entity = :entity AND kind = :kind AND value = :value",
        )?
        .execute(named_params! { ":entity": entity.as_str(), ":kind": key.kind, ":value": key.value })?;
    Ok(())
}

/// The server's id of something that a register made under another one.
pub(crate) fn find_alias(connection: &Connection, entity: EntityKind, local_id: Uuid) -> Sql<Option<Uuid>> {
    connection
        .prepare_cached("SELECT server_id FROM id_alias WHERE entity = :entity AND local_id = :local_id")?
        .query_row(named_params! { ":entity": entity.as_str(), ":local_id": local_id.as_bytes() }, |row| {
            id(row, "server_id")
        })
        .optional()
}

/// Remembers for ever that a register's id means another row.
pub(crate) fn insert_alias(
    connection: &Connection,
    entity: EntityKind,
    local_id: Uuid,
    server_id: Uuid,
    op_id: OpId,
) -> Sql<()> {
    connection
        .prepare_cached(
            "INSERT INTO id_alias (entity, local_id, server_id, op_id)
             VALUES (:entity, :local_id, :server_id, :op_id)",
        )?
        .execute(named_params! {
            ":entity": entity.as_str(),
            ":local_id": local_id.as_bytes(),
            ":server_id": server_id.as_bytes(),
            ":op_id": op_id.as_bytes(),
        })?;
    Ok(())
}
