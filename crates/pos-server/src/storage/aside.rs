//! Operations of a register's file that went on in two places: kept aside with all that is needed to record them later.

use pos_domain::{DeviceId, Hash32, OpId};
use pos_protocol::{Mode, Operation};
use serde_json::value::RawValue;

use super::operation::read_mode;
use super::{Row, Sql, Tx, id, integer, natural, unreadable};

/// What was never recorded of a life's other branch, each operation once.
const UNRECORDED: &str = "
    FROM quarantine
    WHERE device_id = :device_id AND epoch = :epoch AND reason IN ('fork', 'stale_epoch') AND quarantine.kind IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM operation WHERE operation.op_id = quarantine.op_id)
        AND NOT EXISTS (
            SELECT 1 FROM quarantine AS first
            WHERE first.op_id = quarantine.op_id AND first.kind IS NOT NULL AND first.epoch = quarantine.epoch
                AND first.device_id = quarantine.device_id AND first.quarantine_no < quarantine.quarantine_no
        )";

/// An operation that is kept aside.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Place in the order in which things were kept aside.
    pub(crate) quarantine_no: u64,
    /// As it was sent, without what it depends on.
    pub(crate) operation: Operation,
}

impl Kept {
    fn read(row: Row<'_>) -> Sql<Self> {
        let body: String = row.get("content")?;
        let body_hash = Hash32::of(body.as_bytes());
        Ok(Self {
            quarantine_no: natural(row, "quarantine_no")?,
            operation: Operation {
                op_id: OpId(id(row, "op_id")?),
                seq: natural(row, "seq")?,
                kind: row.get("kind")?,
                kind_version: row.get("kind_version")?,
                depends_on: Vec::new(),
                mode: read_mode(row)?,
                made_at_ms: row.get("made_at_ms")?,
                body: RawValue::from_string(body).map_err(unreadable)?,
                body_hash,
            },
        })
    }
}

/// What is kept aside of a life and was not recorded, behind `after`, in the order in which it was kept.
pub(crate) fn list(tx: Tx<'_>, device_id: DeviceId, epoch: u32, after: u64, limit: usize) -> Sql<Vec<Kept>> {
    let sql = format!(
        "SELECT quarantine_no, op_id, seq, kind, kind_version, mode, made_at_ms, content {UNRECORDED}
            AND quarantine_no > :after ORDER BY quarantine_no LIMIT :limit"
    );
    tx.list(
        &sql,
        &[
            (":device_id", device_id.as_bytes().into()),
            (":epoch", epoch.into()),
            (":after", integer(after)?.into()),
            (":limit", i64::try_from(limit).unwrap_or(i64::MAX).into()),
        ],
        Kept::read,
    )
}

/// The lives of a register of which anything was ever kept aside.
pub(crate) fn lives(tx: Tx<'_>, device_id: DeviceId) -> Sql<Vec<u32>> {
    tx.list(
        "SELECT DISTINCT epoch FROM quarantine
         WHERE device_id = :device_id AND reason IN ('fork', 'stale_epoch') AND kind IS NOT NULL ORDER BY epoch",
        &[(":device_id", device_id.as_bytes().into())],
        |row| u32::try_from(natural(row, "epoch")?).map_err(unreadable),
    )
}

/// Whether an operation was kept aside once.
pub(crate) fn was_kept(tx: Tx<'_>, op_id: OpId) -> Sql<bool> {
    tx.get(
        "SELECT EXISTS (SELECT 1 FROM quarantine WHERE op_id = :op_id AND kind IS NOT NULL) AS found",
        &[(":op_id", op_id.as_bytes().into())],
        |row| row.get("found"),
    )
}

/// The operation that stands at a place of a life, as it was sent.
pub(crate) fn find_standing(tx: Tx<'_>, device_id: DeviceId, epoch: u32, seq: u64) -> Sql<Option<Operation>> {
    tx.find(
        "SELECT op_id, seq, kind, kind_version, mode, made_at_ms, body AS content, op_no AS quarantine_no FROM operation
         WHERE device_id = :device_id AND epoch = :epoch AND seq = :seq",
        &[
            (":device_id", device_id.as_bytes().into()),
            (":epoch", epoch.into()),
            (":seq", integer(seq)?.into()),
        ],
        |row| Ok(Kept::read(row)?.operation),
    )
}

/// The last place that was given in a life; 0 before the first.
pub(crate) fn last_seq(tx: Tx<'_>, device_id: DeviceId, epoch: u32) -> Sql<u64> {
    tx.get(
        "SELECT coalesce(max(seq), 0) AS seq FROM operation WHERE device_id = :device_id AND epoch = :epoch",
        &[(":device_id", device_id.as_bytes().into()), (":epoch", epoch.into())],
        |row| natural(row, "seq"),
    )
}

/// What a kept operation was asked for, in the way it counts now: it has happened.
pub(crate) fn as_fact(operation: Operation, seq: u64) -> Operation {
    let mode = match operation.mode {
        Mode::Admit | Mode::Fact => Mode::Fact,
        Mode::Withdraw => Mode::Withdraw,
    };
    Operation { seq, mode, ..operation }
}
