//! The use cases of a till over a real file, a real server on a socket, and a network that fails when told to.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing there"
)]

mod accounts;
mod after;
mod cart;
mod checkout;
mod display;
mod disputes;
mod holding;
mod hostile;
mod joining;
mod lateness;
mod office;
mod pictures;
mod printing;
mod recovery;
mod serials;
mod shifts;
mod shop;
mod shortage;
mod sizes;
mod trade_in;
mod undoing;
