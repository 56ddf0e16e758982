//! PINs of people on this register, and how often one was tried since it was last right.
//!
//! The count stands twice, in the file and in a note beside it, and the larger one holds: a file that was put back to an
//! older state forgets no try. Whoever checks a PIN counts the try first, so a program that is killed forgets none
//! either. Knows no hash function.

use std::collections::BTreeMap;
use std::path::Path;

use pos_domain::CashierId;
use rusqlite::named_params;

use crate::StoreError;
use crate::sql::{Columns, Conn, Tx, all, first, int};

/// Name of the note in the data folder.
pub const TRIES_FILE_NAME: &str = "tries.json";

/// The PIN of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// What it is checked against, a PHC string.
    pub phc: String,
    /// Tries since the last right one, as the file knows.
    pub failures: u32,
}

/// Tries since the last right one by person; who is not in it has none.
pub type Tries = BTreeMap<CashierId, u32>;

/// The PIN of a person, if they have one here.
///
/// # Errors
/// Those of reading.
pub fn find(conn: &Conn, id: CashierId) -> Result<Option<Pin>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT phc, failures FROM pin WHERE cashier_id = :id")?;
    first(statement.query(named_params! { ":id": id.as_bytes() })?, "pin", |c: &Columns<'_, '_>| {
        Ok(Pin { phc: c.get("phc")?, failures: c.count("failures")? })
    })
}

/// Everyone of today's people who has a PIN here.
///
/// # Errors
/// Those of reading.
pub fn list_holders(conn: &Conn) -> Result<Vec<CashierId>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT cashier_id FROM pin WHERE cashier_id IN (SELECT cashier_id FROM cashier WHERE deleted = 0)
         ORDER BY cashier_id",
    )?;
    all(statement.query([])?, "pin", |c| c.id("cashier_id"))
}

/// Gives a person a PIN in place of any other; nothing of it was tried yet.
///
/// # Errors
/// Those of writing.
pub fn put(tx: &Tx<'_>, id: CashierId, phc: &str, now_ms: i64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO pin (cashier_id, phc, set_at_ms, failures) VALUES (:id, :phc, :now, 0)
         ON CONFLICT (cashier_id) DO UPDATE SET phc = excluded.phc, set_at_ms = excluded.set_at_ms, failures = 0",
    )?
    .execute(named_params! { ":id": id.as_bytes(), ":phc": phc, ":now": now_ms })?;
    Ok(())
}

/// Takes a person's PIN away. `false` when there is none.
///
/// # Errors
/// Those of writing.
pub fn remove(tx: &Tx<'_>, id: CashierId) -> Result<bool, StoreError> {
    let removed = tx
        .prepare_cached("DELETE FROM pin WHERE cashier_id = :id")?
        .execute(named_params! { ":id": id.as_bytes() })?;
    Ok(removed > 0)
}

/// Writes how often a person's PIN was tried since it was last right.
///
/// # Errors
/// Those of writing.
pub fn set_failures(tx: &Tx<'_>, id: CashierId, failures: u32) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE pin SET failures = :failures WHERE cashier_id = :id")?
        .execute(named_params! { ":id": id.as_bytes(), ":failures": int("pin.failures", failures)? })?;
    Ok(())
}

/// The note beside the file. One that is not there, or that a crash of the disk left unreadable, knows of no try: the
/// file's own count holds then.
///
/// # Errors
/// Those of the file system.
pub fn read_tries(folder: &Path) -> Result<Tries, StoreError> {
    match std::fs::read(folder.join(TRIES_FILE_NAME)) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Tries::new()),
        Err(error) => Err(StoreError::file(error)),
    }
}

/// Writes the note beside the file; it is on the disk when this returns.
///
/// # Errors
/// Those of the file system.
pub fn write_tries(folder: &Path, tries: &Tries) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(tries).map_err(|e| StoreError::unwritable("tries", e))?;
    pos_sqlite::write_durably(&folder.join(TRIES_FILE_NAME), &bytes).map_err(StoreError::file)
}
