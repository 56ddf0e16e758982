//! Use cases of a register.

mod code;
pub mod view;

pub use code::ErrorCode;
