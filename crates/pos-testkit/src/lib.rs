//! What tests of the real programs need: a server and registers as processes, and a network that misbehaves on order.
//!
//! Owns: how the built programs are found, started, heard and killed; a proxy that loses, doubles, holds and cuts; a
//! disk under SQLite that loses its power, fills up and breaks; a PostgreSQL to throw away; chance that can be repeated.
//! It must not know what a test proves, and links nothing of the product: whatever is tested is tested from outside.
//! Nothing that ships may use it.
#![cfg(unix)]

pub mod chance;
pub mod counter;
pub mod crash;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod register;
pub mod server;

mod http;
mod seal;
