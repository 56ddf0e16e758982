//! The sync server of a business: library and the program `comptoir-server`.
//!
//! Owns: the business's own tables, the verdict on each operation, the feed, pairing, and the HTTP API over them.
//! [`Server`] is usable in process ([`DeviceSession`] speaks [`pos_protocol::SyncApi`] without a socket) and over HTTP
//! ([`http`]); both run the same handlers.
//!
//! A push goes this way: read, hashed and recomputed on its own thread ([`prepare`](mod@prepare)), queued for the
//! business's one writer ([`actor`]), run operation by operation, each so that it fails alone ([`guard`]), in a
//! transaction that it shares with whatever else arrived meanwhile ([`push`], [`apply`](mod@apply),
//! [`batch`](mod@batch)), answered after the commit.
//!
//! What must never be:
//! - a verdict that is answered before it is on the disk, or that changes for the same operation;
//! - a refused operation that leaves anything behind, or that takes its neighbours with it;
//! - `on_hand` below zero, or another value than the sum of the movements; `oversold` other than the open shortages;
//! - a register that sees seq n of the feed and misses a change below n;
//! - an operation that is dropped: what is not applied is refused with a reason, or kept aside.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

mod actor;
mod apply;
mod attachments;
mod backup;
mod batch;
mod business;
mod chain;
mod clock;
mod error;
mod forgotten;
mod guard;
pub mod http;
mod limits;
mod listening;
mod location;
mod metrics;
mod moving;
mod pairing;
mod prepare;
mod push;
mod put_back;
mod records;
mod remembered;
mod restore;
mod secret;
mod server;
mod session;
mod storage;
mod upkeep;
mod verify;

pub use attachments::Swept;
pub use backup::{Backup, back_up, list_backups};
pub use business::found;
pub use clock::Clock;
pub use error::ServerError;
pub use listening::Listening;
pub use location::Location;
pub use moving::{Moved, move_to_postgres};
pub use pairing::{CODE_LIFETIME_MS, Code, invite, revoke};
pub use records::{DocumentTotal, Fault, Joined, Records};
pub use restore::{Restored, restore};
pub use server::Server;
pub use session::DeviceSession;
pub use storage::StorageError;
pub use storage::postgres::PostgresError;
