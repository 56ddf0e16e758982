//! What the upkeep reads and takes away: how far registers have read, how old places of the feed are, deletions and
//! decided conflicts that have stood long enough.

use std::ops::ControlFlow;

use pos_domain::body::EntityKind;
use pos_domain::{ConflictId, DeviceId};

use super::{Sql, Tx, id, integer, natural};

/// How far a register has read the feed, and when it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) seq: u64,
    pub(crate) at_ms: i64,
}

/// Notes how far a register has read.
pub(crate) fn note_reading(tx: Tx<'_>, device_id: DeviceId, reading: Reading) -> Sql<()> {
    tx.write(
        "UPDATE device SET read_seq = :seq, heard_at_ms = :at WHERE device_id = :device_id",
        &[
            (":seq", integer(reading.seq)?.into()),
            (":at", reading.at_ms.into()),
            (":device_id", device_id.as_bytes().into()),
        ],
    )
}

/// How far the slowest register has read that was heard of, or joined, after `since_ms`; `None` when there is none.
pub(crate) fn find_slowest(tx: Tx<'_>, since_ms: i64) -> Sql<Option<u64>> {
    tx.find(
        "SELECT read_seq FROM device
         WHERE revoked_at_ms IS NULL AND coalesce(heard_at_ms, joined_at_ms) > :since ORDER BY read_seq LIMIT 1",
        &[(":since", since_ms.into())],
        |row| natural(row, "read_seq"),
    )
}

/// When the feed's place was last noted.
pub(crate) fn find_last_note(tx: Tx<'_>) -> Sql<Option<i64>> {
    tx.find("SELECT at_ms FROM feed_clock ORDER BY at_ms DESC LIMIT 1", &[], |row| row.get("at_ms"))
}

/// Notes where the feed stands, and forgets the notes that are older than the newest one from before `needed_ms`.
pub(crate) fn note_place(tx: Tx<'_>, now_ms: i64, seq: u64, needed_ms: i64) -> Sql<()> {
    tx.write(
        "INSERT INTO feed_clock (at_ms, seq) VALUES (:now, :seq) ON CONFLICT DO NOTHING",
        &[(":now", now_ms.into()), (":seq", integer(seq)?.into())],
    )?;
    tx.write(
        "DELETE FROM feed_clock WHERE at_ms < (SELECT max(at_ms) FROM feed_clock WHERE at_ms <= :needed)",
        &[(":needed", needed_ms.into())],
    )
}

/// A place of the feed up to which every row has stood since before `at_ms`; 0 when nobody knows.
pub(crate) fn find_place(tx: Tx<'_>, at_ms: i64) -> Sql<u64> {
    let sql = "SELECT seq FROM feed_clock WHERE at_ms <= :at ORDER BY at_ms DESC LIMIT 1";
    Ok(tx.find(sql, &[(":at", at_ms.into())], |row| natural(row, "seq"))?.unwrap_or(0))
}

/// Takes deletions out of the feed, at most `limit` of those up to `until`, oldest first, and notes how far. How many.
pub(crate) fn forget_deletions(tx: Tx<'_>, until: u64, limit: usize) -> Sql<usize> {
    let mut places = Vec::new();
    let bounds = [(":until", integer(until)?.into()), (":limit", i64::try_from(limit).unwrap_or(1).into())];
    let sql = "SELECT seq FROM feed WHERE deleted AND seq <= :until ORDER BY seq LIMIT :limit";
    tx.each(sql, &bounds, |row| {
        places.push(natural(row, "seq")?);
        Ok(ControlFlow::Continue(()))
    })?;
    for seq in &places {
        tx.write("DELETE FROM feed WHERE seq = :seq", &[(":seq", integer(*seq)?.into())])?;
    }
    if let Some(last) = places.last() {
        tx.write(
            "UPDATE business SET forgotten_seq = :seq WHERE forgotten_seq < :seq",
            &[(":seq", integer(*last)?.into())],
        )?;
    }
    Ok(places.len())
}

/// Decided conflicts whose place in the feed is at most `until`, oldest first, at most `limit`: id and revision.
pub(crate) fn list_decided(tx: Tx<'_>, until: u64, limit: usize) -> Sql<Vec<(ConflictId, u64)>> {
    tx.list(
        "SELECT conflict.conflict_id, conflict.rev FROM feed
         JOIN conflict ON conflict.conflict_id = feed.entity_id
         WHERE feed.entity = 'conflict' AND feed.seq <= :until AND NOT feed.deleted AND conflict.status = 'resolved'
         ORDER BY feed.seq LIMIT :limit",
        &[(":until", integer(until)?.into()), (":limit", i64::try_from(limit).unwrap_or(1).into())],
        |row| Ok((ConflictId(id(row, "conflict_id")?), natural(row, "rev")?)),
    )
}

/// Gives a conflict another revision, without another word of its document.
pub(crate) fn set_conflict_rev(tx: Tx<'_>, conflict_id: ConflictId, rev: u64) -> Sql<()> {
    tx.write(
        "UPDATE conflict SET rev = :rev WHERE conflict_id = :conflict_id",
        &[(":rev", integer(rev)?.into()), (":conflict_id", conflict_id.as_bytes().into())],
    )
}

/// Whether a conflict has left the lists of registers.
pub(crate) fn has_left(tx: Tx<'_>, conflict_id: ConflictId) -> Sql<bool> {
    tx.get(
        "SELECT NOT EXISTS (SELECT 1 FROM feed WHERE entity = :entity AND entity_id = :id AND NOT deleted) AS gone",
        &[(":entity", EntityKind::Conflict.as_str().into()), (":id", conflict_id.as_bytes().into())],
        |row| row.get("gone"),
    )
}
