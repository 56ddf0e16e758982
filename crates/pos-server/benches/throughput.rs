//! How many full sales per second the server validates and commits durably. Prints; asserts nothing about time.
//!
//! `cargo bench -p pos-server --bench throughput`

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
#[path = "../tests/server/harness.rs"]
mod harness;
mod measure;
#[path = "../tests/server/store.rs"]
mod store;

fn main() {
    measure::run();
}
