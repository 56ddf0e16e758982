//! The register's tables and every SQL statement on them, one module per aggregate.
//!
//! Each module is a set of free functions over [`Tx`] (a write transaction) or [`Conn`] (a read snapshot; a `&Tx` is
//! accepted as well), so that a use case composes one transaction out of several modules and commits them together:
//!
//! ```no_run
//! use pos_store::{OpenMode, Priority, Store, StoreError, products};
//! # fn main() -> Result<(), StoreError> {
//! let store = Store::open(std::path::Path::new("data"), OpenMode::ReadWrite)?;
//! let product = store.read(|conn| products::find_by_code(conn, "4006381333931"))?;
//! store.write(Priority::Till, move |tx| match product {
//!     Some(product) => products::put(tx, &product),
//!     None => Ok(()),
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! It takes no business decision, reads no clock, makes no id, and knows no wire type.
//!
//! What must never be, each guarded by a trigger or a test:
//! - a final document, a movement, a link of the chain or an audit entry that changes or disappears;
//! - a number given twice, left out, or used by a rolled-back sale;
//! - a pulled row that overwrites stock sold here or an edit made here;
//! - a cursor that is ahead of its rows;
//! - an operation that is lost, changed after it left, or claimed twice at once.

pub mod attachment_files;
pub mod attachments;
#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

pub mod accounts;
pub mod approvals;
pub mod audit;
pub mod backups;
pub mod carts;
pub mod cashiers;
pub mod categories;
pub mod chain;
pub mod conflicts;
pub mod counts;
pub mod customers;
pub mod device;
pub mod exchange;
pub mod feed;
pub mod first_sync;
pub mod forks;
pub mod health;
pub mod held_carts;
pub mod jobs;
pub mod journal;
pub mod lease;
pub mod life;
pub mod local;
pub mod mappings;
pub mod mark;
pub mod pins;
pub mod print_jobs;
pub mod products;
pub mod queue;
pub mod reading;
pub mod restore;
pub mod sales;
pub mod serials;
pub mod settings;
pub mod stock;
pub mod till;
pub mod verify;
pub mod versions;

mod error;
mod shared;
mod sql;
mod store;
mod text;
mod topic;

pub use error::StoreError;
pub use pos_sqlite::{OpenMode, Opened, Priority, ReserveFile, free_bytes};
pub use shared::Shared;
pub use sql::{Conn, Tx};
pub use store::{FILE_NAME, MIGRATIONS, Store};
pub use topic::{Changed, Topic};
