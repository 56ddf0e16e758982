//! Rows of which nothing else tells what they were: each under its seal.

use super::{Faults, each_row};
use crate::storage::{Row, Sql, Tx, id, natural, seal};

/// Every sealed row as it was written.
pub(super) fn check(tx: Tx<'_>, faults: &mut Faults) -> Sql<()> {
    check_table(tx, faults, "operation", seal::OPERATION, |row| {
        Ok(format!("operation {}", id(row, "op_id")?))
    })?;
    check_table(tx, faults, "stock_movement", seal::MOVEMENT, |row| {
        Ok(format!("stock_movement {} of operation {}", natural(row, "ordinal")?, id(row, "op_id")?))
    })?;
    check_table(tx, faults, "stock_level", seal::LEVEL, |row| {
        Ok(format!("stock_level of product {}", id(row, "product_id")?))
    })?;
    check_table(tx, faults, "account_posting", seal::POSTING, |row| {
        Ok(format!("account_posting {} of operation {}", natural(row, "ordinal")?, id(row, "op_id")?))
    })?;
    check_table(tx, faults, "serial_step", seal::STEP, |row| {
        Ok(format!("serial_step of event {}: {}", id(row, "event_id")?, row.get::<&str>("serial")?))
    })?;
    check_table(tx, faults, "feed", seal::FEED, |row| {
        let (entity, entity_id) = (row.get::<&str>("entity")?, id(row, "entity_id")?);
        Ok(format!("feed {}: {entity} {entity_id}", natural(row, "seq")?))
    })
}

fn check_table(
    tx: Tx<'_>,
    faults: &mut Faults,
    table: &'static str,
    columns: &[&str],
    name: impl Fn(Row<'_>) -> Sql<String>,
) -> Sql<()> {
    let sql = format!("SELECT {}, seal FROM {table}", columns.join(", "));
    each_row(tx, &sql, faults, table, |row, faults| {
        let Some(written) = row.get::<Option<seal::Seal>>("seal")? else { return Ok(()) };
        if written != seal::of_row(columns, row)? {
            faults.add("seal", format!("{}: it was changed after it was written", name(row)?));
        }
        Ok(())
    })
}
