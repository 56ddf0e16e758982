//! Operations that refer to what this database has forgotten and a register still has: since when each of them waits.

use pos_domain::{DeviceId, OpId};

use super::{Sql, Tx};

/// Since when an operation waits: from now on, if it came for the first time.
pub(crate) fn begin(tx: Tx<'_>, op_id: OpId, device_id: DeviceId, now_ms: i64) -> Sql<i64> {
    let key = (":op_id", op_id.as_bytes().into());
    tx.write(
        "INSERT INTO awaited (op_id, device_id, since_ms) VALUES (:op_id, :device_id, :now) ON CONFLICT DO NOTHING",
        &[key.clone(), (":device_id", device_id.as_bytes().into()), (":now", now_ms.into())],
    )?;
    tx.get("SELECT since_ms FROM awaited WHERE op_id = :op_id", &[key], |row| row.get("since_ms"))
}

/// Forgets those that have a verdict by now.
pub(crate) fn forget_answered(tx: Tx<'_>) -> Sql<()> {
    tx.write(
        "DELETE FROM awaited WHERE EXISTS (SELECT 1 FROM operation WHERE operation.op_id = awaited.op_id)",
        &[],
    )
}
