//! How this house opens, writes, reads, upgrades and saves a SQLite file.
//!
//! Owns connections and their threads, pragmas, the migration runner, snapshots, verification, quarantine, the lock on
//! the data folder, and the files beside the database that must survive it (a log of records, a note of two slots). It knows no table but its own `schema_migration`: tables and their SQL belong to
//! the register's store and to the server, which both stand on this crate so that durability is decided once.
//!
//! What must never be:
//! - a write that is acknowledged before it is on the disk (`synchronous=FULL`, read back from each connection);
//! - a report that makes a scan wait (readers have their own connections and threads);
//! - a transaction that is held across an await or a network call (jobs are plain closures);
//! - an error of COMMIT answered as "not written" ([`WriteError::CommitUnknown`] stops the writer instead);
//! - a file that is deleted, recreated or upgraded without a verified snapshot.
//!
//! ```
//! use pos_sqlite::{Database, Migration, OpenMode, OpenOptions, Priority, ReadLane, rusqlite};
//!
//! static MIGRATIONS: &[Migration] =
//!     &[Migration { version: 1, name: "create_note", sql: "CREATE TABLE note (body TEXT NOT NULL) STRICT;" }];
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("shop.db");
//! let db = Database::open(OpenOptions {
//!     path,
//!     application_id: 0x504f_5301,
//!     migrations: MIGRATIONS,
//!     snapshot_dir: None,
//!     readers: 2,
//!     wal_pages: 1_000,
//!     mode: OpenMode::ReadWrite,
//! })?;
//! db.write(Priority::Till, |tx| tx.execute("INSERT INTO note (body) VALUES (?1)", ["bread"]))?;
//! let notes: i64 = db.read(ReadLane::Quick, |c| c.query_row("SELECT count(*) FROM note", [], |r| r.get(0)))?;
//! assert_eq!(notes, 1);
//! db.close()?;
//! # Ok(())
//! # }
//! ```

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

mod beside;
mod carrier;
mod connection;
mod database;
mod disk;
mod durable;
mod folder_lock;
mod migration;
mod open;
mod quarantine;
mod queue;
mod reader;
mod record_log;
mod shelf;
mod slots;
mod snapshot;
mod verify;
mod writer;

pub use rusqlite;

pub use beside::{Beside, BesideDied};
pub use database::{CloseError, Database};
pub use disk::{ReserveFile, free_bytes};
pub use durable::{copy_durably, remove_durably, rename_durably, sync_parent, write_durably};
pub use folder_lock::{FolderLock, LockError};
pub use migration::{Migration, MigrationError, MigrationListError, migrations_from};
pub use open::{OpenError, OpenMode, OpenOptions, Opened};
pub use quarantine::quarantine;
pub use reader::{ReadError, ReadLane};
pub use record_log::{RecordLog, Segment, read_segment, segment_numbers};
pub use shelf::{Shelf, ShelvedCopy, modified_at_ms};
pub use slots::{Slots, read_slots, write_slot};
pub use snapshot::{SnapshotError, snapshot};
pub use verify::{Check, Finding, VerifyDepth, verify_file};
pub use writer::{Priority, TransactionLost, WriteError, savepoint};
