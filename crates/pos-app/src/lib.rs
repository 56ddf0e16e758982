//! Use cases of a register: what a cashier, a manager, an owner or a script does.
//!
//! Owns: the order of steps, who may do what, and the real clock, ids and keys. Must not know: SQL (pos-store), the
//! network (pos-sync), windows or command lines (their hosts).

pub mod cash;
pub mod clock;
mod code;
pub mod error;
pub mod ids;
pub mod import;
mod keys;
mod outcome;
pub mod quote;
pub mod replay;
pub mod view;

pub use code::ErrorCode;
pub use error::AppError;
pub use outcome::{Outcome, Permission, Topic};
