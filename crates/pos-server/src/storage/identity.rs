//! What makes two rows the same thing (barcode, code, telephone), and ids that were given up for another one.

use pos_domain::OpId;
use pos_domain::body::EntityKind;
use uuid::Uuid;

use super::{Sql, Tx, id};

/// A value that only one living row of its kind may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityKey {
    /// `code`, `barcode` or `phone`.
    pub(crate) kind: &'static str,
    /// In its one spelling.
    pub(crate) value: String,
}

/// The row that owns a key.
pub(crate) fn owner(tx: Tx<'_>, entity: EntityKind, key: &IdentityKey) -> Sql<Option<Uuid>> {
    tx.find(
        "SELECT id FROM identity_key WHERE entity = :entity AND kind = :kind AND value = :value",
        &[
            (":entity", entity.as_str().into()),
            (":kind", key.kind.into()),
            (":value", key.value.as_str().into()),
        ],
        |row| id(row, "id"),
    )
}

/// Gives a row a key that nobody owns.
pub(crate) fn insert(tx: Tx<'_>, entity: EntityKind, key: &IdentityKey, owner: Uuid) -> Sql<()> {
    tx.write(
        "INSERT INTO identity_key (entity, kind, value, id) VALUES (:entity, :kind, :value, :id)",
        &[
            (":entity", entity.as_str().into()),
            (":kind", key.kind.into()),
            (":value", key.value.as_str().into()),
            (":id", owner.as_bytes().into()),
        ],
    )
}

/// Takes a key from its row.
pub(crate) fn remove(tx: Tx<'_>, entity: EntityKind, key: &IdentityKey) -> Sql<()> {
    tx.write(
        "DELETE FROM identity_key WHERE entity = :entity AND kind = :kind AND value = :value",
        &[
            (":entity", entity.as_str().into()),
            (":kind", key.kind.into()),
            (":value", key.value.as_str().into()),
        ],
    )
}

/// The server's id of something that a register made under another one.
pub(crate) fn find_alias(tx: Tx<'_>, entity: EntityKind, local_id: Uuid) -> Sql<Option<Uuid>> {
    tx.find(
        "SELECT server_id FROM id_alias WHERE entity = :entity AND local_id = :local_id",
        &[(":entity", entity.as_str().into()), (":local_id", local_id.as_bytes().into())],
        |row| id(row, "server_id"),
    )
}

/// Remembers for ever that a register's id means another row.
pub(crate) fn insert_alias(
    tx: Tx<'_>,
    entity: EntityKind,
    local_id: Uuid,
    server_id: Uuid,
    op_id: OpId,
) -> Sql<()> {
    tx.write(
        "INSERT INTO id_alias (entity, local_id, server_id, op_id)
         VALUES (:entity, :local_id, :server_id, :op_id)",
        &[
            (":entity", entity.as_str().into()),
            (":local_id", local_id.as_bytes().into()),
            (":server_id", server_id.as_bytes().into()),
            (":op_id", op_id.as_bytes().into()),
        ],
    )
}

/// Lets an id that was given up mean another row.
pub(crate) fn set_alias(tx: Tx<'_>, entity: EntityKind, local_id: Uuid, server_id: Uuid) -> Sql<()> {
    tx.write(
        "UPDATE id_alias SET server_id = :server_id WHERE entity = :entity AND local_id = :local_id",
        &[
            (":entity", entity.as_str().into()),
            (":local_id", local_id.as_bytes().into()),
            (":server_id", server_id.as_bytes().into()),
        ],
    )
}

/// Adds to what was booked under an id that was given up, in thousandths.
pub(crate) fn add_booked(tx: Tx<'_>, entity: EntityKind, local_id: Uuid, milli: i64) -> Sql<()> {
    tx.write(
        "UPDATE id_alias SET booked_milli = booked_milli + :milli
         WHERE entity = :entity AND local_id = :local_id",
        &[
            (":entity", entity.as_str().into()),
            (":local_id", local_id.as_bytes().into()),
            (":milli", milli.into()),
        ],
    )
}

/// What was booked under an id that was given up, in thousandths: negative when more was sold than counted.
pub(crate) fn booked(tx: Tx<'_>, entity: EntityKind, local_id: Uuid) -> Sql<i64> {
    let booked = tx.find(
        "SELECT booked_milli FROM id_alias WHERE entity = :entity AND local_id = :local_id",
        &[(":entity", entity.as_str().into()), (":local_id", local_id.as_bytes().into())],
        |row| row.get("booked_milli"),
    )?;
    Ok(booked.unwrap_or(0))
}
