//! What registers sent, byte for byte, with the verdict on each.

use pos_domain::{DeviceId, Hash32, OpId};
use pos_protocol::{Mode, OwnOp, Verdict};

use super::{Row, Sql, Tx, hash, id, integer, json, natural, seal, to_json, unreadable};

/// A mode that this program does not know stands in the table.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no mode of an operation")]
struct UnknownMode(String);

/// What is known of an operation that came before.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) device_id: DeviceId,
    pub(crate) body_hash: Hash32,
    pub(crate) mode: Mode,
    pub(crate) verdict: Verdict,
}

/// A new operation with its verdict.
#[derive(Debug)]
pub(crate) struct NewOperation<'a> {
    pub(crate) operation: &'a pos_protocol::Operation,
    pub(crate) device_id: DeviceId,
    pub(crate) epoch: u32,
    pub(crate) verdict: &'a Verdict,
    pub(crate) feed_seq: Option<u64>,
    pub(crate) received_at_ms: i64,
}

/// The operation of an id, if it came before.
pub(crate) fn find(tx: Tx<'_>, op_id: OpId) -> Sql<Option<Stored>> {
    #[cfg(feature = "planted")] // Incident 16.
    if pos_planted::is(pos_planted::Bug::VerdictsExpire) {
        let sql = "SELECT 1 AS old FROM operation WHERE op_id = :op_id
            AND received_at_ms < (SELECT max(received_at_ms) FROM operation) - 600000";
        if tx.find(sql, &[(":op_id", op_id.as_bytes().into())], |row| row.get::<i64>("old"))?.is_some() {
            return Ok(None);
        }
    }
    tx.find(
        "SELECT device_id, body_hash, mode, verdict FROM operation WHERE op_id = :op_id",
        &[(":op_id", op_id.as_bytes().into())],
        |row| {
            Ok(Stored {
                device_id: DeviceId(id(row, "device_id")?),
                body_hash: hash(row, "body_hash")?,
                mode: read_mode(row)?,
                verdict: json(row, "verdict")?,
            })
        },
    )
}

/// The operation that stands at a place of a life, if one does.
pub(crate) fn find_at(tx: Tx<'_>, device_id: DeviceId, epoch: u32, seq: u64) -> Sql<Option<OpId>> {
    tx.find(
        "SELECT op_id FROM operation WHERE device_id = :device_id AND epoch = :epoch AND seq = :seq",
        &[
            (":device_id", device_id.as_bytes().into()),
            (":epoch", epoch.into()),
            (":seq", integer(seq)?.into()),
        ],
        |row| id(row, "op_id").map(OpId),
    )
}

/// Kind, version and body of an operation, as sent.
pub(crate) fn body(tx: Tx<'_>, op_id: OpId) -> Sql<Option<(String, u16, String)>> {
    tx.find(
        "SELECT kind, kind_version, body FROM operation WHERE op_id = :op_id",
        &[(":op_id", op_id.as_bytes().into())],
        |row| Ok((row.get("kind")?, row.get("kind_version")?, row.get("body")?)),
    )
}

/// Keeps a new operation.
pub(crate) fn insert(tx: Tx<'_>, new: &NewOperation<'_>) -> Sql<()> {
    let operation = new.operation;
    tx.write_sealed(
        include_str!("operation_insert.sql"),
        seal::OPERATION,
        &[
            (":op_id", operation.op_id.as_bytes().into()),
            (":device_id", new.device_id.as_bytes().into()),
            (":epoch", new.epoch.into()),
            (":seq", integer(operation.seq)?.into()),
            (":kind", operation.kind.as_str().into()),
            (":kind_version", operation.kind_version.into()),
            (":mode", mode_name(operation.mode).into()),
            (":made_at_ms", operation.made_at_ms.into()),
            (":body", operation.body.get().into()),
            (":body_hash", (&operation.body_hash.0).into()),
            (":verdict", to_json(new.verdict)?.into()),
            (":feed_seq", new.feed_seq.map(integer).transpose()?.into()),
            (":received_at_ms", new.received_at_ms.into()),
        ],
    )
}

/// Moves an operation on: another mode, and the verdict that goes with it.
pub(crate) fn update(
    tx: Tx<'_>,
    op_id: OpId,
    mode: Mode,
    verdict: &Verdict,
    feed_seq: Option<u64>,
) -> Sql<()> {
    tx.write(
        "UPDATE operation SET mode = :mode, verdict = :verdict, feed_seq = :feed_seq WHERE op_id = :op_id",
        &[
            (":op_id", op_id.as_bytes().into()),
            (":mode", mode_name(mode).into()),
            (":verdict", to_json(verdict)?.into()),
            (":feed_seq", feed_seq.map(integer).transpose()?.into()),
        ],
    )?;
    let key = (":op_id", op_id.as_bytes().into());
    let sql = format!("SELECT {} FROM operation WHERE op_id = :op_id", seal::OPERATION.join(", "));
    let seal = tx.get(&sql, std::slice::from_ref(&key), |row| seal::of_row(seal::OPERATION, row))?;
    tx.write("UPDATE operation SET seal = :seal WHERE op_id = :op_id", &[key, (":seal", (&seal).into())])
}

/// A register's own operations whose effects lie in `(after, up_to]` of the feed, in that order.
pub(crate) fn list_own(
    tx: Tx<'_>,
    device_id: DeviceId,
    after: u64,
    up_to: u64,
    limit: usize,
) -> Sql<Vec<OwnOp>> {
    tx.list(
        "SELECT op_id, feed_seq FROM operation
         WHERE device_id = :device_id AND feed_seq > :after AND feed_seq <= :up_to
         ORDER BY feed_seq LIMIT :limit",
        &[
            (":device_id", device_id.as_bytes().into()),
            (":after", integer(after)?.into()),
            (":up_to", integer(up_to)?.into()),
            (":limit", i64::try_from(limit).unwrap_or(i64::MAX).into()),
        ],
        |row| Ok(OwnOp { op_id: OpId(id(row, "op_id")?), feed_seq: natural(row, "feed_seq")? }),
    )
}

pub(super) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Admit => "admit",
        Mode::Fact => "fact",
        Mode::Withdraw => "withdraw",
    }
}

pub(super) fn read_mode(row: Row<'_>) -> Sql<Mode> {
    match row.get::<&str>("mode")? {
        "admit" => Ok(Mode::Admit),
        "fact" => Ok(Mode::Fact),
        "withdraw" => Ok(Mode::Withdraw),
        other => Err(unreadable(UnknownMode(other.to_owned()))),
    }
}
