//! What a shop is promised when the power goes, the disk fills up or breaks: a register over a disk that does so on
//! order, at any call.
//!
//! The product is the one that ships; only the disk below SQLite is ours (`pos_testkit::crash`). Cuts and faults are
//! chosen by seeds that are printed; `COMPTOIR_SEED` takes another one, `COMPTOIR_POWER_CUTS` another number of cuts.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by failing there"
)]

mod broken;
mod cuts;
mod life;
mod online;
mod till;
