//! Disagreements as the server describes them. They are decided by operations, never written here by hand.

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ConflictEventKind, ConflictStatus};
use pos_domain::{Conflict, ConflictId};
use rusqlite::named_params;
use uuid::Uuid;

use crate::shared::ServerVersion;
use crate::sql::{Columns, Conn, Tx, all, first, int, to_json};
use crate::{StoreError, mappings};

/// A conflict and whether this register has decided it already without the server knowing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptConflict {
    /// As the server describes it.
    pub conflict: Conflict,
    /// A decision made here waits in the queue.
    pub decision_waits: bool,
}

/// One conflict.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: ConflictId) -> Result<Option<KeptConflict>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT c.data, EXISTS (SELECT 1 FROM sync_queue AS q WHERE q.entity_id = c.conflict_id
             AND q.entity = 'conflict' AND q.state IN ('pending', 'in_flight')) AS waits
         FROM conflict AS c WHERE c.conflict_id = :id",
    )?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "conflict", read)
}

/// The newest conflicts of a status, newest first, older than the given one. Decided ones are listed for as long as the
/// server lists them.
///
/// # Errors
/// [`StoreError::Missing`] when `older_than` does not exist.
pub fn list(
    conn: &Conn,
    status: ConflictStatus,
    older_than: Option<ConflictId>,
    limit: u32,
) -> Result<Vec<KeptConflict>, StoreError> {
    let opened_at = match older_than {
        None => i64::MAX,
        Some(id) => {
            find(conn, id)?.ok_or(StoreError::Missing { what: "conflict", id: id.0 })?.conflict.opened_at_ms
        }
    };
    let last = older_than.map_or([0; 16], |id| *id.as_bytes());
    let mut statement = conn.prepare_cached(
        "SELECT c.data, EXISTS (SELECT 1 FROM sync_queue AS q WHERE q.entity_id = c.conflict_id
             AND q.entity = 'conflict' AND q.state IN ('pending', 'in_flight')) AS waits
         FROM conflict AS c WHERE c.status = :status AND (c.status = 'open' OR c.rev > 0)
           AND (c.opened_at_ms < :opened_at OR (c.opened_at_ms = :opened_at AND c.conflict_id > :last))
         ORDER BY c.opened_at_ms DESC, c.conflict_id LIMIT :limit",
    )?;
    let rows = statement.query(named_params! {
        ":status": status_name(status), ":opened_at": opened_at, ":last": last, ":limit": limit,
    })?;
    all(rows, "conflict", read)
}

/// How many wait for a person.
///
/// # Errors
/// Those of reading.
pub fn count_open(conn: &Conn) -> Result<u64, StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) AS n FROM conflict WHERE status = 'open'")?;
    Ok(first(statement.query([])?, "conflict", |c| c.count("n"))?.unwrap_or(0))
}

/// The row that a contested id means, as far as this register has heard.
///
/// # Errors
/// Those of reading.
pub(crate) fn find_decided_mapping(
    conn: &Conn,
    entity: EntityKind,
    local_id: Uuid,
) -> Result<Option<Uuid>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT data FROM conflict
         WHERE kind = 'mapping_contradiction' AND entity = :entity AND entity_id = :local",
    )?;
    let rows =
        statement.query(named_params! { ":entity": entity.as_str(), ":local": local_id.into_bytes() })?;
    let conflict: Option<Conflict> = first(rows, "conflict", |c| c.json("data"))?;
    Ok(conflict.and_then(|conflict| conflict.contested).map(|contested| contested.current.id))
}

/// What writing the server's version did.
pub(crate) enum ConflictApplied {
    /// Known already.
    Known,
    /// Written; it was open before, or is not open now.
    Written,
    /// Written; it is open and was not before.
    Opened,
    /// Not readable by this program.
    NotReadable(String),
}

/// Writes the server's version and the events that are new here.
pub(crate) fn apply(tx: &Tx<'_>, version: &ServerVersion<'_>) -> Result<ConflictApplied, StoreError> {
    let Some(data) = version.data else { return leave(tx, version) };
    let conflict: Conflict = match serde_json::from_str(data) {
        Ok(conflict) => conflict,
        Err(e) => return Ok(ConflictApplied::NotReadable(e.to_string())),
    };
    let mut statement = tx.prepare_cached("SELECT status, rev FROM conflict WHERE conflict_id = :id")?;
    let id = conflict.conflict_id.as_bytes();
    let before = first(statement.query(named_params! { ":id": id })?, "conflict", |c| {
        Ok((c.word::<ConflictStatus>("status")?, c.count::<u64>("rev")?))
    })?;
    if before.is_some_and(|(_, rev)| rev >= version.rev) {
        return Ok(ConflictApplied::Known);
    }
    upsert(tx, &conflict, data, version)?;
    append_events(tx, &conflict)?;
    if let Some(contested) = &conflict.contested {
        let at_ms = conflict.events.last().map_or(conflict.opened_at_ms, |event| event.at_ms);
        mappings::follow(tx, contested, at_ms)?;
    }
    let was_open = before.is_some_and(|(status, _)| status == ConflictStatus::Open);
    let opened = conflict.status == ConflictStatus::Open && !was_open;
    Ok(if opened { ConflictApplied::Opened } else { ConflictApplied::Written })
}

/// A conflict that was decided long ago leaves the list, as one does that the server does not have any more. Its story
/// stays.
fn leave(tx: &Tx<'_>, version: &ServerVersion<'_>) -> Result<ConflictApplied, StoreError> {
    let left = tx
        .prepare_cached(
            "UPDATE conflict SET status = 'resolved', rev = 0, seq = 0 WHERE conflict_id = :id AND rev > 0 AND rev < :rev",
        )?
        .execute(named_params! {
            ":id": version.id.into_bytes(), ":rev": int("conflict.rev", version.rev)?,
        })?;
    Ok(if left == 0 { ConflictApplied::Known } else { ConflictApplied::Written })
}

fn upsert(
    tx: &Tx<'_>,
    conflict: &Conflict,
    data: &str,
    version: &ServerVersion<'_>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO conflict (conflict_id, kind, status, entity, entity_id, opened_at_ms, data, rev, seq)
         VALUES (:id, :kind, :status, :entity, :entity_id, :opened_at, :data, :rev, :seq)
         ON CONFLICT (conflict_id) DO UPDATE SET status = excluded.status, data = excluded.data, rev = excluded.rev,
             seq = excluded.seq",
    )?
    .execute(named_params! {
        ":id": conflict.conflict_id.as_bytes(),
        ":kind": conflict.kind.as_str(),
        ":status": status_name(conflict.status),
        ":entity": conflict.entity,
        ":entity_id": conflict.entity_id.into_bytes(),
        ":opened_at": conflict.opened_at_ms,
        ":data": data,
        ":rev": int("conflict.rev", version.rev)?,
        ":seq": int("conflict.seq", version.seq)?,
    })?;
    Ok(())
}

fn append_events(tx: &Tx<'_>, conflict: &Conflict) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT INTO conflict_event (conflict_id, position, at_ms, what, data) VALUES (:id, :position, :at, :what, :data)
         ON CONFLICT (conflict_id, position) DO NOTHING",
    )?;
    for (position, event) in conflict.events.iter().enumerate() {
        statement.execute(named_params! {
            ":id": conflict.conflict_id.as_bytes(),
            ":position": int("conflict_event.position", position)?,
            ":at": event.at_ms,
            ":what": event_name(event.what),
            ":data": to_json("conflict_event.data", event)?,
        })?;
    }
    Ok(())
}

fn read(c: &Columns<'_, '_>) -> Result<KeptConflict, StoreError> {
    Ok(KeptConflict { conflict: c.json("data")?, decision_waits: c.get("waits")? })
}

const fn status_name(status: ConflictStatus) -> &'static str {
    match status {
        ConflictStatus::Open => "open",
        ConflictStatus::Resolved => "resolved",
    }
}

const fn event_name(kind: ConflictEventKind) -> &'static str {
    match kind {
        ConflictEventKind::Opened => "opened",
        ConflictEventKind::Resolved => "resolved",
        ConflictEventKind::Reopened => "reopened",
    }
}
