//! Every row of a business from one database into another, told apart by nothing but their content.

use std::ops::ControlFlow;

use super::value::{Cell, Value};
use super::{Sql, Tx, unreadable};

/// Rows after which the other database is waited for, so that memory stays flat.
const ROWS_IN_FLIGHT: u64 = 500;

/// A table, its columns without numbers that the databases give themselves, and the order in which these are given.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    order: &'static str,
}

/// All tables, each behind those that it refers to at once.
const TABLES: [Table; 30] = [
    table(
        "business",
        &[
            "authority",
            "server_epoch",
            "tenant_id",
            "outlet_id",
            "feed_seq",
            "series_given",
            "incarnation",
            "forgotten_seq",
        ],
        "authority",
    ),
    table("incarnation", &["began_seq", "incarnation", "began_at_ms"], "began_seq"),
    table(
        "device",
        &[
            "device_id",
            "name",
            "public_key",
            "token_hash",
            "series",
            "joined_at_ms",
            "revoked_at_ms",
            "read_seq",
            "heard_at_ms",
            "met_epoch",
        ],
        "device_id",
    ),
    table(
        "device_life",
        &["device_id", "epoch", "watermark", "chain_number", "chain_hash", "backed_up"],
        "device_id, epoch",
    ),
    table("device_seen", &["device_id", "epoch", "seq"], "device_id, epoch, seq"),
    table(
        "pairing_code",
        &["code_hash", "made_at_ms", "expires_at_ms", "failed_tries", "used_at_ms"],
        "code_hash",
    ),
    table("entity_row", &["entity", "id", "rev", "deleted", "fields", "stamps"], "entity, id"),
    table("identity_key", &["entity", "kind", "value", "id"], "entity, kind, value"),
    table(
        "operation",
        &[
            "op_id",
            "device_id",
            "epoch",
            "seq",
            "kind",
            "kind_version",
            "mode",
            "made_at_ms",
            "body",
            "body_hash",
            "verdict",
            "feed_seq",
            "received_at_ms",
            "seal",
        ],
        "op_no",
    ),
    table("id_alias", &["entity", "local_id", "server_id", "op_id", "booked_milli"], "entity, local_id"),
    table(
        "feed",
        &["seq", "entity", "entity_id", "rev", "deleted", "origin_device", "origin_op", "seal"],
        "seq",
    ),
    table("entity_total", &["entity", "live_rows"], "entity"),
    table(
        "stock_level",
        &[
            "product_id",
            "on_hand_milli",
            "oversold_milli",
            "rev",
            "seq",
            "origin_device",
            "origin_op",
            "seal",
        ],
        "product_id",
    ),
    table(
        "stock_movement",
        &["op_id", "ordinal", "product_id", "reason", "delta_milli", "line_id", "at_ms", "seal"],
        "op_id, ordinal",
    ),
    table(
        "sale",
        &[
            "sale_id",
            "op_id",
            "device_id",
            "state",
            "kind",
            "currency",
            "currency_digits",
            "net_minor",
            "tax_minor",
            "total_minor",
            "sold_at_ms",
            "original_sale_id",
            "customer_id",
            "numbered_rows",
        ],
        "sale_id",
    ),
    table(
        "till_document",
        &[
            "document_id",
            "op_id",
            "device_id",
            "state",
            "kind",
            "shift_id",
            "customer_id",
            "currency",
            "currency_digits",
            "cash_minor",
            "z_number",
            "made_at_ms",
        ],
        "document_id",
    ),
    table(
        "account_posting",
        &["op_id", "ordinal", "document_id", "customer_id", "amount_minor", "at_ms", "seal"],
        "op_id, ordinal",
    ),
    table("approval", &["approval_id", "op_id"], "approval_id"),
    table("serial_step", &["op_id", "event_id", "serial", "change", "at_ms", "seal"], "step_no"),
    table(
        "chain_record",
        &[
            "device_id",
            "epoch",
            "number",
            "series",
            "kind",
            "document_id",
            "issued_at_ms",
            "document_hash",
            "previous_hash",
            "hash",
            "signature",
        ],
        "device_id, epoch, number",
    ),
    table(
        "conflict",
        &["conflict_id", "op_id", "kind", "status", "rev", "document", "resolution"],
        "conflict_id",
    ),
    table("conflict_event", &["conflict_id", "ordinal", "at_ms", "event"], "conflict_id, ordinal"),
    table(
        "shortage",
        &["conflict_id", "line_id", "product_id", "sale_id", "missing_milli", "open_milli"],
        "shortage_no",
    ),
    table(
        "quarantine",
        &[
            "reason",
            "device_id",
            "epoch",
            "seq",
            "op_id",
            "content",
            "content_hash",
            "at_ms",
            "kind",
            "kind_version",
            "mode",
            "made_at_ms",
        ],
        "quarantine_no",
    ),
    table("audit", &["at_ms", "what", "device_id", "op_id", "detail"], "audit_no"),
    table("feed_clock", &["at_ms", "seq"], "at_ms"),
    table("awaited", &["op_id", "device_id", "since_ms"], "op_id"),
    table("backup", &["made_at_ms", "name", "feed_seq", "operations", "entries"], "backup_no"),
    table(
        "attachment",
        &["hash", "size_bytes", "held_bytes", "media_type", "state", "touched_at_ms", "unnamed_since_ms"],
        "hash",
    ),
    table("attachment_piece", &["hash", "offset_bytes", "bytes"], "hash, offset_bytes"),
];

const fn table(name: &'static str, columns: &'static [&'static str], order: &'static str) -> Table {
    Table { name, columns, order }
}

/// What a table holds: how many rows, and a digest that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Content {
    rows: u64,
    digest: u128,
}

impl Content {
    fn add(&mut self, row: &[Value<'static>]) {
        let mut hash = blake3::Hasher::new();
        for value in row {
            // Each value says its shape and length, so that no two rows look alike.
            match value {
                Value::Null => drop(hash.update(b"n")),
                Value::Bool(value) => drop(hash.update(if *value { b"t" } else { b"f" })),
                Value::Integer(value) => drop(hash.update(b"i").update(&value.to_be_bytes())),
                Value::Text(text) => update(&mut hash, b"s", text.as_bytes()),
                Value::Bytes(bytes) => update(&mut hash, b"b", bytes),
            }
        }
        let mut first = [0; 16];
        hash.finalize_xof().fill(&mut first);
        self.rows += 1;
        self.digest = self.digest.wrapping_add(u128::from_be_bytes(first));
    }
}

fn update(hash: &mut blake3::Hasher, shape: &[u8], bytes: &[u8]) {
    hash.update(shape).update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()).update(bytes);
}

/// Copies every table into a database that has none of the business's rows, and reads all of them back. How many rows.
pub(crate) fn copy_all(from: Tx<'_>, to: Tx<'_>) -> Sql<u64> {
    let mut copied = Vec::new();
    for table in &TABLES {
        copied.push((table, copy(from, to, table)?));
    }
    let mut rows = 0;
    for (table, here) in copied {
        compare(table, here, content(to, table)?)?;
        rows += here.rows;
    }
    Ok(rows)
}

/// Copies a table and gives what was read.
fn copy(from: Tx<'_>, to: Tx<'_>, table: &Table) -> Sql<Content> {
    let names: Vec<String> = table.columns.iter().map(|column| format!(":{column}")).collect();
    let sql =
        format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.columns.join(", "), names.join(", "));
    let mut content = Content::default();
    each(from, table, |row| {
        content.add(&row);
        let params: Vec<_> = names.iter().map(String::as_str).zip(row).collect();
        if content.rows % ROWS_IN_FLIGHT == 0 {
            to.execute(&sql, &params).map(drop)
        } else {
            to.write(&sql, &params)
        }
    })?;
    Ok(content)
}

/// What a table holds.
fn content(tx: Tx<'_>, table: &Table) -> Sql<Content> {
    let mut content = Content::default();
    each(tx, table, |row| {
        content.add(&row);
        Ok(())
    })?;
    Ok(content)
}

fn each(tx: Tx<'_>, table: &Table, mut visit: impl FnMut(Vec<Value<'static>>) -> Sql<()>) -> Sql<()> {
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.columns.join(", "), table.name, table.order);
    tx.each(&sql, &[], |row| {
        let value = |column: &&str| {
            Ok(match row.get::<Cell<'_>>(column)? {
                Cell::Null => Value::Null,
                // The one truth in the schema; SQLite keeps it as a number.
                Cell::Integer(value) if *column == "deleted" => Value::Bool(value != 0),
                Cell::Integer(value) => Value::Integer(value),
                Cell::Text(text) => Value::Text(text.to_owned().into()),
                Cell::Bytes(bytes) => Value::Bytes(bytes.to_owned().into()),
            })
        };
        visit(table.columns.iter().map(value).collect::<Sql<_>>()?)?;
        Ok(ControlFlow::Continue(()))
    })
}

/// A table came out otherwise than it went in.
#[derive(Debug, thiserror::Error)]
#[error("{table} holds {there} rows where {here} were copied, or other ones")]
struct Differs {
    table: &'static str,
    here: u64,
    there: u64,
}

/// Refuses a copy that is not the original.
fn compare(table: &Table, here: Content, there: Content) -> Sql<()> {
    if here == there {
        return Ok(());
    }
    Err(unreadable(Differs { table: table.name, here: here.rows, there: there.rows }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that each database gives by itself, in the order in which rows are written.
    const OWN_NUMBERS: [&str; 7] =
        ["only_row", "op_no", "shortage_no", "quarantine_no", "audit_no", "backup_no", "step_no"];

    #[test]
    fn no_table_and_no_column_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let location = crate::Location::embedded(folder.path());
        let founding = crate::storage::Founding::WhereNoneIs("Boutique");
        let store =
            crate::storage::Store::open(&location, pos_sqlite::OpenMode::ReadWrite, founding).unwrap();
        let listed = store.read(pos_sqlite::ReadLane::Quick, |tx| {
            let sql = "SELECT list.name AS owner, part.name AS part
                FROM pragma_table_list AS list, pragma_table_info(list.name) AS part
                WHERE list.type = 'table' AND list.schema = 'main' AND list.name NOT LIKE 'sqlite_%'
                    AND list.name <> 'schema_migration'";
            tx.list(sql, &[], |row| Ok((row.get::<String>("owner")?, row.get::<String>("part")?)))
        });
        let mut there: Vec<(String, String)> = listed.unwrap();
        there.retain(|(_, column)| !OWN_NUMBERS.contains(&column.as_str()));
        let columns =
            |table: &Table| table.columns.iter().map(|column| (table.name.to_owned(), (*column).to_owned()));
        let mut copied: Vec<_> = TABLES.iter().flat_map(columns).collect();
        there.sort();
        copied.sort();
        assert_eq!(copied, there, "what a migration adds has to move as well");
    }
}
