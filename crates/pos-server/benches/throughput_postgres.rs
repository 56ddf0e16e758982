//! The same on a PostgreSQL of its own on this machine, made for the run, with its disk synchronised.
//!
//! `cargo bench -p pos-server --bench throughput_postgres`

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench stops at what is wrong"
)]
#![expect(clippy::print_stdout, reason = "its figures are its product")]
#![allow(dead_code, reason = "the tests' harness and client hold more than a bench needs")]

#[path = "../tests/server/client.rs"]
mod client;
#[path = "../tests/postgres/cluster.rs"]
mod cluster;
#[path = "../tests/server/harness.rs"]
mod harness;
mod measure;
#[path = "../tests/postgres/store.rs"]
mod store;

/// An acknowledged sale is on the disk.
const DISK: pos_testkit::postgres::Disk = pos_testkit::postgres::Disk::Synchronised;

fn main() {
    measure::run();
}
