//! What registers sent, byte for byte, with the verdict on each.

use pos_domain::{DeviceId, Hash32, OpId};
use pos_protocol::{Mode, OwnOp, Verdict};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, named_params};

use super::{Sql, hash, id, integer, json, natural, to_json};

/// [`Mode`] as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoredMode(pub(crate) Mode);

impl ToSql for StoredMode {
    fn to_sql(&self) -> Sql<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self.0 {
            Mode::Admit => "admit",
            Mode::Fact => "fact",
            Mode::Withdraw => "withdraw",
        }))
    }
}

impl FromSql for StoredMode {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "admit" => Ok(Self(Mode::Admit)),
            "fact" => Ok(Self(Mode::Fact)),
            "withdraw" => Ok(Self(Mode::Withdraw)),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

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
pub(crate) fn find(connection: &Connection, op_id: OpId) -> Sql<Option<Stored>> {
    connection
        .prepare_cached("SELECT device_id, body_hash, mode, verdict FROM operation WHERE op_id = :op_id")?
        .query_row(named_params! { ":op_id": op_id.as_bytes() }, |row| {
            Ok(Stored {
                device_id: DeviceId(id(row, "device_id")?),
                body_hash: hash(row, "body_hash")?,
                mode: row.get::<_, StoredMode>("mode")?.0,
                verdict: json(row, "verdict")?,
            })
        })
        .optional()
}

/// The operation that stands at a place of a life, if one does.
pub(crate) fn find_at(
    connection: &Connection,
    device_id: DeviceId,
    epoch: u32,
    seq: u64,
) -> Sql<Option<OpId>> {
    connection
        .prepare_cached(
            "SELECT op_id FROM operation WHERE device_id = :device_id AND epoch = :epoch AND seq = :seq",
        )?
        .query_row(
            named_params! { ":device_id": device_id.as_bytes(), ":epoch": epoch, ":seq": integer(seq)? },
            |row| id(row, "op_id").map(OpId),
        )
        .optional()
}

/// Kind, version and body of an operation, as sent.
pub(crate) fn body(connection: &Connection, op_id: OpId) -> Sql<Option<(String, u16, String)>> {
    connection
        .prepare_cached("SELECT kind, kind_version, body FROM operation WHERE op_id = :op_id")?
        .query_row(named_params! { ":op_id": op_id.as_bytes() }, |row| {
            Ok((row.get("kind")?, row.get("kind_version")?, row.get("body")?))
        })
        .optional()
}

/// Keeps a new operation.
pub(crate) fn insert(connection: &Connection, new: &NewOperation<'_>) -> Sql<()> {
    let operation = new.operation;
    connection.prepare_cached(include_str!("operation_insert.sql"))?.execute(named_params! {
        ":op_id": operation.op_id.as_bytes(),
        ":device_id": new.device_id.as_bytes(),
        ":epoch": new.epoch,
        ":seq": integer(operation.seq)?,
        ":kind": operation.kind,
        ":kind_version": operation.kind_version,
        ":mode": StoredMode(operation.mode),
        ":made_at_ms": operation.made_at_ms,
        ":body": operation.body.get(),
        ":body_hash": operation.body_hash.0,
        ":verdict": to_json(new.verdict)?,
        ":feed_seq": new.feed_seq.map(integer).transpose()?,
        ":received_at_ms": new.received_at_ms,
    })?;
    Ok(())
}

/// Moves an operation on: another mode, and the verdict that goes with it.
pub(crate) fn update(
    connection: &Connection,
    op_id: OpId,
    mode: Mode,
    verdict: &Verdict,
    feed_seq: Option<u64>,
) -> Sql<()> {
    connection
        .prepare_cached(
            "UPDATE operation SET mode = :mode, verdict = :verdict, feed_seq = :feed_seq WHERE op_id = :op_id",
        )?
        .execute(named_params! {
            ":op_id": op_id.as_bytes(),
            ":mode": StoredMode(mode),
            ":verdict": to_json(verdict)?,
            ":feed_seq": feed_seq.map(integer).transpose()?,
        })?;
    Ok(())
}

/// A register's own operations whose effects lie in `(after, up_to]` of the feed, in that order.
pub(crate) fn list_own(
    connection: &Connection,
    device_id: DeviceId,
    after: u64,
    up_to: u64,
    limit: usize,
) -> Sql<Vec<OwnOp>> {
    connection
        .prepare_cached(
            "SELECT op_id, feed_seq FROM operation
             WHERE device_id = :device_id AND feed_seq > :after AND feed_seq <= :up_to
             ORDER BY feed_seq LIMIT :limit",
        )?
        .query_map(
            named_params! {
                ":device_id": device_id.as_bytes(),
                ":after": integer(after)?,
                ":up_to": integer(up_to)?,
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            |row| Ok(OwnOp { op_id: OpId(id(row, "op_id")?), feed_seq: natural(row, "feed_seq")? }),
        )?
        .collect()
}
