//! Seals: what tells that a row of the ledger, of the operations, of the balances or of the feed is as this program
//! wrote it.
//!
//! No secret: a seal finds mistakes, other tools and bad disks, not forgers, against whom stand the registers' signed
//! chains. Rows from before there were seals have none.

use pos_domain::Hash32;

use super::value::{Cell, Value};
use super::{Params, Row, Sql};

/// A seal: 8 bytes.
pub(crate) type Seal = [u8; 8];

/// Bytes of most rows as they are sealed.
const USUAL_BYTES: usize = 512;

/// Columns of an operation under its seal; its body is there by its hash.
pub(crate) const OPERATION: &[&str] = &[
    "op_id",
    "device_id",
    "epoch",
    "seq",
    "kind",
    "kind_version",
    "mode",
    "made_at_ms",
    "body_hash",
    "verdict",
    "feed_seq",
    "received_at_ms",
];
/// Columns of a movement under its seal.
pub(crate) const MOVEMENT: &[&str] =
    &["op_id", "ordinal", "product_id", "reason", "delta_milli", "line_id", "at_ms"];
/// Columns of a balance under its seal.
pub(crate) const LEVEL: &[&str] =
    &["product_id", "on_hand_milli", "oversold_milli", "rev", "seq", "origin_device", "origin_op"];
/// Columns of a posting on an account under its seal.
pub(crate) const POSTING: &[&str] =
    &["op_id", "ordinal", "document_id", "customer_id", "amount_minor", "at_ms"];
/// Columns of a step in the life of a serial number under its seal.
pub(crate) const STEP: &[&str] = &["op_id", "event_id", "serial", "change", "at_ms"];
/// Columns of a row's place in the feed under its seal.
pub(crate) const FEED: &[&str] =
    &["seq", "entity", "entity_id", "rev", "deleted", "origin_device", "origin_op"];

/// The seal of a row as it is about to be written: `columns` in their order, found by name among its parameters.
pub(crate) fn of(columns: &[&str], params: Params<'_>) -> Seal {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    for column in columns {
        let value =
            params.iter().find(|(name, _)| name.strip_prefix(':') == Some(column)).map(|(_, value)| value);
        match value {
            None | Some(Value::Null) => add(&mut bytes, Cell::Null),
            Some(Value::Bool(value)) => add(&mut bytes, Cell::Integer((*value).into())),
            Some(Value::Integer(value)) => add(&mut bytes, Cell::Integer(*value)),
            Some(Value::Text(value)) => add(&mut bytes, Cell::Text(value)),
            Some(Value::Bytes(value)) => add(&mut bytes, Cell::Bytes(value)),
        }
    }
    close(&bytes)
}

/// The seal of a row as it stands.
pub(crate) fn of_row(columns: &[&str], row: Row<'_>) -> Sql<Seal> {
    let mut bytes = Vec::new();
    for column in columns {
        add(&mut bytes, row.get(column)?);
    }
    Ok(close(&bytes))
}

/// Appends a value so that no two rows give the same bytes.
fn add(bytes: &mut Vec<u8>, cell: Cell<'_>) {
    let (tag, content): (u8, &[u8]) = match &cell {
        Cell::Null => (0, &[]),
        Cell::Integer(value) => (1, &value.to_le_bytes()),
        Cell::Text(text) => (2, text.as_bytes()),
        Cell::Bytes(content) => (3, content),
    };
    bytes.push(tag);
    bytes.extend_from_slice(&u64::try_from(content.len()).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend_from_slice(content);
}

fn close(bytes: &[u8]) -> Seal {
    let mut seal = Seal::default();
    for (to, from) in seal.iter_mut().zip(Hash32::of(bytes).0) {
        *to = from;
    }
    seal
}
