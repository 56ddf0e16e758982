//! Models of the two protocols on which money depends, small enough to visit every state that they can reach.
//!
//! [`latch`]: two registers sell the last unit through one server, over a network that loses, doubles, delays and
//! reorders, while anything may crash. [`lease`]: two processes drain one queue. [`peace`] asks what a search for bad
//! states cannot: can everything still come to rest from here?
//!
//! The rule of the server is the product's own function; the rest is written down once more, in the terms of the
//! protocol, so that a mistake is not copied. Each model can be broken on purpose, one rule at a time, and the tests
//! demand that each broken rule is found. docs/MODEL.md tells what is modelled and what is not.

pub mod latch;
pub mod lease;
pub mod peace;
