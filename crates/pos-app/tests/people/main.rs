//! Who sits at the till, what they may do, and whom they ask: over a real file, a stopwatch and a clock that tests move.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by failing there"
)]

mod approvals;
mod counter;
mod pins;
mod roster;
mod seat;
