//! Disagreements and their story.

use pos_domain::conflict::{ConflictEvent, ConflictStatus};
use pos_domain::merge::Fields;
use pos_domain::{Conflict, ConflictChoice, ConflictId, OpId};
use serde::{Deserialize, Serialize};

use super::{Sql, Tx, integer, json, natural, to_json, unreadable};

/// What a standing resolution did, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resolution {
    /// The resolving operation.
    pub(crate) op_id: OpId,
    /// What was chosen.
    pub(crate) choice: ConflictChoice,
    /// Edits: the changed fields before.
    pub(crate) before: Fields,
    /// Edits: the changed fields after.
    pub(crate) after: Fields,
    /// Whether the row was deleted before; `None` when the resolution did not decide that.
    pub(crate) was_deleted: Option<bool>,
}

/// A conflict as stored.
#[derive(Debug, Clone)]
pub(crate) struct ConflictRow {
    pub(crate) rev: u64,
    pub(crate) conflict: Conflict,
    pub(crate) resolution: Option<Resolution>,
}

/// The conflict of an id.
pub(crate) fn find(tx: Tx<'_>, conflict_id: ConflictId) -> Sql<Option<ConflictRow>> {
    tx.find(
        "SELECT rev, document, resolution FROM conflict WHERE conflict_id = :conflict_id",
        &[(":conflict_id", conflict_id.as_bytes().into())],
        |row| {
            let resolution = row
                .get::<Option<&str>>("resolution")?
                .map(serde_json::from_str)
                .transpose()
                .map_err(unreadable)?;
            Ok(ConflictRow { rev: natural(row, "rev")?, conflict: json(row, "document")?, resolution })
        },
    )
}

/// Writes a conflict as it now stands.
pub(crate) fn save(tx: Tx<'_>, row: &ConflictRow) -> Sql<()> {
    let conflict = &row.conflict;
    tx.write(
        "INSERT INTO conflict (conflict_id, op_id, kind, status, rev, document, resolution)
         VALUES (:conflict_id, :op_id, :kind, :status, :rev, :document, :resolution)
         ON CONFLICT (conflict_id) DO UPDATE SET status = excluded.status, rev = excluded.rev,
            document = excluded.document, resolution = excluded.resolution",
        &[
            (":conflict_id", conflict.conflict_id.as_bytes().into()),
            (":op_id", conflict.op_id.as_bytes().into()),
            (":kind", conflict.kind.as_str().into()),
            (
                ":status",
                match conflict.status {
                    ConflictStatus::Open => "open",
                    ConflictStatus::Resolved => "resolved",
                }
                .into(),
            ),
            (":rev", integer(row.rev)?.into()),
            (":document", to_json(conflict)?.into()),
            (":resolution", row.resolution.as_ref().map(to_json).transpose()?.into()),
        ],
    )
}

/// Appends to a conflict's story; `ordinal` counts its events from 0.
pub(crate) fn append_event(
    tx: Tx<'_>,
    conflict_id: ConflictId,
    ordinal: usize,
    event: &ConflictEvent,
) -> Sql<()> {
    tx.write(
        "INSERT INTO conflict_event (conflict_id, ordinal, at_ms, event)
         VALUES (:conflict_id, :ordinal, :at_ms, :event)",
        &[
            (":conflict_id", conflict_id.as_bytes().into()),
            (":ordinal", i64::try_from(ordinal).unwrap_or(i64::MAX).into()),
            (":at_ms", event.at_ms.into()),
            (":event", to_json(event)?.into()),
        ],
    )
}

/// Number of conflicts that were decided after a time, in milliseconds since 1970 UTC. Reads every event: for somebody
/// who asks now and then.
pub(crate) fn count_resolved_since(tx: Tx<'_>, since_ms: i64) -> Sql<u64> {
    tx.get(
        "SELECT count(DISTINCT conflict_id) AS resolved FROM conflict_event
         WHERE at_ms > :since AND event LIKE '%\"what\":\"resolved\"%'",
        &[(":since", since_ms.into())],
        |row| natural(row, "resolved"),
    )
}

/// Number of conflicts that wait for a person.
pub(crate) fn count_open(tx: Tx<'_>) -> Sql<u64> {
    tx.get("SELECT count(*) AS open FROM conflict WHERE status = 'open'", &[], |row| natural(row, "open"))
}
