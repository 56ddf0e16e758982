//! Which backups were made and how much they hold.

use super::{Sql, Tx, integer, natural};

/// How much a database holds: another value after whatever a backup would have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extent {
    pub(crate) feed_seq: u64,
    /// Operations that have a verdict.
    pub(crate) operations: u64,
    /// Number of the last entry of the audit trail.
    pub(crate) entries: u64,
}

/// A backup that was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BackupRow {
    pub(crate) made_at_ms: i64,
    pub(crate) name: String,
    pub(crate) extent: Extent,
}

/// How much this database holds. Cheap: each operation has its place in the life of a register.
pub(crate) fn extent(tx: Tx<'_>) -> Sql<Extent> {
    tx.get(
        "SELECT feed_seq,
            (SELECT CAST(coalesce(sum(watermark), 0) AS BIGINT) FROM device_life)
                + (SELECT count(*) FROM device_seen) AS operations,
            (SELECT coalesce(max(audit_no), 0) FROM audit) AS entries
         FROM business",
        &[],
        |row| {
            Ok(Extent {
                feed_seq: natural(row, "feed_seq")?,
                operations: natural(row, "operations")?,
                entries: natural(row, "entries")?,
            })
        },
    )
}

/// The newest backup.
pub(crate) fn find_newest(tx: Tx<'_>) -> Sql<Option<BackupRow>> {
    let sql =
        "SELECT made_at_ms, name, feed_seq, operations, entries FROM backup ORDER BY backup_no DESC LIMIT 1";
    tx.find(sql, &[], |row| {
        let extent = Extent {
            feed_seq: natural(row, "feed_seq")?,
            operations: natural(row, "operations")?,
            entries: natural(row, "entries")?,
        };
        Ok(BackupRow { made_at_ms: row.get("made_at_ms")?, name: row.get("name")?, extent })
    })
}

/// Notes a backup.
pub(crate) fn record(tx: Tx<'_>, backup: &BackupRow) -> Sql<()> {
    let Extent { feed_seq, operations, entries } = backup.extent;
    tx.write(
        "INSERT INTO backup (made_at_ms, name, feed_seq, operations, entries)
         VALUES (:made_at_ms, :name, :feed_seq, :operations, :entries)",
        &[
            (":made_at_ms", backup.made_at_ms.into()),
            (":name", backup.name.as_str().into()),
            (":feed_seq", integer(feed_seq)?.into()),
            (":operations", integer(operations)?.into()),
            (":entries", integer(entries)?.into()),
        ],
    )
}
