//! Tests of pos-sync against real sockets, real TLS and the real server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers fail loudly"
)]

mod attachments;
mod compare;
mod exchange;
mod put_back;
mod stopping;
mod town;
mod transport;
mod wire;
mod withdrawals;
