//! Putting operations into the queue, and the edits of a row that stand there.

use pos_domain::body::{EncodedBody, EntityKind, EntityUpdate};
use pos_domain::{Hash32, OpId, OperationBody};
use rusqlite::named_params;
use uuid::Uuid;

use super::{ErrorClass, Lane, OpMode};
use crate::sql::{Conn, Tx, all, first, int, to_json};
use crate::{StoreError, device, stock};

/// An operation to be queued.
#[derive(Debug, Clone)]
pub struct NewOperation<'a> {
    /// Made by the caller.
    pub op_id: OpId,
    /// The command.
    pub body: &'a OperationBody,
    /// What is asked.
    pub mode: OpMode,
    /// How urgent it is.
    pub lane: Lane,
    /// Operations of this register that the server must have before; see [`list_unacknowledged_of`].
    pub depends_on: &'a [OpId],
    /// Milliseconds since 1970 UTC.
    pub made_at_ms: i64,
}

/// Queues an operation and records the stock movements that it causes; its seq. Call it in the transaction of the
/// change that it describes. Documents are queued by [`crate::sales::insert_pending`] and [`crate::till::insert`].
///
/// # Errors
/// [`StoreError::NoDevice`], or those of writing, such as a dependency that was never queued.
pub fn enqueue(tx: &Tx<'_>, operation: &NewOperation<'_>) -> Result<u64, StoreError> {
    let seq = insert(tx, operation, &operation.body.encode()?)?;
    for movement in stock::movements_of_body(operation.body, operation.op_id, operation.made_at_ms) {
        stock::record_movement(tx, &movement)?;
    }
    Ok(seq)
}

/// Draws an edit into an earlier one of the same row that certainly has not left this register, that nothing depends
/// on, and that was made on the same revision. The earlier operation's id, or `None` when there is none and the edit
/// must be queued.
///
/// # Errors
/// Those of writing.
pub fn coalesce(tx: &Tx<'_>, edit: &EntityUpdate) -> Result<Option<OpId>, StoreError> {
    // Only the very last operation on the row: an edit must not overtake a deletion.
    let mut statement = tx.prepare_cached(
        "SELECT q.op_id, q.kind, q.kind_version, q.body, q.generation, q.state,
             EXISTS (SELECT 1 FROM sync_dependency AS d WHERE d.depends_on = q.op_id) AS awaited
         FROM sync_queue AS q WHERE q.entity_id = :id AND q.entity = :entity
         ORDER BY q.epoch DESC, q.seq DESC LIMIT 1",
    )?;
    let rows =
        statement.query(named_params! { ":id": edit.id.into_bytes(), ":entity": edit.entity.as_str() })?;
    let earlier = first(rows, "sync_queue", |c| {
        let unsent = c.get::<i64>("generation")? == 0 && c.get::<String>("state")? == "pending";
        #[cfg(feature = "planted")] // Incident 22.
        let unsent = unsent || pos_planted::is(pos_planted::Bug::EditDrawnIntoOneUnderWay);
        let awaited: bool = c.get("awaited")?;
        let kind: String = c.get("kind")?;
        if !unsent || awaited || kind != "entity.update" {
            return Ok(None);
        }
        let body: String = c.get("body")?;
        Ok(Some((c.id::<OpId>("op_id")?, OperationBody::decode(&kind, c.count("kind_version")?, &body)?)))
    })?
    .flatten();
    let Some((op_id, OperationBody::EntityUpdate(mut drawn))) = earlier else { return Ok(None) };
    if drawn.base_rev != edit.base_rev {
        return Ok(None);
    }
    for (field, value) in &edit.base {
        drawn.base.entry(field.clone()).or_insert_with(|| value.clone());
    }
    drawn.changes.extend(edit.changes.clone());
    drawn.hlc = drawn.hlc.max(edit.hlc);
    let body = OperationBody::EntityUpdate(drawn).encode()?;
    tx.prepare_cached(
        "UPDATE sync_queue SET body = :body, body_hash = :hash, body_bytes = :bytes WHERE op_id = :op_id",
    )?
    .execute(named_params! {
        ":body": body.text,
        ":hash": body.hash.0,
        ":bytes": int("sync_queue.body_bytes", body.text.len())?,
        ":op_id": op_id.as_bytes(),
    })?;
    Ok(Some(op_id))
}

/// Operations on a row that the server has not acknowledged, oldest first: what an operation that refers to the row
/// must depend on.
///
/// # Errors
/// Those of reading.
pub fn list_unacknowledged_of(conn: &Conn, entity: EntityKind, id: Uuid) -> Result<Vec<OpId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT op_id FROM sync_queue WHERE entity_id = :id AND entity = :entity
           AND state NOT IN ('acknowledged', 'rejected') ORDER BY epoch, seq",
    )?;
    let rows = statement.query(named_params! { ":id": id.into_bytes(), ":entity": entity.as_str() })?;
    all(rows, "sync_queue", |c| c.id("op_id"))
}

/// Edits of a row that a server's version at feed position `seq` does not contain, oldest first. Refused ones are
/// not among them.
///
/// # Errors
/// Those of reading.
pub fn edits_on_top(
    conn: &Conn,
    entity: EntityKind,
    id: Uuid,
    seq: u64,
) -> Result<Vec<OperationBody>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT kind, kind_version, body FROM sync_queue WHERE entity_id = :id AND entity = :entity
           AND state NOT IN ('rejected', 'dead') AND (feed_seq IS NULL OR feed_seq > :seq) AND body IS NOT NULL
         ORDER BY epoch, seq",
    )?;
    let rows = statement.query(named_params! {
        ":id": id.into_bytes(),
        ":entity": entity.as_str(),
        ":seq": int("sync_queue.feed_seq", seq)?,
    })?;
    all(rows, "sync_queue", |c| {
        let (kind, body): (String, String) = (c.get("kind")?, c.get("body")?);
        Ok(OperationBody::decode(&kind, c.count("kind_version")?, &body)?)
    })
}

/// The row that an operation edits or decides.
fn entity_of(body: &OperationBody) -> Option<(EntityKind, Uuid)> {
    match body {
        OperationBody::EntityCreate(b) => Some((b.entity, b.id)),
        OperationBody::EntityUpdate(b) => Some((b.entity, b.id)),
        OperationBody::EntityDelete(b) => Some((b.entity, b.id)),
        OperationBody::ConflictResolve(b) => Some((EntityKind::Conflict, b.conflict_id.0)),
        OperationBody::ConflictReopen(b) => Some((EntityKind::Conflict, b.conflict_id.0)),
        OperationBody::SerialNote(b) => Some((EntityKind::SerialEvent, b.event_id.0)),
        OperationBody::SaleComplete(_)
        | OperationBody::TillRecord(_)
        | OperationBody::StockAdjust(_)
        | OperationBody::MappingDispute(_) => None,
    }
}

/// Whether the queue keeps the body while it waits. A sale's is its document.
fn kept_here(body: &OperationBody) -> bool {
    match body {
        OperationBody::SaleComplete(_) => false,
        OperationBody::TillRecord(_)
        | OperationBody::SerialNote(_)
        | OperationBody::EntityCreate(_)
        | OperationBody::EntityUpdate(_)
        | OperationBody::EntityDelete(_)
        | OperationBody::StockAdjust(_)
        | OperationBody::ConflictResolve(_)
        | OperationBody::ConflictReopen(_)
        | OperationBody::MappingDispute(_) => true,
    }
}

/// How the dependencies of a new operation stand.
#[derive(Default)]
struct Dependencies {
    waits_for: u32,
    failed: Option<OpId>,
}

fn look_at(tx: &Tx<'_>, depends_on: &[OpId]) -> Result<Dependencies, StoreError> {
    let mut found = Dependencies::default();
    let mut statement =
        tx.prepare_cached("SELECT state, error_class FROM sync_queue WHERE op_id = :op_id")?;
    for op_id in depends_on {
        let rows = statement.query(named_params! { ":op_id": op_id.as_bytes() })?;
        let (state, class) = first(rows, "sync_queue", |c| {
            Ok((c.get::<String>("state")?, c.get::<Option<String>>("error_class")?))
        })?
        .ok_or(StoreError::Missing { what: "operation", id: op_id.0 })?;
        let failed = matches!(state.as_str(), "dead" | "rejected")
            || (state == "parked" && class.as_deref() == Some(ErrorClass::Dependency.as_str()));
        if failed {
            found.failed = Some(*op_id);
        }
        if state != "acknowledged" {
            found.waits_for += 1;
        }
    }
    Ok(found)
}

/// Queues an operation whose body is encoded already.
pub(crate) fn insert(
    tx: &Tx<'_>,
    operation: &NewOperation<'_>,
    body: &EncodedBody,
) -> Result<u64, StoreError> {
    debug_assert_eq!(body.hash, Hash32::of(body.text.as_bytes()), "the hash is that of the bytes");
    let mut depends_on = operation.depends_on.to_vec();
    #[cfg(feature = "planted")]
    if pos_planted::is(pos_planted::Bug::DependenciesAreForgotten) {
        depends_on.clear();
    }
    depends_on.sort_unstable();
    depends_on.dedup();
    let dependencies = look_at(tx, &depends_on)?;
    let (epoch, seq) = device::take_seq(tx)?;
    let entity = entity_of(operation.body);
    let cause = dependencies.failed.map(|op_id| serde_json::json!({ "op_id": op_id }));
    tx.prepare_cached(
        "INSERT INTO sync_queue (op_id, epoch, seq, kind, kind_version, mode, priority, made_at_ms, body, body_hash,
             body_bytes, entity, entity_id, waits_for, state, generation, attempts, next_due_at_ms, error_class,
             error_code, error_params)
         VALUES (:op_id, :epoch, :seq, :kind, :kind_version, :mode, :priority, :made_at, :body, :hash, :bytes,
             :entity, :entity_id, :waits_for, :state, 0, 0, :made_at, :class, :code, :params)",
    )?
    .execute(named_params! {
        ":op_id": operation.op_id.as_bytes(),
        ":epoch": epoch,
        ":seq": int("sync_queue.seq", seq)?,
        ":kind": body.kind,
        ":kind_version": body.kind_version,
        ":mode": operation.mode.as_str(),
        ":priority": operation.lane.priority(),
        ":made_at": operation.made_at_ms,
        ":body": kept_here(operation.body).then_some(&body.text),
        ":hash": body.hash.0,
        ":bytes": int("sync_queue.body_bytes", body.text.len())?,
        ":entity": entity.map(|(kind, _)| kind.as_str()),
        ":entity_id": entity.map(|(_, id)| id.into_bytes()),
        ":waits_for": dependencies.waits_for,
        ":state": if cause.is_some() { "parked" } else { "pending" },
        ":class": cause.as_ref().map(|_| ErrorClass::Dependency.as_str()),
        ":code": cause.as_ref().map(|_| super::outcome::DEPENDENCY_FAILED),
        ":params": cause.map(|params| to_json("sync_queue.error_params", &params)).transpose()?,
    })?;
    let mut depend =
        tx.prepare_cached("INSERT INTO sync_dependency (op_id, depends_on) VALUES (:op_id, :depends_on)")?;
    for cause in &depends_on {
        depend.execute(named_params! {
            ":op_id": operation.op_id.as_bytes(), ":depends_on": cause.as_bytes(),
        })?;
    }
    Ok(seq)
}
