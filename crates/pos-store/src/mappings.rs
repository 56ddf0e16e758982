//! Ids that the server knows under another name: two registers made the same product or customer.
//!
//! The mapping is for ever and is written in the transaction of the acknowledgement that brought it. Everything here
//! is pointed at the server's id at once; documents keep the id as printed in their text.

use pos_domain::body::{EntityKind, MappingDispute};
use pos_domain::contested::ContestedId;
use pos_domain::{Hash32, OpId, OperationBody};
use rusqlite::named_params;
use serde_json::json;
use uuid::Uuid;

use crate::audit::AuditEntry;
use crate::queue::{self, Lane, NewOperation, OpMode};
use crate::sql::{Conn, Tx, first};
use crate::{StoreError, accounts, audit, conflicts, customers, held_carts, products, sales, serials, stock};

/// Longest chain of mappings that is followed; a merge of merges is rare, a longer chain is damage.
const MAX_STEPS: usize = 8;

/// What became of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped {
    /// Everything points at the server's id now.
    Applied,
    /// It was known.
    Known,
    /// It contradicts the one that is known: kept beside it, with an entry in the audit trail, and the server is told so
    /// that a person decides.
    Orphaned,
}

/// Takes over the server's id of a row.
///
/// # Errors
/// Those of writing.
pub fn apply(
    tx: &Tx<'_>,
    entity: EntityKind,
    local_id: Uuid,
    server_id: Uuid,
    now_ms: i64,
) -> Result<Mapped, StoreError> {
    // A person may have decided otherwise since the server gave this answer first.
    let server_id = conflicts::find_decided_mapping(tx, entity, local_id)?.unwrap_or(server_id);
    if local_id == server_id {
        return Ok(Mapped::Known);
    }
    match find(tx, entity, local_id)? {
        Some(known) if known == server_id => Ok(Mapped::Known),
        Some(known) => {
            if !insert(tx, entity, local_id, server_id, "orphaned", now_ms)? {
                return Ok(Mapped::Orphaned);
            }
            tell_server(tx, MappingDispute { entity, local_id, known, told: server_id }, now_ms)?;
            audit::record(
                tx,
                &AuditEntry {
                    at_ms: now_ms,
                    actor: "sync".to_owned(),
                    action: "mapping.contradiction".to_owned(),
                    subject: Some(local_id),
                    detail: json!({ "entity": entity.as_str(), "known": known, "server": server_id }),
                },
            )?;
            Ok(Mapped::Orphaned)
        }
        None => {
            insert(tx, entity, local_id, server_id, "applied", now_ms)?;
            repoint(tx, entity, local_id, server_id)?;
            Ok(Mapped::Applied)
        }
    }
}

/// The server maps an id to another row than before, as a person decided: from now on it means that row here, too. What
/// was pointed at the first one is history and stays there; the server moved the goods.
///
/// # Errors
/// Those of writing.
pub(crate) fn follow(tx: &Tx<'_>, contested: &ContestedId, now_ms: i64) -> Result<(), StoreError> {
    let Some(entity) = EntityKind::parse(&contested.entity) else { return Ok(()) };
    let (local_id, current) = (contested.local_id, contested.current.id);
    let Some(known) = find(tx, entity, local_id)?.filter(|known| *known != current) else { return Ok(()) };
    let mut set_state = tx.prepare_cached(
        "UPDATE id_mapping SET state = :state WHERE entity = :entity AND local_id = :local AND server_id = :server",
    )?;
    let mut set = |server: Uuid, state: &str| {
        set_state.execute(named_params! {
            ":state": state,
            ":entity": entity.as_str(),
            ":local": local_id.into_bytes(),
            ":server": server.into_bytes(),
        })
    };
    set(known, "orphaned")?;
    if set(current, "applied")? == 0 {
        insert(tx, entity, local_id, current, "applied", now_ms)?;
    }
    audit::record(
        tx,
        &AuditEntry {
            at_ms: now_ms,
            actor: "sync".to_owned(),
            action: "mapping.moved".to_owned(),
            subject: Some(local_id),
            detail: json!({ "entity": entity.as_str(), "known": known, "server": current }),
        },
    )?;
    Ok(())
}

/// The server's id of a row that was made under `id`; `id` itself when it was never mapped.
///
/// # Errors
/// Those of reading.
pub fn resolve(conn: &Conn, entity: EntityKind, id: Uuid) -> Result<Uuid, StoreError> {
    let mut at = id;
    for _ in 0..MAX_STEPS {
        match find(conn, entity, at)? {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(at)
}

fn find(conn: &Conn, entity: EntityKind, local_id: Uuid) -> Result<Option<Uuid>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT server_id FROM id_mapping WHERE entity = :entity AND local_id = :local AND state = 'applied'",
    )?;
    let rows =
        statement.query(named_params! { ":entity": entity.as_str(), ":local": local_id.into_bytes() })?;
    first(rows, "id_mapping", |c| c.id("server_id"))
}

fn insert(
    tx: &Tx<'_>,
    entity: EntityKind,
    local_id: Uuid,
    server_id: Uuid,
    state: &'static str,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let inserted = tx
        .prepare_cached(
            "INSERT INTO id_mapping (entity, local_id, server_id, state, mapped_at_ms)
             VALUES (:entity, :local, :server, :state, :now)
             ON CONFLICT (entity, local_id, server_id) DO NOTHING",
        )?
        .execute(named_params! {
            ":entity": entity.as_str(),
            ":local": local_id.into_bytes(),
            ":server": server_id.into_bytes(),
            ":state": state,
            ":now": now_ms,
        })?;
    Ok(inserted == 1)
}

/// Tells the server which row this register knew under an id, so that a person is asked. The same dispute always has the
/// same id: the server hears it once.
fn tell_server(tx: &Tx<'_>, dispute: MappingDispute, now_ms: i64) -> Result<(), StoreError> {
    let MappingDispute { entity, local_id, known, told } = dispute;
    let name = format!("comptoir.mapping.dispute.{}.{local_id}.{known}.{told}", entity.as_str());
    let body = OperationBody::MappingDispute(dispute);
    let operation = NewOperation {
        op_id: OpId(Hash32::of(name.as_bytes()).to_id()),
        body: &body,
        mode: OpMode::Fact,
        lane: Lane::Edit,
        depends_on: &[],
        made_at_ms: now_ms,
    };
    queue::enqueue(tx, &operation).map(drop)
}

fn repoint(tx: &Tx<'_>, entity: EntityKind, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    match entity {
        EntityKind::Product => {
            products::rename(tx, from, to)?;
            stock::rename(tx, from, to)?;
            sales::rename_product(tx, from, to)?;
            serials::rename_product(tx, from, to)?;
            repoint_carts(tx, from, to)?;
        }
        EntityKind::Customer => {
            customers::rename(tx, from, to)?;
            sales::rename_customer(tx, from, to)?;
            accounts::rename_customer(tx, from, to)?;
            serials::rename_customer(tx, from, to)?;
            repoint_carts(tx, from, to)?;
        }
        EntityKind::Category => {
            tx.execute(
                "UPDATE product SET category_id = :to WHERE category_id = :from AND deleted = 0",
                named_params! { ":from": from.into_bytes(), ":to": to.into_bytes() },
            )?;
            tx.execute(
                "DELETE FROM category WHERE category_id = :from",
                named_params! { ":from": from.into_bytes() },
            )?;
        }
        // These have the same id on every machine, or are made by the server alone.
        EntityKind::Setting
        | EntityKind::Stock
        | EntityKind::Cashier
        | EntityKind::Conflict
        | EntityKind::HeldCart
        | EntityKind::AccountEntry
        | EntityKind::SerialEvent => {}
    }
    tx.prepare_cached("UPDATE sync_queue SET entity_id = :to WHERE entity_id = :from AND entity = :entity")?
        .execute(named_params! {
            ":from": from.into_bytes(), ":to": to.into_bytes(), ":entity": entity.as_str(),
        })?;
    Ok(())
}

/// Ids stand in carts as their 36 characters, which nothing else in a cart can be.
fn repoint_carts(tx: &Tx<'_>, from: Uuid, to: Uuid) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE cart SET cart = replace(cart, :from, :to), undo = replace(undo, :from, :to)
         WHERE instr(cart, :from) > 0 OR instr(undo, :from) > 0",
    )?
    .execute(named_params! { ":from": from.to_string(), ":to": to.to_string() })?;
    held_carts::repoint(tx, from, to)
}
