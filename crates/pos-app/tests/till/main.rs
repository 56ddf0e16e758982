//! The use cases of a till over a real file, a real server on a socket, and a network that fails when told to.

mod cart;
mod checkout;
mod joining;
mod shop;
