//! What happened to serial numbers, in the order in which the server heard of it.

use pos_domain::{OpId, SerialEventId};
use uuid::Uuid;

use super::{Sql, Tx, id, seal};

/// Takes an event back: its sale was withdrawn.
pub(crate) const UNDONE: &str = "undone";

/// One statement about an event. The last one counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) event_id: SerialEventId,
    pub(crate) serial: &'a str,
    /// [`pos_domain::serial::SerialChange::as_str`] or [`UNDONE`].
    pub(crate) change: &'static str,
}

/// Appends a step.
pub(crate) fn append(tx: Tx<'_>, op_id: OpId, step: Step<'_>, at_ms: i64) -> Sql<()> {
    tx.write_sealed(
        "INSERT INTO serial_step (op_id, event_id, serial, change, at_ms, seal)
         VALUES (:op_id, :event_id, :serial, :change, :at_ms, :seal)",
        seal::STEP,
        &[
            (":op_id", op_id.as_bytes().into()),
            (":event_id", step.event_id.as_bytes().into()),
            (":serial", step.serial.into()),
            (":change", step.change.into()),
            (":at_ms", at_ms.into()),
        ],
    )
}

/// The last event of a number that counts.
pub(crate) fn find_last(tx: Tx<'_>, serial: &str) -> Sql<Option<Uuid>> {
    tx.find(
        "SELECT event_id FROM serial_step
         WHERE serial = :serial AND change <> 'undone' AND NOT EXISTS (
            SELECT 1 FROM serial_step AS later
            WHERE later.event_id = serial_step.event_id AND later.step_no > serial_step.step_no
         )
         ORDER BY step_no DESC LIMIT 1",
        &[(":serial", serial.into())],
        |row| id(row, "event_id"),
    )
}
