//! The schema's migrations: dense, only forwards, each in one transaction, known by the hash of its text, and never
//! applied by two servers that start together.

use pos_domain::Hash32;

use super::fault::PostgresError;
use super::session::Session;
use crate::storage::{StorageError, Tx};

/// Migrations in order; the first is number 1.
const MIGRATIONS: [&str; 8] = [
    include_str!("../../../../../migrations/server-postgres/0001_create_server.sql"),
    include_str!("../../../../../migrations/server-postgres/0002_seal_rows.sql"),
    include_str!("../../../../../migrations/server-postgres/0003_recover_server.sql"),
    include_str!("../../../../../migrations/server-postgres/0004_create_attachment.sql"),
    include_str!("../../../../../migrations/server-postgres/0005_widen_conflicts.sql"),
    include_str!("../../../../../migrations/server-postgres/0006_place_balances.sql"),
    include_str!("../../../../../migrations/server-postgres/0007_await_forgotten.sql"),
    include_str!("../../../../../migrations/server-postgres/0008_record_till.sql"),
];

/// Known to all servers of a database: whoever holds it changes the schema.
const LOCK: i64 = 0x434d_5053;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    version    BIGINT      NOT NULL PRIMARY KEY,
    checksum   BYTEA       NOT NULL CHECK (length(checksum) = 32), -- BLAKE3 of its text
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)";

/// Applies what is missing. Others wait meanwhile and then find nothing to do.
pub(super) fn bring_up_to_date(session: &Session) -> Result<(), PostgresError> {
    session.run_text(&format!("SELECT pg_advisory_lock({LOCK})"))?;
    let applied = apply_missing(session);
    // A broken line gives the lock back by itself.
    let unlocked = session.run_text(&format!("SELECT pg_advisory_unlock({LOCK})"));
    applied.and(unlocked.map_err(PostgresError::from))
}

/// Refuses any schema but this program's.
pub(super) fn check(session: &Session) -> Result<(), PostgresError> {
    let found = if has_table(session)? { read_version(session)? } else { 0 };
    let known = known_version();
    if found == 0 {
        return Err(PostgresError::NoBusiness);
    }
    if found == known { Ok(()) } else { Err(PostgresError::OtherSchema { found, known }) }
}

fn apply_missing(session: &Session) -> Result<(), PostgresError> {
    if !has_table(session)? {
        let made = session.run_text(TABLE);
        made.map_err(|cause| PostgresError::Migration { version: 1, source: Box::new(cause) })?;
    }
    let found = read_version(session)?;
    if found > known_version() {
        return Err(PostgresError::OtherSchema { found, known: known_version() });
    }
    let missing = usize::try_from(found).unwrap_or(usize::MAX);
    for (version, text) in (1_u32..).zip(MIGRATIONS).skip(missing) {
        tracing::info!(version, "the database's schema is brought up to date");
        let checksum = Hash32::of(text.as_bytes());
        let applied = session.transact("BEGIN", |tx| -> Result<(), StorageError> {
            session.run_text(text)?;
            let row = [(":version", version.into()), (":checksum", (&checksum.0).into())];
            tx.write("INSERT INTO schema_migration (version, checksum) VALUES (:version, :checksum)", &row)
        });
        applied.map_err(|stop| PostgresError::Migration { version, source: Box::new(stop) })?;
    }
    Ok(())
}

/// The newest migration that was applied; all of them must be those of this program.
fn read_version(session: &Session) -> Result<u32, PostgresError> {
    let sql = "SELECT version, checksum FROM schema_migration ORDER BY version";
    let applied = Tx::Postgres(session)
        .list(sql, &[], |row| Ok((row.get::<u32>("version")?, row.get::<[u8; 32]>("checksum")?)))?;
    for ((version, checksum), (expected, text)) in applied.iter().zip((1_u32..).zip(MIGRATIONS)) {
        if *version != expected || Hash32(*checksum) != Hash32::of(text.as_bytes()) {
            return Err(PostgresError::ChangedMigration { version: *version });
        }
    }
    Ok(applied.last().map_or(0, |(version, _)| *version))
}

fn has_table(session: &Session) -> Result<bool, PostgresError> {
    let sql = "SELECT to_regclass('schema_migration') IS NOT NULL AS found";
    Ok(Tx::Postgres(session).get(sql, &[], |row| row.get("found"))?)
}

fn known_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}
